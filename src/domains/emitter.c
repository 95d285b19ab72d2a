/*
 * YAML, written by libyaml.
 */

#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#include "yaml.h"


struct mta_sts_emitter_s {
    yaml_emitter_t             yaml;
    mta_sts_emitter_write_fn   write;
    void                      *ctx;
    int                        failed;
};


static int
emitter_write(void *data, unsigned char *buf, size_t len)
{
    mta_sts_emitter_t *emitter = data;

    mta_sts_str_t  str;

    str.data = (const char *) buf;
    str.len = len;

    return emitter->write(emitter->ctx, str);
}


/* Emits an event, if it could be made; libyaml frees it. */

static void
emitter_event(mta_sts_emitter_t *emitter, yaml_event_t *event, int made)
{
    if (!made) {
        emitter->failed = 1;
        return;
    }

    if (emitter->failed) {
        yaml_event_delete(event);
        return;
    }

    if (!yaml_emitter_emit(&emitter->yaml, event)) {
        emitter->failed = 1;
    }
}


mta_sts_emitter_t *
mta_sts_emitter_begin(mta_sts_emitter_write_fn write, void *ctx)
{
    yaml_event_t        event;
    mta_sts_emitter_t  *emitter;

    emitter = malloc(sizeof(mta_sts_emitter_t));
    if (emitter == NULL) {
        return NULL;
    }

    if (!yaml_emitter_initialize(&emitter->yaml)) {
        free(emitter);
        return NULL;
    }

    emitter->write = write;
    emitter->ctx = ctx;
    emitter->failed = 0;

    yaml_emitter_set_output(&emitter->yaml, emitter_write, emitter);
    yaml_emitter_set_width(&emitter->yaml, -1);

    emitter_event(emitter, &event,
                  yaml_stream_start_event_initialize(&event,
                                                     YAML_UTF8_ENCODING));

    return emitter;
}


int
mta_sts_emitter_end(mta_sts_emitter_t *emitter)
{
    int           failed;
    yaml_event_t  event;

    emitter_event(emitter, &event, yaml_stream_end_event_initialize(&event));

    failed = emitter->failed;

    yaml_emitter_delete(&emitter->yaml);
    free(emitter);

    return failed ? MTA_STS_ERROR : MTA_STS_OK;
}


void
mta_sts_emitter_document(mta_sts_emitter_t *emitter, int mark)
{
    yaml_event_t  event;

    emitter_event(emitter, &event,
                  yaml_document_start_event_initialize(&event, NULL, NULL,
                                                       NULL, !mark));
}


void
mta_sts_emitter_document_end(mta_sts_emitter_t *emitter)
{
    yaml_event_t  event;

    emitter_event(emitter, &event,
                  yaml_document_end_event_initialize(&event, 1));
}


void
mta_sts_emitter_map(mta_sts_emitter_t *emitter)
{
    yaml_event_t  event;

    emitter_event(emitter, &event,
                  yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
                                                 YAML_BLOCK_MAPPING_STYLE));
}


void
mta_sts_emitter_map_end(mta_sts_emitter_t *emitter)
{
    yaml_event_t  event;

    emitter_event(emitter, &event, yaml_mapping_end_event_initialize(&event));
}


void
mta_sts_emitter_list(mta_sts_emitter_t *emitter)
{
    yaml_event_t  event;

    emitter_event(emitter, &event,
                  yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
                                                YAML_BLOCK_SEQUENCE_STYLE));
}


void
mta_sts_emitter_list_end(mta_sts_emitter_t *emitter)
{
    yaml_event_t  event;

    emitter_event(emitter, &event,
                  yaml_sequence_end_event_initialize(&event));
}


static void
emitter_styled(mta_sts_emitter_t *emitter, mta_sts_str_t text,
    yaml_scalar_style_t style)
{
    yaml_event_t  event;

    emitter_event(emitter, &event,
                  yaml_scalar_event_initialize(&event, NULL, NULL,
                                        (const yaml_char_t *) text.data,
                                        (int) text.len, 1, 1, style));
}


void
mta_sts_emitter_word(mta_sts_emitter_t *emitter, const char *word)
{
    emitter_styled(emitter, mta_sts_str_from(word), YAML_PLAIN_SCALAR_STYLE);
}


void
mta_sts_emitter_name(mta_sts_emitter_t *emitter, mta_sts_str_t name)
{
    int  plain;

    /* which is neither "no" nor "1e5" nor "" */

    plain = mta_sts_str_starts(name, mta_sts_str("_"))
            || mta_sts_str_starts(name, mta_sts_str("mta-sts"));

    emitter_styled(emitter, name, plain ? YAML_PLAIN_SCALAR_STYLE
                                        : YAML_SINGLE_QUOTED_SCALAR_STYLE);
}


void
mta_sts_emitter_text(mta_sts_emitter_t *emitter, mta_sts_str_t text)
{
    emitter_styled(emitter, text, YAML_SINGLE_QUOTED_SCALAR_STYLE);
}


void
mta_sts_emitter_scalar(mta_sts_emitter_t *emitter, mta_sts_str_t text)
{
    emitter_styled(emitter, text, YAML_ANY_SCALAR_STYLE);
}


void
mta_sts_emitter_uint(mta_sts_emitter_t *emitter, uint32_t n)
{
    char  buf[16];

    (void) snprintf(buf, sizeof(buf), "%u", n);

    mta_sts_emitter_word(emitter, buf);
}
