/*
 * Records a run of check over many healthy domains in a state, without any
 * network: the facts are made here.  A second run records the same again.
 *
 * usage: state DIR DOMAINS
 */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/diag/diag.h"
#include "cli/state/state.h"


static char  body[] = "version: STSv1\r\nmode: enforce\r\n"
                      "mx: mx1.hoster.example\r\nmx: mx2.hoster.example\r\n"
                      "max_age: 1209600\r\n";


static dns_answer_t
answer_of(dns_record_t *records, size_t n)
{
    dns_answer_t  answer;

    memset(&answer, 0, sizeof(dns_answer_t));

    answer.status = n ? DNS_FOUND : DNS_EMPTY;
    answer.ttl = 3600;
    answer.records = records;
    answer.n = n;

    return answer;
}


/* A mail server with a valid certificate. */

static void
mail_of(probe_host_t *host, fetch_t *fetch, const char *name, time_t now)
{
    memset(host, 0, sizeof(probe_host_t));
    memset(fetch, 0, sizeof(fetch_t));

    host->name = mta_sts_str_from(name);
    host->fetches[0] = fetch;
    host->n = 1;

    fetch->cert.host = name;
    fetch->cert.seen = 1;
    fetch->cert.named = 1;
    fetch->cert.not_before = now - 86400;
    fetch->cert.not_after = now + 60 * 86400;
}


int
main(int argc, char **argv)
{
    char               name[64], txt[64], id[MTA_STS_ID_LEN + 1];
    long               i, n;
    state_t           *state;
    facts_t            facts;
    fetch_t            policy[2], smtp[2];
    result_t           result;
    probe_host_t       mail[2];
    dns_record_t       record, addresses[2];
    mta_sts_entry_t    entry;
    mta_sts_policy_t   configured;
    mta_sts_digest_t   digest = { NULL };

    if (argc != 3) {
        return 2;
    }

    n = atol(argv[2]);

    memset(&facts, 0, sizeof(facts_t));
    memset(&result, 0, sizeof(result_t));
    memset(&entry, 0, sizeof(mta_sts_entry_t));
    memset(&record, 0, sizeof(dns_record_t));
    memset(addresses, 0, sizeof(addresses));
    memset(policy, 0, sizeof(policy));

    facts.now = time(NULL);
    facts.what = PROBE_POLICY|PROBE_RECORDS|PROBE_SMTP;

    (void) mta_sts_digest_id(&digest, mta_sts_str_from(body), id);
    (void) snprintf(txt, sizeof(txt), "v=STSv1; id=%s;", id);

    record.text = mta_sts_str_from(txt);
    record.strings = 1;
    facts.txt = answer_of(&record, 1);
    facts.mx = answer_of(NULL, 0);

    for (i = 0; i < 2; i++) {
        addresses[i].text = i ? mta_sts_str("192.0.2.2")
                              : mta_sts_str("192.0.2.1");
        policy[i].code = CURLE_OK;
        policy[i].status = 200;
        policy[i].body = mta_sts_str_from(body);
        memcpy(policy[i].address, addresses[i].text.data,
               addresses[i].text.len);
        facts.host.fetches[i] = &policy[i];
        mail_of(&mail[i], &smtp[i], i ? "mx2.hoster.example"
                                      : "mx1.hoster.example", facts.now);
        facts.mail[i] = &mail[i];
    }

    facts.host.n = 2;
    facts.host.a = answer_of(addresses, 2);
    facts.host.aaaa = answer_of(NULL, 0);
    facts.n_mail = 2;

    entry.policy = &configured;
    result.facts = &facts;
    result.entry = &entry;
    result.now = facts.now;

    state = state_open(argv[1]);

    for (i = 0; i < n; i++) {
        (void) snprintf(name, sizeof(name), "customer-%07ld.example", i);
        entry.domain = mta_sts_str_from(name);
        state_record(state, &result);
    }

    mta_sts_digest_free(&digest);

    return state_close(state) ? 0 : 3;
}
