/*
 * A domains file is read while others may write to it: a file that changes
 * meanwhile is refused, since half of it may be a valid file, too.
 */

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/base.h"
#include "tap.h"


#define BIG  10000


static char    folder[64];
static size_t  piece;              /* what read() gives at most; 0: all */
static int     changes;            /* what happens after the first read() */


/* The name of a file in the test's folder, in one of a few buffers. */

static mta_sts_str_t
name_of(const char *file)
{
    static char      names[4][128];
    static unsigned  n;

    n = (n + 1) % 4;
    (void) snprintf(names[n], sizeof(names[n]), "%s/%s", folder, file);

    return mta_sts_str_from(names[n]);
}


/* Writes text to a file; flags are those of open(). */

static void
write_file(mta_sts_str_t name, int flags, const char *text, size_t len)
{
    int  fd;

    fd = open(name.data, O_WRONLY|O_CREAT|flags, 0600);

    if (fd == -1 || write(fd, text, len) != (ssize_t) len) {
        abort();
    }

    (void) close(fd);
}


/* What happens to a file of 1000 bytes while it is read. */

typedef enum {
    NOTHING = 0,
    SHORTER,
    EMPTY,
    LONGER,
    REWRITTEN,
    TOUCHED,
    REPLACED
} change_e;


static void
change(mta_sts_str_t name)
{
    int              rc;
    struct stat      st;
    struct timespec  times[2];

    if (stat(name.data, &st) == -1) {
        abort();
    }

    memset(times, 0, sizeof(times));
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_sec = st.st_mtim.tv_sec;
    times[1].tv_nsec = st.st_mtim.tv_nsec;

    rc = 0;

    switch ((change_e) changes) {

    case SHORTER:
    case EMPTY:
        rc = truncate(name.data, changes == EMPTY ? 0 : 500);
        break;

    case LONGER:
        write_file(name, O_APPEND, "y", 1);
        break;

    case REWRITTEN:
    case TOUCHED:
        write_file(name, 0, changes == TOUCHED ? "x" : "y", 1);
        times[1].tv_nsec ^= 1;
        break;

    case REPLACED:

        /* the open file does not change */

        write_file(name_of("new"), O_TRUNC, "y", 1);
        rc = rename(name_of("new").data, name.data);
        break;

    default:
        break;
    }

    /* the clock of a file system may be too coarse to show a change */

    if (changes != REPLACED) {
        rc |= utimensat(AT_FDCWD, name.data, times, 0);
    }

    if (rc != 0) {
        abort();
    }
}


/* Reads as libc's does, but a piece at most, after which the file changes. */

ssize_t
read(int fd, void *buf, size_t size)
{
    ssize_t  n;

    n = syscall(SYS_read, fd, buf, piece && piece < size ? piece : size);

    if (changes) {
        change(name_of("changing"));
        changes = NOTHING;
    }

    return n;
}


static int
read_at(mta_sts_file_t *file, mta_sts_str_t name)
{
    mta_sts_place_t  place = { TEST_FILE, 4, 2 };

    memset(file, 0xa5, sizeof(mta_sts_file_t));

    return mta_sts_file_read(file, name, place, &test.err);
}


static void
test_read(void)
{
    char            big[BIG];
    size_t          i;
    mta_sts_str_t   name;
    mta_sts_file_t  file;

    static const size_t  pieces[] = { 0, 1, 3, 4096 };

    test_begin(0);

    for (i = 0; i < BIG; i++) {
        big[i] = (char) (i % 127);
    }

    name = name_of("big");
    write_file(name, O_TRUNC, big, BIG);
    write_file(name_of("empty"), O_TRUNC, "", 0);

    for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        piece = pieces[i];

        is_int(read_at(&file, name), MTA_STS_OK, "%zu bytes at a time", piece);
        ok(file.text.len == BIG && memcmp(file.text.data, big, BIG) == 0,
           "gives all of the file");
        is_str(file.name, name, "its name");

        mta_sts_file_free(&file);
        ok(file.text.data == NULL && file.text.len == 0, "freed");
        mta_sts_file_free(&file);
    }

    piece = 0;

    is_int(read_at(&file, name_of("empty")), MTA_STS_OK, "an empty file");
    is_int((long long) file.text.len, 0, "has no text");
    mta_sts_file_free(&file);

    file.text = mta_sts_str("text");
    mta_sts_file_free(&file);
    is_str(file.text, mta_sts_str("text"), "a text of the caller's is kept");
}


