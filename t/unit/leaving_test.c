/*
 * When the senders of a domain are free that has left: never if nobody has
 * looked, and not before the date.
 */

#include <stdlib.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "cli/follow/follow.h"
#include "tap.h"


#define DAY   86400
#define WEEK  (7 * DAY)
#define LEFT  (1000 * DAY)            /* when the domain became none */

#define OLD   "aaaaaaaaaaaaaaaaaaaa"
#define NONE  "bbbbbbbbbbbbbbbbbbbb"


static mta_sts_arena_t  arena;
static mta_sts_env_t    env = { diag_alloc, say_warning, &arena, NULL };


/* An address serves a policy, and its id is in the record. */

static void
look(plan_history_t *history, int64_t time, const char *id,
    mta_sts_mode_e mode, const char *shown)
{
    plan_look_t          seen;
    plan_policy_t        policy;
    plan_look_server_t   server;
    plan_look_address_t  address;

    static mta_sts_str_t  mx = { "mx.example", 10 };

    memset(&policy, 0, sizeof(plan_policy_t));
    memset(&seen, 0, sizeof(plan_look_t));
    memset(&address, 0, sizeof(plan_look_address_t));
    memset(&server, 0, sizeof(plan_look_server_t));

    policy.id = mta_sts_str_from(id);
    policy.mode = mode;
    policy.max_age = WEEK;
    policy.mx = &mx;
    policy.n_mx = 1;

    address.address = mta_sts_str("192.0.2.1");
    address.ttl = 3600;
    address.listed = 1;
    address.reached = 1;
    address.policy = &policy;

    server.server = mta_sts_str("ns.example");
    server.reached = 1;
    server.id = mta_sts_str_from(shown);
    server.ttl = 3600;

    seen.time = time;
    seen.addresses_known = 1;
    seen.addresses = &address;
    seen.n_addresses = 1;
    seen.servers_known = 1;
    seen.servers = &server;
    seen.n_servers = 1;

    plan_look(history, &seen);
}


/* A domain that was in a mode, as the state knows it after some looks. */

static int  stale;                    /* nobody has looked in the last days */


static int
is_free(state_t *state, const char *was, mta_sts_mode_e mode, int looks,
    const char *shown, int64_t now)
{
    leaving_t       leaving;
    state_domain_t  domain;

    memset(&domain, 0, sizeof(state_domain_t));
    memset(&leaving, 0, sizeof(leaving_t));

    domain.name = mta_sts_str("a.example");
    domain.history.env = &env;

    if (looks > 0) {
        look(&domain.history, LEFT - DAY, OLD, mode, OLD);
    }

    if (looks > 1) {
        look(&domain.history, LEFT + 3600, NONE, MTA_STS_NONE, shown);
    }

    if (looks == 3) {
        look(&domain.history, LEFT + 2 * 3600, OLD, mode, shown);
    }

    if (looks > 1 && now > LEFT + DAY && !stale) {
        look(&domain.history, now - DAY, looks == 3 ? OLD : NONE,
             looks == 3 ? mode : MTA_STS_NONE, shown);
    }

    state_put(state, &domain);

    leaving.since = LEFT - DAY;
    leaving.none = LEFT;
    memcpy(leaving.id, NONE, sizeof(leaving.id));
    memcpy(leaving.was, was, strlen(was));

    return leaving_is_free(state, domain.name, &leaving, now);
}


static void
test_free(state_t *state)
{
    leaving_t  leaving;

    memset(&leaving, 0, sizeof(leaving_t));

    ok(!leaving_is_free(state, mta_sts_str("x.example"), &leaving, LEFT),
       "nothing is known");

    ok(!is_free(state, OLD, MTA_STS_ENFORCE, 0, NONE, LEFT + 1000 * DAY),
       "an empty history");
    ok(!is_free(state, OLD, MTA_STS_ENFORCE, 1, NONE, LEFT + 1000 * DAY),
       "nobody has looked since it is none");
    ok(!is_free(state, OLD, MTA_STS_ENFORCE, 2, NONE, LEFT + DAY),
       "enforce: not a day later");
    ok(!is_free(state, OLD, MTA_STS_ENFORCE, 2, NONE, LEFT + WEEK),
       "... nor when max_age is over");
    ok(is_free(state, OLD, MTA_STS_ENFORCE, 2, NONE,
               LEFT + WEEK + 2 * DAY), "... but two days after that");
    stale = 1;
    ok(!is_free(state, OLD, MTA_STS_ENFORCE, 2, NONE, LEFT + 60 * DAY),
       "not by a look of 60 days ago: the clock may be ahead");
    stale = 0;
    ok(!is_free(state, OLD, MTA_STS_ENFORCE, 2, OLD, LEFT + 1000 * DAY),
       "never while the old id is in the record");
    ok(!is_free(state, OLD, MTA_STS_ENFORCE, 3, NONE, LEFT + 1000 * DAY),
       "never while an address serves the old policy");
    ok(!is_free(state, "cccccccccccccccccccc", MTA_STS_ENFORCE, 2, NONE,
                LEFT + 1000 * DAY), "an enforce policy that nobody has seen");
    ok(is_free(state, "", MTA_STS_TESTING, 2, NONE, LEFT + DAY),
       "testing: at once, when none was seen");
}


int
main(void)
{
    state_t  *state;
    char      dir[] = "/tmp/mta-sts-leaving-XXXXXX";

    if (mkdtemp(dir) == NULL || chdir(dir) == -1) {
        return 1;
    }

    state = state_open(".");

    test_free(state);

    ok(state_close(state), "the state was written");

    (void) unlink("state.db");
    (void) rmdir(dir);

    mta_sts_arena_free(&arena);

    return done();
}
