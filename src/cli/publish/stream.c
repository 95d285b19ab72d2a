/*
 * The records of one output.
 */

#include "cli/diag/diag.h"
#include "publish.h"


void
stream_init(stream_t *stream, const plan_t *plan, size_t begin, size_t end,
    FILE *out, const options_t *options)
{
    memset(stream, 0, sizeof(stream_t));

    stream->out = out;
    stream->options = options;
    stream->plan = plan;
    stream->next = begin;
    stream->end = end;

    stream->env.alloc = diag_alloc;
    stream->env.ctx = &stream->arena;
}


void
stream_free(stream_t *stream)
{
    mta_sts_arena_free(&stream->arena);
}


int
stream_write(void *ctx, mta_sts_str_t data)
{
    stream_t *stream = ctx;

    (void) fwrite(data.data, 1, data.len, stream->out);

    return 1;
}


void
stream_fail_memory(stream_t *stream)
{
    stream->failed = 1;
    (void) mta_sts_error_memory(&stream->err);
}


/* The next item, or NULL at the end. */

static const plan_item_t *
stream_item(stream_t *stream)
{
    if (stream->failed || ferror(stream->out) || stream->next == stream->end) {
        return NULL;
    }

    return &stream->plan->items[stream->next];
}


int
stream_next_zone(stream_t *stream, mta_sts_str_t *zone)
{
    const plan_item_t  *item;

    while ((item = stream_item(stream)) != NULL) {

        if (!mta_sts_str_eq(item->zone, stream->zone)) {
            stream->zone = item->zone;
            *zone = item->zone;
            return 1;
        }

        stream->next++;
    }

    return 0;
}


int
stream_next(stream_t *stream, stream_set_t *set)
{
    mta_sts_record_t   *records;
    const plan_item_t  *item;

    mta_sts_arena_reset(&stream->arena);

    item = stream_item(stream);

    if (item == NULL || !mta_sts_str_eq(item->zone, stream->zone)) {
        return 0;
    }

    if (mta_sts_record_build(item->entry, stream->plan->wanted, &stream->env,
                             &records, &set->n, &stream->err)
        != MTA_STS_OK)
    {
        stream->failed = 1;
        return 0;
    }

    set->zone = item->zone;
    set->entry = item->entry;
    set->records = records;
    set->n = plan_filter(stream->plan, item, records, set->n);

    stream->next++;

    return 1;
}
