/*
 * What is typed into the form becomes a policy, or an error of the field that
 * is wrong, with the texts that nginx and mta-sts use.
 */

#include "forms.h"


#define MX_EMPTY   "invalid mx \"a..b\", has an empty label"
#define MODE       "must be \"enforce\", \"testing\" or \"none\""
#define AGE_TIME   "must be a time such as \"1w\" or \"604800\""
#define AGE_RANGE  "must be between 1 and 31557600 seconds"
#define RUA        "must begin with \"mailto:\" or \"https:\""
#define HEX        "\"%\" must be followed by two hex digits"

#define BODY(mode, mx, age)  "version: STSv1\r\nmode: " mode "\r\n" mx        \
                             "max_age: " age "\r\n"
#define MX(name)             "mx: " name "\r\n"


static const char *const  names[MTA_STS_FORM_FIELDS] = {
    "domain", "mode", "mx", "max_age", "tlsrpt_rua", "max_age_other",
    "format", "query"
};


/* The errors of a form, as "FIELD: ERROR|". */

static mta_sts_str_t
errors(const mta_sts_generator_t *generator)
{
    int             i, n;
    mta_sts_buf_t  text = { &test.env, NULL, 0, 0, 0 };

    for (i = 0, n = 0; i < MTA_STS_FORM_FIELDS; i++) {
        if (generator->errors[i].len) {
            mta_sts_buf_add_cstr(&text, names[i]);
            mta_sts_buf_add_cstr(&text, ": ");
            mta_sts_buf_add(&text, generator->errors[i]);
            mta_sts_buf_add_char(&text, '|');
            n++;
        }
    }

    if (n != generator->n_errors) {
        mta_sts_buf_add_cstr(&text, "n_errors is wrong");
    }

    return mta_sts_buf_str(&text);
}


/* Queries that give a policy. */

static const struct {
    const char  *query;
    const char  *body;
} policies[] = {
    { FORM_MX, BODY("testing", MX("mail.example.com"), "604800") },
    { FORM_MX "&mode=testing",
      BODY("testing", MX("mail.example.com"), "604800") },
    { FORM_MX "&mode=enforce",
      BODY("enforce", MX("mail.example.com"), "604800") },
    { FORM_MX "&mode=none", BODY("none", MX("mail.example.com"), "604800") },
    { "domain=example.com&mode=none", BODY("none", "", "604800") },
    { "domain=example.com&mx=&mode=none&rua=&max_age=&max_age_other=",
      BODY("none", "", "604800") },
    { FORM_MX "&mode=&max_age=&rua=",
      BODY("testing", MX("mail.example.com"), "604800") },
    { FORM_MX "&mode=+enforce%0D%0A",
      BODY("enforce", MX("mail.example.com"), "604800") },

    /* each of the times to choose from, another and a free one */

    { FORM_MX "&max_age=86400",
      BODY("testing", MX("mail.example.com"), "86400") },
    { FORM_MX "&max_age=604800",
      BODY("testing", MX("mail.example.com"), "604800") },
    { FORM_MX "&max_age=2592000",
      BODY("testing", MX("mail.example.com"), "2592000") },
    { FORM_MX "&max_age=31557600",
      BODY("testing", MX("mail.example.com"), "31557600") },
    { FORM_MX "&max_age=other&max_age_other=1209600",
      BODY("testing", MX("mail.example.com"), "1209600") },
    { FORM_MX "&max_age_other=+2w+&max_age=other",
      BODY("testing", MX("mail.example.com"), "1209600") },
    { FORM_MX "&max_age=604800&max_age_other=rubbish",
      BODY("testing", MX("mail.example.com"), "604800") },
    { FORM_MX "&max_age_other=86400",
      BODY("testing", MX("mail.example.com"), "604800") },
    { FORM_MX "&max_age=1d+12h",
      BODY("testing", MX("mail.example.com"), "129600") },
    { FORM_MX "&max_age=+99999+",
      BODY("testing", MX("mail.example.com"), "99999") },

    /* mx: a line each, a word each, a field each, in their order */

    { "domain=example.com&mx=b.example%0D%0Aa.example%0D%0A%0D%0A",
      BODY("testing", MX("b.example") MX("a.example"), "604800") },
    { "domain=example.com&mx=a.example%0Ab.example%09c.example+d.example",
      BODY("testing", MX("a.example") MX("b.example") MX("c.example")
           MX("d.example"), "604800") },
    { "mx=a.example&mx=*.b.example&domain=example.com&mx=&mx=c.example",
      BODY("testing", MX("a.example") MX("*.b.example") MX("c.example"),
           "604800") },
    { "domain=example.com&mx=B%C3%9Ccher.example.",
      BODY("testing", MX("xn--bcher-kva.example"), "604800") }
};


