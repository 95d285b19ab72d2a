/*
 * Nothing wrong is printed: what was written is read again, by the same reader
 * as nginx and mta-sts have, and compared.
 */

#include "cli/conf/site.h"
#include "domains/domains.h"
#include "import.h"


static int
verify_fault(mta_sts_str_t name, mta_sts_str_t domain, mta_sts_err_t *err)
{
    mta_sts_place_t  place = { name, 0, 0 };

    return mta_sts_error(err, place, "domain \"%.*s\" is not what was "
                         "imported: this is a fault of mta-sts, please report "
                         "it",
                         MTA_STS_SHOW(domain));
}


static int
verify_yaml(const import_t *import, mta_sts_str_t name, mta_sts_str_t text,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    size_t                    i;
    mta_sts_file_t            file = { name, text, 0 };
    mta_sts_domains_t         domains;
    const mta_sts_policy_t   *policy;
    const import_domain_t    *domain;

    if (mta_sts_domains_read(&file, 1, env, &domains, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < import->n; i++) {
        domain = &import->domains[i];
        policy = mta_sts_table_policy(&domains.table, domain->domain);

        if (policy == NULL || !mta_sts_policy_eq(policy, domain->policy)) {
            return verify_fault(name, domain->domain, err);
        }
    }

    return domains.table.n == import->n
           ? MTA_STS_OK : verify_fault(name, mta_sts_str("?"), err);
}


static int
verify_nginx(const import_t *import, mta_sts_str_t name, mta_sts_str_t text,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    site_t                  site;
    size_t                  i;
    mta_sts_buf_t           http = { env, NULL, 0, 0, 0 };
    mta_sts_entry_t         entry;
    const import_domain_t  *domain;

    /* in the line of the first comment, so that lines count as in the text */

    mta_sts_buf_add_cstr(&http, "http { ");
    mta_sts_buf_add(&http, text);
    mta_sts_buf_add_cstr(&http, "}\n");

    if (site_read_text(&site, name, mta_sts_buf_str(&http), env, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < import->n; i++) {
        domain = &import->domains[i];

        if (!mta_sts_catalog_find(&site.answers.catalog, domain->domain,
                                  &entry)
            || !mta_sts_policy_eq(entry.policy, domain->policy)
            || site_is_refused(&site, domain->domain, err))
        {
            return verify_fault(name, domain->domain, err);
        }
    }

    return site.answers.catalog.n == import->n
           ? MTA_STS_OK : verify_fault(name, mta_sts_str("?"), err);
}


int
import_verify(const import_t *import, const import_format_t *format,
    mta_sts_str_t name, mta_sts_str_t text, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    return format->nginx ? verify_nginx(import, name, text, env, err)
                         : verify_yaml(import, name, text, env, err);
}
