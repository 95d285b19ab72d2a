/*
 * Which addresses count for a domain, and where nginx's choice on one of them
 * is not the policy that is configured.
 *
 * There may be a million domains and a hundred thousand servers, so all domains
 * are checked table by table and address by address, and a table only where
 * nginx's choice depends on the host.
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


/* Tells each server its addresses. */

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

            if (index == NULL || !choose_index(answers, address, index, env)) {
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


/* Tells each wildcard address the more specific ones of its group. */

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


/* The policy host of a domain, in buf. */

static mta_sts_str_t
answer_host(mta_sts_str_t domain, char buf[MTA_STS_NAME_MAX + 1])
{
    mta_sts_str_t  host;

    memcpy(buf, "mta-sts.", 8);
    memcpy(buf + 8, domain.data, domain.len);

    host.data = buf;
    host.len = 8 + domain.len;

    return host;
}


/* The check of one table. */

typedef struct {
    mta_sts_answers_t             *answers;
    mta_sts_answer_report_pt       report;
    void                          *ctx;

    const mta_sts_table_t         *table;
    uint32_t                       server;     /* the first one with it */
    int                            tls;        /* one of them has TLS */
} answer_check_t;


/* Why the domains of a table are looked up on an address. */

typedef enum {
    ANSWER_OWN = 0,              /* the table's servers are on it */
    ANSWER_CARVED,               /* it is more specific than one of theirs */
    ANSWER_ELSEWHERE             /* it has a server with a default policy */
} answer_walk_e;


/*
 * Reports a domain for which the chosen server has no policy, or another one by
 * its default policy; two tables that have the domain are for
 * answer_check_catalog().
 */

static void
answer_compare(const answer_check_t *check, answer_walk_e walk,
    mta_sts_str_t host, mta_sts_answer_conflict_t *conflict)
{
    mta_sts_str_t            domain;
    mta_sts_entry_t          entry;
    const mta_sts_server_t  *serves;

    serves = check->answers->servers[conflict->chosen].serves;

    conflict->policy = mta_sts_server_find(serves, host, &domain);
    conflict->carved = walk == ANSWER_CARVED && conflict->policy == NULL;

    if (conflict->policy == NULL) {

        if (walk == ANSWER_ELSEWHERE) {
            return;
        }

    } else if (mta_sts_table_policy(&serves->table, domain)
               || mta_sts_policy_eq(conflict->policy,
                                    mta_sts_table_policy(check->table,
                                                         domain)))
    {
        return;
    }

    /* another table may be on an address with TLS */

    if (check->tls
        || !mta_sts_catalog_find_first(&check->answers->catalog, domain,
                                       &entry))
    {
        check->report(check->ctx, conflict);
    }
}


/* Looks all domains of the table up on an address. */

static void
answer_walk(const answer_check_t *check,
    const mta_sts_answer_address_t *address, answer_walk_e walk,
    uint32_t server)
{
    char                        buf[MTA_STS_NAME_MAX + 1];
    size_t                      cursor;
    mta_sts_str_t               host;
    const mta_sts_table_t      *table;
    mta_sts_answer_conflict_t   conflict;

    table = &check->answers->servers[address->index->otherwise].serves->table;

    if (choose_is_constant(address->index)
        && table->names == check->table->names)
    {
        return;
    }

    conflict.server = server;
    conflict.address = address;

    cursor = 0;

    while (mta_sts_table_next_name(check->table, &cursor, &conflict.domain)) {
        host = answer_host(conflict.domain, buf);

        conflict.chosen = mta_sts_answers_choose(address, host);
        table = &check->answers->servers[conflict.chosen].serves->table;

        if (table->names != check->table->names) {
            answer_compare(check, walk, host, &conflict);
        }
    }
}


/*
 * Walks over the addresses of a server, but once for those that share an index;
 * then over the more specific ones, which are no address of the table's servers.
 */

static void
answer_check_server(const answer_check_t *check, uint32_t s, uint32_t mark)
{
    uint32_t                        i, k;
    mta_sts_answers_t              *answers;
    mta_sts_answer_address_t       *address, *specific, *first;
    const mta_sts_answer_server_t  *server;

    answers = check->answers;
    server = &answers->servers[s];

    for (i = 0; i < server->n_addresses; i++) {
        address = &answers->addresses[server->addresses[i]];
        first = &answers->addresses[address->index->address];

        if (first->mark == mark || address->tls != (unsigned) check->tls) {
            continue;
        }

        first->mark = mark;
        answer_walk(check, address, ANSWER_OWN, s);
    }

    for (i = 0; i < server->n_addresses; i++) {
        address = &answers->addresses[server->addresses[i]];

        for (k = 0; k < address->n_specifics
                    && address->tls == (unsigned) check->tls; k++)
        {
            specific = &answers->addresses[address->specifics[k]];
            first = &answers->addresses[specific->index->address];

            if (first->mark != mark && specific->tls >= address->tls) {
                first->mark = mark;
                answer_walk(check, specific, ANSWER_CARVED, s);
            }
        }
    }
}


/* Has a server of the table an address that counts with that port? */

static int
answer_has_port(const answer_check_t *check, uint32_t mark, uint32_t port)
{
    uint32_t                         s, i;
    const mta_sts_answers_t         *answers;
    const mta_sts_answer_server_t   *server;
    const mta_sts_answer_address_t  *address;

    answers = check->answers;

    for (s = check->server; s < answers->n; s++) {
        server = &answers->servers[s];

        for (i = 0; server->mark == mark && i < server->n_addresses; i++) {
            address = &answers->addresses[server->addresses[i]];

            if ((address->group & 0xffff) == port
                && address->tls == (unsigned) check->tls)
            {
                return 1;
            }
        }

        if (!answers->servers[check->server].serves->shared) {
            break;
        }
    }

    return 0;
}


/*
 * The same on addresses of other servers, where one has a default policy: over
 * IPv6, say, if the table's servers have only IPv4.  Senders reach both with
 * one port; what has another one is something else.
 */

static void
answer_check_elsewhere(const answer_check_t *check, uint32_t mark)
{
    uint32_t                   i;
    mta_sts_answers_t         *answers;
    mta_sts_answer_address_t  *address;

    answers = check->answers;

    for (i = 0; i < answers->n_addresses; i++) {
        address = &answers->addresses[i];

        if (address->index->defaults
            && address->tls >= (unsigned) check->tls
            && answers->addresses[address->index->address].mark != mark
            && answer_has_port(check, mark, address->group & 0xffff))
        {
            answers->addresses[address->index->address].mark = mark;
            answer_walk(check, address, ANSWER_ELSEWHERE, check->server);
        }
    }
}


/*
 * Reports the domains for which another table comes first in the catalog.  That
 * of a server with TLS beats one without.
 */

static void
answer_check_catalog(const answer_check_t *check)
{
    size_t                          cursor;
    uint32_t                        i;
    mta_sts_str_t                   domain;
    mta_sts_entry_t                 entry;
    mta_sts_answers_t              *answers;
    const mta_sts_policy_t         *policy;
    mta_sts_answer_conflict_t       conflict;
    const mta_sts_answer_server_t  *server;

    answers = check->answers;
    cursor = 0;

    if (mta_sts_catalog_has(&answers->catalog, check->table)) {
        return;
    }

    while (mta_sts_table_next_name(check->table, &cursor, &domain)) {
        policy = mta_sts_table_policy(check->table, domain);

        if (!mta_sts_catalog_find(&answers->catalog, domain, &entry)
            || mta_sts_policy_eq(entry.policy, policy))
        {
            continue;
        }

        for (i = 0; i < answers->n; i++) {
            server = &answers->servers[i];

            if (server->tls == (unsigned) check->tls
                && mta_sts_table_policy(&server->serves->table, domain)
                   == entry.policy)
            {
                break;
            }
        }

        if (i == answers->n) {
            continue;
        }

        conflict.domain = domain;
        conflict.server = i;
        conflict.chosen = check->server;
        conflict.address = NULL;
        conflict.policy = policy;
        conflict.carved = 0;

        check->report(check->ctx, &conflict);
    }
}


void
mta_sts_answers_check(mta_sts_answers_t *answers,
    mta_sts_answer_report_pt report, void *ctx)
{
    uint32_t                        i, k;
    answer_check_t                  check;
    const mta_sts_answer_server_t  *server;

    check.answers = answers;
    check.report = report;
    check.ctx = ctx;

    for (i = 0; i < answers->n; i++) {
        answers->servers[i].mark = 0;
    }

    for (i = 0; i < answers->n; i++) {
        server = &answers->servers[i];

        if (server->serves->table.n == 0 || server->mark) {
            continue;
        }

        check.table = &server->serves->table;
        check.server = i;
        check.tls = 0;

        /* domains files are shared */

        for (k = i; k < answers->n; k++) {
            if (answers->servers[k].serves->table.names
                == check.table->names)
            {
                answers->servers[k].mark = i + 1;
                check.tls |= (int) answers->servers[k].tls;
            }

            if (!server->serves->shared) {
                break;
            }
        }

        for (k = i; k < answers->n; k++) {
            if (answers->servers[k].mark == i + 1) {
                answer_check_server(&check, k, i + 1);
            }

            if (!server->serves->shared) {
                break;
            }
        }

        answer_check_elsewhere(&check, i + 1);
        answer_check_catalog(&check);
    }
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

    host = answer_host(domain, buf);
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
