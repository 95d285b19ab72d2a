/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * A compiled table that is mapped, and its changes.
 */

#ifndef _NGX_HTTP_MTA_STS_TABLE_H_INCLUDED_
#define _NGX_HTTP_MTA_STS_TABLE_H_INCLUDED_


#include "ngx_http_mta_sts_module.h"


/* A file, and which one it was when it was looked at last. */

typedef struct {
    mta_sts_str_t               name;
    mta_sts_image_t             image;
    mta_sts_image_id_t          id;
    time_t                      used;       /* mtime of what is mapped */
} ngx_http_mta_sts_image_t;


struct ngx_http_mta_sts_table_s {
    ngx_http_mta_sts_image_t    base;
    ngx_http_mta_sts_image_t    next;       /* a newer base: is it good? */
    ngx_http_mta_sts_image_t    changes;
    ngx_event_t                 verify;
    ngx_connection_t            dummy;      /* of the event */
    mta_sts_domains_t          *domains;
    ngx_http_mta_sts_names_t   *names;
    ngx_http_core_main_conf_t  *cmcf;
    ngx_http_mta_sts_main_conf_t  *mmcf;
    time_t                      checked;    /* the last look at the files */
    size_t                      piece;      /* bytes to verify at a time */
};


/* Is the file another one than before? */
ngx_uint_t ngx_http_mta_sts_image_is_new(ngx_http_mta_sts_image_t *image);

/*
 * Looks for a newer table and for newer changes, and uses them.  If the last
 * look was a second ago, a large table later, when all of it is verified.
 */
void ngx_http_mta_sts_table_update(ngx_http_mta_sts_table_t *table);


#endif /* _NGX_HTTP_MTA_STS_TABLE_H_INCLUDED_ */
