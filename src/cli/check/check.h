/*
 * Domains, checked against the live world, many at a time.
 */

#ifndef MTA_STS_CHECK_H
#define MTA_STS_CHECK_H


#include "../../core/table.h"
#include "net.h"


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


#endif /* MTA_STS_CHECK_H */
