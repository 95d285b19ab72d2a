/*
 * The query of a form is untrusted: a byte that is wrongly accepted ends up in
 * a page, a log or a terminal, and a byte that is lost makes another policy
 * than the one that was typed.
 */

#include "generator/form.h"
#include "tap.h"


#define HEX      "\"%\" must be followed by two hex digits"
#define UTF8     "not UTF-8"
#define CONTROL  "has a control character"


static char  shown[8192];


/*
 * Reads query to its end and shows its fields, "(name=value)" each, with the
 * value decoded; a line end is "|".
 */

static int
show(mta_sts_str_t query, mta_sts_str_t *str)
{
    char            buf[256];
    size_t          i;
    mta_sts_str_t   name, value;
    mta_sts_buf_t   text = { &test.env, NULL, 0, 0, 0 };

    while (mta_sts_query_next(&query, &name, &value)) {
        if (mta_sts_query_decode(value, buf, &value, &test.err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }

        mta_sts_buf_add_char(&text, '(');
        mta_sts_buf_add(&text, name);
        mta_sts_buf_add_char(&text, '=');
        mta_sts_buf_add(&text, value);
        mta_sts_buf_add_char(&text, ')');
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

    /* an encoded separator is none, and names are not decoded */

    { "a%3D1=2", "(a%3D1=2)" },
    { "a%261=2%26b%3d3", "(a%261=2&b=3)" },
    { "a=1;b=2", "(a=1;b=2)" },
    { "a=1#b", "(a=1#b)" },
    { "a?b=1?c", "(a?b=1?c)" },

    /* "+" and "%" */

    { "a+b=c+d++e+", "(a+b=c d  e )" },
    { "+=+", "(+= )" },
    { "a=%2b%2B", "(a=++)" },
    { "a=%20", "(a= )" },
    { "%61%41=%4a%4A%7e", "(%61%41=JJ~)" },
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
    { "%C3%BC=%c3%bc", "(%C3%BC=\xc3\xbc)" },
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

    /* surrogates, and beyond the last character */

    { "%ED%A0%80", UTF8 }, { "%ED%AF%BF", UTF8 }, { "%ED%B0%80", UTF8 },
    { "%ED%BF%BF", UTF8 }, { "%ED%A0%BD%ED%B8%80", UTF8 },
    { "%F4%90%80%80", UTF8 }, { "%F4%BF%BF%BF", UTF8 },
    { "%F5%80%80%80", UTF8 }, { "%F7%BF%BF%BF", UTF8 },
    { "%F8%88%80%80%80", UTF8 }, { "%FC%84%80%80%80%80", UTF8 },

    /* truncated, at the end or by something else */

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

    static const char *const  formats[] = { "a=1&b=%s", "=%s", "b=%s&" };

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        (void) snprintf(buf, sizeof(buf), formats[i % 3], refused[i].value);
        is_refused(mta_sts_str_from(buf), refused[i].fault);
    }

    is_refused(mta_sts_str("a=\0"), CONTROL);

    /* bytes after a slice, or after a field, are no part of it */

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
}


/* Each byte alone, as it is and encoded with digits of either case. */

static void
test_bytes(void)
{
    int            rc, byte, kept;
    char           buf[16], out[16];
    size_t         form;
    mta_sts_str_t  encoded, value;

    static const char *const  formats[] = { "%%%02x", "%%%02X", "%c" };

    for (byte = 0, kept = 0; byte < 256 * 3; byte++) {
        test_begin(0);

        form = (size_t) byte / 256;

        encoded.data = buf;
        encoded.len = (size_t) snprintf(buf, sizeof(buf), formats[form],
                                        byte % 256);

        if (form == 2 && (byte % 256 == '%' || byte % 256 == '+')) {
            kept++;
            continue;
        }

        value.len = 0;
        rc = mta_sts_query_decode(encoded, out, &value, &test.err);

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

    is_int(kept, 256 * 3, "each byte is accepted or refused");
}


/* A query stays at its end. */

static void
test_end(void)
{
    mta_sts_str_t  query, name, value;

    query = mta_sts_str("a=1&");

    is_int(mta_sts_query_next(&query, &name, &value), 1, "a field is found");
    is_int(mta_sts_query_next(&query, &name, &value), 0, "then none");
    is_int(mta_sts_query_next(&query, &name, &value), 0, "and again none");
}


/* Each character of Unicode, encoded, is accepted and the same again. */

static void
test_characters(void)
{
    char           utf8[4], out[4], encoded[16];
    size_t         i, k, len;
    unsigned       code, rest, bad;
    mta_sts_str_t  str, value;

    for (code = ' ', bad = 0; code <= 0x10ffff; code++) {
        if ((code >= 0x7f && code < 0xa0)
            || (code >= 0xd800 && code < 0xe000))
        {
            continue;
        }

        len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        rest = code;

        for (i = len; i-- > 1; rest >>= 6) {
            utf8[i] = (char) (0x80 | (rest & 0x3f));
        }

        utf8[0] = (char) (len == 1 ? rest : (0xf00u >> len & 0xff) | rest);

        for (i = 0, k = 0; i < len; i++) {
            k += (size_t) sprintf(encoded + k, "%%%02X",
                                  (unsigned char) utf8[i]);
        }

        str.data = encoded;
        str.len = k;

        bad += mta_sts_query_decode(str, out, &value, &test.err) != MTA_STS_OK
               || value.len != len || memcmp(out, utf8, len) != 0;
    }

    is_int(bad, 0, "each character is decoded");
}


int
main(void)
{
    test_reads();
    test_refused();
    test_bytes();
    test_end();
    test_characters();

    return done();
}
