/*
 * The zone of a name, and its name servers.  It is that of the nearest name with NS
 * records, from the name itself upwards; what is found is kept, since thousands
 * of domains have the same servers.
 */

#include <search.h>
#include <stdlib.h>

#include "cli/diag/diag.h"
#include "auth.h"


static int
auth_cmp(const void *a, const void *b)
{
    return mta_sts_str_cmp(*(const mta_sts_str_t *) a,
                           *(const mta_sts_str_t *) b);
}


/* The node of a name, whose size is that of a new one; *found: it was there. */

static void *
auth_node(auth_t *auth, void **tree, mta_sts_str_t name, size_t size,
    int *found)
{
    void           **node;
    mta_sts_str_t   *added;

    node = tfind(&name, tree, auth_cmp);
    *found = node != NULL;

    if (node) {
        return *node;
    }

    added = diag_alloc(&auth->arena, size);
    memset(added, 0, size);
    *added = mta_sts_str_copy(&auth->env, name);

    (void) tsearch(added, tree, auth_cmp);

    return added;
}


void
auth_wait(auth_t *auth, auth_waiter_t **waiters, void (*known)(void *ctx),
    void *ctx)
{
    auth_waiter_t  *waiter;

    waiter = diag_alloc(&auth->arena, sizeof(auth_waiter_t));
    waiter->known = known;
    waiter->ctx = ctx;
    waiter->next = *waiters;
    *waiters = waiter;
}


static void
auth_known(auth_waiter_t **waiters)
{
    auth_waiter_t  *waiter;

    while (*waiters) {
        waiter = *waiters;
        *waiters = waiter->next;

        waiter->known(waiter->ctx);
    }
}


/* An address of a name server; the last one ends the search for them. */

static void
auth_address(void *ctx, const dns_answer_t *answer)
{
    size_t         i, len;
    mta_sts_err_t  err;
    auth_server_t *server = ctx;

    for (i = 0; i < answer->n; i++) {
        len = strlen(server->addresses);

        if (len + answer->records[i].text.len + 4 < AUTH_ADDRESSES) {
            (void) snprintf(server->addresses + len, AUTH_ADDRESSES - len,
                            memchr(answer->records[i].text.data, ':',
                                   answer->records[i].text.len)
                            ? "%s[%s]" : "%s%s", len ? "," : "",
                            answer->records[i].text.data);
        }
    }

    if (--server->pending) {
        return;
    }

    if (server->addresses[0]) {
        server->dns = net_server(server->auth->net, server->addresses, &err);
    }

    server->error = "it has no address";

    auth_known(&server->waiters);
}


static auth_server_t *
auth_server(auth_t *auth, mta_sts_str_t name)
{
    int             found;
    auth_server_t  *server;

    server = auth_node(auth, &auth->servers, name, sizeof(auth_server_t),
                       &found);

    if (!found) {
        server->auth = auth;
        server->pending = 2;

        dns_lookup(auth->net->dns, server->name, ns_t_a, auth_address, server);
        dns_lookup(auth->net->dns, server->name, ns_t_aaaa, auth_address,
                   server);
    }

    return server;
}


static void
auth_zone_end(auth_zone_t *zone)
{
    zone->known = 1;
    auth_known(&zone->waiters);
}


/* The name is in the zone of the name above it. */

static void
auth_zone_above(void *ctx)
{
    auth_zone_t *zone = ctx;

    auth_zone_t    *above;
    const char     *dot;

    dot = memchr(zone->name.data, '.', zone->name.len);
    above = auth_zone(zone->auth,
                      mta_sts_str_after(zone->name, (size_t) (dot
                                                    - zone->name.data) + 1));

    if (!above->known) {
        auth_wait(zone->auth, &above->waiters, auth_zone_above, zone);
        return;
    }

    zone->error = above->error;
    zone->apex = above->apex;
    zone->n = above->n;
    memcpy(zone->servers, above->servers, sizeof(zone->servers));

    auth_zone_end(zone);
}


static void
auth_zone_ns(void *ctx, const dns_answer_t *answer)
{
    size_t       i;
    auth_zone_t *zone = ctx;

    if (answer->status == DNS_FAILED) {
        zone->error = answer->error;
        auth_zone_end(zone);
        return;
    }

    /* an alias is no apex of a zone */

    if (answer->n == 0 || answer->alias) {

        if (memchr(zone->name.data, '.', zone->name.len)) {
            auth_zone_above(zone);
            return;
        }

        zone->error = "no name server is known";
    }

    if (answer->n && !answer->alias) {
        zone->apex = zone->name;
    }

    for (i = 0; i < answer->n && i < AUTH_SERVERS && !answer->alias; i++) {
        zone->servers[zone->n++] = auth_server(zone->auth,
                                               answer->records[i].text);
    }

    auth_zone_end(zone);
}


auth_zone_t *
auth_zone(auth_t *auth, mta_sts_str_t name)
{
    int           found;
    auth_zone_t  *zone;

    zone = auth_node(auth, &auth->zones, name, sizeof(auth_zone_t), &found);

    if (!found) {
        zone->auth = auth;
        dns_lookup(auth->net->dns, zone->name, ns_t_ns, auth_zone_ns, zone);
    }

    return zone;
}


typedef struct {
    auth_zone_t      *zone;
    auth_apex_pt      done;
    void             *ctx;
} auth_apex_t;


static void
auth_apex_known(void *ctx)
{
    auth_apex_t *apex = ctx;

    apex->done(apex->ctx, apex->zone->apex);
}


void
auth_apex(auth_t *auth, mta_sts_str_t name, auth_apex_pt done, void *ctx)
{
    auth_apex_t  *apex;

    apex = diag_alloc(&auth->arena, sizeof(auth_apex_t));
    apex->zone = auth_zone(auth, name);
    apex->done = done;
    apex->ctx = ctx;

    if (apex->zone->known) {
        auth_apex_known(apex);

    } else {
        auth_wait(auth, &apex->zone->waiters, auth_apex_known, apex);
    }
}


auth_t *
auth_new(net_t *net, const char *resolver)
{
    auth_t  *auth;

    auth = diag_calloc(1, sizeof(auth_t));

    auth->net = net;
    auth->resolver = resolver;
    auth->env.alloc = diag_alloc;
    auth->env.ctx = &auth->arena;

    return auth;
}


/* A tree's node begins with the pointer to what the arena has. */

static void
auth_forget(void **tree)
{
    while (*tree) {
        (void) tdelete(*(void **) *tree, tree, auth_cmp);
    }
}


void
auth_free(auth_t *auth)
{
    auth_forget(&auth->zones);
    auth_forget(&auth->servers);
    mta_sts_arena_free(&auth->arena);
    free(auth);
}
