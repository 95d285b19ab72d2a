/*
 * From libyaml's events to nodes.
 */

#include <stdlib.h>
#include <yaml.h>

#include "yaml.h"


struct mta_sts_yaml_s {
    yaml_parser_t          parser;
    yaml_event_t           event;     /* holds the text of the last node */
    int                    has_event;
    int                    documents;
    unsigned               depth;
    const mta_sts_file_t  *file;
    size_t                 bom;       /* bytes of a byte order mark */
};


static mta_sts_place_t
yaml_place(const mta_sts_yaml_t *yaml, const yaml_mark_t *mark)
{
    mta_sts_place_t  place;

    place.file = yaml->file->name;
    place.line = (unsigned) mark->line + 1;
    place.column = (unsigned) mark->column + 1;

    return place;
}


mta_sts_yaml_t *
mta_sts_yaml_open(const mta_sts_file_t *file)
{
    mta_sts_str_t    text;
    mta_sts_yaml_t  *yaml;

    yaml = calloc(1, sizeof(mta_sts_yaml_t));
    if (yaml == NULL) {
        return NULL;
    }

    if (!yaml_parser_initialize(&yaml->parser)) {
        yaml_parser_delete(&yaml->parser);
        free(yaml);
        return NULL;
    }

    yaml->file = file;

    /* libyaml skips a byte order mark, too, but counts a column for it */

    if (mta_sts_str_starts(file->text, mta_sts_str("\xef\xbb\xbf"))) {
        yaml->bom = 3;
    }

    text = mta_sts_str_after(file->text, yaml->bom);

    yaml_parser_set_encoding(&yaml->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&yaml->parser,
                                 (const unsigned char *) text.data, text.len);

    return yaml;
}


void
mta_sts_yaml_close(mta_sts_yaml_t *yaml)
{
    if (yaml->has_event) {
        yaml_event_delete(&yaml->event);
    }

    yaml_parser_delete(&yaml->parser);
    free(yaml);
}


static int
yaml_alias(mta_sts_place_t place, mta_sts_err_t *err)
{
    return mta_sts_error(err, place, "\"*\" begins an alias in YAML, which is "
                         "not supported; write a pattern in quotes: "
                         "\"*.example.com\"");
}


static int
yaml_second_document(mta_sts_place_t place, mta_sts_err_t *err)
{
    return mta_sts_error(err, place, "a second document is not supported");
}


/* Is it a tab?  libyaml counts characters, the first of which may be a mark. */

static int
yaml_is_tab(const mta_sts_yaml_t *yaml, const yaml_mark_t *mark)
{
    size_t         i, n;
    mta_sts_str_t  text;

    text = mta_sts_str_after(yaml->file->text, yaml->bom);

    for (i = 0, n = 0; i < text.len; i++) {
        n += (text.data[i] & 0xc0) != 0x80;

        if (n > mark->index) {
            return text.data[i] == '\t';
        }
    }

    return 0;
}


/* An error of the parser. */

static int
yaml_invalid(mta_sts_yaml_t *yaml, mta_sts_err_t *err)
{
    mta_sts_place_t  place;
    yaml_parser_t   *parser;

    parser = &yaml->parser;

    if (parser->error == YAML_MEMORY_ERROR) {
        return mta_sts_error_memory(err);
    }

    if (parser->error == YAML_READER_ERROR) {

        /* which has no lines */

        place = mta_sts_file_place(yaml->file,
                                   parser->problem_offset + yaml->bom);

        if (yaml->bom && place.line == 1) {
            place.column--;
        }

        return mta_sts_error(err, place, "invalid YAML, %s", parser->problem);
    }

    if (parser->context
        && strcmp(parser->context, "while scanning an alias") == 0)
    {
        return yaml_alias(yaml_place(yaml, &parser->context_mark), err);
    }

    place = yaml_place(yaml, &parser->problem_mark);

    if (parser->problem && strcmp(parser->problem, "found character that "
                                  "cannot start any token") == 0
        && yaml_is_tab(yaml, &parser->problem_mark))
    {
        return mta_sts_error(err, place, "invalid YAML, a tab cannot indent, "
                             "use spaces");
    }

    if (parser->problem && strcmp(parser->problem, "did not find expected "
                                  "<document start>") == 0)
    {
        return yaml_second_document(place, err);
    }

    return mta_sts_error(err, place,
                         "invalid YAML, %s%s%s",
                         parser->problem ? parser->problem : "not readable",
                         parser->context ? ", " : "",
                         parser->context ? parser->context : "");
}


