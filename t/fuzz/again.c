/*
 * Entries of a table, taken apart to settings and put together again.
 */

#include "cli/judge/judge.h"
#include "cli/conf/site.h"
#include "generator/generator.h"
#include "again.h"
#include "fuzz.h"


static void
again_set(mta_sts_result_t *result, mta_sts_setting_e setting,
    mta_sts_str_t text, const mta_sts_env_t *env)
{
    mta_sts_err_t    err;
    mta_sts_value_t  value;

    value = fuzz_value(text);

    fuzz_check(mta_sts_result_set(result, setting, &value, env, &err)
               == MTA_STS_OK, text, mta_sts_str_from(err.text));
}


static void
again_set_rua(mta_sts_result_t *result, mta_sts_str_t rua,
    const mta_sts_env_t *env)
{
    mta_sts_str_t  uri;
    const char    *comma;

    for ( ;; ) {
        uri = rua;
        comma = memchr(rua.data, ',', rua.len);

        if (comma) {
            uri.len = (size_t) (comma - rua.data);
        }

        again_set(result, MTA_STS_SET_TLSRPT_RUA, uri, env);

        if (comma == NULL) {
            return;
        }

        rua = mta_sts_str_after(rua, uri.len + 1);
    }
}


/* What others would find in the policy. */

static void
again_parse(mta_sts_str_t text, const mta_sts_policy_t *policy,
    const mta_sts_env_t *env)
{
    body_t         body;
    size_t         i, cursor;
    findings_t     findings = { env, NULL, 0, 0, 0, 0 };
    mta_sts_str_t  mx;

    body_parse(&body, text, &findings);

    fuzz_check(body.valid && body.mode == policy->mode, text, FUZZ_NONE);

    cursor = 0;

    for (i = 0; mta_sts_policy_next_mx(policy, &cursor, &mx); i++) {
        fuzz_check(i < body.n && mta_sts_str_eq(mx, body.mx[i]), text, mx);
    }

    fuzz_check(i == body.n, text, FUZZ_NONE);

    for (i = 0; i < findings.n; i++) {
        fuzz_check(findings.elts[i].kind == POLICY_MAX_AGE_SHORT
                   || findings.elts[i].kind == POLICY_NONE_WITHOUT_MX, text,
                   findings.elts[i].text);
    }
}


void
again_pair(const mta_sts_policy_t *a, const mta_sts_policy_t *b)
{
    int  same;

    same = mta_sts_str_eq(mta_sts_policy_body(a), mta_sts_policy_body(b));

    fuzz_check(same == mta_sts_str_eq(mta_sts_policy_id(a),
                                      mta_sts_policy_id(b)),
               mta_sts_policy_body(a), mta_sts_policy_body(b));
    fuzz_check(same || !mta_sts_policy_eq(a, b), mta_sts_policy_body(a),
               mta_sts_policy_body(b));
}


static void
again_same(const mta_sts_entry_t *a, const mta_sts_entry_t *b)
{
    mta_sts_str_t  x, y;

    fuzz_check(mta_sts_str_eq(a->domain, b->domain), a->domain, b->domain);

    x = mta_sts_policy_body(a->policy);
    y = mta_sts_policy_body(b->policy);

    fuzz_check(mta_sts_str_eq(x, y), x, y);

    again_pair(a->policy, b->policy);

    x = mta_sts_policy_rua(a->policy);
    y = mta_sts_policy_rua(b->policy);

    fuzz_check(mta_sts_str_eq(x, y), x, y);
    fuzz_check(mta_sts_policy_eq(a->policy, b->policy), x, y);
}


