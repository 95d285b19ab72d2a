/*
 * What commands share: the site, its entries, and the progress.
 */

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "command.h"


/*
 * The name of the file of -d, or -c or its default; with -p a relative one is
 * relative to the prefix, as in nginx, otherwise to the current folder.
 */

static mta_sts_str_t
command_file(const options_t *options, const mta_sts_env_t *env)
{
    const char     *file;
    mta_sts_buf_t   text = { env, NULL, 0, 0, 0 };

    file = options->conf ? options->conf : MTA_STS_CONF_PATH;
    file = options->domains ? options->domains : file;

    if (options->prefix && file[0] != '/' && strcmp(file, "-") != 0) {
        mta_sts_buf_add_cstr(&text, options->prefix);

        if (!mta_sts_str_ends(mta_sts_buf_str(&text), mta_sts_str("/"))) {
            mta_sts_buf_add_char(&text, '/');
        }
    }

    mta_sts_buf_add_cstr(&text, file);

    return mta_sts_str_copy(env, mta_sts_buf_str(&text));
}


mta_sts_str_t
command_pipe(mta_sts_str_t file)
{
    struct stat  st;

    if (stat(file.data, &st) == 0 && S_ISFIFO(st.st_mode)
        && freopen(file.data, "r", stdin))
    {
        return mta_sts_str("-");
    }

    return file;
}


int
command_site(site_t *site, const options_t *options, const mta_sts_env_t *env)
{
    int            rc;
    mta_sts_err_t  err;
    mta_sts_str_t  file, prefix = { NULL, 0 };
    mta_sts_buf_t  folder = { env, NULL, 0, 0, 0 };

    file = command_pipe(command_file(options, env));

    if (options->prefix) {
        mta_sts_buf_add_cstr(&folder, options->prefix);
        mta_sts_buf_add_char(&folder, '/');
        prefix = mta_sts_buf_str(&folder);
    }

    rc = options->domains ? site_read_domains(site, file, env, &err)
                          : site_read(site, file, prefix, env, &err);

    if (rc == MTA_STS_OK) {
        return COMMAND_OK;
    }

    say_error(&err);

    if (site->partial) {
        say("is it a part of nginx.conf?  Give nginx.conf, which includes it");
    }

    return site->unread ? COMMAND_UNKNOWN : COMMAND_ERROR;
}


int
command_names(const char *file, const mta_sts_env_t *env,
    mta_sts_values_t *names, mta_sts_err_t *err)
{
    int              rc;
    char            *line, *rest, *word;
    FILE            *in;
    size_t           size;
    mta_sts_place_t  place = MTA_STS_NOWHERE;

    in = strcmp(file, "-") == 0 ? stdin : fopen(file, "r");

    if (in == NULL) {
        return mta_sts_error_errno(err, MTA_STS_NOWHERE, "open()",
                                   mta_sts_str_from(file));
    }

    line = NULL;
    size = 0;
    place.file = mta_sts_str_from(file);

    while (getline(&line, &size, in) != -1) {

        place.line++;
        line[strcspn(line, "#")] = '\0';

        for (word = strtok_r(line, " \t\r\n", &rest); word;
             word = strtok_r(NULL, " \t\r\n", &rest))
        {
            (void) mta_sts_values_add(names,
                               mta_sts_str_copy(env, mta_sts_str_from(word)),
                               place, env, err);
        }
    }

    rc = ferror(in) ? mta_sts_error_errno(err, MTA_STS_NOWHERE, "read()",
                                          place.file)
                    : MTA_STS_OK;

    free(line);

    if (in != stdin) {
        (void) fclose(in);
    }

    if (rc == MTA_STS_OK && names->n == 0) {
        rc = mta_sts_error(err, MTA_STS_NOWHERE, "no name is in \"%s\"", file);
    }

    return rc;
}


/* The entries of names, sorted, without duplicates. */

