/*
 * Transfers by libcurl, each from one given address.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
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

struct transfer_s {
    fetch_t               *fetch;
    const mta_sts_env_t   *env;
    net_t                 *net;
    fetch_done_pt          done;
    void                  *ctx;

    CURL                  *easy;
    struct curl_slist     *connect_to;
    char                  *body;
    size_t                 len;
    size_t                 size;

    transfer_t            *next;
    transfer_t           **prev;      /* what points to it */
};


static size_t
fetch_body(char *data, size_t size, size_t n, void *ctx)
{
    transfer_t *transfer = ctx;

    n *= size;

    if (n > FETCH_BODY_MAX - transfer->len) {
        transfer->fetch->too_large = 1;
        return 0;
    }

    if (n > transfer->size - transfer->len) {
        transfer->size = 2 * transfer->len + n;
        transfer->body = diag_realloc(transfer->body, transfer->size);
    }

    memcpy(transfer->body + transfer->len, data, n);
    transfer->len += n;

    return n;
}


/* Copies a value without its white space and line end, truncated to size. */

static void
fetch_keep(char *buf, size_t size, mta_sts_str_t value)
{
    while (value.len && strchr(" \t", value.data[0])) {
        value = mta_sts_str_after(value, 1);
    }

    while (value.len && strchr("\r\n", value.data[value.len - 1])) {
        value.len--;
    }

    (void) snprintf(buf, size, "%.*s", (int) value.len, value.data);
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

    if (line.len > name.len && strncasecmp(data, name.data, name.len) == 0) {
        fetch_keep(fetch->encoding, sizeof(fetch->encoding),
                   mta_sts_str_after(line, name.len));
    }

    return line.len;
}


/* The TCP connection is there, and the handshake comes next. */

static CURLcode
fetch_ssl(CURL *easy, void *ssl_ctx, void *ctx)
{
    transfer_t *transfer = ctx;

    (void) easy;

    transfer->fetch->connected = 1;

    cert_watch(ssl_ctx, transfer->net->store, &transfer->fetch->cert);

    return CURLE_OK;
}


/* What libcurl is asked for; returns 0 when it does not know an option. */

static int
fetch_setup(transfer_t *transfer, const char *url)
{
    CURL        *easy;
    CURLcode     rc;
    net_t       *net;
    fetch_t     *fetch;

#define SET(option, value)                                                    \
    if (rc == CURLE_OK) {                                                     \
        rc = curl_easy_setopt(easy, option, value);                           \
    }

    easy = transfer->easy;
    net = transfer->net;
    fetch = transfer->fetch;

    rc = CURLE_OK;

    SET(CURLOPT_URL, url);
    SET(CURLOPT_PRIVATE, transfer);
    SET(CURLOPT_ERRORBUFFER, fetch->error);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_CONNECT_TO, transfer->connect_to);
    SET(CURLOPT_FRESH_CONNECT, 1L);
    SET(CURLOPT_FORBID_REUSE, 1L);
    SET(CURLOPT_TIMEOUT_MS, (long) net->timeout);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long) net->timeout);
    SET(CURLOPT_SERVER_RESPONSE_TIMEOUT, (long) net->timeout / 1000 + 1);
    SET(CURLOPT_BUFFERSIZE, (long) FETCH_BUFFER);
    SET(CURLOPT_WRITEFUNCTION, fetch_body);
    SET(CURLOPT_WRITEDATA, transfer);
    SET(CURLOPT_HEADERFUNCTION, fetch_header);
    SET(CURLOPT_HEADERDATA, fetch);

    /* certificates are examined by cert_watch() instead */

    SET(CURLOPT_SSL_VERIFYPEER, 0L);
    SET(CURLOPT_SSL_VERIFYHOST, 0L);
    SET(CURLOPT_CAINFO, NULL);
    SET(CURLOPT_CAPATH, NULL);
    SET(CURLOPT_SSL_SESSIONID_CACHE, 0L);
    SET(CURLOPT_SSL_CTX_FUNCTION, fetch_ssl);
    SET(CURLOPT_SSL_CTX_DATA, transfer);

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


/* The URL; that of SMTP has this machine's name, for EHLO. */

static void
fetch_url(const fetch_t *fetch, char *url)
{
    char  name[256];

    if (fetch->what != FETCH_SMTP) {
        (void) snprintf(url, FETCH_URL, "https://%s/.well-known/mta-sts.txt",
                        fetch->host);
        return;
    }

    if (gethostname(name, sizeof(name)) != 0
        || !mta_sts_name_is_host(mta_sts_str_from(name)))
    {
        (void) snprintf(name, sizeof(name), "localhost");
    }

    (void) snprintf(url, FETCH_URL, "smtp://%s:25/%s", fetch->host, name);
}


