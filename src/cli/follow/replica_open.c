/*
 * Opening the table: what is there already, or its copy.
 */

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "follow.h"


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


/* The serial of the changes, or 0 if there are none of this table. */

static uint64_t
replica_changes_serial(const replica_t *replica)
{
    return replica->changes.base == replica->image.serial
           ? replica->changes.serial : 0;
}


/*
 * Maps the copy instead of a table that is damaged or not there; if there is no
 * copy, what is sound of the table.
 */

static int
replica_restore(replica_t *replica, replica_t *table, int damaged,
    mta_sts_err_t *err)
{
    int        rc;
    replica_t  copy;

    copy = *replica;
    rc = replica_images(&copy, copy.copy_name, copy.copy_changes_name,
                        MTA_STS_IMAGE_ALL, err);

    if (rc == MTA_STS_OK) {
        say("\"%s\" is written again from its copy \"%s\"",
            replica->name.data, replica->copy_name.data);

        mta_sts_image_close(&table->image);
        replica_use(replica, &copy);
        replica->strange = 1;

        return MTA_STS_OK;
    }

    mta_sts_image_close(&copy.image);

    /* what cannot be read now may be good */

    if (err->errnum && err->errnum != ENOENT) {
        mta_sts_image_close(&table->image);
        return MTA_STS_ERROR;
    }

    if (err->errnum == 0) {
        say_error(err);
    }

    if (table->image.data) {
        replica_use(replica, table);
    }

    replica->damaged = damaged;

    return MTA_STS_OK;
}


/* Is the copy that of the table?  If not, both are written again. */

static int
replica_is_copied(const replica_t *replica)
{
    int            same;
    replica_t      copy;
    mta_sts_err_t  ignored;

    copy = *replica;

    same = replica_images(&copy, copy.copy_name, copy.copy_changes_name,
                          MTA_STS_IMAGE_ALL, &ignored)
           == MTA_STS_OK
           && copy.image.serial == replica->image.serial
           && replica_changes_serial(&copy) == replica_changes_serial(replica);

    mta_sts_image_close(&copy.changes);
    mta_sts_image_close(&copy.image);

    return same;
}


/* Maps what is there already. */

static int
replica_begin(replica_t *replica, mta_sts_err_t *err)
{
    replica_t    table;
    struct stat  st;

    table_clean(replica->name);
    table_clean(replica->changes_name);
    table_clean(replica->copy_name);
    table_clean(replica->copy_changes_name);

    table = *replica;

    if (stat(replica->name.data, &st) == -1 || st.st_size == 0) {
        return replica_restore(replica, &table, 0, err);
    }

    if (replica_images(&table, table.name, table.changes_name,
                       MTA_STS_IMAGE_ALL, err)
        == MTA_STS_OK)
    {
        replica_use(replica, &table);
        replica->strange = !replica_is_copied(replica);

        return MTA_STS_OK;
    }

    /* what cannot be read now may be good */

    if (err->errnum) {
        mta_sts_image_close(&table.image);
        return MTA_STS_ERROR;
    }

    say_error(err);

    return replica_restore(replica, &table, 1, err);
}


/* The name of a file next to the table, in env's memory; a NUL follows. */

static mta_sts_str_t
replica_next_to(mta_sts_str_t name, const char *suffix,
    const mta_sts_env_t *env)
{
    mta_sts_buf_t  buf = { env, NULL, 0, 0, 0 };

    mta_sts_buf_add(&buf, name);
    mta_sts_buf_add_cstr(&buf, suffix);

    return mta_sts_str_copy(env, mta_sts_buf_str(&buf));
}


int
replica_open(replica_t *replica, mta_sts_str_t name, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    int  fd, rc;

    memset(replica, 0, sizeof(replica_t));

    replica->name = name;
    replica->changes_name = table_changes_name(name, env);
    replica->copy_name = replica_next_to(name, ".follow-copy", env);
    replica->copy_changes_name = table_changes_name(replica->copy_name, env);
    replica->lock_name = replica_next_to(name, ".lock", env);
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

    rc = replica_begin(replica, err);

    (void) close(fd);

    return rc;
}
