/*
 * A transfer goes to the address that it is told, over a connection of its own,
 * by no proxy, follows nothing and reads no more than it must.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "policy/policy.h"
#include "probe.h"


#ifndef MTA_STS_VERSION
#define MTA_STS_VERSION  "unknown"
#endif

#define FETCH_HEADERS_MAX  65536      /* bytes of headers or SMTP answers */
#define FETCH_BUFFER       16384
#define FETCH_URL          600


/* A transfer, and what libcurl needs for as long as it takes. */

struct fetch_transfer_s {
    fetch_t              fetch;       /* the first */
    CURL                *easy;
    struct curl_slist   *connect_to;
    fetch_transfer_t    *next;
    fetch_transfer_t   **prev;        /* what points to it; NULL: not begun */
};


/* Is there a way to an address?  No packet is sent to find out. */

static int
fetch_has_route(const char *address)
{
    int                  fd, rc;
    struct sockaddr_in   in;
    struct sockaddr_in6  in6;

    memset(&in, 0, sizeof(in));
    memset(&in6, 0, sizeof(in6));

    in.sin_family = AF_INET;
    in.sin_port = htons(443);
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(443);

    if (inet_pton(AF_INET, address, &in.sin_addr) == 1) {
        fd = socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, 0);
        rc = connect(fd, (struct sockaddr *) &in, sizeof(in));

    } else {
        (void) inet_pton(AF_INET6, address, &in6.sin6_addr);
        fd = socket(AF_INET6, SOCK_DGRAM|SOCK_CLOEXEC, 0);
        rc = connect(fd, (struct sockaddr *) &in6, sizeof(in6));
    }

    if (fd != -1) {
        (void) close(fd);
    }

    return rc == 0;
}


static size_t
fetch_body(char *data, size_t size, size_t n, void *ctx)
{
    fetch_t        *fetch = ctx;
    mta_sts_str_t   str;

    str.data = data;
    str.len = size * n;

    if (str.len > FETCH_BODY_MAX - fetch->body.len) {
        fetch->too_large = 1;
        return 0;
    }

    mta_sts_buf_add(&fetch->body, str);

    return fetch->body.failed ? 0 : str.len;
}


/* Keeps the value of a header, as much as there is room for. */

static void
fetch_keep(char *buf, size_t size, mta_sts_str_t value)
{
    while (value.len && (value.data[0] == ' ' || value.data[0] == '\t')) {
        value = mta_sts_str_after(value, 1);
    }

    while (value.len && (value.data[value.len - 1] == '\n'
                         || value.data[value.len - 1] == '\r'))
    {
        value.len--;
    }

    if (value.len >= size) {
        value.len = size - 1;
    }

    memcpy(buf, value.data, value.len);
    buf[value.len] = '\0';
}


static size_t
fetch_header(char *data, size_t size, size_t n, void *ctx)
{
    fetch_t        *fetch = ctx;
    mta_sts_str_t   line, name;

    line.data = data;
    line.len = size * n;

    fetch->headers += line.len;

    if (fetch->headers > FETCH_HEADERS_MAX) {
        fetch->too_large = 1;
        return 0;
    }

    if (fetch->what == FETCH_SMTP) {
        fetch_keep(fetch->line, sizeof(fetch->line), line);
        return line.len;
    }

    name = mta_sts_str("Content-Encoding:");

    if (line.len > name.len) {
        line.len = name.len;

        if (mta_sts_str_caseeq(line, name)) {
            line.len = size * n;
            fetch_keep(fetch->encoding, sizeof(fetch->encoding),
                       mta_sts_str_after(line, name.len));
        }
    }

    return size * n;
}


/* libcurl has made the context; from here on the certificate is ours to see. */

static CURLcode
fetch_ssl(CURL *easy, void *ssl_ctx, void *ctx)
{
    net_t    *net = ctx;
    fetch_t  *fetch;

    if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, &fetch) != CURLE_OK) {
        return CURLE_ABORTED_BY_CALLBACK;
    }

    fetch->connected = 1;

    cert_watch(ssl_ctx, net->store, &fetch->cert);

    return CURLE_OK;
}