/* Refuses an anchor or a tag of a node. */

static int
yaml_properties(mta_sts_place_t place, const yaml_char_t *anchor,
    const yaml_char_t *tag, mta_sts_err_t *err)
{
    if (anchor) {
        return mta_sts_error(err, place, "anchor \"&%.100s\" is not supported",
                             (const char *) anchor);
    }

    if (tag) {
        return mta_sts_error(err, place, "tag \"%.100s\" is not supported, "
                             "every value is a text", (const char *) tag);
    }

    return MTA_STS_OK;
}


/* The node of a scalar, a list or a map. */

static mta_sts_yaml_e
yaml_node(mta_sts_yaml_t *yaml, mta_sts_value_t *value, mta_sts_err_t *err)
{
    int                   rc;
    mta_sts_yaml_e        node;
    const yaml_event_t   *event;

    event = &yaml->event;

    switch (event->type) {

    case YAML_SCALAR_EVENT:
        value->text.data = (const char *) event->data.scalar.value;
        value->text.len = event->data.scalar.length;

        node = MTA_STS_YAML_TEXT;
        rc = yaml_properties(value->place, event->data.scalar.anchor,
                             event->data.scalar.tag, err);

        if (rc != MTA_STS_OK) {
            break;
        }

        if (value->text.len > MTA_STS_YAML_TEXT_MAX) {
            rc = mta_sts_error(err, value->place, "a text of more than %d "
                               "bytes, is a quote missing?",
                               MTA_STS_YAML_TEXT_MAX);

        } else if (memchr(value->text.data, '\0', value->text.len)) {
            rc = mta_sts_error(err, value->place, "a text must not have a "
                               "NUL");
        }

        break;

    case YAML_SEQUENCE_START_EVENT:
        node = MTA_STS_YAML_LIST;
        rc = yaml_properties(value->place, event->data.sequence_start.anchor,
                             event->data.sequence_start.tag, err);
        break;

    case YAML_MAPPING_START_EVENT:
        node = MTA_STS_YAML_MAP;
        rc = yaml_properties(value->place, event->data.mapping_start.anchor,
                             event->data.mapping_start.tag, err);
        break;

    default: /* YAML_ALIAS_EVENT */
        node = MTA_STS_YAML_ERROR;
        rc = yaml_alias(value->place, err);
    }

    if (rc == MTA_STS_OK && node != MTA_STS_YAML_TEXT
        && yaml->depth++ == MTA_STS_YAML_DEPTH_MAX)
    {
        rc = mta_sts_error(err, value->place, "nested more than %d deep",
                           MTA_STS_YAML_DEPTH_MAX);
    }

    return rc == MTA_STS_OK ? node : MTA_STS_YAML_ERROR;
}


mta_sts_yaml_e
mta_sts_yaml_next(mta_sts_yaml_t *yaml, mta_sts_value_t *value,
    mta_sts_err_t *err)
{
    memset(value, 0, sizeof(mta_sts_value_t));

    for ( ;; ) {

        if (yaml->has_event) {
            yaml_event_delete(&yaml->event);
            yaml->has_event = 0;
        }

        if (!yaml_parser_parse(&yaml->parser, &yaml->event)) {
            (void) yaml_invalid(yaml, err);
            return MTA_STS_YAML_ERROR;
        }

        yaml->has_event = 1;

        value->place = yaml_place(yaml, &yaml->event.start_mark);

        switch (yaml->event.type) {

        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT:
            break;

        case YAML_DOCUMENT_START_EVENT:
            if (yaml->documents++) {
                (void) yaml_second_document(value->place, err);
                return MTA_STS_YAML_ERROR;
            }

            break;

        case YAML_STREAM_END_EVENT:
            return MTA_STS_YAML_EOF;

        case YAML_SEQUENCE_END_EVENT:
        case YAML_MAPPING_END_EVENT:
            yaml->depth--;
            return MTA_STS_YAML_END;

        default:
            return yaml_node(yaml, value, err);
        }
    }
}


