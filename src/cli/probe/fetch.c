/*
 * Transfers by libcurl, each from one given address.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
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
    pool_job_t             job;       /* the first */
    fetch_t               *fetch;
    const mta_sts_env_t   *env;
    net_t                 *net;
    fetch_done_pt          done;
    void                  *ctx;

    int64_t                begin;     /* of net_clock() */
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


static size_t
fetch_header(char *data, size_t size, size_t n, void *ctx)
{
    fetch_t        *fetch = ctx;
    mta_sts_str_t   line;

    line.data = data;
    line.len = size * n;

    fetch->headers += line.len;

    if (fetch->headers > FETCH_HEADERS_MAX) {
        fetch->too_large = 1;
        return 0;
    }

    head_line(fetch, line);

    return line.len;
}


/* Makes the socket: libcurl does not report why it cannot. */

static curl_socket_t
fetch_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    int          fd;
    transfer_t  *transfer = ctx;

    (void) purpose;

    fd = socket(address->family, address->socktype, address->protocol);

    if (fd == -1) {
        transfer->fetch->no_socket = errno;
        return CURL_SOCKET_BAD;
    }

    return fd;
}


/*
 * An SMTP session may take long, a TCP connection may not: libcurl has one
 * timeout for both.
 */

static int
fetch_progress(void *ctx, curl_off_t down_total, curl_off_t down,
    curl_off_t up_total, curl_off_t up)
{
    curl_off_t   us;
    transfer_t  *transfer = ctx;

    (void) down_total;
    (void) down;
    (void) up_total;
    (void) up;

    us = 0;
    (void) curl_easy_getinfo(transfer->easy, CURLINFO_CONNECT_TIME_T, &us);

    return us == 0 && net_clock() - transfer->begin
                      > transfer->net->settings.timeout;
}


/* The TCP connection is there, and the handshake comes next. */

static CURLcode
fetch_ssl(CURL *easy, void *ssl_ctx, void *ctx)
{
    transfer_t *transfer = ctx;

    (void) easy;

    transfer->fetch->connected = 1;

    return cert_watch(ssl_ctx, transfer->net->store, &transfer->fetch->cert,
                      transfer->fetch->kind)
           ? CURLE_OK : CURLE_ABORTED_BY_CALLBACK;
}


/* What libcurl is asked for; returns 0 when it does not know an option. */

static int
fetch_setup(transfer_t *transfer, const char *url)
{
    CURL              *easy;
    long               timeout;
    CURLcode           rc;
    fetch_t           *fetch;
    net_settings_t    *settings;

#define SET(option, value)                                                    \
    if (rc == CURLE_OK) {                                                     \
        rc = curl_easy_setopt(easy, option, value);                           \
    }

    easy = transfer->easy;
    fetch = transfer->fetch;
    settings = &transfer->net->settings;
    timeout = (long) (fetch->what == FETCH_SMTP ? settings->smtp_timeout
                                                : settings->timeout);

    rc = CURLE_OK;

    SET(CURLOPT_PRIVATE, transfer);
    SET(CURLOPT_URL, url);
    SET(CURLOPT_ERRORBUFFER, fetch->error);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_CONNECT_TO, transfer->connect_to);
    SET(CURLOPT_FRESH_CONNECT, 1L);
    SET(CURLOPT_FORBID_REUSE, 1L);
    SET(CURLOPT_TIMEOUT_MS, timeout);
    SET(CURLOPT_CONNECTTIMEOUT_MS, timeout);
    SET(CURLOPT_SERVER_RESPONSE_TIMEOUT, timeout / 1000 + 1);
    SET(CURLOPT_OPENSOCKETFUNCTION, fetch_socket);
    SET(CURLOPT_OPENSOCKETDATA, transfer);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, fetch_progress);
    SET(CURLOPT_XFERINFODATA, transfer);
    SET(CURLOPT_CONNECT_ONLY, fetch->kind ? 1L : 0L);
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


/* The URL; that of SMTP has the name for EHLO. */

static void
fetch_url(const transfer_t *transfer, char *url)
{
    if (transfer->fetch->what == FETCH_SMTP) {
        (void) snprintf(url, FETCH_URL, "smtp://%s:25/%s",
                        transfer->fetch->host, transfer->net->helo);
        return;
    }

    (void) snprintf(url, FETCH_URL, "https://%s/.well-known/mta-sts.txt",
                    transfer->fetch->host);
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


fetch_t *
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


static void
fetch_begin(pool_job_t *job)
{
    char         to[128], url[FETCH_URL];
    net_t       *net;
    const char  *address;
    transfer_t  *transfer;

    transfer = (transfer_t *) job;
    net = transfer->net;
    address = transfer->fetch->address;

    transfer->begin = net_clock();
    transfer->next = net->transfers;
    transfer->prev = &net->transfers;
    net->transfers = transfer;

    if (transfer->next) {
        transfer->next->prev = &transfer->next;
    }

    (void) snprintf(to, sizeof(to),
                    strchr(address, ':') ? "::[%s]:" : "::%s:", address);

    fetch_url(transfer, url);

    transfer->connect_to = curl_slist_append(NULL, to);
    transfer->easy = curl_easy_init();

    if (!fetch_setup(transfer, url)
        || curl_multi_add_handle(net->multi, transfer->easy) != CURLM_OK)
    {
        fetch_end(net, transfer->easy, CURLE_FAILED_INIT);
    }
}


void
fetch_start(net_t *net, pool_lane_t *lane, const mta_sts_env_t *env,
    fetch_t *fetch, fetch_done_pt done, void *ctx)
{
    transfer_t  *transfer;

    transfer = diag_calloc(1, sizeof(transfer_t));

    transfer->job.start = fetch_begin;
    transfer->fetch = fetch;
    transfer->env = env;
    transfer->net = net;
    transfer->done = done;
    transfer->ctx = ctx;

    pool_add(&net->pool, lane, &transfer->job);
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

    if (transfer->fetch->no_socket == EAFNOSUPPORT) {
        return 1;
    }

    return code == CURLE_COULDNT_CONNECT
           && (error == ENETUNREACH || error == EADDRNOTAVAIL
               || error == EACCES || error == EPERM);
}


void
fetch_end(net_t *net, CURL *easy, CURLcode code)
{
    fetch_t      *fetch;
    curl_off_t    us;
    const char   *error;
    transfer_t   *transfer;
    pool_lane_t  *lane;

    (void) curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);

    fetch = transfer->fetch;

    if (code == CURLE_ABORTED_BY_CALLBACK && !fetch->connected) {
        code = CURLE_OPERATION_TIMEDOUT;
    }

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

    lane = transfer->job.lane;
    fetch_free(transfer);

    pool_end(&net->pool, lane);
}