/* Sets what both kinds have; returns 0 when libcurl did not take something. */

static int
fetch_setup(net_t *net, CURL *easy, fetch_t *fetch,
    struct curl_slist *connect_to)
{
    CURLcode  rc;

#define SET(option, value)                                                    \
    if (rc == CURLE_OK) {                                                     \
        rc = curl_easy_setopt(easy, option, value);                           \
    }

    rc = CURLE_OK;

    SET(CURLOPT_PRIVATE, fetch);
    SET(CURLOPT_ERRORBUFFER, fetch->error);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_CONNECT_TO, connect_to);
    SET(CURLOPT_FRESH_CONNECT, 1L);
    SET(CURLOPT_FORBID_REUSE, 1L);
    SET(CURLOPT_TIMEOUT_MS, (long) net->timeout);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long) net->timeout);
    SET(CURLOPT_SERVER_RESPONSE_TIMEOUT, (long) net->timeout / 1000 + 1);
    SET(CURLOPT_BUFFERSIZE, (long) FETCH_BUFFER);
    SET(CURLOPT_WRITEFUNCTION, fetch_body);
    SET(CURLOPT_WRITEDATA, fetch);
    SET(CURLOPT_HEADERFUNCTION, fetch_header);
    SET(CURLOPT_HEADERDATA, fetch);

    /* what curl would check is seen to by cert_watch() */

    SET(CURLOPT_SSL_VERIFYPEER, 0L);
    SET(CURLOPT_SSL_VERIFYHOST, 0L);
    SET(CURLOPT_CAINFO, NULL);
    SET(CURLOPT_CAPATH, NULL);
    SET(CURLOPT_SSL_SESSIONID_CACHE, 0L);
    SET(CURLOPT_SSL_CTX_FUNCTION, fetch_ssl);
    SET(CURLOPT_SSL_CTX_DATA, net);

    if (fetch->what == FETCH_SMTP) {
        SET(CURLOPT_PROTOCOLS_STR, "smtp");
        SET(CURLOPT_USE_SSL, (long) CURLUSESSL_ALL);
        SET(CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
        SET(CURLOPT_CUSTOMREQUEST, "NOOP");
        SET(CURLOPT_NOBODY, 1L);

    } else {
        SET(CURLOPT_PROTOCOLS_STR, "https");
        SET(CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
        SET(CURLOPT_USERAGENT, "mta-sts/" MTA_STS_VERSION);
        SET(CURLOPT_FOLLOWLOCATION, 0L);
        SET(CURLOPT_SSLVERSION,
            fetch->what == FETCH_POLICY
            ? (long) CURL_SSLVERSION_TLSv1_2|CURL_SSLVERSION_MAX_TLSv1_2
            : (long) CURL_SSLVERSION_TLSv1_3);
    }

#undef SET

    return rc == CURLE_OK;
}


/* The URL; a transfer of SMTP has the name of this machine in it, for EHLO. */

static int
fetch_url(CURL *easy, const fetch_t *fetch)
{
    char  url[FETCH_URL], name[256];

    if (fetch->what != FETCH_SMTP) {
        (void) snprintf(url, sizeof(url),
                        "https://%s/.well-known/mta-sts.txt", fetch->host);

    } else {
        if (gethostname(name, sizeof(name)) != 0
            || !mta_sts_name_is_host(mta_sts_str_from(name)))
        {
            (void) snprintf(name, sizeof(name), "localhost");
        }

        (void) snprintf(url, sizeof(url), "smtp://%s:25/%s", fetch->host,
                        name);
    }

    return curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK;
}


/* Takes it from those that are under way, where it is one, and frees it. */

static void
fetch_free(net_t *net, fetch_transfer_t *transfer)
{
    if (transfer->prev) {
        (void) curl_multi_remove_handle(net->multi, transfer->easy);

        *transfer->prev = transfer->next;

        if (transfer->next) {
            transfer->next->prev = transfer->prev;
        }
    }

    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->connect_to);
    mta_sts_arena_free(&transfer->fetch.arena);
    free(transfer);
}


