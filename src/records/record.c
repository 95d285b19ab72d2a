/*
 * The records of one policy domain, as values; each output format writes them
 * down in its own way.
 */

#include "records.h"


static mta_sts_str_t
record_label(mta_sts_record_kind_e kind)
{
    switch (kind) {

    case MTA_STS_RECORD_POLICY:
        return mta_sts_str("_mta-sts");

    case MTA_STS_RECORD_TLSRPT:
        return mta_sts_str("_smtp._tls");

    default: /* MTA_STS_RECORD_ADDRESS */
        return mta_sts_str("mta-sts");
    }
}


/* Are records of that kind wanted, on this side of a delegation? */

static int
record_wanted(const mta_sts_entry_t *entry,
    const mta_sts_record_wanted_t *wanted, mta_sts_record_kind_e kind)
{
    if (wanted->kinds && !(wanted->kinds & kind)) {
        return 0;
    }

    switch (kind) {

    case MTA_STS_RECORD_POLICY:
        return 1;

    case MTA_STS_RECORD_TLSRPT:
        return entry->policy->rua_len != 0;

    default: /* MTA_STS_RECORD_ADDRESS */
        return wanted->n_targets
               && (wanted->delegate.len == 0 || wanted->customer);
    }
}


int
mta_sts_record_is_alias(const mta_sts_record_wanted_t *wanted,
    mta_sts_record_kind_e kind)
{
    return kind == MTA_STS_RECORD_ADDRESS
           ? mta_sts_str_eq(wanted->targets[0].type, mta_sts_str("CNAME"))
           : wanted->customer;
}


int
mta_sts_record_check(const mta_sts_entry_t *entry,
    const mta_sts_record_wanted_t *wanted, mta_sts_err_t *err)
{
    mta_sts_record_kind_e  kind;

    if (wanted->delegate.len == 0) {
        return MTA_STS_OK;
    }

    kind = record_wanted(entry, wanted, MTA_STS_RECORD_TLSRPT)
           ? MTA_STS_RECORD_TLSRPT : MTA_STS_RECORD_POLICY;

    if (entry->domain.len + record_label(kind).len + wanted->delegate.len + 2
        > MTA_STS_NAME_MAX)
    {
        return mta_sts_error(err, entry->place, "domain \"%.*s\" is too long "
                             "to be delegated to \"%.*s\"",
                             MTA_STS_SHOW(entry->domain),
                             MTA_STS_SHOW(wanted->delegate));
    }

    return MTA_STS_OK;
}


/* LABEL.DOMAIN, or with a delegate DOMAIN.LABEL.DELEGATE */

static int
record_name(mta_sts_str_t label, mta_sts_str_t domain, mta_sts_str_t delegate,
    const mta_sts_env_t *env, mta_sts_str_t *name, mta_sts_err_t *err)
{
    mta_sts_buf_t  buf = { env, NULL, 0, 0, 0 };

    mta_sts_buf_add(&buf, delegate.len ? domain : label);
    mta_sts_buf_add_char(&buf, '.');
    mta_sts_buf_add(&buf, delegate.len ? label : domain);

    if (delegate.len) {
        mta_sts_buf_add_char(&buf, '.');
        mta_sts_buf_add(&buf, delegate);
    }

    *name = mta_sts_buf_str(&buf);

    return buf.failed ? mta_sts_error_memory(err) : MTA_STS_OK;
}


int
mta_sts_record_owner(const mta_sts_entry_t *entry,
    const mta_sts_record_wanted_t *wanted, mta_sts_record_kind_e kind,
    const mta_sts_env_t *env, mta_sts_str_t *name, mta_sts_err_t *err)
{
    int            rc;
    mta_sts_str_t  none = { NULL, 0 };

    *name = none;

    if (!record_wanted(entry, wanted, kind)) {
        return MTA_STS_OK;
    }

    rc = record_name(record_label(kind), entry->domain,
                     wanted->customer ? none : wanted->delegate, env, name,
                     err);

    if (rc == MTA_STS_OK && kind == MTA_STS_RECORD_ADDRESS
        && mta_sts_str_eq(wanted->targets[0].value, *name))
    {
        *name = none;
    }

    return rc;
}


/* The value of a TXT record, or of the customer's alias in its place. */

static int
record_value(const mta_sts_entry_t *entry,
    const mta_sts_record_wanted_t *wanted, mta_sts_record_kind_e kind,
    const mta_sts_env_t *env, mta_sts_str_t *value, mta_sts_err_t *err)
{
    mta_sts_buf_t  buf = { env, NULL, 0, 0, 0 };

    if (wanted->customer) {
        return record_name(record_label(kind), entry->domain,
                           wanted->delegate, env, value, err);
    }

    if (kind == MTA_STS_RECORD_POLICY) {
        mta_sts_buf_add_cstr(&buf, "v=STSv1; id=");
        mta_sts_buf_add(&buf, mta_sts_policy_id(entry->policy));
        mta_sts_buf_add_char(&buf, ';');

    } else {
        mta_sts_buf_add_cstr(&buf, "v=TLSRPTv1; rua=");
        mta_sts_buf_add(&buf, mta_sts_policy_rua(entry->policy));
    }

    *value = mta_sts_buf_str(&buf);

    return buf.failed ? mta_sts_error_memory(err) : MTA_STS_OK;
}


/* Appends the records of one kind; those of the policy host are several. */

static int
record_add(const mta_sts_entry_t *entry,
    const mta_sts_record_wanted_t *wanted, mta_sts_record_kind_e kind,
    const mta_sts_env_t *env, mta_sts_record_t *records, size_t *n,
    mta_sts_err_t *err)
{
    int                rc;
    size_t             i;
    mta_sts_record_t  *record;

    record = &records[*n];

    rc = mta_sts_record_owner(entry, wanted, kind, env, &record->name, err);

    if (rc != MTA_STS_OK || record->name.len == 0) {
        return rc;
    }

    record->kind = kind;
    record->ttl = wanted->ttl;
    (*n)++;

    if (kind != MTA_STS_RECORD_ADDRESS) {
        record->type = mta_sts_record_is_alias(wanted, kind)
                       ? mta_sts_str("CNAME") : mta_sts_str("TXT");

        return record_value(entry, wanted, kind, env, &record->value, err);
    }

    record->type = wanted->targets[0].type;
    record->value = wanted->targets[0].value;

    for (i = 1; i < wanted->n_targets; i++) {
        records[*n] = *record;
        records[*n].type = wanted->targets[i].type;
        records[*n].value = wanted->targets[i].value;
        (*n)++;
    }

    return MTA_STS_OK;
}


int
mta_sts_record_build(const mta_sts_entry_t *entry,
    const mta_sts_record_wanted_t *wanted, const mta_sts_env_t *env,
    mta_sts_record_t **records, size_t *n, mta_sts_err_t *err)
{
    unsigned  kind;

    *n = 0;
    *records = env->alloc(env->ctx, (wanted->n_targets + 3)
                                    * sizeof(mta_sts_record_t));
    if (*records == NULL) {
        return mta_sts_error_memory(err);
    }

    for (kind = MTA_STS_RECORD_POLICY; kind & MTA_STS_RECORD_ALL; kind <<= 1) {
        if (record_add(entry, wanted, (mta_sts_record_kind_e) kind, env,
                       *records, n, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_OK;
}
