/*
 * Names, one behind the other, while a table is being built.  They lie in
 * pieces that are given back one by one when they are moved to their final
 * place: there is never a second copy of them all.
 */

#ifndef MTA_STS_SERVE_TABLE_H
#define MTA_STS_SERVE_TABLE_H


#include <stdint.h>

#include "base/base.h"
#include "policy/policy.h"


typedef struct {
    char    *data;
    size_t   start;               /* the offset of its first byte */
    size_t   len;
} mta_sts_strings_piece_t;


/* Zero one to begin with. */

typedef struct {
    mta_sts_strings_piece_t  *pieces;
    size_t                  n;
    size_t                  size;
    size_t                  len;  /* of all, the offset of the next */
} mta_sts_strings_t;


/*
 * Appends the length of str, 1 to 255, in a byte and its text; *offset is where
 * it will be.  The first offset is 1.  Returns 0 when memory ran out.
 */
int mta_sts_strings_add(mta_sts_strings_t *names, mta_sts_str_t str,
    uint32_t *offset);

/* Forgets what came after the first len bytes, an earlier names->len. */
void mta_sts_strings_rewind(mta_sts_strings_t *names, size_t len);

/*
 * Moves all to env's memory in one piece and frees names, whatever happens.
 * Returns NULL when memory ran out, or when there are none.
 */
char *mta_sts_strings_move(mta_sts_strings_t *names, const mta_sts_env_t *env);

void mta_sts_strings_free(mta_sts_strings_t *names);


/*
 * Policy domain -> policy, for one domain or for ten million.
 *
 * A table is built once and then only read: domains are added to a builder,
 * and its end makes the table.  Nothing needs tuning.
 */


typedef struct {
    mta_sts_str_t            domain;       /* normalised, 1 to 253 bytes */
    const mta_sts_policy_t  *policy;
    mta_sts_str_t            policy_name;  /* or empty */
    mta_sts_place_t          place;        /* without column */
} mta_sts_entry_t;


typedef struct {
    uint32_t  name;
    uint32_t  policy;
    uint32_t  line;
} mta_sts_table_slot_t;


typedef struct {
    uint32_t       name;
    mta_sts_str_t  file;
} mta_sts_table_file_t;


typedef struct {
    uint32_t       policy;
    mta_sts_str_t  policy_name;
} mta_sts_table_policy_name_t;


typedef struct {
    const char               *names;
    size_t                    names_len;
    mta_sts_table_slot_t     *slots;
    uint32_t                  n_slots;
    uint32_t                  n;           /* domains */
    const mta_sts_policy_t  **policies;
    mta_sts_table_file_t     *files;
    size_t                    n_files;
    mta_sts_table_policy_name_t    *policy_names;
    size_t                    n_policy_names;
} mta_sts_table_t;


/* What to do about a domain that is added more than once. */

typedef enum {
    MTA_STS_TABLE_FIRST = 0,      /* keep the first */
    MTA_STS_TABLE_ONCE            /* an error */
} mta_sts_table_rule_e;


/* Zero one to begin with, and set the rule. */

typedef struct {
    mta_sts_table_rule_e      rule;
    mta_sts_strings_t           names;
    mta_sts_table_slot_t     *entries;
    size_t                    n;
    size_t                    size;
    const mta_sts_policy_t  **policies;
    size_t                    n_policies;
    size_t                    policies_size;
    mta_sts_table_file_t     *files;
    size_t                    n_files;
    size_t                    files_size;
    mta_sts_table_policy_name_t    *policy_names;
    size_t                    n_policy_names;
    size_t                    policy_names_size;
    mta_sts_str_t             duplicate;   /* that was the error at the end */
} mta_sts_table_builder_t;


/*
 * Adds a policy and gives its index, for mta_sts_table_add().  The policy, and
 * a policy_name that is not empty, must live as long as the table.
 *
 * Errors: out of memory; too many policies for a table (at 2^32).
 */
int mta_sts_table_add_policy(mta_sts_table_builder_t *builder,
    const mta_sts_policy_t *policy, mta_sts_str_t policy_name, uint32_t *index,
    mta_sts_err_t *err);

/*
 * Adds a normalised domain, which is copied, and where it stands; the file
 * name of the place must live as long as the table.
 *
 * Errors: out of memory; too many domains for a table (at 4 GB of names).
 * After an error the builder is to be discarded.
 */
int mta_sts_table_add(mta_sts_table_builder_t *builder, mta_sts_str_t domain,
    uint32_t policy, mta_sts_place_t place, mta_sts_err_t *err);

/* Has a policy that was added a policy_name? */
int mta_sts_table_is_named(const mta_sts_table_builder_t *builder,
    uint32_t policy);

/*
 * Forgets the domains that were added after the first n, when the names had
 * names_len bytes (names.len), but not their policies.
 */
void mta_sts_table_rewind(mta_sts_table_builder_t *builder, size_t n,
    size_t names_len);

/*
 * Makes the table, in env's memory, and frees the builder, whatever happens.
 * Where a domain may be added more than once, its first entry stays.
 *
 * Errors: duplicate domain "DOMAIN", first at FILE:LINE; out of memory.
 */
int mta_sts_table_end(mta_sts_table_builder_t *builder, mta_sts_table_t *table,
    const mta_sts_env_t *env, mta_sts_err_t *err);

/* Frees what a builder holds. */
void mta_sts_table_discard(mta_sts_table_builder_t *builder);

/* The policy of a normalised domain, or NULL.  A zeroed table has none. */
const mta_sts_policy_t *mta_sts_table_policy(const mta_sts_table_t *table,
    mta_sts_str_t domain);

/* The whole entry of a normalised domain; returns 0 if there is none. */
int mta_sts_table_find(const mta_sts_table_t *table, mta_sts_str_t domain,
    mta_sts_entry_t *entry);

/*
 * Gives only the names, which is faster: those that were added more than once
 * come more than once.  *cursor is 0 at the start; returns 0 at the end.
 */
int mta_sts_table_next_name(const mta_sts_table_t *table, size_t *cursor,
    mta_sts_str_t *domain);

/*
 * Walks the domains in the order in which they were added: *cursor begins at
 * 0; returns 0 at the end.
 */
int mta_sts_table_next(const mta_sts_table_t *table, size_t *cursor,
    mta_sts_entry_t *entry);


/*
 * The policies of a table that is being built, equal ones kept once.
 */


/* Zero one to begin with, and set the builder. */

typedef struct {
    mta_sts_table_builder_t  *builder;
    uint32_t                 *slots;     /* 1 + the index of a policy, or 0 */
    uint8_t                  *tags;      /* of their hashes */
    size_t                    n_slots;
    size_t                    n;
    mta_sts_digest_t          digest;
} mta_sts_intern_t;


/*
 * Renders the policy of settings that have inherited, adds it to the builder
 * and gives its index there.  The bytes of a policy that equals an earlier one
 * are not kept a second time; with a policy_name it has an index of its own still.
 * Memory of scratch is not used after the call; policy_name must live as long as
 * the table.
 *
 * Errors: those of mta_sts_policy_render() and mta_sts_table_add_policy().
 */
int mta_sts_intern_add(mta_sts_intern_t *policies,
    mta_sts_settings_t *settings, mta_sts_str_t policy_name,
    const mta_sts_env_t *env, const mta_sts_env_t *scratch, uint32_t *index,
    mta_sts_err_t *err);

/* Frees what is only needed while policies are added. */
void mta_sts_intern_free(mta_sts_intern_t *policies);


#endif /* MTA_STS_SERVE_TABLE_H */