static void
fetch_free(transfer_t *transfer)
{
    (void) curl_multi_remove_handle(transfer->net->multi, transfer->easy);

    *transfer->prev = transfer->next;

    if (transfer->next) {
        transfer->next->prev = transfer->prev;
    }

    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->connect_to);
    free(transfer->body);
    free(transfer);
}


void
fetch_drop(net_t *net)
{
    while (net->transfers) {
        fetch_free(net->transfers);
    }
}


static fetch_t *
fetch_new(const mta_sts_env_t *env, fetch_what_e what, const char *host,
    const char *address)
{
    fetch_t  *fetch;

    fetch = env->alloc(env->ctx, sizeof(fetch_t));
    memset(fetch, 0, sizeof(fetch_t));

    fetch->what = what;
    fetch->cert.host = fetch->host;
    fetch->type = mta_sts_str("");
    fetch->location = mta_sts_str("");
    fetch->body = mta_sts_str("");

    (void) snprintf(fetch->host, sizeof(fetch->host), "%s", host);
    (void) snprintf(fetch->address, sizeof(fetch->address), "%s", address);

    return fetch;
}


void
fetch_start(net_t *net, const mta_sts_env_t *env, fetch_what_e what,
    const char *host, const char *address, fetch_done_pt done, void *ctx)
{
    char         to[128], url[FETCH_URL];
    fetch_t     *fetch;
    transfer_t  *transfer;

    fetch = fetch_new(env, what, host, address);

    transfer = diag_calloc(1, sizeof(transfer_t));

    transfer->fetch = fetch;
    transfer->env = env;
    transfer->net = net;
    transfer->done = done;
    transfer->ctx = ctx;

    transfer->next = net->transfers;
    transfer->prev = &net->transfers;
    net->transfers = transfer;

    if (transfer->next) {
        transfer->next->prev = &transfer->next;
    }

    (void) snprintf(to, sizeof(to),
                    strchr(address, ':') ? "::[%s]:" : "::%s:", address);

    fetch_url(fetch, url);

    transfer->connect_to = curl_slist_append(NULL, to);
    transfer->easy = curl_easy_init();

    if (!fetch_setup(transfer, url)
        || curl_multi_add_handle(net->multi, transfer->easy) != CURLM_OK)
    {
        fetch_end(net, transfer->easy, CURLE_FAILED_INIT);
    }
}


/* A text of libcurl's that ends with the transfer. */

static mta_sts_str_t
fetch_text(const transfer_t *transfer, CURLINFO info)
{
    char  *text;

    text = NULL;

    (void) curl_easy_getinfo(transfer->easy, info, &text);

    return text ? mta_sts_str_copy(transfer->env, mta_sts_str_from(text))
                : mta_sts_str("");
}


/* Was there a TCP connection?  libcurl has no time of one whose TLS failed. */

static int
fetch_is_connected(const transfer_t *transfer, CURLcode code)
{
    curl_off_t  us;

    us = 0;

    (void) curl_easy_getinfo(transfer->easy, CURLINFO_CONNECT_TIME_T, &us);

    return transfer->fetch->connected || us > 0
           || (code != CURLE_COULDNT_CONNECT
               && code != CURLE_OPERATION_TIMEDOUT);
}


/* Could not even the first packet be sent? */

static int
fetch_has_no_route(const transfer_t *transfer, CURLcode code)
{
    long  error;

    error = 0;

    (void) curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &error);

    return code == CURLE_COULDNT_CONNECT
           && (error == ENETUNREACH || error == EADDRNOTAVAIL
               || error == EAFNOSUPPORT);
}


void
fetch_end(net_t *net, CURL *easy, CURLcode code)
{
    fetch_t     *fetch;
    curl_off_t   us;
    const char  *error;
    transfer_t  *transfer;

    (void) net;
    (void) curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);

    fetch = transfer->fetch;
    fetch->code = code;
    fetch->connected = fetch_is_connected(transfer, code);
    fetch->no_route = fetch_has_no_route(transfer, code);
    fetch->secure = fetch->cert.seen && code != CURLE_SSL_CONNECT_ERROR;

    (void) curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &fetch->status);

    if (curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &us) == CURLE_OK) {
        fetch->ms = (long) (us / 1000);
    }

    if (fetch->what != FETCH_SMTP) {
        fetch->type = fetch_text(transfer, CURLINFO_CONTENT_TYPE);
        fetch->location = fetch_text(transfer, CURLINFO_REDIRECT_URL);
    }

    if (transfer->len) {
        fetch->body.data = transfer->body;
        fetch->body.len = transfer->len;
    }

    /* allocations do not fail: this is a line that is longer than it takes */

    error = code == CURLE_OUT_OF_MEMORY ? "a line of the answer is too long"
                                        : curl_easy_strerror(code);

    if (fetch->error[0] == '\0' || code == CURLE_OUT_OF_MEMORY) {
        (void) snprintf(fetch->error, sizeof(fetch->error), "%s", error);
    }

    transfer->done(transfer->ctx, fetch);

    fetch_free(transfer);
}
