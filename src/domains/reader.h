/*
 * What the units of this room share: the reader of domains files, and the
 * policies that these name.
 */

#ifndef MTA_STS_DOMAINS_READER_H
#define MTA_STS_DOMAINS_READER_H


#include "domains.h"
#include "yaml.h"


typedef struct mta_sts_named_policy_s  mta_sts_named_policy_t;


/*
 * The reader.  late is set with an error that may be due to a policy or a
 * setting that comes after the domains: the files are then read once more, and
 * those from there on get their domains read after everything else.
 */

typedef struct {
    mta_sts_domains_t        *domains;
    mta_sts_table_builder_t   builder;
    mta_sts_intern_t          intern;
    int                       late;

    mta_sts_arena_t           kept;       /* while files are read */
    mta_sts_arena_t           scratched;  /* for one domain */
    mta_sts_derived_t         keep;
    mta_sts_derived_t         scratch;
    mta_sts_warnings_t        warnings;

    void                     *tree;       /* of named policies; see tsearch() */
    mta_sts_named_policy_t   *newest;
    mta_sts_named_policy_t   *older;      /* the newest of the files before */
    mta_sts_settings_t       *top;        /* settings of the file */
} mta_sts_reader_t;


/* What a domain, or "default", has: a named policy, settings, or both. */

typedef struct {
    mta_sts_value_t       policy;         /* data is NULL if none is named */
    mta_sts_settings_t    settings;
} mta_sts_use_t;


/*
 * Reads a file; with defer, its domains after everything else.
 *
 * Errors: those of mta_sts_domains_read().
 */
int mta_sts_reader_file(mta_sts_reader_t *reader, const mta_sts_file_t *file,
    int defer, mta_sts_err_t *err);


/*
 * Reads the value of key, a setting, into settings, in env's memory.  For the
 * error about an unknown key, others are the n keys that are also allowed.
 *
 * Errors: unknown key, duplicate key "KEY"; those of mta_sts_yaml_values() and
 * mta_sts_settings_set().
 */
int mta_sts_reader_setting(mta_sts_reader_t *reader, mta_sts_yaml_t *yaml,
    mta_sts_value_t key, const mta_sts_str_t *others, size_t n,
    mta_sts_settings_t *settings, const mta_sts_env_t *env,
    mta_sts_err_t *err);

/*
 * Reads the settings of a policy and keeps it by its name.
 *
 * Errors: invalid policy name, duplicate policy "NAME"; "NAME" must be a map of
 * settings; those of mta_sts_reader_setting().
 */
int mta_sts_reader_policy(mta_sts_reader_t *reader, mta_sts_yaml_t *yaml,
    const mta_sts_value_t *name, mta_sts_err_t *err);

/*
 * Reads the value of a domain, or of "default", in env's memory.
 *
 * Errors: "KEY" must be the name of a policy or a map of settings; those of
 * mta_sts_reader_setting().
 */
int mta_sts_reader_use(mta_sts_reader_t *reader, mta_sts_yaml_t *yaml,
    mta_sts_str_t key, mta_sts_use_t *use, const mta_sts_env_t *env,
    mta_sts_err_t *err);

/* Lets the policies of the file inherit from its settings. */
void mta_sts_reader_inherit(mta_sts_reader_t *reader);

/*
 * Gives the index of a use's policy in the builder, the settings that it was
 * made of (they are set before an error about them), and its name or "".
 *
 * Errors: unknown policy "NAME"; those of mta_sts_intern_add().
 */
int mta_sts_reader_resolve(mta_sts_reader_t *reader, mta_sts_use_t *use,
    mta_sts_settings_t **settings, mta_sts_str_t *policy_name, uint32_t *index,
    mta_sts_err_t *err);

/*
 * The same, but the policy itself, in env's memory.
 *
 * Errors: unknown policy "NAME"; those of mta_sts_policy_render().
 */
int mta_sts_reader_render(mta_sts_reader_t *reader, mta_sts_use_t *use,
    const mta_sts_env_t *env, const mta_sts_policy_t **policy,
    mta_sts_str_t *policy_name, mta_sts_err_t *err);

/* Zeroed readers begin and end with these. */
void mta_sts_reader_begin(mta_sts_reader_t *reader, const mta_sts_env_t *env,
    mta_sts_domains_t *domains);
void mta_sts_reader_end(mta_sts_reader_t *reader);

/* Forgets all named policies. */
void mta_sts_reader_forget(mta_sts_reader_t *reader);


#endif /* MTA_STS_DOMAINS_READER_H */