static int
command_pick(const site_t *site, const mta_sts_values_t *names,
    const mta_sts_env_t *env, mta_sts_entry_t *entries, size_t *n,
    mta_sts_err_t *err)
{
    size_t  i, k;

    for (i = 0; i < names->n; i++) {
        if (site_find(site, &names->elts[i], env, &entries[i], err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    site_sort(entries, names->n);

    for (i = 0, k = 0; i < names->n; i++) {
        if (k == 0
            || !mta_sts_str_eq(entries[k - 1].domain, entries[i].domain))
        {
            entries[k++] = entries[i];
        }
    }

    *n = k;

    return MTA_STS_OK;
}


int
command_refused(const site_t *site, mta_sts_entry_t *entries, size_t *n)
{
    size_t         i, k;
    mta_sts_err_t  err;

    for (i = 0, k = 0; i < *n; i++) {
        if (site_is_refused(site, entries[i].domain, &err)) {
            say_error(&err);

        } else {
            entries[k++] = entries[i];
        }
    }

    *n = k;

    return k != i;
}


int
command_domains(const options_t *options, const mta_sts_env_t *env,
    mta_sts_values_t *names, mta_sts_err_t *err)
{
    size_t  i;

    memset(names, 0, sizeof(mta_sts_values_t));

    for (i = 0; i < options->args.n; i++) {
        (void) mta_sts_values_add(names, options->args.values[i].text,
                                  MTA_STS_NOWHERE, env, err);
    }

    return options->domains_from
           ? command_names(options->domains_from, env, names, err)
           : MTA_STS_OK;
}


int
command_unconfigured(const mta_sts_values_t *names, const mta_sts_env_t *env,
    mta_sts_entry_t **entries, size_t *n, mta_sts_err_t *err)
{
    size_t  i, k;

    *entries = env->alloc(env->ctx, names->n * sizeof(mta_sts_entry_t));
    memset(*entries, 0, names->n * sizeof(mta_sts_entry_t));

    for (i = 0; i < names->n; i++) {
        if (mta_sts_name_domain("domain", &names->elts[i], env,
                                &(*entries)[i].domain, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    site_sort(*entries, names->n);

    for (i = 0, k = 0; i < names->n; i++) {
        if (k == 0 || !mta_sts_str_eq((*entries)[k - 1].domain,
                                      (*entries)[i].domain))
        {
            (*entries)[k++] = (*entries)[i];
        }
    }

    *n = k;

    return MTA_STS_OK;
}


void
command_say_empty(const site_t *site)
{
    say("no policy is configured in %.*s", (int) site->file.len,
        site->file.data);
}


void
command_say_defaults(const site_t *site)
{
    size_t                        i;
    const mta_sts_place_t        *place;
    const mta_sts_server_name_t  *name;

    for (i = 0; i < site->n; i++) {
        if (site->servers[i]->server.default_policy == NULL) {
            continue;
        }

        place = &site->servers[i]->server.default_place;

        if (place->line) {
            say("%.*s:%u:%u: the domains that have the default are not known "
                "here, name them as arguments", (int) place->file.len,
                place->file.data, place->line, place->column);
            continue;
        }

        name = site_names_first(site->servers[i]);
        place = &name->value.place;

        say("%.*s:%u:%u: the domains of server name \"%s%.*s\" are not "
            "known here, name them as arguments", (int) place->file.len,
            place->file.data, place->line, place->column,
            name->regex ? "~" : "", MTA_STS_SHOW(name->value.text));
    }
}


int
command_entries(const site_t *site, const options_t *options,
    const mta_sts_env_t *env, mta_sts_entry_t **entries, size_t *n)
{
    int               rc;
    mta_sts_err_t     err;
    mta_sts_values_t  names;

    if (options->args.n == 0 && options->domains_from == NULL) {
        site_domains(site, env, entries, n);

        if (site_is_empty(site)) {
            command_say_empty(site);
        }

        return MTA_STS_OK;
    }

    rc = command_domains(options, env, &names, &err);

    if (rc == MTA_STS_OK) {
        *entries = env->alloc(env->ctx, names.n * sizeof(mta_sts_entry_t));
        rc = command_pick(site, &names, env, *entries, n, &err);
    }

    if (rc != MTA_STS_OK) {
        say_error(&err);
    }

    return rc;
}


void
command_progress(void *ctx, size_t done, size_t n)
{
    (void) ctx;

    if (isatty(STDERR_FILENO)) {
        (void) fprintf(stderr, "\r%zu of %zu domain%s\033[K", done, n,
                       diag_s(n));
    }
}


void
command_progress_clear(void)
{
    if (isatty(STDERR_FILENO)) {
        (void) fprintf(stderr, "\r\033[K");
    }
}
