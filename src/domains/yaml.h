/*
 * A subset of YAML: texts, lists and maps, of one document.  Anchors, aliases,
 * tags, a second document and a NUL are errors, and every scalar is a text,
 * whatever it looks like.  The parser is libyaml's.
 */

#ifndef MTA_STS_DOMAINS_YAML_H
#define MTA_STS_DOMAINS_YAML_H


#include "base/base.h"


/* Bytes of a text. */

#define MTA_STS_YAML_TEXT_MAX  (1024 * 1024)

/* Nesting of lists and maps. */

#define MTA_STS_YAML_DEPTH_MAX  32

/* Elements of a list of values. */

#define MTA_STS_YAML_LIST_MAX  4096


typedef enum {
    MTA_STS_YAML_ERROR = -1,
    MTA_STS_YAML_EOF,
    MTA_STS_YAML_TEXT,
    MTA_STS_YAML_LIST,                /* its elements follow, and an END */
    MTA_STS_YAML_MAP,                 /* keys and values alternate, then END */
    MTA_STS_YAML_END
} mta_sts_yaml_e;


typedef struct mta_sts_yaml_s  mta_sts_yaml_t;


/*
 * Begins to parse a file, which must live as long.  Returns NULL if an
 * allocation failed.
 */
mta_sts_yaml_t *mta_sts_yaml_open(const mta_sts_file_t *file);

/*
 * Gives the next node and where it begins.  A text is valid until the next
 * call.
 *
 * Errors: invalid YAML, and what libyaml found; what is not supported; a text
 * of more than MTA_STS_YAML_TEXT_MAX bytes; nested more than
 * MTA_STS_YAML_DEPTH_MAX deep; out of memory.
 */
mta_sts_yaml_e mta_sts_yaml_next(mta_sts_yaml_t *yaml, mta_sts_value_t *value,
    mta_sts_err_t *err);

/*
 * Gives the next key of a map: returns MTA_STS_YAML_TEXT, MTA_STS_YAML_END or
 * MTA_STS_YAML_ERROR.
 *
 * Errors: those of mta_sts_yaml_next(); a key must be a text.
 */
mta_sts_yaml_e mta_sts_yaml_key(mta_sts_yaml_t *yaml, mta_sts_value_t *key,
    mta_sts_err_t *err);

/*
 * Begins the map that is the value of key.
 *
 * Errors: those of mta_sts_yaml_next(); "KEY" must be KIND.
 */
int mta_sts_yaml_map(mta_sts_yaml_t *yaml, mta_sts_str_t key,
    const char *kind, mta_sts_err_t *err);

/*
 * Gives the value of a key: a text, or the texts of a list that is not empty,
 * copied to env's memory.
 *
 * Errors: those of mta_sts_yaml_next(); "KEY" must be a text or a list of
 * texts; "KEY" must not be empty; a list of more than MTA_STS_YAML_LIST_MAX.
 */
int mta_sts_yaml_values(mta_sts_yaml_t *yaml, mta_sts_str_t key,
    const mta_sts_env_t *env, mta_sts_values_t *values, mta_sts_err_t *err);

/* Skips the value of a key.  Errors: those of mta_sts_yaml_next(). */
int mta_sts_yaml_skip(mta_sts_yaml_t *yaml, mta_sts_err_t *err);

/*
 * Reports a value that is not of the required kind: "KEY" must be KIND, unless
 * node is MTA_STS_YAML_ERROR and err filled already.  Returns MTA_STS_ERROR.
 */
int mta_sts_yaml_must_be(mta_sts_yaml_e node, const mta_sts_value_t *value,
    mta_sts_str_t key, const char *kind, mta_sts_err_t *err);

void mta_sts_yaml_close(mta_sts_yaml_t *yaml);


/*
 * Writing YAML, with libyaml.  Errors are reported by mta_sts_emitter_end().
 */


typedef struct mta_sts_emitter_s  mta_sts_emitter_t;

typedef int (*mta_sts_emitter_write_fn)(void *ctx, mta_sts_str_t data);


/*
 * Begins a stream of documents, whose bytes are passed to write(); that returns
 * 0 on failure.  Returns NULL if an allocation failed.
 */
mta_sts_emitter_t *mta_sts_emitter_begin(mta_sts_emitter_write_fn write,
    void *ctx);

/*
 * Ends the stream and frees the emitter.  Returns MTA_STS_ERROR if an
 * allocation or write() failed.
 */
int mta_sts_emitter_end(mta_sts_emitter_t *emitter);

/* A document; with mark it begins with "---". */
void mta_sts_emitter_document(mta_sts_emitter_t *emitter, int mark);
void mta_sts_emitter_document_end(mta_sts_emitter_t *emitter);
void mta_sts_emitter_map(mta_sts_emitter_t *emitter);
void mta_sts_emitter_map_end(mta_sts_emitter_t *emitter);
void mta_sts_emitter_list(mta_sts_emitter_t *emitter);
void mta_sts_emitter_list_end(mta_sts_emitter_t *emitter);

/* A word that is plain in every version of YAML. */
void mta_sts_emitter_word(mta_sts_emitter_t *emitter, const char *word);

/* A domain name: quoted, unless it is a text in every version of YAML. */
void mta_sts_emitter_name(mta_sts_emitter_t *emitter, mta_sts_str_t name);

/* A text: quoted, since it may look like a number or a time (2001:20::1). */
void mta_sts_emitter_text(mta_sts_emitter_t *emitter, mta_sts_str_t text);

/* A text for mta_sts_yaml_next(): quoted if need be. */
void mta_sts_emitter_scalar(mta_sts_emitter_t *emitter, mta_sts_str_t text);

void mta_sts_emitter_uint(mta_sts_emitter_t *emitter, uint32_t n);


/* The version of libyaml. */
const char *mta_sts_yaml_version(void);


#endif /* MTA_STS_DOMAINS_YAML_H */
