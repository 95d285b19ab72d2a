
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * Parsed certificates and keys, one worker's: the interface between the TLS
 * callbacks, the cache and the files.
 */


#ifndef _NGX_HTTP_MTA_STS_CERTIFICATE_H_INCLUDED_
#define _NGX_HTTP_MTA_STS_CERTIFICATE_H_INCLUDED_


#include "ngx_http_mta_sts_module.h"


#if (NGX_HTTP_SSL)


/*
 * The certificate callback of a server with a cache; arg is its
 * ngx_http_mta_sts_certificates_t.  OpenSSL calls it once the server is known,
 * and not where a session is resumed.  What the cache cannot load is left to
 * nginx's own callback.
 */
int ngx_http_mta_sts_certificate(ngx_ssl_conn_t *ssl_conn, void *arg);


/*
 * A chain and its key.  The certificates of the chain are shared with other
 * pairs; who has them is counted in a tree of the cache.
 */

typedef struct {
    X509              *cert;
    STACK_OF(X509)    *chain;
    EVP_PKEY          *key;
} ngx_http_mta_sts_pair_t;


/*
 * Which contents a file has: those of all EC keys have one size, and a file
 * that is replaced within a clock tick has the same times.
 */

typedef struct {
    dev_t              dev;
    ino_t              ino;             /* 0: there is no such file */
    off_t              size;
    struct timespec    mtime;
    struct timespec    ctime;
    ngx_uint_t         fresh;           /* changed less than seconds ago */
} ngx_http_mta_sts_identity_t;


/* Fills identity by stat().  A file that cannot be found has inode 0. */
void ngx_http_mta_sts_identify(const ngx_str_t *name,
    ngx_http_mta_sts_identity_t *identity);

/* Are both of the same contents, as far as the file system knows? */
ngx_uint_t ngx_http_mta_sts_identical(const ngx_http_mta_sts_identity_t *a,
    const ngx_http_mta_sts_identity_t *b);

/*
 * Parses a chain and its key, full names, as nginx does, and checks that they
 * match.  The intermediate certificates of the chain are looked up in, and
 * added to, the tree shared.
 *
 * Returns NGX_OK, NGX_DECLINED where the same files would fail again, or
 * NGX_ERROR where they might not.
 *
 * Errors: those of mta_sts_file_read(); "NAME" is larger than N bytes;
 * no certificate in "NAME" (REASON); broken chain in "NAME" (REASON); no
 * private key in "NAME" (REASON); the key in "NAME" has a password; certificate
 * "NAME" and key "NAME" do not match; out of memory.
 */
ngx_int_t ngx_http_mta_sts_pair_load(ngx_http_mta_sts_pair_t *pair,
    const ngx_str_t *cert, const ngx_str_t *key, ngx_rbtree_t *shared,
    mta_sts_err_t *err);

/*
 * Adds a pair to those that a connection may use, or logs why it cannot.  The
 * connection has references of its own.
 */
ngx_int_t ngx_http_mta_sts_pair_use(ngx_http_mta_sts_pair_t *pair,
    ngx_connection_t *c);

/*
 * Frees the cache's reference to a pair; connections keep theirs, and the last
 * one cleanses the key.
 */
void ngx_http_mta_sts_pair_free(ngx_http_mta_sts_pair_t *pair,
    ngx_rbtree_t *shared);


/*
 * Makes an empty cache, which is freed with cf->pool.  NULL: no memory.
 */
ngx_http_mta_sts_cache_t *ngx_http_mta_sts_cache_create(ngx_conf_t *cf,
    const mta_sts_certificate_cache_t *params);

/*
 * Sets the certificates and keys of a connection: names are the values of
 * ssl_certificate and ssl_certificate_key in turn, each with a NUL.  Returns
 * NGX_OK or, after a line in the log, NGX_ERROR.  pool is for what is needed
 * meanwhile.
 */
ngx_int_t ngx_http_mta_sts_cache_use(ngx_http_mta_sts_cache_t *cache,
    ngx_connection_t *c, ngx_pool_t *pool, ngx_str_t *names);

/*
 * The name that the client asked for in SNI, or "", with bytes that could forge
 * a line in a log as \xXX; in pool.
 */
ngx_str_t ngx_http_mta_sts_sni(ngx_connection_t *c, ngx_pool_t *pool);


#endif /* NGX_HTTP_SSL */


#endif /* _NGX_HTTP_MTA_STS_CERTIFICATE_H_INCLUDED_ */
