/*
 * A value that is quoted wrongly is another value, or ends the line, and what
 * follows it is another record.
 */

#include "formats/formats.h"
#include "tap.h"


#define A15   "aaaaaaaaaaaaaaa"
#define A51   A15 A15 A15 "aaaaaa"
#define A255  A51 A51 A51 A51 A51


static void
quote_spaced(mta_sts_buf_t *text, mta_sts_str_t value)
{
    mta_sts_quote_txt(text, value, " ");
}


static void
quote_joined(mta_sts_buf_t *text, mta_sts_str_t value)
{
    mta_sts_quote_txt(text, value, "");
}


static void
quote_listed(mta_sts_buf_t *text, mta_sts_str_t value)
{
    mta_sts_quote_txt(text, value, ", ");
}


typedef void (*quote_fn)(mta_sts_buf_t *text, mta_sts_str_t value);


/* Is value, behind what is there already, appended as expected? */

static void
is_quoted(quote_fn fn, mta_sts_str_t value, mta_sts_str_t expected,
    const char *name)
{
    mta_sts_str_t   got;
    mta_sts_buf_t  text = { &test.env, NULL, 0, 0, 0 };

    test_begin(0);

    mta_sts_buf_add_cstr(&text, "TXT ");
    fn(&text, value);

    got = mta_sts_buf_str(&text);

    if (ok(!text.failed && mta_sts_str_starts(got, mta_sts_str("TXT ")),
           "quoted: %s", name))
    {
        is_str(mta_sts_str_after(got, 4), expected, "as this");
    }
}


static void
test_txt(void)
{
    char           value[256], *p, expected[1280];
    unsigned       ch;
    mta_sts_str_t  str, quoted;

    is_quoted(quote_spaced, mta_sts_str(""), mta_sts_str("\"\""), "nothing");
    is_quoted(quote_spaced, (mta_sts_str_t) { NULL, 0 }, mta_sts_str("\"\""),
              "no data");
    is_quoted(quote_spaced, mta_sts_str("v=STSv1; id=1;"),
              mta_sts_str("\"v=STSv1; id=1;\""), "a record");
    is_quoted(quote_spaced, mta_sts_str("a\"b\\c"),
              mta_sts_str("\"a\\\"b\\\\c\""), "quotes and backslashes");
    is_quoted(quote_spaced, mta_sts_str("\\\""), mta_sts_str("\"\\\\\\\"\""),
              "nothing else");
    is_quoted(quote_spaced, mta_sts_str("\0\t\n\r\x1f\x7f\x80\xc3\xbc\xff"),
              mta_sts_str("\"\\000\\009\\010\\013\\031\\127\\128\\195\\188"
                          "\\255\""), "control and high bytes");
    is_quoted(quote_spaced, mta_sts_str("\n" "1"), mta_sts_str("\"\\0101\""),
              "a digit behind one");
    is_quoted(quote_spaced, mta_sts_str("$ORIGIN @ ; ( ) ' ~ ` %s ${a}"),
              mta_sts_str("\"$ORIGIN @ ; ( ) ' ~ ` %s ${a}\""),
              "what is special elsewhere");

    /* each byte there is but the last, in one string */

    for (ch = 0, p = expected; ch < 255; ch++) {
        value[ch] = (char) ch;

        if (ch < 32 || ch > 126) {
            p += snprintf(p, 5, "\\%03u", ch);

        } else {
            p += snprintf(p, 5, "%s%c", ch == '"' || ch == '\\' ? "\\" : "",
                          (int) ch);
        }
    }

    str.data = value;
    str.len = 255;
    quoted.data = expected;
    quoted.len = (size_t) (p - expected);

    memmove(expected + 1, expected, quoted.len);
    expected[0] = expected[quoted.len + 1] = '"';
    quoted.len += 2;

    is_quoted(quote_spaced, str, quoted, "all bytes");
}


/* A string has up to 255 bytes, of the value and not of how it is written. */

static void
test_split(void)
{
    char           value[512], expected[2048];
    size_t         i;
    mta_sts_str_t  str, quoted;

    is_quoted(quote_spaced, mta_sts_str(A51), mta_sts_str("\"" A51 "\""),
              "51 bytes");
    is_quoted(quote_spaced, mta_sts_str(A255), mta_sts_str("\"" A255 "\""),
              "255 bytes");
    is_quoted(quote_spaced, mta_sts_str(A255 "b"),
              mta_sts_str("\"" A255 "\" \"b\""), "256 bytes");
    is_quoted(quote_spaced, mta_sts_str(A255 A255),
              mta_sts_str("\"" A255 "\" \"" A255 "\""), "510 bytes");
    is_quoted(quote_spaced, mta_sts_str(A255 A255 "b"),
              mta_sts_str("\"" A255 "\" \"" A255 "\" \"b\""), "511 bytes");

    is_quoted(quote_joined, mta_sts_str(A255 "b"),
              mta_sts_str("\"" A255 "\"\"b\""), "256 bytes, joined");
    is_quoted(quote_listed, mta_sts_str(A255 A255 "b"),
              mta_sts_str("\"" A255 "\", \"" A255 "\", \"b\""),
              "511 bytes, listed");

    /* an escape is not torn */

    is_quoted(quote_spaced, mta_sts_str(A255 "\""),
              mta_sts_str("\"" A255 "\" \"\\\"\""), "a quote behind");

    memset(value, '\n', 256);
    memset(expected, '"', sizeof(expected));

    for (i = 0; i < 256; i++) {
        memcpy(expected + 1 + 4 * i + (i > 254 ? 3 : 0), "\\010", 4);
    }

    memcpy(expected + 1 + 4 * 255, "\" \"", 3);

    str.data = value;
    str.len = 256;
    quoted.data = expected;
    quoted.len = 4 * 256 + 5;

    is_quoted(quote_spaced, str, quoted, "256 control bytes");
}


