/*
 * Inside of the lookups at a zone's own name servers: auth_zone.c finds the name
 * servers, auth.c asks them.
 */

#ifndef MTA_STS_PROBE_AUTH_H
#define MTA_STS_PROBE_AUTH_H


#include "probe.h"


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


/*
 * The zone that a name is in; it may not be known yet, nor the addresses of its
 * servers, whose lookups are pending.
 */
auth_zone_t *auth_zone(auth_t *auth, mta_sts_str_t name);

/* Calls known(ctx) when the zone or server with these waiters is known. */
void auth_wait(auth_t *auth, auth_waiter_t **waiters, void (*known)(void *ctx),
    void *ctx);


#endif /* MTA_STS_PROBE_AUTH_H */
