/*
 * What an address of the policy host serves, as a sender sees it.
 */

#include <strings.h>

#include "judge.h"


/* ms: postfix-tlspol waits no longer than the first, others than the second */

#define SERVED_SLOW       2000
#define SERVED_VERY_SLOW  4000

/* bytes and lines of a head that the HTTP libraries of senders accept */

#define SERVED_HEAD       16384
#define SERVED_LINES      100

/* alerts (RFC 8446, 6) */

#define SERVED_INTERNAL_ERROR     80
#define SERVED_UNRECOGNIZED_NAME  112


/*
 * A server that asks for a certificate of the client may refuse those that have
 * none, in the handshake or by the status of the answer.
 */

static const char *
served_asks(const fetch_t *fetch)
{
    return fetch->cert.asked
           ? "; it asks for a client certificate, which senders do not have"
           : "";
}


/*
 * The handshake failed.  Where it was tried with TLS 1.3 as well, the error of
 * the first try, with TLS 1.2, is the cause.
 */

static void
served_tls(const fetch_t *fetch, findings_t *findings)
{
    const char  *advice;

    if (fetch->before) {
        fetch = fetch->before;
    }

    switch (fetch->cert.alert) {

    case SERVED_INTERNAL_ERROR:
    case SERVED_UNRECOGNIZED_NAME:
        advice = "there is no server, or no readable certificate, for this "
                 "name";
        break;

    default:
        advice = "TLS 1.2 must work";
    }

    finding_add(findings, POLICY_TLS, fetch->address, "the TLS handshake "
                "fails (%s)%s; %s", fetch->error, served_asks(fetch), advice);
}


/* There is no answer, or not all of it. */

static void
served_broken(const fetch_t *fetch, findings_t *findings)
{
    const char  *where;

    where = fetch->address;

    if (fetch->too_large) {
        finding_add(findings, POLICY_TOO_LARGE, where, "the answer's %s more "
                    "than %d KiB, and senders stop reading",
                    fetch->headers > FETCH_BODY_MAX ? "headers are"
                                                    : "policy is",
                    FETCH_BODY_MAX / 1024);

    } else if (fetch->code == CURLE_OPERATION_TIMEDOUT) {
        finding_add(findings, POLICY_TIMEOUT, where, "no answer in time%s",
                    fetch->connected ? "" : "; does a firewall drop port 443?");

    } else if (!fetch->connected) {
        finding_add(findings, POLICY_CONNECT, where, "no connection on port "
                    "443 (refused); is a web server listening there?");

    } else if (!fetch->secure) {
        served_tls(fetch, findings);

    } else {
        finding_add(findings, POLICY_CLOSED, where, "the connection ends "
                    "before the whole answer (%s)%s", fetch->error,
                    served_asks(fetch));
    }
}


static void
served_status(const fetch_t *fetch, findings_t *findings)
{
    if (fetch->status >= 300 && fetch->status < 400 && fetch->location.len) {
        finding_add(findings, POLICY_REDIRECT, fetch->address, "status %ld, a "
                    "redirect to %s, which senders must not follow; serve the "
                    "policy here", fetch->status, fetch->location.data);

    } else {
        finding_add(findings, POLICY_STATUS, fetch->address, "status %ld, "
                    "must be 200%s", fetch->status, served_asks(fetch));
    }
}


static void
served_size(const fetch_t *fetch, findings_t *findings)
{
    if (fetch->body.len > MTA_STS_BODY_MAX) {
        finding_add(findings, POLICY_TOO_LARGE, fetch->address, "the policy "
                    "has %zu bytes, and Postfix with TLSRPT defers all mail",
                    fetch->body.len);

    } else if (fetch->body.len > MTA_STS_BODY_WARN) {
        finding_add(findings, POLICY_LARGE, fetch->address, "the policy has "
                    "%zu bytes, of which chasquid reads %d", fetch->body.len,
                    MTA_STS_BODY_WARN);
    }
}


/* What in the head some HTTP libraries reject. */

static void
served_head(const fetch_t *fetch, findings_t *findings)
{
    size_t    i;
    unsigned  length_and_coding;

    length_and_coding = fetch->head & FETCH_LENGTH
                        && fetch->head & (FETCH_CHUNKED|FETCH_CODED);

    const struct {
        int          found;
        const char  *text;
    } faults[] = {
        { fetch->n_headers > SERVED_LINES,
          "more than 100 header lines, with which postfix-mta-sts-resolver "
          "rejects" },
        { fetch->headers > SERVED_HEAD,
          "more than 16 KiB of headers, with which mailauth and "
          "postfix-mta-sts-resolver reject" },
        { length_and_coding != 0,
          "both Content-Length and Transfer-Encoding, with which mailauth and "
          "postfix-mta-sts-resolver reject" },
        { (fetch->head & FETCH_CODED) != 0,
          "a Transfer-Encoding other than chunked, with which most senders "
          "reject" },
        { (fetch->head & FETCH_INFORMATIONAL) != 0,
          "an informational answer before it, with which Mimecast rejects" },
        { (fetch->head & FETCH_BARE_LF) != 0,
          "header lines that end in LF alone, with which mailauth rejects" }
    };

    for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        if (faults[i].found) {
            finding_add(findings, POLICY_HEAD, fetch->address, "the answer "
                        "has %s the policy", faults[i].text);
        }
    }
}


