/*
 * mta-sts policy: the exact bytes that are served for a domain; or those of
 * many as files.
 */

#include <stdio.h>
#include <stdlib.h>

#include "cli/diag/diag.h"
#include "cli/tree/tree.h"
#include "command.h"


static int
policy_one(const options_t *options, const mta_sts_env_t *env)
{
    int               rc;
    site_t            site;
    size_t            n;
    mta_sts_str_t     body;
    mta_sts_entry_t  *entries;

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


static int
policy_is_gone(void *ctx, mta_sts_str_t domain)
{
    return !site_has(ctx, domain);
}


/* The configuration's name, as it is in the list of a tree. */

static mta_sts_str_t
policy_owner(const site_t *site, const mta_sts_env_t *env)
{
    char           *folder;
    mta_sts_buf_t   text = { env, NULL, 0, 0, 0 };

    if (!mta_sts_str_eq(site->file, mta_sts_str("-"))
        && !mta_sts_str_starts(site->file, mta_sts_str("/")))
    {
        folder = realpath(".", NULL);
        mta_sts_buf_add_cstr(&text, folder ? folder : ".");
        mta_sts_buf_add_char(&text, '/');
        free(folder);
    }

    mta_sts_buf_add(&text, site->file);
    mta_sts_str_clean(text.data, text.len);

    return mta_sts_buf_str(&text);
}


/* Reads the configuration once no other process writes the tree. */

static int
policy_tree(tree_t *tree, const options_t *options, const mta_sts_env_t *env)
{
    int               rc, all, refused;
    site_t            site;
    size_t            n;
    mta_sts_err_t     err;
    mta_sts_entry_t  *entries;

    rc = command_site(&site, options, env);

    if (rc != COMMAND_OK) {
        return rc;
    }

    if (command_entries(&site, options, env, &entries, &n) != MTA_STS_OK) {
        return COMMAND_ERROR;
    }

    all = options->args.n == 0 && options->domains_from == NULL;

    if (all) {
        command_say_defaults(&site);
    }

    /* no domain at all is more likely a wrong file than what was wanted */

    if (n == 0) {
        return COMMAND_ERROR;
    }

    refused = command_refused(&site, entries, &n);

    tree->owner = policy_owner(&site, env);

    if (tree_write(tree, entries, n, &err) != MTA_STS_OK) {
        say_error(&err);
        return COMMAND_ERROR;
    }

    if (all) {
        tree_prune(tree, options->prune, policy_is_gone, &site);
    }

    if (tree_list_save(tree, &err) != MTA_STS_OK) {
        say_error(&err);
        return COMMAND_ERROR;
    }

    return refused || tree->failed ? COMMAND_ERROR : COMMAND_OK;
}


int
command_policy(const options_t *options, const mta_sts_env_t *env)
{
    int            rc;
    tree_t         tree;
    mta_sts_err_t  err;

    if (options->tree == NULL) {

        if (options->prune || options->domains_from) {
            say("option \"%s\" needs \"--tree\"",
                options->prune ? "--prune" : "--domains-from");
            return COMMAND_USAGE;
        }

        if (options->args.n != 1) {
            say("command \"policy\" takes one domain, or \"--tree\"");
            return COMMAND_USAGE;
        }

        return policy_one(options, env);
    }

    if (options->prune && (options->args.n || options->domains_from)) {
        say("\"--prune\" needs all domains, without names of some");
        return COMMAND_USAGE;
    }

    if (tree_open(&tree, options->tree, &err) != MTA_STS_OK) {
        say_error(&err);
        return COMMAND_ERROR;
    }

    rc = policy_tree(&tree, options, env);

    tree_close(&tree);

    return rc;
}
