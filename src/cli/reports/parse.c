/*
 * JSON -> a report, as tolerant as real senders require: texts that are null,
 * missing counts, dates without a zone, an mx-host that is a text or a list,
 * unknown policy types.
 */

#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/diag/diag.h"
#include "policy/policy.h"
#include "reports.h"


/* A text, bounded and printable; empty for anything else. */

static mta_sts_str_t
parse_text(const json_t *value, const mta_sts_env_t *env)
{
    mta_sts_str_t  text = { "", 0 };

    if (!json_is_string(value)) {
        return text;
    }

    text.data = json_string_value(value);
    text.len = json_string_length(value);
    text.len = mta_sts_str_cut(text, REPORTS_TEXT_MAX);
    text = mta_sts_str_copy(env, text);

    mta_sts_str_clean((char *) text.data, text.len);

    return text;
}


/* A name in lower case and without trailing dot; empty if it is none. */

static mta_sts_str_t
parse_host(const json_t *value, const mta_sts_env_t *env)
{
    mta_sts_str_t  text, none = { "", 0 };

    text = parse_text(value, env);
    text.len = mta_sts_name_fold(text, (char *) text.data);

    return text.len && mta_sts_name_is_host(text) ? text : none;
}


/*
 * A number of sessions, also as a text: not negative, and not above
 * REPORTS_COUNT_MAX.
 */

static int64_t
parse_count(const json_t *value)
{
    double       n;
    const char  *text;

    n = json_number_value(value);
    text = json_string_value(value);

    if (text && *text && text[strspn(text, "0123456789")] == '\0') {
        n = strtod(text, NULL);
    }

    return !(n > 0) ? 0 : n < (double) REPORTS_COUNT_MAX ? (int64_t) n
                                                         : REPORTS_COUNT_MAX;
}


/*
 * RFC 3339; without a zone, UTC is meant, and seconds or the time may be
 * missing.  0 if it is none.
 */

static int64_t
parse_time(const json_t *value)
{
    int          hours, minutes, used;
    char         sign[2];
    struct tm    tm;
    const char  *text;

    memset(&tm, 0, sizeof(struct tm));

    text = json_string_value(value);
    text = text ? text : "";
    used = 0;

    (void) sscanf(text, "%4d-%2d-%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
                  &used);
    text += used;
    used = 0;

    (void) sscanf(text, "%*1[Tt ]%2d:%2d%n", &tm.tm_hour, &tm.tm_min, &used);
    text += used;
    used = 0;

    (void) sscanf(text, ":%2d%n", &tm.tm_sec, &used);
    text += used;

    if (tm.tm_year < 1970 || tm.tm_year > 9999
        || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31
        || tm.tm_hour < 0 || tm.tm_hour > 24 || tm.tm_min < 0 || tm.tm_min > 59
        || tm.tm_sec < 0 || tm.tm_sec > 60)
    {
        return 0;
    }

    tm.tm_year -= 1900;
    tm.tm_mon--;

    if (*text == '.') {
        text++;
        text += strspn(text, "0123456789");
    }

    hours = minutes = 0;

    if (sscanf(text, "%1[+-]%2d:%2d", sign, &hours, &minutes) >= 2) {
        hours = sign[0] == '-' ? -hours : hours;
        minutes = sign[0] == '-' ? -minutes : minutes;
    }

    return (int64_t) timegm(&tm) - 3600 * hours - 60 * minutes;
}


static reports_type_e
parse_type(const json_t *value)
{
    const char  *type;

    type = json_is_string(value) ? json_string_value(value) : "";

    return strcmp(type, "sts") == 0 ? REPORTS_STS
           : strcmp(type, "tlsa") == 0 ? REPORTS_TLSA
           : strcmp(type, "no-policy-found") == 0 ? REPORTS_NO_POLICY
           : REPORTS_OTHER;
}


/* The mode in a policy-string, a list of the policy's lines. */

