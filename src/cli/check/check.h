/*
 * Domains, checked against the live world, many at a time.
 */

#ifndef MTA_STS_CHECK_CHECK_H
#define MTA_STS_CHECK_CHECK_H


#include "cli/judge/judge.h"
#include "cli/probe/probe.h"
#include "serve/table.h"


/* What is looked at. */

#define CHECK_POLICY   1              /* the policy host, on each address */
#define CHECK_RECORDS  2              /* TXT, TLSRPT, MX */
#define CHECK_SMTP     4              /* mail servers, by SMTP */


typedef struct {
    const mta_sts_entry_t  *entry;        /* its policy is NULL where nothing
                                             is configured */
    int                     mode;         /* of the live policy, or -1 */
    mta_sts_str_t           id;           /* of the live record, or empty */
    findings_t              findings;     /* settled */
    certs_t                 certs;
    int                     served;       /* the configured policy, byte for
                                             byte, on every address */
    int                     unknown;      /* no lookup had an answer */
    time_t                  now;          /* of the check */
} result_t;


typedef struct {
    unsigned                what;         /* CHECK_* */
    net_settings_t          net;

    /* called for each entry, in their order */
    void                  (*done)(void *ctx, const result_t *result);

    /* called now and then */
    void                  (*progress)(void *ctx, size_t done, size_t n);

    void                   *ctx;
} check_t;


/*
 * Checks n entries.  Returns when all are done.
 *
 * Errors: those of net_init(); out of memory.
 */
int check_run(const check_t *check, const mta_sts_entry_t *entries, size_t n,
    mta_sts_err_t *err);


/*
 * Mail servers: each is looked at once, however many domains have it.
 */


typedef struct mail_server_s  mail_server_t;

typedef void (*mail_done_pt)(void *ctx, const findings_t *findings,
    const certs_t *certs);


/* Zero one to begin with, and set net and smtp. */

typedef struct {
    net_t            *net;
    int               smtp;           /* are they to be connected to? */
    void             *servers;        /* a tree, see tsearch() */
    mta_sts_arena_t   arena;
} mail_t;


/*
 * Looks at a mail server, a host name in lower case: its addresses and, on each
 * of them, SMTP with STARTTLS.  done is called once, perhaps at once.  Returns
 * MTA_STS_ERROR when memory ran out, and then done is not called.
 */
int mail_check(mail_t *mail, mta_sts_str_t host, mail_done_pt done, void *ctx);

void mail_free(mail_t *mail);


/*
 * One domain on its way through the lookups and transfers of a check.
 */


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


#endif /* MTA_STS_CHECK_CHECK_H */
