/*
 * mta-sts list: domains, policy hosts, modes, ids and where each is
 * configured, as columns.
 */

#include <stdio.h>

#include "../site/names.h"
#include "command.h"


/* "*" is for the domains that no server names. */

static void
list_line(mta_sts_str_t domain, size_t width, const char *prefix,
    mta_sts_str_t host, const mta_sts_policy_t *policy,
    const mta_sts_place_t *place)
{
    mta_sts_str_t  mode;

    mode = mta_sts_policy_mode(policy);

    (void) printf("%-*.*s  %s%-*.*s  %-7.*s  %.*s  %.*s:%u\n",
                  (int) width, (int) domain.len, domain.data, prefix,
                  (int) (width + 8 - strlen(prefix)), (int) host.len,
                  host.data, (int) mode.len, mode.data,
                  (int) policy->id.len, policy->id.data,
                  (int) place->file.len, place->file.data, place->line);
}


int
command_list(const options_t *options, const mta_sts_env_t *env)
{
    site_t                        site;
    size_t                        i, n, width;
    site_server_t                *server;
    mta_sts_entry_t              *entries;
    const mta_sts_server_name_t  *name;

    if (command_site(&site, options, env) != MTA_STS_OK
        || command_entries(&site, options, env, &entries, &n) != MTA_STS_OK)
    {
        return COMMAND_ERROR;
    }

    width = 1;

    for (i = 0; i < n; i++) {
        if (entries[i].domain.len > width) {
            width = entries[i].domain.len;
        }
    }

    for (i = 0; i < n; i++) {
        list_line(entries[i].domain, width, "mta-sts.", entries[i].domain,
                  entries[i].policy, &entries[i].place);
    }

    for (i = 0; i < site.n && options->n == 0; i++) {
        server = site.servers[i];

        if (server->server.fallback) {
            name = site_names_first(server);

            list_line(mta_sts_str("*"), width, name->regex ? "~" : "",
                      name->value.text, server->server.fallback,
                      &name->value.place);
        }
    }

    return COMMAND_OK;
}
