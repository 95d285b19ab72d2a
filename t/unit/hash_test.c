/*
 * A domains file may be written by an attacker: names must spread over a table
 * whatever they are, and differently each time.
 */

#include "serve/slots.h"
#include "tap.h"


#define NAMES  20000


/* A hash without a key, for which colliding names are found in a second. */

static uint32_t
plain_hash(mta_sts_str_t str)
{
    size_t    i;
    uint64_t  hash, word;

    hash = str.len;

    for (i = 0; i < str.len; i += sizeof(word)) {
        word = 0;
        memcpy(&word, str.data + i,
               str.len - i < sizeof(word) ? str.len - i : sizeof(word));

        hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 29;
    }

    return (uint32_t) (hash >> 32);
}


/* The i-th name of a kind, in buf. */

static mta_sts_str_t
name_of(unsigned kind, unsigned i, char *buf, size_t size)
{
    int             n;
    mta_sts_str_t   str;
    static unsigned next;

    next = i ? next : 0;

    switch (kind) {

    case 0:
        n = snprintf(buf, size, "%u.example", i);
        break;

    case 1:
        n = snprintf(buf, size, "customer-%08x.a.very.long.name.example",
                     i * 0x10001);
        break;

    case 2:
        n = snprintf(buf, size, "%0*u", (int) (i % 100) + 10, i);
        break;

    default:

        do {
            n = snprintf(buf, size, "x%u.b.example", next++);
            str.data = buf;
            str.len = (size_t) n;
        } while (plain_hash(str) >> 22);
    }

    str.data = buf;
    str.len = (size_t) n;

    return str;
}


static int
number_cmp(const void *a, const void *b)
{
    uint32_t  x = *(const uint32_t *) a, y = *(const uint32_t *) b;

    return (x > y) - (x < y);
}


/* How many different values n hashes have, cut to bits. */

static size_t
different(uint32_t *hashes, size_t n, unsigned shift)
{
    size_t  i, k;

    for (i = 0; i < n; i++) {
        hashes[i] >>= shift;
    }

    qsort(hashes, n, sizeof(uint32_t), number_cmp);

    for (i = 1, k = 1; i < n; i++) {
        k += hashes[i] != hashes[i - 1];
    }

    return k;
}


static void
test_spread(void)
{
    char                buf[256];
    size_t              high, low;
    unsigned            i, kind;
    mta_sts_str_t       name;
    mta_sts_hash_key_t  key;

    static uint32_t  hashes[NAMES], tags[NAMES];

    static const char  *kinds[] = {
        "numbers", "names that differ in the middle", "zeros of any length",
        "names that collide in a hash without a key"
    };

    for (kind = 0; kind < 4; kind++) {
        is_int(mta_sts_hash_init(&key, &test.err), MTA_STS_OK, "a key");

        for (i = 0; i < NAMES; i++) {
            name = name_of(kind, i, buf, sizeof(buf));
            hashes[i] = mta_sts_hash(&key, name);
            tags[i] = hashes[i] << 24;
        }

        /* 2^15 values: 20000 random ones take 14970 of them on average */

        high = different(hashes, NAMES, 17);
        low = different(tags, NAMES, 24);

        ok(high > 14600 && high < 15350, "%s spread: %zu", kinds[kind], high);
        is_int((long long) low, 256, "and have all tags");
    }
}


static void
test_keys(void)
{
    char                bytes[MTA_STS_HASH_MAX];
    size_t              i, len, same;
    uint32_t            hash;
    mta_sts_str_t       str;
    mta_sts_hash_key_t  a, b;

    (void) mta_sts_hash_init(&a, &test.err);
    (void) mta_sts_hash_init(&b, &test.err);

    ok(memcmp(&a, &b, sizeof(a)) != 0, "each key is another");

    memset(bytes, 'a', sizeof(bytes));
    str.data = bytes;

    for (len = 0, same = 0; len <= MTA_STS_HASH_MAX; len++) {
        str.len = len;
        hash = mta_sts_hash(&a, str);
        same += hash == mta_sts_hash(&b, str);

        for (i = 0; i < len; i++) {
            bytes[i] ^= 1;
            same += hash == mta_sts_hash(&a, str);
            bytes[i] ^= 1;
        }

        same += hash != mta_sts_hash(&a, str);
    }

    ok(same < 4, "it depends on the key and on each byte");
}


int
main(void)
{
    test_begin(0);
    test_spread();
    test_keys();

    return done();
}
