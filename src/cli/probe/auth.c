/*
 * Lookups at all name servers of a zone, through aliases.
 */

#include <stdlib.h>

#include "cli/diag/diag.h"
#include "auth.h"


#define AUTH_FAILURES  3              /* in a row, until a server is given up */


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
