/*
 * The domains file: very many domains and their policies, in YAML.
 *
 *     max_age: 2w                   # settings: defaults of all that follow
 *     policies:
 *       hosted: { mode: enforce, mx: [mx1.example.net, mx2.example.net] }
 *     domains:
 *       example.com: hosted
 *       example.org: { policy: hosted, mode: testing }
 *     default: hosted               # for all other hosts
 *
 * Keys may come in any order.  Of several files, a later one knows the policies
 * of those before it; settings are those of one file.
 */

#ifndef MTA_STS_DOMAINS_DOMAINS_H
#define MTA_STS_DOMAINS_DOMAINS_H


#include "base/file.h"
#include "serve/serve.h"



typedef struct mta_sts_domains_reader_s  mta_sts_domains_reader_t;


/*
 * Makes a reader; what lasts goes to env's memory, and env must live as long.
 * Returns NULL when memory ran out.
 */
mta_sts_domains_reader_t *mta_sts_domains_begin(const mta_sts_env_t *env);

/*
 * Reads a file and closes it.  Its name, and the text of one that is a text,
 * must live as long as the domains.
 *
 * Warns as mta_sts_settings_set() and mta_sts_policy_render() do, no more
 * than MTA_STS_WARNINGS_MAX times in all, and when all files have been read.
 *
 * Errors, with line and column: those of mta_sts_yaml_next(); of
 * mta_sts_settings_set() and mta_sts_policy_render(); invalid domain "DOMAIN",
 * and the rule; an empty file; unknown key, duplicate key "KEY"; what
 * is not a text, a list or a map where it must be; unknown policy, duplicate
 * policy "NAME"; duplicate default.  After an error the reader is only good for
 * mta_sts_domains_discard().
 */
int mta_sts_domains_add(mta_sts_domains_reader_t *reader,
    mta_sts_input_t *input, mta_sts_err_t *err);

/*
 * Makes the domains, in env's memory, and frees the reader, whatever happens.
 *
 * Errors: duplicate domain "DOMAIN", first at FILE:LINE; out of memory.
 */
int mta_sts_domains_end(mta_sts_domains_reader_t *reader,
    mta_sts_domains_t *domains, mta_sts_err_t *err);

/* Frees a reader. */
void mta_sts_domains_discard(mta_sts_domains_reader_t *reader);


/*
 * Appends the domains file of one domain with every setting written out: what
 * mta_sts_domains_add() reads from it renders to the same bytes.
 */
void mta_sts_domains_write(mta_sts_buf_t *text, mta_sts_str_t domain,
    const mta_sts_settings_t *settings);


#endif /* MTA_STS_DOMAINS_DOMAINS_H */
