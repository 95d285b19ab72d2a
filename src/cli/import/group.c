/*
 * Equal policies become one named policy.
 *
 * Domains are sorted by the bytes of their policy, and those with equal bytes
 * by their report URIs.  Several that have both in common have a named policy.
 * Those that are alone with their URIs refer to one with equal bytes and have
 * their own tlsrpt_rua, if there is any; a setting cannot be taken away, so one
 * without URIs needs a policy without them.
 */

#include <search.h>
#include <stdlib.h>

#include "cli/diag/diag.h"
#include "import.h"


static int
group_domain_cmp(const void *a, const void *b)
{
    const import_domain_t  *x = a, *y = b;

    return mta_sts_str_cmp(x->domain, y->domain);
}


static int
group_policy_cmp(const mta_sts_policy_t *a, const mta_sts_policy_t *b)
{
    int  rc;

    rc = mta_sts_str_cmp(mta_sts_policy_body(a), mta_sts_policy_body(b));

    return rc ? rc : mta_sts_str_cmp(mta_sts_policy_rua(a),
                                     mta_sts_policy_rua(b));
}


static int
group_member_cmp(const void *a, const void *b)
{
    const import_domain_t  *x = *(import_domain_t *const *) a;
    const import_domain_t  *y = *(import_domain_t *const *) b;

    if (x->policy != y->policy) {
        return group_policy_cmp(x->policy, y->policy);
    }

    return group_domain_cmp(x, y);
}


/* The largest first. */

static int
group_cmp(const void *a, const void *b)
{
    const import_group_t  *x = *(import_group_t *const *) a;
    const import_group_t  *y = *(import_group_t *const *) b;

    if (x->n != y->n) {
        return x->n > y->n ? -1 : 1;
    }

    return group_policy_cmp(x->policy, y->policy);
}


static import_group_t *
group_add(import_t *import, size_t *size, const mta_sts_policy_t *policy)
{
    import_group_t  *group;

    group = import->env.alloc(import->env.ctx, sizeof(import_group_t));
    memset(group, 0, sizeof(import_group_t));

    group->policy = policy;

    import->groups = mta_sts_env_grow(&import->env, import->groups,
                                      import->n_groups, size,
                                      sizeof(import_group_t *));
    import->groups[import->n_groups++] = group;

    return group;
}


static void
group_join(import_domain_t *domain, import_group_t *group)
{
    domain->group = group;
    group->n++;
}


/* A policy without report URIs. */

static const mta_sts_policy_t *
group_without_rua(import_t *import, const mta_sts_policy_t *policy)
{
    mta_sts_policy_t  *copy;

    copy = mta_sts_policy_copy(policy, &import->env);
    copy->rua_len = 0;

    return copy;
}


/* Groups the n members with equal bytes. */

static void
group_body(import_t *import, size_t *size, import_domain_t **members, size_t n)
{
    size_t           i, k, end, alone, first;
    import_group_t  *base, *group;

    first = import->n_groups;
    alone = 0;

    for (i = 0; i < n; i = end) {

        for (end = i + 1; end < n; end++) {
            if (members[end]->policy != members[i]->policy) {
                break;
            }
        }

        if (end == i + 1) {
            alone++;
            continue;
        }

        group = group_add(import, size, members[i]->policy);

        for (k = i; k < end; k++) {
            group_join(members[k], group);
        }
    }

    if (import->n_groups == first && alone < 2) {
        return;
    }

    if (import->n_groups == first) {
        (void) group_add(import, size,
                         group_without_rua(import, members[0]->policy));
    }

    base = import->groups[first];

    for (i = 0; i < n; i++) {
        if (members[i]->group == NULL
            && (base->policy->rua_len == 0 || members[i]->policy->rua_len))
        {
            group_join(members[i], base);
        }
    }
}


/*
 * The label below the public suffix of the first mx: "outlook" of
 * "a.mail.protection.outlook.com".
 */

static mta_sts_str_t
group_label(const import_t *import, const mta_sts_policy_t *policy)
{
    size_t         cursor;
    mta_sts_str_t  mx, domain;

    cursor = 0;

    if (!mta_sts_policy_next_mx(policy, &cursor, &mx)) {
        return mta_sts_policy_mode(policy);
    }

    if (mta_sts_str_starts(mx, mta_sts_str("*."))) {
        mx = mta_sts_str_after(mx, 2);
    }

    domain = import_registrable(mx, &import->env);

    if (domain.len == 0) {
        return mta_sts_str_copy(&import->env, mx);
    }

    (void) field_next(&domain, '.', &mx);

    return mta_sts_str_copy(&import->env, mx);
}


/* Names that are taken, each with the last number after it. */

