/*
 * The rules about the end of a policy, tried on simulated senders: an operator
 * who obeys them loses no mail, whatever the senders, caches and outages are,
 * and one who breaks a rule does.  The rules are those of src/cli/plan; the
 * time is simulated.
 */

#include "tap.h"
#include "model_steps.h"
#include "model_senders.h"


#define MODEL_DAYS       300
#define MODEL_SENDERS    36
#define MODEL_HISTORIES  100
#define MODEL_SLOW       5000
#define MODEL_BROKEN     600


typedef struct {
    unsigned long  mails;
    unsigned long  refused;
    unsigned long  acts;
    unsigned long  idle;              /* histories in which nothing was done */
    uint64_t       seed;              /* of the first one with a refused mail */
} model_count_t;


/*
 * A web server is down, or only the operator cannot reach it; now and then for
 * weeks.  When it is back it serves what it served before, until it is updated.
 */

static void
model_outage(int address)
{
    int64_t  until;

    until = world.now + world_between(0, world_random(6) ? 3 * DAY : 30 * DAY);

    if (world_random(2)) {
        world.hidden[address] = until;

    } else {
        world.outage[address] = until;
    }
}


/* Things break, certificates are renewed, a policy is rolled out. */

static void
model_weather(void)
{
    int      i;
    int64_t  down;

    for (i = 0; i < WORLD_HOSTS; i++) {
        if (operator.kept & (1 << i)) {
            world.valid[i] = world.now + 90 * DAY;
        }
    }

    if (BREAKS(12) && world_random(400) == 0) {
        memset(world.valid, 0, sizeof(world.valid));
        operator.kept = 0;
    }

    i = (int) world_random(WORLD_ADDRESSES);

    if (world_random(10) == 0 && (world_current(&world.a) & (1 << i))) {
        model_outage(i);
    }

    /* the policy host as a whole is down, and senders keep what they have */

    if (world_random(150) == 0) {
        down = world.now + world_between(0, 15 * DAY);

        for (i = 0; i < WORLD_ADDRESSES; i++) {
            world.outage[i] = down;
        }
    }

    if (world_random(100) == 0) {
        world.dns_outage = world.now + world_between(0, 8 * HOUR);
    }

    for (i = 0; operator.wanted != NONE && i < WORLD_ADDRESSES; i++) {
        if ((operator.cared & (1 << i)) && world.outage[i] <= world.now
            && world.hidden[i] <= world.now && (BREAKS(7) || world_random(3)))
        {
            world.serves[i] = operator.wanted;
        }
    }
}


/* What was stored and compacted in between gives the same answers. */

static void
model_store(void)
{
    mta_sts_str_t  text;

    plan_compact(&operator.history, world.now);

    text = plan_text(&operator.history);

    if (plan_parse(&operator.history, text, &operator.env) != MTA_STS_OK
        || !mta_sts_str_eq(plan_text(&operator.history), text))
    {
        abort();
    }
}


static void
model_tick(void)
{
    model_weather();
    operator_look();

    if (++operator.looks % 50 == 0) {
        model_store();
    }

    if (operator.at == operator.n) {
        if (world_random(6) == 0) {
            operator_intend();
        }

        return;
    }

    if (model_act(&operator.steps[operator.at])) {
        operator.at++;
        operator.acts++;
        operator_look();
        return;
    }

    model_remedy();
}


