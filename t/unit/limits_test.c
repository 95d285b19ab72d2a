/*
 * The sizes of a policy: senders defer mail when a body is a byte too long, so
 * the limits are exact to the byte; and any allocation of a policy may fail.
 */

#include "policy/policy.h"
#include "set.h"


#define BODY_HEAD  48            /* bytes of all lines but the mx */
#define MX_HEAD    6             /* bytes of "mx: " and the line end */
#define MX_LINE    64


#define TOO_LARGE  "the policy is too large, must be less than 32768 bytes"
#define TOO_LARGE_RUA  "tlsrpt_rua is too large, must be at most 4000 bytes " \
                       "in all"


/* Adds the index-th mx, len bytes long. */

static int
add_mx(mta_sts_settings_t *settings, unsigned index, size_t len)
{
    char  line[128], pad[64];

    memset(pad, 'm', sizeof(pad));

    (void) snprintf(line, sizeof(line), "mx %.*s%04u.example",
                    (int) (len - strlen("0000.example")), pad, index);

    return set_line(settings, index + 10, line);
}


/* Settings in mode enforce whose mx lines have the given bytes in all. */

static int
settings_of(mta_sts_settings_t *settings, size_t bytes)
{
    unsigned  index;

    if (set_lines(settings, "mode enforce\nmax_age 604800") != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    for (index = 0; bytes >= 2 * MX_LINE; index++) {
        bytes -= MX_LINE;

        if (add_mx(settings, index, MX_LINE - MX_HEAD) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }

    /* the rest is less than two lines long, in two */

    if (add_mx(settings, index, bytes / 2 - MX_HEAD) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    return add_mx(settings, index + 1, bytes - bytes / 2 - MX_HEAD);
}


/* A policy whose body has the given bytes, or NULL. */

static const mta_sts_policy_t *
body_of(size_t bytes)
{
    static mta_sts_settings_t  settings;

    test_begin(0);

    if (settings_of(&settings, bytes - BODY_HEAD) != MTA_STS_OK) {
        return NULL;
    }

    return set_render(&settings);
}


static void
test_body(void)
{
    size_t                   i;
    const mta_sts_policy_t  *policy;

    static const size_t  sizes[] = { 10240, 10241, 32767 };

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        policy = body_of(sizes[i]);

        if (!ok(policy != NULL, "a body of %zu bytes", sizes[i])) {
            continue;
        }

        is_int(policy->len, (long long) sizes[i], "has that length");
        is_int((long long) strlen(policy->id), MTA_STS_ID_LEN, "has an id");
        is_int((long long) test.n_warnings, sizes[i] > 10240, "warnings");

        if (sizes[i] == 10241) {
            is_err(&test.warnings[0], 10, 1, "a policy of 10241 bytes, some "
                   "senders read no more than 10240");
        }
    }

    ok(body_of(32768) == NULL, "a body of 32768 bytes");
    is_err(&test.err, 10, 1, TOO_LARGE);
}


/* mx lines alone: what is too large in any case is refused at once. */

static void
test_mx(void)
{
    mta_sts_settings_t  settings;

    test_begin(0);

    is_int(settings_of(&settings, 32767), MTA_STS_OK,
           "mx lines of 32767 bytes");

    /* 511 lines of 64 bytes, then two that share the rest */

    is_int(settings_of(&settings, 32768), MTA_STS_ERROR, "of 32768 bytes");
    is_err(&test.err, 10 + 512, 4, TOO_LARGE);

    is_int((long long) settings.mx.n, 512, "the last one is not added");
    is_int(add_mx(&settings, 512, 12), MTA_STS_OK, "a shorter one fits");
    is_int(add_mx(&settings, 0, MX_LINE - MX_HEAD), MTA_STS_OK,
           "a duplicate");
    is_int((long long) settings.mx.n, 513, "needs no room");
}


static int
add_rua(mta_sts_settings_t *settings, char first, size_t len)
{
    char             uri[MTA_STS_RUA_MAX + 2];
    mta_sts_value_t  name, value;

    memset(uri, 'a', sizeof(uri));
    memcpy(uri, "https://b.example/", strlen("https://b.example/"));
    uri[len - 1] = first;

    value = test_value(mta_sts_str("x"), 7, 12);
    value.text.data = uri;
    value.text.len = len;

    name = test_value(mta_sts_str("tlsrpt_rua"), 7, 1);

    return mta_sts_settings_set(settings, &name, &value, 1, &test.env,
                                &test.err);
}


static void
test_rua(void)
{
    mta_sts_settings_t  settings;

    test_begin(0);

    (void) set_lines(&settings, "");
    is_int(add_rua(&settings, 'a', 4001), MTA_STS_ERROR, "4001 bytes of rua");
    is_err(&test.err, 7, 12, TOO_LARGE_RUA);

    (void) set_lines(&settings, "");
    is_int(add_rua(&settings, 'a', 4000), MTA_STS_OK, "4000 bytes of rua");

    (void) set_lines(&settings, "");
    is_int(add_rua(&settings, 'a', 2000), MTA_STS_OK, "2000 bytes of rua");
    is_int(add_rua(&settings, 'b', 2000), MTA_STS_OK, "4000 bytes in two");
    is_int(add_rua(&settings, 'a', 2000), MTA_STS_OK, "and a duplicate");
    is_int((long long) settings.tlsrpt_rua.n, 2, "which needs no room");
    is_int((long long) settings.tlsrpt_rua.bytes, 4000, "fill it");

    is_int(add_rua(&settings, 'c', 19), MTA_STS_ERROR, "nothing more fits");
    is_err(&test.err, 7, 12, TOO_LARGE_RUA);

    (void) set_lines(&settings, "");
    (void) add_rua(&settings, 'a', 2000);
    is_int(add_rua(&settings, 'b', 2001), MTA_STS_ERROR, "4001 bytes in two");
    is_err(&test.err, 7, 12, TOO_LARGE_RUA);

    /* as they are in the record, where "!" has three bytes */

    (void) set_lines(&settings, "");
    is_int(add_rua(&settings, '!', 3998), MTA_STS_OK, "4000 bytes, encoded");

    (void) set_lines(&settings, "");
    is_int(add_rua(&settings, '!', 3999), MTA_STS_ERROR,
           "4001 bytes, encoded");
    is_err(&test.err, 7, 12, TOO_LARGE_RUA);
}


static int
memory_set(void)
{
    mta_sts_settings_t  settings;

    return set_lines(&settings, "mode none\nmx a.example *.b.example\n"
                      "mx c.example d.example *.b\xc3\xbc" "cher.example\n"
                      "max_age 1w\n"
                      "tlsrpt_rua mailto:a@b.example https://b.example/");
}


static int
memory_render(void)
{
    static mta_sts_settings_t  settings;

    static mta_sts_value_t  mx[] = {
        { { "a.example", 9 }, { { NULL, 0 }, 3, 7 } },
        { { "b.example", 9 }, { { NULL, 0 }, 3, 7 } }
    };

    /* a policy that needs none of the environment's memory to be set */

    memset(&settings, 0, sizeof(mta_sts_settings_t));

    settings.mx.elts = mx;
    settings.mx.n = 2;
    settings.mx.bytes = 18;

    return set_render(&settings) ? MTA_STS_OK : MTA_STS_ERROR;
}


/* The body of a large policy grows in several steps. */

static int
memory_large(void)
{
    mta_sts_settings_t  settings;

    if (settings_of(&settings, 2000) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    return set_render(&settings) ? MTA_STS_OK : MTA_STS_ERROR;
}


int
main(void)
{
    test_body();
    test_mx();
    test_rua();
    test_memory(memory_set, "set");
    test_memory(memory_render, "render");
    test_memory(memory_large, "set and render");

    return done();
}
