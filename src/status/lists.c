/*
 * The domains that were fetched most and least recently, and never.  One walk
 * over all domains of the configuration: a million take 50 ms.
 */

#include <stdlib.h>

#include "status.h"


/* Does a come before b in a list? */

typedef int (*lists_before_pt)(const mta_sts_status_domain_t *a,
    const mta_sts_status_domain_t *b);


static int
lists_recent(const mta_sts_status_domain_t *a,
    const mta_sts_status_domain_t *b)
{
    return a->time != b->time ? a->time > b->time
                              : mta_sts_str_cmp(a->domain, b->domain) < 0;
}


static int
lists_oldest(const mta_sts_status_domain_t *a,
    const mta_sts_status_domain_t *b)
{
    return a->time != b->time ? a->time < b->time
                              : mta_sts_str_cmp(a->domain, b->domain) < 0;
}


/* Moves the element at i down to where no child comes after it. */

static void
lists_sift(mta_sts_status_list_t *list, size_t i, lists_before_pt before)
{
    size_t                   child;
    mta_sts_status_domain_t  swap;

    for (child = 2 * i + 1; child < list->n; i = child, child = 2 * i + 1) {

        if (child + 1 < list->n
            && before(&list->elts[child], &list->elts[child + 1]))
        {
            child++;
        }

        if (!before(&list->elts[i], &list->elts[child])) {
            return;
        }

        swap = list->elts[i];
        list->elts[i] = list->elts[child];
        list->elts[child] = swap;
    }
}


/* Keeps the first max of what is added, in a heap whose top is the last. */

static void
lists_keep(mta_sts_status_list_t *list, size_t max,
    const mta_sts_status_domain_t *domain, lists_before_pt before)
{
    size_t  i;

    if (list->n < max) {
        list->elts[list->n++] = *domain;

        for (i = list->n == max ? max / 2 : 0; i-- > 0; /* void */ ) {
            lists_sift(list, i, before);
        }

    } else if (before(domain, &list->elts[0])) {
        list->elts[0] = *domain;
        lists_sift(list, 0, before);
    }
}


static int
lists_cmp_recent(const void *a, const void *b)
{
    return lists_recent(a, b) ? -1 : lists_recent(b, a);
}


static int
lists_cmp_oldest(const void *a, const void *b)
{
    return lists_oldest(a, b) ? -1 : lists_oldest(b, a);
}


static void
lists_add(mta_sts_status_t *status, mta_sts_status_view_t *view,
    mta_sts_str_t name)
{
    mta_sts_status_domain_t  domain;

    mta_sts_status_counter(status, name, &domain);

    view->n_domains++;

    if (domain.count) {
        lists_keep(&view->recent, view->max, &domain, lists_recent);
        lists_keep(&view->oldest, view->max, &domain, lists_oldest);
        return;
    }

    if (view->never.n < view->max) {
        view->never.elts[view->never.n++] = domain;
    }

    view->n_never++;
}


/* Is the domain in one of the first n tables? */

static int
lists_is_known(const mta_sts_status_view_t *view, size_t n,
    mta_sts_str_t domain)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (mta_sts_table_policy(view->tables[i], domain)) {
            return 1;
        }
    }

    return 0;
}


int
mta_sts_status_lists(mta_sts_status_t *status, mta_sts_status_view_t *view,
    mta_sts_err_t *err)
{
    size_t                    i, cursor;
    mta_sts_str_t             domain;
    mta_sts_status_domain_t  *elts;

    elts = view->env->alloc(view->env->ctx,
                            3 * view->max * sizeof(mta_sts_status_domain_t));
    if (elts == NULL) {
        return mta_sts_error_memory(err);
    }

    view->recent.elts = elts;
    view->oldest.elts = elts + view->max;
    view->never.elts = elts + 2 * view->max;

    for (i = 0; i < view->n_tables; i++) {
        cursor = 0;

        while (mta_sts_table_next_name(view->tables[i], &cursor, &domain)) {
            if (!lists_is_known(view, i, domain)) {
                lists_add(status, view, domain);
            }
        }
    }

    qsort(view->recent.elts, view->recent.n, sizeof(mta_sts_status_domain_t),
          lists_cmp_recent);
    qsort(view->oldest.elts, view->oldest.n, sizeof(mta_sts_status_domain_t),
          lists_cmp_oldest);

    return MTA_STS_OK;
}
