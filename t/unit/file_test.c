/*
 * A domains file is read piece by piece, while others may write to it: what
 * is not read as a whole, and as it was opened, is no configuration.
 */

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tap.h"


#define BIG  10000


static char  folder[64];


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


static int
open_at(mta_sts_input_t *input, mta_sts_str_t name)
{
    mta_sts_place_t  place = { TEST_FILE, 4, 2 };

    memset(input, 0xa5, sizeof(mta_sts_input_t));

    return mta_sts_input_open(input, name, place, &test.err);
}


/* Reads to the end, size bytes at a time, and compares. */

static void
reads(mta_sts_input_t *input, size_t size, const char *text, size_t len)
{
    int     rc;
    char    buf[512];
    size_t  n, at, bad;

    at = 0;
    bad = 0;

    for ( ;; ) {
        n = 99999;
        rc = mta_sts_input_read(input, buf, size, &n, &test.err);

        if (rc != MTA_STS_OK || n == 0 || n > size || n > len - at) {
            break;
        }

        bad += memcmp(buf, text + at, n) != 0;
        at += n;
    }

    ok(rc == MTA_STS_OK && n == 0 && bad == 0, "reads %zu at a time", size);
    is_int((long long) at, (long long) len, "all of it");
    is_int((long long) input->offset, (long long) len, "and knows its offset");
}


static void
test_pieces(void)
{
    char             big[BIG];
    size_t           i;
    mta_sts_input_t  input;

    static const size_t  sizes[] = { 1, 3, 100, 512 };

    test_begin(0);

    for (i = 0; i < BIG; i++) {
        big[i] = (char) (i % 127);
    }

    write_file(name_of("big"), O_TRUNC, big, BIG);
    write_file(name_of("empty"), O_TRUNC, "", 0);

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        is_int(open_at(&input, name_of("big")), MTA_STS_OK, "open");
        reads(&input, sizes[i], big, BIG);

        is_int(mta_sts_input_rewind(&input, &test.err), MTA_STS_OK, "rewind");
        reads(&input, sizes[i], big, BIG);
        mta_sts_input_close(&input);
        is_int(input.fd, -1, "closed");

        mta_sts_input_text(&input, mta_sts_str("text"), (mta_sts_str_t)
                           { big, BIG - 1 });
        reads(&input, sizes[i], big, BIG - 1);

        is_int(mta_sts_input_rewind(&input, &test.err), MTA_STS_OK, "rewind");
        reads(&input, sizes[i], big, BIG - 1);
        mta_sts_input_close(&input);
    }

    is_int(open_at(&input, name_of("empty")), MTA_STS_OK, "an empty file");
    reads(&input, 100, "", 0);
    mta_sts_input_close(&input);

    mta_sts_input_text(&input, mta_sts_str("text"), (mta_sts_str_t)
                       { NULL, 0 });
    reads(&input, 100, "", 0);
}


static void
is_at(mta_sts_input_t *input, size_t offset, unsigned line, unsigned column)
{
    mta_sts_place_t  place;

    place = mta_sts_input_place(input, offset);

    ok(place.line == line && place.column == column,
       "byte %zu is at %u:%u", offset, line, column);
    is_str(place.file, input->name, "of the file");
}


/* Lines and columns of bytes, also beyond the first piece. */

static void
test_place(void)
{
    char             text[BIG];
    int              i;
    mta_sts_input_t  input;

    test_begin(0);

    memset(text, 'x', BIG);
    text[0] = '\n';
    text[3] = '\n';
    text[9000] = '\n';

    write_file(name_of("places"), O_TRUNC, text, BIG);

    for (i = 0; i < 2; i++) {
        if (i == 0) {
            (void) open_at(&input, name_of("places"));

        } else {
            mta_sts_input_text(&input, mta_sts_str("text"), (mta_sts_str_t)
                               { text, BIG });
        }

        is_at(&input, 0, 1, 1);
        is_at(&input, 1, 2, 1);
        is_at(&input, 3, 2, 3);
        is_at(&input, 4, 3, 1);
        is_at(&input, 4096, 3, 4093);
        is_at(&input, 9000, 3, 8997);
        is_at(&input, 9001, 4, 1);
        is_at(&input, BIG - 1, 4, 999);

        /* the end is a place, too; nothing lies behind it */

        is_at(&input, BIG, 4, 1000);
        is_at(&input, BIG + 5, 4, 1000);

        mta_sts_input_close(&input);
    }

    (void) open_at(&input, name_of("places"));
    write_file(name_of("places"), O_TRUNC, "x", 1);
    is_at(&input, 9000, 0, 0);
    mta_sts_input_close(&input);
}


