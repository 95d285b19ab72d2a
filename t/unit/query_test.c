/*
 * The query of a form is whatever a stranger sends: a byte that is let through
 * where it must not be ends up in a page, a log or a terminal, and a byte that
 * is lost is a policy that nobody typed.
 */

#include "generator/form.h"
#include "tap.h"


#define HEX      "\"%\" must be followed by two hex digits"
#define UTF8     "not UTF-8"
#define CONTROL  "has a control character"


static char  shown[8192];


/*
 * Reads query to its end and shows its fields, "(name=value)" each; a line end
 * that was decoded is "|".
 */

static int
show(mta_sts_str_t query, mta_sts_str_t *str)
{
    int             found;
    size_t          i;
    mta_sts_str_t   name, value;
    mta_sts_buf_t  text = { &test.env, NULL, 0, 0, 0 };

    for ( ;; ) {
        if (mta_sts_query_next(&query, &test.env, &name, &value, &found,
                               &test.err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }

        if (!found) {
            break;
        }

        mta_sts_buf_add_char(&text, '(');
        mta_sts_buf_add(&text, name);
        mta_sts_buf_add_char(&text, '=');
        mta_sts_buf_add(&text, value);
        mta_sts_buf_add_char(&text, ')');
    }

    if (text.failed || text.len > sizeof(shown)) {
        return mta_sts_error_memory(&test.err);
    }

    for (i = 0; i < text.len; i++) {
        shown[i] = text.data[i] == '\n' ? '|' : text.data[i];
    }

    str->data = shown;
    str->len = text.len;

    return MTA_STS_OK;
}


/* Each query, and its fields. */

static const struct {
    const char  *query;
    const char  *fields;
} reads[] = {
    { "", "" },
    { "a=1", "(a=1)" },
    { "a=1&b=2", "(a=1)(b=2)" },
    { "a=1&a=2", "(a=1)(a=2)" },

    /* without "=", with more, empty */

    { "a", "(a=)" },
    { "a=", "(a=)" },
    { "a&b", "(a=)(b=)" },
    { "a=b=c", "(a=b=c)" },
    { "a==", "(a==)" },
    { "a===&b", "(a===)(b=)" },
    { "=", "(=)" },
    { "=1", "(=1)" },
    { "==", "(==)" },
    { "&", "" },
    { "&&&", "" },
    { "&a=1", "(a=1)" },
    { "a=1&", "(a=1)" },
    { "a=1&&b=2", "(a=1)(b=2)" },
    { "&&a=1&&&b=2&&", "(a=1)(b=2)" },
    { "a=1&=&b=2", "(a=1)(=)(b=2)" },

    /* what is encoded separates nothing */

    { "a%3D1=2", "(a=1=2)" },
    { "a%261=2%26b%3d3", "(a&1=2&b=3)" },
    { "a=1;b=2", "(a=1;b=2)" },
    { "a=1#b", "(a=1#b)" },
    { "a?b=1?c", "(a?b=1?c)" },

    /* "+" and "%" */

    { "a+b=c+d++e+", "(a b=c d  e )" },
    { "+=+", "( = )" },
    { "a=%2b%2B", "(a=++)" },
    { "a=%20", "(a= )" },
    { "%61%41=%4a%4A%7e", "(aA=JJ~)" },
    { "a=%2541", "(a=%41)" },
    { "a=%25%34%31", "(a=%41)" },
    { "a=%3c%3E%22%27", "(a=<>\"')" },

    /* line ends of any kind */

    { "a=1%0D%0A2", "(a=1|2)" },
    { "a=1%0d2", "(a=1|2)" },
    { "a=1%0a2", "(a=1|2)" },
    { "a=%0D%0A%0D%0A", "(a=||)" },
    { "a=%0D%0D%0A", "(a=||)" },
    { "a=%0A%0D", "(a=||)" },
    { "a=%0D%0D", "(a=||)" },
    { "a=%0A%0A", "(a=||)" },
    { "a=%0D%0A%0A", "(a=||)" },
    { "a=%0D", "(a=|)" },
    { "%0D%0A=%0A", "(|=|)" },
    { "%0D=%0A", "(|=|)" },
    { "a=%0D&b=%0A", "(a=|)(b=|)" },
    { "a=\r\n\r\n", "(a=||)" },

    { "a=%09b", "(a=\tb)" },
    { "a=\tb", "(a=\tb)" },

    /* the ends of each length of UTF-8 */

    { "a=%7E", "(a=~)" },
    { "a=%C2%A0", "(a=\xc2\xa0)" },
    { "a=%DF%BF", "(a=\xdf\xbf)" },
    { "a=%E0%A0%80", "(a=\xe0\xa0\x80)" },
    { "a=%ED%9F%BF", "(a=\xed\x9f\xbf)" },
    { "a=%EE%80%80", "(a=\xee\x80\x80)" },
    { "a=%EF%BF%BF", "(a=\xef\xbf\xbf)" },
    { "a=%F0%90%80%80", "(a=\xf0\x90\x80\x80)" },
    { "a=%F4%8F%BF%BF", "(a=\xf4\x8f\xbf\xbf)" },
    { "%C3%BC=%c3%bc", "(\xc3\xbc=\xc3\xbc)" },
    { "a=b\xc3\xbc" "cher", "(a=b\xc3\xbc" "cher)" },
    { "a=\xc3%bc", "(a=\xc3\xbc)" }
};


/* Each value that is refused, and why. */

static const struct {
    const char  *value;
    const char  *fault;
} refused[] = {
    { "%", HEX }, { "%4", HEX }, { "%%", HEX }, { "%%41", HEX },
    { "%4g", HEX }, { "%g4", HEX }, { "%/0", HEX }, { "%:0", HEX },
    { "%@0", HEX }, { "%G0", HEX }, { "%`0", HEX }, { "%0/", HEX },
    { "%0:", HEX }, { "%0@", HEX }, { "%0G", HEX }, { "%0`", HEX },
    { "%0x", HEX }, { "%u0041", HEX }, { "%+1", HEX }, { "%-1", HEX },
    { "% 1", HEX }, { "%1 ", HEX }, { "%\xc3\xbc", HEX }, { "%10%", HEX },
    { "a%", HEX }, { "a%4", HEX }, { "%\x10" "0", HEX }, { "%0\x11", HEX },

    { "%00", CONTROL }, { "a%00b", CONTROL }, { "%7F", CONTROL },
    { "%1b[31m", CONTROL }, { "%c2%80", CONTROL }, { "%c2%85", CONTROL },
    { "%C2%9B", CONTROL }, { "%c2%9f", CONTROL }, { "\x1b", CONTROL },
    { "\x7f", CONTROL }, { "%C2\x9b", CONTROL },

    /* a byte that begins nothing */

    { "%80", UTF8 }, { "%BF", UTF8 }, { "%9B", UTF8 }, { "%FE", UTF8 },
    { "%FF", UTF8 }, { "\xff", UTF8 }, { "%C3%BC%BC", UTF8 },

    /* not the shortest form */

    { "%C0%80", UTF8 }, { "%C0%AF", UTF8 }, { "%C1%BF", UTF8 },
    { "%C0%BC", UTF8 }, { "%E0%80%80", UTF8 }, { "%E0%80%BC", UTF8 },
    { "%E0%9F%BF", UTF8 }, { "%F0%80%80%80", UTF8 },
    { "%F0%8F%BF%BF", UTF8 },

    /* surrogates, and what is behind the last character */

    { "%ED%A0%80", UTF8 }, { "%ED%AF%BF", UTF8 }, { "%ED%B0%80", UTF8 },
    { "%ED%BF%BF", UTF8 }, { "%ED%A0%BD%ED%B8%80", UTF8 },
    { "%F4%90%80%80", UTF8 }, { "%F4%BF%BF%BF", UTF8 },
    { "%F5%80%80%80", UTF8 }, { "%F7%BF%BF%BF", UTF8 },
    { "%F8%88%80%80%80", UTF8 }, { "%FC%84%80%80%80%80", UTF8 },

    /* cut off, at the end or by something else */

    { "%C2", UTF8 }, { "%DF", UTF8 }, { "%E2%82", UTF8 }, { "%E2", UTF8 },
    { "%F0%9F%98", UTF8 }, { "%F0%9F", UTF8 }, { "%F0", UTF8 },
    { "%C3a", UTF8 }, { "%C3%C3", UTF8 }, { "%E2%82a", UTF8 },
    { "%E2a%AC", UTF8 }, { "%F0%9F%98a", UTF8 }, { "%F0%9Fa%80", UTF8 },
    { "%F0a%98%80", UTF8 }, { "%E2%82%C3%BC", UTF8 }, { "%C3+", UTF8 },
    { "%C3%0D%0A", UTF8 }
};


static void
test_reads(void)
{
    size_t         i;
    mta_sts_str_t  str, none = { NULL, 0 };

    for (i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
        test_begin(0);

        str = mta_sts_str("an error");
        (void) show(mta_sts_str_from(reads[i].query), &str);

        is_str(str, mta_sts_str_from(reads[i].fields), "read %s",
               reads[i].query);
    }

    test_begin(0);
    is_int(show(none, &str), MTA_STS_OK, "read a query of NULL");
    is_int((long long) str.len, 0, "which has no field");
}


static void
is_refused(mta_sts_str_t query, const char *fault)
{
    mta_sts_str_t  str;

    test_begin(0);

    is_int(show(query, &str), MTA_STS_ERROR, "refuse %.*s",
           MTA_STS_SHOW(query));
    is_err(&test.err, 0, 0, fault);
}


static void
test_refused(void)
{
    char           buf[64];
    size_t         i;
    mta_sts_str_t  str;

    static const char *const  formats[] = { "a=1&b=%s", "%s", "%s=1", "b=%s&" };

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        (void) snprintf(buf, sizeof(buf), formats[i % 4], refused[i].value);
        is_refused(mta_sts_str_from(buf), refused[i].fault);
    }

    is_refused(mta_sts_str("a=\0"), CONTROL);
    is_refused(mta_sts_str("\0=a"), CONTROL);

    /* what lies behind a slice, or behind a field, is no part of it */

    str = mta_sts_str("a=%41");
    str.len -= 1;
    is_refused(str, HEX);
    str.len -= 1;
    is_refused(str, HEX);

    str = mta_sts_str("a=%E2%82%AC");
    str.len -= 3;
    is_refused(str, UTF8);

    is_refused(mta_sts_str("a=%4&1"), HEX);
    is_refused(mta_sts_str("a=%E2%82&b=%AC"), UTF8);
    is_refused(mta_sts_str("%C3=%BC"), UTF8);
}


