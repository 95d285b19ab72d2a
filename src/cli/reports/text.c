/*
 * The summary for people, and one report.
 */

#include <inttypes.h>

#include "cli/diag/diag.h"
#include "reports.h"


#define TEXT_ROWS   10                /* of a list */
#define TEXT_CHART  60                /* days */
#define TEXT_DAY    86400
#define TEXT_ID     12                /* characters of a digest */


static void
text_str(FILE *out, mta_sts_str_t str)
{
    (void) fwrite(str.len ? str.data : "", 1, str.len, out);
}


static const char *
text_verified(int verified)
{
    return verified ? "verified" : "unverified";
}


/* What is known of reports that were dropped. */

static void
text_summed(const evidence_sessions_t *summed, FILE *out)
{
    if (summed->reports) {
        (void) fprintf(out, "      of these %" PRId64 " good, %" PRId64
                       " failed of %" PRId64 " report%s that %s dropped: "
                       "without failures, hosts, reporters\n", summed->good,
                       summed->failed, summed->reports,
                       diag_s((size_t) summed->reports),
                       summed->reports == 1 ? "was" : "were");
    }
}


static void
text_sessions(const summary_domain_t *domain, FILE *out)
{
    int                        verified;
    reports_type_e             type;
    const evidence_sessions_t  *sessions;

    for (type = REPORTS_STS; type <= REPORTS_OTHER; type++) {
        for (verified = 1; verified >= 0; verified--) {
            sessions = &domain->sessions[type][verified];

            if (sessions->reports) {
                (void) fprintf(out, "  %-15s  %-10s  %10" PRId64 " good  %10"
                               PRId64 " failed  %6" PRId64 " report%s\n",
                               reports_type(type), text_verified(verified),
                               sessions->good, sessions->failed,
                               sessions->reports,
                               diag_s((size_t) sessions->reports));
                text_summed(&domain->summed[type][verified], out);
            }
        }
    }
}


static void
text_more(const summary_rows_t *rows, FILE *out)
{
    if (rows->n > TEXT_ROWS) {
        (void) fprintf(out, "    %zu more: -f json\n", rows->n - TEXT_ROWS);
    }
}


static void
text_failures(const summary_domain_t *domain, FILE *out)
{
    size_t                i;
    const char           *meaning;
    const summary_row_t  *row;

    if (domain->failures.n) {
        (void) fprintf(out, "  failures:\n");
    }

    for (i = 0; i < domain->failures.n && i < TEXT_ROWS; i++) {
        row = &domain->failures.elts[i];
        meaning = reports_result(row->name)->meaning;

        (void) fprintf(out, "    %10" PRId64 "  %s, %s: ", row->failed,
                       reports_type(row->type), text_verified(row->verified));
        text_str(out, row->name.len ? row->name : mta_sts_str("(no type)"));
        (void) fprintf(out, "\n                %s\n", meaning ? meaning
                       : "a type that RFC 8460 does not define");
    }

    text_more(&domain->failures, out);
}


static void
text_hosts(const summary_domain_t *domain, FILE *out)
{
    size_t                i;
    const summary_row_t  *row;

    if (domain->hosts.n) {
        (void) fprintf(out, "  MX hosts that failed:\n");
    }

    for (i = 0; i < domain->hosts.n && i < TEXT_ROWS; i++) {
        row = &domain->hosts.elts[i];

        (void) fprintf(out, "    %10" PRId64 "  %s, %s: ", row->failed,
                       reports_type(row->type), text_verified(row->verified));
        text_str(out, row->name);
        (void) fputc('\n', out);
    }

    text_more(&domain->hosts, out);
}


static void
text_reporters(const summary_t *summary, const summary_domain_t *domain,
    FILE *out)
{
    char                  day[SUMMARY_DAY];
    size_t                i;
    const summary_row_t  *row;

    if (domain->reporters.n) {
        (void) fprintf(out, "  reporters (last report's end and ID):\n");
    }

    for (i = 0; i < domain->reporters.n && i < TEXT_ROWS; i++) {
        row = &domain->reporters.elts[i];

        (void) fprintf(out, "    %s  %.*s  %s: ", summary_day(row->last, day),
                       TEXT_ID, row->digest.data, reports_type(row->type));
        text_str(out, row->name.len ? row->name : mta_sts_str("(no name)"));

        if (row->verified) {
            (void) fprintf(out, ", signed by ");
            text_str(out, row->signer);

        } else {
            (void) fprintf(out, ", unverified");
        }

        (void) fprintf(out, ": %" PRId64 " good, %" PRId64 " failed%s\n",
                       row->good, row->failed,
                       summary_has_stopped(summary, domain, row)
                       ? "; STOPPED: none for a week" : "");
    }

    text_more(&domain->reporters, out);
}


/*
 * A character per day: the part of failed sessions, "." for none and a space
 * where nothing was reported.
 */

static void
text_chart(const summary_domain_t *domain, reports_type_e type, int verified,
    FILE *out)
{
    char                  day[SUMMARY_DAY];
    double                part;
    size_t                i;
    int64_t               next;
    const summary_row_t  *row, *begin, *end;

    static const char *const  bars[] = {
        ".", "\xe2\x96\x82", "\xe2\x96\x83", "\xe2\x96\x85", "\xe2\x96\x87",
        "\xe2\x96\x88"
    };

    begin = end = NULL;

    for (i = 0; i < domain->days.n; i++) {
        row = &domain->days.elts[i];

        if (row->type == type && row->verified == verified) {
            begin = begin ? begin : row;
            end = row;
        }
    }

    if (begin == end) {
        return;
    }

    while (begin->last <= end->last - (int64_t) TEXT_CHART * TEXT_DAY) {
        begin++;
    }

    (void) fprintf(out, "  %-15s  %-10s  failed, by day from %s: ",
                   reports_type(type), text_verified(verified),
                   summary_day(begin->last, day));

    next = begin->last;

    for (row = begin; row <= end; row++, next += TEXT_DAY) {
        for ( /* void */ ; next < row->last; next += TEXT_DAY) {
            (void) fputc(' ', out);
        }

        part = row->failed == 0 ? 0
               : (double) row->failed
                 / ((double) row->good + (double) row->failed);

        (void) fputs(bars[row->failed == 0 ? 0 : 1 + (int) (part * 4)], out);
    }

    (void) fputc('\n', out);
}


