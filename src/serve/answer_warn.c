/*
 * Conflicts and unreachable policies as texts, the same for nginx -t and for
 * the helper.
 */

#include <stdio.h>
#include <stdlib.h>

#include "policy/policy.h"
#include "choose.h"


#define ANSWER_DOMAINS  3             /* that a warning names */


struct mta_sts_answer_pair_s {
    mta_sts_answer_conflict_t   first;
    mta_sts_str_t               domains[ANSWER_DOMAINS];
    size_t                      n;
    size_t                      order;
};


/* "DOMAINS", quoted, into text: all of them if there are few. */

static void
answer_list(const mta_sts_str_t *domains, size_t n, char *text, size_t size)
{
    size_t  i, len;

    text[0] = '\0';
    len = 0;

    for (i = 0; i < n && i < ANSWER_DOMAINS && len < size; i++) {
        len += (size_t) snprintf(text + len, size - len, "%s\"%.*s\"",
                                 i == 0 ? "" : i + 1 == n ? " and " : ", ",
                                 (int) mta_sts_str_cut(domains[i], 60),
                                 domains[i].data);
    }

    if (n > ANSWER_DOMAINS && len < size) {
        (void) snprintf(text + len, size - len, " and %zu more",
                        n - ANSWER_DOMAINS);
    }
}


/*
 * What the chosen server has for the domains that are named: no policy, another
 * one, or one that only differs where the id does not show it.
 */

static const char *
answer_has(const mta_sts_answers_t *answers,
    const mta_sts_answer_conflict_t *conflict, const mta_sts_str_t *domains,
    size_t n)
{
    char                     buf[MTA_STS_NAME_MAX + 1];
    size_t                   i;
    mta_sts_str_t            host, domain;
    const mta_sts_policy_t  *policy, *other;

    for (i = 0; i < n && i < ANSWER_DOMAINS; i++) {
        host = mta_sts_answer_host(domains[i], buf);

        policy = mta_sts_server_find(answers->servers[conflict->server].serves,
                                     host, &domain);
        other = mta_sts_server_find(answers->servers[conflict->chosen].serves,
                                    host, &domain);

        if (policy == NULL || other == NULL
            || !mta_sts_str_eq(mta_sts_policy_body(policy),
                               mta_sts_policy_body(other)))
        {
            return conflict->policy ? "another policy" : "no policy";
        }
    }

    return "another tlsrpt_rua";
}


static int
answer_error(const mta_sts_answers_t *answers,
    const mta_sts_answer_conflict_t *conflict, const mta_sts_str_t *domains,
    size_t n, mta_sts_err_t *err)
{
    char                    list[256];
    mta_sts_place_t         place;
    const char             *them, *has;

    answer_list(domains, n, list, sizeof(list));

    place = answers->servers[conflict->chosen].place;
    them = n == 1 ? "it" : "them";
    has = answer_has(answers, conflict, domains, n);

    if (conflict->address == NULL) {
        return mta_sts_error(err, answers->servers[conflict->server].place,
                             "for domain%s %s the server at %.*s:%u has "
                             "%s", n == 1 ? "" : "s", list,
                             (int) place.file.len, place.file.data, place.line,
                             has);
    }

    return mta_sts_error(err, answers->servers[conflict->server].place,
                         "for domain%s %s nginx chooses the server at %.*s:%u "
                         "on %.*s, which has %s for %s",
                         n == 1 ? "" : "s", list, (int) place.file.len,
                         place.file.data, place.line,
                         MTA_STS_SHOW(conflict->address->text), has, them);
}


int
mta_sts_answers_error(const mta_sts_answers_t *answers,
    const mta_sts_answer_conflict_t *conflict, mta_sts_err_t *err)
{
    return answer_error(answers, conflict, &conflict->domain, 1, err);
}


/*
 * The conflicts of a configured server come one after the other: a server
 * remembers the last pair in which it was chosen.  The same pair of servers on
 * another address is dropped at the end.
 */

void
mta_sts_answer_pairs_add(void *ctx, const mta_sts_answer_conflict_t *conflict)
{
    mta_sts_answer_pairs_t *pairs = ctx;

    mta_sts_answer_pair_t    *pair;
    mta_sts_answer_server_t  *chosen;

    chosen = &pairs->answers->servers[conflict->chosen];
    pair = chosen->pair ? &pairs->pairs[chosen->pair - 1] : NULL;

    if (pair == NULL
        || pair->first.server != conflict->server
        || pair->first.address != conflict->address
        || (pair->first.policy == NULL) != (conflict->policy == NULL))
    {
        pair = mta_sts_env_grow(pairs->env, pairs->pairs, pairs->n,
                                &pairs->size, sizeof(mta_sts_answer_pair_t));
        if (pair == NULL) {
            pairs->failed = 1;
            return;
        }

        pairs->pairs = pair;

        pair = &pairs->pairs[pairs->n++];
        pair->first = *conflict;
        pair->order = pairs->n;
        pair->n = 0;

        chosen->pair = (uint32_t) pairs->n;
    }

    if (pair->n < ANSWER_DOMAINS) {
        pair->domains[pair->n] = conflict->domain;
    }

    pair->n++;
}