static void
served_slow(const fetch_t *fetch, findings_t *findings)
{
    if (fetch->ms <= SERVED_SLOW) {
        return;
    }

    findings->lower = fetch->ms <= SERVED_VERY_SLOW;
    finding_add(findings, POLICY_SLOW, fetch->address, "the answer took %ld "
                "ms; postfix-tlspol waits for %d, postfix-mta-sts-resolver "
                "for %d", fetch->ms, SERVED_SLOW, SERVED_VERY_SLOW);
    findings->lower = 0;
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


void
served_differs(const fetch_t *fetch, mta_sts_str_t wanted, int reload,
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
        finding_add(findings, POLICY_DIFFERS, fetch->address, "the policy has "
                    "other line ends or lines than the configured one; does "
                    "another server or a file answer?");
        return;
    }

    finding_add(findings, POLICY_DIFFERS, fetch->address, "the policy has "
                "\"%.*s\" where the configured one has \"%.*s\"%s",
                MTA_STS_SHOW(a), MTA_STS_SHOW(b),
                reload ? "; reload nginx there" : "");
}


static int
served_is_encoded(const fetch_t *fetch)
{
    return fetch->encoding[0] && strcasecmp(fetch->encoding, "identity") != 0;
}


int
served_is_policy(mta_sts_str_t text)
{
    size_t                      i;
    mta_sts_str_t               line, key;
    static const mta_sts_str_t  keys[] = {
        { "version", 7 }, { "mode", 4 }, { "max_age", 7 }, { "mx", 2 }
    };

    while (field_next(&text, '\n', &line)) {

        if (!field_next(&line, ':', &key) || line.data == NULL) {
            continue;
        }

        key = field_trim(key);

        for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
            if (mta_sts_str_caseeq(key, keys[i])) {
                return 1;
            }
        }
    }

    return 0;
}


int
served_has_body(const fetch_t *fetch, time_t now)
{
    return fetch->secure && cert_is_trusted(&fetch->cert, now)
           && (fetch->other == NULL
               || cert_is_trusted(&fetch->other->cert, now))
           && fetch->code == CURLE_OK && fetch->status == 200
           && !served_is_encoded(fetch) && served_is_policy(fetch->body);
}


int
served_is_read(const fetch_t *fetch, time_t now)
{
    return served_has_body(fetch, now) && media_is_plain(fetch)
           && fetch->body.len <= MTA_STS_BODY_MAX;
}


static void
served_handshake(const fetch_t *fetch, time_t now, findings_t *findings)
{
    cert_findings(fetch, now, POLICY_CERT_NAME, findings);

    if (fetch->cert.must_staple && !fetch->cert.stapled) {
        finding_add(findings, POLICY_CERT_STAPLE, fetch->address, "the "
                    "certificate demands a stapled OCSP response "
                    "(must-staple), without which Courier rejects it; enable "
                    "ssl_stapling");
    }

    if (fetch->what == FETCH_POLICY_TLS13 && !fetch->cert.asked) {
        finding_add(findings, POLICY_TLS13_ONLY, fetch->address, "only TLS "
                    "1.3 is offered, and Mimecast needs TLS 1.2");

    } else if (fetch->cert.exchange == NID_kx_dhe) {
        finding_add(findings, POLICY_TLS_EXCHANGE, fetch->address, "TLS 1.2 "
                    "only with DHE, which senders written in Go, such as "
                    "postfix-tlspol and mox, do not support; enable ECDHE");

    } else if (fetch->cert.exchange == NID_kx_rsa) {
        finding_add(findings, POLICY_TLS_EXCHANGE, fetch->address, "TLS 1.2 "
                    "only with RSA key exchange, which Mimecast does not "
                    "support; enable ECDHE");
    }
}


void
served_findings(const fetch_t *fetch, time_t now, findings_t *findings)
{
    if (fetch->no_route) {
        finding_add(findings, POLICY_NO_ROUTE, fetch->address, "not tried, "
                    "this machine has no route to it");
        return;
    }

    if (fetch->no_socket) {
        finding_add(findings, POLICY_NOT_TRIED, fetch->address, "not tried, "
                    "no socket: %s", strerror(fetch->no_socket));
        return;
    }

    if (fetch->secure) {
        served_handshake(fetch, now, findings);

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

    if (served_is_encoded(fetch)) {
        finding_add(findings, POLICY_ENCODING, fetch->address, "the answer has "
                    "Content-Encoding \"%s\" although none was requested",
                    fetch->encoding);
        return;
    }

    served_slow(fetch, findings);
    served_head(fetch, findings);

    /* another document: that is the cause of all that would be found in it */

    if (!served_is_policy(fetch->body)) {
        finding_add(findings, POLICY_SYNTAX, fetch->address, "the answer is "
                    "not a policy, but another document (\"%.*s\", %s)",
                    MTA_STS_SHOW(served_line(fetch->body, 0)),
                    fetch->type.len ? fetch->type.data : "no media type");
        return;
    }

    media_findings(fetch, findings);
    served_size(fetch, findings);
}
