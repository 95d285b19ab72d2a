/*
 * The table: policy domain -> policy, for one domain or for ten million.
 *
 * A table is built once and then read-only: domains are added to a builder,
 * from which mta_sts_table_end() makes the table.
 */

#ifndef MTA_STS_SERVE_TABLE_H
#define MTA_STS_SERVE_TABLE_H


#include "policy/policy.h"


typedef struct {
    mta_sts_str_t            domain;       /* normalised, 1 to 253 bytes */
    const mta_sts_policy_t  *policy;
    uint32_t                 index;        /* of the policy, in its table */
    mta_sts_str_t            policy_name;  /* or empty */
    mta_sts_place_t          place;        /* without a column */
} mta_sts_entry_t;


/* Bytes that can be hashed, the longest name. */

#define MTA_STS_HASH_MAX  256

typedef struct {
    uint64_t       k[2 + MTA_STS_HASH_MAX / 4];
} mta_sts_hash_key_t;

typedef struct {
    uint32_t       name;                   /* its offset in names */
    uint32_t       policy;                 /* in 24 bits, and a tag in 8 */
    uint32_t       line;
} mta_sts_table_slot_t;


/* The text of a run of numbers, up to the next run. */

typedef struct {
    uint32_t       first;
    uint32_t       len;
    uint64_t       text;                   /* its offset from base */
} mta_sts_table_run_t;


/*
 * A table.  base is that of the image that the table is in; in memory it is 0,
 * and offsets from it are addresses.  What does not end before limit is not
 * used.  Only n is for others.
 */

typedef struct mta_sts_table_s  mta_sts_table_t;

struct mta_sts_table_s {
    uint32_t                     n;        /* domains */
    uint32_t                     n_slots;
    const mta_sts_table_slot_t  *slots;
    const mta_sts_hash_key_t    *key;      /* or NULL, for few domains */
    const char                  *names;
    size_t                       names_len;
    const uint64_t              *policies; /* offsets from base */
    size_t                       n_policies;
    const mta_sts_table_run_t   *files;    /* of names */
    size_t                       n_files;
    const mta_sts_table_run_t   *policy_names;        /* of policies */
    size_t                       n_policy_names;
    uintptr_t                    base;
    uint64_t                     limit;
    const mta_sts_table_t       *changes;  /* or NULL */
};


/* What happens when a domain is added again. */

typedef enum {
    MTA_STS_TABLE_FIRST = 0,      /* the first is kept */
    MTA_STS_TABLE_ONCE,           /* an error */
    MTA_STS_TABLE_DISTINCT        /* no domain is, which is not looked at */
} mta_sts_table_rule_e;


/* An array of the builder, in memory that is given back to the system. */

typedef struct {
    void    *elts;
    size_t   n;
    size_t   size;                /* bytes */
} mta_sts_table_array_t;


/* Zero one to begin with, and set env and the rule. */

typedef struct {
    const mta_sts_env_t    *env;            /* of the table; for warnings */
    mta_sts_table_rule_e    rule;
    mta_sts_hash_key_t      key;            /* set if index.n is not 0 */
    mta_sts_table_array_t   names;          /* bytes */
    mta_sts_table_array_t   rows;           /* domains */
    mta_sts_table_array_t   index;          /* of the rows */
    mta_sts_table_array_t   policies;       /* their addresses */
    mta_sts_table_array_t   files;
    mta_sts_table_array_t   policy_names;
} mta_sts_table_builder_t;


/*
 * Adds a policy and gives its index, for mta_sts_table_add().  The policy, and
 * a policy_name that is not empty, must live as long as the table.
 *
 * Errors: out of memory; too many policies for a table (2^24).
 */
int mta_sts_table_add_policy(mta_sts_table_builder_t *builder,
    const mta_sts_policy_t *policy, mta_sts_str_t policy_name, uint32_t *index,
    mta_sts_err_t *err);

/*
 * Adds a normalised domain, which is copied, and its place, whose file name
 * must live as long as the table.  A domain that was added before is handled as
 * the rule says.
 *
 * Errors: duplicate domain "DOMAIN", first at FILE:LINE; out of memory; too
 * many domains for a table (at 4 GB of names); getrandom() failed.  After an
 * error the builder is to be discarded.
 */
int mta_sts_table_add(mta_sts_table_builder_t *builder, mta_sts_str_t domain,
    uint32_t policy, mta_sts_place_t place, mta_sts_err_t *err);

/* Gives a domain that was added another policy. */
void mta_sts_table_replace(mta_sts_table_builder_t *builder,
    mta_sts_str_t domain, uint32_t policy);

/*
 * Reserves memory for n domains; len is the names_len of their table.
 *
 * Errors: out of memory.
 */
int mta_sts_table_reserve(mta_sts_table_builder_t *builder, size_t n,
    size_t len, mta_sts_err_t *err);

/*
 * Was a normalised domain added?  Returns 1, and in *policy the index of its
 * policy or MTA_STS_TABLE_REMOVED; or 0.
 */
int mta_sts_table_is_added(const mta_sts_table_builder_t *builder,
    mta_sts_str_t domain, uint32_t *policy);

/* As mta_sts_table_prefetch(), for mta_sts_table_is_added(). */
void mta_sts_table_prefetch_added(const mta_sts_table_builder_t *builder,
    mta_sts_str_t domain);

/* A policy that was added. */
const mta_sts_policy_t *mta_sts_table_added(
    const mta_sts_table_builder_t *builder, uint32_t policy);

/*
 * In a table of changes: the policy of a domain that was removed from the table
 * in which the changes are made.
 */

#define MTA_STS_TABLE_REMOVED  0xffffff


/* The policy_name that it was added with, or empty. */
mta_sts_str_t mta_sts_table_added_name(const mta_sts_table_builder_t *builder,
    uint32_t policy);

