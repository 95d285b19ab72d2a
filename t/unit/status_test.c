/*
 * Counters are shared by processes that may end at any time: none is lost or
 * counted twice, hours go on without requests, and memory that is full stops
 * nothing.  The lists name each domain once, in the right order.
 */

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "status/names.h"
#include "entries.h"


#define SIZE     (64 * 1024)
#define NOON     (20000 * 86400ll + 12 * 3600)
#define DOMAINS  1000
#define TIMES    200
#define WORKERS  4


static const mta_sts_policy_t  *policy;


/* Counters in memory that is shared with child processes. */

static mta_sts_status_t *
counters(size_t size)
{
    void              *memory;
    mta_sts_status_t  *status;

    memory = mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS,
                  -1, 0);

    if (memory == MAP_FAILED
        || mta_sts_status_init(memory, size, NOON, &status, &test.err)
           != MTA_STS_OK)
    {
        abort();
    }

    return status;
}


static mta_sts_str_t
domain(char *buf, size_t size, size_t i)
{
    (void) snprintf(buf, size, "%s%zu.example", i % 3 ? "d" : "a-long-name-",
                    i);

    return mta_sts_str_from(buf);
}


static void
fetch(mta_sts_status_t *status, const char *name, int64_t now)
{
    mta_sts_status_count(status, MTA_STS_ENFORCE, MTA_STS_STATUS_200, 100, now);
    (void) mta_sts_status_count_domain(status, mta_sts_str_from(name), now);
}


static void
test_size(void)
{
    static char        memory[4096] __attribute__((aligned(16)));
    mta_sts_status_t  *status;

    test_begin(0);

    is_int(mta_sts_status_init(memory, 600, NOON, &status, &test.err),
           MTA_STS_ERROR, "memory that is too small");
    is_int(mta_sts_status_init(memory, sizeof(memory), NOON, &status,
                               &test.err),
           MTA_STS_OK, "... and that is enough");
    ok(status->names + status->names_size * MTA_STS_STATUS_UNIT
       <= memory + sizeof(memory), "... and all within");
}


/* Processes that add the same domains at the same time. */

static void
test_processes(void)
{
    char                      buf[64];
    size_t                    i, k, wrong;
    mta_sts_status_t         *status;
    mta_sts_status_domain_t   counter;

    test_begin(0);

    status = counters(SIZE);

    for (k = 0; k < WORKERS; k++) {
        if (fork() == 0) {
            for (i = 0; i < DOMAINS * TIMES; i++) {
                fetch(status, domain(buf, sizeof(buf), i % DOMAINS).data,
                      NOON + (int64_t) k);
            }

            _exit(0);
        }
    }

    while (wait(NULL) > 0) { /* void */ }

    for (i = 0, wrong = 0; i < DOMAINS; i++) {
        mta_sts_status_counter(status, domain(buf, sizeof(buf), i), &counter);
        wrong += counter.count != WORKERS * TIMES || counter.time < NOON;
    }

    is_int((long long) wrong, 0, "each domain is counted");
    is_int(status->n_domains, DOMAINS, "... once");
    is_int((long long) mta_sts_status_fetches(status),
           WORKERS * TIMES * DOMAINS, "... in all");
    is_int((long long) status->bytes, 100ll * WORKERS * TIMES * DOMAINS,
           "... with its bytes");
}


static void
test_full(void)
{
    char                      buf[64];
    uint32_t                  i, n;
    mta_sts_status_t         *small, *large;
    mta_sts_status_index_t    index;
    mta_sts_status_domain_t   counter;

    test_begin(0);
    memset(&index, 0, sizeof(mta_sts_status_index_t));

    small = counters(8192);
    n = small->max_domains;

    for (i = 0; i < n + 50; i++) {
        fetch(small, domain(buf, sizeof(buf), i).data, NOON);
    }

    is_int(small->n_domains, n, "full: so many domains");
    is_int((long long) small->uncounted, 50, "... the others are not counted");
    is_int((long long) mta_sts_status_fetches(small), n + 50, "... but in all");

    fetch(small, domain(buf, sizeof(buf), 0).data, NOON + 9);
    mta_sts_status_counter(small, mta_sts_str_from(buf), &counter);
    is_int(counter.count, 2, "... a domain that has a counter still counts");
    is_int(counter.time, (long long) (uint32_t) (NOON + 9), "... and when");

    is_int(mta_sts_status_name(small, &index, mta_sts_str("one")), 1, "a name");

    i = 0;

    while (mta_sts_status_name(small, &index, domain(buf, sizeof(buf), i))) {
        i++;
    }

    ok(i > 10, "... and more, until they are full");
    is_int(mta_sts_status_name(small, &index, mta_sts_str("one")), 1,
           "... the first is still there");

    large = counters(SIZE);
    mta_sts_status_copy(large, small);

    is_int(large->n_domains, n, "a copy: so many domains");
    is_int((long long) mta_sts_status_fetches(large), n + 51, "... in all");
    mta_sts_status_counter(large, domain(buf, sizeof(buf), 0), &counter);
    is_int(counter.count, 2, "... and each");

    memset(&index, 0, sizeof(mta_sts_status_index_t));
    is_int(mta_sts_status_name(large, &index, mta_sts_str("one")), 1,
           "... and names");
}


