/*
 * Files, directories and standard input -> the store.
 *
 * A file of a spool is removed after the commit of what it has, so that no
 * report is lost whatever ends the process; one that comes twice counts once.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "reports.h"


#define FILES_BATCH    256            /* files of a transaction */
#define FILES_BAD_MAX  200            /* files in bad/, reasons included */


static mta_sts_str_t
files_path(const mta_sts_env_t *env, const char *dir, const char *name,
    const char *suffix)
{
    mta_sts_buf_t  path = { env, NULL, 0, 0, 0 };

    mta_sts_buf_add_cstr(&path, dir);
    mta_sts_buf_add_char(&path, '/');
    mta_sts_buf_add_cstr(&path, name);
    mta_sts_buf_add_cstr(&path, suffix);

    return mta_sts_str_copy(env, mta_sts_buf_str(&path));
}


/*
 * Opens NAME.reason in DIR/bad for the reason, or returns NULL where there is
 * no room: anybody may send bad reports.
 */

static FILE *
files_bad(const reports_input_t *input, const char *dir, const char *name)
{
    DIR            *d;
    size_t          n;
    mta_sts_str_t   bad;

    bad = files_path(&input->env, dir, "bad", "");

    if (mkdir(bad.data, 0750) == -1 && errno != EEXIST) {
        return NULL;
    }

    d = opendir(bad.data);

    if (d == NULL) {
        return NULL;
    }

    for (n = 0; readdir(d); n++) {
        /* void */
    }

    (void) closedir(d);

    /* "." and "..", too */

    if (n >= FILES_BAD_MAX + 2) {
        return NULL;
    }

    return fopen(files_path(&input->env, bad.data, name, ".reason").data, "w");
}


/* Moves a bad file of a spool to bad/, or removes it if there is no room. */

static void
files_move(const reports_input_t *input, const char *dir, const char *name,
    const char *path)
{
    FILE           *reason;
    mta_sts_str_t   bad;

    reason = files_bad(input, dir, name);

    if (reason == NULL) {
        say("\"%s\" is removed, since \"%s/bad\" is full or not writable",
            path, dir);
        (void) unlink(path);
        return;
    }

    (void) fprintf(reason, "%s\n", input->why.text);
    (void) fclose(reason);

    bad = files_path(&input->env, dir, "bad/", name);

    if (rename(path, bad.data) == -1) {
        say("rename() \"%s\" failed (%d: %s)", path, errno, strerror(errno));
    }
}


/*
 * Is it a name that nginx gives to a complete file in its spool?
 * TIME-PID-SERIAL-RANDOM_ADDRESS.gz or .json
 */

static int
files_is_spooled(const char *name, int64_t *received, mta_sts_str_t *address)
{
    int          end;
    long long    seconds;
    const char  *suffix;

    end = 0;

    (void) sscanf(name, "%19lld.%*3d-%*d-%*d-%*[0-9a-f]_%n", &seconds, &end);

    suffix = strrchr(name, '.');

    if (end == 0 || suffix <= name + end
        || (strcmp(suffix, ".gz") != 0 && strcmp(suffix, ".json") != 0))
    {
        return 0;
    }

    *received = seconds;
    address->data = name + end;
    address->len = (size_t) (suffix - address->data);

    return 1;
}


static void
files_say(reports_adder_t *adder, const char *path, const mta_sts_err_t *why)
{
    adder->bad++;
    say("\"%s\": %s", path, why->text);
}


/* Opens a regular file, without waiting for a FIFO; returns -1 and err. */

static int
files_open(const char *path, mta_sts_err_t *err)
{
    int          fd;
    struct stat  st;

    fd = open(path, O_RDONLY|O_NONBLOCK|O_CLOEXEC);

    if (fd == -1) {
        (void) mta_sts_error_errno(err, MTA_STS_NOWHERE, "open()",
                                   mta_sts_str_from(path));
        return -1;
    }

    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        return fd;
    }

    (void) mta_sts_error(err, MTA_STS_NOWHERE, "\"%s\" is not a regular file",
                         path);
    (void) close(fd);

    return -1;
}


