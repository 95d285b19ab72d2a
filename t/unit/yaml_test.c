/*
 * The nodes of a YAML document and their places, also in texts larger than
 * libyaml's buffer; and what of YAML is refused.
 */

#include "domains/yaml.h"
#include "tap.h"


#define LARGE  (3 * 1024 * 1024)


static char             large[LARGE];
static mta_sts_file_t   file;
static mta_sts_yaml_t  *yaml;


static void
begin(mta_sts_str_t text)
{
    if (yaml) {
        mta_sts_yaml_close(yaml);
    }

    test_begin(0);

    file.name = TEST_FILE;
    file.text = text;

    yaml = mta_sts_yaml_open(&file);
    if (yaml == NULL) {
        abort();
    }
}


/* Shows all nodes with their places, up to an error or the end. */

static mta_sts_str_t
nodes(void)
{
    size_t           n;
    mta_sts_yaml_e   node;
    mta_sts_value_t  value;

    static char  shown[1024];

    static const char  *kinds[] = { "eof", "text", "list", "map", "end" };

    n = 0;

    do {
        node = mta_sts_yaml_next(yaml, &value, &test.err);

        if (node == MTA_STS_YAML_ERROR) {
            return mta_sts_str("error");
        }

        n += (size_t) snprintf(shown + n, sizeof(shown) - n, "%s%s %u:%u",
                               n ? ", " : "", kinds[node], value.place.line,
                               value.place.column);

        if (node == MTA_STS_YAML_TEXT) {
            n += (size_t) snprintf(shown + n, sizeof(shown) - n, " <%.*s>",
                                   (int) value.text.len, value.text.data);
        }

    } while (node != MTA_STS_YAML_EOF && n < sizeof(shown) - 100);

    return mta_sts_str_from(shown);
}


/* Each document with its nodes; libyaml ends the last line if need be. */

static const struct {
    const char  *text;
    const char  *nodes;
} documents[] = {
    { "", "eof 1:1" },
    { "# no more\n", "eof 2:1" },
    { "a", "text 1:1 <a>, eof 2:1" },
    { "---\na\n...\n", "text 2:1 <a>, eof 4:1" },
    { "a\n...\n# the end\n", "text 1:1 <a>, eof 4:1" },
    { "%YAML 1.1\n---\na\n", "text 3:1 <a>, eof 4:1" },
    { "a: b\n",
      "map 1:1, text 1:1 <a>, text 1:4 <b>, end 2:1, eof 2:1" },
    { "a:\n  - b\n  - 'c d'\n",
      "map 1:1, text 1:1 <a>, list 2:3, text 2:5 <b>, text 3:5 <c d>, "
      "end 4:1, end 4:1, eof 4:1" },
    { "{\"a\": [b, {}]}",
      "map 1:1, text 1:2 <a>, list 1:7, text 1:8 <b>, map 1:11, end 1:12, "
      "end 1:13, end 1:14, eof 2:1" },
    { "[1, true, null, ~, 0x1F, 1.5, 2026-01-01, no]",
      "list 1:1, text 1:2 <1>, text 1:5 <true>, text 1:11 <null>, "
      "text 1:17 <~>, text 1:20 <0x1F>, text 1:26 <1.5>, "
      "text 1:31 <2026-01-01>, text 1:43 <no>, end 1:45, eof 2:1" },
    { "\xc3\xbc: [\xe2\x82\xac, b]",
      "map 1:1, text 1:1 <\xc3\xbc>, list 1:4, text 1:5 <\xe2\x82\xac>, "
      "text 1:8 <b>, end 1:9, end 2:1, eof 2:1" },
    { "a: |\n  b\n  c\n",
      "map 1:1, text 1:1 <a>, text 1:4 <b\nc\n>, end 4:1, eof 4:1" },
    { "a: \"b\\x41\\u00fc\"\r\nc:\r\n",
      "map 1:1, text 1:1 <a>, text 1:4 <bA\xc3\xbc>, text 2:1 <c>, "
      "text 2:3 <>, end 3:1, eof 3:1" },
    { "\xef\xbb\xbf" "a: b\nc: d\n",
      "map 1:1, text 1:1 <a>, text 1:4 <b>, text 2:1 <c>, text 2:4 <d>, "
      "end 3:1, eof 3:1" },
    { "\xef\xbb\xbf", "eof 1:1" }
};


static void
test_nodes(void)
{
    size_t           i;
    mta_sts_value_t  value;

    for (i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
        begin(mta_sts_str_from(documents[i].text));
        is_str(nodes(), mta_sts_str_from(documents[i].nodes), "%s",
               documents[i].text);
    }

    begin(mta_sts_str("a"));
    (void) mta_sts_yaml_next(yaml, &value, &test.err);
    is_str(value.place.file, TEST_FILE, "a place has its file");
}


/* Each document that is refused: where, and why. */