void
again_entry(const mta_sts_entry_t *entry, const mta_sts_env_t *env,
    mta_sts_result_t *result)
{
    char                     age[16], id[MTA_STS_ID_LEN + 1];
    size_t                   cursor;
    mta_sts_err_t            err;
    mta_sts_str_t            mx, body;
    mta_sts_value_t          domain;
    const mta_sts_policy_t  *policy;

    static mta_sts_digest_t  digest;

    policy = entry->policy;
    body = mta_sts_policy_body(policy);

    fuzz_check(body.len <= MTA_STS_BODY_MAX, body, FUZZ_NONE);

    again_parse(body, policy, env);

    (void) mta_sts_digest_id(&digest, body, id);

    fuzz_check(strcmp(id, policy->id) == 0, mta_sts_str_from(id),
               mta_sts_policy_id(policy));

    memset(result, 0, sizeof(mta_sts_result_t));

    domain = fuzz_value(entry->domain);

    fuzz_check(mta_sts_name_domain("domain", &domain, env,
                                   &result->entry.domain, &err)
               == MTA_STS_OK,
               entry->domain, mta_sts_str_from(err.text));

    again_set(result, MTA_STS_SET_MODE, mta_sts_policy_mode(policy), env);

    cursor = 0;

    while (mta_sts_policy_next_mx(policy, &cursor, &mx)) {
        again_set(result, MTA_STS_SET_MX, mx, env);
    }

    (void) snprintf(age, sizeof(age), "%u", mta_sts_policy_max_age(policy));
    again_set(result, MTA_STS_SET_MAX_AGE, mta_sts_str_from(age), env);

    if (policy->rua_len) {
        again_set_rua(result, mta_sts_policy_rua(policy), env);
    }

    fuzz_check(mta_sts_result_make(result, &digest, env, &err) == MTA_STS_OK,
               body,
               mta_sts_str_from(err.text));

    again_same(entry, &result->entry);
}


void
again_server_text(mta_sts_str_t block, const mta_sts_entry_t *entry,
    const mta_sts_env_t *env)
{
    site_t           site;
    mta_sts_err_t    err;
    mta_sts_buf_t   text = { env, NULL, 0, 0, 0 };
    mta_sts_entry_t  again;

    mta_sts_buf_add_cstr(&text, "events { }\nhttp {\n");
    mta_sts_buf_add(&text, block);
    mta_sts_buf_add_cstr(&text, "}\n");

    fuzz_stdin(mta_sts_buf_str(&text));

    fuzz_check(site_read(&site, mta_sts_str("-"), mta_sts_str(""), env, &err)
               == MTA_STS_OK,
               mta_sts_buf_str(&text), mta_sts_str_from(err.text));
    fuzz_check(site.answers.catalog.n == 1
               && mta_sts_catalog_find(&site.answers.catalog, entry->domain, &again),
               mta_sts_buf_str(&text), entry->domain);

    again_same(entry, &again);
}


void
again_server(const mta_sts_result_t *result, const mta_sts_env_t *env)
{
    mta_sts_buf_t  block = { env, NULL, 0, 0, 0 };

    mta_sts_block_add(&block, &result->settings, result->entry.domain);

    again_server_text(mta_sts_buf_str(&block), &result->entry, env);
}


int
again_read_yaml(mta_sts_str_t text, const mta_sts_env_t *env,
    mta_sts_domains_t *domains, mta_sts_err_t *err)
{
    mta_sts_file_t  file = { mta_sts_str("fuzz.yaml"), text, 0 };

    return mta_sts_domains_read(&file, 1, env, domains, err);
}


void
again_yaml_text(mta_sts_str_t text, const mta_sts_entry_t *entry,
    const mta_sts_env_t *env)
{
    mta_sts_err_t      err;
    mta_sts_entry_t    again;
    mta_sts_domains_t  domains;

    fuzz_check(again_read_yaml(text, env, &domains, &err) == MTA_STS_OK, text,
               mta_sts_str_from(err.text));
    fuzz_check(domains.table.n == 1 && domains.default_policy == NULL
               && mta_sts_table_find(&domains.table, entry->domain, &again),
               text, entry->domain);

    again_same(entry, &again);
}


void
again_yaml(const mta_sts_result_t *result, const mta_sts_env_t *env)
{
    mta_sts_buf_t  text = { env, NULL, 0, 0, 0 };

    mta_sts_domains_write(&text, result->entry.domain, &result->settings);

    again_yaml_text(mta_sts_buf_str(&text), &result->entry, env);
}
