/*
 * What one server block serves.
 */

#include "policy/policy.h"
#include "serve.h"


/* Is it a wildcard or a regex? */

static int
server_is_many(const mta_sts_server_name_t *name)
{
    return name->regex
           || mta_sts_str_starts(name->value.text, mta_sts_str("*."))
           || mta_sts_str_ends(name->value.text, mta_sts_str(".*"));
}


/* A name, at place if its own is unknown, as it is in nginx. */

static mta_sts_value_t
server_name(const mta_sts_server_name_t *name, mta_sts_place_t place)
{
    mta_sts_value_t  value;

    value = name->value;

    if (value.place.line == 0) {
        value.place = place;
    }

    return value;
}


/* Gives the policy domain of an exact name; empty if it is no policy host. */

static int
server_domain(mta_sts_value_t name, mta_sts_str_t *domain,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    mta_sts_str_t  host, prefix;

    domain->len = 0;

    prefix = name.text;
    prefix.len = sizeof("mta-sts.") - 1;

    if (name.text.len <= prefix.len
        || !mta_sts_str_caseeq(prefix, mta_sts_str("mta-sts.")))
    {
        return MTA_STS_OK;
    }

    if (mta_sts_name_host("server name", &name, env, &host, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (!mta_sts_name_policy_domain(host, domain)) {
        return mta_sts_error(err, name.place, "invalid server name \"%.*s\", "
                             "\"mta-sts.\" must be followed by a domain",
                             MTA_STS_SHOW(name.text));
    }

    if (domain->len > MTA_STS_NAME_DOMAIN_MAX) {
        return mta_sts_error(err, name.place, "invalid server name \"%.*s\", "
                             "the policy domain must not be longer than %d "
                             "characters", MTA_STS_SHOW(name.text),
                             MTA_STS_NAME_DOMAIN_MAX);
    }

    /* nginx compares it with Host, without the last dot and as A-labels */

    if (!mta_sts_str_caseeq(name.text, host)) {
        return mta_sts_error(err, name.place, "server name \"%.*s\" is never "
                             "matched, must be \"%.*s\"",
                             MTA_STS_SHOW(name.text), MTA_STS_SHOW(host));
    }

    return MTA_STS_OK;
}


/*
 * Adds the domains of exact names, all with policy 0; *many is 1 if there is a
 * wildcard or regex name.
 */

static int
server_names(mta_sts_table_builder_t *builder,
    const mta_sts_settings_t *settings, const mta_sts_server_name_t *names,
    size_t n, int *many, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    size_t           i;
    mta_sts_str_t    domain;
    mta_sts_place_t  place;
    mta_sts_value_t  name;

    place = mta_sts_settings_place(settings);

    for (i = 0; i < n; i++) {
        name = server_name(&names[i], place);

        if (server_is_many(&names[i])) {
            *many = 1;
            continue;
        }

        if (mta_sts_str_starts(name.text, mta_sts_str("."))) {
            *many = 1;
            name.text = mta_sts_str_after(name.text, 1);
        }

        if (server_domain(name, &domain, env, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }

        if (domain.len == 0) {
            continue;
        }

        mta_sts_settings_check_domain(settings, domain, env);

        if (mta_sts_table_add(builder, domain, 0, name.place, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_OK;
}


int
mta_sts_server_build(mta_sts_server_t *server, mta_sts_settings_t *settings,
    const mta_sts_server_name_t *names, size_t n, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    int                      rc, many;
    uint32_t                 index;
    mta_sts_str_t            none = { NULL, 0 };
    mta_sts_digest_t         digest = { NULL };
    const mta_sts_policy_t  *policy;
    mta_sts_table_builder_t  builder;

    memset(server, 0, sizeof(mta_sts_server_t));
    memset(&builder, 0, sizeof(mta_sts_table_builder_t));

    builder.env = env;

    if (!mta_sts_settings_are_policy(settings) && settings->own == 0) {
        return MTA_STS_OK;
    }

    many = 0;

    if (server_names(&builder, settings, names, n, &many, env, err)
        != MTA_STS_OK)
    {
        goto failed;
    }

    if (builder.rows.n == 0 && !many && settings->own == 0) {
        return MTA_STS_OK;
    }

    rc = mta_sts_policy_render(settings, &digest, env, &policy, err);

    mta_sts_digest_free(&digest);

    if (rc != MTA_STS_OK
        || mta_sts_table_add_policy(&builder, policy, none, &index, err)
           != MTA_STS_OK)
    {
        goto failed;
    }

    if (many) {
        server->default_policy = policy;
    }

    if (builder.rows.n == 0 && !many) {
        mta_sts_warn(env, mta_sts_settings_place(settings), "no server name "
                     "begins with \"mta-sts.\", the policy is not served");
    }

    return mta_sts_table_end(&builder, &server->table, err);

failed:

    mta_sts_table_discard(&builder);

    return MTA_STS_ERROR;
}


/* A server has either directives or a file. */

static int
server_check_settings(const mta_sts_settings_t *settings,
    mta_sts_place_t place, mta_sts_err_t *err)
{
    size_t         k;
    mta_sts_str_t  name;

    for (k = 0; k < MTA_STS_SETTINGS; k++) {
        if (settings->own & (1u << k)) {
            name = mta_sts_settings_name((mta_sts_setting_e) k);

            return mta_sts_error(err, settings->places[k], "\"mta_sts_%.*s\" "
                                 "is incompatible with \"mta_sts_domains\" at "
                                 "%.*s:%u", MTA_STS_SHOW(name),
                                 (int) place.file.len, place.file.data,
                                 place.line);
        }
    }

    return MTA_STS_OK;
}


void
mta_sts_server_share(mta_sts_server_t *server,
    const mta_sts_domains_t *domains)
{
    *server = *domains;
}


int
mta_sts_server_use(mta_sts_server_t *server,
    const mta_sts_settings_t *settings, const mta_sts_domains_t *domains,
    mta_sts_place_t place, const mta_sts_server_name_t *names, size_t n,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    int              used;
    size_t           i;
    mta_sts_str_t    domain;
    mta_sts_value_t  name;

    memset(server, 0, sizeof(mta_sts_server_t));

    if (server_check_settings(settings, place, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    used = 0;

    for (i = 0; i < n; i++) {
        name = server_name(&names[i], place);

        if (server_is_many(&names[i])
            || mta_sts_str_starts(name.text, mta_sts_str(".")))
        {
            used = 1;
            continue;
        }

        if (server_domain(name, &domain, env, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }

        if (domain.len == 0) {
            continue;
        }

        used = 1;

        if (domains->default_policy == NULL
            && mta_sts_table_policy(&domains->table, domain) == NULL)
        {
            mta_sts_warn(env, name.place, "server name \"%.*s\" has no policy "
                         "in the domains file", MTA_STS_SHOW(name.text));
        }
    }

    if (!used) {
        mta_sts_warn(env, place, "no server name begins with \"mta-sts.\", "
                     "the policies are served as the default server alone");
    }

    mta_sts_server_share(server, domains);

    return MTA_STS_OK;
}


const mta_sts_policy_t *
mta_sts_server_find(const mta_sts_server_t *server, mta_sts_str_t host,
    mta_sts_str_t *domain)
{
    const mta_sts_policy_t  *policy;

    if (!mta_sts_name_policy_domain(host, domain)) {
        return NULL;
    }

    policy = mta_sts_table_policy(&server->table, *domain);

    if (policy == NULL && server->default_policy
        && domain->len <= MTA_STS_NAME_DOMAIN_MAX
        && mta_sts_name_is_host(host))
    {
        policy = server->default_policy;
    }

    return policy;
}