/* Queries that have errors. */

static const struct {
    const char  *query;
    const char  *errors;
} refused[] = {
    { "domain=example.com&mx=a..b", "mx: " MX_EMPTY "|" },
    { "domain=example.com&mx=a.example%0Aa..b%0A-.x", "mx: " MX_EMPTY "|" },
    { "domain=example.com&mx=a..b&mx=b..c", "mx: " MX_EMPTY "|" },
    { "domain=example.com",
      "mx: mode \"testing\" needs at least one mx|" },
    { "domain=example.com&mode=enforce&mx=+%0D%0A",
      "mx: mode \"enforce\" needs at least one mx|" },

    { FORM_MX "&mode=Enforce", "mode: invalid mode \"Enforce\", " MODE "|" },
    { FORM_MX "&mode=%3Cb%3E", "mode: invalid mode \"<b>\", " MODE "|" },

    { FORM_MX "&max_age=0", "max_age: invalid max_age \"0\", " AGE_RANGE "|" },
    { FORM_MX "&max_age=31557601",
      "max_age: invalid max_age \"31557601\", " AGE_RANGE "|" },
    { FORM_MX "&max_age=x", "max_age: invalid max_age \"x\", " AGE_TIME "|" },
    { FORM_MX "&max_age=-1", "max_age: invalid max_age \"-1\", " AGE_TIME
      "|" },
    { FORM_MX "&max_age=other", "max_age: invalid max_age \"\", " AGE_TIME
      "|" },
    { FORM_MX "&max_age=other&max_age_other=++", "max_age: invalid max_age "
      "\"\", " AGE_TIME "|" },
    { FORM_MX "&max_age=other&max_age_other=0",
      "max_age: invalid max_age \"0\", " AGE_RANGE "|" },
    { FORM_MX "&max_age=Other",
      "max_age: invalid max_age \"Other\", " AGE_TIME "|" },

    { FORM_MX "&tlsrpt_rua=example.com",
      "tlsrpt_rua: invalid tlsrpt_rua \"example.com\", " RUA "|" },
    { FORM_MX "&rua=mailto:a@b.example%0D%0Ax",
      "tlsrpt_rua: invalid tlsrpt_rua \"x\", " RUA "|" },

    { "domain=a..b&mode=x&mx=a..b&max_age=0&rua=y",
      "domain: invalid domain \"a..b\", has an empty label|"
      "mode: invalid mode \"x\", " MODE "|"
      "mx: " MX_EMPTY "|"
      "max_age: invalid max_age \"0\", " AGE_RANGE "|"
      "tlsrpt_rua: invalid tlsrpt_rua \"y\", " RUA "|" },

    /* what the page itself never sends */

    { "domain=%", "domain: " HEX "|" },
    { "domain=%ff", "domain: not UTF-8|" },
    { FORM_MX "&max_age=other&max_age_other=%ff", "max_age: not UTF-8|" },
    { FORM_MX "&format=%ff", "query: not UTF-8|" },
    { "domain=%00", "domain: has a control character|" },
    { FORM_MX "&x=%22", "query: unknown field \"x\"|" },
    { FORM_MX "&Domain=a", "query: unknown field \"Domain\"|" },
    { FORM_MX "&=", "query: unknown field \"\"|" },
    { FORM_MX "&domain+=1", "query: unknown field \"domain+\"|" },
    { FORM_MX "&%64omain=1", "query: unknown field \"%64omain\"|" },
    { FORM_MX "&mod=enforce&x=1", "query: unknown field \"mod\"|" },
    { FORM_MX "&domain=a", "query: duplicate \"domain\"|" },
    { FORM_MX "&mode=none&mode=none", "query: duplicate \"mode\"|" },
    { FORM_MX "&max_age=&max_age=", "query: duplicate \"max_age\"|" },
    { FORM_MX "&max_age_other=1&max_age_other=2",
      "query: duplicate \"max_age_other\"|" },
    { FORM_MX "&format=json&format=json", "query: duplicate \"format\"|" },
    { FORM_MX "&format=xml",
      "query: unknown format \"xml\", see the buttons of the page|" },
    { FORM_MX "&format=terraform",
      "query: unknown format \"terraform\", see the buttons of the page|" },
    { FORM_MX "&mode=a&mode=b&domain=c", "query: duplicate \"domain\"|" }
};


static void
test_policies(void)
{
    size_t                i;
    mta_sts_generator_t  *generator;

    for (i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
        generator = form(policies[i].query);

        if (!is_str(form_body(generator), mta_sts_str_from(policies[i].body),
                    "policy of %s", policies[i].query)
            || generator->n_errors)
        {
            ok(generator->n_errors == 0, "%.*s",
               MTA_STS_SHOW(errors(generator)));
        }
    }
}


