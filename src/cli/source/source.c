/*
 * A source: the engine of its URL.
 */

#include <stdlib.h>
#include <strings.h>

#include "engine.h"


struct feed_s {
    const engine_t  *engine;
    void            *data;
    int              has_changes;
};


static const engine_t *const  engines[] = {
    &engine_postgresql, &engine_mysql, &engine_sqlite, &engine_lines
};

#define ENGINES  (sizeof(engines) / sizeof(engines[0]))


/* The engine of a URL; NULL with err filled if there is none. */

static const engine_t *
source_find(const char *url, mta_sts_err_t *err)
{
    size_t       i, k;
    const char  *scheme;

    for (i = 0; i < ENGINES; i++) {
        for (k = 0; k < 2; k++) {
            scheme = engines[i]->schemes[k];

            /* standard input is the word, not what begins with it */

            if (scheme
                && (strcmp(scheme, "-") == 0
                    ? strcmp(url, scheme) == 0
                    : strncmp(url, scheme, strlen(scheme)) == 0))
            {
                return engines[i];
            }
        }
    }

    (void) mta_sts_error(err, MTA_STS_NOWHERE, "unknown source \"%.*s\", must "
                         "be postgresql://..., mysql://..., sqlite:FILE, or "
                         "\"-\" for lines on standard input",
                         MTA_STS_SHOW(mta_sts_str_from(url)));

    return NULL;
}


/*
 * Everybody who may list processes sees a command line: no password may be in
 * it.  The URL is not in the error.
 */

static int
source_check_password(const char *url, mta_sts_err_t *err)
{
    int          found;
    const char  *begin, *end, *at, *ch;

    begin = strstr(url, "://");
    found = 0;

    if (begin == NULL) {
        return MTA_STS_OK;
    }

    begin += 3;
    end = begin + strcspn(begin, "/?");

    /* a password may have an unescaped "@" in it */

    for (at = end; at > begin && *at != '@'; at--) {
        /* void */
    }

    if (at > begin) {
        ch = memchr(begin, ':', (size_t) (at - begin));
        found = ch && ch + 1 < at;
    }

    for (ch = strchr(end, '?'); ch && *ch && !found; ch++) {
        found = strncasecmp(ch, "password=", 9) == 0;
    }

    if (found) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "a password must not be in "
                             "the URL of a source, where others see it: see "
                             "\"Passwords\" in docs/follow.md");
    }

    return MTA_STS_OK;
}


static int
source_check_settings(const engine_t *engine,
    const source_settings_t *settings, mta_sts_err_t *err)
{
    const char  *option, *only;

    option = settings->query ? "--query" : settings->changes ? "--changes"
                                                             : NULL;
    only = "databases";

    if (engine->takes & ENGINE_SQL) {
        option = NULL;
    }

    if (settings->listen && !(engine->takes & ENGINE_LISTEN)) {
        option = "--listen";
        only = "PostgreSQL";
    }

    if (option) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "\"%s\" is not for the "
                             "source \"%s\", only for %s", option,
                             engine->name, only);
    }

    return MTA_STS_OK;
}


feed_t *
feed_open(const char *url, const source_settings_t *settings,
    mta_sts_err_t *err)
{
    feed_t          *feed;
    const engine_t  *engine;

    engine = source_find(url, err);

    if (engine == NULL || source_check_password(url, err) != MTA_STS_OK
        || source_check_settings(engine, settings, err) != MTA_STS_OK)
    {
        return NULL;
    }

    feed = malloc(sizeof(feed_t));

    if (feed == NULL) {
        (void) mta_sts_error_memory(err);
        return NULL;
    }

    feed->engine = engine;
    feed->has_changes = settings->query == NULL || settings->changes;
    feed->data = engine->open(url, settings, err);

    if (feed->data == NULL) {
        free(feed);
        return NULL;
    }

    return feed;
}


void
feed_close(feed_t *feed)
{
    if (feed) {
        feed->engine->close(feed->data);
        free(feed);
    }
}


int
feed_read(feed_t *feed, const source_events_t *events,
    mta_sts_err_t *err)
{
    return feed->engine->read(feed->data, events, err);
}


int
feed_changes(feed_t *feed, const source_events_t *events,
    mta_sts_err_t *err)
{
    return feed->engine->changes(feed->data, events, err);
}


int
feed_has_changes(const feed_t *feed)
{
    return feed->has_changes;
}


int
feed_fd(const feed_t *feed)
{
    return feed->engine->fd ? feed->engine->fd(feed->data) : -1;
}


int
feed_is_stream(const feed_t *feed)
{
    return feed->engine == &engine_lines;
}


int
feed_notices(feed_t *feed, int *noticed, mta_sts_err_t *err)
{
    *noticed = 1;

    return feed->engine->notices
           ? feed->engine->notices(feed->data, noticed, err) : MTA_STS_OK;
}


int
feed_more(const feed_t *feed)
{
    return feed->engine->more && feed->engine->more(feed->data);
}


int
feed_ended(const feed_t *feed)
{
    return feed->engine->ended && feed->engine->ended(feed->data);
}


const char *
feed_engine(const feed_t *feed)
{
    return feed->engine->name;
}


int
feed_init(const char *url, mta_sts_err_t *err)
{
    const engine_t  *engine;

    engine = source_find(url, err);

    if (engine == NULL || source_check_password(url, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    if (engine->init == NULL) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "only the schema of "
                             "sqlite:FILE is created here; for others, see "
                             "\"The schema\" in docs/follow.md");
    }

    return engine->init(url, err);
}
