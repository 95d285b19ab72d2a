/*
 * What a mail server shows to a sender that follows a policy (RFC 8461, 4.2).
 */

#include <search.h>
#include <stdlib.h>

#include "cli/diag/diag.h"
#include "policy/policy.h"
#include "check.h"


#define MAIL_ADDRESSES  8             /* that are tried of one server */


typedef struct mail_waiter_s  mail_waiter_t;

struct mail_waiter_s {
    mail_done_pt    done;
    void           *ctx;
    mail_waiter_t  *next;
};


struct mail_server_s {
    mta_sts_str_t    host;            /* the first: the tree's key */
    mail_t          *mail;
    mail_waiter_t   *waiters;
    unsigned         pending;         /* lookups and transfers */
    unsigned         addresses;
    int              failed;          /* a lookup has */
    mta_sts_env_t    env;
    findings_t       findings;
    certs_t          certs;
};


static int
mail_cmp(const void *a, const void *b)
{
    return mta_sts_str_cmp(*(const mta_sts_str_t *) a,
                           *(const mta_sts_str_t *) b);
}


static void
mail_end(mail_server_t *server)
{
    mail_waiter_t  *waiter;

    if (--server->pending) {
        return;
    }

    while (server->waiters) {
        waiter = server->waiters;
        server->waiters = waiter->next;

        waiter->done(waiter->ctx, &server->findings, &server->certs);
    }
}


/* What an SMTP session ended with, before TLS was there. */

static void
mail_refused(mail_server_t *server, const fetch_t *fetch)
{
    findings_t  *findings;

    findings = &server->findings;

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
mail_fetched(void *ctx, const fetch_t *fetch)
{
    mail_server_t *server = ctx;

    server->findings.failed |= fetch->memory;

    if (fetch->no_route) {
        finding_add(&server->findings, SMTP_NO_ROUTE, "%s at %s: not tried, "
                    "this machine has no route to it", fetch->host,
                    fetch->address);

    } else if (!fetch->secure) {
        mail_refused(server, fetch);

    } else {
        cert_findings(&fetch->cert, fetch->address, server->mail->net->now,
                      SMTP_CERT_NAME, &server->findings);

        certs_add(&server->certs, 1, server->host,
                  mta_sts_str_from(fetch->address), fetch->cert.not_after);
    }

    mail_end(server);
}


static void
mail_address(void *ctx, const dns_answer_t *answer)
{
    size_t          i;
    mail_server_t  *server = ctx;

    server->findings.failed |= answer->memory;

    if (answer->status == DNS_FAILED) {
        server->failed = 1;
        finding_add(&server->findings, MX_HOST_DNS, "%.*s: the lookup of its "
                    "addresses fails: %s", MTA_STS_SHOW(server->host),
                    answer->error);
    }

    if (answer->alias && !finding_has(&server->findings, MX_CNAME)) {
        finding_add(&server->findings, MX_CNAME, "%.*s is an alias, which an "
                    "MX must not name; name its target",
                    MTA_STS_SHOW(server->host));
    }

    for (i = 0; i < answer->n; i++) {

        if (++server->addresses > MAIL_ADDRESSES || !server->mail->smtp) {
            continue;
        }

        server->pending++;

        if (fetch_start(server->mail->net, FETCH_SMTP, server->host.data,
                        answer->records[i].text.data, mail_fetched, server)
            != MTA_STS_OK)
        {
            server->findings.failed = 1;
            server->pending--;
        }
    }

    /* the last of the two lookups */

    if (server->pending == 1 && server->addresses == 0 && !server->failed) {
        finding_add(&server->findings, MX_HOST_NONE, "%.*s has no address, so "
                    "no mail is delivered there", MTA_STS_SHOW(server->host));
    }

    mail_end(server);
}


static mail_server_t *
mail_new(mail_t *mail, mta_sts_str_t host)
{
    mail_server_t  *server;

    server = diag_alloc(&mail->arena, sizeof(mail_server_t));
    if (server == NULL) {
        return NULL;
    }

    memset(server, 0, sizeof(mail_server_t));

    server->mail = mail;
    server->env.alloc = diag_alloc;
    server->env.ctx = &mail->arena;
    server->findings.env = &server->env;
    server->certs.env = &server->env;
    server->host = mta_sts_str_copy(&server->env, host);

    if (server->host.data == NULL
        || tsearch(server, &mail->servers, mail_cmp) == NULL)
    {
        return NULL;
    }

    return server;
}


static void
mail_start(mail_server_t *server)
{
    if (!mta_sts_name_is_host(server->host)) {
        finding_add(&server->findings, MX_HOST_NONE, "\"%.*s\" is not a host "
                    "name, so no mail is delivered there",
                    MTA_STS_SHOW(server->host));
        server->pending = 1;
        mail_end(server);
        return;
    }

    server->pending = 2;

    dns_lookup(server->mail->net->dns, server->host, ns_t_a, mail_address,
               server);
    dns_lookup(server->mail->net->dns, server->host, ns_t_aaaa, mail_address,
               server);
}


int
mail_check(mail_t *mail, mta_sts_str_t host, mail_done_pt done, void *ctx)
{
    int              fresh;
    void           **found;
    mail_server_t   *server;
    mail_waiter_t   *waiter;

    found = tfind(&host, &mail->servers, mail_cmp);
    fresh = found == NULL;

    server = found ? *found : mail_new(mail, host);
    if (server == NULL) {
        return MTA_STS_ERROR;
    }

    if (!fresh && server->pending == 0) {
        done(ctx, &server->findings, &server->certs);
        return MTA_STS_OK;
    }

    waiter = diag_alloc(&mail->arena, sizeof(mail_waiter_t));
    if (waiter == NULL) {
        return MTA_STS_ERROR;
    }

    waiter->done = done;
    waiter->ctx = ctx;
    waiter->next = server->waiters;
    server->waiters = waiter;

    if (fresh) {
        mail_start(server);
    }

    return MTA_STS_OK;
}


static void
mail_forget(void *server)
{
    /* it is the arena's */

    (void) server;
}


void
mail_free(mail_t *mail)
{
    tdestroy(mail->servers, mail_forget);
    mta_sts_arena_free(&mail->arena);
}