static void
test_refused(void)
{
    size_t                i;
    mta_sts_generator_t  *generator;

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        generator = form(refused[i].query);

        is_str(errors(generator), mta_sts_str_from(refused[i].errors),
               "errors of %s", refused[i].query);
        ok(generator->result.entry.policy == NULL
           && generator->result.records == NULL
           && generator->result.server.len == 0, "which gives no policy");
    }

    /* the rules of names are tested in name_test.c */

    generator = form("mx=mail.example.com");
    ok(mta_sts_str_starts(generator->errors[MTA_STS_FORM_DOMAIN],
                          mta_sts_str("invalid domain \"\", ")),
       "an empty domain is an error of the domain");
}


/* Everything that was typed stays as it was, but for spaces around it. */

static void
test_typed(void)
{
    size_t                i;
    mta_sts_generator_t  *generator;

    static const char *const  typed[] = {
        "b\xc3\xbc" "cher..Example", "Enforce", "A.example\n\n*.b\t c\nd",
        "other", "x\ny z", "1w", "json"
    };

    generator = form("domain=+b%C3%BCcher..Example+&mode=Enforce&"
                     "mx=A.example%0D%0A%0D%0A*.b%09+c&max_age=+other&"
                     "tlsrpt_rua=x&"
                     "max_age_other=+1w+&format=json&mx=d&rua=y+z");

    for (i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
        is_str(generator->typed[i], mta_sts_str_from(typed[i]), "typed %s",
               names[i]);
    }

    /* also after a value that cannot be decoded */

    generator = form("domain=a%0Bb&mx=mail.example.com");

    ok(generator->n_errors == 1, "a control character is an error");
    is_str(generator->typed[MTA_STS_FORM_MX],
           mta_sts_str("mail.example.com"),
           "and what was typed into the next field is still there");
}


/* Which queries submit a form, and which only ask for the page. */

static void
test_submitted(void)
{
    size_t                i;
    mta_sts_generator_t  *generator;

    static const struct {
        const char  *query;
        int          submitted;
        int          errors;
    } tests[] = {
        { "", 0, 0 },
        { "&&", 0, 0 },
        { "utm_source=x&a", 0, 1 },
        { "domain=", 1, 1 },
        { "domain", 1, 1 },
        { "mode=none", 1, 1 },
        { "mx=", 1, 1 },
        { "max_age=", 1, 1 },
        { "rua=", 1, 1 },
        { "max_age_other=", 1, 1 },
        { "format=json", 1, 1 },
        { "format=policy", 1, 1 },
        { "%", 0, 1 },
        { FORM_MX, 1, 0 },
        { FORM_MX "&format=html", 1, 0 }
    };

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        generator = form(tests[i].query);

        is_int(generator->submitted, tests[i].submitted, "submitted: %s",
               tests[i].query);
        is_int(generator->n_errors, tests[i].errors, "with these errors");
        is_int(generator->result.entry.policy != NULL, tests[i].errors == 0,
               "and a policy without them");
    }

    generator = form("");

    is_str(generator->result.entry.domain, mta_sts_str("example.com"),
           "an empty form has an example");
    is_str(generator->typed[MTA_STS_FORM_DOMAIN], mta_sts_str(""),
           "which is not what was typed");

    generator = form(FORM_MX "&format=policy");

    is_str(generator->typed[MTA_STS_FORM_FORMAT], mta_sts_str("policy"),
           "format");
}


static void
test_texts(void)
{
    mta_sts_generator_t  *generator;

    generator = form("domain=B%C3%BCcher.Example.&mx=a.example&mode=enforce&"
                     "rua=mailto:a,b@example.com%0D%0Ahttps://example.com/;x&"
                     "rua=https://example.org");

    is_str(generator->result.policy_url,
           mta_sts_str("https://mta-sts.xn--bcher-kva.example/.well-known/"
                       "mta-sts.txt"), "the policy's URL");
    is_int((long long) generator->result.n_records, 2, "two records");
    is_str(generator->result.records[1].value,
           mta_sts_str("v=TLSRPTv1; rua=mailto:a%2Cb@example.com,"
                       "https://example.com/%3Bx,https://example.org"),
           "the second has each report");
    is_str(generator->result.records[0].name,
           mta_sts_str("_mta-sts.xn--bcher-kva.example"), "the first's name");
    is_str(generator->result.yaml,
           mta_sts_str("domains:\n"
                       "  xn--bcher-kva.example:\n"
                       "    mode: enforce\n"
                       "    mx: a.example\n"
                       "    max_age: 604800\n"
                       "    tlsrpt_rua:\n"
                       "    - mailto:a%2Cb@example.com\n"
                       "    - https://example.com/%3Bx\n"
                       "    - https://example.org\n"), "YAML");
    ok(mta_sts_str_starts(generator->result.server, mta_sts_str("server {\n"))
       && mta_sts_str_ends(generator->result.server, mta_sts_str("}\n")),
       "a server block");

    is_int((long long) form(FORM_MX)->result.n_records, 1,
           "without a report: one");
}