void
fetch_drop(net_t *net)
{
    while (net->transfers) {
        fetch_free(net, net->transfers);
    }
}


int
fetch_start(net_t *net, fetch_what_e what, const char *host,
    const char *address, fetch_done_pt done, void *ctx)
{
    int                ipv6;
    char               to[128];
    fetch_t           *fetch;
    fetch_transfer_t  *transfer;

    transfer = calloc(1, sizeof(fetch_transfer_t));
    if (transfer == NULL) {
        return MTA_STS_ERROR;
    }

    transfer->easy = curl_easy_init();
    if (transfer->easy == NULL) {
        free(transfer);
        return MTA_STS_ERROR;
    }

    fetch = &transfer->fetch;

    fetch->what = what;
    fetch->done = done;
    fetch->ctx = ctx;
    fetch->env.alloc = diag_alloc;
    fetch->env.ctx = &fetch->arena;
    fetch->body.env = &fetch->env;
    fetch->cert.host = fetch->host;

    (void) snprintf(fetch->host, sizeof(fetch->host), "%s", host);
    (void) snprintf(fetch->address, sizeof(fetch->address), "%s", address);

    if (!fetch_has_route(address)) {
        fetch->no_route = 1;
        done(ctx, fetch);
        fetch_free(net, transfer);
        return MTA_STS_OK;
    }

    ipv6 = strchr(address, ':') != NULL;

    (void) snprintf(to, sizeof(to), ipv6 ? "::[%s]:" : "::%s:", address);

    transfer->connect_to = curl_slist_append(NULL, to);

    if (transfer->connect_to == NULL
        || !fetch_setup(net, transfer->easy, fetch, transfer->connect_to)
        || !fetch_url(transfer->easy, fetch)
        || curl_multi_add_handle(net->multi, transfer->easy) != CURLM_OK)
    {
        fetch_free(net, transfer);
        return MTA_STS_ERROR;
    }

    transfer->next = net->transfers;
    transfer->prev = &net->transfers;

    if (transfer->next) {
        transfer->next->prev = &transfer->next;
    }

    net->transfers = transfer;

    return MTA_STS_OK;
}


void
fetch_end(net_t *net, CURL *easy, CURLcode code)
{
    char              *text;
    fetch_t           *fetch;
    curl_off_t         us;
    fetch_transfer_t  *transfer;

    (void) curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);

    fetch = &transfer->fetch;
    fetch->code = code;
    fetch->memory = fetch->body.failed;

    /* libcurl's word for a line that is longer than it takes, too */

    if (code == CURLE_OUT_OF_MEMORY) {

        (void) snprintf(fetch->error, sizeof(fetch->error), "%s",
                        fetch->memory ? "out of memory"
                                      : "a line of the answer is too long");
    }

    (void) curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &fetch->status);

    /* libcurl does not say it of a handshake that failed */

    if (code != CURLE_COULDNT_CONNECT && code != CURLE_OPERATION_TIMEDOUT) {
        fetch->connected = 1;

    } else if (curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &us)
               == CURLE_OK
               && us > 0)
    {
        fetch->connected = 1;
    }

    fetch->secure = fetch->cert.seen && code != CURLE_SSL_CONNECT_ERROR;

    if (curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &us) == CURLE_OK) {
        fetch->ms = (long) (us / 1000);
    }

    if (fetch->what != FETCH_SMTP) {
        (void) curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &text);
        fetch->type = text;
        (void) curl_easy_getinfo(easy, CURLINFO_REDIRECT_URL, &text);
        fetch->location = text;
    }

    if (fetch->error[0] == '\0') {
        (void) snprintf(fetch->error, sizeof(fetch->error), "%s",
                        curl_easy_strerror(code));
    }

    fetch->done(fetch->ctx, fetch);

    fetch_free(net, transfer);
}
