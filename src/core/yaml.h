/*
 * YAML without its surprises: texts, lists and maps, of one document.  What
 * people trip over (anchors, aliases, tags, a second document, a NUL) is an
 * error, and every scalar is a text, whatever it looks like.
 *
 * libyaml's event interface underneath; only yaml.c knows it.
 */

#ifndef MTA_STS_YAML_H
#define MTA_STS_YAML_H


#include "input.h"
#include "values.h"


/* Bytes that may stand between two nodes; a value is not longer than that. */

#define MTA_STS_YAML_NODE_MAX  (1024 * 1024)

/* Lists and maps in one another. */

#define MTA_STS_YAML_DEPTH_MAX  32


typedef enum {
    MTA_STS_YAML_ERROR = -1,
    MTA_STS_YAML_EOF,
    MTA_STS_YAML_TEXT,
    MTA_STS_YAML_LIST,                /* its elements follow, and an END */
    MTA_STS_YAML_MAP,                 /* its keys and values by turns, an END */
    MTA_STS_YAML_END
} mta_sts_yaml_e;


typedef struct mta_sts_yaml_s  mta_sts_yaml_t;


/*
 * Begins to read an open input, which must live as long; returns NULL when
 * memory ran out.
 */
mta_sts_yaml_t *mta_sts_yaml_open(mta_sts_input_t *input);

/*
 * Gives the next node and where it begins, columns counted in characters.  A
 * text is valid until the next call.
 *
 * Errors: invalid YAML, and what libyaml found; what is not supported; those of
 * mta_sts_input_read(); nested more than MTA_STS_YAML_DEPTH_MAX deep; out of
 * memory.
 */
mta_sts_yaml_e mta_sts_yaml_next(mta_sts_yaml_t *yaml, mta_sts_value_t *value,
    mta_sts_err_t *err);

/*
 * Gives the next key of a map; *end is 1 where the map ends instead.
 *
 * Errors: those of mta_sts_yaml_next(); a key must be a text.
 */
int mta_sts_yaml_key(mta_sts_yaml_t *yaml, mta_sts_value_t *key, int *end,
    mta_sts_err_t *err);

/*
 * Gives the value of a key: a text, or the texts of a list that is not empty,
 * copied to env's memory.
 *
 * Errors: those of mta_sts_yaml_next(); "KEY" must be a text or a list of
 * texts; "KEY" must not be empty; a list of more than MTA_STS_YAML_LIST_MAX.
 */
int mta_sts_yaml_values(mta_sts_yaml_t *yaml, mta_sts_str_t key,
    const mta_sts_env_t *env, mta_sts_values_t *values, mta_sts_err_t *err);

#define MTA_STS_YAML_LIST_MAX  4096

/* Reads over the value of a key.  Errors: those of mta_sts_yaml_next(). */
int mta_sts_yaml_skip(mta_sts_yaml_t *yaml, mta_sts_err_t *err);

/*
 * For a value that is not of the kind it must be: "KEY" must be KIND, unless
 * node is MTA_STS_YAML_ERROR and err filled already.  Returns MTA_STS_ERROR.
 */
int mta_sts_yaml_must_be(mta_sts_yaml_e node, const mta_sts_value_t *value,
    mta_sts_str_t key, const char *kind, mta_sts_err_t *err);

void mta_sts_yaml_close(mta_sts_yaml_t *yaml);


#endif /* MTA_STS_YAML_H */
