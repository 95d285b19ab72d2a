/*
 * Domains for the tests, from texts as they stand in files.
 */

#ifndef MTA_STS_FILES_H
#define MTA_STS_FILES_H


#include "domains/domains.h"
#include "tap.h"


#define FILES_MAX  4


/*
 * Reads files whose texts are separated by "\f": the last is TEST_FILE, those
 * before it are 1.yaml, 2.yaml and so on.
 */

static inline int
files_read(mta_sts_domains_t *domains, const char *text)
{
    size_t                     n;
    mta_sts_str_t              str, name;
    mta_sts_input_t            input;
    mta_sts_domains_reader_t  *reader;

    static const char  *names[FILES_MAX] = {
        "1.yaml", "2.yaml", "3.yaml", "4.yaml"
    };

    reader = mta_sts_domains_begin(&test.env);
    if (reader == NULL) {
        return mta_sts_error_memory(&test.err);
    }

    for (n = 0; n < FILES_MAX; n++) {
        str.data = text;
        str.len = strcspn(text, "\f");
        text += str.len;

        name = *text ? mta_sts_str_from(names[n]) : TEST_FILE;
        mta_sts_input_text(&input, name, str);

        if (mta_sts_domains_add(reader, &input, &test.err) != MTA_STS_OK) {
            mta_sts_domains_discard(reader);
            return MTA_STS_ERROR;
        }

        if (*text++ == '\0') {
            break;
        }
    }

    return mta_sts_domains_end(reader, domains, &test.err);
}


#endif /* MTA_STS_FILES_H */