int
mta_sts_yaml_must_be(mta_sts_yaml_e node, const mta_sts_value_t *value,
    mta_sts_str_t key, const char *kind, mta_sts_err_t *err)
{
    if (node == MTA_STS_YAML_ERROR) {
        return MTA_STS_ERROR;
    }

    return mta_sts_error(err, value->place, "\"%.*s\" must be %s",
                         MTA_STS_SHOW(key), kind);
}


mta_sts_yaml_e
mta_sts_yaml_key(mta_sts_yaml_t *yaml, mta_sts_value_t *key,
    mta_sts_err_t *err)
{
    mta_sts_yaml_e  node;

    node = mta_sts_yaml_next(yaml, key, err);

    if (node == MTA_STS_YAML_LIST || node == MTA_STS_YAML_MAP) {
        (void) mta_sts_error(err, key->place, "a key must be a text");
        return MTA_STS_YAML_ERROR;
    }

    return node;
}


int
mta_sts_yaml_map(mta_sts_yaml_t *yaml, mta_sts_str_t key, const char *kind,
    mta_sts_err_t *err)
{
    mta_sts_yaml_e   node;
    mta_sts_value_t  value;

    node = mta_sts_yaml_next(yaml, &value, err);

    return node == MTA_STS_YAML_MAP
           ? MTA_STS_OK
           : mta_sts_yaml_must_be(node, &value, key, kind, err);
}


int
mta_sts_yaml_values(mta_sts_yaml_t *yaml, mta_sts_str_t key,
    const mta_sts_env_t *env, mta_sts_values_t *values, mta_sts_err_t *err)
{
    int              list;
    mta_sts_yaml_e   node;
    mta_sts_value_t  value;

    memset(values, 0, sizeof(mta_sts_values_t));

    node = mta_sts_yaml_next(yaml, &value, err);
    list = node == MTA_STS_YAML_LIST;

    if (list) {
        node = mta_sts_yaml_next(yaml, &value, err);
    }

    while (!list || node != MTA_STS_YAML_END) {

        if (node != MTA_STS_YAML_TEXT) {
            return mta_sts_yaml_must_be(node, &value, key, "a text or a list "
                                        "of texts", err);
        }

        if (values->n == MTA_STS_YAML_LIST_MAX) {
            return mta_sts_error(err, value.place, "a list of more than %d "
                                 "values", MTA_STS_YAML_LIST_MAX);
        }

        value.text = mta_sts_str_copy(env, value.text);

        if (value.text.data == NULL) {
            return mta_sts_error_memory(err);
        }

        if (mta_sts_values_add(values, value.text, value.place, env, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }

        if (!list) {
            return MTA_STS_OK;
        }

        node = mta_sts_yaml_next(yaml, &value, err);
    }

    if (values->n == 0) {
        return mta_sts_error(err, value.place, "\"%.*s\" must not be empty",
                             MTA_STS_SHOW(key));
    }

    return MTA_STS_OK;
}


int
mta_sts_yaml_skip(mta_sts_yaml_t *yaml, mta_sts_err_t *err)
{
    size_t           depth;
    mta_sts_value_t  value;

    depth = 0;

    do {
        switch (mta_sts_yaml_next(yaml, &value, err)) {

        case MTA_STS_YAML_ERROR:
            return MTA_STS_ERROR;

        case MTA_STS_YAML_LIST:
        case MTA_STS_YAML_MAP:
            depth++;
            break;

        case MTA_STS_YAML_END:
            depth--;
            break;

        default:
            break;
        }

    } while (depth);

    return MTA_STS_OK;
}
