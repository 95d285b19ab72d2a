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


/* What a file is, whatever its name; zeroed if there is none. */

static replica_file_t
replica_file(mta_sts_str_t name)
{
    struct stat     st;
    replica_file_t  file = { 0, 0 };

    if (stat(name.data, &st) == 0) {
        file.device = (uint64_t) st.st_dev;
        file.inode = (uint64_t) st.st_ino;
    }

    return file;
}


static int
replica_is_file(mta_sts_str_t name, replica_file_t file)
{
    replica_file_t  now;

    now = replica_file(name);

    return now.device == file.device && now.inode == file.inode;
}


/* Is the lock that is held still that of its name? */

static int
replica_is_locked(const replica_t *replica)
{
    struct stat     st;
    replica_file_t  file;

    if (replica->lock == -1 || fstat(replica->lock, &st) == -1) {
        return 0;
    }

    file.device = (uint64_t) st.st_dev;
    file.inode = (uint64_t) st.st_ino;

    return replica_is_file(replica->lock_name, file);
}


static void
replica_unlock(replica_t *replica)
{
    if (replica->lock != -1) {
        (void) close(replica->lock);
        replica->lock = -1;
    }
}


/* The lock is a file of its own: the table is replaced. */

static int
replica_lock(replica_t *replica, mta_sts_err_t *err)
{
    while (!replica_is_locked(replica)) {

        replica_unlock(replica);

        replica->lock = open(replica->lock_name.data, O_RDWR|O_CREAT|O_CLOEXEC,
                             0644);

        if (replica->lock == -1) {
            return mta_sts_error_errno(err, MTA_STS_NOWHERE, "open()",
                                       replica->lock_name);
        }

        if (flock(replica->lock, LOCK_EX|LOCK_NB) == 0) {
            continue;
        }

        if (errno != EWOULDBLOCK) {
            (void) mta_sts_error_errno(err, MTA_STS_NOWHERE, "flock()",
                                       replica->lock_name);
        } else {
            (void) mta_sts_error(err, MTA_STS_NOWHERE, "another process "
                                 "follows a source for \"%.*s\" already",
                                 MTA_STS_SHOW(replica->name));
        }

        replica_unlock(replica);

        return MTA_STS_ERROR;
    }

    return MTA_STS_OK;
}


/* Opens both files; after an error of the changes, the table alone. */

static int
replica_images(replica_t *new, mta_sts_image_verify_e verify,
    mta_sts_err_t *err)
{
    int  rc;

    rc = mta_sts_image_open_changes(&new->changes, new->changes_name, verify,
                                    MTA_STS_NOWHERE, err);

    if (mta_sts_image_open(&new->image, new->name, verify, MTA_STS_NOWHERE,
                           &new->base, err)
        != MTA_STS_OK)
    {
        mta_sts_image_close(&new->changes);
        return MTA_STS_ERROR;
    }

    new->file.device = new->image.device;
    new->file.inode = new->image.inode;
    new->changes_file.device = new->changes.device;
    new->changes_file.inode = new->changes.inode;

    return rc;
}


/* Uses what was opened instead of what was mapped before. */

static void
replica_use(replica_t *replica, const replica_t *new)
{
    mta_sts_image_close(&replica->changes);
    mta_sts_image_close(&replica->image);

    *replica = *new;

    replica->present = replica->base;
    mta_sts_image_set_changes(&replica->changes, &replica->image,
                              &replica->present);

    replica->strange = 0;
    replica->damaged = 0;
}


/*
 * Maps what was just written, with the serials of the table and of its changes,
 * or 0 if there are none.  Anything else is another process's, and what was
 * mapped before stays.
 */

static int
replica_map(replica_t *replica, uint64_t serial, uint64_t changes,
    mta_sts_err_t *err)
{
    int        rc;
    replica_t  new;

    new = *replica;
    rc = replica_images(&new, MTA_STS_IMAGE_HEADER, err);

    if (rc == MTA_STS_OK && new.image.serial == serial
        && (changes ? new.changes.serial == changes
                    : new.changes.base != serial))
    {
        replica_use(replica, &new);
        return MTA_STS_OK;
    }

    mta_sts_image_close(&new.changes);
    mta_sts_image_close(&new.image);

    replica->strange = 1;

    return rc == MTA_STS_OK
           ? mta_sts_error(err, MTA_STS_NOWHERE, "\"%.*s\" was replaced by "
                           "another process", MTA_STS_SHOW(replica->name))
           : MTA_STS_ERROR;
}


/* Is the name that of the table itself? */

static int
replica_check_name(mta_sts_str_t name, mta_sts_err_t *err)
{
    struct stat  st;

    /* the lock and the changes are named as the table is */

    if (lstat(name.data, &st) == 0 && S_ISLNK(st.st_mode)) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "\"%.*s\" is a symbolic "
                             "link: name the table itself, here and in nginx",
                             MTA_STS_SHOW(name));
    }

    return table_may_replace(name, err);
}