static void
model_begin(uint64_t seed, unsigned broken, sender_t *senders)
{
    size_t                 i;
    static const uint32_t  ttls[] = { 60, 300, 3600, 86400 };

    memset(&world, 0, sizeof(world));
    memset(&operator, 0, sizeof(operator));

    world.random = seed;
    world.now = 1000 * (int64_t) DAY;
    world.lag = world_between(0, 25 * MINUTE);
    world.record.ttl = ttls[world_random(4)];
    world.mx.ttl = ttls[world_random(4)];
    world.a.ttl = ttls[world_random(4)];

    operator.broken = broken;
    operator.env.alloc = mta_sts_arena_alloc;
    operator.env.ctx = &operator.arena;
    operator.history.env = &operator.env;
    operator.max_age = (uint32_t) world_between(HOUR, 20 * DAY);
    operator.cared = 1 + 2 * (int) world_random(2);

    model_start(0);
    operator.wanted = world_policy(MTA_STS_TESTING, operator.max_age, 1);

    for (i = 0; i < WORLD_ADDRESSES; i++) {
        world.serves[i] = (operator.cared & (1 << i)) ? operator.wanted : NONE;
    }

    world_publish(&world.record, operator.wanted);
    world_publish(&world.mx, 1);
    world_publish(&world.a, operator.cared);

    for (i = 0; i < MODEL_SENDERS; i++) {
        sender_start(&senders[i], (sender_kind_e) (i % SENDER_KINDS),
                     world.now + world_between(0, MODEL_DAYS * DAY * 2 / 3));
    }
}


static void
model_run(uint64_t seed, unsigned broken, model_count_t *count)
{
    size_t    i, first;
    int64_t   tick, end;
    sender_t  senders[MODEL_SENDERS];

    model_begin(seed, broken, senders);

    tick = world.now;
    end = world.now + MODEL_DAYS * DAY;

    while (world.now < end && world.n_policies < WORLD_POLICIES - 10
           && world.mx.n < WORLD_VERSIONS - 10
           && world.record.n < WORLD_VERSIONS - 10)
    {
        for (i = 0, first = 0; i < MODEL_SENDERS; i++) {
            if (senders[i].next < senders[first].next) {
                first = i;
            }
        }

        if (tick <= senders[first].next) {
            world.now = tick;
            model_tick();
            tick += world_between(5 * MINUTE, 8 * HOUR);
            continue;
        }

        world.now = senders[first].next;
        senders[first].next += world_random(3)
                               ? world_between(1, 2 * senders[first].pause)
                               : world_between(1, DAY);

        /* without a record, this one forgets nothing (rule 14) */

        if (operator.record_removed && senders[first].kind == SENDER_MIMECAST) {
            continue;
        }

        count->mails++;

        if (sender_deliver(&senders[first])) {
            if (count->refused++ == 0) {
                count->seed = seed;
            }

        }
    }

    count->acts += operator.acts;
    count->idle += operator.acts == 0;

    mta_sts_arena_free(&operator.arena);
}


/* Histories with a rule broken, until a mail is refused. */

static void
test_broken(unsigned rule)
{
    uint64_t       seed;
    model_count_t  count;

    memset(&count, 0, sizeof(count));

    for (seed = 1; seed <= MODEL_BROKEN && count.refused == 0; seed++) {
        model_run(seed, rule, &count);
    }

    ok(count.refused > 0, "rule %u broken: %lu of %lu mails are refused in "
       "history %lu", rule, count.refused, count.mails,
       (unsigned long) count.seed);
}


static void
test_kept(uint64_t n)
{
    uint64_t       seed;
    model_count_t  count;

    memset(&count, 0, sizeof(count));

    for (seed = 1; seed <= n; seed++) {
        model_run(seed, 0, &count);
    }

    ok(count.refused == 0, "the rules are kept: %lu of %lu mails are refused "
       "in %lu histories with %lu steps (history %lu)", count.refused,
       count.mails, (unsigned long) n, count.acts, (unsigned long) count.seed);
    ok(count.idle == 0, "the operator gets to act: not in %lu histories",
       count.idle);
}


int
main(void)
{
    size_t                 i;
    static const unsigned  rules[] = { 1, 2, 3, 4, 6, 7, 8, 10, 11, 12, 13,
                                       14 };

    test_kept(getenv("MTA_STS_TEST_SLOW") ? MODEL_SLOW : MODEL_HISTORIES);

    for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        test_broken(rules[i]);
    }

    return done();
}
