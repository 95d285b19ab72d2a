/*
 * Where a plan is printed to: standard output, or one file per zone in a folder
 * that other programs read.
 */

#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "formats.h"


/* Prints a zone to its file. */

static int
files_zone(const plan_t *plan, size_t begin, size_t end,
    const mta_sts_format_t *format, const mta_sts_format_settings_t *settings,
    const char *folder, mta_sts_err_t *err)
{
    FILE           *out;
    char            path[4096];
    mta_sts_str_t   zone;

    zone = plan_zone(plan, begin);

    (void) snprintf(path, sizeof(path), "%s/%.*s%s", folder, (int) zone.len,
                    zone.data, format->suffix);

    out = replace_open(path, err);

    if (out == NULL) {
        return MTA_STS_ERROR;
    }

    output_print(plan, begin, end, format, settings, out);

    return replace_close(out, path, err);
}


/* Is a zone in the plan?  Its parts are sorted by zone. */

static int
files_has(const plan_t *plan, mta_sts_str_t zone)
{
    int     rc;
    size_t  i, first, last;

    /* next to zones that are domains, that of the delegate is the first one */

    first = 0;

    if (plan->n && plan->parts[0].zone == PLAN_DELEGATE) {
        if (mta_sts_str_eq(zone, plan->wanted->delegate)) {
            return 1;
        }

        first = plan_zone_end(plan, 0);
    }

    for (last = plan->n; first < last;) {
        i = first + (last - first) / 2;
        rc = mta_sts_str_cmp(zone, plan_zone(plan, i));

        if (rc == 0) {
            return 1;
        }

        first = rc > 0 ? i + 1 : first;
        last = rc > 0 ? last : i;
    }

    return 0;
}


/* Names the files of zones that are not in the plan, or removes them. */

static void
files_prune(const plan_t *plan, const mta_sts_format_t *format,
    const char *folder,
    int prune)
{
    DIR            *dir;
    mta_sts_str_t   name;
    struct dirent  *file;

    dir = opendir(folder);

    while (dir && (file = readdir(dir)) != NULL) {
        name = mta_sts_str_from(file->d_name);

        if (name.data[0] == '.'
            || !mta_sts_str_ends(name, mta_sts_str_from(format->suffix)))
        {
            continue;
        }

        name.len -= strlen(format->suffix);

        /* a name of one label is more likely a file of another kind */

        if (memchr(name.data, '.', name.len) == NULL
            || files_has(plan, name))
        {
            continue;
        }

        if (!prune) {
            say("\"%s/%s\" is of a zone without domains, --prune removes it",
                folder, file->d_name);

        } else if (unlinkat(dirfd(dir), file->d_name, 0) == 0) {
            say("\"%s/%s\" is removed", folder, file->d_name);

        } else {
            say("unlink() \"%s/%s\" failed (%d: %s)", folder, file->d_name,
                errno, strerror(errno));
        }
    }

    if (dir) {
        (void) fsync(dirfd(dir));
        (void) closedir(dir);
    }
}


int
output_plan(const plan_t *plan, const mta_sts_format_t *format,
    const mta_sts_format_settings_t *settings, const char *folder,
    files_e others,
    mta_sts_err_t *err)
{
    size_t  begin, end;

    if (folder == NULL) {

        if ((format->flags & MTA_STS_FORMAT_ZONE)
            && plan_zone_end(plan, 0) < plan->n)
        {
            return mta_sts_error(err, MTA_STS_NOWHERE, "format \"%s\" has a "
                                 "file for each zone and there are several, "
                                 "use \"-o\"", format->name);
        }

        output_print(plan, 0, plan->n, format, settings, stdout);

        return MTA_STS_OK;
    }

    for (begin = 0; begin < plan->n; begin = end) {
        end = plan_zone_end(plan, begin);

        if (output_is_lost(plan, begin, end)) {
            continue;
        }

        if (files_zone(plan, begin, end, format, settings, folder, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    if (others != FILES_IGNORE) {
        files_prune(plan, format, folder, others == FILES_PRUNE);
    }

    return MTA_STS_OK;
}
