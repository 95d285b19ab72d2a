/*
 * From domains files to a table: what lasts as long as all of them are read.
 */

#include <stdlib.h>

#include "reader.h"
#include "policy/policy.h"


struct mta_sts_domains_reader_s {
    const mta_sts_env_t      *env;        /* for what lasts */
    mta_sts_env_t             keep;       /* for as long as files are read */
    mta_sts_env_t             scratch;    /* for a domain */
    mta_sts_arena_t           kept;
    mta_sts_arena_t           scratched;

    mta_sts_table_builder_t   builder;
    mta_sts_named_t           named;
    mta_sts_domains_t         domains;    /* what "default" says */

    mta_sts_input_t          *inputs;     /* all so far */
    size_t                    n_inputs;
    size_t                    inputs_size;

    mta_sts_warnings_t            held;
};


static void *
domains_keep(void *ctx, size_t size)
{
    mta_sts_domains_reader_t *reader = ctx;

    return mta_sts_arena_alloc(&reader->kept, size);
}


static void *
domains_scratch(void *ctx, size_t size)
{
    mta_sts_domains_reader_t *reader = ctx;

    return mta_sts_arena_alloc(&reader->scratched, size);
}


static void
domains_warn(void *ctx, const mta_sts_err_t *warning)
{
    mta_sts_domains_reader_t *reader = ctx;

    mta_sts_warnings_add(&reader->held, warning);
}


mta_sts_domains_reader_t *
mta_sts_domains_begin(const mta_sts_env_t *env)
{
    mta_sts_domains_reader_t  *reader;

    reader = calloc(1, sizeof(mta_sts_domains_reader_t));
    if (reader == NULL) {
        return NULL;
    }

    reader->env = env;

    reader->keep.alloc = domains_keep;
    reader->keep.warn = domains_warn;
    reader->keep.ctx = reader;

    reader->scratch.alloc = domains_scratch;
    reader->scratch.warn = domains_warn;
    reader->scratch.ctx = reader;

    reader->builder.rule = MTA_STS_TABLE_ONCE;

    reader->named.env = env;
    reader->named.keep = &reader->keep;
    reader->named.scratch = &reader->scratch;
    reader->named.policies.builder = &reader->builder;

    return reader;
}


void
mta_sts_domains_discard(mta_sts_domains_reader_t *reader)
{
    mta_sts_warnings_report(&reader->held, reader->env);

    mta_sts_named_free(&reader->named);
    mta_sts_table_discard(&reader->builder);
    mta_sts_arena_free(&reader->scratched);
    mta_sts_arena_free(&reader->kept);

    free(reader);
}


/* Remembers an input, for what is found when all have been read. */

static int
domains_remember(mta_sts_domains_reader_t *reader,
    const mta_sts_input_t *input, mta_sts_err_t *err)
{
    mta_sts_input_t  *inputs;

    inputs = mta_sts_env_grow(&reader->keep, reader->inputs, reader->n_inputs,
                              &reader->inputs_size, sizeof(mta_sts_input_t));
    if (inputs == NULL) {
        return mta_sts_error_memory(err);
    }

    reader->inputs = inputs;
    reader->inputs[reader->n_inputs++] = *input;

    return MTA_STS_OK;
}


int
mta_sts_domains_add(mta_sts_domains_reader_t *reader, mta_sts_input_t *input,
    mta_sts_err_t *err)
{
    int                     rc;
    mta_sts_settings_t     *top;
    mta_sts_domains_file_t  file;

    top = reader->keep.alloc(reader->keep.ctx, sizeof(mta_sts_settings_t));

    if (top == NULL) {
        rc = mta_sts_error_memory(err);

    } else {
        memset(top, 0, sizeof(mta_sts_settings_t));
        mta_sts_named_file(&reader->named, top);

        rc = domains_remember(reader, input, err);
    }

    if (rc == MTA_STS_OK) {
        memset(&file, 0, sizeof(mta_sts_domains_file_t));

        file.builder = &reader->builder;
        file.named = &reader->named;
        file.domains = &reader->domains;
        file.held = &reader->held;
        file.scratched = &reader->scratched;

        rc = mta_sts_domains_file_read(&file, input, err);
    }

    mta_sts_input_close(input);

    return rc;
}


