
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * Compiled tables are replaced by newer ones while a worker runs.
 */


#include "ngx_http_mta_sts_table.h"


/* Bytes that a busy worker verifies at a time: about a millisecond. */

#define NGX_HTTP_MTA_STS_VERIFY  (2 * 1024 * 1024)


static void ngx_http_mta_sts_table_replace(ngx_http_mta_sts_table_t *table,
    ngx_uint_t replaced);
static void ngx_http_mta_sts_table_use(ngx_http_mta_sts_table_t *table);
static ngx_uint_t ngx_http_mta_sts_table_base(ngx_http_mta_sts_table_t *table);
static ngx_uint_t ngx_http_mta_sts_table_verify(
    ngx_http_mta_sts_table_t *table);
static void ngx_http_mta_sts_table_verify_handler(ngx_event_t *ev);
static void ngx_http_mta_sts_image_failed(ngx_http_mta_sts_image_t *image,
    const mta_sts_err_t *err, const char *kept);


ngx_uint_t
ngx_http_mta_sts_image_is_new(ngx_http_mta_sts_image_t *image)
{
    mta_sts_image_id_t  old;

    old = image->id;

    mta_sts_image_identify(image->name, &image->id);

    return ngx_memcmp(&old, &image->id, sizeof(mta_sts_image_id_t)) != 0;
}


/*
 * A bad file is logged once.  One that is there but could not be mapped, as
 * when there is no memory, is tried again in the next second.
 */

static void
ngx_http_mta_sts_image_failed(ngx_http_mta_sts_image_t *image,
    const mta_sts_err_t *err, const char *kept)
{
    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "%s, %s", err->text, kept);

    if (err->errnum && image->id.error == 0) {
        ngx_memzero(&image->id, sizeof(mta_sts_image_id_t));
    }
}


void
ngx_http_mta_sts_table_update(ngx_http_mta_sts_table_t *table)
{
    ngx_uint_t  changed, replaced;

    /*
     * what a new worker has, or one that was idle, may be old: it serves
     * nothing of that while it verifies
     */

    table->piece = table->checked + 1 < ngx_time()
                   ? (size_t) NGX_MAX_SIZE_T_VALUE : NGX_HTTP_MTA_STS_VERIFY;
    table->checked = ngx_time();

    if (table->next.image.data) {
        return;
    }

    changed = ngx_http_mta_sts_image_is_new(&table->changes);
    replaced = ngx_http_mta_sts_image_is_new(&table->base);

    if (changed || replaced) {
        ngx_http_mta_sts_table_replace(table, replaced);
    }
}


/*
 * Uses newer files.  Bad ones are logged once; with a bad table the old one is
 * kept, and its changes.  If the changes are those of a table that is not there
 * yet, the old ones are kept, too.  Requests copy what they need, so nothing
 * refers to what is closed.
 */

static void
ngx_http_mta_sts_table_replace(ngx_http_mta_sts_table_t *table,
    ngx_uint_t replaced)
{
    int              rc;
    mta_sts_err_t    err;
    mta_sts_image_t  changes;

    /* the changes first: see mta_sts_image_open_changes() */

    rc = mta_sts_image_open_changes(&changes, table->changes.name,
                                    MTA_STS_IMAGE_ALL, MTA_STS_NOWHERE, &err);

    replaced |= ngx_http_mta_sts_image_is_new(&table->base);

    if (replaced && !ngx_http_mta_sts_table_base(table)) {

        if (rc != MTA_STS_OK) {
            return;
        }

        if (changes.data == NULL
            || changes.base != table->base.image.serial)
        {
            mta_sts_image_close(&changes);
            return;
        }

        /* changes of the table that is kept */

        replaced = 0;
    }

    if (rc != MTA_STS_OK) {
        ngx_http_mta_sts_image_failed(&table->changes, &err, replaced
                                      ? "the table is used without changes"
                                      : "the old changes are kept");

    } else if (!replaced && changes.data
               && changes.base != table->base.image.serial)
    {
        mta_sts_image_close(&changes);

    } else {
        mta_sts_image_close(&table->changes.image);
        table->changes.image = changes;
        table->changes.used = (time_t) table->changes.id.seconds;
    }

    ngx_http_mta_sts_table_use(table);
}


