/*
 * The keys of a domains file.
 *
 * A domain is added when it is read, if what it needs came before.  So a file
 * is read in one pass if only "default" follows its domains; otherwise in two,
 * the second one for the domains.
 */

#include "reader.h"
#include "serve/image.h"


/* The keys of a file other than settings. */

typedef enum {
    KEY_POLICIES = 0,
    KEY_DOMAINS,
    KEY_DEFAULT,
    KEY_SETTING
} key_e;

static const mta_sts_str_t  key_names[] = {
    { "policies", 8 },
    { "domains", 7 },
    { "default", 7 }
};


#define KEYS_DOMAINS   "a map of domains, such as \"example.com: {}\""
#define KEYS_POLICIES  "a map of policies"


/* A pass over a file. */

typedef struct {
    mta_sts_reader_t  *reader;
    mta_sts_yaml_t    *yaml;
    int                defer;             /* skip the domains */
    int                domains_only;      /* skip everything else */
    unsigned           seen;              /* bits of key_e */
    mta_sts_use_t     *default_use;
    mta_sts_place_t    default_place;
} keys_t;


/*
 * Gives the index of the policy of key, a domain or "default".  An error about
 * settings that others share is reported at key.
 */

static int
keys_resolve(keys_t *keys, mta_sts_use_t *use, mta_sts_place_t key,
    mta_sts_settings_t **settings, mta_sts_str_t *policy_name, uint32_t *index,
    mta_sts_err_t *err)
{
    *settings = NULL;

    if (mta_sts_reader_resolve(keys->reader, use, settings, policy_name, index,
                               err)
        == MTA_STS_OK)
    {
        return MTA_STS_OK;
    }

    if (*settings && !mta_sts_settings_own_policy(*settings) && !err->memory) {
        err->place = key;
    }

    return MTA_STS_ERROR;
}