static void
test_warnings(void)
{
    size_t                i;
    mta_sts_generator_t  *generator;

    static const char *const  warnings[] = {
        "mx \"mta-sts.example.com\" looks like the host of the policy, must "
        "be that of the mail server",
        "duplicate mx \"*.example.com\"",
        "max_age \"1h\" is less than a day, some senders ignore such a policy",
        "duplicate tlsrpt_rua \"mailto:a@b.example\"",
        "mx \"*.example.com\" accepts every host of the policy domain, see "
        "RFC 8461, 10.4"
    };

    generator = form("domain=example.com&mx=mta-sts.example.com+*.example.com"
                     "+*.example.com+*.example.com&max_age=1h&"
                     "rua=mailto:a@b.example&"
                     "rua=mailto:a@b.example");

    is_int((long long) generator->n_warnings, MTA_STS_FORM_WARNINGS,
           "four of five warnings, each once");

    for (i = 0; i < generator->n_warnings && i < 5; i++) {
        is_str(generator->warnings[i], mta_sts_str_from(warnings[i]),
               "warning %zu", i);
    }

    is_int((long long) test.n_warnings, 0, "none for the caller");
    is_int(generator->n_errors, 0, "and there is no error");
    is_int((long long) form(FORM_RUA)->n_warnings, 0, "without a reason: 0");

    /* the caller may have no warning callback */

    test_begin(0);
    test.env.warn = NULL;
    generator = form_read(mta_sts_str(FORM_MX "&max_age=1&max_age_other="));
    ok(generator && generator->n_warnings == 1, "a caller without warn()");
}


/* The limits: bytes, fields, and words of a field. */

static void
test_limits(void)
{
    char                  query[MTA_STS_FORM_MAX + 8], expected[80];
    size_t                n, len;
    mta_sts_str_t         str;
    mta_sts_generator_t  *generator;

    str.data = query;

    for (len = MTA_STS_FORM_MAX - 1; len <= MTA_STS_FORM_MAX + 1; len++) {
        test_begin(0);

        memset(query, '+', sizeof(query));
        memcpy(query, FORM_MX, strlen(FORM_MX));
        str.len = len;

        (void) snprintf(expected, sizeof(expected), "query: the form has %zu "
                        "bytes, must be at most 1800|", len);

        generator = form_read(str);

        is_str(errors(generator), len > MTA_STS_FORM_MAX
               ? mta_sts_str_from(expected) : mta_sts_str(""),
               "a query of %zu bytes", len);
        is_int(generator->submitted, len <= MTA_STS_FORM_MAX,
               "is read or not");
    }

    for (n = 63; n <= 65; n++) {
        test_begin(0);

        len = (size_t) snprintf(query, sizeof(query), "domain=b&mx=a");

        while (len < 13 + (n - 2) * 4) {
            memcpy(query + len, "&mx=", 4);
            len += 4;
        }

        str.len = len;

        is_str(errors(form_read(str)), n > 64
               ? mta_sts_str("query: the form has more than 64 fields|")
               : mta_sts_str(""), "%zu fields", n);
    }
}


static void
test_words(void)
{
    char    query[1024];
    size_t  i, n, k, len, max;

    static const char *const  fields[][2] = {
        { "mx", "a" }, { "rua", "mailto:a@b" }
    };

    for (i = 0; i < 2; i++) {
        max = i ? MTA_STS_FORM_RUA_MAX : MTA_STS_FORM_MX_MAX;

        for (n = max; n <= max + 1; n++) {
            len = (size_t) snprintf(query, sizeof(query), "domain=b&%s&%s=",
                                    i ? "mx=a" : "", fields[i][0]);

            for (k = 0; k < n; k++) {
                len += (size_t) snprintf(query + len, sizeof(query) - len,
                                         "%%0D%%0A%s", fields[i][1]);
            }

            is_int(form(query)->n_errors, n > max, "%zu words in %s", n,
                   fields[i][0]);
        }
    }
}


int
main(void)
{
    test_policies();
    test_refused();
    test_typed();
    test_submitted();
    test_texts();
    test_warnings();
    test_limits();
    test_words();

    return done();
}
