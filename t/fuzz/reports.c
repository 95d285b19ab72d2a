/*
 * The reader of TLS reports: JSON, gzip or mails, by their first byte.  No text
 * exceeds its bound or has control characters, counts are within theirs, and a
 * second reading gives the same digest.
 */

#include "cli/reports/reports.h"
#include "fuzz.h"


static const mta_sts_env_t  *env;


static void
check_text(mta_sts_str_t text)
{
    size_t  i;

    fuzz_check(text.len <= REPORTS_TEXT_MAX, text, FUZZ_NONE);

    for (i = 0; i < text.len; i++) {
        fuzz_check((unsigned char) text.data[i] >= ' '
                   && text.data[i] != 0x7f, text, FUZZ_NONE);
    }
}


static void
check_count(int64_t n)
{
    fuzz_check(n >= 0 && n <= REPORTS_COUNT_MAX, FUZZ_NONE, FUZZ_NONE);
}


static void
check_policy(const reports_policy_t *policy)
{
    size_t  i;

    check_text(policy->domain);
    check_text(policy->mode);
    check_count(policy->good);
    check_count(policy->failed);

    fuzz_check(policy->n_details <= REPORTS_DETAILS_MAX, FUZZ_NONE, FUZZ_NONE);

    for (i = 0; i < policy->n_details; i++) {
        check_text(policy->details[i].result);
        check_text(policy->details[i].mx);
        check_text(policy->details[i].reason);
        check_count(policy->details[i].sessions);
    }
}


static void
check_json(mta_sts_str_t text)
{
    size_t            i;
    mta_sts_err_t     err;
    reports_report_t  report, again;

    if (reports_json(text, env, &report, &err) != MTA_STS_OK) {
        fuzz_check_error(&err);
        return;
    }

    check_text(report.organization);
    check_text(report.contact);
    check_text(report.id);

    fuzz_check(report.end >= report.begin, text, FUZZ_NONE);
    fuzz_check(report.n_policies <= REPORTS_POLICIES_MAX, text, FUZZ_NONE);

    for (i = 0; i < report.n_policies; i++) {
        check_policy(&report.policies[i]);
    }

    fuzz_check(reports_json(text, env, &again, &err) == MTA_STS_OK
               && memcmp(report.digest, again.digest, 65) == 0, text,
               FUZZ_NONE);
}


static void
check_data(mta_sts_str_t data)
{
    mta_sts_err_t  err;
    mta_sts_str_t  text;

    if (!reports_is_gzip(data)) {
        check_json(data);

    } else if (reports_unpack(data, env, &text, &err) == MTA_STS_OK) {
        fuzz_check(text.len <= REPORTS_INPUT_MAX, FUZZ_NONE, FUZZ_NONE);
        check_json(text);

    } else {
        fuzz_check_error(&err);
    }
}


static void
check_part(void *ctx, const reports_mail_t *mail)
{
    (void) ctx;

    check_text(mail->signer);
    check_data(mail->data);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mta_sts_str_t  text, trusted = mta_sts_str("mx");

    env = fuzz_begin();
    text = fuzz_str(data, size);

    if (size && data[0] != 'M') {
        check_data(text);

    } else {
        (void) reports_mail(mta_sts_str_after(text, size != 0), &trusted, 1,
                            env, check_part, NULL);
    }

    return 0;
}
