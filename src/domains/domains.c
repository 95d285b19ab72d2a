/*
 * From domains files to a table.
 */

#include <stdlib.h>

#include "reader.h"


/*
 * Bytes of all policies: a fixed number, and so many per byte of the files.  A
 * small file could otherwise have a large policy, and many domains that change
 * a setting of it.
 */

#define DOMAINS_POLICIES  (64 * 1024 * 1024)
#define DOMAINS_RATIO     32


void
mta_sts_reader_begin(mta_sts_reader_t *reader, const mta_sts_env_t *env,
    mta_sts_domains_t *domains)
{
    memset(domains, 0, sizeof(mta_sts_domains_t));

    reader->domains = domains;

    reader->builder.env = env;
    reader->builder.rule = MTA_STS_TABLE_ONCE;
    reader->intern.builder = &reader->builder;
    reader->intern.env = env;

    mta_sts_derived_init(&reader->keep, env, &reader->kept, &reader->warnings);
    mta_sts_derived_init(&reader->scratch, env, &reader->scratched,
                         &reader->warnings);
}


void
mta_sts_reader_end(mta_sts_reader_t *reader)
{
    mta_sts_reader_forget(reader);
    mta_sts_intern_free(&reader->intern);
    mta_sts_table_discard(&reader->builder);
    mta_sts_arena_free(&reader->scratched);
    mta_sts_arena_free(&reader->kept);
}


/*
 * Forgets what was read.  Interned policies stay: most of them will be needed
 * again.
 */

static void
domains_restart(mta_sts_reader_t *reader)
{
    mta_sts_reader_forget(reader);
    mta_sts_table_restart(&reader->builder);
    mta_sts_arena_reset(&reader->kept);

    reader->warnings.n = 0;
    reader->warnings.more = 0;
    reader->late = 0;

    mta_sts_reader_begin(reader, reader->builder.env, reader->domains);
}


/* Reads n files, and defers the domains of those from *defer on. */

static int
domains_read(mta_sts_reader_t *reader, const mta_sts_file_t *files, size_t n,
    size_t *defer, mta_sts_err_t *err)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (mta_sts_reader_file(reader, &files[i], i >= *defer, err)
            != MTA_STS_OK)
        {
            *defer = i;
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_OK;
}


static int
domains_end(mta_sts_reader_t *reader, const mta_sts_file_t *files, size_t n,
    mta_sts_err_t *err)
{
    mta_sts_place_t     place = { { NULL, 0 }, 0, 0 };
    mta_sts_domains_t  *domains;

    domains = reader->domains;

    if (mta_sts_table_end(&reader->builder, &domains->table, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (domains->table.n == 0 && domains->default_policy == NULL) {
        place.file = n ? files[0].name : place.file;
        mta_sts_warn(&reader->keep.env, place, "no domains are configured");
    }

    return MTA_STS_OK;
}


int
mta_sts_domains_read(mta_sts_file_t *files, size_t n, const mta_sts_env_t *env,
    mta_sts_domains_t *domains, mta_sts_err_t *err)
{
    int                rc;
    size_t             i, defer;
    mta_sts_reader_t  *reader;

    rc = MTA_STS_ERROR;
    defer = n;

    reader = calloc(1, sizeof(mta_sts_reader_t));

    if (reader) {
        mta_sts_reader_begin(reader, env, domains);

        reader->intern.max = DOMAINS_POLICIES;

        for (i = 0; i < n; i++) {
            reader->intern.max += DOMAINS_RATIO * files[i].text.len;
        }

        rc = domains_read(reader, files, n, &defer, err);

        if (rc != MTA_STS_OK && reader->late) {
            domains_restart(reader);
            rc = domains_read(reader, files, n, &defer, err);
        }

    } else {
        (void) mta_sts_error_memory(err);
    }

    /* memory that the table does not need, to have it for the table */

    for (i = 0; i < n; i++) {
        mta_sts_file_free(&files[i]);
    }

    if (reader == NULL) {
        return MTA_STS_ERROR;
    }

    mta_sts_reader_forget(reader);
    mta_sts_intern_free(&reader->intern);

    if (rc == MTA_STS_OK) {
        rc = domains_end(reader, files, n, err);
    }

    mta_sts_warnings_report(&reader->warnings, env);

    mta_sts_reader_end(reader);

    free(reader);

    return rc;
}
