/*
 * What one server block serves.
 */

#include "name.h"
#include "server.h"


static int
server_is_wildcard(mta_sts_str_t name)
{
    return mta_sts_str_starts(name, mta_sts_str("*."))
           || mta_sts_str_ends(name, mta_sts_str(".*"));
}


/* Warns of each mx that accepts every host of domain. */

static void
server_check_domain(const mta_sts_policy_t *policy, mta_sts_str_t domain,
    const mta_sts_env_t *env)
{
    size_t                  i;
    const mta_sts_value_t  *mx;

    for (i = 0; i < policy->mx.n; i++) {
        mx = &policy->mx.elts[i];

        if (mta_sts_str_starts(mx->text, mta_sts_str("*."))
            && mta_sts_str_eq(mta_sts_str_after(mx->text, 2), domain))
        {
            mta_sts_warn(env, mx->place, "mx \"%.*s\" accepts every host of "
                         "the policy domain, see RFC 8461, 10.4",
                         MTA_STS_SHOW(mx->text));
        }
    }
}


/*
 * Adds the domain of an exact name, if it is a policy host.  Names are blamed
 * at the policy's place where their own is not known, as in nginx.
 */

static int
server_add(mta_sts_table_builder_t *builder, const mta_sts_policy_t *policy,
    mta_sts_value_t name, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    mta_sts_str_t    host, prefix;
    mta_sts_entry_t  entry;

    prefix = name.text;
    prefix.len = sizeof("mta-sts.") - 1;

    if (name.text.len <= prefix.len
        || !mta_sts_str_caseeq(prefix, mta_sts_str("mta-sts.")))
    {
        return MTA_STS_OK;
    }

    if (name.place.line == 0) {
        name.place = mta_sts_policy_place(policy);
    }

    if (mta_sts_name_host("server name", &name, env, &host, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (!mta_sts_name_policy_domain(host, &entry.domain)) {
        return mta_sts_error(err, name.place, "invalid server name \"%.*s\", "
                             "\"mta-sts.\" must be followed by a domain",
                             MTA_STS_SHOW(name.text));
    }

    if (entry.domain.len > MTA_STS_NAME_DOMAIN_MAX) {
        return mta_sts_error(err, name.place, "invalid server name \"%.*s\", "
                             "the policy domain must not be longer than %d "
                             "characters", MTA_STS_SHOW(name.text),
                             MTA_STS_NAME_DOMAIN_MAX);
    }

    /* nginx compares with the Host less its dot, and knows no U-labels */

    if (!mta_sts_str_caseeq(name.text, host)) {
        return mta_sts_error(err, name.place, "server name \"%.*s\" is never "
                             "matched, must be \"%.*s\"",
                             MTA_STS_SHOW(name.text), MTA_STS_SHOW(host));
    }

    server_check_domain(policy, entry.domain, env);

    entry.policy = policy;
    entry.place = name.place;

    return mta_sts_table_add(builder, &entry, err);
}


/* Sorts the names into domains and the fallback. */

static int
server_names(mta_sts_server_t *server, mta_sts_table_builder_t *builder,
    const mta_sts_policy_t *policy, const mta_sts_server_name_t *names,
    size_t n, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    size_t           i;
    mta_sts_value_t  name;

    for (i = 0; i < n; i++) {
        name = names[i].value;

        if (names[i].regex || server_is_wildcard(name.text)) {
            server->fallback = policy;
            continue;
        }

        if (mta_sts_str_starts(name.text, mta_sts_str("."))) {
            server->fallback = policy;
            name.text = mta_sts_str_after(name.text, 1);
        }

        if (server_add(builder, policy, name, env, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_OK;
}


int
mta_sts_server_build(mta_sts_server_t *server, mta_sts_policy_t *policy,
    const mta_sts_server_name_t *names, size_t n, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    mta_sts_table_builder_t  builder;

    memset(server, 0, sizeof(mta_sts_server_t));
    memset(&builder, 0, sizeof(mta_sts_table_builder_t));

    if (!mta_sts_policy_exists(policy) && policy->own == 0) {
        return MTA_STS_OK;
    }

    if (server_names(server, &builder, policy, names, n, env, err)
        != MTA_STS_OK)
    {
        goto failed;
    }

    if (builder.n == 0 && server->fallback == NULL && policy->own == 0) {
        return MTA_STS_OK;
    }

    if (mta_sts_policy_render(policy, env, err) != MTA_STS_OK) {
        goto failed;
    }

    if (builder.n == 0 && server->fallback == NULL) {
        mta_sts_warn(env, mta_sts_policy_place(policy), "no server name "
                     "begins with \"mta-sts.\", the policy is not served");
    }

    return mta_sts_table_end(&builder, &server->table, env, err);

failed:

    mta_sts_table_discard(&builder);

    return MTA_STS_ERROR;
}


int
mta_sts_server_collect(const mta_sts_server_t *server,
    mta_sts_table_builder_t *all, mta_sts_err_t *err)
{
    size_t           cursor;
    mta_sts_entry_t  entry;

    cursor = 0;

    while (mta_sts_table_next(&server->table, &cursor, &entry)) {
        if (mta_sts_table_add(all, &entry, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }

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

    if (policy == NULL && server->fallback
        && domain->len <= MTA_STS_NAME_DOMAIN_MAX
        && mta_sts_name_is_host(host))
    {
        policy = server->fallback;
    }

    return policy;
}
