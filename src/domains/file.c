/*
 * The keys of a domains file.
 *
 * A file is read in one go: a domain is added as soon as it is read.  Only
 * where no settings or policies stand before the domains, or some behind them,
 * the file is read a second time, for its domains alone.
 */

#include "reader.h"
#include "policy/policy.h"


/* The keys of a file, beside the settings. */

typedef enum {
    FILE_POLICIES = 0,
    FILE_DOMAINS,
    FILE_DEFAULT,
    FILE_KEYS
} file_key_e;

static const mta_sts_str_t  file_keys[FILE_KEYS] = {
    { "policies", 8 },
    { "domains", 7 },
    { "default", 7 }
};


/*
 * Reads the value of a domain and adds it.  That its policy cannot be made may
 * be because of what is still to come; it is only noted.
 */

static int
file_domain(mta_sts_domains_file_t *file, const mta_sts_value_t *key,
    mta_sts_err_t *err)
{
    uint32_t             index;
    mta_sts_str_t        domain, policy_name;
    mta_sts_use_t        use;
    mta_sts_settings_t  *settings;

    if (mta_sts_name_domain("domain", key, file->named->scratch, &domain, err)
        != MTA_STS_OK
        || mta_sts_named_read_use(file->named, file->yaml, domain, &use,
                                  file->named->scratch, err)
           != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (file->failed) {
        return MTA_STS_OK;
    }

    settings = NULL;

    if (mta_sts_named_resolve(file->named, &use, &settings, &policy_name, &index,
                              &file->err)
        != MTA_STS_OK)
    {
        if (file->err.memory) {
            return mta_sts_error_memory(err);
        }

        file->failed = 1;

        /* what is inherited by all is no place to look for one domain */

        if (settings && !mta_sts_settings_own_policy(settings)) {
            file->err.place = key->place;
        }

        return MTA_STS_OK;
    }

    mta_sts_settings_check_domain(settings, domain, file->named->scratch);

    return mta_sts_table_add(file->builder, domain, index, key->place, err);
}


/* Reads the map behind "policies" or "domains". */

static int
file_map(mta_sts_domains_file_t *file, file_key_e section, mta_sts_err_t *err)
{
    int              rc, end;
    mta_sts_yaml_e   node;
    mta_sts_value_t  key;

    node = mta_sts_yaml_next(file->yaml, &key, err);

    if (node != MTA_STS_YAML_MAP) {
        return mta_sts_yaml_must_be(node, &key, file_keys[section],
                                    section == FILE_DOMAINS
                                    ? "a map of domains"
                                    : "a map of policies", err);
    }

    for ( ;; ) {
        if (mta_sts_yaml_key(file->yaml, &key, &end, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }

        if (end) {
            return MTA_STS_OK;
        }

        mta_sts_arena_reset(file->scratched);

        rc = section == FILE_DOMAINS
             ? file_domain(file, &key, err)
             : mta_sts_named_read(file->named, file->yaml, &key, err);

        if (rc != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }
}


/* Reads what "default" is given. */

static int
file_default(mta_sts_domains_file_t *file, mta_sts_place_t place,
    mta_sts_err_t *err)
{
    mta_sts_place_t       first;
    const mta_sts_env_t  *keep;

    if (file->domains->default_policy) {
        first = file->domains->default_place;

        return mta_sts_error(err, place, "duplicate default, first at "
                             "%.*s:%u", (int) first.file.len, first.file.data,
                             first.line);
    }

    keep = file->named->keep;

    file->default_policy = keep->alloc(keep->ctx, sizeof(mta_sts_use_t));
    if (file->default_policy == NULL) {
        return mta_sts_error_memory(err);
    }

    file->default_place = place;

    return mta_sts_named_read_use(file->named, file->yaml,
                                  file_keys[FILE_DEFAULT], file->default_policy,
                                  keep, err);
}


/* Reads the domains, unless all that they need is still to come. */

static int
file_domains(mta_sts_domains_file_t *file, mta_sts_err_t *err)
{
    if (file->named->top->own == 0
        && !(file->seen & (1u << FILE_POLICIES)))
    {
        file->late = 1;
        return mta_sts_yaml_skip(file->yaml, err);
    }

    mta_sts_named_inherit(file->named);
    mta_sts_named_mark(file->named);

    file->before = mta_sts_warnings_mark(file->held);

    if (file_map(file, FILE_DOMAINS, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    file->behind = mta_sts_warnings_mark(file->held);

    return MTA_STS_OK;
}


/* Reads the value of a key of the file. */

static int
file_key(mta_sts_domains_file_t *file, const mta_sts_value_t *key,
    mta_sts_err_t *err)
{
    size_t  k;

    for (k = 0; k < FILE_KEYS; k++) {
        if (mta_sts_str_eq(file_keys[k], key->text)) {
            break;
        }
    }

    if (k == FILE_DOMAINS && file->again) {
        return file_map(file, FILE_DOMAINS, err);
    }

    if (file->again) {
        return mta_sts_yaml_skip(file->yaml, err);
    }

    if (k < FILE_KEYS) {
        if (file->seen & (1u << k)) {
            return mta_sts_error(err, key->place, "duplicate key \"%.*s\"",
                                 MTA_STS_SHOW(key->text));
        }

        file->seen |= 1u << k;
    }

    if (k == FILE_DOMAINS) {
        return file_domains(file, err);
    }

    if (k == FILE_DEFAULT) {
        return file_default(file, key->place, err);
    }

    if (file->seen & (1u << FILE_DOMAINS) && !file->late) {

        /* the domains come again, and what they are warned of */

        mta_sts_warnings_cut(file->held, file->before, file->behind);
        mta_sts_named_rewind(file->named);

        file->late = 1;
    }

    if (k == FILE_POLICIES) {
        return file_map(file, FILE_POLICIES, err);
    }

    return mta_sts_named_set(file->named, file->yaml, *key, file->named->top,
                             file->named->keep, err);
}


static int
file_keys_read(mta_sts_domains_file_t *file, mta_sts_err_t *err)
{
    int              end;
    mta_sts_yaml_e   node;
    mta_sts_value_t  value;

    node = mta_sts_yaml_next(file->yaml, &value, err);

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

    for ( ;; ) {
        if (mta_sts_yaml_key(file->yaml, &value, &end, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }

        if (end) {
            break;
        }

        if (file_key(file, &value, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }

        mta_sts_arena_reset(file->scratched);
    }

    /* nothing may follow */

    node = mta_sts_yaml_next(file->yaml, &value, err);

    return node == MTA_STS_YAML_EOF ? MTA_STS_OK : MTA_STS_ERROR;
}


static int
file_read(mta_sts_domains_file_t *file, mta_sts_input_t *input,
    mta_sts_err_t *err)
{
    int  rc;

    file->yaml = mta_sts_yaml_open(input);
    if (file->yaml == NULL) {
        return mta_sts_error_memory(err);
    }

    rc = file_keys_read(file, err);

    mta_sts_yaml_close(file->yaml);

    return rc;
}


/* Renders the policy of the file's "default". */

static int
file_resolve_default(mta_sts_domains_file_t *file, mta_sts_err_t *err)
{
    uint32_t             index;
    mta_sts_domains_t   *domains;
    mta_sts_settings_t  *settings;

    if (file->default_policy == NULL) {
        return MTA_STS_OK;
    }

    domains = file->domains;
    settings = NULL;

    if (mta_sts_named_resolve(file->named, file->default_policy, &settings,
                              &domains->default_name, &index, err)
        != MTA_STS_OK)
    {
        if (settings && !mta_sts_settings_own_policy(settings)
            && !err->memory)
        {
            err->place = file->default_place;
        }

        return MTA_STS_ERROR;
    }

    domains->default_policy = file->builder->policies[index];
    domains->default_place = file->default_place;

    return MTA_STS_OK;
}


/* Reads a file once or twice. */

int
mta_sts_domains_file_read(mta_sts_domains_file_t *file, mta_sts_input_t *input,
    mta_sts_err_t *err)
{
    size_t  n, names_len;

    n = file->builder->n;
    names_len = file->builder->names.len;

    if (file_read(file, input, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    if (file->late) {
        mta_sts_table_rewind(file->builder, n, names_len);
        mta_sts_named_inherit(file->named);

        file->again = 1;
        file->failed = 0;

        if (mta_sts_input_rewind(input, err) != MTA_STS_OK
            || file_read(file, input, err) != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    if (file->failed) {
        *err = file->err;
        return MTA_STS_ERROR;
    }

    if (!(file->seen & (1u << FILE_DOMAINS))) {
        mta_sts_named_inherit(file->named);
    }

    return file_resolve_default(file, err);
}
