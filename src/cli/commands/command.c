/*
 * What commands share: the site, its entries, and the progress.
 */

#include <errno.h>
#include <stdio.h>
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


/* A pipe, such as bash's <(command), is read as standard input. */

static mta_sts_str_t
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

    if (rc != MTA_STS_OK) {
        say_error(&err);
    }

    return rc;
}


/* The entries of the arguments, sorted, without duplicates. */

static int
command_pick(const site_t *site, const options_t *options,
    const mta_sts_env_t *env, mta_sts_entry_t *entries, size_t *n,
    mta_sts_err_t *err)
{
    size_t  i, k;

    for (i = 0; i < options->args.n; i++) {
        if (site_find(site, &options->args.values[i], env, &entries[i], err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    site_sort(entries, options->args.n);

    for (i = 0, k = 0; i < options->args.n; i++) {
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
command_entries(const site_t *site, const options_t *options,
    const mta_sts_env_t *env, mta_sts_entry_t **entries, size_t *n)
{
    int            rc;
    mta_sts_err_t  err;

    if (options->args.n == 0) {
        site_domains(site, env, entries, n);

        if (site_is_empty(site)) {
            say("no policy is configured in %.*s", (int) site->file.len,
                site->file.data);
        }

        return MTA_STS_OK;
    }

    *entries = env->alloc(env->ctx,
                          options->args.n * sizeof(mta_sts_entry_t));

    rc = command_pick(site, options, env, *entries, n, &err);

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
        (void) fprintf(stderr, "\r%zu of %zu domains\033[K", done, n);
    }
}


void
command_progress_clear(void)
{
    if (isatty(STDERR_FILENO)) {
        (void) fprintf(stderr, "\r\033[K");
    }
}
