/*
 * What a domains file says must come out exactly, whatever the order of its
 * keys and in whatever style of YAML it is written: a domain with the policy
 * of another is mail that does not arrive.
 */

#include "files.h"


#define BODY(mode, mx, max_age)  "version: STSv1|mode: " mode "|mx: " mx      \
                                 "|max_age: " max_age "|"

#define M_WEEK   BODY("testing", "m.example", "604800")
#define KEYS     7


static char  shown[16384];


static void
show_policy(FILE *out, mta_sts_str_t name, mta_sts_str_t policy_name,
    mta_sts_place_t place, const mta_sts_policy_t *policy)
{
    size_t         i;
    mta_sts_str_t  body;

    (void) fprintf(out, "%.*s %.*s %.*s:%u", (int) name.len, name.data,
                   policy_name.len ? (int) policy_name.len : 1,
                   policy_name.len ? policy_name.data : "-",
                   (int) place.file.len, place.file.data, place.line);

    if (place.column) {
        (void) fprintf(out, ":%u", place.column);
    }

    (void) putc(' ', out);

    body = mta_sts_policy_body(policy);

    for (i = 0; i < body.len; i++) {
        if (i + 1 < body.len && memcmp(body.data + i, "\r\n", 2) == 0) {
            (void) putc('|', out);
            i++;

        } else {
            (void) putc(body.data[i], out);
        }
    }

    if (policy->rua_len) {
        (void) fprintf(out, " %.*s", (int) policy->rua_len,
                       mta_sts_policy_rua(policy).data);
    }

    (void) putc('\n', out);
}


/*
 * Shows all that is known of domains, one line per domain and for the default:
 * its name, its policy name or "-", its place and its policy.
 */

static mta_sts_str_t
show(const mta_sts_domains_t *domains)
{
    FILE             *out;
    size_t            cursor;
    mta_sts_entry_t   entry, found;

    out = fmemopen(shown, sizeof(shown), "w");
    if (out == NULL) {
        abort();
    }

    cursor = 0;

    while (mta_sts_table_next(&domains->table, &cursor, &entry)) {
        if (!mta_sts_table_find(&domains->table, entry.domain, &found)
            || found.policy != entry.policy)
        {
            (void) fprintf(out, "lost: ");
        }

        show_policy(out, entry.domain, entry.policy_name, entry.place,
                    entry.policy);
    }

    if (domains->default_policy) {
        show_policy(out, mta_sts_str("default"), domains->default_name,
                    domains->default_place, domains->default_policy);
    }

    (void) putc('\0', out);
    (void) fclose(out);

    return mta_sts_str_from(shown);
}


