/*
 * Messages of which there may be millions, and the time.
 */

#include <stdarg.h>
#include <time.h>

#include "cli/diag/diag.h"
#include "follow.h"


#define SAY_TIME  60000               /* milliseconds, in which */
#define SAY_MAX   20                  /* messages of a kind are shown */


static const char *const  say_kinds[FOLLOW_SAYS] = {
    "bad rows", "steps down", "domains that leave or return", "refusals"
};


int64_t
follow_clock(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


int64_t
follow_time(void)
{
    return (int64_t) time(NULL);
}


int64_t
follow_uptime(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_BOOTTIME, &ts);

    return (int64_t) ts.tv_sec;
}


void
follow_say(follow_t *follow, follow_say_e kind, const char *fmt, ...)
{
    char            text[1024];
    va_list         args;
    follow_said_t  *said;

    follow_say_more(follow, 0);

    said = &follow->said[kind];

    if (said->n == 0) {
        said->since = follow_clock();
    }

    if (said->n == SAY_MAX) {
        said->more++;
        return;
    }

    said->n++;

    va_start(args, fmt);
    (void) vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    mta_sts_str_clean(text, strlen(text));

    say("%s", text);
}


void
follow_say_more(follow_t *follow, int now)
{
    size_t          i;
    follow_said_t  *said;

    for (i = 0; i < FOLLOW_SAYS; i++) {
        said = &follow->said[i];

        if (said->n == 0 || (!now && follow_clock() - said->since < SAY_TIME))
        {
            continue;
        }

        if (said->more) {
            say("%u more %s", said->more, say_kinds[i]);
        }

        memset(said, 0, sizeof(follow_said_t));
    }
}