static int
keys_domain(keys_t *keys, const mta_sts_value_t *key, mta_sts_err_t *err)
{
    uint32_t              index;
    mta_sts_str_t         domain, policy_name;
    mta_sts_use_t         use;
    mta_sts_reader_t     *reader;
    mta_sts_settings_t   *settings;
    const mta_sts_env_t  *scratch;

    reader = keys->reader;
    scratch = &reader->scratch.env;

    if (mta_sts_name_domain("domain", key, scratch, &domain, err)
        != MTA_STS_OK
        || mta_sts_reader_use(reader, keys->yaml, domain, &use, scratch, err)
           != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (keys_resolve(keys, &use, key->place, &settings, &policy_name, &index,
                     err)
        != MTA_STS_OK)
    {
        reader->late = !keys->domains_only && !err->memory;
        return MTA_STS_ERROR;
    }

    mta_sts_settings_check_domain(settings, domain, key->place, scratch);

    return mta_sts_table_add(&reader->builder, domain, index, key->place, err);
}


/* Reads the map of "policies" or "domains". */

static int
keys_map(keys_t *keys, key_e section, mta_sts_err_t *err)
{
    int              rc;
    mta_sts_yaml_e   node;
    mta_sts_value_t  key;

    if (mta_sts_yaml_map(keys->yaml, key_names[section],
                         section == KEY_DOMAINS ? KEYS_DOMAINS : KEYS_POLICIES,
                         err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    while ((node = mta_sts_yaml_key(keys->yaml, &key, err))
           == MTA_STS_YAML_TEXT)
    {
        mta_sts_arena_reset(&keys->reader->scratched);

        rc = section == KEY_DOMAINS
             ? keys_domain(keys, &key, err)
             : mta_sts_reader_policy(keys->reader, keys->yaml, &key, err);

        if (rc != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }

    return node == MTA_STS_YAML_END ? MTA_STS_OK : MTA_STS_ERROR;
}


static int
keys_domains(keys_t *keys, mta_sts_err_t *err)
{
    mta_sts_reader_t  *reader;

    reader = keys->reader;

    /* without a setting or a policy so far, those that are needed follow */

    if (reader->top->own == 0 && reader->newest == NULL) {
        keys->defer = 1;
    }

    if (keys->defer) {
        return mta_sts_yaml_skip(keys->yaml, err);
    }

    mta_sts_reader_inherit(reader);

    return keys_map(keys, KEY_DOMAINS, err);
}


/* Reads the value of "default", which is resolved at the end. */

static int
keys_default(keys_t *keys, mta_sts_place_t place, mta_sts_err_t *err)
{
    mta_sts_place_t       first;
    const mta_sts_env_t  *keep;

    if (keys->reader->domains->default_policy) {
        first = keys->reader->domains->default_place;

        return mta_sts_error(err, place, "duplicate default, first at "
                             "%.*s:%u", (int) first.file.len, first.file.data,
                             first.line);
    }

    keep = &keys->reader->keep.env;

    keys->default_use = keep->alloc(keep->ctx, sizeof(mta_sts_use_t));
    if (keys->default_use == NULL) {
        return mta_sts_error_memory(err);
    }

    keys->default_place = place;

    return mta_sts_reader_use(keys->reader, keys->yaml, key_names[KEY_DEFAULT],
                              keys->default_use, keep, err);
}


/* Reads the value of a key of the file. */

static int
keys_one(keys_t *keys, const mta_sts_value_t *key, mta_sts_err_t *err)
{
    unsigned           k;
    mta_sts_reader_t  *reader;

    reader = keys->reader;

    for (k = 0; k < KEY_SETTING; k++) {
        if (mta_sts_str_eq(key_names[k], key->text)) {
            break;
        }
    }

    if (keys->domains_only) {
        return k == KEY_DOMAINS ? keys_map(keys, KEY_DOMAINS, err)
                                : mta_sts_yaml_skip(keys->yaml, err);
    }

    if (k != KEY_SETTING && (keys->seen & (1u << k))) {
        return mta_sts_error(err, key->place, "duplicate key \"%.*s\"",
                             MTA_STS_SHOW(key->text));
    }

    if (k != KEY_DEFAULT && (keys->seen & (1u << KEY_DOMAINS))
        && !keys->defer)
    {
        reader->late = 1;
        return MTA_STS_ERROR;
    }

    if (k == KEY_SETTING && key->text.len
        && memchr(key->text.data, '.', key->text.len))
    {
        return mta_sts_error(err, key->place, "unknown key \"%.*s\", domains "
                             "are below \"domains:\"",
                             MTA_STS_SHOW(key->text));
    }

    keys->seen |= 1u << k;

    switch (k) {

    case KEY_DOMAINS:
        return keys_domains(keys, err);

    case KEY_DEFAULT:
        return keys_default(keys, key->place, err);

    case KEY_POLICIES:
        return keys_map(keys, KEY_POLICIES, err);

    default:
        return mta_sts_reader_setting(reader, keys->yaml, *key, key_names,
                                      KEY_SETTING, reader->top,
                                      &reader->keep.env, err);
    }
}


static int
keys_all(keys_t *keys, mta_sts_err_t *err)
{
    mta_sts_yaml_e   node;
    mta_sts_value_t  value;

    node = mta_sts_yaml_next(keys->yaml, &value, err);

    if (node == MTA_STS_YAML_EOF
        || (node == MTA_STS_YAML_TEXT && value.text.len == 0))
    {
        return mta_sts_error(err, value.place, "the file is empty, must have "
                             "\"domains\"");
    }

    if (node != MTA_STS_YAML_MAP) {
        return mta_sts_yaml_must_be(node, &value, value.place.file, "a map "
                                    "with a key \"domains\"", err);
    }

    while ((node = mta_sts_yaml_key(keys->yaml, &value, err))
           == MTA_STS_YAML_TEXT)
    {
        if (keys_one(keys, &value, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }

        mta_sts_arena_reset(&keys->reader->scratched);
    }

    /* a second document is an error */

    return node == MTA_STS_YAML_END
           && mta_sts_yaml_next(keys->yaml, &value, err) == MTA_STS_YAML_EOF
           ? MTA_STS_OK : MTA_STS_ERROR;
}


static int
keys_pass(keys_t *keys, const mta_sts_file_t *file, mta_sts_err_t *err)
{
    int  rc;

    keys->yaml = mta_sts_yaml_open(file);
    if (keys->yaml == NULL) {
        return mta_sts_error_memory(err);
    }

    rc = keys_all(keys, err);

    mta_sts_yaml_close(keys->yaml);

    return rc;
}


static int
keys_resolve_default(keys_t *keys, mta_sts_err_t *err)
{
    uint32_t             index;
    mta_sts_domains_t   *domains;
    mta_sts_settings_t  *settings;

    domains = keys->reader->domains;

    if (keys_resolve(keys, keys->default_use, keys->default_place, &settings,
                     &domains->default_name, &index, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    domains->default_policy = mta_sts_table_added(&keys->reader->builder,
                                                  index);
    domains->default_place = keys->default_place;

    return MTA_STS_OK;
}


/*
 * Refuses a line like that with which nginx -T begins each file: the helper,
 * which reads that output, would take what follows for another file.
 */

static int
keys_check_marks(const mta_sts_file_t *file, mta_sts_err_t *err)
{
    size_t          i;
    const char     *hash, *lf;
    mta_sts_str_t   text, line;

    text = file->text;

    for (i = 0; i < text.len; i = (size_t) (hash - text.data) + 1) {

        hash = memchr(text.data + i, '#', text.len - i);
        if (hash == NULL) {
            break;
        }

        if (hash > text.data && hash[-1] != '\n') {
            continue;
        }

        line = mta_sts_str_after(text, (size_t) (hash - text.data));
        lf = memchr(line.data, '\n', line.len);
        line.len = lf ? (size_t) (lf - line.data) : line.len;

        if (mta_sts_str_starts(line, mta_sts_str("# configuration file /"))
            && mta_sts_str_ends(line, mta_sts_str(":")))
        {
            return mta_sts_error(err, mta_sts_file_place(file,
                                              (size_t) (hash - text.data)),
                                 "this line is like one that nginx -T prints, "
                                 "which the helper could not tell from it; "
                                 "change the comment");
        }
    }

    return MTA_STS_OK;
}


int
mta_sts_reader_file(mta_sts_reader_t *reader, const mta_sts_file_t *file,
    int defer, mta_sts_err_t *err)
{
    keys_t                keys;
    const mta_sts_env_t  *keep;

    memset(&keys, 0, sizeof(keys_t));

    keys.reader = reader;
    keys.defer = defer;

    keep = &reader->keep.env;

    reader->older = reader->newest;
    reader->top = keep->alloc(keep->ctx, sizeof(mta_sts_settings_t));

    if (reader->top == NULL) {
        return mta_sts_error_memory(err);
    }

    memset(reader->top, 0, sizeof(mta_sts_settings_t));

    if (mta_sts_image_is_text(file->text)) {
        return mta_sts_error(err, (mta_sts_place_t) { file->name, 0, 0 },
                             "this is a compiled table, which takes the place "
                             "of all domains files and is named by its path");
    }

    if (keys_check_marks(file, err) != MTA_STS_OK
        || keys_pass(&keys, file, err) != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    mta_sts_reader_inherit(reader);

    if (keys.defer && (keys.seen & (1u << KEY_DOMAINS))) {
        keys.domains_only = 1;

        if (keys_pass(&keys, file, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }

    return keys.default_use ? keys_resolve_default(&keys, err) : MTA_STS_OK;
}
