/*
 * The named policies of domains files, and what a domain is given: one of
 * them, settings of its own, or settings that change one of them.
 */

#ifndef MTA_STS_DOMAINS_READER_H
#define MTA_STS_DOMAINS_READER_H


#include "base/base.h"
#include "domains.h"
#include "serve/table.h"
#include "yaml.h"


/* What a domain is given. */

typedef struct {
    mta_sts_value_t       policy;     /* data is NULL where none is named */
    mta_sts_settings_t    settings;
} mta_sts_use_t;


typedef struct mta_sts_named_policy_s  mta_sts_named_policy_t;


/*
 * Zero one to begin with, and set what comes first.  keep is memory for as
 * long as files are read, scratch for one domain, env for the policies.
 */

typedef struct {
    const mta_sts_env_t      *env;
    const mta_sts_env_t      *keep;
    const mta_sts_env_t      *scratch;
    mta_sts_intern_t        policies;

    void                     *tree;
    mta_sts_named_policy_t   *all;    /* the newest first */
    mta_sts_named_policy_t   *older;  /* the first that is of another file */
    mta_sts_settings_t       *top;    /* what those of the file inherit */
    unsigned                  top_warned;
} mta_sts_named_t;


/* Begins a file, whose own settings are top. */
void mta_sts_named_file(mta_sts_named_t *named, mta_sts_settings_t *top);

/*
 * Sets what key, a setting, has for a value.
 *
 * Errors: unknown key, duplicate key "KEY"; those of mta_sts_yaml_values() and
 * mta_sts_settings_set().
 */
int mta_sts_named_set(mta_sts_named_t *named, mta_sts_yaml_t *yaml,
    mta_sts_value_t key, mta_sts_settings_t *settings,
    const mta_sts_env_t *env, mta_sts_err_t *err);

/*
 * Reads a policy's map behind its name.
 *
 * Errors: invalid policy name, duplicate policy "NAME"; "NAME" must be a map of
 * settings; those of mta_sts_named_set().
 */
int mta_sts_named_read(mta_sts_named_t *named, mta_sts_yaml_t *yaml,
    const mta_sts_value_t *name, mta_sts_err_t *err);

/*
 * Reads what key is given, into env's memory.
 *
 * Errors: "KEY" must be the name of a policy or a map of settings; those of
 * mta_sts_named_set().
 */
int mta_sts_named_read_use(mta_sts_named_t *named, mta_sts_yaml_t *yaml,
    mta_sts_str_t key, mta_sts_use_t *use, const mta_sts_env_t *env,
    mta_sts_err_t *err);

/* The current file's settings have changed: hands them to its policies. */
void mta_sts_named_inherit(mta_sts_named_t *named);

/* Notes, before domains, which policies were used and warned of. */
void mta_sts_named_mark(mta_sts_named_t *named);

/* Goes back to what was noted. */
void mta_sts_named_rewind(mta_sts_named_t *named);

/*
 * Gives the index of the policy that use stands for, *settings that it was
 * made of and *policy_name, its name or nothing.
 *
 * Errors: unknown policy "NAME"; those of mta_sts_intern_add().
 */
int mta_sts_named_resolve(mta_sts_named_t *named, mta_sts_use_t *use,
    mta_sts_settings_t **settings, mta_sts_str_t *policy_name, uint32_t *index,
    mta_sts_err_t *err);

void mta_sts_named_free(mta_sts_named_t *named);


/*
 * One domains file: its keys, read once or twice.  For domains.c alone.
 */


/* Zero one for each file, and set what comes first. */

typedef struct {
    mta_sts_table_builder_t  *builder;
    mta_sts_named_t          *named;
    mta_sts_domains_t        *domains;    /* gets what "default" says */
    mta_sts_warnings_t           *held;
    mta_sts_arena_t          *scratched;  /* of named->scratch */

    mta_sts_yaml_t           *yaml;
    unsigned                  seen;       /* keys */
    mta_sts_use_t            *default_policy;   /* what "default" is given */
    mta_sts_place_t           default_place;

    int                       again;      /* only the domains are read */
    int                       late;       /* they are to be read again */
    int                       failed;     /* a domain has no policy: see err */
    mta_sts_err_t             err;
    mta_sts_warnings_mark_t       before;     /* warnings before the domains */
    mta_sts_warnings_mark_t       behind;     /* and behind them */
} mta_sts_domains_file_t;


/* Reads a file.  Errors: those of mta_sts_domains_add(). */
int mta_sts_domains_file_read(mta_sts_domains_file_t *file,
    mta_sts_input_t *input, mta_sts_err_t *err);


#endif /* MTA_STS_DOMAINS_READER_H */
