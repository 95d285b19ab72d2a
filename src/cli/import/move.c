/*
 * The order of the move: serve, check, address, record, and how long the old
 * servers have to stay (docs/lifecycle.md, rules 7 and 16).
 */

#include <stdlib.h>

#include "cli/diag/diag.h"
#include "cli/plan/plan.h"
#include "import.h"


/* Different TTLs that have a line of their own, and names in a line. */

#define MOVE_LINES  8
#define MOVE_NAMES  3


static int
move_cmp(const void *a, const void *b)
{
    const import_domain_t  *x = *(const import_domain_t *const *) a;
    const import_domain_t  *y = *(const import_domain_t *const *) b;

    if (x->ttl != y->ttl) {
        return x->ttl > y->ttl ? -1 : 1;
    }

    return mta_sts_str_cmp(x->domain, y->domain);
}


/* "1h", "90m": a TTL in the largest unit that divides it. */

static void
move_ttl(mta_sts_buf_t *text, int64_t ttl)
{
    size_t  i, begin;

    static const struct {
        int64_t  seconds;
        char     name;
    } units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };

    begin = text->len;

    for (i = 0; ttl % units[i].seconds || (ttl == 0 && i < 3); i++) {
        /* void */
    }

    mta_sts_buf_add_uint(text, (uint64_t) (ttl / units[i].seconds));
    mta_sts_buf_add_char(text, units[i].name);

    while (text->len - begin < 10) {
        mta_sts_buf_add_char(text, ' ');
    }
}


/* A line for the domains from i to end, of which the first has the largest. */

static void
move_line(const import_t *import, const import_domain_t *const *domains,
    size_t n, mta_sts_buf_t *text)
{
    size_t  i;

    mta_sts_buf_add_cstr(text, "#              ");
    move_ttl(text, domains[0]->ttl);
    import_date(text, import->now + (time_t) domains[0]->ttl + PLAN_STALE);
    mta_sts_buf_add_cstr(text, "    ");

    for (i = 0; i < n && i < MOVE_NAMES; i++) {
        mta_sts_buf_add_cstr(text, i ? ", " : "");
        mta_sts_buf_add(text, domains[i]->domain);
    }

    if (n > MOVE_NAMES) {
        mta_sts_buf_add_cstr(text, " and ");
        mta_sts_buf_add_uint(text, n - MOVE_NAMES);
        mta_sts_buf_add_cstr(text, n - MOVE_NAMES == 1 ? " other" : " others");
    }

    mta_sts_buf_add_char(text, '\n');
}


/* Until when old servers have to stay, by the TTL of their addresses. */

static void
move_dates(const import_t *import, mta_sts_buf_t *text)
{
    size_t                   i, n, end, lines;
    const import_domain_t  **domains;

    domains = diag_calloc(import->n, sizeof(import_domain_t *));

    for (i = 0, n = 0; i < import->n; i++) {
        if (import->domains[i].ttl >= 0) {
            domains[n++] = &import->domains[i];
        }
    }

    qsort(domains, n, sizeof(import_domain_t *), move_cmp);

    mta_sts_buf_add_cstr(text,
        "#\n#              TTL       until                   domains\n");

    for (i = 0, lines = 1; i < n; i = end, lines++) {

        end = i + 1;

        while (end < n && (domains[end]->ttl == domains[i]->ttl
                           || lines == MOVE_LINES))
        {
            end++;
        }

        move_line(import, domains + i, end - i, text);
    }

    mta_sts_buf_add_cstr(text,
        "#\n"
        "#              The dates are for a change now (");
    import_date(text, import->now - 59);
    mta_sts_buf_add_cstr(text, "), and later\n"
        "#              by as much as it is later: the TTL, and a day and 30 "
        "minutes for\n"
        "#              caches that serve old answers.\n");

    free(domains);
}


/* Is there a domain whose bytes will be others? */

static int
move_differs(const import_t *import)
{
    size_t  i;

    for (i = 0; i < import->n; i++) {
        if (import->domains[i].differs || import->domains[i].repaired) {
            return 1;
        }
    }

    return 0;
}


static void
move_live(const import_t *import, mta_sts_buf_t *text)
{
    mta_sts_buf_add_cstr(text,
        "# 2. check     Ask the new server itself, before the DNS points to "
        "it:\n"
        "#                  curl --connect-to ::NEW-ADDRESS \\\n"
        "#                      https://mta-sts.");
    mta_sts_buf_add(text, import->domains[0].domain);
    mta_sts_buf_add_cstr(text, "/.well-known/mta-sts.txt\n"
        "# 3. address   Let each mta-sts.DOMAIN point to the new server.  The "
        "old one goes\n"
        "#              on as it is, and nothing else changes, until:\n");

    move_dates(import, text);

    mta_sts_buf_add_cstr(text,
        "#\n"
        "#              Where the addresses stay the same, there is nothing to "
        "wait for.\n"
        "# 4. record    mta-sts check, then publish what \"mta-sts records "
        "--served\"\n"
        "#              prints: the new ids.");

    if (move_differs(import)) {
        mta_sts_buf_add_cstr(text, "  Where \"bytes\" or \"repaired\" is "
            "said above,\n"
            "#              not before that date.");
    }

    mta_sts_buf_add_cstr(text, "\n"
        "# 5. the end   From that date on, the old server may go.\n");
}


static void
move_served_by_hand(const import_t *import, mta_sts_buf_t *text)
{
    mta_sts_buf_add_cstr(text, import->from == IMPORT_CONF
        ? "#              Remove the locations that served these policies "
          "by hand.\n"
        : "");

    mta_sts_buf_add_cstr(text,
        "# 2. check     mta-sts check: txt-id-differs is expected, fix the "
        "rest.\n"
        "# 3. record    Publish what \"mta-sts records --served\" prints: the "
        "new ids.\n"
        "#\n"
        "# If the policy hosts get other addresses, the old servers go on as "
        "they are for\n"
        "# the TTL of the old addresses and a day and 30 minutes, and the "
        "records wait for\n"
        "# that; \"mta-sts import DOMAIN...\" prints the dates.\n");
}


void
import_move(const import_t *import, const import_format_t *format,
    mta_sts_buf_t *text)
{
    mta_sts_buf_add_cstr(text,
        "\n"
        "# The move, in this order (moving.md):\n"
        "#\n"
        "# 1. serve     nginx with ");
    mta_sts_buf_add_cstr(text, format->nginx
        ? "these servers in http, and a certificate for each.\n"
        : "\"mta_sts_domains THIS-FILE;\" in a server for mta-sts.*,\n"
          "#              and a certificate for each policy host.\n");

    if (import->from == IMPORT_LIVE) {
        move_live(import, text);

    } else {
        move_served_by_hand(import, text);
    }
}