static void
is_at(const mta_sts_file_t *file, size_t offset, unsigned line,
    unsigned column)
{
    mta_sts_place_t  place;

    place = mta_sts_file_place(file, offset);

    ok(place.line == line && place.column == column,
       "byte %zu is at %u:%u", offset, line, column);
    is_str(place.file, file->name, "of the file");
}


static void
test_place(void)
{
    mta_sts_file_t  file;

    test_begin(0);

    file.name = mta_sts_str("places");
    file.text = mta_sts_str("\nxy\n\xc3\xbcz\n");

    is_at(&file, 0, 1, 1);
    is_at(&file, 1, 2, 1);
    is_at(&file, 3, 2, 3);
    is_at(&file, 4, 3, 1);
    is_at(&file, 6, 3, 2);
    is_at(&file, 7, 3, 3);

    /* the end is a place, too; nothing is after it */

    is_at(&file, 8, 4, 1);
    is_at(&file, 13, 4, 1);

    file.text = (mta_sts_str_t) { NULL, 0 };
    is_at(&file, 0, 1, 1);
}


static void
is_refused(const char *file_name, const char *before, const char *after)
{
    char            text[512];
    mta_sts_str_t   name;
    mta_sts_file_t  file;

    name = name_of(file_name);

    (void) snprintf(text, sizeof(text), "%s\"%s\"%s", before, name.data,
                    after);

    is_int(read_at(&file, name), MTA_STS_ERROR, "refused: %s", file_name);
    is_err(&test.err, 4, 2, text);
    ok(file.text.data == NULL && file.mapped == 0, "nothing is left");
}


static void
test_refused(void)
{
    test_begin(0);

    (void) mkdir(name_of("folder").data, 0700);
    (void) mkfifo(name_of("fifo").data, 0600);
    if (symlink("missing", name_of("link").data) != 0) {
        abort();
    }

    write_file(name_of("file"), O_TRUNC, "x", 1);
    write_file(name_of("secret"), O_TRUNC, "x", 1);
    (void) chmod(name_of("secret").data, 0);

    is_refused("missing", "open() ",
               " failed (2: No such file or directory)");
    is_refused("link", "open() ", " failed (2: No such file or directory)");
    is_refused("file/x", "open() ", " failed (20: Not a directory)");
    is_refused("folder", "", " is a directory");
    is_refused("fifo", "", " is not a regular file");
    is_refused("/../../../dev/null", "", " is not a regular file");

    if (geteuid() != 0) {
        is_refused("secret", "open() ", " failed (13: Permission denied)");
    }
}


static void
is_changed(change_e what, int fault, const char *title)
{
    char            text[1000];
    mta_sts_str_t   name;
    mta_sts_file_t  file;

    test_begin(0);

    name = name_of("changing");

    memset(text, 'x', sizeof(text));
    (void) unlink(name.data);
    write_file(name, O_TRUNC, text, sizeof(text));

    piece = 10;
    changes = what;

    if (fault) {
        is_refused("changing", "", " was changed while it was being read");

    } else {
        is_int(read_at(&file, name), MTA_STS_OK, "%s", title);
        ok(file.text.len == sizeof(text)
           && memcmp(file.text.data, text, sizeof(text)) == 0,
           "gives what was opened");
        mta_sts_file_free(&file);
    }

    is_int(changes, NOTHING, "%s", title);

    piece = 0;
}


int
main(void)
{
    (void) snprintf(folder, sizeof(folder), "/tmp/input_test.XXXXXX");

    if (mkdtemp(folder) == NULL) {
        abort();
    }

    test_read();
    test_place();
    test_refused();

    is_changed(NOTHING, 0, "a file is left alone");
    is_changed(SHORTER, 1, "truncated");
    is_changed(EMPTY, 1, "truncated to nothing");
    is_changed(LONGER, 1, "appended to");
    is_changed(REWRITTEN, 1, "written to");
    is_changed(TOUCHED, 1, "written to with the same bytes");
    is_changed(REPLACED, 0, "replaced");

    (void) rmdir(name_of("folder").data);
    (void) unlink(name_of("fifo").data);
    (void) unlink(name_of("link").data);
    (void) unlink(name_of("file").data);
    (void) unlink(name_of("secret").data);
    (void) unlink(name_of("big").data);
    (void) unlink(name_of("empty").data);
    (void) unlink(name_of("changing").data);

    is_int(rmdir(folder), 0, "nothing is left");

    return done();
}
