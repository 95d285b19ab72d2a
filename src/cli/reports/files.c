/*
 * Files, directories and standard input -> the batch.
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


typedef enum {
    FILES_NAMED = 0,                  /* a file of the command line */
    FILES_SPOOL,                      /* in a directory */
    FILES_MAILDIR
} files_kind_e;


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


/* What is bad in a spool does not stay there, if it can be kept. */

static void
files_bad(const reports_input_t *input, const char *dir, const char *name,
    const char *path)
{
    mta_sts_err_t  err;

    if (reports_bad(&input->env, dir, name, path, mta_sts_str(""),
                    input->why.text, &err) != MTA_STS_OK)
    {
        say_error(&err);
    }
}


/* Counts and says what is wrong with a file or with standard input. */

static void
files_say(const reports_input_t *input, const char *path)
{
    if (input->unread) {
        input->adder->unread++;

    } else {
        input->adder->bad++;
    }

    say("\"%s\": %s", path, input->why.text);
}


/*
 * Adds a regular file; dir is the directory that it was found in, or NULL.
 * What nginx has spooled is no mail, wherever it is now.  Errors of the store
 * only.
 */

static int
files_file(reports_adder_t *adder, const char *dir, files_kind_e kind,
    const char *name, mta_sts_str_t path, mta_sts_arena_t *arena,
    mta_sts_err_t *err)
{
    int              fd, rc;
    int64_t          received;
    mta_sts_err_t    why;
    mta_sts_str_t    address;
    reports_input_t  input;

    fd = files_open(path.data, &why);

    if (fd == -1) {

        /* another process was faster */

        if (dir == NULL || access(path.data, F_OK) == 0) {
            adder->unread++;
            say_error(&why);
        }

        return MTA_STS_OK;
    }

    reports_add_begin(&input, adder, arena, adder->now, mta_sts_str("file"));
    input.posted = files_is_spooled(name, &received, &address);
    input.single = kind == FILES_MAILDIR;

    if (input.posted) {
        mta_sts_buf_t  source = { &input.env, NULL, 0, 0, 0 };

        mta_sts_buf_add_cstr(&source, "https ");
        mta_sts_buf_add(&source, address);

        input.origin.source = mta_sts_buf_str(&source);
        input.origin.received = received;
    }

    rc = reports_add_fd(&input, fd);

    (void) close(fd);

    if (rc != MTA_STS_OK) {
        *err = input.err;
        return rc;
    }

    if (!input.bad) {
        return input.posted && kind == FILES_SPOOL
               ? reports_batch_done(adder, path.data, err) : MTA_STS_OK;
    }

    if (input.none && kind == FILES_MAILDIR) {
        adder->skipped++;
        return MTA_STS_OK;
    }

    files_say(&input, path.data);

    if (input.posted && kind == FILES_SPOOL && !input.unread) {
        files_bad(&input, dir, name, path.data);
    }

    return MTA_STS_OK;
}


/* nginx names a file without a dot while it is incomplete. */

static int
files_is_skipped(reports_adder_t *adder, files_kind_e kind, const char *name,
    size_t *skipped)
{
    if (name[0] == '.') {
        return 1;
    }

    if (kind == FILES_MAILDIR || strchr(name, '.')) {
        return 0;
    }

    if (strlen(name) != 10 || strspn(name, "0123456789") != 10) {
        adder->skipped++;
        ++*skipped;
    }

    return 1;
}


static int
files_dir(reports_adder_t *adder, const char *dir, files_kind_e kind, DIR *d,
    mta_sts_err_t *err)
{
    int               rc;
    size_t            skipped;
    struct stat       st;
    mta_sts_str_t     path;
    struct dirent    *entry;
    mta_sts_arena_t   arena = { NULL, 0 };
    mta_sts_env_t     env = { diag_alloc, say_warning, &arena, NULL };

    rc = MTA_STS_OK;
    skipped = 0;

    while (rc == MTA_STS_OK && (entry = readdir(d)) != NULL) {

        mta_sts_arena_reset(&arena);
        path = reports_path(&env, dir, entry->d_name, "");

        if (lstat(path.data, &st) == -1 || !S_ISREG(st.st_mode)
            || files_is_skipped(adder, kind, entry->d_name, &skipped))
        {
            continue;
        }

        rc = files_file(adder, dir, kind, entry->d_name, path, &arena, err);
    }

    mta_sts_arena_free(&arena);

    if (skipped) {
        say("\"%s\": %zu file%s without a dot in the name skipped, which nginx "
            "has not completed", dir, skipped, skipped == 1 ? "" : "s");
    }

    return rc;
}


