/*
 * The reader of TLS reports: JSON, gzip or mails, by their first byte.  No text
 * exceeds its bound or has control characters, counts are within theirs, and a
 * second reading gives the same digest.  In the store a report counts once, and
 * what summaries and evidence say are the sums of its policies, also after it
 * has been dropped.
 */

#include <unistd.h>

#include "cli/reports/reports.h"
#include "fuzz.h"


#define FUZZ_DAYS  4000000            /* before the first year there is */

static const mta_sts_env_t  *env;

static store_t  *store;
static char      store_dir[] = "/tmp/fuzz-reports-XXXXXX";


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
store_ok(int rc, const mta_sts_err_t *err)
{
    fuzz_check(rc == MTA_STS_OK, mta_sts_str_from(err->text), FUZZ_NONE);
}


static void
store_remove(void)
{
    char    file[64];
    size_t  i;

    static const char *const  names[] = { "", "-wal", "-shm" };

    store_close(store);

    for (i = 0; i < 3; i++) {
        (void) snprintf(file, sizeof(file), "%s/reports.sqlite%s", store_dir,
                        names[i]);
        (void) unlink(file);
    }

    (void) rmdir(store_dir);
}


static void
store_begin_fuzz(void)
{
    mta_sts_err_t  err;

    if (store == NULL) {
        store = mkdtemp(store_dir) ? store_open(store_dir, 1, &err) : NULL;

        fuzz_check(store != NULL, FUZZ_NONE, FUZZ_NONE);
        store_ok(store_exec(store, "PRAGMA synchronous = OFF", &err), &err);

        (void) atexit(store_remove);
    }
}


/* What a domain's reports say against the policies of the only one. */

static void
check_sums(const reports_report_t *report, mta_sts_str_t domain, int details)
{
    size_t            i, k;
    int64_t           good, failed, named, seen;
    summary_t         summary;
    mta_sts_err_t     err;
    reports_type_e    type;
    reports_policy_t *policy;

    memset(&summary, 0, sizeof(summary_t));
    summary.now = report->end;
    summary.days = FUZZ_DAYS;

    store_ok(summary_read(&summary, store, &domain, 1, env, &err), &err);

    for (type = REPORTS_STS; type <= REPORTS_OTHER; type++) {
        good = failed = named = seen = 0;

        for (i = 0; i < report->n_policies; i++) {
            policy = &report->policies[i];

            if (policy->type != type || !mta_sts_str_eq(policy->domain, domain))
            {
                continue;
            }

            good += policy->good;
            failed += policy->failed;

            for (k = 0; k < policy->n_details; k++) {
                named += policy->details[k].sessions;
            }
        }

        fuzz_check(summary.domains[0].sessions[type][0].good == good
                   && summary.domains[0].sessions[type][0].failed == failed,
                   domain, FUZZ_NONE);

        for (i = 0; i < summary.domains[0].failures.n; i++) {
            if (summary.domains[0].failures.elts[i].type == type) {
                seen += summary.domains[0].failures.elts[i].failed;
            }
        }

        fuzz_check(seen == (details ? named : 0)
                   || summary.domains[0].failures.n == 200, domain, FUZZ_NONE);
    }
}


/* Evidence has every session that failed, with or without a detail. */

static void
check_evidence(const reports_report_t *report, mta_sts_str_t domain)
{
    size_t              i, k;
    int64_t             named, failed, seen;
    evidence_t          evidence;
    mta_sts_err_t       err;
    evidence_reader_t  *reader;

    reader = evidence_open(store_dir);
    evidence_read(reader, domain, INT64_MIN, env, &evidence);

    fuzz_check(evidence.status == EVIDENCE_READ && evidence.taken,
               mta_sts_str_from(evidence.why), FUZZ_NONE);
    fuzz_check(evidence_close(reader, &err), FUZZ_NONE, FUZZ_NONE);

    for (i = 0, failed = 0; i < report->n_policies; i++) {
        if (!mta_sts_str_eq(report->policies[i].domain, domain)) {
            continue;
        }

        for (k = 0, named = 0; k < report->policies[i].n_details; k++) {
            named += report->policies[i].details[k].sessions;
        }

        failed += named > report->policies[i].failed
                  ? named : report->policies[i].failed;
    }

    for (i = 0, seen = 0; i < evidence.n; i++) {
        fuzz_check(!evidence.failures[i].verified, domain, FUZZ_NONE);
        seen += evidence.failures[i].sessions;
    }

    fuzz_check(seen == failed || evidence.n == 1000, domain, FUZZ_NONE);
}


static void
check_store(const reports_report_t *report)
{
    size_t            i;
    mta_sts_err_t     err;
    store_result_e    first, second;
    reports_origin_t  origin = { { "fuzz", 4 }, { "", 0 }, 1 };

    if (report->n_policies == 0) {
        return;
    }

    store_begin_fuzz();
    store_ok(store_begin(store, &err), &err);
    store_ok(store_add(store, report, &origin, &first, &err), &err);
    store_ok(store_add(store, report, &origin, &second, &err), &err);
    store_ok(store_commit(store, &err), &err);

    fuzz_check(first == STORE_NEW && second == STORE_KNOWN, FUZZ_NONE,
               FUZZ_NONE);

    for (i = 0; i < report->n_policies && i < 3; i++) {
        check_sums(report, report->policies[i].domain, 1);
        check_evidence(report, report->policies[i].domain);
    }

    store_ok(store_drop(store, report->end + 1, 0, &err), &err);

    for (i = 0; i < report->n_policies && i < 3; i++) {
        check_sums(report, report->policies[i].domain, 0);
    }

    store_ok(store_exec(store, "DELETE FROM day", &err), &err);
}


static void
check_json(mta_sts_str_t text)
{
    size_t            i;
    mta_sts_err_t     err;
    reports_report_t  report, again;

    if (reports_json(text, NULL, env, &report, &err) != MTA_STS_OK) {
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

    fuzz_check(reports_json(text, NULL, env, &again, &err) == MTA_STS_OK
               && memcmp(report.digest, again.digest, 65) == 0, text,
               FUZZ_NONE);

    check_store(&report);
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
    mta_sts_err_t  err;
    mta_sts_str_t  text, trusted = mta_sts_str("mx");

    env = fuzz_begin();
    text = fuzz_str(data, size);

    if (size && data[0] != 'M') {
        check_data(text);

    } else if (reports_mail(mta_sts_str_after(text, size != 0), &trusted, 1,
                            env, check_part, NULL, &err) != MTA_STS_OK)
    {
        fuzz_check_error(&err);
    }

    return 0;
}