static mta_sts_str_t
parse_mode(const json_t *lines, const mta_sts_env_t *env)
{
    size_t         i;
    mta_sts_str_t  line, mode, none = { "", 0 };

    for (i = 0; i < json_array_size(lines); i++) {
        line = parse_text(json_array_get(lines, i), env);

        if (!mta_sts_str_starts(line, mta_sts_str("mode:"))) {
            continue;
        }

        mode = mta_sts_str_after(line, sizeof("mode:") - 1);

        while (mta_sts_str_starts(mode, mta_sts_str(" "))) {
            mode = mta_sts_str_after(mode, 1);
        }

        if (mta_sts_str_eq(mode, mta_sts_str("enforce"))
            || mta_sts_str_eq(mode, mta_sts_str("testing"))
            || mta_sts_str_eq(mode, mta_sts_str("none")))
        {
            return mode;
        }
    }

    return none;
}


static void
parse_detail(const json_t *value, const mta_sts_env_t *env,
    reports_detail_t *detail)
{
    detail->result = parse_text(json_object_get(value, "result-type"), env);
    detail->mx = parse_host(json_object_get(value, "receiving-mx-hostname"),
                           env);
    detail->reason = parse_text(json_object_get(value, "failure-reason-code"),
                               env);
    detail->sessions = parse_count(json_object_get(value,
                                                  "failed-session-count"));
}


/*
 * Some senders give no sum: then it is the one of the details.  Otherwise the
 * sum counts, since a session may be in more than one of them.
 */

static void
parse_failed(const json_t *details, reports_policy_t *policy)
{
    size_t         i;
    int64_t        sum;
    const json_t  *count;

    for (i = 0, sum = 0; i < json_array_size(details); i++) {
        count = json_object_get(json_array_get(details, i),
                                "failed-session-count");
        sum += parse_count(count);
        sum = sum > REPORTS_COUNT_MAX ? REPORTS_COUNT_MAX : sum;
    }

    policy->failed = policy->failed ? policy->failed : sum;
}


static void
parse_policy(const json_t *value, const mta_sts_env_t *env,
    reports_policy_t *policy)
{
    size_t         i;
    const json_t  *applied, *summary, *details;

    applied = json_object_get(value, "policy");
    summary = json_object_get(value, "summary");
    details = json_object_get(value, "failure-details");

    policy->type = parse_type(json_object_get(applied, "policy-type"));
    policy->mode = parse_mode(json_object_get(applied, "policy-string"), env);
    policy->good = parse_count(json_object_get(summary,
                                       "total-successful-session-count"));
    policy->failed = parse_count(json_object_get(summary,
                                         "total-failure-session-count"));

    parse_failed(details, policy);

    policy->n_details = json_array_size(details);

    if (policy->n_details > REPORTS_DETAILS_MAX) {
        policy->n_details = REPORTS_DETAILS_MAX;
    }

    policy->details = env->alloc(env->ctx, (policy->n_details + 1)
                                           * sizeof(reports_detail_t));

    for (i = 0; i < policy->n_details; i++) {
        parse_detail(json_array_get(details, i), env, &policy->details[i]);
    }
}


static int
parse_digest_add(const char *text, size_t len, void *ctx)
{
    return EVP_DigestUpdate(ctx, text, len) == 1 ? 0 : -1;
}


/* A second copy of the text would take as much memory. */

static void
parse_digest(const json_t *root, char *hex)
{
    size_t          i;
    unsigned        len;
    EVP_MD_CTX     *md;
    unsigned char   hash[EVP_MAX_MD_SIZE];

    len = 0;
    md = EVP_MD_CTX_new();

    (void) EVP_DigestInit_ex(md, EVP_sha256(), NULL);
    (void) json_dump_callback(root, parse_digest_add, md,
                              JSON_COMPACT|JSON_SORT_KEYS);
    (void) EVP_DigestFinal_ex(md, hash, &len);

    EVP_MD_CTX_free(md);

    for (i = 0; i < len; i++) {
        (void) snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    }
}


