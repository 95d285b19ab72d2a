/*
 * mta-sts list: domains, policy hosts, modes, ids and where each is
 * configured, as columns; or the policy hosts alone.
 */

#include <limits.h>
#include <stdio.h>

#include "cli/conf/site.h"
#include "cli/diag/diag.h"
#include "command.h"


/* Where an entry is configured: a file name may have any bytes. */

static void
list_place(const mta_sts_place_t *place)
{
    char             file[PATH_MAX];
    mta_sts_str_t    name;

    name.data = file;
    name.len = place->file.len < sizeof(file) ? place->file.len : sizeof(file);

    if (name.len) {
        memcpy(file, place->file.data, name.len);
        mta_sts_str_clean(file, name.len);
    }

    (void) printf("%.*s", (int) name.len, name.data);

    /* a database has no lines */

    if (place->line) {
        (void) printf(":%u", place->line);
    }
}


/* prefix and host together are the policy host. */

static void
list_line(const mta_sts_entry_t *entry, size_t width, const char *prefix,
    mta_sts_str_t host)
{
    mta_sts_str_t  mode;

    mode = mta_sts_policy_mode(entry->policy);

    (void) printf("%-*.*s  %s%-*.*s  %-7.*s  %s  ", (int) width,
                  (int) entry->domain.len, entry->domain.data, prefix,
                  (int) (width + 8 - strlen(prefix)), (int) host.len,
                  host.data, (int) mode.len, mode.data, entry->policy->id);

    list_place(&entry->place);

    if (entry->policy_name.len) {
        (void) printf("  %.*s", (int) entry->policy_name.len,
                      entry->policy_name.data);
    }

    (void) putchar('\n');
}


/* A domain whose policy is not what nginx serves: the reason, no id. */

static void
list_refused(const mta_sts_entry_t *entry, size_t width,
    const mta_sts_err_t *err)
{
    (void) printf("%-*.*s  mta-sts.%-*.*s  refused  %-20s  ", (int) width,
                  (int) entry->domain.len, entry->domain.data, (int) width,
                  (int) entry->domain.len, entry->domain.data, "-");

    list_place(&entry->place);

    (void) printf("  %s\n", err->text);
}


/* The default policy of a server, for domains that it does not name. */

static void
list_default(const site_server_t *server, size_t width)
{
    mta_sts_str_t                 host;
    mta_sts_entry_t               entry;
    const mta_sts_server_name_t  *name;

    name = site_names_first(server);
    host = name ? name->value.text : mta_sts_str("*");

    entry.domain = mta_sts_str("*");
    entry.policy = server->server.default_policy;
    entry.policy_name = server->server.default_name;
    entry.place = server->server.default_place;

    if (entry.place.line == 0) {
        entry.place = name->value.place;
    }

    list_line(&entry, width, name && name->regex ? "~" : "", host);
}


static void
list_hosts(const mta_sts_entry_t *entries, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        (void) printf("mta-sts.%.*s\n", (int) entries[i].domain.len,
                      entries[i].domain.data);
    }
}


/* Keeps the domains that need a certificate of their own. */

static void
list_without_certificate(const site_t *site, mta_sts_entry_t *entries,
    size_t *n)
{
    size_t  i, k;

    for (i = 0, k = 0; i < *n; i++) {
        if (!site_has_certificate(site, entries[i].domain)) {
            entries[k++] = entries[i];
        }
    }

    *n = k;
}


int
command_list(const options_t *options, const mta_sts_env_t *env)
{
    int               rc;
    site_t            site;
    size_t            i, n, width;
    mta_sts_err_t     err;
    mta_sts_entry_t  *entries;

    rc = command_site(&site, options, env);

    if (rc != COMMAND_OK) {
        return rc;
    }

    if (command_entries(&site, options, env, &entries, &n) != MTA_STS_OK) {
        return COMMAND_ERROR;
    }

    if (options->without_certificate) {
        list_without_certificate(&site, entries, &n);
    }

    if (options->pointing.n
        && command_pointing(options, env, entries, &n, &err) != MTA_STS_OK)
    {
        say_error(&err);
        return COMMAND_ERROR;
    }

    if (options->hosts) {
        list_hosts(entries, n);
        return COMMAND_OK;
    }

    width = 1;

    for (i = 0; i < n; i++) {
        if (entries[i].domain.len > width) {
            width = entries[i].domain.len;
        }
    }

    rc = COMMAND_OK;

    for (i = 0; i < n; i++) {
        if (site_is_refused(&site, entries[i].domain, &err)) {
            list_refused(&entries[i], width, &err);
            rc = COMMAND_ERROR;

        } else {
            list_line(&entries[i], width, "mta-sts.", entries[i].domain);
        }
    }

    for (i = 0; i < site.n && options->args.n == 0 && !options->pointing.n
         && !options->without_certificate; i++)
    {
        if (site.servers[i]->server.default_policy) {
            list_default(site.servers[i], width);
        }
    }

    return rc;
}
