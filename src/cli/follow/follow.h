/*
 * Keeping a table equal to a source.
 *
 * The table, with its changes, is the memory of the last good policy of each
 * domain; next to it is what else must outlive a restart, in TABLE.follow.
 */

#ifndef MTA_STS_FOLLOW_FOLLOW_H
#define MTA_STS_FOLLOW_FOLLOW_H


#include "cli/source/source.h"


/* Times are in seconds. */

typedef struct {
    const char         *url;
    const char         *table;
    const char         *policies;     /* a domains file, or NULL */
    const char         *state;        /* a directory, or NULL */
    const char         *exec;         /* a command, or NULL */
    const char         *metrics;      /* a file, or NULL */
    unsigned            every;        /* between looks for changes */
    unsigned            full;         /* between reads of everything */
    unsigned            grace;        /* until a domain that left is "none" */
    int                 allow;        /* any number of removals, once */
    int                 once;
    source_settings_t   source;
} follow_settings_t;


#endif /* MTA_STS_FOLLOW_FOLLOW_H */
