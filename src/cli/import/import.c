/*
 * A policy as it was found -> one of ours with the same meaning, or the reason
 * why there is none.
 */

#include <stdarg.h>

#include "cli/diag/diag.h"
#include "import.h"


#define IMPORT_TEXT(name, text)  text,

static const char *const  import_names[] = { IMPORT_LIST(IMPORT_TEXT) };


const char *
import_bit(unsigned bit)
{
    return import_names[bit];
}


void
import_bits(mta_sts_buf_t *text, unsigned bits)
{
    int       first;
    unsigned  i;

    first = 1;

    for (i = 0; i < IMPORT_BITS; i++) {
        if (bits & (1u << i)) {
            mta_sts_buf_add_cstr(text, first ? "" : ", ");
            mta_sts_buf_add_cstr(text, import_bit(i));
            first = 0;
        }
    }
}


/* Warnings come when what was written is read back, with its lines. */

static void
import_warning(void *ctx, const mta_sts_err_t *warning)
{
    (void) ctx;
    (void) warning;
}


void
import_init(import_t *import, int (*is_public_suffix)(const char *name))
{
    memset(import, 0, sizeof(import_t));

    import->env.alloc = diag_alloc;
    import->env.warn = import_warning;
    import->env.ctx = &import->arena;
    import->env.is_public_suffix = is_public_suffix;

    mta_sts_intern_init(&import->intern, &import->policies, &import->env);
    import->intern.env = &import->env;
}


void
import_free(import_t *import)
{
    mta_sts_intern_free(&import->intern);
    mta_sts_table_discard(&import->policies);
    mta_sts_arena_free(&import->arena);
}


void
import_memory(const mta_sts_err_t *err)
{
    if (err->memory) {
        diag_no_memory();
    }
}


static void
import_say_args(mta_sts_place_t place, mta_sts_str_t domain, const char *what,
    const char *fmt, va_list args)
{
    mta_sts_err_t  text, line;

    (void) mta_sts_error_args(&text, place, fmt, args);
    (void) mta_sts_error(&line, place, "%.*s: %s%s", MTA_STS_SHOW(domain), what,
                         text.text);

    say_error(&line);
}


void
import_say(mta_sts_place_t place, mta_sts_str_t domain, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    import_say_args(place, domain, "", fmt, args);
    va_end(args);
}


void
import_refuse(import_t *import, mta_sts_place_t place, mta_sts_str_t domain,
    const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    import_say_args(place, domain, "not imported: ", fmt, args);
    va_end(args);

    import->n_refused++;
}


void
import_wanted(import_wanted_t *wanted, const mta_sts_values_t *names,
    const mta_sts_env_t *env)
{
    wanted->names = names;
    wanted->seen = env->alloc(env->ctx, names->n);
    memset(wanted->seen, 0, names->n);
}


int
import_is_wanted(import_wanted_t *wanted, mta_sts_str_t domain)
{
    size_t  i;

    for (i = 0; i < wanted->names->n; i++) {
        if (mta_sts_str_eq(wanted->names->elts[i].text, domain)) {
            wanted->seen[i] = 1;
            return 1;
        }
    }

    return wanted->names->n == 0;
}


void
import_missing(import_t *import, const import_wanted_t *wanted,
    mta_sts_str_t file)
{
    size_t  i;

    for (i = 0; i < wanted->names->n; i++) {
        if (!wanted->seen[i]) {
            import_refuse(import, MTA_STS_NOWHERE, wanted->names->elts[i].text,
                          "\"%.*s\" has no policy of it", MTA_STS_SHOW(file));
        }
    }
}


static int
import_set(mta_sts_settings_t *settings, mta_sts_setting_e setting,
    mta_sts_str_t text, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    mta_sts_value_t  name, value;

    name.text = mta_sts_settings_name(setting);
    name.place = MTA_STS_NOWHERE;
    value.text = text;
    value.place = MTA_STS_NOWHERE;

    return mta_sts_settings_set(settings, &name, &value, 1, env, err);
}


/* The settings of a policy that is valid by the RFC; our rules are narrower. */