/* Each byte alone, as it is and encoded with digits of either case. */

static void
test_bytes(void)
{
    int            rc, byte, kept;
    char           buf[16];
    size_t         form;
    mta_sts_str_t  query, name, value;

    static const char *const  formats[] = { "a=%%%02x", "a=%%%02X", "a=%c" };

    for (byte = 0, kept = 0; byte < 256 * 3; byte++) {
        test_begin(0);

        form = (size_t) byte / 256;

        query.data = buf;
        query.len = (size_t) snprintf(buf, sizeof(buf), formats[form],
                                      byte % 256);

        if (form == 2 && strchr("&=%+\r", byte % 256) && byte % 256) {
            kept++;
            continue;
        }

        value.len = 0;
        rc = mta_sts_query_next(&query, &test.env, &name, &value, &(int) { 0 },
                                &test.err);

        if ((byte % 256 >= ' ' && byte % 256 < 0x7f) || byte % 256 == '\t'
            || byte % 256 == '\n' || byte % 256 == '\r')
        {
            kept += rc == MTA_STS_OK && value.len == 1
                    && value.data[0] == (byte % 256 == '\r' ? '\n'
                                                            : byte % 256);

        } else {
            kept += rc == MTA_STS_ERROR
                    && strcmp(test.err.text,
                              byte % 256 < 0x80 ? CONTROL : UTF8)
                       == 0;
        }
    }

    is_int(kept, 256 * 3, "each byte is let through or refused");
}