/* Removes all domains from the builder, but not the policies. */
void mta_sts_table_restart(mta_sts_table_builder_t *builder);

/*
 * Makes the table, in the memory of builder->env, and frees the builder in any
 * case.
 *
 * Errors: out of memory.
 */
int mta_sts_table_end(mta_sts_table_builder_t *builder, mta_sts_table_t *table,
    mta_sts_err_t *err);

/* Frees what a builder holds. */
void mta_sts_table_discard(mta_sts_table_builder_t *builder);

/* The policy of a normalised domain, or NULL.  A zeroed table is empty. */
const mta_sts_policy_t *mta_sts_table_policy(const mta_sts_table_t *table,
    mta_sts_str_t domain);

/* Where the policy of a domain was found: its index, and in which table. */

typedef enum {
    MTA_STS_FOUND_TABLE = 0,
    MTA_STS_FOUND_CHANGES,        /* of the table */
    MTA_STS_FOUND_DEFAULT         /* of a server; its index is 0 */
} mta_sts_found_e;

typedef struct {
    mta_sts_str_t    domain;
    mta_sts_found_e  where;
    uint32_t         policy;
} mta_sts_found_t;


/* As mta_sts_table_policy(), and says where; found->domain is not set. */
const mta_sts_policy_t *mta_sts_table_locate(const mta_sts_table_t *table,
    mta_sts_str_t domain, mta_sts_found_t *found);

/*
 * Gives the names of policies, without the changes: those with an index from
 * *first to *last have *name.  *cursor is 0 to begin with; returns 0 at the
 * end.
 */
int mta_sts_table_next_named(const mta_sts_table_t *table, size_t *cursor,
    uint32_t *first, uint32_t *last, mta_sts_str_t *name);

/* Has it a normalised domain, be it with a policy or not?  Without changes. */
int mta_sts_table_has_name(const mta_sts_table_t *table, mta_sts_str_t domain);

/* The whole entry of a normalised domain; returns 0 if there is none. */
int mta_sts_table_find(const mta_sts_table_t *table, mta_sts_str_t domain,
    mta_sts_entry_t *entry);

/*
 * Fetches what looking up a domain needs from memory, without waiting for it:
 * it is looked up soon.
 */
void mta_sts_table_prefetch(const mta_sts_table_t *table, mta_sts_str_t domain);

/* Gives only the names, which is faster; otherwise as mta_sts_table_next(). */
int mta_sts_table_next_name(const mta_sts_table_t *table, size_t *cursor,
    mta_sts_str_t *domain);

/*
 * Walks the domains in the order in which they were added: *cursor is 0 to
 * begin with; returns 0 at the end.
 */
int mta_sts_table_next(const mta_sts_table_t *table, size_t *cursor,
    mta_sts_entry_t *entry);

/* A cursor that is beyond the last domain; all of a table are below it. */

static inline size_t
mta_sts_table_last(const mta_sts_table_t *table)
{
    return table->names_len + (table->changes ? table->changes->names_len : 0);
}

/* Is it that of an image? */

static inline int
mta_sts_table_is_mapped(const mta_sts_table_t *table)
{
    return table->base != 0;
}


/*
 * Puts a small table of changes in front of a table: domains that are new, have
 * another policy, or were removed.  Changes must live as long as the table.
 */
void mta_sts_table_set_changes(mta_sts_table_t *table,
    const mta_sts_table_t *changes);


/*
 * Interned policies: equal policies of a builder share their memory, and with
 * equal policy_names also their index.
 */


/* Zero one to begin with, and set builder, env and max. */

typedef struct {
    mta_sts_table_builder_t  *builder;
    const mta_sts_env_t      *env;       /* where what is kept is copied to;
                                            NULL: it lives long enough */
    mta_sts_hash_key_t        key;       /* set if n_slots is not 0 */
    size_t                    bytes;     /* of all policies that are kept */
    size_t                    max;       /* an error above that; 0: no limit */
    uint32_t                 *slots;     /* 1 + the index of a policy, or 0 */
    uint32_t                 *hashes;    /* of the slots */
    size_t                    n_slots;
    size_t                    n;
    mta_sts_digest_t          digest;
} mta_sts_intern_t;


/* Begins with an empty builder, whose table is to be in env's memory. */
void mta_sts_intern_init(mta_sts_intern_t *intern,
    mta_sts_table_builder_t *builder, const mta_sts_env_t *env);

/*
 * Renders the policy of settings that have inherited, and goes on as
 * mta_sts_intern_policy().  Memory of scratch is not used after the call.
 *
 * Errors: those of mta_sts_policy_render() and mta_sts_table_add_policy();
 * getrandom() failed; at the policy's place, too many different policies.
 */
int mta_sts_intern_add(mta_sts_intern_t *intern,
    mta_sts_settings_t *settings, mta_sts_str_t policy_name,
    const mta_sts_env_t *scratch, uint32_t *index, mta_sts_err_t *err);

/*
 * Adds a policy with a policy_name, which may be empty, to the builder and
 * gives its index there.
 *
 * Errors: those of mta_sts_table_add_policy(); getrandom() failed; too many
 * different policies.
 */
int mta_sts_intern_policy(mta_sts_intern_t *intern,
    const mta_sts_policy_t *policy, mta_sts_str_t policy_name,
    uint32_t *index, mta_sts_err_t *err);

/* Adds a domain with its policy to the builder, errors as above. */
int mta_sts_intern_entry(mta_sts_intern_t *intern,
    const mta_sts_entry_t *entry, mta_sts_err_t *err);

/* Frees what is only needed while policies are added. */
void mta_sts_intern_free(mta_sts_intern_t *intern);


#endif /* MTA_STS_SERVE_TABLE_H */
