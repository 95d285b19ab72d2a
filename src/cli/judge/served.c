/*
 * What an address of the policy host serves, as a sender sees it.
 */

#include <strings.h>

#include "judge.h"


#define SERVED_SLOW  2000             /* ms: postfix-tlspol waits no longer */


/* There is no answer, or not all of it. */

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


/* RFC 8461, 3.2: the media type is text/plain, with or without parameters. */

static int
served_is_plain(const fetch_t *fetch)
{
    return strcspn(fetch->type.data, "; \t") == 10
           && strncasecmp(fetch->type.data, "text/plain", 10) == 0;
}


/* Parameters of text/plain that every sender accepts. */

static int
served_is_known(const char *parameter)
{
    size_t                    i;
    static const char *const  known[] = {
        "", "charset=utf-8", "charset=\"utf-8\"", "charset=us-ascii",
        "charset=iso-8859-1"
    };

    parameter += strspn(parameter, " \t");
    parameter += *parameter == ';';
    parameter += strspn(parameter, " \t");

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcasecmp(parameter, known[i]) == 0) {
            return 1;
        }
    }

    return 0;
}


static void
served_type(const fetch_t *fetch, findings_t *findings)
{
    const char  *type;

    type = fetch->type.data;

    if (!served_is_plain(fetch)) {
        finding_add(findings, POLICY_TYPE, "%s: the media type is \"%s\", so "
                    "many senders reject the policy; it must be text/plain",
                    fetch->address, type);

    } else if (strncmp(type, "text/plain", 10) != 0) {
        finding_add(findings, POLICY_TYPE_FORM, "%s: the media type \"%s\" has "
                    "capital letters, which KumoMTA rejects", fetch->address,
                    type);

    } else if (!served_is_known(type + 10)) {
        finding_add(findings, POLICY_TYPE_FORM, "%s: the media type is "
                    "\"%s\"; with such a parameter postfix-mta-sts-resolver, "
                    "maddy or postfix-tlspol reject the policy",
                    fetch->address, type);
    }
}


static void
served_status(const fetch_t *fetch, findings_t *findings)
{
    if (fetch->status >= 300 && fetch->status < 400 && fetch->location.len) {
        finding_add(findings, POLICY_REDIRECT, "%s: status %ld, a redirect to "
                    "%s, which senders must not follow; serve the policy "
                    "here", fetch->address, fetch->status,
                    fetch->location.data);

    } else {
        finding_add(findings, POLICY_STATUS, "%s: status %ld, must be 200",
                    fetch->address, fetch->status);
    }
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


/* The line that has the byte at an offset, without its end. */

static mta_sts_str_t
served_line(mta_sts_str_t text, size_t at)
{
    size_t  begin, end;

    for (begin = at; begin && text.data[begin - 1] != '\n'; begin--) {
        /* void */
    }

    text = mta_sts_str_after(text, begin);

    for (end = 0; end < text.len && !strchr("\r\n", text.data[end]); end++) {
        /* void */
    }

    text.len = end;

    return text;
}


static void
served_differs(const fetch_t *fetch, mta_sts_str_t wanted,
    findings_t *findings)
{
    size_t         i;
    mta_sts_str_t  a, b, live;

    live = fetch->body;

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


static int
served_is_encoded(const fetch_t *fetch)
{
    return fetch->encoding[0] && strcasecmp(fetch->encoding, "identity") != 0;
}


int
served_has_body(const fetch_t *fetch, time_t now)
{
    return fetch->secure && cert_is_trusted(&fetch->cert, now)
           && fetch->code == CURLE_OK && fetch->status == 200
           && !served_is_encoded(fetch);
}


int
served_is_read(const fetch_t *fetch, time_t now)
{
    return served_has_body(fetch, now) && served_is_plain(fetch)
           && fetch->body.len <= MTA_STS_BODY_MAX;
}


void
served_findings(const fetch_t *fetch, const mta_sts_policy_t *policy,
    time_t now, findings_t *findings)
{
    if (fetch->no_route) {
        finding_add(findings, POLICY_NO_ROUTE, "%s: not tried, this machine "
                    "has no route to it", fetch->address);
        return;
    }

    if (fetch->secure) {
        cert_findings(&fetch->cert, fetch->address, now, POLICY_CERT_NAME,
                      findings);

        if (fetch->what == FETCH_POLICY_TLS13) {
            finding_add(findings, POLICY_TLS13_ONLY, "%s: only TLS 1.3 is "
                        "offered, and Mimecast needs TLS 1.2", fetch->address);
        }

        /* no sender reads on */

        if (!cert_is_trusted(&fetch->cert, now)) {
            return;
        }
    }

    if (fetch->code != CURLE_OK) {
        served_broken(fetch, findings);
        return;
    }

    if (fetch->status != 200) {
        served_status(fetch, findings);
        return;
    }

    if (fetch->ms > SERVED_SLOW) {
        finding_add(findings, POLICY_SLOW, "%s: the answer took %ld ms, and "
                    "postfix-tlspol waits for %d", fetch->address, fetch->ms,
                    SERVED_SLOW);
    }

    served_type(fetch, findings);
    served_size(fetch, findings);

    if (served_is_encoded(fetch)) {
        finding_add(findings, POLICY_ENCODING, "%s: the answer has "
                    "Content-Encoding \"%s\" although none was requested",
                    fetch->address, fetch->encoding);
        return;
    }

    if (policy) {
        served_differs(fetch, mta_sts_policy_body(policy), findings);
    }
}