/* Makes the servers use what is mapped. */

static void
ngx_http_mta_sts_table_use(ngx_http_mta_sts_table_t *table)
{
    ngx_uint_t                     s;
    ngx_http_core_srv_conf_t     **cscfp;
    ngx_http_mta_sts_srv_conf_t   *mscf;

    mta_sts_image_domains(&table->base.image, table->domains);
    mta_sts_image_set_changes(&table->changes.image, &table->base.image,
                              table->domains);

    cscfp = table->cmcf->servers.elts;

    for (s = 0; s < table->cmcf->servers.nelts; s++) {
        mscf = cscfp[s]->ctx->srv_conf[ngx_http_mta_sts_module.ctx_index];

        if (mscf->table == table) {
            mta_sts_server_replace(&mscf->server, table->domains);
        }
    }

    ngx_http_mta_sts_count_names(table->mmcf, table->domains, table->names);

    ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0, "table \"%s\" of %uD "
                  "domains is in use", table->base.name.data,
                  table->domains->table.n);
}


/*
 * Maps the newer table.  Returns 0 if it is bad, or until all of it is
 * verified: then this is called again, and begins anew if there is yet another
 * table.
 */

static ngx_uint_t
ngx_http_mta_sts_table_base(ngx_http_mta_sts_table_t *table)
{
    mta_sts_err_t              err;
    mta_sts_domains_t          domains;
    ngx_http_mta_sts_image_t  *base, *next;

    base = &table->base;
    next = &table->next;

    if (next->image.data == NULL
        || ngx_memcmp(&next->id, &base->id, sizeof(mta_sts_image_id_t)) != 0)
    {
        mta_sts_image_close(&next->image);

        if (mta_sts_image_open(&next->image, next->name, MTA_STS_IMAGE_HEADER,
                               MTA_STS_NOWHERE, &domains, &err)
            != MTA_STS_OK)
        {
            ngx_http_mta_sts_image_failed(base, &err, "the old table is kept");
            return 0;
        }

        next->id = base->id;

        if (!ngx_http_mta_sts_table_verify(table)) {
            return 0;
        }
    }

    mta_sts_image_close(&base->image);

    base->image = next->image;
    base->used = (time_t) base->id.seconds;

    ngx_memzero(&next->image, sizeof(mta_sts_image_t));

    return 1;
}


/* Verifies a piece of the newer table.  Returns 1 if it was the last one. */

static ngx_uint_t
ngx_http_mta_sts_table_verify(ngx_http_mta_sts_table_t *table)
{
    size_t         left;
    mta_sts_err_t  err;

    if (mta_sts_image_verify(&table->next.image, table->piece, &left,
                             table->next.name, MTA_STS_NOWHERE, &err)
        != MTA_STS_OK)
    {
        mta_sts_image_close(&table->next.image);
        ngx_http_mta_sts_image_failed(&table->base, &err,
                                      "the old table is kept");
        return 0;
    }

    if (left == 0) {
        return 1;
    }

    table->dummy.fd = (ngx_socket_t) -1;
    table->dummy.data = table;

    table->verify.data = &table->dummy;
    table->verify.handler = ngx_http_mta_sts_table_verify_handler;
    table->verify.log = ngx_cycle->log;
    table->verify.cancelable = 1;

    ngx_add_timer(&table->verify, 1);

    return 0;
}


static void
ngx_http_mta_sts_table_verify_handler(ngx_event_t *ev)
{
    ngx_connection_t          *dummy;
    ngx_http_mta_sts_table_t  *table;

    dummy = ev->data;
    table = dummy->data;

    if (ngx_http_mta_sts_table_verify(table)) {
        ngx_http_mta_sts_table_replace(table, 1);
    }
}