static const struct {
    mta_sts_str_t  text;
    unsigned       line;
    unsigned       column;
    const char    *error;
} refused[] = {
    { mta_sts_str("\xff\xfe" "a\0:\0 \0b\0"), 1, 1,
      "invalid YAML, invalid leading UTF-8 octet" },
    { mta_sts_str("\xfe\xff\0a\0:\0 \0b"), 1, 1,
      "invalid YAML, invalid leading UTF-8 octet" },
    { mta_sts_str("\xef\xbb\xbf" "a: \xc3("), 1, 5,
      "invalid YAML, invalid trailing UTF-8 octet" },
    { mta_sts_str("\xef\xbb\xbf" "a: b\nc: \xc3("), 2, 5,
      "invalid YAML, invalid trailing UTF-8 octet" },
    { mta_sts_str("a: b\nc: \xc3("), 2, 5,
      "invalid YAML, invalid trailing UTF-8 octet" },
    { mta_sts_str("a: \0b"), 1, 4,
      "invalid YAML, control characters are not allowed" },
    { mta_sts_str("a: \"\\0\""), 1, 4, "a text must not have a NUL" },
    { mta_sts_str("a: &b c"), 1, 4, "anchor \"&b\" is not supported" },
    { mta_sts_str("a: &b [c]"), 1, 4, "anchor \"&b\" is not supported" },
    { mta_sts_str("a: !b c"), 1, 4,
      "tag \"!b\" is not supported, every value is a text" },
    { mta_sts_str("a: !!map {}"), 1, 4,
      "tag \"tag:yaml.org,2002:map\" is not supported, every value is a "
      "text" },
    { mta_sts_str("a: *b"), 1, 4,
      "\"*\" begins an alias in YAML, which is not supported; write a pattern "
      "in quotes: \"*.example.com\"" },
    { mta_sts_str("a: *.b"), 1, 4,
      "\"*\" begins an alias in YAML, which is not supported; write a pattern "
      "in quotes: \"*.example.com\"" },
    { mta_sts_str("a: b\n---\nc: d\n"), 2, 1,
      "a second document is not supported" },
    { mta_sts_str("a: b\n...\nc: d\n"), 3, 1,
      "a second document is not supported" },
    { mta_sts_str("a: b\n...\n---\n"), 3, 1,
      "a second document is not supported" },
    { mta_sts_str("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
                  "{"), 1, 33, "nested more than 32 deep" }
};


static void
test_refused(void)
{
    size_t  i;

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        begin(refused[i].text);

        is_str(nodes(), mta_sts_str("error"), "refused: %s",
               refused[i].text.data);
        is_err(&test.err, refused[i].line, refused[i].column,
               refused[i].error);
    }

    begin(mta_sts_str("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
                      "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"));

    is_int(mta_sts_yaml_skip(yaml, &test.err), MTA_STS_OK, "32 deep");
    is_str(nodes(), mta_sts_str("eof 2:1"), "are skipped");
}


/* Reads a list of n numbers, one per line; returns how many are wrong. */

static size_t
numbers(unsigned n)
{
    char             text[32];
    size_t           bad;
    unsigned         i;
    mta_sts_value_t  value;

    bad = mta_sts_yaml_next(yaml, &value, &test.err) != MTA_STS_YAML_LIST;

    for (i = 1; i <= n; i++) {
        (void) snprintf(text, sizeof(text), "%u", i);

        if (mta_sts_yaml_next(yaml, &value, &test.err) != MTA_STS_YAML_TEXT) {
            return n;
        }

        bad += !mta_sts_str_eq(value.text, mta_sts_str_from(text))
               || value.place.line != i || value.place.column != 3;
    }

    return bad;
}


static size_t
fill_numbers(unsigned n)
{
    size_t    len;
    unsigned  i;

    for (i = 1, len = 0; i <= n; i++) {
        len += (size_t) sprintf(large + len, "- %u\n", i);
    }

    return len;
}


static void
test_large(void)
{
    size_t           len;
    mta_sts_str_t    text;
    mta_sts_value_t  value;

    text.data = large;
    text.len = len = fill_numbers(20000);

    begin(text);
    is_int((long long) numbers(20000), 0, "a text of %zu bytes", len);
    ok(mta_sts_yaml_next(yaml, &value, &test.err) == MTA_STS_YAML_END,
       "its end");

    /* an error in a large text */

    text.len = len + (size_t) sprintf(large + len, "- ab\xff\n");

    begin(text);
    is_int(mta_sts_yaml_skip(yaml, &test.err), MTA_STS_ERROR,
           "invalid UTF-8 at %zu", len);
    is_err(&test.err, 20001, 5, "invalid YAML, invalid leading UTF-8 octet");
}


/* A quote that is not closed until much later. */

static void
test_text(void)
{
    mta_sts_str_t    text;
    mta_sts_value_t  value;

    memset(large, 'x', LARGE);
    memcpy(large, "a: 'b'\nc: '", 11);
    large[LARGE - 1] = '\'';

    text.data = large;
    text.len = LARGE;

    begin(text);
    is_str(nodes(), mta_sts_str("error"), "refused: a text of 3 MB");
    is_err(&test.err, 2, 4, "a text of more than 1048576 bytes, is a quote "
           "missing?");

    large[0] = '\'';
    large[1000 * 1000] = '\'';
    text.len = 1000 * 1000 + 1;
    memset(large + 1, 'x', 10);

    begin(text);
    ok(mta_sts_yaml_next(yaml, &value, &test.err) == MTA_STS_YAML_TEXT
       && value.text.len == 1000 * 1000 - 1, "a text of 1 MB is read");
}


