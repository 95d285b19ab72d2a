/*
 * YAML, written by libyaml.  Nothing here fails at once: what went wrong is
 * told at the end.
 */

#ifndef MTA_STS_EMITTER_H
#define MTA_STS_EMITTER_H


#include <stdint.h>

#include "text.h"


typedef struct mta_sts_emitter_s  mta_sts_emitter_t;

typedef int (*mta_sts_emitter_write_fn)(void *ctx, mta_sts_str_t data);


/*
 * Begins a stream of documents, whose bytes go to write(ctx, data, len): it
 * returns 0 when it could not take them.  NULL when memory ran out.
 */
mta_sts_emitter_t *mta_sts_emitter_begin(mta_sts_emitter_write_fn write,
    void *ctx);

/*
 * Ends the stream and frees the emitter.  Returns MTA_STS_ERROR when memory ran
 * out or write() failed.
 */
int mta_sts_emitter_end(mta_sts_emitter_t *emitter);

/* A document; with mark it begins with "---". */
void mta_sts_emitter_document(mta_sts_emitter_t *emitter, int mark);
void mta_sts_emitter_document_end(mta_sts_emitter_t *emitter);
void mta_sts_emitter_map(mta_sts_emitter_t *emitter);
void mta_sts_emitter_map_end(mta_sts_emitter_t *emitter);
void mta_sts_emitter_list(mta_sts_emitter_t *emitter);
void mta_sts_emitter_list_end(mta_sts_emitter_t *emitter);

/* A word of ours: plain. */
void mta_sts_emitter_word(mta_sts_emitter_t *emitter, const char *word);

/*
 * A domain name: plain where a program of any version of YAML takes it as a
 * text, otherwise quoted.
 */
void mta_sts_emitter_name(mta_sts_emitter_t *emitter, mta_sts_str_t name);

/* A text: quoted, since it may look like a number or a time (2001:20::1). */
void mta_sts_emitter_text(mta_sts_emitter_t *emitter, mta_sts_str_t text);

/* What our own reader takes as a text, whatever it looks like. */
void mta_sts_emitter_scalar(mta_sts_emitter_t *emitter, mta_sts_str_t text);

void mta_sts_emitter_uint(mta_sts_emitter_t *emitter, uint32_t n);


#endif /* MTA_STS_EMITTER_H */
