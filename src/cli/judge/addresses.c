/*
 * Addresses: whether hosts have some, which of them are looked at, and what
 * each of the policy host gives.
 */

#include <arpa/inet.h>

#include "judge.h"


void
address_findings(const probe_host_t *host, finding_kind_e dns,
    findings_t *findings)
{
    size_t               i;
    const char          *where;
    const dns_answer_t  *answers[] = { &host->a, &host->aaaa };

    where = host->name.data;

    for (i = 0; i < 2; i++) {
        if (answers[i]->status == DNS_FAILED) {
            finding_add(findings, dns, where, "the lookup of its addresses "
                        "fails: %s", answers[i]->error);
        }
    }

    if (host->a.status == DNS_EMPTY && host->aaaa.status == DNS_EMPTY) {
        finding_add(findings, dns + 1, where, "no address; publish an A or "
                    "AAAA record");
    }

    if (host->n_more) {
        finding_add(findings, dns + 2, where, "%zu address%s not tried: %zu "
                    "are looked at", host->n_more,
                    host->n_more == 1 ? "" : "es", host->started);
    }

    if (host->n_family && host->n_family == host->n_addresses) {
        finding_add(findings, dns + 2, where, "it has no address of the "
                    "family that is looked at");

    } else if (host->n_family) {
        finding_add(findings, dns + 3, where, "addresses of the other family "
                    "are left out: %zu", host->n_family);
    }
}


/*
 * Address ranges that senders cannot reach.  Private ones may be what only this
 * machine's resolver answers.
 */

static const struct {
    unsigned char  begin[2];
    unsigned char  mask[2];
    int            ipv6;
    int            private;
} addresses_private[] = {
    { { 0, 0 }, { 255, 0 }, 0, 0 },
    { { 127, 0 }, { 255, 0 }, 0, 0 },
    { { 169, 254 }, { 255, 255 }, 0, 0 },
    { { 10, 0 }, { 255, 0 }, 0, 1 },
    { { 172, 16 }, { 255, 240 }, 0, 1 },
    { { 192, 168 }, { 255, 255 }, 0, 1 },
    { { 100, 64 }, { 255, 192 }, 0, 1 },
    { { 0, 0 }, { 255, 255 }, 1, 0 },             /* ::, ::1 */
    { { 0xfe, 0x80 }, { 255, 192 }, 1, 0 },
    { { 0xfc, 0 }, { 254, 0 }, 1, 1 }
};


#define ADDRESSES_PRIVATE                                                     \
    (sizeof(addresses_private) / sizeof(addresses_private[0]))


static void
addresses_public(const char *text, findings_t *findings)
{
    int            ipv6;
    size_t         i;
    unsigned char  address[16];

    ipv6 = strchr(text, ':') != NULL;

    if (inet_pton(ipv6 ? AF_INET6 : AF_INET, text, address) != 1) {
        return;
    }

    for (i = 0; i < ADDRESSES_PRIVATE; i++) {
        if (addresses_private[i].ipv6 != ipv6
            || (address[0] & addresses_private[i].mask[0])
               != addresses_private[i].begin[0]
            || (address[1] & addresses_private[i].mask[1])
               != addresses_private[i].begin[1])
        {
            continue;
        }

        findings->lower = addresses_private[i].private;

        finding_add(findings, HOST_PRIVATE, text, "not a public address: "
                    "senders cannot reach it%s",
                    findings->lower ? ", unless they see another one" : "");

        findings->lower = 0;
        return;
    }
}


/* Do the CAA records have "issue" only for nobody (RFC 8659, 4.2)? */

static void
addresses_caa(const facts_t *facts, findings_t *findings)
{
    size_t         i, issue;
    mta_sts_str_t  text, ca;

    for (i = 0, issue = 0; i < facts->caa.n; i++) {
        text = facts->caa.records[i].text;

        if (!mta_sts_str_starts(text, mta_sts_str("issue "))) {
            continue;
        }

        text = mta_sts_str_after(text, 6);
        issue++;

        if (field_next(&text, ';', &ca) && field_trim(ca).len) {
            return;
        }
    }

    if (issue) {
        finding_add(findings, HOST_CAA, NULL, "the CAA records forbid every "
                    "CA to issue the certificate that is needed");
    }
}


/* Senders fall back from an address without a connection to another one. */

static int
addresses_is_dead(const fetch_t *fetch)
{
    return !fetch->connected && !fetch->no_route && !fetch->no_socket;
}


void
host_findings(const facts_t *facts, findings_t *findings)
{
    int                  read;
    size_t               i;
    const probe_host_t  *host;

    host = &facts->host;

    address_findings(host, HOST_DNS, findings);
    addresses_caa(facts, findings);

    for (i = 0, read = 0; i < host->n; i++) {
        read |= served_is_read(host->fetches[i], facts->now);
    }

    for (i = 0; i < host->n; i++) {
        addresses_public(host->fetches[i]->address, findings);

        findings->lower = read && addresses_is_dead(host->fetches[i]);
        served_findings(host->fetches[i], facts->now, findings);
        findings->lower = 0;
    }
}