static void
text_title(const summary_t *summary, const summary_domain_t *domain,
    FILE *out)
{
    const char          *color;
    summary_severity_e   severity;

    static const char *const  names[] = { "good", "note", "warning", "error" };
    static const char *const  colors[] = { "32", "36", "33", "31" };

    severity = summary_severity(summary, domain);
    color = colors[severity];

    text_str(out, domain->domain.len ? domain->domain
                                     : mta_sts_str("(no domain named)"));
    (void) fprintf(out, summary->color ? ": \033[%sm%s\033[0m\n"
                                       : ": %.0s%s\n", color, names[severity]);
}


void
summary_text(const summary_t *summary, FILE *out)
{
    size_t                   i;
    reports_type_e           type;
    const summary_domain_t  *domain;

    for (i = 0; i < summary->n; i++) {
        domain = &summary->domains[i];

        text_title(summary, domain, out);

        if (domain->last == 0) {
            (void) fprintf(out, "  no report in %u day%s\n", summary->days,
                           diag_s(summary->days));
            continue;
        }

        text_sessions(domain, out);

        for (type = REPORTS_STS; type <= REPORTS_OTHER && summary->color;
             type++)
        {
            text_chart(domain, type, 1, out);
            text_chart(domain, type, 0, out);
        }

        text_failures(domain, out);
        text_hosts(domain, out);
        text_reporters(summary, domain, out);
    }

    if (summary->n == 0) {
        (void) fprintf(out, "no reports\n");
    }

    if (summary->refused) {
        (void) fprintf(out, "%" PRId64 " report%s %s refused: about other "
                       "domains, or too many\n", summary->refused,
                       diag_s((size_t) summary->refused),
                       summary->refused == 1 ? "was" : "were");
    }
}


/* One report. */

static void
show_count(void *ctx, const char *const *columns)
{
    size_t  *n = ctx;

    (void) columns;
    ++*n;
}


static void
show_report(void *ctx, const char *const *columns)
{
    (void) fprintf(ctx, "digest:        %s\n"
                   "organization:  %s\n"
                   "contact:       %s\n"
                   "report-id:     %s\n"
                   "origin:        %s%s\n"
                   "source:        %s\n"
                   "received:      %s\n"
                   "begin:         %s\n"
                   "end:           %s\n", columns[0], columns[1], columns[2],
                   columns[3], *columns[4] ? "verified, signed by "
                                           : "unverified", columns[4],
                   columns[5], columns[6], columns[7], columns[8]);
}


/* The type in a column. */

static const char *
show_type(const char *column)
{
    return reports_type(column[0] >= '0' && column[0] < '0' + REPORTS_OTHER
                        ? (reports_type_e) (column[0] - '0') : REPORTS_OTHER);
}


static void
show_policy(void *ctx, const char *const *columns)
{
    (void) fprintf(ctx, "%s %s%s%s: %s good, %s failed\n",
                   show_type(columns[0]),
                   *columns[1] ? columns[1] : "(no domain named)",
                   *columns[2] ? ", mode " : "", columns[2], columns[3],
                   columns[4]);
}


static void
show_detail(void *ctx, const char *const *columns)
{
    (void) fprintf(ctx, "    %s %s: %s %s\n", show_type(columns[0]), columns[1],
                   columns[2], columns[3]);
}


int
reports_is_id(const char *id)
{
    return strlen(id) >= 4
           && strspn(id, "0123456789abcdefABCDEF") == strlen(id);
}


int
reports_show(store_t *store, const char *id, FILE *out, mta_sts_err_t *err)
{
    size_t         n;
    mta_sts_str_t  digest;

    n = 0;
    digest = mta_sts_str_from(id);

    if (store_query(store, "SELECT 1 FROM report WHERE digest LIKE ?1 || '%'",
                    digest, 0, show_count, &n, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (n != 1) {
        return mta_sts_error(err, MTA_STS_NOWHERE, n ? "more than one report "
                             "begins with \"%s\"" : "no report \"%s\"", id);
    }

    return store_query(store, "SELECT digest, organization, contact, name,"
                       " signer, source, datetime(received, 'unixepoch'),"
                       " datetime(begins, 'unixepoch'),"
                       " datetime(ends, 'unixepoch') FROM report"
                       " WHERE digest LIKE ?1 || '%'", digest, 0, show_report,
                       out, err) != MTA_STS_OK
           || store_query(store, "SELECT type, domain, mode, good, failed"
                          " FROM policy WHERE report = (SELECT id FROM report"
                          " WHERE digest LIKE ?1 || '%') ORDER BY id", digest,
                          0, show_policy, out, err) != MTA_STS_OK
           || store_query(store, "SELECT p.type, d.result || ' ' || d.mx,"
                          " d.sessions, d.reason FROM detail d JOIN policy p"
                          " ON p.id = d.policy WHERE p.report = (SELECT id"
                          " FROM report WHERE digest LIKE ?1 || '%')"
                          " ORDER BY d.rowid", digest, 0, show_detail, out, err)
              != MTA_STS_OK
           ? MTA_STS_ERROR : MTA_STS_OK;
}