static const struct {
    const char  *what;
    const char  *text;
    const char  *domains;
} files[] = {
    { "settings, policies, domains, default",
      "max_age: 2w\n"
      "policies:\n"
      "  hosted: { mode: enforce, mx: [a.example.net, b.example.net] }\n"
      "domains:\n"
      "  example.com: hosted\n"
      "  example.org: { policy: hosted, mode: testing }\n"
      "default: hosted\n",

      "example.com hosted test.conf:5 "
      BODY("enforce", "a.example.net|mx: b.example.net", "1209600") "\n"
      "example.org - test.conf:6 "
      BODY("testing", "a.example.net|mx: b.example.net", "1209600") "\n"
      "default hosted test.conf:7:1 "
      BODY("enforce", "a.example.net|mx: b.example.net", "1209600") "\n" },

    { "keys in alphabetical order",
      "default: hosted\n"
      "domains:\n"
      "  b.example: hosted\n"
      "  a.example: {policy: hosted, tlsrpt_rua: 'mailto:c@d.example'}\n"
      "max_age: 2w\n"
      "mode: enforce\n"
      "mx: m.example\n"
      "policies:\n"
      "  hosted: {max_age: 1d}\n"
      "tlsrpt_rua: [mailto:a@b.example, https://b.example/]\n",

      "b.example hosted test.conf:3 "
      BODY("enforce", "m.example", "86400")
      " mailto:a@b.example,https://b.example/\n"
      "a.example - test.conf:4 "
      BODY("enforce", "m.example", "86400") " mailto:c@d.example\n"
      "default hosted test.conf:1:1 "
      BODY("enforce", "m.example", "86400")
      " mailto:a@b.example,https://b.example/\n" },

    { "a setting between domains and policies",
      "domains:\n  a.example: p\nmode: enforce\n"
      "policies:\n  p: {mx: m.example}\n",

      "a.example p test.conf:2 "
      BODY("enforce", "m.example", "604800") "\n" },

    { "settings around the domains",
      "max_age: 1d\ndomains:\n  a.example: p\n  b.example: {mx: n.example}\n"
      "mode: enforce\npolicies:\n  p: {mx: m.example}\n",

      "a.example p test.conf:3 " BODY("enforce", "m.example", "86400") "\n"
      "b.example - test.conf:4 " BODY("enforce", "n.example", "86400")
      "\n" },

    { "a setting after domains that were complete without it",
      "policies:\n  p: {mx: m.example}\ndomains:\n  a.example: p\n"
      "  b.example: {policy: p, mode: testing}\nmode: enforce\n",

      "a.example p test.conf:4 " BODY("enforce", "m.example", "604800") "\n"
      "b.example - test.conf:5 " M_WEEK "\n" },

    { "flow style in one line",
      "{policies: {p: {mx: m.example}}, domains: {a.example: p}, default: p}",

      "a.example p test.conf:1 " M_WEEK "\n"
      "default p test.conf:1:59 " M_WEEK "\n" },

    { "JSON",
      "{\n  \"domains\": {\n    \"a.example\": {\n"
      "      \"mode\": \"none\",\n      \"mx\": [\"m.example\", "
      "\"*.n.example\"],\n      \"max_age\": 86400\n    },\n"
      "\t\"b.example\":\"p\"},\n"
      "  \"policies\": {\"p\": {\"mx\": \"m\\u002eexample\"}}\n}\n",

      "a.example - test.conf:3 "
      BODY("none", "m.example|mx: *.n.example", "86400") "\n"
      "b.example p test.conf:8 " M_WEEK "\n" },

    { "what a policy has goes before a setting of the file, and is overridden",
      "mode: enforce\nmax_age: 1d\nmx: z.example\npolicies:\n"
      "  p: {mx: m.example, max_age: 2d}\ndomains:\n"
      "  a.example: {policy: p}\n  b.example: {policy: p, max_age: 3d}\n"
      "  c.example: {mx: [n.example], policy: p}\n",

      "a.example p test.conf:7 " BODY("enforce", "m.example", "172800") "\n"
      "b.example - test.conf:8 " BODY("enforce", "m.example", "259200") "\n"
      "c.example - test.conf:9 " BODY("enforce", "n.example", "172800")
      "\n" },

    { "settings without a policy",
      "mx: m.example\ndomains:\n  a.example: {}\n"
      "  b.example: {mode: enforce}\n",

      "a.example - test.conf:3 " M_WEEK "\n"
      "b.example - test.conf:4 "
      BODY("enforce", "m.example", "604800") "\n" },

    { "a default alone, a map",
      "\ndefault: {mx: m.example}\n",

      "default - test.conf:2:1 " M_WEEK "\n" },

    { "a default with settings that follow it, without domains",
      "default: {}\nmx: m.example\n",

      "default - test.conf:1:1 " M_WEEK "\n" },

    { "a default that overrides",
      "default: {policy: p, max_age: 1d}\npolicies: {p: {mx: m.example}}\n"
      "domains: {}\n",

      "default - test.conf:1:1 "
      BODY("testing", "m.example", "86400") "\n" },

    { "a policy of an earlier file, whose settings do not leak",
      "mode: enforce\nmax_age: 1d\ntlsrpt_rua: mailto:a@b.example\n"
      "policies:\n  p: {mx: m.example}\ndomains: {a.example: p}\n"
      "\fmax_age: 3d\ndomains:\n  b.example: p\n"
      "  c.example: {mx: m.example}\n  d.example: {policy: p, mode: none}\n"
      "\fdefault: {mx: m.example}\ndomains: {e.example: p}\n",

      "a.example p 1.yaml:6 "
      BODY("enforce", "m.example", "86400") " mailto:a@b.example\n"
      "b.example p 2.yaml:3 "
      BODY("enforce", "m.example", "86400") " mailto:a@b.example\n"
      "c.example - 2.yaml:4 "
      BODY("testing", "m.example", "259200") "\n"
      "d.example - 2.yaml:5 "
      BODY("none", "m.example", "86400") " mailto:a@b.example\n"
      "e.example p test.conf:2 "
      BODY("enforce", "m.example", "86400") " mailto:a@b.example\n"
      "default - test.conf:1:1 " M_WEEK "\n" },

    { "a file that is read twice after one that is not",
      "mx: m.example\ndomains: {a.example: {}}\ndefault: {mode: none}\n"
      "\fmx: m.example\ndomains: {b.example: {}}\nmode: enforce\n",

      "a.example - 1.yaml:2 " M_WEEK "\n"
      "b.example - test.conf:2 "
      BODY("enforce", "m.example", "604800") "\n"
      "default - 1.yaml:3:1 " BODY("none", "m.example", "604800") "\n" },

    { "U-labels, capitals and a trailing dot",
      "mx: m.example\ndomains:\n  b\xc3\xbc" "cher.example: {}\n"
      "  A.EXAMPLE: {}\n  c.example.: {}\n  \"B\\u00dcCHER.B.\": {}\n",

      "xn--bcher-kva.example - test.conf:3 " M_WEEK "\n"
      "a.example - test.conf:4 " M_WEEK "\n"
      "c.example - test.conf:5 " M_WEEK "\n"
      "xn--bcher-kva.b - test.conf:6 " M_WEEK "\n" }
};