/* Is a policy about one of our domains, or does it name none? */

static int
parse_is_ours(const json_t *value, const site_t *ours,
    const mta_sts_env_t *env, mta_sts_str_t *domain)
{
    const json_t  *name;

    name = json_object_get(json_object_get(value, "policy"), "policy-domain");

    *domain = parse_host(name, env);

    if (domain->len == 0) {
        return json_string_length(name) == 0;
    }

    return ours == NULL || site_has(ours, *domain);
}


static void
parse_policies(const json_t *policies, const site_t *ours,
    const mta_sts_env_t *env, reports_report_t *report)
{
    size_t             i, n;
    mta_sts_str_t      domain;
    const json_t      *value;
    reports_policy_t  *policy;

    n = json_array_size(policies);
    n = n > REPORTS_POLICIES_MAX ? REPORTS_POLICIES_MAX : n;

    report->policies = env->alloc(env->ctx, (n + 1) * sizeof(reports_policy_t));

    for (i = 0; i < json_array_size(policies)
                && report->n_policies < REPORTS_POLICIES_MAX; i++)
    {
        value = json_array_get(policies, i);

        if (parse_is_ours(value, ours, env, &domain)) {
            policy = &report->policies[report->n_policies++];
            policy->domain = domain;
            parse_policy(value, env, policy);
        }
    }
}


static int
parse_range(const json_t *range, reports_report_t *report, mta_sts_err_t *err)
{
    report->begin = parse_time(json_object_get(range, "start-datetime"));
    report->end = parse_time(json_object_get(range, "end-datetime"));

    if (report->begin <= 0) {
        report->begin = report->end;
    }

    if (report->end < report->begin) {
        report->end = report->begin;
    }

    if (report->begin <= 0) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "not a TLS report: it has "
                             "no valid date-range");
    }

    return report->end - report->begin <= (int64_t) REPORTS_RANGE_MAX * 86400
           ? MTA_STS_OK
           : mta_sts_error(err, MTA_STS_NOWHERE, "the date-range has more than "
                           "%d days", REPORTS_RANGE_MAX);
}


static int
parse_report(const json_t *root, const site_t *ours,
    const mta_sts_env_t *env, reports_report_t *report, mta_sts_err_t *err)
{
    const json_t  *policies;

    policies = json_object_get(root, "policies");

    report->organization = parse_text(json_object_get(root,
                                                     "organization-name"), env);
    report->contact = parse_text(json_object_get(root, "contact-info"), env);
    report->id = parse_text(json_object_get(root, "report-id"), env);

    if (json_array_size(policies) == 0) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "not a TLS report: it has "
                             "no list of policies");
    }

    if (parse_range(json_object_get(root, "date-range"), report, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    parse_policies(policies, ours, env, report);
    parse_digest(root, report->digest);

    return MTA_STS_OK;
}


int
reports_json(mta_sts_str_t text, const site_t *ours,
    const mta_sts_env_t *env, reports_report_t *report, mta_sts_err_t *err)
{
    int           rc;
    json_t       *root;
    json_error_t  error;

    memset(report, 0, sizeof(reports_report_t));

    /* some editors begin a file with a byte order mark */

    if (mta_sts_str_starts(text, mta_sts_str("\xef\xbb\xbf"))) {
        text = mta_sts_str_after(text, 3);
    }

    if (reports_measure_json(text, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    json_set_alloc_funcs(diag_malloc, free);

    /* numbers as reals: an integer may exceed 64 bits, and 5.0 is 5 */

    root = json_loadb(text.data, text.len, JSON_ALLOW_NUL
                      |JSON_DECODE_INT_AS_REAL|JSON_REJECT_DUPLICATES, &error);

    if (root == NULL) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "not JSON: line %d: %s",
                             error.line, error.text);
    }

    rc = parse_report(root, ours, env, report, err);

    json_decref(root);

    return rc;
}
