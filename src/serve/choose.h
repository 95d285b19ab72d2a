/*
 * What only the files of this folder need of each other: the index of the
 * server names on an address, from which nginx's choice of a server follows.
 */

#ifndef MTA_STS_SERVE_CHOOSE_H
#define MTA_STS_SERVE_CHOOSE_H


#include "answer.h"


/* Which of nginx's three hashes a name is in. */

typedef enum {
    CHOOSE_EXACT = 0,            /* names, and those of ".name" */
    CHOOSE_HEAD,                 /* "*.name" and ".name", without the front */
    CHOOSE_TAIL                  /* "name.*", without the end */
} choose_set_e;


typedef struct {
    mta_sts_str_t                 text;       /* data NULL: an empty slot */
    uint32_t                      hash;
    uint32_t                      server;
    uint8_t                       set;        /* choose_set_e */
    uint8_t                       whole;      /* the host may equal the text */
} choose_slot_t;


typedef struct {
    const mta_sts_server_name_t  *name;
    uint32_t                      server;
} choose_regex_t;


/* Only names that may match a policy host are counted. */

struct mta_sts_answer_index_s {
    choose_slot_t                *slots;
    uint32_t                      mask;       /* their number less 1 */
    uint32_t                      exact;
    uint32_t                      head;
    uint32_t                      tail_max;   /* length of the longest */
    choose_regex_t               *regexes;
    uint32_t                      n_regexes;
    uint32_t                      otherwise;  /* the server if none matches */
    int                           defaults;   /* there is a default policy */

    uint32_t                      address;    /* the first with this index */
    mta_sts_answer_index_t       *next;       /* with the same first server */
};


/* Indexes the names on an address; returns 0 if out of memory. */
int mta_sts_choose_index(const mta_sts_answers_t *answers,
    const mta_sts_answer_address_t *address, mta_sts_answer_index_t *index,
    const mta_sts_env_t *env);

/* The policy host of a domain, in buf. */
mta_sts_str_t mta_sts_answer_host(mta_sts_str_t domain,
    char buf[MTA_STS_NAME_MAX + 1]);

/* Is the same server chosen for all policy hosts?  It then is "otherwise". */
int mta_sts_choose_is_constant(const mta_sts_answer_index_t *index);


#endif /* MTA_STS_SERVE_CHOOSE_H */