static void
test_files(void)
{
    size_t             i;
    mta_sts_domains_t  domains;

    for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        test_begin(0);

        if (!is_int(files_read(&domains, files[i].text), MTA_STS_OK, "%s",
                    files[i].what))
        {
            printf("# %u:%u: %s\n", test.err.place.line,
                   test.err.place.column, test.err.text);
            continue;
        }

        is_str(show(&domains), mta_sts_str_from(files[i].domains),
               "its domains");
        is_int((long long) test.n_warnings, 0, "no warnings");
    }
}


/* Each key of a file, with the lines of its domains and of its default. */

static const struct {
    const char  *text;
    unsigned     lines;
} keys[KEYS] = {
    { "domains:\n  a.example: p\n  b.example: {policy: p, max_age: 1d}\n"
      "  c.example: {mode: none}\n", 4 },
    { "default: p\n", 1 },
    { "policies:\n  p: {mx: n.example}\n", 2 },
    { "max_age: 2w\n", 1 },
    { "mode: enforce\n", 1 },
    { "mx: m.example\n", 1 },
    { "tlsrpt_rua: mailto:a@b.example\n", 1 }
};


/* Reads the keys in one order; are they understood? */

static int
order_is_read(const unsigned *order)
{
    char               text[512], expected[1024];
    size_t             i;
    unsigned           line, domains_line, default_line;
    mta_sts_domains_t  domains;

    text[0] = '\0';
    domains_line = 0;
    default_line = 0;

    for (i = 0, line = 1; i < KEYS; i++) {
        (void) strcat(text, keys[order[i]].text);

        domains_line = order[i] == 0 ? line : domains_line;
        default_line = order[i] == 1 ? line : default_line;
        line += keys[order[i]].lines;
    }

    (void) snprintf(expected, sizeof(expected),
                    "a.example p test.conf:%u "
                    BODY("enforce", "n.example", "1209600")
                    " mailto:a@b.example\n"
                    "b.example - test.conf:%u "
                    BODY("enforce", "n.example", "86400")
                    " mailto:a@b.example\n"
                    "c.example - test.conf:%u "
                    BODY("none", "m.example", "1209600")
                    " mailto:a@b.example\n"
                    "default p test.conf:%u:1 "
                    BODY("enforce", "n.example", "1209600")
                    " mailto:a@b.example\n",
                    domains_line + 1, domains_line + 2, domains_line + 3,
                    default_line);

    test_begin(0);

    if (files_read(&domains, text) == MTA_STS_OK && test.n_warnings == 0
        && mta_sts_str_eq(show(&domains), mta_sts_str_from(expected)))
    {
        return 1;
    }

    printf("# not understood: ");
    tap_show(mta_sts_str_from(text));

    return 0;
}


