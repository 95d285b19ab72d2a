/*
 * The table as a file: what is served for the domains of domains files, in the
 * form in which it is used.  It is written once, mapped read-only, and replaced
 * by rename(); nothing in it depends on where it is mapped.
 *
 * What is mapped must not be truncated or overwritten: a process that touches a
 * page that is gone ends by SIGBUS.
 */

#ifndef MTA_STS_SERVE_IMAGE_H
#define MTA_STS_SERVE_IMAGE_H


#include "serve.h"


/* Changes of the table NAME are in a file NAME.changes. */

#define MTA_STS_IMAGE_CHANGES  ".changes"


typedef struct {
    const void    *data;
    size_t         size;
    uint64_t       serial;          /* that it was written with */
    uint64_t       base;            /* the serial of what it changes, or 0 */
    uint64_t       device;          /* of the file that is mapped */
    uint64_t       inode;
    void          *digest;          /* while it is verified piece by piece */
    size_t         verified;        /* bytes of it */
    mta_sts_table_t  changes;       /* of the base, if there is one */
} mta_sts_image_t;


/*
 * What distinguishes a file from the one that it replaces.  Times alone are too
 * coarse, and inodes are used again; the check of a header covers its serial.
 */

typedef struct {
    uint64_t       error;           /* errno of open(), or 0 */
    uint64_t       device;
    uint64_t       inode;
    uint64_t       size;
    uint64_t       seconds;         /* of its last change */
    uint64_t       nanoseconds;
    unsigned char  check[32];
} mta_sts_image_id_t;


/* How much of a file is verified before it is used. */

typedef enum {
    MTA_STS_IMAGE_HEADER = 0,       /* the header and its digest */
    MTA_STS_IMAGE_ALL               /* also the digest of everything else */
} mta_sts_image_verify_e;


/*
 * Returns 1 if a file begins as an image does.  0 if not, or if it cannot be
 * read.  name is followed by a NUL.
 */
int mta_sts_image_is(mta_sts_str_t name);

/* The same of what a file has. */
int mta_sts_image_is_text(mta_sts_str_t text);

/*
 * Does a name not mean the changes of a table?  Anything else is none of them,
 * also what cannot be read.  name is followed by a NUL.
 *
 * Errors, at place: "NAME" has only the changes of a table.
 */
int mta_sts_image_is_whole(mta_sts_str_t name, mta_sts_place_t place,
    mta_sts_err_t *err);

/* Gives what identifies the file of a name now; it has no padding. */
void mta_sts_image_identify(mta_sts_str_t name, mta_sts_image_id_t *id);

/*
 * Maps an image and gives what it has; domains is valid until the image is
 * closed.  name is followed by a NUL.
 *
 * Errors, at place: open(), fstat(), read() or mmap() "NAME" failed (ERRNO:
 * TEXT); "NAME" is not a table, is of another format, is of a machine of
 * another byte order, is truncated, is damaged; SHA-256 failed in libcrypto;
 * those of mta_sts_image_is_whole().
 */
int mta_sts_image_open(mta_sts_image_t *image, mta_sts_str_t name,
    mta_sts_image_verify_e verify, mta_sts_place_t place,
    mta_sts_domains_t *domains, mta_sts_err_t *err);

/*
 * Verifies the next bytes of an image of which only the header was, at most max
 * of them, and sets *left to how many are left.
 *
 * Errors, at place, after which the image can only be closed: "NAME" is
 * damaged; SHA-256 failed in libcrypto.
 */
int mta_sts_image_verify(mta_sts_image_t *image, size_t max, size_t *left,
    mta_sts_str_t name, mta_sts_place_t place, mta_sts_err_t *err);

/*
 * The same as mta_sts_image_open() for the image of changes, or one that is
 * whole; image is zeroed if there is no such file.
 *
 * A writer replaces the table first.  So who opens the changes first and the
 * table after them has what was there at one moment, also while both are
 * replaced: either they fit, or the table is newer and was made of them.
 */
int mta_sts_image_open_changes(mta_sts_image_t *image, mta_sts_str_t name,
    mta_sts_image_verify_e verify, mta_sts_place_t place, mta_sts_err_t *err);

/*
 * Puts changes in front of the table of base and domains.  Closes them if they
 * are those of another table.  image must not move.
 */
void mta_sts_image_set_changes(mta_sts_image_t *image,
    const mta_sts_image_t *base, mta_sts_domains_t *domains);

/* Gives what an open image has, without changes. */
void mta_sts_image_domains(const mta_sts_image_t *image,
    mta_sts_domains_t *domains);

/*
 * Maps a table and its changes, if there are any, as they are at one moment,
 * also while another process replaces both.  All of both is verified.
 */
int mta_sts_image_open_both(mta_sts_image_t *base, mta_sts_str_t name,
    mta_sts_image_t *changes, mta_sts_str_t changes_name,
    mta_sts_place_t place, mta_sts_domains_t *domains, mta_sts_err_t *err);

/* Does nothing to a zeroed image. */
void mta_sts_image_close(mta_sts_image_t *image);

/*
 * Writes domains to fd, a new file that is empty, from its beginning.  base is
 * the serial of the image in which they are changes, or 0.  Equal
 * domains in the same order make equal images, but for the hash key.
 *
 * Errors: lseek() or write() "NAME" failed (ERRNO: TEXT); SHA-256 failed in
 * libcrypto.
 */
int mta_sts_image_write(int fd, mta_sts_str_t name,
    const mta_sts_domains_t *domains, uint64_t serial, uint64_t base,
    mta_sts_err_t *err);


#endif /* MTA_STS_SERVE_IMAGE_H */
