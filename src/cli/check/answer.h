/*
 * What an answer of the DNS has about a name.
 */

#ifndef MTA_STS_ANSWER_H
#define MTA_STS_ANSWER_H


#include "dns.h"


#define ANSWER_ALIASES  16            /* that are followed */


typedef struct {
    int                   type;
    unsigned              aliases;    /* followed so far */
    char                  name[NS_MAXDNAME];   /* where they have led to */
    dns_answer_t         *out;
    const mta_sts_env_t  *env;
} answer_t;


/*
 * Goes to the target of the name's alias in the message.  Returns 1, 0 when it
 * is no alias, or -1 when the message is malformed or there were too many.
 */
int answer_alias(answer_t *answer, ns_msg *msg);

/*
 * Collects the records of the name.  Returns MTA_STS_ERROR when the message is
 * malformed or memory ran out.
 */
int answer_collect(answer_t *answer, ns_msg *msg);


#endif /* MTA_STS_ANSWER_H */
