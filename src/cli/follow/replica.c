/*
 * The table on disk, mapped, and replaced.
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "follow.h"


/*
 * All changes are written with each change, so there must not be too many; to
 * merge them, the whole table is written, so there must not be too few.
 */

#define REPLICA_CHANGES_MIN  4096
#define REPLICA_CHANGES_MAX  65536


/* The lock is a file of its own: the table is replaced. */

static int
replica_lock(replica_t *replica, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    mta_sts_str_t  path;
    mta_sts_buf_t  buf = { env, NULL, 0, 0, 0 };

    mta_sts_buf_add(&buf, replica->name);
    mta_sts_buf_add_cstr(&buf, ".lock");

    path = mta_sts_str_copy(env, mta_sts_buf_str(&buf));

    replica->lock = open(path.data, O_RDWR|O_CREAT|O_CLOEXEC, 0644);

    if (replica->lock == -1) {
        return mta_sts_error_errno(err, MTA_STS_NOWHERE, "open()", path);
    }

    if (flock(replica->lock, LOCK_EX|LOCK_NB) == 0) {
        return MTA_STS_OK;
    }

    if (errno != EWOULDBLOCK) {
        return mta_sts_error_errno(err, MTA_STS_NOWHERE, "flock()", path);
    }

    return mta_sts_error(err, MTA_STS_NOWHERE, "another process follows a "
                         "source for \"%.*s\" already",
                         MTA_STS_SHOW(replica->name));
}


/* The inode of a file; 0 if there is none. */

static ino_t
replica_inode(mta_sts_str_t name)
{
    struct stat  st;

    return stat(name.data, &st) == 0 ? st.st_ino : 0;
}


/* Maps what is there; after an error, what was mapped before stays. */

static int
replica_map(replica_t *replica, mta_sts_image_verify_e verify,
    mta_sts_err_t *err)
{
    int        rc;
    replica_t  new;

    new = *replica;

    /* a table whose changes are damaged is a good one of an earlier time */

    rc = mta_sts_image_open_changes(&new.changes, new.changes_name, verify,
                                    MTA_STS_NOWHERE, err);

    if (rc != MTA_STS_OK && replica->image.data) {
        return MTA_STS_ERROR;
    }

    if (mta_sts_image_open(&new.image, new.name, verify, MTA_STS_NOWHERE,
                           &new.base, err)
        != MTA_STS_OK)
    {
        mta_sts_image_close(&new.changes);
        return MTA_STS_ERROR;
    }

    mta_sts_image_close(&replica->changes);
    mta_sts_image_close(&replica->image);

    *replica = new;

    replica->present = replica->base;
    mta_sts_image_set_changes(&replica->changes, &replica->image,
                              &replica->present);

    replica->inode = replica_inode(replica->name);
    replica->changes_inode = replica_inode(replica->changes_name);
    replica->strange = 0;
    replica->damaged = 0;

    return rc;
}


int
replica_open(replica_t *replica, mta_sts_str_t name, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    struct stat  st;

    memset(replica, 0, sizeof(replica_t));

    replica->name = name;
    replica->changes_name = table_changes_name(name, env);
    replica->lock = -1;

    if (table_may_replace(name, err) != MTA_STS_OK
        || replica_lock(replica, env, err) != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    table_clean(replica->name);
    table_clean(replica->changes_name);

    if (stat(name.data, &st) == -1
        || replica_map(replica, MTA_STS_IMAGE_ALL, err) == MTA_STS_OK)
    {
        return MTA_STS_OK;
    }

    /* what cannot be read now may be good */

    if (err->errnum) {
        replica->unread = 1;
        return MTA_STS_ERROR;
    }

    say_error(err);

    replica->damaged = replica->image.data != NULL || st.st_size > 0;

    return MTA_STS_OK;
}


void
replica_close(replica_t *replica)
{
    mta_sts_image_close(&replica->changes);
    mta_sts_image_close(&replica->image);

    if (replica->lock != -1) {
        (void) close(replica->lock);
        replica->lock = -1;
    }
}


/* What is mapped keeps its inode, so another file has another one. */

int
replica_look(replica_t *replica, mta_sts_err_t *err)
{
    if (replica->strange || replica->image.data == NULL
        || (replica_inode(replica->name) == replica->inode
            && (replica->changes.data == NULL
                || replica_inode(replica->changes_name)
                   == replica->changes_inode)))
    {
        return MTA_STS_OK;
    }

    if (table_may_replace(replica->name, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    say("\"%s\" was replaced or removed by another process; all of it is "
        "written again", replica->name.data);

    replica->strange = 1;

    return MTA_STS_OK;
}


int
replica_write(replica_t *replica, const mta_sts_domains_t *domains,
    mta_sts_err_t *err)
{
    if (table_write(domains, replica->name, 0, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    /* changes of an older table are ignored */

    (void) unlink(replica->changes_name.data);

    return replica_map(replica, MTA_STS_IMAGE_HEADER, err);
}


int
replica_write_changes(replica_t *replica, const mta_sts_table_t *changes,
    mta_sts_err_t *err)
{
    mta_sts_domains_t  domains;

    memset(&domains, 0, sizeof(mta_sts_domains_t));

    domains.table = *changes;

    if (table_write(&domains, replica->changes_name, replica->image.serial,
                    err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (replica_map(replica, MTA_STS_IMAGE_HEADER, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    /* they would be ignored, and are to be made anew for the other one */

    if (changes->n && replica->present.table.changes == NULL) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "\"%.*s\" was replaced by "
                             "another process", MTA_STS_SHOW(replica->name));
    }

    return MTA_STS_OK;
}


size_t
replica_changes_max(const replica_t *replica)
{
    size_t  n;

    n = replica->base.table.n / 64;

    return n < REPLICA_CHANGES_MIN ? REPLICA_CHANGES_MIN
           : n > REPLICA_CHANGES_MAX ? REPLICA_CHANGES_MAX : n;
}