/* All orders that begin with the first n of one. */

static void
orders(unsigned *order, unsigned n, size_t *all, size_t *bad)
{
    unsigned  i, key;

    if (n == KEYS) {
        *all += 1;
        *bad += !order_is_read(order);
        return;
    }

    for (key = 0; key < KEYS; key++) {
        for (i = 0; i < n && order[i] != key; i++) { /* void */ }

        if (i == n) {
            order[n] = key;
            orders(order, n + 1, all, bad);
        }
    }
}


static void
test_orders(void)
{
    size_t    all, bad;
    unsigned  order[KEYS];

    all = 0;
    bad = 0;

    orders(order, 0, &all, &bad);

    is_int((long long) all, 5040, "orders of %d keys", KEYS);
    is_int((long long) bad, 0, "all mean the same");
}


/* Memory for a million domains, which have few policies. */

static void
test_equal(void)
{
    mta_sts_domains_t        domains;
    const mta_sts_policy_t  *p;

    test_begin(0);

    is_int(files_read(&domains,
                      "policies:\n  p: {mx: m.example}\n  q: {mx: m.example}\n"
                      "domains:\n  a.b: p\n  b.b: q\n  c.b: {mx: m.example}\n"
                      "  d.b: {policy: p}\n  e.b: {policy: q, mode: testing}\n"
                      "  f.b: {mx: m.example, mode: none}\n"
                      "\fdomains:\n  g.b: {mx: m.example}\n"
                      "default: {policy: q, max_age: 1w}\n"),
           MTA_STS_OK, "equal policies");

    is_str(show(&domains), mta_sts_str("a.b p 1.yaml:5 " M_WEEK "\n"
           "b.b q 1.yaml:6 " M_WEEK "\n"
           "c.b - 1.yaml:7 " M_WEEK "\n"
           "d.b p 1.yaml:8 " M_WEEK "\n"
           "e.b - 1.yaml:9 " M_WEEK "\n"
           "f.b - 1.yaml:10 " BODY("none", "m.example", "604800") "\n"
           "g.b - test.conf:2 " M_WEEK "\n"
           "default - test.conf:3:1 " M_WEEK "\n"), "keep their policy names");

    p = mta_sts_table_policy(&domains.table, mta_sts_str("a.b"));

#define IS_P(domain)                                                          \
    (mta_sts_table_policy(&domains.table, mta_sts_str(domain)) == p)

    ok(p != NULL && IS_P("b.b"), "two names");
    ok(IS_P("c.b"), "named and inline");
    ok(IS_P("d.b") && IS_P("e.b"), "named and overridden with the same");
    ok(IS_P("g.b"), "in another file");
    ok(domains.default_policy == p, "the default");
    ok(!IS_P("f.b"), "but not those that differ in mode");
}


int
main(void)
{
    test_files();
    test_orders();
    test_equal();

    return done();
}
