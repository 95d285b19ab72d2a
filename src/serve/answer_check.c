/*
 * All domains, and on which addresses nginx's choice is not the policy that is
 * configured.
 *
 * There may be a million domains and a hundred thousand servers, so domains are
 * checked table by table and address by address, and a table only where nginx's
 * choice depends on the host.
 */

#include "policy/policy.h"
#include "choose.h"


/* The check of one table. */

typedef struct {
    mta_sts_answers_t             *answers;
    mta_sts_answer_report_pt       report;
    void                          *ctx;

    const mta_sts_table_t         *table;
    uint32_t                       server;     /* the first one with it */
    uint32_t                      *hint;       /* see answer_owner() */
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

    if (mta_sts_choose_is_constant(address->index)
        && table->names == check->table->names)
    {
        return;
    }

    conflict.server = server;
    conflict.address = address;

    cursor = 0;

    while (mta_sts_table_next_name(check->table, &cursor, &conflict.domain)) {
        host = mta_sts_answer_host(conflict.domain, buf);

        conflict.chosen = mta_sts_answers_choose(address, host);
        table = &check->answers->servers[conflict.chosen].serves->table;

        if (table->names != check->table->names) {
            answer_compare(check, walk, host, &conflict);
        }
    }
}


/*
 * Walks over the addresses of a server, once for those that share an index;
 * then over the more specific ones, which are none of the table's servers.
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
 * Finds the server from which the catalog has the policy of a domain, among
 * those that have TLS if the table's have it; or n.  The search goes on after
 * the last one found, since two servers often differ for many domains, and many
 * pairs of servers come in the same order.
 */

static uint32_t
answer_owner(const answer_check_t *check, mta_sts_str_t domain,
    const mta_sts_policy_t *policy)
{
    uint32_t                        i, k;
    const mta_sts_answers_t        *answers;
    const mta_sts_answer_server_t  *server;

    answers = check->answers;

    for (i = 0; i < answers->n; i++) {
        k = (*check->hint + i) % answers->n;
        server = &answers->servers[k];

        if (server->tls == (unsigned) check->tls
            && mta_sts_table_policy(&server->serves->table, domain) == policy)
        {
            *check->hint = k;
            return k;
        }
    }

    return answers->n;
}


/*
 * Reports the domains for which another table comes first in the catalog.  That
 * of a server with TLS beats one without.
 */

static void
answer_check_catalog(const answer_check_t *check)
{
    size_t                      cursor;
    uint32_t                    i;
    mta_sts_str_t               domain;
    mta_sts_entry_t             entry;
    mta_sts_answers_t          *answers;
    const mta_sts_policy_t     *policy;
    mta_sts_answer_conflict_t   conflict;

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

        i = answer_owner(check, domain, entry.policy);

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
    uint32_t                        i, k, hint;
    answer_check_t                  check;
    const mta_sts_answer_server_t  *server;

    check.answers = answers;
    check.report = report;
    check.ctx = ctx;
    check.hint = &hint;

    hint = 0;

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