static void
is_rdata(const char *type, mta_sts_str_t value, mta_sts_str_t expected)
{
    mta_sts_buf_t    text = { &test.env, NULL, 0, 0, 0 };
    mta_sts_record_t  record;

    test_begin(0);

    record.name = mta_sts_str("a.example");
    record.type = mta_sts_str_from(type);
    record.ttl = 3600;
    record.value = value;

    mta_sts_quote_rdata(&text, &record);

    ok(!text.failed, "the data of %s", type);
    is_str(mta_sts_buf_str(&text), expected, "are these");
}


static void
test_rdata(void)
{
    is_rdata("A", mta_sts_str("192.0.2.1"), mta_sts_str("192.0.2.1"));
    is_rdata("AAAA", mta_sts_str("2001:db8::1"), mta_sts_str("2001:db8::1"));
    is_rdata("CNAME", mta_sts_str("a.example"), mta_sts_str("a.example."));
    is_rdata("CNAME", mta_sts_str("a.example._mta-sts.p.example"),
             mta_sts_str("a.example._mta-sts.p.example."));
    is_rdata("TXT", mta_sts_str("v=STSv1; id=1;"),
             mta_sts_str("\"v=STSv1; id=1;\""));
    is_rdata("TXT", mta_sts_str(A255 "\\"),
             mta_sts_str("\"" A255 "\" \"\\\\\""));
}


static void
test_json(void)
{
    is_quoted(mta_sts_quote_json, mta_sts_str(""), mta_sts_str("\"\""),
              "nothing");
    is_quoted(mta_sts_quote_json, mta_sts_str("a.example"),
              mta_sts_str("\"a.example\""), "a name");
    is_quoted(mta_sts_quote_json, mta_sts_str("a\"b\\c"),
              mta_sts_str("\"a\\\"b\\\\c\""), "quotes and backslashes");
    is_quoted(mta_sts_quote_json, mta_sts_str("\"\\010\""),
              mta_sts_str("\"\\\"\\\\010\\\"\""), "what is quoted already");
    is_quoted(mta_sts_quote_json, mta_sts_str("\b\t\n\f\r\x1f\x7f"),
              mta_sts_str("\"\\u0008\\u0009\\u000A\\u000C\\u000D\\u001F"
                          "\\u007F\""), "control bytes");
    is_quoted(mta_sts_quote_json, mta_sts_str("a\0b"),
              mta_sts_str("\"a\\u0000b\""),
              "a NUL");
    is_quoted(mta_sts_quote_json, mta_sts_str("b\xfc\xff"),
              mta_sts_str("\"b\\u00FC\\u00FF\""), "bytes that are not ASCII");
    is_quoted(mta_sts_quote_json, mta_sts_str("${a} %{b}"),
              mta_sts_str("\"$\\u007Ba} %\\u007Bb}\""), "templates of HCL");
}


static void
test_add(void)
{
    mta_sts_buf_t     text = { &test.env, NULL, 0, 0, 0 };
    mta_sts_record_t  record = { MTA_STS_RECORD_POLICY, mta_sts_str("a.b"),
                                 mta_sts_str("TXT"), UINT32_MAX,
                                 mta_sts_str("c\"d") };

    test_begin(0);

    mta_sts_format_add(&text, "%V. %u IN %V %R;%J\n", record.name, record.ttl,
               record.type, &record, record.value);
    mta_sts_format_add(&text, "");
    mta_sts_format_add(&text, "%V", mta_sts_str(""));

    is_str(mta_sts_buf_str(&text), mta_sts_str("a.b. 4294967295 IN TXT "
           "\"c\\\"d\";\"c\\\"d\"\n"), "formatted values");
}


static void
test_yaml(void)
{
    is_quoted(mta_sts_quote_yaml, mta_sts_str(""), mta_sts_str("''"),
              "nothing in YAML");
    is_quoted(mta_sts_quote_yaml, mta_sts_str("v=STSv1; id='1': #"),
              mta_sts_str("'v=STSv1; id=''1'': #'"), "a text in YAML");
    is_quoted(mta_sts_quote_yaml, mta_sts_str("a\n'\xff"),
              mta_sts_str("\"a\\u000A'\\u00FF\""), "any bytes in YAML");
}


int
main(void)
{
    test_txt();
    test_split();
    test_rdata();
    test_json();
    test_add();
    test_yaml();

    return done();
}
