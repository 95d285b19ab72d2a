/*
 * One domain on its way through the lookups and transfers of a check.
 */

#ifndef MTA_STS_CHECK_DOMAIN_H
#define MTA_STS_CHECK_DOMAIN_H


#include "body.h"
#include "check.h"
#include "mail.h"


#define DOMAIN_MX  32                 /* MX records that are looked at */


typedef struct domain_s  domain_t;

struct domain_s {
    result_t          result;

    net_t            *net;
    mail_t           *mail;
    unsigned          what;
    void            (*end)(domain_t *domain);
    void             *ctx;            /* for end */

    mta_sts_str_t     host;           /* the policy host */
    unsigned          pending;        /* lookups, transfers and mail servers */
    unsigned          lookups;        /* that had an answer */
    unsigned          host_lookups;   /* A and AAAA, of the policy host */
    unsigned          addresses;
    int               host_failed;

    int               fetched;        /* the first body is there */
    mta_sts_str_t     body;
    body_t            policy;         /* that body */

    mta_sts_str_t     mx[DOMAIN_MX];
    size_t            n_mx;
    int               mx_known;

    int               failed;         /* memory ran out */
    mta_sts_env_t     env;
    mta_sts_arena_t   arena;
};


/*
 * Begins to check an entry; domain->end is called once, perhaps at once.  NULL
 * when memory ran out.
 */
domain_t *domain_start(const domain_t *model, const mta_sts_entry_t *entry);

void domain_free(domain_t *domain);

/* Adds what follows from MX records and the policy, when both are there. */
void domain_drift(domain_t *domain);


#endif /* MTA_STS_CHECK_DOMAIN_H */
