/*
 * Tables for the tests: what is added to them, and is it found?
 */

#ifndef MTA_STS_ENTRIES_H
#define MTA_STS_ENTRIES_H


#include "serve/table.h"
#include "set.h"


/* Adds a domain, and its policy if it is new. */

static inline int
add(mta_sts_table_builder_t *builder, const char *domain,
    const mta_sts_policy_t *policy, const char *file, unsigned line)
{
    uint32_t         index;
    mta_sts_str_t    none = { NULL, 0 };
    mta_sts_place_t  place;

    builder->env = &test.env;

    place.file = mta_sts_str_from(file);
    place.line = line;
    place.column = 5;

    for (index = 0; index < builder->policies.n; index++) {
        if (mta_sts_table_added(builder, index) == policy) {
            break;
        }
    }

    if (index == builder->policies.n
        && mta_sts_table_add_policy(builder, policy, none, &index, &test.err)
           != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    return mta_sts_table_add(builder, mta_sts_str_from(domain), index, place,
                             &test.err);
}


static inline int
end(mta_sts_table_builder_t *builder, mta_sts_table_t *table)
{
    return mta_sts_table_end(builder, table, &test.err);
}


/* Is entry what was added with these values? */

static inline int
entry_is(const mta_sts_entry_t *entry, const char *domain,
    const mta_sts_policy_t *policy, const char *file, unsigned line)
{
    return mta_sts_str_eq(entry->domain, mta_sts_str_from(domain))
           && entry->policy == policy
           && mta_sts_str_eq(entry->place.file, mta_sts_str_from(file))
           && entry->place.line == line
           && entry->place.column == 0;
}


static inline int
finds(const mta_sts_table_t *table, const char *domain,
    const mta_sts_policy_t *policy, const char *file, unsigned line)
{
    mta_sts_str_t    str;
    mta_sts_entry_t  entry;

    str = mta_sts_str_from(domain);

    return mta_sts_table_policy(table, str) == policy
           && mta_sts_table_find(table, str, &entry) == 1
           && entry_is(&entry, domain, policy, file, line);
}


static inline int
finds_not(const mta_sts_table_t *table, mta_sts_str_t domain)
{
    mta_sts_entry_t  entry;

    return mta_sts_table_policy(table, domain) == NULL
           && mta_sts_table_find(table, domain, &entry) == 0;
}


#endif /* MTA_STS_ENTRIES_H */