static int
answer_pair_cmp(const void *a, const void *b)
{
    const mta_sts_answer_pair_t  *first = a, *second = b;

    if (first->first.server != second->first.server) {
        return first->first.server < second->first.server ? -1 : 1;
    }

    if (first->first.chosen != second->first.chosen) {
        return first->first.chosen < second->first.chosen ? -1 : 1;
    }

    return first->order < second->order ? -1 : 1;
}


void
mta_sts_answer_pairs_warn(mta_sts_answer_pairs_t *pairs)
{
    size_t                        i;
    mta_sts_err_t                 err;
    mta_sts_warnings_t            warnings;
    const mta_sts_answer_pair_t  *pair;

    warnings.n = 0;
    warnings.more = 0;

    if (pairs->n) {
        qsort(pairs->pairs, pairs->n, sizeof(mta_sts_answer_pair_t),
              answer_pair_cmp);
    }

    for (i = 0; i < pairs->n; i++) {
        pair = &pairs->pairs[i];

        if (i && pair[-1].first.server == pair->first.server
            && pair[-1].first.chosen == pair->first.chosen)
        {
            continue;
        }

        (void) answer_error(pairs->answers, &pair->first, pair->domains,
                            pair->n, &err);
        mta_sts_warnings_add(&warnings, &err);
    }

    mta_sts_warnings_report(&warnings, pairs->env);
}


/* Has the server, with TLS, a default policy for the host or for a name? */

static int
answer_covers(const mta_sts_answer_server_t *server, mta_sts_str_t host,
    const mta_sts_answer_server_t *other)
{
    size_t         i, k;
    mta_sts_str_t  domain;

    if (!server->tls || server->serves->default_policy == NULL) {
        return 0;
    }

    if (other == NULL) {
        return mta_sts_server_find(server->serves, host, &domain) != NULL;
    }

    for (i = 0; i < server->n; i++) {
        for (k = 0; k < other->n; k++) {
            if (mta_sts_str_eq(server->names[i].value.text,
                               other->names[k].value.text))
            {
                return 1;
            }
        }
    }

    return 0;
}


static int
answer_is_covered(const mta_sts_answers_t *answers, mta_sts_str_t host,
    const mta_sts_answer_server_t *other)
{
    uint32_t  i;

    for (i = 0; i < answers->n; i++) {
        if (answer_covers(&answers->servers[i], host, other)) {
            return 1;
        }
    }

    return 0;
}


/*
 * Is a policy of a server without TLS in reach of senders at another server?  A
 * default policy that is inherited counts as such: it is there for other names.
 */

static int
answer_is_elsewhere(const mta_sts_answers_t *answers,
    const mta_sts_answer_server_t *server)
{
    char             buf[MTA_STS_NAME_MAX + 1];
    size_t           cursor;
    mta_sts_str_t    domain, none = { NULL, 0 };
    mta_sts_entry_t  entry;

    cursor = 0;

    while (mta_sts_table_next_name(&server->serves->table, &cursor, &domain)) {
        if (!mta_sts_catalog_find_first(&answers->catalog, domain, &entry)
            && !answer_is_covered(answers,
                                  mta_sts_answer_host(domain, buf), NULL))
        {
            return 0;
        }
    }

    return server->serves->default_policy == NULL || !server->own
           || answer_is_covered(answers, none, server);
}


void
mta_sts_answers_warn_unreachable(const mta_sts_answers_t *answers,
    const mta_sts_env_t *env)
{
    uint32_t                        i;
    mta_sts_err_t                   err;
    mta_sts_warnings_t              warnings;
    const mta_sts_answer_server_t  *server;

    warnings.n = 0;
    warnings.more = 0;

    for (i = 0; i < answers->n; i++) {
        server = &answers->servers[i];

        if (server->on
            || (server->serves->table.n == 0
                && (server->serves->default_policy == NULL || !server->own)))
        {
            continue;
        }

        if (server->tls && (server->reject || server->verify)) {
            (void) mta_sts_error(&err, server->place, "senders cannot fetch a "
                                 "policy from this server, \"%s\" is on",
                                 server->reject ? "ssl_reject_handshake"
                                                : "ssl_verify_client");
            mta_sts_warnings_add(&warnings, &err);

        } else if (!server->tls && !server->local
                   && !answer_is_elsewhere(answers, server))
        {
            (void) mta_sts_error(&err, server->place, "senders fetch policies "
                                 "with TLS, but no \"listen\" of this server "
                                 "has \"ssl\"; \"mta_sts on\" says that a "
                                 "proxy adds it");
            mta_sts_warnings_add(&warnings, &err);
        }
    }

    mta_sts_warnings_report(&warnings, env);
}