static void
test_skip(void)
{
    int              i;
    mta_sts_value_t  key;

    begin(mta_sts_str("a: b\nc: [d, {e: f}]\ng: {h: [], i: {j: k}}\n"
                      "l: {}\nm:\nn: o\n"));

    is_int(mta_sts_yaml_map(yaml, mta_sts_str("x"), "y", &test.err),
           MTA_STS_OK, "a map");

    for (i = 0; i < 6; i++) {
        ok(mta_sts_yaml_key(yaml, &key, &test.err) == MTA_STS_YAML_TEXT
           && key.text.len == 1 && key.text.data[0] == "acglmn"[i]
           && key.place.line == (unsigned) i + 1 && key.place.column == 1,
           "key %d", i + 1);
        is_int(mta_sts_yaml_skip(yaml, &test.err), MTA_STS_OK,
               "its value is skipped");
    }

    is_int(mta_sts_yaml_key(yaml, &key, &test.err), MTA_STS_YAML_END,
           "no more keys");

    begin(mta_sts_str("? [a]\n: b\n"));
    (void) mta_sts_yaml_next(yaml, &key, &test.err);
    is_int(mta_sts_yaml_key(yaml, &key, &test.err), MTA_STS_YAML_ERROR,
           "refused: a list as a key");
    is_err(&test.err, 1, 3, "a key must be a text");

    begin(mta_sts_str("[a]\n"));
    is_int(mta_sts_yaml_map(yaml, mta_sts_str("x"), "y", &test.err),
           MTA_STS_ERROR, "refused: a list");
    is_err(&test.err, 1, 1, "\"x\" must be y");

    begin(mta_sts_str("[a, [b, \"c]"));
    is_int(mta_sts_yaml_skip(yaml, &test.err), MTA_STS_ERROR,
           "refused: a list that does not end");
}


static int
values(mta_sts_str_t text, mta_sts_values_t *list)
{
    begin(text);

    return mta_sts_yaml_values(yaml, mta_sts_str("mx"), &test.env, list,
                               &test.err);
}


static void
test_values(void)
{
    char              text[32];
    size_t            i, bad;
    mta_sts_str_t     str;
    mta_sts_values_t  list;

    is_int(values(mta_sts_str("a"), &list), MTA_STS_OK, "a text");
    is_int((long long) list.n, 1, "is one value");
    is_str(list.elts[0].text, mta_sts_str("a"), "the text");

    is_int(values(mta_sts_str("[a, 'b c']"), &list), MTA_STS_OK, "a list");
    is_int((long long) list.n, 2, "of two");
    is_str(list.elts[0].text, mta_sts_str("a"), "the first");
    is_str(list.elts[1].text, mta_sts_str("b c"), "the second");
    is_int(list.elts[1].place.column, 5, "its column");

    is_int(values(mta_sts_str("\n[]"), &list), MTA_STS_ERROR, "refused: []");
    is_err(&test.err, 2, 2, "\"mx\" must not be empty");
    is_int(values(mta_sts_str("[a, [b]]"), &list), MTA_STS_ERROR,
           "refused: a list in a list");
    is_err(&test.err, 1, 5, "\"mx\" must be a text or a list of texts");
    is_int(values(mta_sts_str("{a: b}"), &list), MTA_STS_ERROR,
           "refused: a map");
    is_err(&test.err, 1, 1, "\"mx\" must be a text or a list of texts");
    is_int(values(mta_sts_str("[a, *b]"), &list), MTA_STS_ERROR,
           "refused: an alias");
    ok(strncmp(test.err.text, "\"*\" begins an alias", 19) == 0,
       "for what it is");

    str.data = large;
    str.len = fill_numbers(MTA_STS_YAML_LIST_MAX);

    is_int(values(str, &list), MTA_STS_OK, "4096 values");
    is_int((long long) list.n, MTA_STS_YAML_LIST_MAX, "are kept");

    for (i = 0, bad = 0; i < list.n; i++) {
        (void) snprintf(text, sizeof(text), "%zu", i + 1);

        bad += !mta_sts_str_eq(list.elts[i].text, mta_sts_str_from(text))
               || list.elts[i].place.line != i + 1;
    }

    is_int((long long) bad, 0, "each of them");

    str.len = fill_numbers(MTA_STS_YAML_LIST_MAX + 1);

    is_int(values(str, &list), MTA_STS_ERROR, "refused: 4097 values");
    is_err(&test.err, 4097, 3, "a list of more than 4096 values");
}


int
main(void)
{
    test_nodes();
    test_refused();
    test_large();
    test_text();
    test_skip();
    test_values();

    mta_sts_yaml_close(yaml);

    return done();
}