/* Looks for the last key of a map that is domain on the line of err. */

static int
domains_find_key(mta_sts_domains_reader_t *reader, mta_sts_yaml_t *yaml,
    mta_sts_str_t domain, mta_sts_err_t *err)
{
    int              end;
    mta_sts_err_t    ignored;
    mta_sts_str_t    found;
    mta_sts_value_t  key;

    for ( ;; ) {
        if (mta_sts_yaml_key(yaml, &key, &end, &ignored) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }

        if (end) {
            return MTA_STS_OK;
        }

        mta_sts_arena_reset(&reader->scratched);

        if (key.place.line == err->place.line
            && mta_sts_name_domain("", &key, &reader->scratch, &found,
                                   &ignored)
               == MTA_STS_OK
            && mta_sts_str_eq(found, domain))
        {
            err->place.column = key.place.column;
        }

        if (mta_sts_yaml_skip(yaml, &ignored) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }
}


/* The same in the keys behind "domains". */

static void
domains_find_in(mta_sts_domains_reader_t *reader, mta_sts_input_t *input,
    mta_sts_str_t domain, mta_sts_err_t *err)
{
    int               rc, end;
    mta_sts_err_t     ignored;
    mta_sts_value_t   value;
    mta_sts_yaml_t   *yaml;

    yaml = mta_sts_yaml_open(input);
    if (yaml == NULL) {
        return;
    }

    rc = mta_sts_yaml_next(yaml, &value, &ignored) == MTA_STS_YAML_MAP
         ? MTA_STS_OK : MTA_STS_ERROR;

    while (rc == MTA_STS_OK) {
        rc = mta_sts_yaml_key(yaml, &value, &end, &ignored);

        if (rc != MTA_STS_OK || end) {
            break;
        }

        if (!mta_sts_str_eq(value.text, mta_sts_str("domains"))) {
            rc = mta_sts_yaml_skip(yaml, &ignored);
            continue;
        }

        if (mta_sts_yaml_next(yaml, &value, &ignored) != MTA_STS_YAML_MAP) {
            break;
        }

        rc = domains_find_key(reader, yaml, domain, err);
    }

    mta_sts_yaml_close(yaml);
}


/*
 * Finds the column of a duplicate domain, which is only known when its file
 * has been read: looks for it there once more.
 */

static void
domains_find_column(mta_sts_domains_reader_t *reader, mta_sts_str_t domain,
    mta_sts_err_t *err)
{
    size_t           i;
    mta_sts_err_t    ignored;
    mta_sts_input_t  input;

    for (i = 0; i < reader->n_inputs; i++) {
        if (mta_sts_str_eq(reader->inputs[i].name, err->place.file)) {
            break;
        }
    }

    if (i == reader->n_inputs) {
        return;
    }

    input = reader->inputs[i];
    input.offset = 0;

    if (input.fd != -1
        && mta_sts_input_open(&input, input.name, err->place, &ignored)
           != MTA_STS_OK)
    {
        return;
    }

    domains_find_in(reader, &input, domain, err);
    mta_sts_input_close(&input);
}


int
mta_sts_domains_end(mta_sts_domains_reader_t *reader,
    mta_sts_domains_t *domains, mta_sts_err_t *err)
{
    int              rc;
    mta_sts_place_t  place = { { NULL, 0 }, 0, 0 };

    *domains = reader->domains;

    /* what the table does not need makes room for it */

    mta_sts_named_free(&reader->named);

    rc = mta_sts_table_end(&reader->builder, &domains->table, reader->env,
                           err);

    if (rc != MTA_STS_OK && reader->builder.duplicate.data) {
        domains_find_column(reader, reader->builder.duplicate, err);
    }

    if (rc == MTA_STS_OK && domains->table.n == 0 && !domains->default_policy) {
        place.file = reader->n_inputs ? reader->inputs[0].name : place.file;
        mta_sts_warn(&reader->keep, place, "no domains are configured");
    }

    mta_sts_domains_discard(reader);

    return rc;
}
