/*
 * YAML, written by libyaml.  Nothing here fails at once: what went wrong is
 * told at the end.
 */

#ifndef MTA_STS_EMITTER_H
#define MTA_STS_EMITTER_H


#include <stdint.h>
#include <stdio.h>

#include "../../core/text.h"


typedef struct emitter_s  emitter_t;


/* Begins a stream of documents; NULL when memory ran out. */
emitter_t *emitter_begin(FILE *out);

/*
 * Ends the stream and frees the emitter.  Returns MTA_STS_ERROR when memory ran
 * out; out may have a write error.
 */
int emitter_end(emitter_t *emitter);

void emitter_document(emitter_t *emitter);
void emitter_document_end(emitter_t *emitter);
void emitter_map(emitter_t *emitter);
void emitter_map_end(emitter_t *emitter);
void emitter_list(emitter_t *emitter);
void emitter_list_end(emitter_t *emitter);

/* A word of ours: plain. */
void emitter_word(emitter_t *emitter, const char *word);

/*
 * A domain name: plain where a program of any version of YAML takes it as a
 * text, otherwise quoted.
 */
void emitter_name(emitter_t *emitter, mta_sts_str_t name);

/* A text: quoted, since it may look like a number or a time (2001:20::1). */
void emitter_text(emitter_t *emitter, mta_sts_str_t text);

void emitter_uint(emitter_t *emitter, uint32_t n);


#endif /* MTA_STS_EMITTER_H */
