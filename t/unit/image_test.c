/*
 * A table as a file: all that it was made of comes back, and neither a damaged
 * nor a truncated file may be taken for a table or crash who looks into it.
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "serve/image.h"
#include "files.h"


static char               path[] = "/tmp/mta-sts-image-XXXXXX";
static mta_sts_domains_t  domains;
static mta_sts_place_t    place = { { "test.conf", 9 }, 3, 5 };


static mta_sts_str_t
name(void)
{
    return mta_sts_str_from(path);
}


static void
write_domains(uint64_t serial)
{
    int  fd, rc;

    fd = open(path, O_RDWR|O_TRUNC);
    rc = mta_sts_image_write(fd, name(), &domains, serial, 0, &test.err);
    (void) close(fd);

    is_int(rc, MTA_STS_OK, "written");
}


/* Overwrites what is not mapped; the file is replaced, as it must be. */

static void
write_bytes(const char *data, size_t len)
{
    int  fd;

    (void) unlink(path);
    fd = open(path, O_WRONLY|O_CREAT|O_TRUNC, 0600);

    if (fd == -1 || write(fd, data, len) != (ssize_t) len) {
        abort();
    }

    (void) close(fd);
}


static int
open_image(mta_sts_image_t *image, mta_sts_image_verify_e verify,
    mta_sts_domains_t *got)
{
    return mta_sts_image_open(image, name(), verify, place, got, &test.err);
}


static int
entries_are(const mta_sts_table_t *a, const mta_sts_table_t *b)
{
    size_t           cursor, n;
    mta_sts_entry_t  x, y;

    n = 0;
    cursor = 0;

    while (mta_sts_table_next(a, &cursor, &x)) {
        if (!mta_sts_table_find(b, x.domain, &y)
            || !mta_sts_policy_eq(x.policy, y.policy)
            || strcmp(x.policy->id, y.policy->id) != 0
            || x.policy->mode != y.policy->mode
            || !mta_sts_str_eq(x.policy_name, y.policy_name)
            || !mta_sts_str_eq(x.place.file, y.place.file)
            || x.place.line != y.place.line)
        {
            return 0;
        }

        n++;
    }

    return n == a->n && n == b->n;
}


/* Each text of files, and how many domains they have. */

static const struct {
    const char  *text;
    unsigned     n;
} texts[] = {
    { "domains: {a.example: {mx: m.example}}\n", 1 },
    { "default: {mx: m.example, mode: enforce}\n", 0 },
    { "max_age: 2w\ntlsrpt_rua: mailto:a@b.example\npolicies:\n"
      "  p: {mx: [m.example, '*.n.example'], mode: enforce}\n"
      "  q: {mode: none, mx: m.example, tlsrpt_rua: https://b.example/}\n"
      "domains:\n"
      "  a.example: p\n  b.example: {policy: p, mode: testing}\n"
      "  c.example: q\n  d.example: {mx: d.example}\n  e.example: p\n"
      "default: q\n"
      "\fdomains:\n  f.example: p\n  g.example: q\n  h.example: p\n"
      "  i.example: {policy: q, max_age: 1w}\n  j.example: p\n"
      "  xn--bcher-kva.example: p\n", 11 }
};


static void
test_same(void)
{
    size_t             i;
    mta_sts_str_t      none = mta_sts_str("z.example");
    mta_sts_image_t    image;
    mta_sts_domains_t  got;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        test_begin(0);

        is_int(files_read(&domains, texts[i].text), MTA_STS_OK, "files %zu", i);
        write_domains(1234 + i);

        is_int(mta_sts_image_is(name()), 1, "are an image");

        if (!is_int(open_image(&image, MTA_STS_IMAGE_ALL, &got), MTA_STS_OK,
                    "that is opened"))
        {
            printf("# %s\n", test.err.text);
            continue;
        }

        is_int((long long) image.serial, (long long) (1234 + i), "its serial");
        is_int(got.table.n, texts[i].n, "its domains");
        ok(entries_are(&domains.table, &got.table), "are the same");
        ok(mta_sts_table_policy(&got.table, none) == NULL, "no other is found");

        ok((got.default_policy == NULL) == (domains.default_policy == NULL)
           && (got.default_policy == NULL
               || mta_sts_policy_eq(got.default_policy,
                                    domains.default_policy)),
           "the default policy");
        is_str(got.default_name, domains.default_name, "its name");
        is_str(got.default_place.file, domains.default_place.file, "its file");
        is_int(got.default_place.line, domains.default_place.line, "its line");

        mta_sts_image_close(&image);
        ok(image.data == NULL, "closed");
        mta_sts_image_close(&image);
    }
}


/* Looks up and walks, whatever is there. */

