/*
 * mta-sts compile: domains files into a table that nginx maps.
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "cli/table/table.h"
#include "command.h"
#include "domains/domains.h"


/* A domains file, or several by a pattern; piped has a name if it is a pipe. */

typedef struct {
    mta_sts_str_t    pattern;
    mta_sts_file_t   piped;
} compile_input_t;


/* Reads standard input and other pipes, which may take any time. */

static int
compile_read_pipes(const options_t *options, compile_input_t **inputs,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    size_t            i, n;
    source_t          source;
    compile_input_t  *input;

    n = options->args.n + 1;

    *inputs = env->alloc(env->ctx, n * sizeof(compile_input_t));
    memset(*inputs, 0, n * sizeof(compile_input_t));

    for (i = 0; i < n; i++) {
        input = &(*inputs)[i];
        input->pattern = i ? options->args.values[i - 1].text
                           : mta_sts_str_from(options->domains);

        if (!mta_sts_str_eq(command_pipe(input->pattern), mta_sts_str("-"))) {
            continue;
        }

        if (source_init_stdin(&source, env, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }

        input->piped.name = source.files[0].name;
        input->piped.text = source.files[0].text;
    }

    return MTA_STS_OK;
}


/* Reads the files that a name or a pattern means, after n others. */

static int
compile_read(const compile_input_t *input, mta_sts_file_t **files, size_t *n,
    size_t *size, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    size_t           i, matches;
    mta_sts_str_t   *names;
    mta_sts_value_t  value = { input->pattern, MTA_STS_NOWHERE };

    if (input->piped.name.len) {
        *files = mta_sts_env_grow(env, *files, *n, size,
                                  sizeof(mta_sts_file_t));
        (*files)[(*n)++] = input->piped;
        return MTA_STS_OK;
    }

    if (mta_sts_file_names(&value, env, &names, &matches, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < matches; i++) {
        *files = mta_sts_env_grow(env, *files, *n, size,
                                  sizeof(mta_sts_file_t));

        if (mta_sts_file_read(&(*files)[*n], names[i], MTA_STS_NOWHERE, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }

        (*n)++;
    }

    return MTA_STS_OK;
}


static int
compile_domains(const options_t *options, const compile_input_t *inputs,
    mta_sts_domains_t *domains, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    size_t           i, n, size;
    mta_sts_file_t  *files;

    n = 0;
    size = 0;
    files = NULL;

    for (i = 0; i < options->args.n + 1; i++) {
        if (compile_read(&inputs[i], &files, &n, &size, env, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return mta_sts_domains_read(files, n, env, domains, err);
}


/* Writes what has changed since the table, to "TABLE.changes". */

static int
compile_write_changes(const mta_sts_domains_t *domains, mta_sts_str_t name,
    mta_sts_str_t changes_name, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    uint64_t           serial;
    mta_sts_image_t    image;
    mta_sts_domains_t  old, changes;

    if (mta_sts_image_open(&image, name, MTA_STS_IMAGE_ALL, MTA_STS_NOWHERE,
                           &old, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (!table_same_default(&old, domains)) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "the default policy has "
                             "changed, compile without --changes");
    }

    memset(&changes, 0, sizeof(mta_sts_domains_t));

    if (table_compare(&old.table, &domains->table, &changes.table, env, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    return table_write(&changes, changes_name, image.serial, &serial, err);
}


/* What "mta-sts follow" keeps is not replaced: it would not know. */

static int
compile_check_follow(mta_sts_str_t name, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    int            fd, taken;
    mta_sts_str_t  lock;
    mta_sts_buf_t  buf = { env, NULL, 0, 0, 0 };

    mta_sts_buf_add(&buf, name);
    mta_sts_buf_add_cstr(&buf, ".lock");

    lock = mta_sts_str_copy(env, mta_sts_buf_str(&buf));

    fd = open(lock.data, O_RDONLY|O_CLOEXEC);
    if (fd == -1) {
        return MTA_STS_OK;
    }

    taken = flock(fd, LOCK_SH|LOCK_NB) == -1 && errno == EWOULDBLOCK;

    (void) close(fd);

    return taken
           ? mta_sts_error(err, MTA_STS_NOWHERE, "\"%.*s\" is the table of a "
                           "running \"mta-sts follow\"", MTA_STS_SHOW(name))
           : MTA_STS_OK;
}


/* Reads the other files and writes, with the lock of the table's folder. */

static int
compile_table(const options_t *options, const compile_input_t *inputs,
    mta_sts_str_t name, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    uint64_t           serial;
    mta_sts_str_t      changes;
    mta_sts_domains_t  domains;

    changes = table_changes_name(name, env);

    if (table_may_replace(name, err) != MTA_STS_OK
        || compile_check_follow(name, env, err) != MTA_STS_OK
        || compile_domains(options, inputs, &domains, env, err) != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (options->only_changes) {
        return compile_write_changes(&domains, name, changes, env, err);
    }

    if (table_write(&domains, name, 0, &serial, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    /* changes of an older table are ignored, but not needed either */

    (void) unlink(changes.data);

    return MTA_STS_OK;
}


int
command_compile(const options_t *options, const mta_sts_env_t *env)
{
    int               lock, rc;
    mta_sts_err_t     err;
    mta_sts_str_t     name;
    compile_input_t  *inputs;

    if (options->domains == NULL || options->output == NULL) {
        say("command \"compile\" needs -d FILE and -o TABLE");
        return COMMAND_USAGE;
    }

    name = mta_sts_str_from(options->output);
    rc = compile_read_pipes(options, &inputs, env, &err);
    lock = rc == MTA_STS_OK ? table_lock(name, &err) : -1;
    rc = MTA_STS_ERROR;

    if (lock != -1) {
        rc = compile_table(options, inputs, name, env, &err);
        (void) close(lock);
    }

    if (rc != MTA_STS_OK) {
        say_error(&err);
        return COMMAND_ERROR;
    }

    return COMMAND_OK;
}