/* Domains that leave and come back have one counter each, however often. */

static void
test_released(void)
{
    char                    buf[64];
    size_t                  i, k, wrong;
    unsigned char          *bits;
    mta_sts_status_t       *status;
    mta_sts_status_slot_t  *slot;

    test_begin(0);

    status = counters(8192);

    for (k = 0, wrong = 0; k < 5; k++) {

        for (i = 0; i < status->max_domains; i++) {
            fetch(status, domain(buf, sizeof(buf), i).data, NOON);
        }

        wrong += mta_sts_status_get(&status->n_domains)
                 - mta_sts_status_get(&status->n_released)
                 != status->max_domains;

        bits = calloc(status->n_slots, 1);
        mta_sts_status_release(status, NULL, 0, bits);
        free(bits);

        wrong += mta_sts_status_get(&status->n_domains)
                 != mta_sts_status_get(&status->n_released);

        slot = mta_sts_status_find(status, mta_sts_status_hash(status,
                                                mta_sts_str_from(buf)));
        wrong += slot != NULL;
    }

    is_int((long long) wrong, 0, "domains that leave and come back");
    is_int((long long) status->uncounted, 0, "... are all counted");
}


static void
test_hours(void)
{
    size_t                  i, sum;
    mta_sts_status_t       *status;
    mta_sts_status_view_t   view;

    test_begin(0);
    memset(&view, 0, sizeof(mta_sts_status_view_t));

    view.env = &test.env;
    status = counters(SIZE);

    for (i = 0; i < 30; i++) {
        fetch(status, "a.example", NOON + (int64_t) i * 3600 + 3599);
    }

    view.now = NOON + 29 * 3600 + 3599;
    is_int(mta_sts_status_read(status, &view, &test.err), MTA_STS_OK, "hours");

    for (i = 0, sum = 0; i < MTA_STS_STATUS_HOURS; i++) {
        sum += view.hours[i] == 1;
    }

    is_int((long long) sum, MTA_STS_STATUS_HOURS, "one fetch in each");

    view.now += 10 * 3600;
    (void) mta_sts_status_read(status, &view, &test.err);
    is_int((long long) view.hours[13], 1, "after 10 hours: the last fetch");
    is_int((long long) view.hours[14], 0, "... and none after it");

    view.now += 365 * 86400;
    (void) mta_sts_status_read(status, &view, &test.err);

    for (i = 0, sum = 0; i < MTA_STS_STATUS_HOURS; i++) {
        sum += view.hours[i];
    }

    is_int((long long) sum, 0, "after a year: none");
    is_int((long long) view.fetches, 30, "... but in all");

    /* a clock that goes back */

    view.now = NOON + 3599;
    fetch(status, "a.example", view.now);
    fetch(status, "a.example", view.now + 1);
    fetch(status, "a.example", view.now);
    view.now++;
    (void) mta_sts_status_read(status, &view, &test.err);
    is_int((long long) view.hours[22], 1, "a clock that goes back");
    is_int((long long) view.hours[23], 2,
           "... and a process whose clock is behind");
}


static void
table(mta_sts_table_t *table, size_t from, size_t to)
{
    char                     buf[64];
    mta_sts_table_builder_t  builder;

    memset(&builder, 0, sizeof(mta_sts_table_builder_t));

    for ( /* void */ ; from < to; from++) {
        if (add(&builder, domain(buf, sizeof(buf), from).data, policy, "f",
                (unsigned) from + 1)
            != MTA_STS_OK)
        {
            abort();
        }
    }

    if (end(&builder, table) != MTA_STS_OK) {
        abort();
    }
}