/* What a program takes step by step: *found, and nothing after the end. */

static void
test_end(void)
{
    int            i, found;
    mta_sts_str_t  query, name, value;

    test_begin(0);

    query = mta_sts_str("a=1&");
    found = 7;

    (void) mta_sts_query_next(&query, &test.env, &name, &value, &found,
                              &test.err);
    is_int(found, 1, "a field is found");

    for (i = 0; i < 2; i++) {
        found = 7;
        is_int(mta_sts_query_next(&query, &test.env, &name, &value, &found,
                                  &test.err),
               MTA_STS_OK, "the end is no error");
        is_int(found, 0, "and no field");
    }
}


/* Appends a character as UTF-8; returns its length. */

static size_t
put(char *p, unsigned code)
{
    size_t  i, len;

    len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    if (len == 1) {
        *p = (char) code;
        return 1;
    }

    for (i = len; i-- > 1; code >>= 6) {
        p[i] = (char) (0x80 | (code & 0x3f));
    }

    p[0] = (char) ((0xf00u >> len & 0xff) | code);

    return len;
}


/* Is str, as a name and as a value, the same when it is read again? */

static int
is_round(mta_sts_str_t str)
{
    int             found;
    mta_sts_str_t   query, name, value;
    mta_sts_buf_t  text = { &test.env, NULL, 0, 0, 0 };

    mta_sts_query_add(&text, str);
    mta_sts_buf_add_char(&text, '=');
    mta_sts_query_add(&text, str);
    mta_sts_buf_add_cstr(&text, "&b=1");

    query = mta_sts_buf_str(&text);

    return mta_sts_query_next(&query, &test.env, &name, &value, &found,
                              &test.err) == MTA_STS_OK
           && found && mta_sts_str_eq(name, str) && mta_sts_str_eq(value, str)
           && mta_sts_str_eq(query, mta_sts_str("&b=1"));
}


