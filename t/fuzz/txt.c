/*
 * The parsers of TXT records: an id or a rua that they find is found again,
 * without a finding, in a record made of it.  Each line is a TXT record; its
 * first byte says how many strings it has.
 */

#include "cli/judge/judge.h"
#include "fuzz.h"


#define RECORDS  8


static void
check_findings(findings_t *findings)
{
    size_t         i, j, n;
    mta_sts_str_t  text;

    n = findings->n;

    finding_settle(findings, MTA_STS_ENFORCE);

    fuzz_check(findings->n <= n, FUZZ_NONE, FUZZ_NONE);

    for (i = 0; i < findings->n; i++) {
        text = findings->elts[i].text;

        fuzz_check(text.len > 0, text, FUZZ_NONE);

        for (j = 0; j < text.len; j++) {
            fuzz_check(text.data[j] >= ' ' && text.data[j] <= '~', text,
                       FUZZ_NONE);
        }
    }
}


static size_t
split(mta_sts_str_t text, dns_record_t *records)
{
    size_t       n;
    const char  *end;

    for (n = 0; n < RECORDS && text.len; n++) {
        records[n].strings = (unsigned char) text.data[0] & 1 ? 1 : 2;

        text = mta_sts_str_after(text, 1);
        end = memchr(text.data, '\n', text.len);

        records[n].text = text;

        if (end) {
            records[n].text.len = (size_t) (end - text.data);
        }

        text = mta_sts_str_after(text, records[n].text.len + (end != NULL));
    }

    return n;
}


static void
check_again(mta_sts_str_t value, const char *front, const char *behind,
    mta_sts_str_t (*parse)(const dns_record_t *, size_t, findings_t *),
    const mta_sts_env_t *env, int clean)
{
    dns_record_t           record;
    findings_t      findings = { env, NULL, 0, 0, 0, 0 };
    mta_sts_str_t   again;
    mta_sts_buf_t  text = { env, NULL, 0, 0 };

    mta_sts_buf_add_cstr(&text, front);
    mta_sts_buf_add(&text, value);
    mta_sts_buf_add_cstr(&text, behind);

    record.text = mta_sts_buf_str(&text);
    record.strings = 1;

    again = parse(&record, 1, &findings);

    fuzz_check(mta_sts_str_eq(value, again), value, again);
    fuzz_check(!clean || findings.n == 0, value,
               findings.n ? findings.elts[0].text : FUZZ_NONE);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dns_record_t                 records[RECORDS];
    size_t                n;
    findings_t            findings = { NULL, NULL, 0, 0, 0, 0 };
    mta_sts_str_t         id, rua;
    const mta_sts_env_t  *env;

    env = fuzz_begin();
    n = split(fuzz_str(data, size), records);

    findings.env = env;

    id = txt_sts(records, n, &findings);

    fuzz_check(id.len <= 32, id, FUZZ_NONE);
    fuzz_check(id.len || findings.n, FUZZ_NONE, FUZZ_NONE);
    check_findings(&findings);

    if (id.len) {
        check_again(id, "v=STSv1; id=", ";", txt_sts, env, 1);
    }

    memset(&findings, 0, sizeof(findings_t));
    findings.env = env;

    rua = txt_tlsrpt(records, n, &findings);

    fuzz_check(rua.len || findings.n, FUZZ_NONE, FUZZ_NONE);

    if (rua.len) {
        check_again(rua, "v=TLSRPTv1; rua=", "", txt_tlsrpt, env,
                    findings.n == 0);
    }

    check_findings(&findings);

    return 0;
}
