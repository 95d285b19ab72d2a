/*
 * Records that belong together.
 */

#include "quote.h"


size_t
rrset_name_len(const mta_sts_record_t *records, size_t n)
{
    size_t  i;

    for (i = 1; i < n; i++) {
        if (!mta_sts_str_eq(records[i].name, records[0].name)) {
            break;
        }
    }

    return i;
}


size_t
rrset_len(const mta_sts_record_t *records, size_t n)
{
    size_t  i;

    for (i = 1; i < rrset_name_len(records, n); i++) {
        if (!mta_sts_str_eq(records[i].type, records[0].type)) {
            break;
        }
    }

    return i;
}


size_t
rrset_types(const mta_sts_record_t *record,
    mta_sts_str_t types[RRSET_TYPES_MAX])
{
    types[0] = mta_sts_str("CNAME");

    /* an alias of a text stands at "_mta-sts" or "_smtp._tls" */

    if (mta_sts_str_eq(record->type, mta_sts_str("TXT"))
        || mta_sts_str_starts(record->name, mta_sts_str("_")))
    {
        types[1] = mta_sts_str("TXT");
        return 2;
    }

    types[1] = mta_sts_str("A");
    types[2] = mta_sts_str("AAAA");

    return 3;
}
