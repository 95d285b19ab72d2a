/*
 * From a transfer to what a sender would make of it (RFC 8461, 3.3).
 */

#include <strings.h>

#include "judge.h"


#define SERVED_SLOW  2000             /* ms: postfix-tlspol waits no longer */


int
served_wants_tls13(const fetch_t *fetch)
{
    return fetch->what == FETCH_POLICY && fetch->connected && !fetch->secure
           && fetch->code != CURLE_OPERATION_TIMEDOUT;
}


/* No answer at all, or not all of it. */

static void
served_broken(const fetch_t *fetch, findings_t *findings)
{
    if (fetch->too_large) {
        finding_add(findings, POLICY_TOO_LARGE, "%s: the answer's %s more "
                    "than %d KiB, and senders stop reading", fetch->address,
                    fetch->headers > FETCH_BODY_MAX ? "headers are"
                                              : "policy is",
                    FETCH_BODY_MAX / 1024);

    } else if (fetch->code == CURLE_OPERATION_TIMEDOUT) {
        finding_add(findings, POLICY_TIMEOUT, "%s: no answer within %ld ms%s",
                    fetch->address, fetch->ms,
                    fetch->connected ? "" : "; does a firewall drop port 443?");

    } else if (!fetch->connected) {
        finding_add(findings, POLICY_CONNECT, "%s: no connection on port 443 "
                    "(%s); is a web server listening there?", fetch->address,
                    fetch->error);

    } else if (!fetch->secure) {
        finding_add(findings, POLICY_TLS, "%s: the TLS handshake fails (%s); "
                    "TLS 1.2 must work", fetch->address, fetch->error);

    } else {
        finding_add(findings, POLICY_CLOSED, "%s: the connection ends before "
                    "the whole answer (%s)", fetch->address, fetch->error);
    }
}


/* The media type; RFC 8461 wants text/plain, with or without parameters. */

static void
served_type(const fetch_t *fetch, findings_t *findings)
{
    size_t         len;
    const char    *type;

    type = fetch->type ? fetch->type : "";
    len = strcspn(type, "; \t");

    if (len != 10 || strncasecmp(type, "text/plain", 10) != 0) {
        finding_add(findings, POLICY_TYPE, "%s: the media type is \"%s\", so "
                    "many senders reject the policy; it must be text/plain",
                    fetch->address, type);
        return;
    }

    if (strncmp(type, "text/plain", 10) != 0) {
        finding_add(findings, POLICY_TYPE_FORM, "%s: the media type \"%s\" has "
                    "capital letters, which KumoMTA rejects", fetch->address,
                    type);
        return;
    }

    type += 10;
    type += strspn(type, " \t");

    if (*type == '\0') {
        return;
    }

    type++;
    type += strspn(type, " \t");

    if (*type == '\0'
        || strcasecmp(type, "charset=utf-8") == 0
        || strcasecmp(type, "charset=\"utf-8\"") == 0
        || strcasecmp(type, "charset=us-ascii") == 0
        || strcasecmp(type, "charset=iso-8859-1") == 0)
    {
        return;
    }

    finding_add(findings, POLICY_TYPE_FORM, "%s: the media type is \"%s\"; "
                "with such a parameter postfix-mta-sts-resolver, maddy or "
                "postfix-tlspol reject the policy", fetch->address,
                fetch->type);
}


static int
served_status(const fetch_t *fetch, findings_t *findings)
{
    if (fetch->status == 200) {
        return 1;
    }

    if (fetch->status >= 300 && fetch->status < 400 && fetch->location) {
        finding_add(findings, POLICY_REDIRECT, "%s: status %ld, a redirect to "
                    "%s, which senders must not follow; serve the policy "
                    "here", fetch->address, fetch->status, fetch->location);

    } else {
        finding_add(findings, POLICY_STATUS, "%s: status %ld, must be 200",
                    fetch->address, fetch->status);
    }

    return 0;
}


