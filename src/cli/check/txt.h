/*
 * The two TXT records, as they are found in the DNS (RFC 8461, 3.1; RFC 8460,
 * 3).
 */

#ifndef MTA_STS_TXT_H
#define MTA_STS_TXT_H


#include "finding.h"


/* A TXT record; its strings are joined. */

typedef struct {
    mta_sts_str_t  text;
    unsigned       strings;
} txt_t;


/*
 * Looks for the one STS record in n TXT records and at its syntax, and adds
 * what is wrong.  Gives its id, a part of its text, which is empty where there
 * is no valid one.
 */
void txt_sts(const txt_t *records, size_t n, findings_t *findings,
    mta_sts_str_t *id);

/*
 * The same for the TLSRPT record; gives what stands behind "rua=", as it
 * stands.
 */
void txt_tlsrpt(const txt_t *records, size_t n, findings_t *findings,
    mta_sts_str_t *rua);


#endif /* MTA_STS_TXT_H */
