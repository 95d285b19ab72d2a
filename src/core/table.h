/*
 * Policy domain -> policy, for one domain or for ten million.
 *
 * A table is built once and then only read: domains are added to a builder,
 * and its end makes the table.  Nothing needs tuning.
 */

#ifndef MTA_STS_TABLE_H
#define MTA_STS_TABLE_H


#include "names.h"
#include "policy.h"


typedef struct {
    mta_sts_str_t            domain;       /* normalised, 1 to 253 bytes */
    const mta_sts_policy_t  *policy;
    mta_sts_str_t            label;        /* the policy's name, or empty */
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
    mta_sts_str_t  label;
} mta_sts_table_label_t;


typedef struct {
    const char               *names;
    size_t                    names_len;
    mta_sts_table_slot_t     *slots;
    uint32_t                  n_slots;
    uint32_t                  n;           /* domains */
    const mta_sts_policy_t  **policies;
    mta_sts_table_file_t     *files;
    size_t                    n_files;
    mta_sts_table_label_t    *labels;
    size_t                    n_labels;
} mta_sts_table_t;


/* What to do about a domain that is added more than once. */

typedef enum {
    MTA_STS_TABLE_SAME = 0,       /* an error, but for equal policies */
    MTA_STS_TABLE_FIRST,          /* keep the first, warn of others */
    MTA_STS_TABLE_ONCE            /* an error */
} mta_sts_table_rule_e;


/* Zero one to begin with, and set the rule. */

typedef struct {
    mta_sts_table_rule_e      rule;
    mta_sts_names_t           names;
    mta_sts_table_slot_t     *entries;
    size_t                    n;
    size_t                    size;
    const mta_sts_policy_t  **policies;
    size_t                    n_policies;
    size_t                    policies_size;
    mta_sts_table_file_t     *files;
    size_t                    n_files;
    size_t                    files_size;
    mta_sts_table_label_t    *labels;
    size_t                    n_labels;
    size_t                    labels_size;
    mta_sts_str_t             duplicate;   /* that was the error at the end */
} mta_sts_table_builder_t;


/*
 * Adds a policy and gives its index, for mta_sts_table_add().  The policy, and
 * a label that is not empty, must live as long as the table.
 *
 * Errors: out of memory; too many policies for a table (at 2^32).
 */
int mta_sts_table_add_policy(mta_sts_table_builder_t *builder,
    const mta_sts_policy_t *policy, mta_sts_str_t label, uint32_t *index,
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

/* Has a policy that was added a label? */
int mta_sts_table_is_labelled(const mta_sts_table_builder_t *builder,
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
 * Errors: as the rule says, domain "DOMAIN" has another policy at FILE:LINE
 * or duplicate domain "DOMAIN", first at FILE:LINE; out of memory.
 */
int mta_sts_table_end(mta_sts_table_builder_t *builder, mta_sts_table_t *table,
    const mta_sts_env_t *env, mta_sts_err_t *err);

/*
 * Two entries of one domain: returns MTA_STS_OK if the rule lets them be, after
 * a warning to env if it says so; otherwise fills err, at the place of the
 * second, and returns MTA_STS_ERROR.
 */
int mta_sts_table_conflict(mta_sts_table_rule_e rule,
    const mta_sts_entry_t *first, const mta_sts_entry_t *second,
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
 * Walks the domains in the order in which they were added: *cursor begins at
 * 0; returns 0 at the end.
 */
int mta_sts_table_next(const mta_sts_table_t *table, size_t *cursor,
    mta_sts_entry_t *entry);


#endif /* MTA_STS_TABLE_H */
