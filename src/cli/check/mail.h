/*
 * Mail servers: each is looked at once, however many domains have it.
 */

#ifndef MTA_STS_MAIL_H
#define MTA_STS_MAIL_H


#include "fetch.h"


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


#endif /* MTA_STS_MAIL_H */
