/*
 * What is known of the source and of the table: for Prometheus, and in a line.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "follow.h"


typedef struct {
    const char  *name;                /* after "mta_sts_follow_" */
    const char  *type;
    const char  *labels;
    const char  *help;                /* NULL: that of the one before */
    int64_t      value;
} metric_t;


static void
metrics_text(const follow_t *follow, FILE *out)
{
    size_t                 i;
    const follow_stats_t  *s;

    s = &follow->stats;

    const metric_t  metrics[] = {
        { "up", "gauge", "", "Is the source connected.", s->down == 0 },
        { "success_timestamp_seconds", "gauge", "",
          "When the table was equal to the source.", s->success },
        { "full_read_timestamp_seconds", "gauge", "",
          "When all of the source was read.", s->full },
        { "written_timestamp_seconds", "gauge", "",
          "When the table was written.", s->written },
        { "domains", "gauge", "", "Domains of the table.",
          (int64_t) follow->replica.present.table.n },
        { "leaving_domains", "gauge", "",
          "Domains of the table that are not in the source any more.",
          s->leaving },
        { "bad_rows", "gauge", "", "Bad rows of the last full read.",
          (int64_t) s->bad_last },
        { "refusing", "gauge", "",
          "Is the source refused: it lacks too many domains, or the table is "
          "damaged.", s->refusing },
        { "exec_pending_domains", "gauge", "",
          "Domains that wait for --exec to succeed.",
          s->pending },
        { "reads_total", "counter", "{kind=\"full\"}", "Reads of the source.",
          (int64_t) s->reads },
        { "reads_total", "counter", "{kind=\"changes\"}", NULL,
          (int64_t) s->looks },
        { "rows_total", "counter", "", "Rows that were read.",
          (int64_t) s->rows },
        { "bad_rows_total", "counter", "", "Rows that were skipped.",
          (int64_t) s->bad },
        { "source_errors_total", "counter", "", "Failed reads.",
          (int64_t) s->errors },
        { "refused_total", "counter", "",
          "Reads that lacked too many domains, or while the table was damaged.",
          (int64_t) s->refused },
        { "removed_total", "counter", "", "Domains that left the source.",
          (int64_t) s->removals },
        { "dropped_total", "counter", "", "Domains that left the table.",
          (int64_t) s->dropped },
        { "steps_down_total", "counter", "",
          "Policies that became testing or none.", (int64_t) s->downs },
        { "writes_total", "counter", "{kind=\"table\"}",
          "Files that were written.", (int64_t) s->writes },
        { "writes_total", "counter", "{kind=\"changes\"}", NULL,
          (int64_t) s->writes_changes },
        { "write_errors_total", "counter", "",
          "Files that could not be written.", (int64_t) s->write_errors },
        { "exec_failures_total", "counter", "", "Failed runs of --exec.",
          (int64_t) s->exec_failures }
    };

    for (i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {

        if (metrics[i].help) {
            (void) fprintf(out, "# HELP mta_sts_follow_%s %s\n"
                           "# TYPE mta_sts_follow_%s %s\n", metrics[i].name,
                           metrics[i].help, metrics[i].name, metrics[i].type);
        }

        (void) fprintf(out, "mta_sts_follow_%s%s %lld\n", metrics[i].name,
                       metrics[i].labels, (long long) metrics[i].value);
    }
}


/* Replaces the file; it is for a reader of now, and may not survive a crash. */

void
metrics_write(follow_t *follow)
{
    int              failed, fd;
    FILE            *out;
    char            *temp;
    const char      *file;
    mta_sts_arena_t  arena = { NULL, 0 };
    mta_sts_env_t    env = { diag_alloc, say_warning, &arena, NULL };
    mta_sts_buf_t    buf = { &env, NULL, 0, 0, 0 };

    file = follow->settings->metrics;

    if (file == NULL) {
        return;
    }

    mta_sts_buf_add_cstr(&buf, file);
    mta_sts_buf_add(&buf, mta_sts_str(".new\0"));

    temp = buf.data;

    /* others may write to its folder, too: no link of theirs is followed */

    (void) unlink(temp);

    fd = open(temp, O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, 0666);
    out = fd == -1 ? NULL : fdopen(fd, "w");
    failed = out == NULL;

    if (out == NULL && fd != -1) {
        (void) close(fd);
    }

    if (out) {
        metrics_text(follow, out);
        failed |= ferror(out) != 0;
        failed |= fclose(out) != 0;
    }

    if (failed || rename(temp, file) == -1) {
        if (!follow->metrics_failed) {
            say("cannot write the metrics \"%s\" (%d: %s)", file, errno,
                strerror(errno));
        }

        failed = 1;
        (void) unlink(temp);
    }

    follow->metrics_failed = failed;

    mta_sts_arena_free(&arena);
}


static const char *
metrics_time(int64_t seconds, char buf[32])
{
    time_t     t;
    struct tm  tm;

    t = (time_t) seconds;

    if (seconds == 0 || gmtime_r(&t, &tm) == NULL
        || strftime(buf, 32, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
    {
        return "never";
    }

    return buf;
}


void
metrics_status(const follow_t *follow, char *line, size_t size)
{
    char                   down[32], success[32];
    const follow_stats_t  *s;

    s = &follow->stats;

    if (s->down) {
        (void) snprintf(line, size, "source down since %s, table of %s, %lu "
                        "domains", metrics_time(s->down, down),
                        metrics_time(s->success, success),
                        (unsigned long) follow->replica.present.table.n);
        return;
    }

    (void) snprintf(line, size, "%s, %lu domains, %lld leaving, %llu bad rows",
                    draft_is_ready(&follow->draft)
                    ? "the table cannot be written"
                    : follow->replica.damaged
                    ? "refused: the table or its changes are damaged"
                    : s->refusing ? "refused: too many domains are missing"
                    : "the table follows the source",
                    (unsigned long) follow->replica.present.table.n,
                    (long long) s->leaving, (unsigned long long) s->bad_last);
}