static int
import_body(const body_t *body, const mta_sts_env_t *env,
    mta_sts_settings_t *settings, mta_sts_err_t *err)
{
    size_t         i;
    mta_sts_buf_t  age = { env, NULL, 0, 0, 0 };

    memset(settings, 0, sizeof(mta_sts_settings_t));

    /* 0 is valid, but no term at all: a second is the same to a sender */

    mta_sts_buf_add_uint(&age, body->max_age ? (uint64_t) body->max_age : 1);

    if (import_set(settings, MTA_STS_SET_MODE,
                   mta_sts_mode_str((mta_sts_mode_e) body->mode), env, err)
           != MTA_STS_OK
        || import_set(settings, MTA_STS_SET_MAX_AGE, mta_sts_buf_str(&age),
                      env, err)
           != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < body->n; i++) {
        if (import_set(settings, MTA_STS_SET_MX, body->mx[i], env, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_OK;
}


/* Adds the report URIs of a record; without one that is refused. */

static int
import_rua(mta_sts_settings_t *settings, mta_sts_str_t rua,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    mta_sts_str_t  uri;

    while (rua.len && field_next(&rua, ',', &uri)) {
        if (import_set(settings, MTA_STS_SET_TLSRPT_RUA, field_trim(uri), env,
                       err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_OK;
}


void
import_settings(const mta_sts_policy_t *policy, const mta_sts_env_t *env,
    mta_sts_settings_t *settings)
{
    body_t         body;
    mta_sts_err_t  err;

    /* what was rendered once is valid */

    body_of(&body, policy, env);

    if (import_body(&body, env, settings, &err) != MTA_STS_OK
        || import_rua(settings, mta_sts_policy_rua(policy), env, &err)
           != MTA_STS_OK)
    {
        import_memory(&err);
    }
}


static void
import_keep(import_t *import, const import_source_t *source,
    const mta_sts_policy_t *policy, unsigned differs, unsigned repaired)
{
    import_domain_t  *domain;

    import->domains = mta_sts_env_grow(&import->env, import->domains,
                                       import->n, &import->size,
                                       sizeof(import_domain_t));

    domain = &import->domains[import->n++];
    memset(domain, 0, sizeof(import_domain_t));

    domain->domain = mta_sts_str_copy(&import->env, source->domain);
    domain->id = mta_sts_str_copy(&import->env, source->id);
    domain->place = source->place;
    domain->ttl = source->ttl;
    domain->policy = policy;
    domain->differs = differs;
    domain->repaired = repaired;

    import->n_repaired += repaired != 0;
}


static void
import_add_in(import_t *import, const import_source_t *source,
    const mta_sts_env_t *env)
{
    body_t                   body;
    unsigned                 bits;
    uint32_t                 index;
    const char              *fault, *left;
    mta_sts_buf_t            text = { env, NULL, 0, 0, 0 };
    mta_sts_err_t            err;
    mta_sts_settings_t       settings;
    const mta_sts_policy_t  *policy;

    bits = 0;
    left = NULL;
    fault = import_parse(source->text, env, &body, &bits, &left);

    if (fault && (bits == 0 || !import->repair)) {
        fault = import->repair && left ? left : fault;
        import_bits(&text, bits);
        import_refuse(import, source->place, source->domain, "%s%s%.*s", fault,
                      bits ? "; --repair repairs it: " : "", (int) text.len,
                      text.len ? text.data : "");
        return;
    }

    if (import_body(&body, env, &settings, &err) != MTA_STS_OK) {
        import_memory(&err);
        import_refuse(import, source->place, source->domain, "%s", err.text);
        return;
    }

    if (import_rua(&settings, source->rua, env, &err) != MTA_STS_OK) {
        import_memory(&err);
        import_say(source->place, source->domain, "imported without "
                   "tlsrpt_rua: %s", err.text);
        memset(&settings.tlsrpt_rua, 0, sizeof(mta_sts_values_t));
    }

    if (mta_sts_intern_add(&import->intern, &settings, mta_sts_str(""), env,
                           &index, &err)
        != MTA_STS_OK)
    {
        import_memory(&err);
        import_refuse(import, source->place, source->domain, "%s", err.text);
        return;
    }

    policy = mta_sts_table_added(&import->policies, index);

    import_keep(import, source, policy,
                fault ? 0 : import_differs(source->text, policy, env),
                bits | source->repaired);
}


void
import_add(import_t *import, const import_source_t *source)
{
    mta_sts_arena_t  arena = { NULL, 0 };
    mta_sts_env_t    env;

    env = import->env;
    env.ctx = &arena;

    import_add_in(import, source, &env);

    mta_sts_arena_free(&arena);
}