static void
served_size(const fetch_t *fetch, findings_t *findings)
{
    if (fetch->body.len > MTA_STS_BODY_MAX) {
        finding_add(findings, POLICY_TOO_LARGE, "%s: the policy has %zu "
                    "bytes, and Postfix with TLSRPT defers all mail",
                    fetch->address, fetch->body.len);

    } else if (fetch->body.len > MTA_STS_BODY_WARN) {
        finding_add(findings, POLICY_LARGE, "%s: the policy has %zu bytes, of "
                    "which chasquid reads %d", fetch->address,
                    fetch->body.len, MTA_STS_BODY_WARN);
    }
}


/* The line that is at an offset. */

static mta_sts_str_t
served_line(mta_sts_str_t text, size_t at)
{
    size_t  begin, end;

    for (begin = at; begin && text.data[begin - 1] != '\n'; begin--) {
        /* void */
    }

    for (end = begin; end < text.len && text.data[end] != '\r'
         && text.data[end] != '\n'; end++)
    {
        /* void */
    }

    text.data = text.len ? text.data + begin : "";
    text.len = end - begin;

    return text;
}


static void
served_differs(const fetch_t *fetch, mta_sts_str_t live, mta_sts_str_t wanted,
    findings_t *findings)
{
    size_t         i;
    mta_sts_str_t  a, b;

    for (i = 0; i < live.len && i < wanted.len; i++) {
        if (live.data[i] != wanted.data[i]) {
            break;
        }
    }

    if (i == live.len && i == wanted.len) {
        return;
    }

    a = served_line(live, i);
    b = served_line(wanted, i);

    if (mta_sts_str_eq(a, b)) {
        finding_add(findings, POLICY_DIFFERS, "%s: the policy has other line "
                    "ends or lines than the configured one; does another "
                    "server or a file answer?", fetch->address);
        return;
    }

    finding_add(findings, POLICY_DIFFERS, "%s: the policy has \"%.*s\" where "
                "the configured one has \"%.*s\"; reload nginx there",
                fetch->address, MTA_STS_SHOW(a), MTA_STS_SHOW(b));
}


void
served_findings(const fetch_t *fetch, const mta_sts_policy_t *policy,
    time_t now, findings_t *findings, mta_sts_str_t *body)
{
    size_t  before;

    body->data = NULL;
    body->len = 0;

    if (fetch->no_route) {
        finding_add(findings, POLICY_NO_ROUTE, "%s: not tried, this machine "
                    "has no route to it", fetch->address);
        return;
    }

    /* nobody reads on who does not trust the certificate */

    if (fetch->secure) {
        before = finding_count(findings, FINDING_ERROR);

        cert_findings(&fetch->cert, fetch->address, now, POLICY_CERT_NAME,
                      findings);

        if (fetch->what == FETCH_POLICY_TLS13) {
            finding_add(findings, POLICY_TLS13_ONLY, "%s: TLS 1.3 alone is "
                        "spoken, and Mimecast needs TLS 1.2", fetch->address);
        }

        if (finding_count(findings, FINDING_ERROR) != before) {
            return;
        }
    }

    if (fetch->code != CURLE_OK) {
        served_broken(fetch, findings);
        return;
    }

    if (!served_status(fetch, findings)) {
        return;
    }

    if (fetch->ms > SERVED_SLOW) {
        finding_add(findings, POLICY_SLOW, "%s: the answer took %ld ms, and "
                    "postfix-tlspol waits for %d", fetch->address, fetch->ms,
                    SERVED_SLOW);
    }

    served_type(fetch, findings);
    served_size(fetch, findings);

    if (fetch->encoding[0] && strcasecmp(fetch->encoding, "identity") != 0) {
        finding_add(findings, POLICY_ENCODING, "%s: the answer has "
                    "Content-Encoding \"%s\" and nobody asked for it",
                    fetch->address, fetch->encoding);
        return;
    }

    *body = mta_sts_buf_str(&fetch->body);

    if (body->data == NULL) {
        *body = mta_sts_str("");
    }

    if (policy) {
        served_differs(fetch, *body, mta_sts_policy_body(policy), findings);
    }
}
