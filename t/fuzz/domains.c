/*
 * The domains reader: each policy of a file that is accepted is valid, and the
 * file of that one domain is accepted again, to the same bytes.
 */

#include "domains/domains.h"
#include "again.h"
#include "fuzz.h"


#define ENTRIES  4              /* that are looked at closely */


static void
check_domains(const mta_sts_domains_t *domains, const mta_sts_env_t *env)
{
    size_t            cursor, n;
    mta_sts_entry_t   entry, found;
    mta_sts_result_t  result;

    cursor = 0;

    for (n = 0; mta_sts_table_next(&domains->table, &cursor, &entry); n++) {

        fuzz_check(mta_sts_table_find(&domains->table, entry.domain, &found)
                   && found.policy == entry.policy
                   && found.place.line == entry.place.line,
                   entry.domain, FUZZ_NONE);

        if (n < ENTRIES) {
            again_entry(&entry, env, &result);
            again_yaml(&result, env);
        }

        if (domains->default_policy) {
            again_pair(domains->default_policy, entry.policy);
        }
    }

    fuzz_check(n == domains->table.n, FUZZ_NONE, FUZZ_NONE);

    if (domains->default_policy) {
        memset(&entry, 0, sizeof(mta_sts_entry_t));
        entry.domain = mta_sts_str("example.com");
        entry.policy = domains->default_policy;

        again_entry(&entry, env, &result);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mta_sts_err_t         err;
    mta_sts_domains_t     domains;
    const mta_sts_env_t  *env;

    env = fuzz_begin();

    if (again_read_yaml(fuzz_str(data, size), env, &domains, &err)
        == MTA_STS_OK)
    {
        check_domains(&domains, env);

    } else {
        fuzz_check_error(&err);
    }

    return 0;
}