/* Maps what is there already. */

static int
replica_begin(replica_t *replica, mta_sts_err_t *err)
{
    int                 rc;
    replica_t           new;
    mta_sts_image_id_t  id, changes_id;

    mta_sts_image_identify(replica->changes_name, &changes_id);
    mta_sts_image_identify(replica->name, &id);

    if (id.error == ENOENT) {
        return MTA_STS_OK;
    }

    new = *replica;
    rc = replica_images(&new, MTA_STS_IMAGE_ALL, err);

    /* what cannot be read now may be good */

    if (rc != MTA_STS_OK && err->errnum) {
        mta_sts_image_close(&new.image);
        return MTA_STS_ERROR;
    }

    if (rc != MTA_STS_OK) {
        say_error(err);
    }

    if (new.image.data) {
        replica_use(replica, &new);
    }

    replica->damaged = rc != MTA_STS_OK;
    replica->damaged_id = id;
    replica->damaged_changes_id = changes_id;

    return MTA_STS_OK;
}


/* Maps damaged files again, if they were restored. */

static int
replica_restored(replica_t *replica, mta_sts_err_t *err)
{
    mta_sts_image_id_t  id, changes_id;

    mta_sts_image_identify(replica->changes_name, &changes_id);
    mta_sts_image_identify(replica->name, &id);

    if (memcmp(&id, &replica->damaged_id, sizeof(id)) == 0
        && memcmp(&changes_id, &replica->damaged_changes_id, sizeof(id)) == 0)
    {
        return MTA_STS_OK;
    }

    if (replica_begin(replica, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    if (!replica->damaged) {
        say("\"%s\" is not damaged any more", replica->name.data);
    }

    return MTA_STS_OK;
}


int
replica_open(replica_t *replica, mta_sts_str_t name, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    int            fd, rc;
    mta_sts_buf_t  buf = { env, NULL, 0, 0, 0 };

    mta_sts_buf_add(&buf, name);
    mta_sts_buf_add_cstr(&buf, ".lock");

    memset(replica, 0, sizeof(replica_t));

    replica->name = name;
    replica->changes_name = table_changes_name(name, env);
    replica->lock_name = mta_sts_str_copy(env, mta_sts_buf_str(&buf));
    replica->lock = -1;

    if (replica_check_name(name, err) != MTA_STS_OK
        || replica_lock(replica, err) != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    /* compile may be writing it */

    fd = table_lock(name, err);
    if (fd == -1) {
        return MTA_STS_ERROR;
    }

    table_clean(replica->name);
    table_clean(replica->changes_name);

    rc = replica_begin(replica, err);

    (void) close(fd);

    return rc;
}


void
replica_close(replica_t *replica)
{
    mta_sts_image_close(&replica->changes);
    mta_sts_image_close(&replica->image);

    replica_unlock(replica);
}


int
replica_look(replica_t *replica, mta_sts_err_t *err)
{
    if (replica_lock(replica, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    if (replica->damaged) {
        return replica_restored(replica, err);
    }

    /* what is mapped keeps its inode, so another file has another one */

    if (!replica->strange
        && (replica->image.data == NULL
            || (replica_is_file(replica->name, replica->file)
                && replica_is_file(replica->changes_name,
                                   replica->changes_file))))
    {
        return MTA_STS_OK;
    }

    if (table_may_replace(replica->name, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    if (!replica->strange) {
        say("\"%s\" was replaced or removed by another process; all of it is "
            "written again", replica->name.data);
    }

    replica->strange = 1;

    return MTA_STS_OK;
}


int
replica_write(replica_t *replica, const mta_sts_domains_t *domains,
    mta_sts_err_t *err)
{
    uint64_t  serial;

    if (table_write(domains, replica->name, 0, &serial, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    /* changes of an older table are ignored */

    (void) unlink(replica->changes_name.data);

    return replica_map(replica, serial, 0, err);
}


int
replica_write_changes(replica_t *replica, const mta_sts_table_t *changes,
    mta_sts_err_t *err)
{
    uint64_t           serial;
    mta_sts_domains_t  domains;

    memset(&domains, 0, sizeof(mta_sts_domains_t));

    domains.table = *changes;

    if (table_write(&domains, replica->changes_name, replica->image.serial,
                    &serial, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    return replica_map(replica, replica->image.serial, serial, err);
}


size_t
replica_changes_max(const replica_t *replica)
{
    size_t  n;

    n = replica->base.table.n / 64;

    return n < REPLICA_CHANGES_MIN ? REPLICA_CHANGES_MIN
           : n > REPLICA_CHANGES_MAX ? REPLICA_CHANGES_MAX : n;
}