static void
test_lists(void)
{
    char                     buf[64];
    size_t                   i, wrong;
    mta_sts_table_t          one, two;
    mta_sts_status_t        *status;
    mta_sts_status_view_t    view;
    const mta_sts_table_t   *tables[] = { &one, &two };

    test_begin(0);
    memset(&view, 0, sizeof(mta_sts_status_view_t));

    policy = set_policy("mx mx.example");

    /* domains 50 to 99 are in both; 100 to 129 are never fetched */

    table(&one, 0, 100);
    table(&two, 50, 130);

    status = counters(SIZE);

    for (i = 0; i < 100; i++) {
        fetch(status, domain(buf, sizeof(buf), i * 37 % 100).data,
              NOON + (int64_t) i);
    }

    fetch(status, "gone.example", NOON + 1000);

    view.env = &test.env;
    view.tables = tables;
    view.n_tables = 2;
    view.now = NOON + 2000;
    view.max = 7;

    is_int(mta_sts_status_read(status, &view, &test.err), MTA_STS_OK, "lists");
    is_int((long long) view.n_domains, 130, "each domain once");
    is_int((long long) view.n_never, 30, "... and those never fetched");

    for (i = 0, wrong = 0; i < 7; i++) {
        wrong += !mta_sts_str_eq(view.recent.elts[i].domain,
                                 domain(buf, sizeof(buf), (99 - i) * 37 % 100));
        wrong += !mta_sts_str_eq(view.oldest.elts[i].domain,
                                 domain(buf, sizeof(buf), i * 37 % 100));
    }

    is_int((long long) wrong, 0, "in the order of time");
    is_int((long long) (view.recent.n + view.oldest.n + view.never.n), 21,
           "... as many as asked for");

    view.max = 1000;
    memset(&view.recent, 0, sizeof(mta_sts_status_list_t));
    memset(&view.oldest, 0, sizeof(mta_sts_status_list_t));
    memset(&view.never, 0, sizeof(mta_sts_status_list_t));
    (void) mta_sts_status_read(status, &view, &test.err);
    is_int((long long) view.recent.n, 100, "all that were fetched");
    is_int((long long) view.never.n, 30, "... and were not");
}


/* Domains of all lengths: none has another's counter. */

static void
test_lengths(void)
{
    char                      buf[MTA_STS_NAME_MAX];
    size_t                    i;
    mta_sts_str_t             name;
    mta_sts_status_t         *status;
    mta_sts_status_domain_t   counter;

    test_begin(0);

    status = counters(SIZE);
    memset(buf, 'a', sizeof(buf));
    name.data = buf;

    for (i = 1; i <= sizeof(buf); i++) {
        name.len = i;
        (void) mta_sts_status_count_domain(status, name, NOON);
    }

    is_int(status->n_domains, (long long) sizeof(buf), "of all lengths");

    name.len = sizeof(buf);

    for (i = 0; i < sizeof(buf); i++) {
        buf[i] = 'b';
        (void) mta_sts_status_count_domain(status, name, NOON);
        buf[i] = 'a';
    }

    is_int(status->n_domains, 2 * (long long) sizeof(buf),
           "... and one byte that differs, at each place");

    mta_sts_status_counter(status, name, &counter);
    is_int(counter.count, 1, "each counted once");
}


static int
memory_answer(void)
{
    size_t                   i;
    mta_sts_str_t            text;
    mta_sts_table_t          one;
    mta_sts_status_t        *status;
    mta_sts_status_view_t    view;
    mta_sts_status_index_t   index;
    mta_sts_status_query_t   query;
    const mta_sts_table_t   *tables[] = { &one };

    memset(&one, 0, sizeof(mta_sts_table_t));
    memset(&view, 0, sizeof(mta_sts_status_view_t));

    status = counters(SIZE);
    memset(&index, 0, sizeof(mta_sts_status_index_t));
    (void) mta_sts_status_name(status, &index, mta_sts_str("hosted"));

    view.env = &test.env;
    view.tables = tables;
    view.n_tables = 1;
    view.now = NOON;
    view.max = 3;

    if (mta_sts_status_query(&query, mta_sts_str("domain=a%20b&format=x"),
                             mta_sts_str("text/html"), &test.env, &test.err)
        != MTA_STS_OK
        || mta_sts_status_read(status, &view, &test.err) != MTA_STS_OK
        || mta_sts_status_ask(status, &view, query.domain, &test.err)
           != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < MTA_STS_STATUS_FORMATS; i++) {
        if (mta_sts_status_text(&view, (mta_sts_status_format_e) i,
                                mta_sts_str("v"), &text, &test.err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_OK;
}


int
main(void)
{
    test_size();
    test_processes();
    test_full();
    test_released();
    test_hours();
    test_lists();
    test_lengths();
    test_memory(memory_answer, "an answer");

    return done();
}
