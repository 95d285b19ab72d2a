/*
 * Files that are complete or absent: a new one is written next to the old one
 * and replaces it when it is on disk.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "formats.h"


/* The temporary file, for what ends the process: signals and exits. */

static char  replace_temp[PATH_MAX];


static void
replace_remove(void)
{
    if (replace_temp[0]) {
        (void) unlink(replace_temp);
    }
}


static void
replace_signal(int signo)
{
    replace_remove();

    (void) signal(signo, SIG_DFL);
    (void) raise(signo);
}


static void
replace_catch(void)
{
    size_t            i;
    struct sigaction  sa, old;

    static int        caught;
    static const int  signals[] = { SIGHUP, SIGINT, SIGTERM };

    if (caught++) {
        return;
    }

    memset(&sa, 0, sizeof(struct sigaction));
    sa.sa_handler = replace_signal;

    /* a failed allocation ends the process */

    (void) atexit(replace_remove);

    /* what is ignored, as by nohup, stays so */

    for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        if (sigaction(signals[i], NULL, &old) == 0
            && old.sa_handler != SIG_IGN)
        {
            (void) sigaction(signals[i], &sa, NULL);
        }
    }
}


/* The length of the folder of a path, with its "/". */

static int
replace_folder(const char *path)
{
    const char  *slash;

    slash = strrchr(path, '/');

    return slash ? (int) (slash - path) + 1 : 0;
}


/*
 * A new file in the same folder, replace_temp, with the mode and owner of the
 * file that it will replace.  NULL with errno.
 */

static FILE *
replace_create(const char *path)
{
    int          fd, n;
    FILE        *out;
    mode_t       mask;
    sigset_t     all, before;
    struct stat  st;

    mask = umask(0);
    (void) umask(mask);

    if (stat(path, &st) != 0) {
        st.st_mode = 0666 & ~mask;
        st.st_uid = (uid_t) -1;
        st.st_gid = (gid_t) -1;
    }

    /* no signal between the file and its name */

    (void) sigfillset(&all);
    (void) sigprocmask(SIG_BLOCK, &all, &before);

    n = snprintf(replace_temp, sizeof(replace_temp), "%.*s.mta-sts.XXXXXX",
                 replace_folder(path), path);

    if ((size_t) n < sizeof(replace_temp)) {
        fd = mkstemp(replace_temp);

    } else {
        errno = ENAMETOOLONG;
        fd = -1;
    }

    if (fd == -1) {
        replace_temp[0] = '\0';
    }

    (void) sigprocmask(SIG_SETMASK, &before, NULL);

    if (fd == -1) {
        return NULL;
    }

    /* only root gives a file away: the others keep its group, if they may */

    if (fchown(fd, st.st_uid, st.st_gid) != 0) {
        (void) !fchown(fd, (uid_t) -1, st.st_gid);
    }

    (void) fchmod(fd, st.st_mode & 07777);

    out = fdopen(fd, "w");

    if (out == NULL) {
        (void) close(fd);
        replace_remove();
        replace_temp[0] = '\0';
    }

    return out;
}


/* Makes what was renamed survive a crash of the system. */

static int
replace_sync_folder(const char *path)
{
    int   fd, rc;
    char  folder[PATH_MAX];

    (void) snprintf(folder, sizeof(folder), "%.*s.", replace_folder(path),
                    path);

    fd = open(folder, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (fd == -1) {
        return -1;
    }

    rc = fsync(fd);

    (void) close(fd);

    return rc;
}


FILE *
replace_open(const char *path, mta_sts_err_t *err)
{
    FILE  *out;

    replace_catch();

    out = replace_create(path);

    if (out == NULL) {
        (void) mta_sts_error_errno(err, MTA_STS_NOWHERE, "open()",
                                   mta_sts_str_from(path));
    }

    return out;
}


int
replace_close(FILE *out, const char *path, mta_sts_err_t *err)
{
    int          failed;
    const char  *call;

    call = "write()";
    failed = fflush(out) != 0 || ferror(out);

    if (!failed) {
        call = "fsync()";
        failed = fsync(fileno(out)) != 0;
    }

    if (fclose(out) != 0 && !failed) {
        call = "write()";
        failed = 1;
    }

    if (!failed) {
        call = "rename()";
        failed = rename(replace_temp, path) != 0
                 || replace_sync_folder(path) != 0;
    }

    if (failed) {
        (void) mta_sts_error_errno(err, MTA_STS_NOWHERE, call,
                                   mta_sts_str_from(path));
        (void) unlink(replace_temp);
    }

    replace_temp[0] = '\0';

    return failed ? MTA_STS_ERROR : MTA_STS_OK;
}
