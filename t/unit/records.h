/*
 * Records for the tests: what is wanted of which domain, and what came out, as
 * one text.
 */

#ifndef MTA_STS_TEST_RECORDS_H
#define MTA_STS_TEST_RECORDS_H


#include "records/records.h"
#include "set.h"
#include "values.h"


#define RECORDS_MAIL  "mx mail.example.com\nmode enforce"
#define RECORDS_RUA   RECORDS_MAIL "\ntlsrpt_rua mailto:a@example.com"

#define RECORDS_STS   "v=STSv1; id=a5963b31a082635c6ec6;"
#define RECORDS_RPT   "v=TLSRPTv1; rua=mailto:a@example.com"


/* A domain at a line of TEST_FILE. */

static inline mta_sts_entry_t
entry_of(const char *domain, const mta_sts_policy_t *policy, unsigned line)
{
    mta_sts_entry_t  entry;

    if (policy == NULL) {
        abort();
    }

    memset(&entry, 0, sizeof(mta_sts_entry_t));

    entry.domain = mta_sts_str_from(domain);
    entry.policy = policy;
    entry.place.file = TEST_FILE;
    entry.place.line = line;

    return entry;
}


/* What is wanted with the usual TTL; hosts are targets, separated by " ". */

static inline mta_sts_record_wanted_t
wanted_of(const char *delegate, int customer, const char *hosts)
{
    size_t                    n;
    mta_sts_value_t           values[VALUES_MAX];
    mta_sts_target_t         *targets;
    mta_sts_record_wanted_t   wanted;

    n = values_of(hosts, values);
    targets = test_alloc(&test, VALUES_MAX * sizeof(mta_sts_target_t));

    memset(&wanted, 0, sizeof(mta_sts_record_wanted_t));

    wanted.ttl = MTA_STS_RECORD_TTL;
    wanted.delegate = mta_sts_str_from(delegate);
    wanted.customer = customer;
    wanted.targets = targets;

    if (mta_sts_target_set("policy host", values, n, &test.env, targets,
                           &wanted.n_targets, &test.err)
        != MTA_STS_OK)
    {
        abort();
    }

    return wanted;
}


/* Appends each record as "NAME TTL TYPE VALUE" and a line end. */

static inline void
records_add(mta_sts_buf_t *text, const mta_sts_record_t *records, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        mta_sts_buf_add(text, records[i].name);
        mta_sts_buf_add_cstr(text, " ");
        mta_sts_buf_add_uint(text, records[i].ttl);
        mta_sts_buf_add_cstr(text, " ");
        mta_sts_buf_add(text, records[i].type);
        mta_sts_buf_add_cstr(text, " ");
        mta_sts_buf_add(text, records[i].value);
        mta_sts_buf_add_cstr(text, "\n");
    }
}


#endif /* MTA_STS_TEST_RECORDS_H */
