/*
 * gzip -> text, with bounds on both.
 */

#define ZLIB_CONST
#include <zlib.h>

#include "cli/diag/diag.h"
#include "reports.h"


#define UNPACK_CHUNK  65536


int
reports_is_gzip(mta_sts_str_t data)
{
    return mta_sts_str_starts(data, mta_sts_str("\x1f\x8b"));
}


static int
unpack_error(mta_sts_err_t *err, const char *what)
{
    return mta_sts_error(err, MTA_STS_NOWHERE, "the gzip data %s", what);
}


/*
 * Inflates all members of a gzip file.  Counts the bytes into *total, and
 * stores them where out is not NULL.
 */

static int
unpack_run(z_stream *z, mta_sts_str_t data, char *out, size_t *total,
    mta_sts_err_t *err)
{
    int            rc;
    size_t         n;
    unsigned char  buf[UNPACK_CHUNK];

    z->next_in = (const unsigned char *) data.data;
    z->avail_in = (unsigned) data.len;
    *total = 0;

    for ( ;; ) {
        z->next_out = buf;
        z->avail_out = sizeof(buf);

        rc = inflate(z, Z_NO_FLUSH);

        if (rc != Z_OK && rc != Z_STREAM_END) {
            return unpack_error(err, rc == Z_BUF_ERROR ? "is truncated"
                                                       : "is damaged");
        }

        n = sizeof(buf) - z->avail_out;

        if (*total + n > REPORTS_INPUT_MAX) {
            return unpack_error(err, "unpacks to more than 16 MiB");
        }

        if (*total + n > UNPACK_CHUNK
            && *total + n > REPORTS_RATIO_MAX * data.len)
        {
            return unpack_error(err, "unpacks to more than 200 times its size");
        }

        if (out) {
            memcpy(out + *total, buf, n);
        }

        *total += n;

        if (rc == Z_STREAM_END) {

            /*
             * zeros after a member are padding; what is no other member does
             * not belong to the file, such as a footer of a mailing list
             */

            while (z->avail_in && *z->next_in == 0) {
                z->next_in++;
                z->avail_in--;
            }

            if (z->avail_in < 2 || z->next_in[0] != 0x1f
                || z->next_in[1] != 0x8b)
            {
                return MTA_STS_OK;
            }

            (void) inflateReset(z);
        }
    }
}


/* Twice: a bomb takes no memory, and a report exactly what it needs. */

int
reports_unpack(mta_sts_str_t data, const mta_sts_env_t *env,
    mta_sts_str_t *text, mta_sts_err_t *err)
{
    int        rc;
    char      *out;
    size_t     total;
    z_stream   z;

    memset(&z, 0, sizeof(z_stream));

    if (data.len > REPORTS_INPUT_MAX) {
        return unpack_error(err, "is more than 16 MiB");
    }

    /* 16: gzip, not zlib */

    if (inflateInit2(&z, MAX_WBITS + 16) != Z_OK) {
        return unpack_error(err, "cannot be read by zlib");
    }

    rc = unpack_run(&z, data, NULL, &total, err);

    if (rc == MTA_STS_OK) {
        out = env->alloc(env->ctx, total + 1);

        (void) inflateReset(&z);

        rc = unpack_run(&z, data, out, &total, err);

        text->data = out;
        text->len = total;
    }

    (void) inflateEnd(&z);

    return rc;
}
