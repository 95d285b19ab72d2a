/*
 * A printer asks a stream for zones and domains as it likes.  It must be given
 * each record of its part, and none where nobody would read what it prints.
 */

#include "plans.h"


/* A plan of five domains in three zones, of which the second has three. */

static void
build_five(void)
{
    test_begin(0);

    set_zones("x.example y.example z.example");
    wanted = wanted_of("", 0, "");

    if (build("a.x.example b.y.example c.y.example d.y.example e.z.example",
              RECORDS_MAIL, 0)
        != MTA_STS_OK)
    {
        abort();
    }
}


/* What is left of a zone is skipped. */

static void
test_skip(void)
{
    stream_t       stream;
    stream_set_t   set;
    mta_sts_str_t  zone;

    build_five();

    stream_init(&stream, &plan, 0, plan.n, stdout, NULL);

    is_int(stream_next(&stream, &set), 0, "no domain without a zone");

    is_int(stream_next_zone(&stream, &zone), 1, "the first zone");
    is_str(zone, mta_sts_str("x.example"), "its name");

    is_int(stream_next_zone(&stream, &zone), 1, "the second zone");
    is_str(zone, mta_sts_str("y.example"), "its name");
    is_int(stream_next(&stream, &set), 1, "its first domain");
    is_str(set.entry->domain, mta_sts_str("b.y.example"), "its name");
    is_str(set.zone, mta_sts_str("y.example"), "its zone");

    is_int(stream_next_zone(&stream, &zone), 1, "the third zone");
    is_str(zone, mta_sts_str("z.example"), "its name");
    is_int(stream_next(&stream, &set), 1, "its first domain");
    is_str(set.entry->domain, mta_sts_str("e.z.example"), "its name");
    is_int(stream_next(&stream, &set), 0, "is its only one");

    is_int(stream_next_zone(&stream, &zone), 0, "there are no more");
    is_int(stream_next_zone(&stream, &zone), 0, "and there will not be");
    is_int(stream_next(&stream, &set), 0, "no domain either");
    is_int(stream.failed, 0, "it has not failed");

    stream_free(&stream);
    plan_free(&plan);
}


static void
test_part(void)
{
    build_five();

    is_str(streamed(0, 0), mta_sts_str(""), "nothing at the beginning");
    is_str(streamed(5, 5), mta_sts_str(""), "nothing at the end");
    is_str(streamed(0, 1), mta_sts_str("[x.example] a.x.example\n"
           "_mta-sts.a.x.example" STS), "a zone");
    is_str(streamed(3, 4), mta_sts_str("[y.example] d.y.example\n"
           "_mta-sts.d.y.example" STS), "the end of a zone");
    is_str(streamed(2, 5), mta_sts_str("[y.example] c.y.example\n"
           "_mta-sts.c.y.example" STS "d.y.example\n_mta-sts.d.y.example" STS
           "[z.example] e.z.example\n_mta-sts.e.z.example" STS),
           "to the end");

    plan_free(&plan);
}


/* Nobody reads what does not reach the file. */

static void
test_write_error(void)
{
    FILE          *out;
    stream_t       stream;
    stream_set_t   set;
    mta_sts_str_t  zone;

    build_five();

    out = fopen("/dev/full", "w");

    if (!ok(out && setvbuf(out, NULL, _IONBF, 0) == 0, "a full disk")) {
        exit(1);
    }

    stream_init(&stream, &plan, 0, plan.n, out, NULL);

    is_int(stream_next_zone(&stream, &zone), 1, "a zone");
    is_int(stream_next_zone(&stream, &zone), 1, "another one");
    is_int(stream_next(&stream, &set), 1, "its domain");

    ok(fputs("x", out) == EOF, "which is not written");

    is_int(stream_next(&stream, &set), 0, "no more domains");
    is_int(stream_next_zone(&stream, &zone), 0, "no more zones");
    is_int(stream.failed, 0, "the file says why");

    stream_free(&stream);
    (void) fclose(out);
    plan_free(&plan);
}


static void
test_fail_memory(void)
{
    stream_t       stream;
    stream_set_t   set;
    mta_sts_str_t  zone;

    build_five();

    stream_init(&stream, &plan, 1, plan.n, stdout, NULL);

    is_int(stream_next_zone(&stream, &zone), 1, "a zone");
    is_int(stream_next(&stream, &set), 1, "its domain");

    stream_fail_memory(&stream);

    is_int(stream_next(&stream, &set), 0, "no more domains");
    is_int(stream_next_zone(&stream, &zone), 0, "no more zones");
    is_int(stream.failed, 1, "the stream has failed");
    is_err(&stream.err, 0, 0, "out of memory");
    is_int(stream.err.memory, 1, "it is memory");

    stream_free(&stream);
    plan_free(&plan);
}


int
main(void)
{
    test_skip();
    test_part();
    test_write_error();
    test_fail_memory();

    return done();
}
