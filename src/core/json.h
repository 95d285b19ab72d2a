/*
 * A domain as a JSON object, of jansson's.
 */

#ifndef MTA_STS_JSON_H
#define MTA_STS_JSON_H


#include <jansson.h>

#include "record.h"


/*
 * Makes the object of a domain and its n records, with the keys domain,
 * policy_host, mode, id, max_age (seconds), mx (a list) and records, each of
 * which has name, type, ttl (seconds) and value.  The caller is its owner;
 * env is for as long as the call takes.  NULL when memory ran out.
 */
json_t *mta_sts_json_domain(const mta_sts_entry_t *entry,
    const mta_sts_record_t *records, size_t n, const mta_sts_env_t *env);


#endif /* MTA_STS_JSON_H */
