
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * A worker's cache of parsed certificates and keys.
 *
 *     tree by names of files --> entry: pairs that were good
 *                                       identities of the files they are from
 *                                       identities of files that failed since
 *     good --> the entries with pairs, last used first, at most max
 *     bad  --> those without, so that broken files are not parsed again
 */


#include "ngx_http_mta_sts_certificate.h"


#if (NGX_HTTP_SSL)


typedef struct {
    ngx_queue_t                   queue;
    ngx_uint_t                    n;
} ngx_http_mta_sts_entries_t;


typedef struct {
    ngx_str_node_t                node;     /* the names, each with a NUL */
    ngx_queue_t                   queue;
    ngx_http_mta_sts_entries_t   *entries;  /* good or bad, NULL at first */
    ngx_uint_t                    accessed; /* in seconds */
    ngx_uint_t                    checked;

    ngx_uint_t                    n;        /* pairs; there are 2n files */
    ngx_http_mta_sts_pair_t      *pairs;    /* or NULL */
    ngx_http_mta_sts_identity_t  *loaded;   /* what the pairs are from */
    ngx_http_mta_sts_identity_t  *failed;   /* valid with an error */
    u_char                       *error;    /* why, or NULL */
} ngx_http_mta_sts_entry_t;


struct ngx_http_mta_sts_cache_s {
    uint64_t                      max;
    uint64_t                      inactive;
    uint64_t                      valid;

    ngx_rbtree_t                  tree;
    ngx_rbtree_node_t             sentinel;
    ngx_http_mta_sts_entries_t    good;
    ngx_http_mta_sts_entries_t    bad;

    ngx_rbtree_t                  shared;   /* intermediate certificates */
    ngx_rbtree_node_t             shared_sentinel;
};


static void ngx_http_mta_sts_cache_cleanup(void *data);
static ngx_http_mta_sts_entry_t *ngx_http_mta_sts_entries_last(
    ngx_http_mta_sts_entries_t *entries);
static void ngx_http_mta_sts_cache_expire(ngx_http_mta_sts_cache_t *cache,
    ngx_http_mta_sts_entries_t *entries, ngx_uint_t now);
static ngx_http_mta_sts_entry_t *ngx_http_mta_sts_entry_create(
    ngx_http_mta_sts_cache_t *cache, const ngx_str_t *names, uint32_t hash,
    ngx_log_t *log);
static void ngx_http_mta_sts_entry_free(ngx_http_mta_sts_cache_t *cache,
    ngx_http_mta_sts_entry_t *entry);
static void ngx_http_mta_sts_entry_keep(ngx_http_mta_sts_cache_t *cache,
    ngx_http_mta_sts_entry_t *entry, ngx_uint_t now);
static void ngx_http_mta_sts_entry_refresh(ngx_http_mta_sts_cache_t *cache,
    ngx_http_mta_sts_entry_t *entry, ngx_uint_t now, ngx_connection_t *c,
    ngx_pool_t *pool);
static ngx_uint_t ngx_http_mta_sts_entry_same(ngx_http_mta_sts_entry_t *entry,
    const ngx_http_mta_sts_identity_t *then,
    const ngx_http_mta_sts_identity_t *current, ngx_uint_t now);
static ngx_int_t ngx_http_mta_sts_entry_load(ngx_http_mta_sts_cache_t *cache,
    ngx_http_mta_sts_entry_t *entry, ngx_str_t *names, mta_sts_err_t *err);
static void ngx_http_mta_sts_entry_replace(ngx_http_mta_sts_cache_t *cache,
    ngx_http_mta_sts_entry_t *entry, ngx_http_mta_sts_pair_t *pairs);
static void ngx_http_mta_sts_entry_forget(ngx_http_mta_sts_entry_t *entry);
static void ngx_http_mta_sts_entry_log(ngx_http_mta_sts_entry_t *entry,
    const char *error, ngx_connection_t *c, ngx_pool_t *pool);


