/*
 * The domains file: very many domains and their policies, in YAML.
 *
 *     max_age: 2w                   # settings: the defaults of the file
 *     policies:
 *       hosted: { mode: enforce, mx: [mx1.example.net, mx2.example.net] }
 *     domains:
 *       example.com: hosted
 *       example.org: { policy: hosted, mode: testing }
 *     default: hosted               # the policy of all other hosts
 *
 * Keys may be in any order.  A file may name the policies of the files before
 * it; settings apply to one file.
 */

#ifndef MTA_STS_DOMAINS_DOMAINS_H
#define MTA_STS_DOMAINS_DOMAINS_H


#include "base/base.h"
#include "serve/serve.h"


/*
 * Reads n files, in their order, and frees their texts in any case.  What is
 * made of them is in env's memory; the names of the files must live as long.
 *
 * Warns as mta_sts_settings_set() and mta_sts_policy_render() do, at most
 * MTA_STS_WARNINGS_MAX times, after all files have been read.
 *
 * Errors, with line and column: those of mta_sts_yaml_next(), of
 * mta_sts_settings_set() and of mta_sts_policy_render(); invalid or duplicate
 * domain "DOMAIN", duplicate policy, key or default; unknown key or policy; a
 * value that is not of the kind it must be; an empty file; out of memory.
 */
int mta_sts_domains_read(mta_sts_file_t *files, size_t n,
    const mta_sts_env_t *env, mta_sts_domains_t *domains, mta_sts_err_t *err);


/*
 * The named policies and the settings of a domains file, for domains that come
 * from elsewhere.
 */


typedef struct mta_sts_policies_s  mta_sts_policies_t;


/*
 * Reads a file, and frees its text in any case; file may be NULL: no policy has
 * a name then.  domains gets the default policy, in env's memory, which must
 * live as long as policies.  Returns NULL on error.
 *
 * Errors: those of mta_sts_domains_read(); the file has domains.
 */
mta_sts_policies_t *mta_sts_policies_open(mta_sts_file_t *file,
    const mta_sts_env_t *env, mta_sts_domains_t *domains, mta_sts_err_t *err);

/* NULL is allowed. */
void mta_sts_policies_close(mta_sts_policies_t *policies);

/*
 * Renders the policy of a domain: a named one, if name is not NULL, with the
 * settings that are set, as a domains file does; the rest comes from the file's
 * settings.  The policy is in env's memory; *policy_name is empty, or lives as
 * long as policies.
 *
 * Errors: unknown policy "NAME"; those of mta_sts_policy_render().
 */
int mta_sts_policies_render(mta_sts_policies_t *policies,
    const mta_sts_value_t *name, mta_sts_settings_t *settings,
    const mta_sts_env_t *env, const mta_sts_policy_t **policy,
    mta_sts_str_t *policy_name, mta_sts_err_t *err);


/*
 * Appends the domains file of one domain with every setting written out: what
 * mta_sts_domains_read() reads from it renders to the same bytes.
 */
void mta_sts_domains_write(mta_sts_buf_t *text, mta_sts_str_t domain,
    const mta_sts_settings_t *settings);

/*
 * The same for parts of a file: the lines of all settings, with indent spaces
 * before each; and of tlsrpt_rua alone, or nothing where it is not set.
 */
void mta_sts_domains_write_settings(mta_sts_buf_t *text, unsigned indent,
    const mta_sts_settings_t *settings);
void mta_sts_domains_write_rua(mta_sts_buf_t *text, unsigned indent,
    const mta_sts_settings_t *settings);

/*
 * The same for a name or a URI, in quotes where YAML would take it for
 * something else than a text.
 */
void mta_sts_domains_write_text(mta_sts_buf_t *text, mta_sts_str_t value);


#endif /* MTA_STS_DOMAINS_DOMAINS_H */
