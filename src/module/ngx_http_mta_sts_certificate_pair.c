
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * A certificate chain and its key: read from files, parsed as nginx parses
 * them, and freed.
 */


#include "ngx_http_mta_sts_certificate.h"


#if (NGX_HTTP_SSL)


/* larger than any chain, and no more than a worker can read at once */

#define NGX_HTTP_MTA_STS_FILE_MAX  (1024 * 1024)

/* what a file system may round the time of a change to, in seconds */

#define NGX_HTTP_MTA_STS_FRESH     2


typedef struct {
    ngx_str_node_t    node;             /* its SHA-256 */
    u_char            digest[SHA256_DIGEST_LENGTH];
    X509             *cert;
    ngx_uint_t        refs;             /* chains that have it */
} ngx_http_mta_sts_shared_t;


static ngx_int_t ngx_http_mta_sts_file_read(const ngx_str_t *name,
    mta_sts_file_t *file, mta_sts_err_t *err);
static void ngx_http_mta_sts_file_free(mta_sts_file_t *file);
static ngx_int_t ngx_http_mta_sts_chain_load(ngx_http_mta_sts_pair_t *pair,
    const ngx_str_t *name, mta_sts_err_t *err);
static ngx_int_t ngx_http_mta_sts_chain_parse(ngx_http_mta_sts_pair_t *pair,
    BIO *bio, const ngx_str_t *name, mta_sts_err_t *err);
static ngx_int_t ngx_http_mta_sts_chain_share(STACK_OF(X509) *chain,
    ngx_rbtree_t *shared, mta_sts_err_t *err);
static ngx_int_t ngx_http_mta_sts_key_load(ngx_http_mta_sts_pair_t *pair,
    const ngx_str_t *name, mta_sts_err_t *err);
static int ngx_http_mta_sts_no_password(char *buf, int size, int rwflag,
    void *data);
static ngx_int_t ngx_http_mta_sts_parse_error(mta_sts_err_t *err,
    const char *what, const ngx_str_t *name);
static ngx_http_mta_sts_shared_t *ngx_http_mta_sts_shared_get(
    ngx_rbtree_t *shared, X509 *cert);
static void ngx_http_mta_sts_shared_release(ngx_rbtree_t *shared, X509 *cert);
static ngx_int_t ngx_http_mta_sts_shared_key(ngx_http_mta_sts_shared_t *key,
    X509 *cert);


void
ngx_http_mta_sts_identify(const ngx_str_t *name,
    ngx_http_mta_sts_identity_t *identity)
{
    ngx_file_info_t  fi;

    ngx_memzero(identity, sizeof(ngx_http_mta_sts_identity_t));

    if (ngx_file_info(name->data, &fi) == NGX_FILE_ERROR) {
        return;
    }

    identity->dev = fi.st_dev;
    identity->ino = fi.st_ino;
    identity->size = fi.st_size;
    identity->mtime = fi.st_mtim;
    identity->ctime = fi.st_ctim;

    identity->fresh = (fi.st_ctim.tv_sec + NGX_HTTP_MTA_STS_FRESH
                       >= ngx_time());
}


ngx_uint_t
ngx_http_mta_sts_identical(const ngx_http_mta_sts_identity_t *a,
    const ngx_http_mta_sts_identity_t *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size
           && a->mtime.tv_sec == b->mtime.tv_sec
           && a->mtime.tv_nsec == b->mtime.tv_nsec
           && a->ctime.tv_sec == b->ctime.tv_sec
           && a->ctime.tv_nsec == b->ctime.tv_nsec;
}


ngx_int_t
ngx_http_mta_sts_pair_load(ngx_http_mta_sts_pair_t *pair,
    const ngx_str_t *cert, const ngx_str_t *key, ngx_rbtree_t *shared,
    mta_sts_err_t *err)
{
    ngx_int_t  rc;

    ngx_memzero(pair, sizeof(ngx_http_mta_sts_pair_t));

    rc = ngx_http_mta_sts_chain_load(pair, cert, err);

    if (rc == NGX_OK) {
        rc = ngx_http_mta_sts_key_load(pair, key, err);
    }

    if (rc == NGX_OK && X509_check_private_key(pair->cert, pair->key) != 1) {
        (void) mta_sts_error(err, MTA_STS_NOWHERE, "certificate \"%.*s\" and "
                             "key \"%.*s\" do not match",
                             MTA_STS_SHOW(ngx_http_mta_sts_str(cert)),
                             MTA_STS_SHOW(ngx_http_mta_sts_str(key)));
        rc = NGX_DECLINED;
    }

    if (rc == NGX_OK) {
        rc = ngx_http_mta_sts_chain_share(pair->chain, shared, err);
    }

    if (rc == NGX_OK) {
        return NGX_OK;
    }

    X509_free(pair->cert);
    sk_X509_pop_free(pair->chain, X509_free);
    EVP_PKEY_free(pair->key);

    /* an error that stays would be taken for one of the connection */

    ERR_clear_error();

    return rc;
}