ngx_http_mta_sts_cache_t *
ngx_http_mta_sts_cache_create(ngx_conf_t *cf,
    const mta_sts_certificate_cache_t *params)
{
    ngx_pool_cleanup_t        *cln;
    ngx_http_mta_sts_cache_t  *cache;

    cln = ngx_pool_cleanup_add(cf->pool, sizeof(ngx_http_mta_sts_cache_t));
    if (cln == NULL) {
        return NULL;
    }

    cache = cln->data;
    cln->handler = ngx_http_mta_sts_cache_cleanup;

    ngx_memzero(cache, sizeof(ngx_http_mta_sts_cache_t));

    cache->max = params->max;
    cache->inactive = params->inactive;
    cache->valid = params->valid;

    ngx_rbtree_init(&cache->tree, &cache->sentinel,
                    ngx_str_rbtree_insert_value);
    ngx_rbtree_init(&cache->shared, &cache->shared_sentinel,
                    ngx_str_rbtree_insert_value);

    ngx_queue_init(&cache->good.queue);
    ngx_queue_init(&cache->bad.queue);

    return cache;
}


static void
ngx_http_mta_sts_cache_cleanup(void *data)
{
    ngx_http_mta_sts_cache_t *cache = data;

    ngx_http_mta_sts_entry_t  *entry;

    while ((entry = ngx_http_mta_sts_entries_last(&cache->good))) {
        ngx_http_mta_sts_entry_free(cache, entry);
    }

    while ((entry = ngx_http_mta_sts_entries_last(&cache->bad))) {
        ngx_http_mta_sts_entry_free(cache, entry);
    }
}


/* The entry that is unused for the longest time, or NULL. */

static ngx_http_mta_sts_entry_t *
ngx_http_mta_sts_entries_last(ngx_http_mta_sts_entries_t *entries)
{
    ngx_queue_t  *q;

    if (entries->n == 0) {
        return NULL;
    }

    q = ngx_queue_last(&entries->queue);

    return ngx_queue_data(q, ngx_http_mta_sts_entry_t, queue);
}


