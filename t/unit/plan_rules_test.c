/*
 * The dates of the rules, by examples that a person can count, and the text
 * that a history is stored as.
 */

#include "cli/plan/plan.h"
#include "tap.h"


#define MINUTE  60
#define HOUR    3600
#define DAY     86400

/* 2026-03-01 12:00 UTC */

#define NOON    1772366400


static mta_sts_arena_t  arena;
static mta_sts_env_t    env = { .alloc = mta_sts_arena_alloc,
                                 .ctx = &arena };
static plan_history_t   history;


static plan_policy_t
policy_of(const char *id, mta_sts_mode_e mode, uint32_t max_age,
    const char *mx)
{
    plan_policy_t         policy;
    static mta_sts_str_t  names[4];
    static size_t         next;

    memset(&policy, 0, sizeof(plan_policy_t));

    names[next % 4] = mta_sts_str_from(mx);

    policy.id = mta_sts_str_from(id);
    policy.mode = mode;
    policy.max_age = max_age;
    policy.mx = &names[next++ % 4];
    policy.n_mx = 1;

    return policy;
}


/* One web server serves a policy, or NULL for none; a name server has an id. */

static void
look(int64_t time, const plan_policy_t *policy, const char *id, int down)
{
    plan_look_t          seen;
    plan_look_mx_t       mx;
    plan_look_server_t   server;
    plan_look_address_t  address;

    memset(&seen, 0, sizeof(plan_look_t));
    memset(&address, 0, sizeof(plan_look_address_t));

    address.address = mta_sts_str("192.0.2.1");
    address.ttl = 300;
    address.listed = 1;
    address.reached = !down;
    address.policy = policy;

    server.server = mta_sts_str("ns");
    server.reached = 1;
    server.id = mta_sts_str_from(id);
    server.ttl = HOUR;

    mx.host = mta_sts_str("mx.example");
    mx.ttl = HOUR;
    mx.valid_until = NOON + 90 * DAY;

    seen.time = time;
    seen.addresses_known = seen.servers_known = seen.mx_known = 1;
    seen.addresses = &address;
    seen.servers = &server;
    seen.mx = &mx;
    seen.n_addresses = seen.n_servers = seen.n_mx = 1;

    plan_look(&history, &seen);
}


static void
begin(void)
{
    memset(&history, 0, sizeof(plan_history_t));
    history.env = &env;
}


/* The example of docs/hosting.md, and what changes it. */

static void
test_end(void)
{
    plan_policy_t  old, new;

    old = policy_of("old", MTA_STS_ENFORCE, 14 * DAY, "mx.example");
    new = policy_of("new", MTA_STS_TESTING, 14 * DAY, "mx.example");

    begin();
    look(NOON - DAY, &old, "old", 0);

    is_int(plan_end(&history, 0, NOON - DAY), PLAN_NEVER, "an id that is "
           "visible has no end");

    look(NOON, &new, "old", 0);
    look(NOON + 10 * MINUTE, &new, "new", 0);

    is_int(plan_end(&history, 0, NOON + DAY),
           NOON + 10 * MINUTE + HOUR + DAY + 30 * MINUTE + 14 * DAY
           + 10 * MINUTE, "16 March, 13:50");

    /* an address that cannot be reached may serve it still */

    begin();
    look(NOON - DAY, &old, "old", 0);
    look(NOON, &old, "old", 1);
    look(NOON + MINUTE, &old, "new", 1);

    is_int(plan_end(&history, 0, NOON + 100 * DAY), PLAN_NEVER,
           "a dead address counts, and may be filed under the new id");
    look(NOON + 100 * DAY, NULL, "new", 0);
    look(NOON + 101 * DAY, NULL, "", 0);
    is_int(plan_end(&history, 0, NOON + 101 * DAY),
           NOON + 101 * DAY + HOUR + DAY + 30 * MINUTE + 14 * DAY
           + 10 * MINUTE, "... until both are gone");

    /* enforce is kept for a week at least */

    old.max_age = HOUR;
    is_int(plan_age(&old), 7 * DAY, "enforce: a week");
    is_int(plan_age(&new), 14 * DAY, "more where max_age is more");
    new.max_age = HOUR;
    is_int(plan_age(&new), DAY, "testing: a day");
}


