/*
 * Who answers: nginx's choice of a server for a host on an address, and the
 * domains for which that choice is not the policy that is configured.
 *
 * A sender connects to any address of a policy host and expects one policy
 * there.  The addresses that count for a domain are those where a server with a
 * policy for it listens: with TLS, since senders use nothing else, or where
 * none has TLS, all of them, since a proxy may add it.  On each of them nginx
 * must choose a server that gives the same bytes.
 */

#ifndef MTA_STS_SERVE_ANSWER_H
#define MTA_STS_SERVE_ANSWER_H


#include "serve.h"


typedef struct {
    const mta_sts_server_t        *serves;
    const mta_sts_server_name_t   *names;
    size_t                         n;
    mta_sts_place_t                place;      /* of its "{" */
    unsigned                       own:1;      /* the policy, not inherited */
    unsigned                       on:1;       /* it has "mta_sts on" */
    unsigned                       reject:1;   /* ssl_reject_handshake on */
    unsigned                       verify:1;   /* ssl_verify_client on */

    /* private */

    unsigned                       tls:1;
    unsigned                       local:1;
    uint32_t                      *addresses;
    uint32_t                       n_addresses;
    uint32_t                       mark;
    uint32_t                       pair;
} mta_sts_answer_server_t;


typedef struct mta_sts_answer_index_s  mta_sts_answer_index_t;

/* One "listen" address with the servers on it, as nginx sees it. */

typedef struct {
    mta_sts_str_t                  text;       /* "192.0.2.8:443" */
    uint32_t                       group;      /* family << 16 | port */
    unsigned                       wildcard:1; /* 0.0.0.0 or [::] */
    unsigned                       tls:1;
    unsigned                       local:1;    /* for local connections */
    uint32_t                      *servers;    /* in order of the file */
    uint32_t                       n;
    size_t                         size;       /* for mta_sts_env_grow() */
    uint32_t                       default_server;

    /* private */

    mta_sts_answer_index_t        *index;      /* shared by equal addresses */
    uint32_t                      *specifics;  /* of the group of a wildcard */
    uint32_t                       n_specifics;
    uint32_t                       mark;
} mta_sts_answer_address_t;


/* Set the arrays; the rest is private. */

typedef struct {
    mta_sts_answer_server_t       *servers;
    uint32_t                       n;
    mta_sts_answer_address_t      *addresses;
    uint32_t                       n_addresses;

    mta_sts_catalog_t              catalog;    /* the domains of all servers */
} mta_sts_answers_t;


/*
 * A conflict: on an address that counts for a domain, nginx chooses a server
 * that has no policy or another policy for the domain than the configured one.
 */

typedef struct {
    mta_sts_str_t                    domain;
    uint32_t                         server;   /* that is configured for it */
    uint32_t                         chosen;
    const mta_sts_answer_address_t  *address;  /* or NULL: any of the chosen */
    const mta_sts_policy_t          *policy;   /* of the chosen one, or NULL */
    int                              carved;   /* see mta_sts_answers_check() */
} mta_sts_answer_conflict_t;


typedef void (*mta_sts_answer_report_pt)(void *ctx,
    const mta_sts_answer_conflict_t *conflict);


/*
 * Prepares answers, in env's memory: indexes the names on each address and
 * builds the catalog, in which the policy of a server with TLS comes first.
 *
 * Errors: out of memory; those of mta_sts_catalog_build().
 */
int mta_sts_answers_init(mta_sts_answers_t *answers, const mta_sts_env_t *env,
    mta_sts_err_t *err);

/*
 * The server that nginx chooses on an address for a policy host, in lower case:
 * by exact name, longest leading wildcard, longest trailing wildcard, first
 * matching regex, or the default server.  Follows ngx_http_server_names() and
 * ngx_http_find_virtual_server(); a duplicate name is ignored as by nginx.
 */
uint32_t mta_sts_answers_choose(const mta_sts_answer_address_t *address,
    mta_sts_str_t host);

/*
 * Reports the conflicts of all domains of the catalog, each domain once or more
 * often.  A conflict is "carved" on a more specific address than that of the
 * configured server, such as 192.0.2.8:443 next to *:443: only who knows the
 * addresses of the policy host can say whether senders reach it.
 */
void mta_sts_answers_check(mta_sts_answers_t *answers,
    mta_sts_answer_report_pt report, void *ctx);

/*
 * Finds the policy of a normalised domain that may be in no catalog, such as
 * one that a wildcard name matches.  Returns MTA_STS_OK with *policy and the
 * *server that is configured for it, or *policy NULL where there is none;
 * MTA_STS_ERROR with *conflict filled where the addresses disagree.
 */
int mta_sts_answers_find(const mta_sts_answers_t *answers,
    mta_sts_str_t domain, const mta_sts_policy_t **policy, uint32_t *server,
    mta_sts_answer_conflict_t *conflict);

/*
 * Fills err with the text of a conflict, at the place of the configured server;
 * returns MTA_STS_ERROR.
 *
 *     for domain "DOMAIN" nginx chooses the server at FILE:LINE on ADDRESS,
 *     which has no policy for it
 */
int mta_sts_answers_error(const mta_sts_answers_t *answers,
    const mta_sts_answer_conflict_t *conflict, mta_sts_err_t *err);


/* Conflicts for people: one warning per pair of servers. */

typedef struct mta_sts_answer_pair_s  mta_sts_answer_pair_t;

/* Zero it, and set answers and env. */

typedef struct {
    mta_sts_answers_t             *answers;
    const mta_sts_env_t           *env;
    mta_sts_answer_pair_t         *pairs;
    size_t                         n;
    size_t                         size;
    int                            failed;     /* out of memory */
} mta_sts_answer_pairs_t;


/* Adds a conflict; fits into mta_sts_answers_check(). */
void mta_sts_answer_pairs_add(void *ctx,
    const mta_sts_answer_conflict_t *conflict);

/* Warns of each pair, with the first domains and the number of the others. */
void mta_sts_answer_pairs_warn(mta_sts_answer_pairs_t *pairs);

/*
 * Warns of servers with policies that no sender can fetch: without TLS, unless
 * another server has TLS for the domains, all addresses are local, or the
 * server has "mta_sts on"; with ssl_reject_handshake or ssl_verify_client.  A
 * default policy that is inherited is not meant for this server.
 */
void mta_sts_answers_warn_unreachable(const mta_sts_answers_t *answers,
    const mta_sts_env_t *env);


#endif /* MTA_STS_SERVE_ANSWER_H */