/*
 * Adds a regular file; dir is its spool, or NULL.  *done: it may be removed
 * after the commit.  Errors of the store only.
 */

static int
files_file(reports_adder_t *adder, const char *dir, const char *name,
    const char *path, mta_sts_arena_t *arena, int *done, mta_sts_err_t *err)
{
    int              fd, rc, spooled;
    int64_t          received;
    mta_sts_buf_t    source;
    mta_sts_err_t    why;
    mta_sts_str_t    address;
    reports_input_t  input;

    spooled = files_is_spooled(name, &received, &address);
    *done = 0;

    fd = files_open(path, &why);

    if (fd == -1) {

        /* another process was faster */

        if (dir == NULL || !spooled || access(path, F_OK) == 0) {
            adder->bad++;
            say_error(&why);
        }

        return MTA_STS_OK;
    }

    reports_add_begin(&input, adder, arena, adder->now, mta_sts_str("file"));

    if (spooled) {
        memset(&source, 0, sizeof(mta_sts_buf_t));
        source.env = &input.env;
        mta_sts_buf_add_cstr(&source, "https ");
        mta_sts_buf_add(&source, address);

        input.origin.source = mta_sts_buf_str(&source);
        input.origin.received = received;
        input.posted = 1;
    }

    rc = reports_add_fd(&input, fd);

    (void) close(fd);

    if (rc != MTA_STS_OK) {
        *err = input.err;
        return rc;
    }

    if (input.bad) {
        files_say(adder, path, &input.why);

        if (dir && spooled) {
            files_move(&input, dir, name, path);
        }

    } else {
        *done = dir && spooled;
    }

    return MTA_STS_OK;
}


/* Commits, and removes what was stored. */

