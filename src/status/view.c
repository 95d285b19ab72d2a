/*
 * From counters to the values of an answer.
 */

#include "names.h"


static int
view_policies(const mta_sts_status_t *status, mta_sts_status_view_t *view,
    mta_sts_err_t *err)
{
    size_t                    size;
    uint32_t                  cursor;
    mta_sts_status_policy_t  *elts, policy;

    size = 0;
    cursor = 0;

    view->policies = NULL;
    view->n_policies = 0;

    while (mta_sts_status_next_name(status, &cursor, &policy)) {
        elts = mta_sts_env_grow(view->env, view->policies, view->n_policies,
                                &size, sizeof(mta_sts_status_policy_t));
        if (elts == NULL) {
            return mta_sts_error_memory(err);
        }

        view->policies = elts;
        elts[view->n_policies++] = policy;
    }

    return MTA_STS_OK;
}


/* Fetches by hour, the last of which is the one that is now. */

static void
view_hours(const mta_sts_status_t *status, mta_sts_status_view_t *view)
{
    size_t    i;
    uint64_t  hour, begin, end;

    end = view->fetches;
    hour = mta_sts_status_get(&status->next) / 3600 - 1;

    for (i = MTA_STS_STATUS_HOURS; i-- > 0; hour--) {
        begin = mta_sts_status_get(
                    &status->hours[hour % MTA_STS_STATUS_HOURS]);

        /* a process may have counted meanwhile */

        view->hours[i] = end > begin ? end - begin : 0;
        end = begin;
    }
}


int
mta_sts_status_read(mta_sts_status_t *status, mta_sts_status_view_t *view,
    mta_sts_err_t *err)
{
    size_t  mode, code;

    mta_sts_status_hour(status, view->now);

    view->fetches = 0;

    for (mode = 0; mode < MTA_STS_STATUS_MODES; mode++) {
        for (code = 0; code < MTA_STS_STATUS_CODES; code++) {
            view->requests[code][mode] =
                          mta_sts_status_get(&status->requests[code][mode]);
        }

        view->fetches += view->requests[MTA_STS_STATUS_200][mode];
    }

    for (code = 0; code < MTA_STS_REPORT_CODES; code++) {
        view->reports[code] = mta_sts_status_get(&status->reports[code]);
    }

    view->start = status->start;
    view->bytes = mta_sts_status_get(&status->bytes);
    view->without_policy = mta_sts_status_get(&status->without_policy);
    view->handshakes = mta_sts_status_get(&status->handshakes);
    view->uncounted = mta_sts_status_get(&status->uncounted);
    view->n_counted = mta_sts_status_get(&status->n_domains)
                      - mta_sts_status_get(&status->n_released);
    view->max_counted = status->max_domains;

    view_hours(status, view);

    if (view_policies(status, view, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    return view->max ? mta_sts_status_lists(status, view, err) : MTA_STS_OK;
}


void
mta_sts_status_counter(mta_sts_status_t *status, mta_sts_str_t domain,
    mta_sts_status_domain_t *counter)
{
    mta_sts_status_slot_t  *slot;

    slot = mta_sts_status_find(status, mta_sts_status_hash(status, domain));

    counter->domain = domain;
    counter->count = slot ? mta_sts_status_get(&slot->count) : 0;
    counter->time = slot ? mta_sts_status_get(&slot->time) : 0;
}


int
mta_sts_status_ask(mta_sts_status_t *status, mta_sts_status_view_t *view,
    mta_sts_str_t typed, mta_sts_err_t *err)
{
    size_t           i;
    mta_sts_str_t    domain;
    mta_sts_value_t  value = { typed, MTA_STS_NOWHERE };

    view->asked.typed = typed;

    if (mta_sts_name_domain("domain", &value, view->env, &domain, err)
        != MTA_STS_OK)
    {
        if (err->memory) {
            return MTA_STS_ERROR;
        }

        view->asked.error = mta_sts_str_copy(view->env,
                                             mta_sts_str_from(err->text));

        return view->asked.error.data ? MTA_STS_OK : mta_sts_error_memory(err);
    }

    /* who copies a host from a log means its domain */

    (void) mta_sts_name_policy_domain(domain, &domain);

    view->asked.entry.domain = domain;

    for (i = 0; i < view->n_tables && !view->asked.found; i++) {
        view->asked.found = mta_sts_table_find(view->tables[i], domain,
                                               &view->asked.entry);
    }

    mta_sts_status_counter(status, domain, &view->asked.counter);

    return MTA_STS_OK;
}
