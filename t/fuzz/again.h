/*
 * What a reader has accepted, written down and read once more: the same must
 * come out again.
 */

#ifndef MTA_STS_FUZZ_AGAIN_H
#define MTA_STS_FUZZ_AGAIN_H


#include "domains/domains.h"
#include "generator/generator.h"


/*
 * Checks one entry by itself: its policy is valid by the parser for what
 * others serve, which finds no fault; the id is that of the bytes; what the
 * policy says, set one by one, renders to the same bytes.  The result is what
 * came of that.
 */
void again_entry(const mta_sts_entry_t *entry, const mta_sts_env_t *env,
    mta_sts_result_t *result);

/* The server block and the domains file of a result, read again. */
void again_server(const mta_sts_result_t *result, const mta_sts_env_t *env);
void again_yaml(const mta_sts_result_t *result, const mta_sts_env_t *env);

/* The same of texts that say what the entry says. */
void again_server_text(mta_sts_str_t text, const mta_sts_entry_t *entry,
    const mta_sts_env_t *env);
void again_yaml_text(mta_sts_str_t text, const mta_sts_entry_t *entry,
    const mta_sts_env_t *env);

/* Reads the text of a domains file; errors are those of its reader. */
int again_read_yaml(mta_sts_str_t text, const mta_sts_env_t *env,
    mta_sts_domains_t *domains, mta_sts_err_t *err);

/* Of two policies: the ids are equal exactly where the bytes are. */
void again_pair(const mta_sts_policy_t *a, const mta_sts_policy_t *b);


#endif /* MTA_STS_FUZZ_AGAIN_H */