void
ngx_http_mta_sts_pair_free(ngx_http_mta_sts_pair_t *pair, ngx_rbtree_t *shared)
{
    int  i;

    for (i = 0; i < sk_X509_num(pair->chain); i++) {
        ngx_http_mta_sts_shared_release(shared, sk_X509_value(pair->chain, i));
    }

    X509_free(pair->cert);
    sk_X509_pop_free(pair->chain, X509_free);
    EVP_PKEY_free(pair->key);
}


ngx_int_t
ngx_http_mta_sts_pair_use(ngx_http_mta_sts_pair_t *pair, ngx_connection_t *c)
{
    if (SSL_use_cert_and_key(c->ssl->connection, pair->cert, pair->key,
                             pair->chain, 1)
        != 1)
    {
        ngx_ssl_error(NGX_LOG_ERR, c->log, 0, "SSL_use_cert_and_key() failed");
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* Reads a file, which ngx_http_mta_sts_file_free() frees. */

static ngx_int_t
ngx_http_mta_sts_file_read(const ngx_str_t *name, mta_sts_file_t *file,
    mta_sts_err_t *err)
{
    ngx_file_info_t  fi;

    if (ngx_file_info(name->data, &fi) != NGX_FILE_ERROR
        && ngx_file_size(&fi) > NGX_HTTP_MTA_STS_FILE_MAX)
    {
        (void) mta_sts_error(err, MTA_STS_NOWHERE, "\"%s\" is larger than "
                             "%d bytes", name->data,
                             NGX_HTTP_MTA_STS_FILE_MAX);
        return NGX_DECLINED;
    }

    return mta_sts_file_read(file, ngx_http_mta_sts_str(name), MTA_STS_NOWHERE,
                             err)
           == MTA_STS_OK ? NGX_OK : NGX_ERROR;
}


/* It may be a key. */

static void
ngx_http_mta_sts_file_free(mta_sts_file_t *file)
{
    OPENSSL_cleanse((char *) file->text.data, file->text.len);
    mta_sts_file_free(file);
}


static ngx_int_t
ngx_http_mta_sts_chain_load(ngx_http_mta_sts_pair_t *pair,
    const ngx_str_t *name, mta_sts_err_t *err)
{
    BIO             *bio;
    ngx_int_t        rc;
    mta_sts_file_t   file;

    rc = ngx_http_mta_sts_file_read(name, &file, err);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = NGX_ERROR;

    bio = BIO_new_mem_buf(file.text.data, (int) file.text.len);
    pair->chain = sk_X509_new_null();

    if (bio == NULL || pair->chain == NULL) {
        (void) mta_sts_error_memory(err);

    } else {
        rc = ngx_http_mta_sts_chain_parse(pair, bio, name, err);
    }

    BIO_free(bio);
    ngx_http_mta_sts_file_free(&file);

    return rc;
}


/* As ngx_ssl_load_certificate() does. */

static ngx_int_t
ngx_http_mta_sts_chain_parse(ngx_http_mta_sts_pair_t *pair, BIO *bio,
    const ngx_str_t *name, mta_sts_err_t *err)
{
    X509    *cert;
    u_long   n;

    pair->cert = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
    if (pair->cert == NULL) {
        return ngx_http_mta_sts_parse_error(err, "no certificate", name);
    }

    for ( ;; ) {

        cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

        if (cert == NULL) {
            break;
        }

        if (sk_X509_push(pair->chain, cert) == 0) {
            X509_free(cert);
            return mta_sts_error_memory(err);
        }
    }

    n = ERR_peek_last_error();

    if (ERR_GET_LIB(n) != ERR_LIB_PEM
        || ERR_GET_REASON(n) != PEM_R_NO_START_LINE)
    {
        return ngx_http_mta_sts_parse_error(err, "broken chain", name);
    }

    /* the end of the file */

    ERR_clear_error();

    return NGX_OK;
}


static ngx_int_t
ngx_http_mta_sts_key_load(ngx_http_mta_sts_pair_t *pair, const ngx_str_t *name,
    mta_sts_err_t *err)
{
    BIO             *bio;
    ngx_int_t        rc;
    ngx_uint_t       encrypted;
    mta_sts_file_t   file;

    rc = ngx_http_mta_sts_file_read(name, &file, err);

    if (rc != NGX_OK) {
        return rc;
    }

    encrypted = 0;
    bio = BIO_new_mem_buf(file.text.data, (int) file.text.len);

    if (bio == NULL) {
        rc = mta_sts_error_memory(err);

    } else {
        pair->key = PEM_read_bio_PrivateKey(bio, NULL,
                                            ngx_http_mta_sts_no_password,
                                            &encrypted);
        if (encrypted) {
            (void) mta_sts_error(err, MTA_STS_NOWHERE, "the key in \"%.*s\" "
                                 "has a password",
                                 MTA_STS_SHOW(ngx_http_mta_sts_str(name)));
            rc = NGX_DECLINED;

        } else if (pair->key == NULL) {
            rc = ngx_http_mta_sts_parse_error(err, "no private key", name);
        }
    }

    BIO_free(bio);
    ngx_http_mta_sts_file_free(&file);

    return rc;
}


/* Without a callback, OpenSSL asks on the terminal. */

static int
ngx_http_mta_sts_no_password(char *buf, int size, int rwflag, void *data)
{
    ngx_uint_t *encrypted = data;

    *encrypted = 1;

    return -1;
}


static ngx_int_t
ngx_http_mta_sts_parse_error(mta_sts_err_t *err, const char *what,
    const ngx_str_t *name)
{
    u_long       n;
    const char  *reason;

    n = ERR_peek_error();

    if (ERR_GET_REASON(n) == ERR_R_MALLOC_FAILURE) {
        return mta_sts_error_memory(err);
    }

    reason = ERR_reason_error_string(n);

    (void) mta_sts_error(err, MTA_STS_NOWHERE, "%s in \"%.*s\" (%s)", what,
                         MTA_STS_SHOW(ngx_http_mta_sts_str(name)),
                         reason ? reason : "unknown reason");

    return NGX_DECLINED;
}


/*
 * Replaces the certificates of a chain with equal ones that are in the tree,
 * and adds the others.  An error leaves the counts as they were.
 */

static ngx_int_t
ngx_http_mta_sts_chain_share(STACK_OF(X509) *chain, ngx_rbtree_t *shared,
    mta_sts_err_t *err)
{
    int                         i;
    X509                       *cert;
    ngx_http_mta_sts_shared_t  *node;

    for (i = 0; i < sk_X509_num(chain); i++) {
        cert = sk_X509_value(chain, i);

        node = ngx_http_mta_sts_shared_get(shared, cert);

        if (node == NULL) {
            while (i--) {
                ngx_http_mta_sts_shared_release(shared,
                                                sk_X509_value(chain, i));
            }

            return mta_sts_error_memory(err);
        }

        node->refs++;

        X509_up_ref(node->cert);
        (void) sk_X509_set(chain, i, node->cert);
        X509_free(cert);
    }

    return NGX_OK;
}


/* Finds a certificate in the tree, or adds it.  NULL: no memory. */

static ngx_http_mta_sts_shared_t *
ngx_http_mta_sts_shared_get(ngx_rbtree_t *shared, X509 *cert)
{
    ngx_http_mta_sts_shared_t  *node, key;

    if (ngx_http_mta_sts_shared_key(&key, cert) != NGX_OK) {
        return NULL;
    }

    node = (ngx_http_mta_sts_shared_t *)
           ngx_str_rbtree_lookup(shared, &key.node.str, key.node.node.key);

    if (node) {
        return node;
    }

    node = ngx_alloc(sizeof(ngx_http_mta_sts_shared_t), ngx_cycle->log);
    if (node == NULL) {
        return NULL;
    }

    *node = key;

    node->node.str.data = node->digest;
    node->cert = cert;
    node->refs = 0;

    X509_up_ref(cert);
    ngx_rbtree_insert(shared, &node->node.node);

    return node;
}


/* What OpenSSL has no memory to look up stays until the worker ends. */

static void
ngx_http_mta_sts_shared_release(ngx_rbtree_t *shared, X509 *cert)
{
    ngx_http_mta_sts_shared_t  *node, key;

    if (ngx_http_mta_sts_shared_key(&key, cert) != NGX_OK) {
        return;
    }

    node = (ngx_http_mta_sts_shared_t *)
           ngx_str_rbtree_lookup(shared, &key.node.str, key.node.node.key);

    if (node && --node->refs == 0) {
        ngx_rbtree_delete(shared, &node->node.node);
        X509_free(node->cert);
        ngx_free(node);
    }
}


static ngx_int_t
ngx_http_mta_sts_shared_key(ngx_http_mta_sts_shared_t *key, X509 *cert)
{
    if (X509_digest(cert, EVP_sha256(), key->digest, NULL) != 1) {
        return NGX_ERROR;
    }

    key->node.str.data = key->digest;
    key->node.str.len = SHA256_DIGEST_LENGTH;
    key->node.node.key = ngx_crc32_long(key->digest, SHA256_DIGEST_LENGTH);

    return NGX_OK;
}


#endif /* NGX_HTTP_SSL */
