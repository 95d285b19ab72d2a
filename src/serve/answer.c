/*
 * Servers and addresses, prepared for questions; and the answer for one domain.
 */

#include "policy/policy.h"
#include "choose.h"


/* Gives n elements of elt bytes, zeroed, or NULL. */

static void *
answer_calloc(const mta_sts_env_t *env, size_t n, size_t elt)
{
    void  *p;

    p = env->alloc(env->ctx, (n + 1) * elt);

    return p ? memset(p, 0, (n + 1) * elt) : NULL;
}


/* Gives each server its addresses. */

static int
answer_init_servers(mta_sts_answers_t *answers, const mta_sts_env_t *env)
{
    uint32_t                   i, k;
    mta_sts_answer_server_t   *server;
    mta_sts_answer_address_t  *address;

    for (i = 0; i < answers->n; i++) {
        server = &answers->servers[i];

        server->tls = 0;
        server->local = 1;
        server->mark = 0;
        server->pair = 0;
        server->addresses = NULL;
        server->n_addresses = 0;
    }

    for (i = 0; i < answers->n_addresses; i++) {
        address = &answers->addresses[i];

        for (k = 0; k < address->n; k++) {
            server = &answers->servers[address->servers[k]];
            server->n_addresses++;
            server->tls |= address->tls;
            server->local &= address->local;
        }
    }

    for (i = 0; i < answers->n_addresses; i++) {
        address = &answers->addresses[i];

        for (k = 0; k < address->n; k++) {
            server = &answers->servers[address->servers[k]];

            if (server->addresses == NULL) {
                server->addresses = answer_calloc(env, server->n_addresses,
                                                  sizeof(uint32_t));
                server->n_addresses = 0;

                if (server->addresses == NULL) {
                    return 0;
                }
            }

            server->addresses[server->n_addresses++] = i;
        }
    }

    return 1;
}


/* Indexes each address; those with the same servers share their index. */

static int
answer_init_addresses(mta_sts_answers_t *answers, const mta_sts_env_t *env)
{
    uint32_t                    i;
    mta_sts_answer_index_t     *index, **first;
    mta_sts_answer_address_t   *address, *other;

    first = answer_calloc(env, answers->n, sizeof(mta_sts_answer_index_t *));
    if (first == NULL) {
        return 0;
    }

    for (i = 0; i < answers->n_addresses; i++) {
        address = &answers->addresses[i];
        address->mark = 0;

        for (index = first[address->servers[0]]; index; index = index->next) {
            other = &answers->addresses[index->address];

            if (other->n == address->n
                && other->default_server == address->default_server
                && memcmp(other->servers, address->servers,
                          address->n * sizeof(uint32_t))
                   == 0)
            {
                break;
            }
        }

        if (index == NULL) {
            index = env->alloc(env->ctx, sizeof(mta_sts_answer_index_t));

            if (index == NULL
                || !mta_sts_choose_index(answers, address, index, env))
            {
                return 0;
            }

            index->address = i;
            index->next = first[address->servers[0]];
            first[address->servers[0]] = index;
        }

        address->index = index;
    }

    return 1;
}


/* Gives each wildcard address the more specific ones of its group. */

static int
answer_init_specifics(mta_sts_answers_t *answers, const mta_sts_env_t *env)
{
    uint32_t                   i, k, n;
    mta_sts_answer_address_t  *address;

    n = 0;

    for (i = 0; i < answers->n_addresses; i++) {
        n += !answers->addresses[i].wildcard;
    }

    for (i = 0; i < answers->n_addresses; i++) {
        address = &answers->addresses[i];
        address->n_specifics = 0;

        if (!address->wildcard) {
            continue;
        }

        address->specifics = answer_calloc(env, n, sizeof(uint32_t));
        if (address->specifics == NULL) {
            return 0;
        }

        for (k = 0; k < answers->n_addresses; k++) {
            if (answers->addresses[k].group == address->group && k != i) {
                address->specifics[address->n_specifics++] = k;
            }
        }
    }

    return 1;
}


int
mta_sts_answers_init(mta_sts_answers_t *answers, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    int                       tls;
    size_t                    n, n_tls;
    uint32_t                  i;
    const mta_sts_server_t  **servers;

    servers = answer_calloc(env, answers->n, sizeof(mta_sts_server_t *));

    if (servers == NULL
        || !answer_init_servers(answers, env)
        || !answer_init_addresses(answers, env)
        || !answer_init_specifics(answers, env))
    {
        return mta_sts_error_memory(err);
    }

    n = 0;
    n_tls = 0;

    for (tls = 1; tls >= 0; tls--) {

        for (i = 0; i < answers->n; i++) {
            if (answers->servers[i].tls == (unsigned) tls) {
                servers[n++] = answers->servers[i].serves;
            }
        }

        n_tls = tls ? n : n_tls;
    }

    return mta_sts_catalog_build(&answers->catalog, servers, n, n_tls, env,
                                 err);
}


mta_sts_str_t
mta_sts_answer_host(mta_sts_str_t domain, char buf[MTA_STS_NAME_MAX + 1])
{
    mta_sts_str_t  host;

    memcpy(buf, "mta-sts.", 8);
    memcpy(buf + 8, domain.data, domain.len);

    host.data = buf;
    host.len = 8 + domain.len;

    return host;
}


/* Is a server with TLS configured for the host? */

static int
answer_has_tls(const mta_sts_answers_t *answers, mta_sts_str_t host)
{
    uint32_t        i;
    mta_sts_str_t   domain;

    for (i = 0; i < answers->n; i++) {
        if (answers->servers[i].tls
            && mta_sts_server_find(answers->servers[i].serves, host, &domain))
        {
            return 1;
        }
    }

    return 0;
}


/* The first server on an address that has a policy for the host; or n. */

static uint32_t
answer_configured(const mta_sts_answers_t *answers,
    const mta_sts_answer_address_t *address, mta_sts_str_t host)
{
    uint32_t        i;
    mta_sts_str_t   domain;

    for (i = 0; i < address->n; i++) {
        if (mta_sts_server_find(answers->servers[address->servers[i]].serves,
                                host, &domain))
        {
            return address->servers[i];
        }
    }

    return answers->n;
}


int
mta_sts_answers_find(const mta_sts_answers_t *answers, mta_sts_str_t domain,
    const mta_sts_policy_t **policy, uint32_t *server,
    mta_sts_answer_conflict_t *conflict)
{
    char                             buf[MTA_STS_NAME_MAX + 1];
    unsigned                         tls;
    uint32_t                         i, configured;
    mta_sts_str_t                    host, ignored;
    const mta_sts_answer_address_t  *address;

    *policy = NULL;

    host = mta_sts_answer_host(domain, buf);
    tls = (unsigned) answer_has_tls(answers, host);

    conflict->domain = domain;
    conflict->carved = 0;

    for (i = 0; i < answers->n_addresses; i++) {
        address = &answers->addresses[i];

        configured = answer_configured(answers, address, host);

        if (address->tls != tls || configured == answers->n) {
            continue;
        }

        conflict->chosen = mta_sts_answers_choose(address, host);
        conflict->policy = mta_sts_server_find(
                                 answers->servers[conflict->chosen].serves,
                                 host, &ignored);

        if (conflict->policy == NULL
            || (*policy && !mta_sts_policy_eq(conflict->policy, *policy)))
        {
            conflict->server = *policy ? *server : configured;
            conflict->address = address;

            return MTA_STS_ERROR;
        }

        if (*policy == NULL) {
            *policy = conflict->policy;
            *server = conflict->chosen;
        }
    }

    return MTA_STS_OK;
}
