/*
 * What source.c asks of an engine; one per kind of source.
 *
 * An engine connects when it is first read, and is disconnected after an error
 * of read(), changes() or notices(), so that the next read() connects again.
 */

#ifndef MTA_STS_SOURCE_ENGINE_H
#define MTA_STS_SOURCE_ENGINE_H


#include "source.h"


/* Which settings it has; others are refused. */

#define ENGINE_SQL     1          /* --query, --changes */
#define ENGINE_LISTEN  2          /* --listen */


/* See source.h; data is what open() returned. */

typedef struct {
    const char   *name;
    const char   *schemes[2];     /* that its URLs begin with */
    unsigned      takes;

    void       *(*open)(const char *url, const source_settings_t *settings,
                     mta_sts_err_t *err);
    void        (*close)(void *data);
    int         (*read)(void *data, const source_events_t *events,
                     mta_sts_err_t *err);
    int         (*changes)(void *data, const source_events_t *events,
                     mta_sts_err_t *err);
    int         (*fd)(const void *data);           /* or NULL: none */
    int         (*notices)(void *data, int *noticed, mta_sts_err_t *err);
    int         (*more)(const void *data);         /* or NULL: never */
    int         (*ended)(const void *data);        /* or NULL: never */
    int         (*init)(const char *url, mta_sts_err_t *err);  /* or NULL */
} engine_t;


/* One per file; source.c has the list of those that are linked. */

extern const engine_t  engine_lines;
extern const engine_t  engine_mysql;
extern const engine_t  engine_postgresql;
extern const engine_t  engine_sqlite;


#endif /* MTA_STS_SOURCE_ENGINE_H */