typedef struct {
    mta_sts_str_t  name;
    unsigned       number;
    uint8_t        mode;              /* of the policy that has it */
} group_name_t;


static int
group_name_cmp(const void *a, const void *b)
{
    const group_name_t  *x = a, *y = b;

    return mta_sts_str_cmp(x->name, y->name);
}


/* Takes a name.  Returns its node: a new one, or the one that has it. */

static group_name_t *
group_take(const import_t *import, void **names, mta_sts_str_t name,
    uint8_t mode, int *taken)
{
    void          **found;
    group_name_t   *node, key = { name, 0, mode };

    found = tfind(&key, names, group_name_cmp);
    *taken = found != NULL;

    if (found) {
        return *found;
    }

    node = import->env.alloc(import->env.ctx, sizeof(group_name_t));
    *node = key;
    node->number = 1;

    if (tsearch(node, names, group_name_cmp) == NULL) {
        diag_no_memory();
    }

    return node;
}


/* "outlook", and after it "outlook-testing", "outlook-2", "outlook-3" */

static void
group_name(import_t *import, void **names, import_group_t *group)
{
    int             taken;
    uint8_t         mode;
    mta_sts_str_t   label;
    mta_sts_buf_t   text = { &import->env, NULL, 0, 0, 0 };
    group_name_t   *node;

    mode = group->policy->mode;
    label = group_label(import, group->policy);
    node = group_take(import, names, label, mode, &taken);

    group->name = label;

    mta_sts_buf_add(&text, label);
    mta_sts_buf_add_char(&text, '-');

    if (taken && mode != node->mode) {
        mta_sts_buf_add(&text, mta_sts_policy_mode(group->policy));

        group->name = mta_sts_str_copy(&import->env, mta_sts_buf_str(&text));
        (void) group_take(import, names, group->name, mode, &taken);
    }

    while (taken) {
        text.len = label.len + 1;
        mta_sts_buf_add_uint(&text, ++node->number);

        group->name = mta_sts_str_copy(&import->env, mta_sts_buf_str(&text));
        (void) group_take(import, names, group->name, mode, &taken);
    }
}


static void
group_names(import_t *import)
{
    void    *names;
    size_t   i;

    names = NULL;

    for (i = 0; i < import->n_groups; i++) {
        group_name(import, &names, import->groups[i]);
    }

    while (names) {
        (void) tdelete(*(void **) names, &names, group_name_cmp);
    }
}


/* A place has no line if it is a file of a folder. */

static void
group_refuse(import_t *import, const import_domain_t *domain,
    mta_sts_place_t other)
{
    if (other.line == 0) {
        import_refuse(import, domain->place, domain->domain, "another policy "
                      "is at %.*s", MTA_STS_SHOW(other.file));
        return;
    }

    import_refuse(import, domain->place, domain->domain, "another policy is at "
                  "%.*s:%u", MTA_STS_SHOW(other.file), other.line);
}


/* Each domain once: of two that have different policies, none is right. */

static void
group_once(import_t *import)
{
    size_t            i, k, end;
    import_domain_t  *domain, *other;

    for (i = 0, k = 0; i < import->n; i = end) {
        domain = &import->domains[i];
        other = NULL;

        for (end = i + 1; end < import->n; end++) {
            if (!mta_sts_str_eq(import->domains[end].domain, domain->domain)) {
                break;
            }

            if (import->domains[end].policy != domain->policy) {
                other = &import->domains[end];
            }
        }

        if (other) {
            group_refuse(import, domain, other->place);
            continue;
        }

        import->domains[k++] = *domain;
    }

    import->n = k;
}


void
import_end(import_t *import)
{
    size_t             i, end, size;
    mta_sts_str_t      body;
    import_domain_t  **members;

    if (import->n == 0) {
        return;
    }

    qsort(import->domains, import->n, sizeof(import_domain_t),
          group_domain_cmp);
    group_once(import);

    members = diag_calloc(import->n, sizeof(import_domain_t *));

    for (i = 0; i < import->n; i++) {
        members[i] = &import->domains[i];
    }

    qsort(members, import->n, sizeof(import_domain_t *), group_member_cmp);

    size = 0;

    for (i = 0; i < import->n; i = end) {
        body = mta_sts_policy_body(members[i]->policy);

        for (end = i + 1; end < import->n; end++) {
            if (!mta_sts_str_eq(mta_sts_policy_body(members[end]->policy),
                                body))
            {
                break;
            }
        }

        group_body(import, &size, members + i, end - i);
    }

    free(members);

    if (import->n_groups) {
        qsort(import->groups, import->n_groups, sizeof(import_group_t *),
              group_cmp);
    }

    group_names(import);
}