ngx_int_t
ngx_http_mta_sts_cache_use(ngx_http_mta_sts_cache_t *cache,
    ngx_connection_t *c, ngx_pool_t *pool, ngx_str_t *names)
{
    uint32_t                   hash;
    ngx_uint_t                 i, now;
    ngx_http_mta_sts_entry_t  *entry;

    /* not ngx_time(), which may be set back; where this wraps, all is due */

    now = ngx_current_msec / 1000;

    ngx_http_mta_sts_cache_expire(cache, &cache->good, now);
    ngx_http_mta_sts_cache_expire(cache, &cache->bad, now);

    hash = ngx_crc32_long(names->data, names->len);

    entry = (ngx_http_mta_sts_entry_t *)
            ngx_str_rbtree_lookup(&cache->tree, names, hash);

    if (entry == NULL) {
        entry = ngx_http_mta_sts_entry_create(cache, names, hash, c->log);
        if (entry == NULL) {
            return NGX_ERROR;
        }
    }

    if (entry->pairs == NULL || now - entry->checked >= cache->valid) {
        ngx_http_mta_sts_entry_refresh(cache, entry, now, c, pool);
    }

    if (entry->pairs == NULL && entry->error == NULL) {
        ngx_http_mta_sts_entry_free(cache, entry);
        return NGX_ERROR;
    }

    ngx_http_mta_sts_entry_keep(cache, entry, now);

    if (entry->pairs == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < entry->n; i++) {
        if (ngx_http_mta_sts_pair_use(&entry->pairs[i], c) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* Two at a time: what all handshakes do must not take long in one of them. */

static void
ngx_http_mta_sts_cache_expire(ngx_http_mta_sts_cache_t *cache,
    ngx_http_mta_sts_entries_t *entries, ngx_uint_t now)
{
    ngx_uint_t                 n;
    ngx_http_mta_sts_entry_t  *entry;

    for (n = 0; n < 2; n++) {
        entry = ngx_http_mta_sts_entries_last(entries);

        if (entry == NULL || now - entry->accessed < cache->inactive) {
            return;
        }

        ngx_http_mta_sts_entry_free(cache, entry);
    }
}


static ngx_http_mta_sts_entry_t *
ngx_http_mta_sts_entry_create(ngx_http_mta_sts_cache_t *cache,
    const ngx_str_t *names, uint32_t hash, ngx_log_t *log)
{
    size_t                     size;
    ngx_uint_t                 i, n;
    ngx_http_mta_sts_entry_t  *entry;

    for (i = 0, n = 0; i < names->len; i++) {
        n += (names->data[i] == '\0');
    }

    size = n * sizeof(ngx_http_mta_sts_identity_t);

    entry = ngx_calloc(sizeof(ngx_http_mta_sts_entry_t) + 2 * size
                       + names->len, log);
    if (entry == NULL) {
        return NULL;
    }

    entry->n = n / 2;
    entry->loaded = (ngx_http_mta_sts_identity_t *) (entry + 1);
    entry->failed = entry->loaded + n;

    entry->node.str.len = names->len;
    entry->node.str.data = (u_char *) (entry->failed + n);
    ngx_memcpy(entry->node.str.data, names->data, names->len);

    entry->node.node.key = hash;
    ngx_rbtree_insert(&cache->tree, &entry->node.node);

    return entry;
}


static void
ngx_http_mta_sts_entry_free(ngx_http_mta_sts_cache_t *cache,
    ngx_http_mta_sts_entry_t *entry)
{
    if (entry->entries) {
        ngx_queue_remove(&entry->queue);
        entry->entries->n--;
    }

    ngx_rbtree_delete(&cache->tree, &entry->node.node);

    ngx_http_mta_sts_entry_replace(cache, entry, NULL);
    ngx_http_mta_sts_entry_forget(entry);

    ngx_free(entry);
}


/* Makes an entry the last used one of the good or the bad. */

static void
ngx_http_mta_sts_entry_keep(ngx_http_mta_sts_cache_t *cache,
    ngx_http_mta_sts_entry_t *entry, ngx_uint_t now)
{
    ngx_http_mta_sts_entries_t  *entries;

    if (entry->entries) {
        ngx_queue_remove(&entry->queue);
        entry->entries->n--;
    }

    entries = entry->pairs ? &cache->good : &cache->bad;

    ngx_queue_insert_head(&entries->queue, &entry->queue);
    entries->n++;

    entry->entries = entries;
    entry->accessed = now;

    if (entries->n > cache->max) {
        ngx_http_mta_sts_entry_free(cache,
                                    ngx_http_mta_sts_entries_last(entries));
    }
}


/*
 * Looks at the files of an entry and loads them where they have changed.  Where
 * that fails, the entry keeps its pairs; and where what failed is in the files,
 * they are not loaded again until one of them changes.
 */

static void
ngx_http_mta_sts_entry_refresh(ngx_http_mta_sts_cache_t *cache,
    ngx_http_mta_sts_entry_t *entry, ngx_uint_t now, ngx_connection_t *c,
    ngx_pool_t *pool)
{
    u_char                       *p;
    size_t                        size;
    ngx_int_t                     rc;
    ngx_str_t                    *names;
    ngx_uint_t                    i;
    mta_sts_err_t                 err;
    ngx_http_mta_sts_identity_t  *current;

    size = 2 * entry->n * sizeof(ngx_http_mta_sts_identity_t);

    names = ngx_palloc(pool, 2 * entry->n * sizeof(ngx_str_t));
    current = ngx_palloc(pool, size);

    if (names == NULL || current == NULL) {
        return;
    }

    p = entry->node.str.data;

    for (i = 0; i < 2 * entry->n; i++) {
        names[i].data = p;
        names[i].len = ngx_strlen(p);
        p += names[i].len + 1;

        if (ngx_get_full_name(pool, (ngx_str_t *) &ngx_cycle->conf_prefix,
                              &names[i])
            != NGX_OK)
        {
            return;
        }

        ngx_http_mta_sts_identify(&names[i], &current[i]);
    }

    if (entry->pairs
        && ngx_http_mta_sts_entry_same(entry, entry->loaded, current, now))
    {
        ngx_http_mta_sts_entry_forget(entry);

    } else if (entry->error
               && ngx_http_mta_sts_entry_same(entry, entry->failed, current,
                                              now))
    {
        ngx_http_mta_sts_entry_log(entry, (char *) entry->error, c, pool);

    } else {
        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, c->log, 0,
                       "mta-sts certificate load: \"%V\"", &names[0]);

        rc = ngx_http_mta_sts_entry_load(cache, entry, names, &err);

        ngx_http_mta_sts_entry_forget(entry);

        if (rc == NGX_OK) {
            ngx_memcpy(entry->loaded, current, size);

        } else {
            ngx_http_mta_sts_entry_log(entry, err.text, c, pool);
        }

        if (rc == NGX_DECLINED) {
            ngx_memcpy(entry->failed, current, size);
            entry->error = (u_char *) strdup(err.text);
        }
    }

    entry->checked = now;
}


/*
 * A file that was new when it was looked at may have changed since within the
 * same clock tick of the file system: that holds for the current second only.
 */

static ngx_uint_t
ngx_http_mta_sts_entry_same(ngx_http_mta_sts_entry_t *entry,
    const ngx_http_mta_sts_identity_t *then,
    const ngx_http_mta_sts_identity_t *current, ngx_uint_t now)
{
    ngx_uint_t  i;

    for (i = 0; i < 2 * entry->n; i++) {

        if (!ngx_http_mta_sts_identical(&then[i], &current[i])
            || (then[i].fresh && now != entry->checked))
        {
            return 0;
        }
    }

    return 1;
}


/* Returns as ngx_http_mta_sts_pair_load() does. */

static ngx_int_t
ngx_http_mta_sts_entry_load(ngx_http_mta_sts_cache_t *cache,
    ngx_http_mta_sts_entry_t *entry, ngx_str_t *names, mta_sts_err_t *err)
{
    ngx_int_t                 rc;
    ngx_uint_t                i;
    ngx_http_mta_sts_pair_t  *pairs;

    pairs = ngx_alloc(entry->n * sizeof(ngx_http_mta_sts_pair_t),
                      ngx_cycle->log);
    if (pairs == NULL) {
        return mta_sts_error_memory(err);
    }

    for (i = 0; i < entry->n; i++) {

        rc = ngx_http_mta_sts_pair_load(&pairs[i], &names[2 * i],
                                        &names[2 * i + 1], &cache->shared,
                                        err);
        if (rc == NGX_OK) {
            continue;
        }

        while (i--) {
            ngx_http_mta_sts_pair_free(&pairs[i], &cache->shared);
        }

        ngx_free(pairs);

        return rc;
    }

    ngx_http_mta_sts_entry_replace(cache, entry, pairs);

    return NGX_OK;
}


static void
ngx_http_mta_sts_entry_replace(ngx_http_mta_sts_cache_t *cache,
    ngx_http_mta_sts_entry_t *entry, ngx_http_mta_sts_pair_t *pairs)
{
    ngx_uint_t  i;

    if (entry->pairs) {

        for (i = 0; i < entry->n; i++) {
            ngx_http_mta_sts_pair_free(&entry->pairs[i], &cache->shared);
        }

        ngx_free(entry->pairs);
    }

    entry->pairs = pairs;
}


static void
ngx_http_mta_sts_entry_forget(ngx_http_mta_sts_entry_t *entry)
{
    if (entry->error) {
        ngx_free(entry->error);
        entry->error = NULL;
    }
}


static void
ngx_http_mta_sts_entry_log(ngx_http_mta_sts_entry_t *entry, const char *error,
    ngx_connection_t *c, ngx_pool_t *pool)
{
    ngx_str_t  host;

    host = ngx_http_mta_sts_sni(c, pool);

    if (entry->pairs) {
        ngx_log_error(NGX_LOG_ERR, c->log, 0,
                      "certificate of \"%V\" cannot be renewed, "
                      "the one before is used: %s", &host, error);

    } else {
        ngx_log_error(NGX_LOG_ERR, c->log, 0,
                      "no certificate for \"%V\": %s", &host, error);
    }
}


#endif /* NGX_HTTP_SSL */
