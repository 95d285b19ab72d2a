/*
 * mta-sts policy: the exact bytes that are served for a domain.
 */

#include <stdio.h>

#include "cli/diag/diag.h"
#include "command.h"


int
command_policy(const options_t *options, const mta_sts_env_t *env)
{
    int               rc;
    site_t            site;
    size_t            n;
    mta_sts_str_t     body;
    mta_sts_entry_t  *entries;

    if (options->args.n != 1) {
        say("command \"policy\" takes one domain");
        return COMMAND_USAGE;
    }

    rc = command_site(&site, options, env);

    if (rc != COMMAND_OK) {
        return rc;
    }

    if (command_entries(&site, options, env, &entries, &n) != MTA_STS_OK
        || command_refused(&site, entries, &n))
    {
        return COMMAND_ERROR;
    }

    body = mta_sts_policy_body(entries[0].policy);

    (void) fwrite(body.data, 1, body.len, stdout);

    return COMMAND_OK;
}
