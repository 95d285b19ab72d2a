/*
 * The mail servers of a domain, as a sender with a policy sees them (RFC 8461,
 * 4.2).
 */

#include <arpa/inet.h>
#include <stdio.h>

#include "policy/policy.h"
#include "judge.h"


/*
 * An SMTP session that ended before TLS was established.  Where the server does
 * not talk to this machine, it may well talk to others.
 */

static void
mail_refused(const fetch_t *fetch, const char *where, findings_t *findings)
{
    int  answered;

    answered = fetch->line[0] != '\0';

    switch (fetch->code) {

    case CURLE_USE_SSL_FAILED:
        if (fetch->line[0] == '4') {
            finding_add(findings, SMTP_ANSWER, where, "STARTTLS is refused for "
                        "now (\"%s\"): try again later", fetch->line);
            return;
        }

        finding_add(findings, SMTP_STARTTLS, where, "STARTTLS is not offered "
                    "or refused (\"%s\"); enable TLS", fetch->line);
        return;

    case CURLE_SSL_CONNECT_ERROR:
        finding_add(findings, SMTP_TLS, where, "the TLS handshake fails (%s); "
                    "TLS 1.2 or newer must work", fetch->error);
        return;

    case CURLE_OPERATION_TIMEDOUT:
        finding_add(findings, SMTP_ANSWER, where, "could not look: %s in time",
                    answered ? "the SMTP session does not proceed"
                             : "no greeting");
        return;

    default:
        finding_add(findings, SMTP_ANSWER, where, "could not look: %s%s%s; is "
                    "this machine's address or name (--helo) refused there?",
                    answered ? "the server says \"" : fetch->error,
                    fetch->line, answered ? "\"" : "");
    }
}


static void
mail_address(const fetch_t *fetch, time_t now, findings_t *findings)
{
    char  where[FETCH_WHERE];

    (void) snprintf(where, sizeof(where), "%s at %s", fetch->host,
                    fetch->address);

    if (fetch->no_route) {
        finding_add(findings, SMTP_NO_ROUTE, where, "not tried, this machine "
                    "has no route to it");

    } else if (fetch->no_socket) {
        finding_add(findings, SMTP_NOT_TRIED, where, "not tried, no socket: "
                    "%s", strerror(fetch->no_socket));

    } else if (fetch->secure) {
        cert_findings(fetch, now, SMTP_CERT_NAME, findings);

    } else if (!fetch->connected) {
        finding_add(findings, SMTP_CONNECT, where, "no connection on port 25 "
                    "(%s); many networks block it, try from another",
                    fetch->code == CURLE_OPERATION_TIMEDOUT ? "timeout"
                                                            : "refused");

    } else {
        mail_refused(fetch, where, findings);
    }
}


static void
mail_server(const probe_host_t *host, time_t now, findings_t *findings)
{
    size_t         i;
    unsigned char  address[sizeof(struct in6_addr)];

    if (!mta_sts_name_is_host(host->name)) {

        if (inet_pton(AF_INET, host->name.data, address) == 1
            || inet_pton(AF_INET6, host->name.data, address) == 1)
        {
            finding_add(findings, MX_ADDRESS, host->name.data, "is an IP "
                        "address, which an MX record and an mx of a policy "
                        "must not have; give the server a name");
            return;
        }

        finding_add(findings, MX_HOST_NONE, NULL, "\"%.*s\" is not a host "
                    "name, so no mail is delivered there",
                    MTA_STS_SHOW(host->name));
        return;
    }

    address_findings(host, MX_HOST_DNS, findings);

    if (host->a.alias || host->aaaa.alias) {
        finding_add(findings, MX_CNAME, host->name.data, "is an alias, which "
                    "an MX must not name; name its target");
    }

    for (i = 0; i < host->n; i++) {
        mail_address(host->fetches[i], now, findings);
    }
}


/* Has one of the mail servers an address? */

static int
mail_has_address(const facts_t *facts)
{
    size_t  i;

    for (i = 0; i < facts->n_mail; i++) {
        if (facts->mail[i]->n_addresses) {
            return 1;
        }
    }

    return 0;
}


void
mail_findings(const facts_t *facts, findings_t *findings)
{
    size_t  i;

    if (facts->mx.status == DNS_FAILED) {
        finding_add(findings, MX_DNS, NULL, "the lookup of the MX records "
                    "fails: %s", facts->mx.error);

    } else if (facts->mx.status == DNS_EMPTY) {
        finding_add(findings, MX_NONE, NULL, "no MX record; mail goes to the "
                    "domain's own address, if it has one");

    } else if (facts->n_mail == 0) {
        finding_add(findings, MX_NULL, NULL, "the MX record is \".\": the "
                    "domain accepts no mail, and needs no policy");
    }

    if (facts->n_more) {
        finding_add(findings, SMTP_NOT_TRIED, NULL, "%zu mail server%s not "
                    "tried: %d are looked at", facts->n_more,
                    facts->n_more == 1 ? "" : "s", PROBE_MX);
    }

    /* senders fall back to another server */

    findings->lower = mail_has_address(facts);

    for (i = 0; i < facts->n_mail; i++) {
        if (facts->mail[i]->n_addresses == 0) {
            mail_server(facts->mail[i], facts->now, findings);
        }
    }

    findings->lower = 0;

    for (i = 0; i < facts->n_mail; i++) {
        if (facts->mail[i]->n_addresses) {
            mail_server(facts->mail[i], facts->now, findings);
        }
    }
}