static void
look(const mta_sts_table_t *table)
{
    char             c;
    size_t           cursor, steps, mx_cursor;
    uint32_t         age;
    mta_sts_str_t    mx, domain;
    mta_sts_entry_t  entry;

    static const char  *const  wanted[] = {
        "a.example", "f.example", "xn--bcher-kva.example", "z.example", "a"
    };

    cursor = 0;
    age = 0;

    for (steps = 0; steps < 100; steps++) {
        if (!mta_sts_table_next(table, &cursor, &entry)) {
            break;
        }

        mx_cursor = 0;

        while (mta_sts_policy_next_mx(entry.policy, &mx_cursor, &mx)) {
            age += (uint32_t) mx.len;
        }

        age += mta_sts_policy_max_age(entry.policy)
               + (uint32_t) mta_sts_policy_mode(entry.policy).len
               + (uint32_t) strlen(entry.policy->id);

        c = entry.place.file.len ? entry.place.file.data[0] : 0;
        age += (unsigned char) c;
    }

    for (steps = 0; steps < sizeof(wanted) / sizeof(wanted[0]); steps++) {
        domain = mta_sts_str_from(wanted[steps]);
        age += mta_sts_table_policy(table, domain) != NULL;
    }

    if (age == 7) {
        putchar('\n');
    }
}


/* Verifies an image in pieces of max bytes; returns how many it took, or -1. */

static int
pieces(size_t max)
{
    int                n, rc;
    size_t             left;
    mta_sts_image_t    image;
    mta_sts_domains_t  got;

    if (open_image(&image, MTA_STS_IMAGE_HEADER, &got) != MTA_STS_OK) {
        return -1;
    }

    n = 0;

    do {
        n++;
        rc = mta_sts_image_verify(&image, max, &left, name(), place,
                                  &test.err);
    } while (rc == MTA_STS_OK && left);

    mta_sts_image_close(&image);

    return rc == MTA_STS_OK ? n : -1;
}


/* Each byte of an image is changed in turn. */

static void
test_damaged(void)
{
    int                fd;
    char               bytes[16384], was;
    size_t             i, bad, opened;
    ssize_t            len;
    mta_sts_image_t    image;
    mta_sts_domains_t  got;

    test_begin(0);
    (void) files_read(&domains, texts[2].text);
    write_domains(1);

    fd = open(path, O_RDONLY);
    len = read(fd, bytes, sizeof(bytes));
    (void) close(fd);

    if (!ok(len > 1000 && len < (ssize_t) sizeof(bytes), "an image of %zd "
            "bytes", len))
    {
        return;
    }

    is_int(pieces((size_t) len), 1, "verified in one piece");
    ok(pieces((size_t) len / 10) > 5, "... in several pieces");
    ok(pieces(1) > len / 2, "... byte by byte");

    for (i = 0, bad = 0, opened = 0; i < (size_t) len; i++) {
        was = bytes[i];
        bytes[i] = (char) (was ^ (i % 2 ? 0xff : 0x41));
        write_bytes(bytes, (size_t) len);
        bytes[i] = was;

        if (open_image(&image, MTA_STS_IMAGE_ALL, &got) == MTA_STS_OK) {
            bad++;
            mta_sts_image_close(&image);
        }

        if (open_image(&image, MTA_STS_IMAGE_HEADER, &got) == MTA_STS_OK) {
            opened++;
            look(&got.table);
            mta_sts_image_close(&image);
            bad += pieces(1 + i % 300) != -1;
        }
    }

    is_int((long long) bad, 0, "no damage is overlooked");
    ok(opened > 500, "what only the whole digest shows crashes nothing: %zu",
       opened);
}


static void
is_refused(const char *text, const char *what)
{
    char               expected[256];
    mta_sts_image_t    image;
    mta_sts_domains_t  got;

    (void) snprintf(expected, sizeof(expected), "\"%s\" %s", path, text);

    is_int(open_image(&image, MTA_STS_IMAGE_HEADER, &got), MTA_STS_ERROR,
           "refused: %s", what);
    is_err(&test.err, 3, 5, expected);
    ok(image.data == NULL, "nothing is left mapped");
}


static void
test_refused(void)
{
    int          fd;
    char         bytes[16384];
    ssize_t      len;

    test_begin(0);
    (void) files_read(&domains, texts[2].text);
    write_domains(1);

    fd = open(path, O_RDONLY);
    len = read(fd, bytes, sizeof(bytes));
    (void) close(fd);

    write_bytes(bytes, (size_t) len - 1);
    is_refused("is truncated", "one byte less");
    write_bytes(bytes, (size_t) len / 2);
    is_refused("is truncated", "half of it");
    write_bytes(bytes, (size_t) len + 1);
    is_refused("is damaged", "one byte more");
    write_bytes(bytes, 100);
    is_refused("is truncated", "half a header");
    write_bytes(bytes, 0);
    is_refused("is not a table", "nothing");
    is_int(mta_sts_image_is(name()), 0, "which is no image");

    memset(bytes, 'x', sizeof(bytes));
    write_bytes(bytes, sizeof(bytes));
    is_refused("is not a table", "another file");
    is_int(mta_sts_image_is(name()), 0, "which is no image");
    is_int(mta_sts_image_is(mta_sts_str("/nonexistent")), 0, "nor is no file");
    is_int(mta_sts_image_is(mta_sts_str("/tmp")), 0, "nor a folder");
}


