/*
 * What one server block serves.
 */

#include "policy/policy.h"
#include "serve.h"


/*
 * Can the name match many policy hosts?  Wildcards and regexes can, except for
 * a trailing wildcard whose text does not begin with "mta-sts".
 */

static int
server_is_many(const mta_sts_server_name_t *name)
{
    mta_sts_str_t  text;

    text = name->value.text;

    return name->regex
           || mta_sts_str_starts(text, mta_sts_str("*."))
           || mta_sts_str_starts(text, mta_sts_str("."))
           || (mta_sts_str_starts(text, mta_sts_str("mta-sts."))
               && mta_sts_str_ends(text, mta_sts_str(".*")));
}


/* Does it begin or end with "*"? */

static int
server_is_wildcard(const mta_sts_server_name_t *name)
{
    return mta_sts_str_starts(name->value.text, mta_sts_str("*."))
           || mta_sts_str_ends(name->value.text, mta_sts_str(".*"));
}


int
mta_sts_server_name_matches(const mta_sts_server_name_t *name,
    mta_sts_str_t host)
{
    mta_sts_str_t  text;

    text = name->value.text;

    if (name->regex) {
        return name->match(name->regex, host);
    }

    if (mta_sts_str_starts(text, mta_sts_str("."))) {
        return mta_sts_str_ends(host, text)
               || mta_sts_str_eq(host, mta_sts_str_after(text, 1));
    }

    if (mta_sts_str_starts(text, mta_sts_str("*."))) {
        return mta_sts_str_ends(host, mta_sts_str_after(text, 1));
    }

    if (mta_sts_str_ends(text, mta_sts_str(".*"))) {
        text.len--;
        return host.len > text.len && mta_sts_str_starts(host, text);
    }

    return mta_sts_str_eq(text, host);
}


/* Keeps the names with many hosts, for the default policy. */

static int
server_keep_names(mta_sts_server_t *server,
    const mta_sts_server_name_t *names, size_t n, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    size_t  i;

    server->n = 0;
    server->names = env->alloc(env->ctx,
                               (n + 1) * sizeof(mta_sts_server_name_t));
    if (server->names == NULL) {
        return mta_sts_error_memory(err);
    }

    for (i = 0; i < n; i++) {
        if (server_is_many(&names[i])) {
            server->names[server->n++] = names[i];
        }
    }

    return MTA_STS_OK;
}


/*
 * Gives the policy domain of a name, which may be written ".name"; empty if it
 * is no policy host, or not a name that nginx matches exactly.
 */

static int
server_domain(const mta_sts_server_name_t *of, mta_sts_str_t *domain,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    mta_sts_str_t    host, prefix;
    mta_sts_value_t  name;

    name = of->value;
    domain->len = 0;

    if (of->regex || server_is_wildcard(of)) {
        return MTA_STS_OK;
    }

    if (mta_sts_str_starts(name.text, mta_sts_str("."))) {
        name.text = mta_sts_str_after(name.text, 1);
    }

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
    size_t         i;
    mta_sts_str_t  domain;

    *many = 0;

    for (i = 0; i < n; i++) {
        *many |= server_is_many(&names[i]);

        if (server_domain(&names[i], &domain, env, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }

        if (domain.len == 0) {
            continue;
        }

        mta_sts_settings_check_domain(settings, domain, names[i].value.place,
                                      env);

        if (mta_sts_table_add(builder, domain, 0, names[i].value.place, err)
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

        if (server_keep_names(server, names, n, env, err) != MTA_STS_OK) {
            goto failed;
        }
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
    memset(server, 0, sizeof(mta_sts_server_t));

    mta_sts_server_replace(server, domains);
    server->shared = 1;
    server->any = 1;
}


void
mta_sts_server_replace(mta_sts_server_t *server,
    const mta_sts_domains_t *domains)
{
    server->table = domains->table;
    server->default_policy = domains->default_policy;
    server->default_name = domains->default_name;
    server->default_place = domains->default_place;
}


int
mta_sts_server_use(mta_sts_server_t *server,
    const mta_sts_settings_t *settings, const mta_sts_domains_t *domains,
    mta_sts_place_t place, const mta_sts_server_name_t *names, size_t n,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    int                      used, keep;
    size_t                   i;
    mta_sts_str_t            domain;
    mta_sts_table_builder_t  named;

    memset(&named, 0, sizeof(mta_sts_table_builder_t));

    named.env = env;

    if (server_check_settings(settings, place, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    /* a newer table may have a default policy */

    keep = domains->default_policy || mta_sts_table_is_mapped(&domains->table);

    mta_sts_server_share(server, domains);
    server->any = 0;

    used = 0;

    for (i = 0; i < n; i++) {
        used |= server_is_many(&names[i]);

        if (server_domain(&names[i], &domain, env, err) != MTA_STS_OK) {
            goto failed;
        }

        if (domain.len == 0) {
            continue;
        }

        used = 1;

        if (keep
            && mta_sts_table_add(&named, domain, MTA_STS_TABLE_REMOVED,
                                 names[i].value.place, err)
               != MTA_STS_OK)
        {
            goto failed;
        }

        if (domains->default_policy == NULL
            && mta_sts_table_policy(&domains->table, domain) == NULL
            && !server_is_many(&names[i]))
        {
            mta_sts_warn(env, names[i].value.place, "server name \"%.*s\" has "
                         "no policy in the domains file",
                         MTA_STS_SHOW(names[i].value.text));
        }
    }

    if (!used) {
        mta_sts_warn(env, place, "no server name begins with \"mta-sts.\", "
                     "the policies are served as the default server alone");
    }

    if (keep
        && server_keep_names(server, names, n, env, err) != MTA_STS_OK)
    {
        goto failed;
    }

    return mta_sts_table_end(&named, &server->named, err);

failed:

    mta_sts_table_discard(&named);

    return MTA_STS_ERROR;
}


/* Is the default policy for the host? */

static int
server_matches(const mta_sts_server_t *server, mta_sts_str_t host,
    mta_sts_str_t domain)
{
    size_t  i;

    if (domain.len > MTA_STS_NAME_DOMAIN_MAX || !mta_sts_name_is_host(host)) {
        return 0;
    }

    if (server->any || mta_sts_table_has_name(&server->named, domain)) {
        return 1;
    }

    for (i = 0; i < server->n; i++) {
        if (mta_sts_server_name_matches(&server->names[i], host)) {
            return 1;
        }
    }

    return 0;
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
        && server_matches(server, host, *domain))
    {
        policy = server->default_policy;
    }

    return policy;
}


const mta_sts_policy_t *
mta_sts_server_locate(const mta_sts_server_t *server, mta_sts_str_t host,
    mta_sts_found_t *found)
{
    const mta_sts_policy_t  *policy;

    if (!mta_sts_name_policy_domain(host, &found->domain)) {
        return NULL;
    }

    policy = mta_sts_table_locate(&server->table, found->domain, found);

    if (policy == NULL && server->default_policy
        && server_matches(server, host, found->domain))
    {
        policy = server->default_policy;
        found->where = MTA_STS_FOUND_DEFAULT;
        found->policy = 0;
        found->slot = 0;
    }

    return policy;
}


mta_sts_place_t
mta_sts_server_default_place(const mta_sts_server_t *server,
    mta_sts_str_t host)
{
    size_t  i;

    for (i = 0; i < server->n && server->default_place.line == 0; i++) {
        if (mta_sts_server_name_matches(&server->names[i], host)) {
            return server->names[i].value.place;
        }
    }

    return server->default_place;
}
