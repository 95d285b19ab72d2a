/*
 * mta-sts import: policies that others serve into a domains file.
 */

#include <sys/stat.h>

#include "cli/check/check.h"
#include "cli/diag/diag.h"
#include "cli/import/import.h"
#include "command.h"


/* The names of arguments, of which "-" is standard input, and of a file. */

static int
import_names(const options_t *options, const mta_sts_env_t *env,
    mta_sts_values_t *names, mta_sts_err_t *err)
{
    size_t                  i;
    const mta_sts_value_t  *arg;

    memset(names, 0, sizeof(mta_sts_values_t));

    for (i = 0; i < options->args.n; i++) {
        arg = &options->args.values[i];

        if (!mta_sts_str_eq(arg->text, mta_sts_str("-"))) {
            (void) mta_sts_values_add(names, arg->text, MTA_STS_NOWHERE, env,
                                      err);

        } else if (command_names("-", env, names, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }

    return options->domains_from
           ? command_names(options->domains_from, env, names, err)
           : MTA_STS_OK;
}


/* Results come in the order of the domains. */

static void
import_done(void *ctx, const result_t *result)
{
    command_progress_clear();
    import_result(ctx, result);
}


static int
import_live(import_t *import, const options_t *options,
    const mta_sts_entry_t *entries, size_t n, mta_sts_err_t *err)
{
    int      rc;
    check_t  check;

    memset(&check, 0, sizeof(check_t));

    /* the zones' name servers have the whole TTL of the policy hosts */

    check.net = options->net;
    check.what = PROBE_POLICY|PROBE_RECORDS|PROBE_SERVERS;
    check.done = import_done;
    check.progress = command_progress;
    check.ctx = import;

    rc = check_run(&check, entries, n, err);

    command_progress_clear();

    return rc;
}


/* A file, "-" or a folder; a relative one is relative to the prefix. */

static int
import_configured(import_t *import, const options_t *options,
    const mta_sts_entry_t *entries, size_t n, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    size_t            i;
    struct stat       st;
    mta_sts_str_t     file, prefix = { NULL, 0 };
    mta_sts_buf_t     text = { env, NULL, 0, 0, 0 };
    mta_sts_values_t  names;

    memset(&names, 0, sizeof(mta_sts_values_t));

    for (i = 0; i < n; i++) {
        (void) mta_sts_values_add(&names, entries[i].domain, MTA_STS_NOWHERE,
                                  env, err);
    }

    if (options->prefix) {
        mta_sts_buf_add_cstr(&text, options->prefix);
        mta_sts_buf_add_char(&text, '/');
        prefix = mta_sts_str_copy(env, mta_sts_buf_str(&text));

        if (options->from_conf[0] == '/'
            || strcmp(options->from_conf, "-") == 0)
        {
            text.len = 0;
        }
    }

    mta_sts_buf_add_cstr(&text, options->from_conf);
    file = mta_sts_str_copy(env, mta_sts_buf_str(&text));

    if (stat(file.data, &st) == 0 && S_ISDIR(st.st_mode)) {
        import->from = IMPORT_FOLDER;
        return import_folder(import, file, &names, env, err);
    }

    import->from = IMPORT_CONF;

    return import_conf(import, file, prefix, &names, env, err);
}


/* Prints the text, or replaces the file of -o. */

static int
import_print(const options_t *options, mta_sts_str_t text, mta_sts_err_t *err)
{
    FILE  *out;

    if (options->output == NULL) {
        (void) fwrite(text.data, 1, text.len, stdout);
        return MTA_STS_OK;
    }

    out = replace_open(options->output, err);

    if (out == NULL) {
        return MTA_STS_ERROR;
    }

    (void) fwrite(text.data, 1, text.len, out);

    return replace_close(out, options->output, err);
}


/* What was not imported is known by now, one by one. */

static void
import_summary(const import_t *import)
{
    char  repaired[64];

    if (import->n_refused + import->n_unknown + import->n_repaired == 0) {
        return;
    }

    (void) snprintf(repaired, sizeof(repaired), ", %zu of them repaired",
                    import->n_repaired);

    say("%zu domain%s imported%s; %zu not imported, %zu unknown", import->n,
        import->n == 1 ? "" : "s", import->repair ? repaired : "",
        import->n_refused, import->n_unknown);

    if (import->n + import->n_refused == 0) {
        say("nothing could be looked at: do the resolver and the network "
            "work?");
    }
}


static int
import_output(import_t *import, const options_t *options,
    const import_format_t *format, const mta_sts_env_t *env)
{
    const char     *name;
    mta_sts_buf_t   text = { &import->env, NULL, 0, 0, 0 };
    mta_sts_err_t   err;

    import_end(import);

    if (import->n) {
        import_write(import, format, &text);

        name = options->output ? options->output : "stdout";

        if (import_verify(import, format, mta_sts_str_from(name),
                          mta_sts_buf_str(&text), env, &err)
                != MTA_STS_OK
            || import_print(options, mta_sts_buf_str(&text), &err)
               != MTA_STS_OK)
        {
            say_error(&err);
            return COMMAND_ERROR;
        }
    }

    import_summary(import);

    if (import->n_unknown) {
        return COMMAND_UNKNOWN;
    }

    return import->n_refused ? COMMAND_ERROR : COMMAND_OK;
}


static int
import_run(const options_t *options, const import_format_t *format,
    const mta_sts_entry_t *entries, size_t n, const mta_sts_env_t *env)
{
    int            rc;
    import_t       import;
    mta_sts_err_t  err;

    import_init(&import, env->is_public_suffix);

    import.repair = options->repair;
    import.now = time(NULL);

    if (options->from_conf) {
        rc = import_configured(&import, options, entries, n, env, &err)
             == MTA_STS_OK ? COMMAND_OK : COMMAND_ERROR;

    } else {
        rc = import_live(&import, options, entries, n, &err) == MTA_STS_OK
             ? COMMAND_OK : COMMAND_UNKNOWN;
    }

    if (rc == COMMAND_OK) {
        rc = import_output(&import, options, format, env);

    } else {
        say_error(&err);
    }

    import_free(&import);

    return rc;
}


int
command_import(const options_t *options, const mta_sts_env_t *env)
{
    size_t                  n;
    struct stat             st;
    mta_sts_err_t           err;
    mta_sts_values_t        names;
    mta_sts_entry_t        *entries;
    const import_format_t  *format;

    format = import_format(options->format);

    if (format == NULL) {
        return COMMAND_USAGE;
    }

    if (options->from_conf == NULL && options->args.n == 0
        && options->domains_from == NULL)
    {
        say("which domains? mta-sts import DOMAIN..., --domains-from FILE, or "
            "\"-\" for names on standard input; or --from-conf FILE");
        return COMMAND_USAGE;
    }

    if (options->output && stat(options->output, &st) == 0
        && !S_ISREG(st.st_mode))
    {
        say("\"%s\" is not a regular file, so it is not replaced",
            options->output);
        return COMMAND_USAGE;
    }

    if (import_names(options, env, &names, &err) != MTA_STS_OK) {
        say_error(&err);
        return COMMAND_ERROR;
    }

    if (command_unconfigured(&names, env, &entries, &n, &err) != MTA_STS_OK) {
        say_error(&err);
        return COMMAND_USAGE;
    }

    return import_run(options, format, entries, n, env);
}