static void
test_steps(void)
{
    plan_step_t    step;
    plan_answer_t  answer;
    plan_policy_t  old, new;

    old = policy_of("old", MTA_STS_ENFORCE, 14 * DAY, "mx.example");
    new = policy_of("new", MTA_STS_ENFORCE, 15 * DAY, "other.example");

    begin();
    look(NOON, &old, "old", 0);

    memset(&step, 0, sizeof(plan_step_t));

    step.act = PLAN_SERVE;
    step.policy = &old;
    plan_may(&history, &step, NOON, &answer);
    is_int(answer.from, 0, "what is served may be served");

    step.policy = &new;
    plan_may(&history, &step, NOON, &answer);
    is_int(answer.rule, 8, "the MX does not match");

    look(NOON + HOUR, NULL, "old", 0);
    step.act = PLAN_AGAIN;
    step.policy = &old;
    plan_may(&history, &step, NOON + HOUR, &answer);
    is_int(answer.from, 0, "after an outage the same policy is no other one");

    look(NOON + 2 * HOUR, &new, "old", 0);
    plan_may(&history, &step, NOON + 2 * HOUR, &answer);
    is_int(answer.rule, 6, "after another policy it is");

    look(NOON + 3 * HOUR, &old, "old", 0);
    plan_may(&history, &step, NOON + 3 * HOUR, &answer);
    is_int(answer.rule, 6, "... when it is served as well");

    ok(plan_other_age(&history, &old) == 14 * DAY + 1, "another max_age");
    ok(plan_misfiled(&history, 1, NOON + 3 * HOUR), "the policy in between "
       "may be filed under the id");

    /* a web server that the first looks did not reach */

    begin();
    look(NOON, NULL, "", 1);
    look(NOON + HOUR, NULL, "old", 1);
    plan_may(&history, &step, NOON + HOUR, &answer);
    is_int(answer.from, 0, "announced, and never seen: it has not come back");

    look(NOON + 2 * HOUR, NULL, "new", 1);
    plan_may(&history, &step, NOON + 2 * HOUR, &answer);
    is_int(answer.rule, 6, "... but after another id it would");
}


/* Texts that are no history. */

static void
test_damaged(void)
{
    size_t                    i;
    static const char *const  texts[] = {
        "look 1", "look\n", "look x\n", "look 1 2\n", "what 1\n", "\n",
        "policy a enforce\n", "policy a no 1 mx.example\n",
        "policy a enforce 99999999999 mx.example\n", "served 0 0 1 1 1\n",
        "address a 1 1\n", "address a 1 1 1 1\n", "shown ns id 1 1 1\n",
        "mx a 1 1 1\n", "look 1111111111111111111\n", "look -1\n"
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        is_int(plan_parse(&history, mta_sts_str_from(texts[i]), &env),
               MTA_STS_ERROR, "damaged %zu", i);
    }

    is_int(plan_parse(&history, mta_sts_str(""), &env), MTA_STS_OK, "empty");
}


/* What was merged gives the same date, and one text. */

static void
test_compact(void)
{
    int            i;
    int64_t        end;
    plan_policy_t  old, new;
    mta_sts_str_t  text;

    old = policy_of("old", MTA_STS_ENFORCE, 14 * DAY, "mx.example");
    new = policy_of("new", MTA_STS_TESTING, 14 * DAY, "mx.example");

    begin();

    for (i = 0; i < 50; i++) {
        look(NOON + i * HOUR, i % 2 ? NULL : &old, i % 2 ? "" : "old", 0);
    }

    look(NOON + 60 * HOUR, &new, "new", 0);

    end = plan_end(&history, 0, NOON + 4 * DAY);
    plan_compact(&history, NOON + 4 * DAY);

    is_int(plan_end(&history, 0, NOON + 4 * DAY), end, "the same end");
    is_int((long long) history.n_servings, 2, "one interval for each policy");
    is_int((long long) history.n_showings, 2, "... and id");

    text = plan_text(&history);
    is_int(plan_parse(&history, text, &env), MTA_STS_OK, "stored and read");
    is_str(plan_text(&history), text, "... as it was");
}


int
main(void)
{
    test_end();
    test_steps();
    test_damaged();
    test_compact();

    mta_sts_arena_free(&arena);

    return done();
}
