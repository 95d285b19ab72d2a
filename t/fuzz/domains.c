/*
 * The domains reader: each policy of a file that is accepted is valid, and the
 * file of that one domain is accepted again, to the same bytes.
 */

#include "../../src/core/domains.h"
#include "again.h"
#include "fuzz.h"


#define ENTRIES  4              /* that are looked at closely */


static void
check_domains(const mta_sts_domains_t *domains, const mta_sts_env_t *env)
{
    size_t           cursor, n;
    mta_sts_draft_t  draft;
    mta_sts_entry_t  entry, found;

    cursor = 0;

    for (n = 0; mta_sts_table_next(&domains->table, &cursor, &entry); n++) {

        fuzz_check(mta_sts_table_find(&domains->table, entry.domain, &found)
                   && found.policy == entry.policy
                   && found.place.line == entry.place.line,
                   entry.domain, FUZZ_NONE);

        if (n < ENTRIES) {
            again_entry(&entry, env, &draft);
            again_yaml(&draft, env);
        }

        if (domains->fallback) {
            again_pair(domains->fallback, entry.policy);
        }
    }

    fuzz_check(n == domains->table.n, FUZZ_NONE, FUZZ_NONE);

    if (domains->fallback) {
        memset(&entry, 0, sizeof(mta_sts_entry_t));
        entry.domain = mta_sts_str("example.com");
        entry.policy = domains->fallback;

        again_entry(&entry, env, &draft);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mta_sts_err_t              err;
    mta_sts_input_t            input;
    mta_sts_domains_t          domains;
    const mta_sts_env_t       *env;
    mta_sts_domains_reader_t  *reader;

    env = fuzz_begin();

    mta_sts_input_text(&input, mta_sts_str("fuzz.yaml"),
                       fuzz_str(data, size));

    reader = mta_sts_domains_begin(env);

    if (reader == NULL) {
        abort();
    }

    if (mta_sts_domains_add(reader, &input, &err) != MTA_STS_OK) {
        fuzz_check_error(&err);
        mta_sts_domains_discard(reader);
        return 0;
    }

    if (mta_sts_domains_end(reader, &domains, &err) != MTA_STS_OK) {
        fuzz_check_error(&err);
        return 0;
    }

    check_domains(&domains, env);

    return 0;
}