static int
files_commit(reports_adder_t *adder, char **done, size_t *n, mta_sts_err_t *err)
{
    size_t  i;

    if (store_commit(adder->store, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < *n; i++) {
        if (unlink(done[i]) == -1 && errno != ENOENT) {
            say("unlink() \"%s\" failed (%d: %s)", done[i], errno,
                strerror(errno));
        }

        free(done[i]);
    }

    *n = 0;

    return MTA_STS_OK;
}


static int
files_dir(reports_adder_t *adder, const char *dir, DIR *d, mta_sts_err_t *err)
{
    int               rc, stored;
    char             *done[FILES_BATCH];
    size_t            n, files;
    struct stat       st;
    mta_sts_str_t     path;
    struct dirent    *entry;
    mta_sts_arena_t   arena = { NULL, 0 };
    mta_sts_env_t     env = { diag_alloc, say_warning, &arena, NULL };

    n = 0;
    files = 0;
    rc = store_begin(adder->store, err);

    while (rc == MTA_STS_OK && (entry = readdir(d)) != NULL) {

        mta_sts_arena_reset(&arena);
        path = files_path(&env, dir, entry->d_name, "");

        /* nginx names a file without a dot while it is incomplete */

        if (lstat(path.data, &st) == -1 || !S_ISREG(st.st_mode)
            || strchr(entry->d_name, '.') == NULL || entry->d_name[0] == '.')
        {
            continue;
        }

        rc = files_file(adder, dir, entry->d_name, path.data, &arena, &stored,
                      err);

        if (rc == MTA_STS_OK && stored) {
            done[n++] = diag_strdup(path.data);
        }

        if (rc == MTA_STS_OK && ++files % FILES_BATCH == 0) {
            rc = files_commit(adder, done, &n, err);
            rc = rc == MTA_STS_OK ? store_begin(adder->store, err) : rc;
        }
    }

    if (rc == MTA_STS_OK) {
        rc = files_commit(adder, done, &n, err);
    }

    while (n) {
        free(done[--n]);
    }

    mta_sts_arena_free(&arena);

    return rc;
}


/* The directories of a Maildir have mails without a dot in their names, too. */

static int
files_maildir(reports_adder_t *adder, const char *dir, mta_sts_err_t *err)
{
    int               rc, done;
    DIR              *d;
    size_t            i;
    mta_sts_str_t     sub, path;
    struct dirent    *entry;
    mta_sts_arena_t   arena = { NULL, 0 }, file = { NULL, 0 };
    mta_sts_env_t     env = { diag_alloc, say_warning, &arena, NULL };

    static const char *const  subs[] = { "new", "cur" };

    rc = store_begin(adder->store, err);

    for (i = 0; i < 2 && rc == MTA_STS_OK; i++) {
        sub = files_path(&env, dir, subs[i], "");
        d = opendir(sub.data);

        while (d && rc == MTA_STS_OK && (entry = readdir(d)) != NULL) {
            if (entry->d_name[0] == '.') {
                continue;
            }

            mta_sts_arena_reset(&file);
            path = files_path(&env, sub.data, entry->d_name, "");
            rc = files_file(adder, NULL, entry->d_name, path.data, &file, &done,
                          err);
        }

        if (d) {
            (void) closedir(d);
        }
    }

    mta_sts_arena_free(&file);
    mta_sts_arena_free(&arena);

    return rc == MTA_STS_OK ? store_commit(adder->store, err) : rc;
}


/* Standard input cannot be read again: a bad one is kept in the state. */

static void
files_keep(const reports_input_t *input, mta_sts_str_t text)
{
    FILE        *out;
    char         name[64];
    const char  *state;

    static unsigned  n;

    state = input->adder->state;

    (void) snprintf(name, sizeof(name), "%lld-%ld-%u",
                    (long long) input->adder->now, (long) getpid(), n++);

    out = files_bad(input, state, name);

    if (out) {
        (void) fprintf(out, "%s\n", input->why.text);
        (void) fclose(out);

        out = fopen(files_path(&input->env, state, "bad/", name).data, "w");
    }

    if (out) {
        (void) fwrite(text.data, 1, text.len, out);
        (void) fclose(out);
    }
}


static int
files_stdin(reports_adder_t *adder, mta_sts_arena_t *arena, mta_sts_err_t *err)
{
    int              rc;
    reports_input_t  input;

    reports_add_begin(&input, adder, arena, adder->now, mta_sts_str("file"));
    input.keep = files_keep;
    input.single = adder->pipe;

    rc = store_begin(adder->store, err);

    if (rc == MTA_STS_OK) {
        rc = reports_add_fd(&input, STDIN_FILENO);

        if (rc != MTA_STS_OK) {
            *err = input.err;
        }
    }

    if (rc == MTA_STS_OK && input.bad) {
        files_say(adder, "standard input", &input.why);
    }

    return rc == MTA_STS_OK ? store_commit(adder->store, err) : rc;
}


int
reports_add(reports_adder_t *adder, const char *name, mta_sts_err_t *err)
{
    int              rc, done;
    DIR             *d;
    struct stat      st;
    const char      *base;
    mta_sts_str_t    sub;
    mta_sts_arena_t  arena = { NULL, 0 };
    mta_sts_env_t    env = { diag_alloc, say_warning, &arena, NULL };

    d = strcmp(name, "-") == 0 ? NULL : opendir(name);
    sub = files_path(&env, name, "new", "");

    if (d && stat(sub.data, &st) == 0 && S_ISDIR(st.st_mode)) {
        rc = files_maildir(adder, name, err);

    } else if (d) {
        rc = files_dir(adder, name, d, err);

    } else if (strcmp(name, "-") == 0) {
        rc = files_stdin(adder, &arena, err);

    } else {
        rc = store_begin(adder->store, err);

        if (rc == MTA_STS_OK) {
            base = strrchr(name, '/');
            rc = files_file(adder, NULL, base ? base + 1 : name, name, &arena,
                            &done, err);
            rc = rc == MTA_STS_OK ? store_commit(adder->store, err) : rc;
        }
    }

    if (d) {
        (void) closedir(d);
    }

    mta_sts_arena_free(&arena);

    return rc;
}
