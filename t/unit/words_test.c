/*
 * People paste MX records, old policies, URLs and plain addresses: what can be
 * understood becomes the names that are meant, and nothing else does.
 */

#include "forms.h"


/* What is pasted, and the policy's names; without any there is an error. */

static const struct {
    const char  *domain;
    const char  *mx;
    const char  *names;
} pasted[] = {
    { "https://example.com/", "a.example", "example.com a.example" },
    { "http://example.com:8080/a@b?c#d", "a.example", "example.com a.example" },
    { "postmaster@example.com", "a.example", "example.com a.example" },
    { "mailto:a@example.com", "a.example", "example.com a.example" },
    { "example.com.", "a.example", "example.com a.example" },
    { "example.com:443", "a.example", "example.com a.example" },
    { "https://mta-sts.example.com/.well-known/mta-sts.txt", "a.example",
      "example.com a.example" },
    { "_mta-sts.example.com", "a.example", "example.com a.example" },
    { "_smtp._tls.example.com.", "a.example", "example.com a.example" },
    { "mta-sts.example.com", "a.example", "mta-sts.example.com a.example" },
    { "2001:db8::1", "a.example", NULL },
    { "https://", "a.example", NULL },
    { "@", "a.example", NULL },
    { "a b", "a.example", NULL },
    { "a,b", "a.example", NULL },

    /* MX records as zone files, dig, host and nslookup have them */

    { "b", "10 mail.example.com.", "b mail.example.com" },
    { "b", "10\tmail.example.com.\n20  mx2.example.com.",
      "b mail.example.com mx2.example.com" },
    { "b", "10 a.example 20 b.example", "b a.example b.example" },
    { "b", "example.com.\t3600\tIN\tMX\t10 a.example.",
      "b a.example" },
    { "b", "@ IN MX 10 a.example. ; the first", "b a.example" },
    { "b", "@ MX 0 a.example.\n  mx 5 b.example.", "b a.example b.example" },
    { "b", "MX a.example", "b a.example" },
    { "b", "example.com mail is handled by 10 a.example.", "b a.example" },
    { "b", "example.com\tmail exchanger = 10 a.example.", "b a.example" },
    { "b", "a.example, b.example;c.example,",
      "b a.example b.example c.example" },
    { "b", ",;", NULL },
    { "b", "10", NULL },
    { "b", "10 20", NULL },
    { "b", "192.0.2.1", NULL },
    { "b", "MX", "b mx" },
    { "b", "mx.example =", NULL },

    /* a policy */

    { "b", "version: STSv1\nmx: a.example\nmx: *.b.example\n",
      "b a.example *.b.example" },
    { "b", "mx:a.example", "b a.example" }
};


static void
test_pasted(void)
{
    size_t                i, k;
    mta_sts_buf_t         query, list;
    mta_sts_generator_t  *generator;

    for (i = 0; i < sizeof(pasted) / sizeof(pasted[0]); i++) {
        test_begin(0);

        memset(&query, 0, sizeof(mta_sts_buf_t));
        query.env = &test.env;
        list = query;

        mta_sts_buf_add_cstr(&query, "domain=");
        mta_sts_buf_add_cstr(&query, pasted[i].domain);
        mta_sts_buf_add_cstr(&query, "&mx=");
        mta_sts_buf_add_cstr(&query, pasted[i].mx);

        generator = form_read(mta_sts_buf_str(&query));

        if (generator->result.entry.policy == NULL) {
            ok(pasted[i].names == NULL, "nothing in %s, %s", pasted[i].domain,
               pasted[i].mx);
            continue;
        }

        mta_sts_buf_add(&list, generator->result.entry.domain);

        for (k = 0; k < generator->result.settings.mx.n; k++) {
            mta_sts_buf_add_char(&list, ' ');
            mta_sts_buf_add(&list,
                            generator->result.settings.mx.elts[k].text);
        }

        is_str(mta_sts_buf_str(&list),
               mta_sts_str_from(pasted[i].names ? pasted[i].names : "nothing"),
               "%s, %s", pasted[i].domain, pasted[i].mx);
        is_str(generator->typed[MTA_STS_FORM_MX],
               mta_sts_str_from(pasted[i].mx), "stays as it was typed");
    }

    generator = form("domain=b&mx=version: STSv1%0D%0Amode: enforce%0D%0A"
                     "mx: a.example%0D%0Amax_age: 86400%0D%0A");

    is_int((long long) generator->n_warnings, 1, "a policy's mode is not used");
    ok(mta_sts_str_starts(generator->warnings[0],
                          mta_sts_str("only the mx of the policy")),
       "which is a warning");
}


/* What is pasted as report address, and the record. */

static void
test_reports(void)
{
    size_t                i;
    char                  query[256], expected[256];
    mta_sts_generator_t  *generator;

    static const char *const  tests[][2] = {
        { "a@b.example", "mailto:a@b.example" },
        { "a@b.example c@d.example", "mailto:a@b.example,mailto:c@d.example" },
        { "a@b.example,c@d.example", "mailto:a@b.example,mailto:c@d.example" },
        { "a@b.example, https://d.example/",
          "mailto:a@b.example,https://d.example/" },
        { "mailto:a@b.example,mailto:c@d.example",
          "mailto:a@b.example,mailto:c@d.example" },
        { "mailto:a,b@c.example", "mailto:a%2Cb@c.example" },
        { "https://a.example/x,y,https://b.example/",
          "https://a.example/x%2Cy,https://b.example/" },
        { "v=TLSRPTv1; rua=mailto:a@b.example", "mailto:a@b.example" },
        { "v=TLSRPTv1; rua=mailto:a@b.example,https://c.example/;",
          "mailto:a@b.example,https://c.example/" },
        { "rua=a@b.example;", "mailto:a@b.example" }
    };

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        (void) snprintf(query, sizeof(query), FORM_MX "&tlsrpt_rua=%s",
                        tests[i][0]);
        (void) snprintf(expected, sizeof(expected), "v=TLSRPTv1; rua=%s",
                        tests[i][1]);

        generator = form(query);

        is_str(generator->result.n_records == 2
               ? generator->result.records[1].value : mta_sts_str("an error"),
               mta_sts_str_from(expected), "%s", tests[i][0]);
    }
}


int
main(void)
{
    test_pasted();
    test_reports();

    return done();
}