/* A file of the same size and inode with the same times is another one. */

static void
test_identify(void)
{
    struct stat          st;
    struct timespec      times[2];
    mta_sts_image_id_t   a, b;
    const mta_sts_str_t  none = mta_sts_str("/nonexistent");

    test_begin(0);
    (void) files_read(&domains, texts[2].text);

    write_domains(1);
    mta_sts_image_identify(name(), &a);
    mta_sts_image_identify(name(), &b);
    ok(memcmp(&a, &b, sizeof(a)) == 0, "a file is itself");

    (void) stat(path, &st);
    write_domains(2);
    times[0] = st.st_atim;
    times[1] = st.st_mtim;
    (void) utimensat(AT_FDCWD, path, times, 0);

    mta_sts_image_identify(name(), &b);
    is_int((long long) b.size, (long long) a.size, "as large as before");
    is_int((long long) b.inode, (long long) a.inode, "the same inode");
    is_int((long long) b.nanoseconds, (long long) a.nanoseconds, "and time");
    ok(memcmp(&a, &b, sizeof(a)) != 0, "is another one");

    mta_sts_image_identify(none, &b);
    is_int((long long) b.error, ENOENT, "no file");
}


/* A table and its changes, where both were replaced or only one of them. */

static void
test_both(void)
{
    int                fd;
    char               other[sizeof(path) + sizeof(MTA_STS_IMAGE_CHANGES)];
    uint64_t           base;
    mta_sts_str_t      changes_name, a, z;
    mta_sts_image_t    image, changes;
    mta_sts_domains_t  got;

    test_begin(0);
    (void) snprintf(other, sizeof(other), "%s" MTA_STS_IMAGE_CHANGES, path);
    changes_name = mta_sts_str_from(other);
    a = mta_sts_str("a.example");
    z = mta_sts_str("z.example");

    (void) files_read(&domains, texts[0].text);
    write_domains(7);
    (void) files_read(&domains, "domains: {z.example: {mx: m.example}}\n");

    for (base = 6; base <= 7; base++) {
        fd = open(other, O_RDWR|O_CREAT|O_TRUNC, 0600);
        is_int(mta_sts_image_write(fd, changes_name, &domains, 9, base,
                                   &test.err),
               MTA_STS_OK, "changes of %d", (int) base);
        (void) close(fd);

        is_int(mta_sts_image_open_both(&image, name(), &changes, changes_name,
                                       place, &got, &test.err),
               MTA_STS_OK, "are opened");
        is_int(changes.data != NULL, base == 7, "and kept if they fit");
        is_int(mta_sts_table_policy(&got.table, z) != NULL, base == 7,
               "as is their domain");
        ok(mta_sts_table_policy(&got.table, a) != NULL, "next to the others");

        mta_sts_image_close(&image);
        mta_sts_image_close(&changes);
    }

    is_int(mta_sts_image_open(&image, changes_name, MTA_STS_IMAGE_ALL, place,
                              &got, &test.err),
           MTA_STS_ERROR, "changes alone");
    ok(strstr(test.err.text, "has only the changes of a table") != NULL,
       "are no table");
    ok(image.data == NULL, "and are not mapped");

    is_int(truncate(other, 100), 0, "truncated");
    is_int(mta_sts_image_open_both(&image, name(), &changes, changes_name,
                                   place, &got, &test.err),
           MTA_STS_ERROR, "changes are refused");
    ok(image.data == NULL && changes.data == NULL, "leave nothing mapped");

    (void) unlink(other);
    is_int(mta_sts_image_open_both(&image, name(), &changes, changes_name,
                                   place, &got, &test.err),
           MTA_STS_OK, "no changes");
    is_int(got.table.n, 1, "are none");
    mta_sts_image_close(&image);
}


static void
test_full(void)
{
    int  fd;

    test_begin(0);
    (void) files_read(&domains, texts[2].text);

    fd = open("/dev/full", O_WRONLY);

    is_int(mta_sts_image_write(fd, mta_sts_str("full"), &domains, 1, 0,
                               &test.err),
           MTA_STS_ERROR, "a full file system");
    ok(strncmp(test.err.text, "write() \"full\" failed (28:", 26) == 0,
       "is reported");

    (void) close(fd);
}


int
main(void)
{
    int  fd;

    fd = mkstemp(path);
    if (fd == -1) {
        abort();
    }

    (void) close(fd);

    test_same();
    test_damaged();
    test_refused();
    test_identify();
    test_both();
    test_full();

    (void) unlink(path);

    return done();
}
