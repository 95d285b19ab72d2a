/*
 * The records of one policy domain, as values; the output formats write them.
 */

#include "records.h"


typedef struct {
    const mta_sts_entry_t          *entry;
    const mta_sts_record_wanted_t  *wanted;
    const mta_sts_env_t            *env;
    mta_sts_record_t               *records;
    size_t                          n;
    mta_sts_err_t                  *err;
} record_builder_t;


static void
record_add(record_builder_t *builder, mta_sts_str_t name, mta_sts_str_t type,
    mta_sts_str_t value)
{
    mta_sts_record_t  *record;

    record = &builder->records[builder->n++];

    record->name = name;
    record->type = type;
    record->ttl = builder->wanted->ttl;
    record->value = value;
}


/*
 * Adds the TXT record at "PREFIX.DOMAIN", or what is on the wanted side of a
 * delegation.
 */

static int
record_add_txt(record_builder_t *builder, mta_sts_str_t prefix,
    const mta_sts_buf_t *text)
{
    mta_sts_str_t  name, domain, provider;
    mta_sts_buf_t  own = { builder->env, NULL, 0, 0, 0 };
    mta_sts_buf_t  alias = { builder->env, NULL, 0, 0, 0 };

    domain = builder->entry->domain;
    provider = builder->wanted->provider;

    mta_sts_buf_add(&own, prefix);
    mta_sts_buf_add_char(&own, '.');
    mta_sts_buf_add(&own, domain);

    if (provider.len) {
        mta_sts_buf_add(&alias, domain);
        mta_sts_buf_add_char(&alias, '.');
        mta_sts_buf_add(&alias, prefix);
        mta_sts_buf_add_char(&alias, '.');
        mta_sts_buf_add(&alias, provider);
    }

    if (text->failed || own.failed || alias.failed) {
        return mta_sts_error_memory(builder->err);
    }

    if (alias.len > MTA_STS_NAME_MAX) {
        return mta_sts_error(builder->err, builder->entry->place,
                             "domain \"%.*s\" is too long to be delegated to "
                             "\"%.*s\"", MTA_STS_SHOW(domain),
                             MTA_STS_SHOW(provider));
    }

    if (provider.len && builder->wanted->customer) {
        record_add(builder, mta_sts_buf_str(&own), mta_sts_str("CNAME"),
                   mta_sts_buf_str(&alias));
        return MTA_STS_OK;
    }

    name = mta_sts_buf_str(provider.len ? &alias : &own);

    record_add(builder, name, mta_sts_str("TXT"), mta_sts_buf_str(text));

    return MTA_STS_OK;
}


/* Adds the records of the policy host. */

static int
record_add_targets(record_builder_t *builder)
{
    size_t                   i;
    mta_sts_str_t            host;
    const mta_sts_target_t  *target;

    if (builder->wanted->n_targets == 0
        || (builder->wanted->provider.len && !builder->wanted->customer))
    {
        return MTA_STS_OK;
    }

    host = mta_sts_name_policy_host(builder->entry->domain, builder->env);

    if (host.data == NULL) {
        return mta_sts_error_memory(builder->err);
    }

    for (i = 0; i < builder->wanted->n_targets; i++) {
        target = &builder->wanted->targets[i];

        if (!mta_sts_str_eq(target->value, host)) {
            record_add(builder, host, target->type, target->value);
        }
    }

    return MTA_STS_OK;
}


int
mta_sts_record_build(const mta_sts_entry_t *entry,
    const mta_sts_record_wanted_t *wanted, const mta_sts_env_t *env,
    mta_sts_record_t **records, size_t *n, mta_sts_err_t *err)
{
    mta_sts_buf_t            sts = { env, NULL, 0, 0, 0 };
    mta_sts_buf_t            tlsrpt = { env, NULL, 0, 0, 0 };
    record_builder_t         builder;
    const mta_sts_policy_t  *policy;

    policy = entry->policy;

    builder.entry = entry;
    builder.wanted = wanted;
    builder.env = env;
    builder.n = 0;
    builder.err = err;

    builder.records = env->alloc(env->ctx, (wanted->n_targets + 2)
                                           * sizeof(mta_sts_record_t));
    if (builder.records == NULL) {
        return mta_sts_error_memory(err);
    }

    mta_sts_buf_add_cstr(&sts, "v=STSv1; id=");
    mta_sts_buf_add(&sts, mta_sts_policy_id(policy));
    mta_sts_buf_add_cstr(&sts, ";");

    if (record_add_txt(&builder, mta_sts_str("_mta-sts"), &sts)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (policy->rua_len) {
        mta_sts_buf_add_cstr(&tlsrpt, "v=TLSRPTv1; rua=");
        mta_sts_buf_add(&tlsrpt, mta_sts_policy_rua(policy));

        if (record_add_txt(&builder, mta_sts_str("_smtp._tls"), &tlsrpt)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    if (record_add_targets(&builder) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    *records = builder.records;
    *n = builder.n;

    return MTA_STS_OK;
}
