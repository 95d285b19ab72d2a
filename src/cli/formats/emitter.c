/*
 * YAML, written by libyaml.
 */

#include <stdlib.h>
#include <yaml.h>

#include "../../core/error.h"
#include "emitter.h"


struct emitter_s {
    yaml_emitter_t   yaml;
    FILE            *out;
    int              failed;
};


static int
emitter_write(void *data, unsigned char *buf, size_t len)
{
    emitter_t *emitter = data;

    return fwrite(buf, 1, len, emitter->out) == len;
}


/* Emits an event, if there was memory to make it; libyaml frees it. */

static void
emitter_event(emitter_t *emitter, yaml_event_t *event, int made)
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


emitter_t *
emitter_begin(FILE *out)
{
    emitter_t     *emitter;
    yaml_event_t   event;

    emitter = malloc(sizeof(emitter_t));
    if (emitter == NULL) {
        return NULL;
    }

    if (!yaml_emitter_initialize(&emitter->yaml)) {
        free(emitter);
        return NULL;
    }

    emitter->out = out;
    emitter->failed = 0;

    yaml_emitter_set_output(&emitter->yaml, emitter_write, emitter);
    yaml_emitter_set_width(&emitter->yaml, -1);

    emitter_event(emitter, &event,
                  yaml_stream_start_event_initialize(&event,
                                                     YAML_UTF8_ENCODING));

    return emitter;
}


int
emitter_end(emitter_t *emitter)
{
    int           failed;
    yaml_event_t  event;

    emitter_event(emitter, &event, yaml_stream_end_event_initialize(&event));

    failed = emitter->failed && !ferror(emitter->out);

    yaml_emitter_delete(&emitter->yaml);
    free(emitter);

    return failed ? MTA_STS_ERROR : MTA_STS_OK;
}


void
emitter_document(emitter_t *emitter)
{
    yaml_event_t  event;

    emitter_event(emitter, &event,
                  yaml_document_start_event_initialize(&event, NULL, NULL,
                                                       NULL, 0));
}


void
emitter_document_end(emitter_t *emitter)
{
    yaml_event_t  event;

    emitter_event(emitter, &event,
                  yaml_document_end_event_initialize(&event, 1));
}


void
emitter_map(emitter_t *emitter)
{
    yaml_event_t  event;

    emitter_event(emitter, &event,
                  yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
                                                 YAML_BLOCK_MAPPING_STYLE));
}


void
emitter_map_end(emitter_t *emitter)
{
    yaml_event_t  event;

    emitter_event(emitter, &event, yaml_mapping_end_event_initialize(&event));
}


void
emitter_list(emitter_t *emitter)
{
    yaml_event_t  event;

    emitter_event(emitter, &event,
                  yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
                                                YAML_BLOCK_SEQUENCE_STYLE));
}


void
emitter_list_end(emitter_t *emitter)
{
    yaml_event_t  event;

    emitter_event(emitter, &event,
                  yaml_sequence_end_event_initialize(&event));
}


static void
emitter_scalar(emitter_t *emitter, mta_sts_str_t text,
    yaml_scalar_style_t style)
{
    yaml_event_t  event;

    emitter_event(emitter, &event,
                  yaml_scalar_event_initialize(&event, NULL, NULL,
                                        (const yaml_char_t *) text.data,
                                        (int) text.len, 1, 1, style));
}


void
emitter_word(emitter_t *emitter, const char *word)
{
    emitter_scalar(emitter, mta_sts_str_from(word), YAML_PLAIN_SCALAR_STYLE);
}


void
emitter_name(emitter_t *emitter, mta_sts_str_t name)
{
    int  plain;

    /* "no", "1e5" and "" are none of these */

    plain = mta_sts_str_starts(name, mta_sts_str("_"))
            || mta_sts_str_starts(name, mta_sts_str("mta-sts"));

    emitter_scalar(emitter, name, plain ? YAML_PLAIN_SCALAR_STYLE
                                        : YAML_SINGLE_QUOTED_SCALAR_STYLE);
}


void
emitter_text(emitter_t *emitter, mta_sts_str_t text)
{
    emitter_scalar(emitter, text, YAML_SINGLE_QUOTED_SCALAR_STYLE);
}


void
emitter_uint(emitter_t *emitter, uint32_t n)
{
    char  buf[16];

    (void) snprintf(buf, sizeof(buf), "%u", n);

    emitter_word(emitter, buf);
}