/* Opens a directory of a Maildir; its mails have no dot in the name, too. */

static int
files_maildir(reports_adder_t *adder, const char *dir, const char *name,
    mta_sts_err_t *err)
{
    int              rc;
    DIR             *d;
    mta_sts_str_t    sub;
    mta_sts_arena_t  arena = { NULL, 0 };
    mta_sts_env_t    env = { diag_alloc, say_warning, &arena, NULL };

    sub = reports_path(&env, dir, name, "");
    d = opendir(sub.data);
    rc = MTA_STS_OK;

    if (d) {
        rc = files_dir(adder, sub.data, FILES_MAILDIR, d, err);
        (void) closedir(d);

    } else {
        adder->unread++;
        say("opendir() \"%s\" failed (%d: %s)", sub.data, errno,
            strerror(errno));
    }

    mta_sts_arena_free(&arena);

    return rc;
}


static int
files_is_maildir(const mta_sts_env_t *env, const char *dir)
{
    size_t       i;
    struct stat  st;

    static const char *const  subs[] = { "new", "cur" };

    for (i = 0; i < 2; i++) {
        if (stat(reports_path(env, dir, subs[i], "").data, &st) == -1
            || !S_ISDIR(st.st_mode))
        {
            return 0;
        }
    }

    return 1;
}


/* Standard input cannot be read again: a bad one is kept in the state. */

static int
files_keep(reports_input_t *input, mta_sts_str_t data)
{
    char  name[64];

    static unsigned  n;

    (void) snprintf(name, sizeof(name), "%lld-%ld-%06u",
                    (long long) input->adder->now, (long) getpid(), n++);

    input->failed |= reports_bad(&input->env, input->adder->state, name, NULL,
                                 data, input->why.text, &input->err)
                     != MTA_STS_OK;

    return input->failed ? MTA_STS_ERROR : MTA_STS_OK;
}


static int
files_stdin(reports_adder_t *adder, mta_sts_arena_t *arena, mta_sts_err_t *err)
{
    int              rc;
    reports_input_t  input;

    reports_add_begin(&input, adder, arena, adder->now, mta_sts_str("file"));
    input.keep = files_keep;
    input.single = adder->pipe;

    if (isatty(STDIN_FILENO)) {
        say("a report or a mail is read from the terminal, up to Ctrl-D");
    }

    rc = reports_add_fd(&input, STDIN_FILENO);

    if (rc != MTA_STS_OK) {
        *err = input.err;

    } else if (input.bad) {
        files_say(&input, "standard input");
    }

    return rc;
}


int
reports_add(reports_adder_t *adder, const char *name, mta_sts_err_t *err)
{
    int              rc;
    DIR             *d;
    const char      *base;
    mta_sts_arena_t  arena = { NULL, 0 };
    mta_sts_env_t    env = { diag_alloc, say_warning, &arena, NULL };

    base = strrchr(name, '/');
    d = strcmp(name, "-") == 0 ? NULL : opendir(name);

    if (d && files_is_maildir(&env, name)) {
        rc = files_maildir(adder, name, "new", err);
        rc = rc == MTA_STS_OK ? files_maildir(adder, name, "cur", err) : rc;

    } else if (d) {
        rc = files_dir(adder, name, FILES_SPOOL, d, err);

    } else if (strcmp(name, "-") == 0) {
        rc = files_stdin(adder, &arena, err);

    } else {
        rc = files_file(adder, NULL, FILES_NAMED, base ? base + 1 : name,
                        mta_sts_str_from(name), &arena, err);
    }

    if (d) {
        (void) closedir(d);
    }

    mta_sts_arena_free(&arena);

    return rc == MTA_STS_OK ? reports_flush(adder, err) : rc;
}