static void
test_add(void)
{
    char            all[256];
    size_t          i;
    unsigned        code, bad;
    mta_sts_str_t   str;
    mta_sts_buf_t  text = { &test.env, NULL, 0, 0, 0 };

    test_begin(0);

    str.data = all;
    str.len = sizeof(all);

    for (i = 0; i < sizeof(all); i++) {
        all[i] = (char) i;
    }

    mta_sts_query_add(&text, str);

    /* letters, digits and "-._*:@/?!,;$" are as they are, a space is a "+" */

    is_int((long long) text.len, 75 + 3 * 181, "length of all bytes, encoded");
    ok(strspn(text.data, "%+-._*:@/?!,;$0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
              "abcdefghijklmnopqrstuvwxyz") >= text.len,
       "with nothing that means something in a URL or a page");
    is_str(mta_sts_str_after(mta_sts_buf_str(&text), text.len - 9),
           mta_sts_str("%FD%FE%FF"), "with digits in upper case");

    for (code = 0, bad = 0; code <= 0x10ffff; code++) {
        if ((code < ' ' && code != '\n' && code != '\t')
            || (code >= 0x7f && code < 0xa0)
            || (code >= 0xd800 && code < 0xe000))
        {
            continue;
        }

        if (code % 1024 == 0) {
            test_begin(0);
        }

        str.len = put(all, code);
        bad += !is_round(str);
    }

    is_int(bad, 0, "each character is read again");

    str = mta_sts_str("a b&c=d+e%41\n\tf/?#\xc3\xbc<\"'>");
    is_int(is_round(str), 1, "and all together");
}


static int
memory_next(void)
{
    mta_sts_str_t  query, name, value;

    query = mta_sts_str("name=value");

    return mta_sts_query_next(&query, &test.env, &name, &value, &(int) { 0 },
                              &test.err);
}


static int
memory_add(void)
{
    mta_sts_buf_t  text = { &test.env, NULL, 0, 0, 0 };

    mta_sts_query_add(&text, mta_sts_str("a&b"));

    return text.failed ? mta_sts_error_memory(&test.err) : MTA_STS_OK;
}


int
main(void)
{
    test_reads();
    test_refused();
    test_bytes();
    test_end();
    test_add();
    test_memory(memory_next, "next");
    test_memory(memory_add, "add");

    return done();
}