static void
is_refused(const char *file, const char *before, const char *after)
{
    char             text[512];
    mta_sts_str_t    name;
    mta_sts_input_t  input;

    name = name_of(file);

    (void) snprintf(text, sizeof(text), "%s\"%s\"%s", before, name.data,
                    after);

    is_int(open_at(&input, name), MTA_STS_ERROR, "refused: %s", file);
    is_err(&test.err, 4, 2, text);
    is_int(input.fd, -1, "and not left open");
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


/* What happens to a file of 1000 bytes of which 10 were read. */

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
is_changed(change_e change, int fault, const char *what)
{
    int              rc;
    char             buf[100], text[1000], expected[256];
    size_t           n;
    mta_sts_str_t    name;
    mta_sts_input_t  input;
    struct timespec  times[2];

    name = name_of("changing");

    memset(text, 'x', sizeof(text));
    (void) unlink(name.data);
    write_file(name, O_TRUNC, text, sizeof(text));

    (void) open_at(&input, name);
    (void) mta_sts_input_read(&input, buf, 10, &n, &test.err);

    memset(times, 0, sizeof(times));
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_sec = input.st.st_mtim.tv_sec;
    times[1].tv_nsec = input.st.st_mtim.tv_nsec;

    switch (change) {

    case SHORTER:
    case EMPTY:
        rc = truncate(name.data, change == EMPTY ? 0 : 500);
        break;

    case LONGER:
        write_file(name, O_APPEND, "y", 1);
        rc = 0;
        break;

    case REWRITTEN:
    case TOUCHED:
        write_file(name, 0, change == TOUCHED ? "x" : "y", 1);
        times[1].tv_nsec ^= 1;
        rc = 0;
        break;

    case REPLACED:

        /* what replaces it does not change what is open */

        write_file(name_of("new"), O_TRUNC, "y", 1);
        rc = rename(name_of("new").data, name.data);
        break;

    default:
        rc = 0;
    }

    /* the clock of a file system may be too coarse to tell */

    if (change != REPLACED) {
        rc |= utimensat(AT_FDCWD, name.data, times, 0);
    }

    is_int(rc, 0, "%s", what);

    do {
        rc = mta_sts_input_read(&input, buf, sizeof(buf), &n, &test.err);
    } while (rc == MTA_STS_OK && n);

    is_int(rc, fault ? MTA_STS_ERROR : MTA_STS_OK, "is a fault: %d", fault);

    if (fault) {
        (void) snprintf(expected, sizeof(expected), "\"%s\" was changed while "
                        "it was being read", name.data);
        is_str(mta_sts_str_from(test.err.text), mta_sts_str_from(expected),
               "and told");
        is_str(test.err.place.file, name, "with the file");
        is_int(test.err.place.line, 0, "and no line");
    }

    mta_sts_input_close(&input);
}


int
main(void)
{
    (void) snprintf(folder, sizeof(folder), "/tmp/input_test.XXXXXX");

    if (mkdtemp(folder) == NULL) {
        abort();
    }

    test_pieces();
    test_place();
    test_refused();

    test_begin(0);
    is_changed(NOTHING, 0, "a file is left alone");
    is_changed(SHORTER, 1, "truncated");
    is_changed(EMPTY, 1, "truncated to nothing");
    is_changed(LONGER, 1, "appended to");
    is_changed(REWRITTEN, 1, "written to");
    is_changed(TOUCHED, 1, "written to with what it had");
    is_changed(REPLACED, 0, "replaced");

    (void) rmdir(name_of("folder").data);
    (void) unlink(name_of("fifo").data);
    (void) unlink(name_of("link").data);
    (void) unlink(name_of("file").data);
    (void) unlink(name_of("secret").data);
    (void) unlink(name_of("big").data);
    (void) unlink(name_of("empty").data);
    (void) unlink(name_of("places").data);
    (void) unlink(name_of("changing").data);

    is_int(rmdir(folder), 0, "nothing is left behind");

    return done();
}
