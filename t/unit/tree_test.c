/*
 * What mta-sts policy --prune takes for a file of its own: every policy that is
 * rendered, and no part of one.
 */

#include "cli/tree/tree.h"
#include "set.h"


static const char *const  hosts[] = {
    "mail.example.com", "*.mx.example.net", "a", "mx.xn--bcher-kva.example",
    "*.a-b.example", "mx1.example.com", "mx2.example.com", "0.example"
};

#define HOSTS  (sizeof(hosts) / sizeof(hosts[0]))


static unsigned
next(uint64_t *seed, unsigned limit)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;

    return (unsigned) (*seed >> 33) % limit;
}


/* A policy of some settings; its hosts are different ones. */

static mta_sts_str_t
render(uint64_t seed)
{
    char                     lines[512];
    int                      len;
    unsigned                 i, first, n;
    mta_sts_digest_t         digest = { NULL };
    mta_sts_settings_t       settings;
    const mta_sts_policy_t  *policy;

    static const char *const  modes[] = { "enforce", "testing", "none" };

    memset(&settings, 0, sizeof(mta_sts_settings_t));

    i = next(&seed, 3);
    first = next(&seed, HOSTS);
    n = next(&seed, HOSTS) + (i != 2);

    len = snprintf(lines, sizeof(lines), "mode %s\nmax_age %u", modes[i],
                   1 + next(&seed, MTA_STS_MAX_AGE_MAX));

    for (i = 0; i < n; i++) {
        len += snprintf(lines + len, sizeof(lines) - (size_t) len, "\nmx %s",
                        hosts[(first + i) % HOSTS]);
    }

    if (set_lines(&settings, lines) != MTA_STS_OK
        || mta_sts_policy_render(&settings, &digest, &test.env, &policy,
                                 &test.err)
           != MTA_STS_OK)
    {
        abort();
    }

    mta_sts_digest_free(&digest);

    return mta_sts_policy_body(policy);
}


static void
test_rendered(void)
{
    size_t         i, bad;
    mta_sts_str_t  body;

    for (i = 0, bad = 0; i < 500; i++) {
        test_begin(0);
        body = render(i);
        bad += !tree_is_policy(body);
    }

    (void) is_int((long long) bad, 0, "each policy that is rendered");
}


static void
test_parts(void)
{
    char           text[1024];
    size_t         i, bad;
    mta_sts_str_t  body, part;

    for (i = 0, bad = 0; i < 20; i++) {
        test_begin(0);
        body = render(i);

        for (part = body; part.len--; ) {
            bad += tree_is_policy(part) != 0;
        }

        for (part = body; part.len > 1; ) {
            part = mta_sts_str_after(part, 1);
            bad += tree_is_policy(part) != 0;
        }

        part.data = text;
        part.len = 2 * body.len;

        memcpy(text, body.data, body.len);
        memcpy(text + body.len, body.data, body.len);
        bad += tree_is_policy(part) != 0;
    }

    (void) is_int((long long) bad, 0, "no part of one, and no two in one");
}


/* One byte is another one, or one more. */

static void
test_bytes(void)
{
    char           text[1024];
    size_t         i, at, bad;
    mta_sts_str_t  body, changed;

    static const char  bytes[] = "\0\t\n\r :;\"\\\x7f\xff";

    test_begin(0);
    body = render(1);
    bad = 0;
    changed.data = text;

    for (at = 0; at <= body.len; at++) {
        for (i = 0; i < sizeof(bytes) - 1; i++) {
            memcpy(text, body.data, at);
            text[at] = bytes[i];
            memcpy(text + at + 1, body.data + at, body.len - at);
            changed.len = body.len + 1;
            bad += tree_is_policy(changed) != 0;

            if (at < body.len && body.data[at] != bytes[i]) {
                memcpy(text, body.data, body.len);
                text[at] = bytes[i];
                changed.len = body.len;
                bad += tree_is_policy(changed) != 0;
            }
        }
    }

    (void) is_int((long long) bad, 0, "no byte that is out of place");
    (void) ok(tree_is_policy(body), "but the policy itself");
}


int
main(void)
{
    test_rendered();
    test_parts();
    test_bytes();

    return done();
}
