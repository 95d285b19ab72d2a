/*
 * Lookups at a zone's own name servers.  The zone of a name is that of the
 * nearest name with NS records, from the name itself upwards; what is found is
 * kept, since thousands of domains have the same servers.
 */

#include <search.h>
#include <stdlib.h>

#include "cli/diag/diag.h"
#include "probe.h"


#define AUTH_FAILURES   3             /* in a row, until a server is given up */
#define AUTH_ADDRESSES  1024          /* bytes of a server's list */


/* A name server: a host, with all its addresses. */

typedef struct {
    mta_sts_str_t          name;
    struct auth_s         *auth;
    dns_t                 *dns;       /* NULL: it has no address */
    const char            *error;     /* of its last failure */
    unsigned               failures;
    unsigned               pending;   /* lookups of addresses */
    char                   addresses[AUTH_ADDRESSES];
    struct auth_waiter_s  *waiters;
} auth_server_t;


/* A name, and the name servers of the zone that it is in. */

typedef struct {
    mta_sts_str_t          name;
    mta_sts_str_t          apex;      /* empty until a zone is found */
    struct auth_s         *auth;
    int                    known;
    const char            *error;
    auth_server_t         *servers[AUTH_SERVERS];
    size_t                 n;
    struct auth_waiter_s  *waiters;
} auth_zone_t;


/* A function that is called when a zone or a server is known. */

typedef struct auth_waiter_s {
    void                  (*known)(void *ctx);
    void                   *ctx;
    struct auth_waiter_s   *next;
} auth_waiter_t;


struct auth_s {
    net_t            *net;
    const char       *resolver;
    void             *zones;          /* trees, by name */
    void             *servers;
    mta_sts_arena_t   arena;
    mta_sts_env_t     env;
};


typedef struct {
    auth_t           *auth;
    int               type;
    auth_zone_t      *zone;
    unsigned          aliases;        /* followed so far */
    unsigned          pending;
    auth_answer_t     answer;
    size_t            apart;          /* servers that do not know the alias */
    auth_done_pt      done;
    void             *ctx;
    mta_sts_arena_t   arena;
    mta_sts_env_t     env;
} auth_lookup_t;


/* One server of a lookup. */

typedef struct {
    auth_lookup_t    *lookup;
    auth_server_t    *server;
} auth_query_t;


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


static void
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


static auth_zone_t *auth_zone(auth_t *auth, mta_sts_str_t name);

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


static auth_zone_t *
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


static void
auth_lookup_end(auth_lookup_t *lookup)
{
    lookup->done(lookup->ctx, &lookup->answer);

    mta_sts_arena_free(&lookup->arena);
    free(lookup);
}


static void auth_lookup_zone(void *ctx);

/* Goes to where an alias leads, or ends: all servers have answered. */

static void
auth_lookup_next(auth_lookup_t *lookup)
{
    size_t                 i;
    mta_sts_str_t          target;
    auth_server_answer_t  *servers;

    servers = lookup->answer.servers;

    for (i = lookup->apart; i < lookup->answer.n; i++) {
        if (servers[i].answer.alias && servers[i].answer.n == 0) {
            break;
        }
    }

    if (i == lookup->answer.n || ++lookup->aliases > ANSWER_ALIASES) {
        auth_lookup_end(lookup);
        return;
    }

    target = servers[i].answer.target;

    /* a server that has failed, or has no such alias, stays in the answer */

    for (i = lookup->apart; i < lookup->answer.n; i++) {
        if (!mta_sts_str_eq(servers[i].answer.target, target)) {
            servers[lookup->apart++] = servers[i];
        }
    }

    lookup->answer.n = lookup->apart;
    lookup->zone = auth_zone(lookup->auth, target);

    auth_lookup_zone(lookup);
}


static void
auth_release(auth_lookup_t *lookup)
{
    if (--lookup->pending == 0) {
        auth_lookup_next(lookup);
    }
}


static void
auth_add(auth_lookup_t *lookup, mta_sts_str_t server,
    const dns_answer_t *answer)
{
    auth_server_answer_t  *added;

    if (lookup->answer.n < AUTH_SERVERS) {
        added = &lookup->answer.servers[lookup->answer.n++];

        added->server = server;
        added->answer = dns_copy(answer, &lookup->env);
    }

    if (answer->ttl_max > lookup->answer.ttl) {
        lookup->answer.ttl = answer->ttl_max;
    }
}


static void
auth_answered(void *ctx, const dns_answer_t *answer)
{
    auth_query_t   *query = ctx;
    auth_server_t  *server;

    server = query->server;

    if (answer->status == DNS_FAILED) {
        server->error = answer->error;
        server->failures++;

    } else {
        server->failures = 0;
    }

    auth_add(query->lookup, server->name, answer);
    auth_release(query->lookup);
}


/* The addresses of a server are known. */

static void
auth_ask(void *ctx)
{
    auth_query_t  *query = ctx;
    dns_answer_t   failed;
    auth_server_t *server;

    server = query->server;

    if (server->dns && server->failures < AUTH_FAILURES) {
        dns_lookup(server->dns, query->lookup->zone->name, query->lookup->type,
                   auth_answered, query);
        return;
    }

    memset(&failed, 0, sizeof(dns_answer_t));

    failed.status = DNS_FAILED;
    failed.error = server->error;

    auth_add(query->lookup, server->name, &failed);
    auth_release(query->lookup);
}


/* Asks the servers of the zone, as soon as they are known. */

static void
auth_lookup_zone(void *ctx)
{
    size_t         i;
    auth_zone_t   *zone;
    auth_query_t  *query;
    auth_lookup_t *lookup = ctx;

    zone = lookup->zone;

    if (!zone->known) {
        auth_wait(lookup->auth, &zone->waiters, auth_lookup_zone, lookup);
        return;
    }

    lookup->answer.error = zone->error;
    lookup->pending = 1;

    for (i = 0; i < zone->n; i++) {
        query = diag_alloc(&lookup->arena, sizeof(auth_query_t));
        query->lookup = lookup;
        query->server = zone->servers[i];

        lookup->pending++;

        if (query->server->pending) {
            auth_wait(lookup->auth, &query->server->waiters, auth_ask, query);

        } else {
            auth_ask(query);
        }
    }

    auth_release(lookup);
}


/* The answer of the resolver of --resolver. */

static void
auth_resolved(void *ctx, const dns_answer_t *answer)
{
    auth_lookup_t *lookup = ctx;

    auth_add(lookup, mta_sts_str_from(lookup->auth->resolver), answer);
    auth_lookup_end(lookup);
}


void
auth_lookup(auth_t *auth, mta_sts_str_t name, int type, auth_done_pt done,
    void *ctx)
{
    auth_lookup_t  *lookup;

    lookup = diag_calloc(1, sizeof(auth_lookup_t));

    lookup->auth = auth;
    lookup->type = type;
    lookup->done = done;
    lookup->ctx = ctx;
    lookup->env.alloc = diag_alloc;
    lookup->env.ctx = &lookup->arena;

    if (auth->resolver) {
        dns_lookup(auth->net->dns, name, type, auth_resolved, lookup);
        return;
    }

    lookup->zone = auth_zone(auth, name);

    auth_lookup_zone(lookup);
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
