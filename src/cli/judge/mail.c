/*
 * The mail servers of a domain, as a sender with a policy sees them (RFC 8461,
 * 4.2).
 */

#include "policy/policy.h"
#include "judge.h"


/* What an SMTP session ended with before TLS was established. */

static void
mail_refused(const fetch_t *fetch, findings_t *findings)
{
    if (!fetch->connected) {
        finding_add(findings, SMTP_CONNECT, "%s at %s: no connection on port "
                    "25 (%s); many networks block it, try from another",
                    fetch->host, fetch->address,
                    fetch->code == CURLE_OPERATION_TIMEDOUT ? "timeout"
                                                            : "refused");
        return;
    }

    switch (fetch->code) {

    case CURLE_USE_SSL_FAILED:
        finding_add(findings, SMTP_STARTTLS, "%s at %s: STARTTLS is not "
                    "offered or refused (\"%s\"); switch TLS on",
                    fetch->host, fetch->address, fetch->line);
        return;

    case CURLE_SSL_CONNECT_ERROR:
        finding_add(findings, SMTP_TLS, "%s at %s: the TLS handshake fails "
                    "(%s); TLS 1.2 or newer must work", fetch->host,
                    fetch->address, fetch->error);
        return;

    default:
        finding_add(findings, SMTP_ANSWER, "%s at %s: the server does not "
                    "speak SMTP as it should (%s; \"%s\")", fetch->host,
                    fetch->address, fetch->error, fetch->line);
    }
}


static void
mail_server(const probe_host_t *host, time_t now, findings_t *findings)
{
    size_t          i;
    const fetch_t  *fetch;

    if (!mta_sts_name_is_host(host->name)) {
        finding_add(findings, MX_HOST_NONE, "\"%.*s\" is not a host name, so "
                    "no mail is delivered there", MTA_STS_SHOW(host->name));
        return;
    }

    judge_addresses(host, MX_HOST_DNS, findings);

    if (host->a.alias || host->aaaa.alias) {
        finding_add(findings, MX_CNAME, "%.*s is an alias, which an MX must "
                    "not name; name its target", MTA_STS_SHOW(host->name));
    }

    for (i = 0; i < host->n; i++) {
        fetch = host->fetches[i];

        if (fetch->no_route) {
            finding_add(findings, SMTP_NO_ROUTE, "%s at %s: not tried, this "
                        "machine has no route to it", fetch->host,
                        fetch->address);

        } else if (fetch->secure) {
            cert_findings(&fetch->cert, fetch->address, now, SMTP_CERT_NAME,
                          findings);

        } else {
            mail_refused(fetch, findings);
        }
    }
}


void
mail_findings(const facts_t *facts, findings_t *findings)
{
    size_t  i;

    if (facts->mx.status == DNS_FAILED) {
        finding_add(findings, MX_DNS, "the lookup of the MX records fails: %s",
                    facts->mx.error);

    } else if (facts->mx.status == DNS_EMPTY) {
        finding_add(findings, MX_NONE, "no MX record; mail goes to the "
                    "domain's own address, if it has one");

    } else if (facts->n_mail == 0) {
        finding_add(findings, MX_NULL, "the MX record is \".\": the domain "
                    "accepts no mail, and needs no policy");
    }

    if (facts->n_more) {
        finding_add(findings, SMTP_NO_ROUTE, "%zu mail servers not tried: %d "
                    "are looked at", facts->n_more, PROBE_MX);
    }

    for (i = 0; i < facts->n_mail; i++) {
        mail_server(facts->mail[i], facts->now, findings);
    }
}
