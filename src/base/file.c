/*
 * Files that are read piece by piece.
 */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "file.h"


int
mta_sts_input_open(mta_sts_input_t *input, mta_sts_str_t name,
    mta_sts_place_t place, mta_sts_err_t *err)
{
    int  rc;

    memset(input, 0, sizeof(mta_sts_input_t));

    input->name = name;

    /* nothing waits for the writer of a pipe */

    input->fd = open(name.data, O_RDONLY|O_NONBLOCK|O_CLOEXEC);

    if (input->fd == -1) {
        return mta_sts_error_errno(err, place, "open()", input->name);
    }

    if (fstat(input->fd, &input->st) == -1) {
        rc = mta_sts_error_errno(err, place, "fstat()", input->name);

    } else if (S_ISDIR(input->st.st_mode)) {
        rc = mta_sts_error(err, place, "\"%.*s\" is a directory",
                           MTA_STS_SHOW(name));

    } else if (!S_ISREG(input->st.st_mode)) {
        rc = mta_sts_error(err, place, "\"%.*s\" is not a regular file",
                           MTA_STS_SHOW(name));

    } else {
        return MTA_STS_OK;
    }

    mta_sts_input_close(input);

    return rc;
}


void
mta_sts_input_text(mta_sts_input_t *input, mta_sts_str_t name,
    mta_sts_str_t text)
{
    memset(input, 0, sizeof(mta_sts_input_t));

    input->name = name;
    input->text = text;
    input->fd = -1;
}


/*
 * Half a file may well be a whole one that lacks some domains: a file that
 * was changed under our hands is no configuration.
 */

static int
input_check_end(const mta_sts_input_t *input, mta_sts_err_t *err)
{
    struct stat      st;
    mta_sts_place_t  place = { input->name, 0, 0 };

    if (fstat(input->fd, &st) == -1) {
        return mta_sts_error_errno(err, place, "fstat()", input->name);
    }

    if (input->offset != (size_t) input->st.st_size
        || st.st_size != input->st.st_size
        || st.st_mtim.tv_sec != input->st.st_mtim.tv_sec
        || st.st_mtim.tv_nsec != input->st.st_mtim.tv_nsec)
    {
        return mta_sts_error(err, place, "\"%.*s\" was changed while it was "
                             "being read", MTA_STS_SHOW(input->name));
    }

    return MTA_STS_OK;
}


int
mta_sts_input_read(mta_sts_input_t *input, char *buf, size_t size, size_t *n,
    mta_sts_err_t *err)
{
    ssize_t          got;
    mta_sts_place_t  place = { input->name, 0, 0 };

    if (input->fd == -1) {
        *n = input->text.len - input->offset;
        *n = *n < size ? *n : size;

        if (*n) {
            memcpy(buf, input->text.data + input->offset, *n);
        }

        input->offset += *n;

        return MTA_STS_OK;
    }

    do {
        got = read(input->fd, buf, size);
    } while (got == -1 && errno == EINTR);

    if (got == -1) {
        return mta_sts_error_errno(err, place, "read()", input->name);
    }

    *n = (size_t) got;
    input->offset += *n;

    return got ? MTA_STS_OK : input_check_end(input, err);
}


int
mta_sts_input_rewind(mta_sts_input_t *input, mta_sts_err_t *err)
{
    mta_sts_place_t  place = { input->name, 0, 0 };

    if (input->fd != -1 && lseek(input->fd, 0, SEEK_SET) == -1) {
        return mta_sts_error_errno(err, place, "lseek()", input->name);
    }

    input->offset = 0;

    return MTA_STS_OK;
}


mta_sts_place_t
mta_sts_input_place(mta_sts_input_t *input, size_t offset)
{
    char             buf[4096];
    size_t           i, n;
    mta_sts_err_t    ignored;
    mta_sts_place_t  place = { input->name, 1, 1 };
    mta_sts_place_t  unknown = { input->name, 0, 0 };

    if (mta_sts_input_rewind(input, &ignored) != MTA_STS_OK) {
        return unknown;
    }

    for ( ;; ) {
        if (mta_sts_input_read(input, buf, sizeof(buf), &n, &ignored)
            != MTA_STS_OK)
        {
            return unknown;
        }

        for (i = 0; i < n && offset; i++, offset--) {

            /* of a character of UTF-8 the first byte counts */

            if ((buf[i] & 0xc0) != 0x80) {
                place.column++;
            }

            if (buf[i] == '\n') {
                place.line++;
                place.column = 1;
            }
        }

        if (offset == 0 || n == 0) {
            return place;
        }
    }
}


void
mta_sts_input_close(mta_sts_input_t *input)
{
    if (input->fd != -1) {
        (void) close(input->fd);
        input->fd = -1;
    }
}
