/*
 * Domains for the tests, from the texts of files.
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
    size_t          n;
    mta_sts_file_t  files[FILES_MAX];

    static const char  *names[FILES_MAX] = {
        "1.yaml", "2.yaml", "3.yaml", "4.yaml"
    };

    for (n = 0; n < FILES_MAX; n++) {
        files[n].text.data = text;
        files[n].text.len = strcspn(text, "\f");
        files[n].mapped = 0;

        text += files[n].text.len;

        files[n].name = *text ? mta_sts_str_from(names[n]) : TEST_FILE;

        if (*text++ == '\0') {
            break;
        }
    }

    return mta_sts_domains_read(files, n + 1, &test.env, domains, &test.err);
}


#endif /* MTA_STS_FILES_H */
