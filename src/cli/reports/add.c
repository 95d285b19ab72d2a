/*
 * The bytes of a file -> the store: JSON, gzip or mails, about our domains.
 */

#include <ctype.h>
#include <stdlib.h>

#include "cli/diag/diag.h"
#include "reports.h"


#define ADD_LATER_MAX  (2 * 86400)    /* seconds that clocks may differ */


/* Adds a report; *err is why it is bad.  A failed store is input->failed. */

static int
add_json(reports_input_t *input, mta_sts_str_t text,
    const reports_origin_t *origin, mta_sts_err_t *err)
{
    reports_adder_t  *adder;
    reports_report_t  report;

    adder = input->adder;

    if (reports_json(text, adder->ours, &input->env, &report, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (report.end > adder->now + ADD_LATER_MAX) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "the date-range ends in the "
                             "future");
    }

    if (report.end < adder->since) {
        adder->old++;
        return MTA_STS_OK;
    }

    input->failed |= reports_batch(adder, &report, origin, &input->err)
                     != MTA_STS_OK;

    return MTA_STS_OK;
}


/* What it unpacks to is freed: a mail may have many parts. */

static int
add_packed(reports_input_t *input, mta_sts_str_t data,
    const reports_origin_t *origin, mta_sts_err_t *err)
{
    int              rc;
    mta_sts_env_t    env;
    mta_sts_str_t    text;
    mta_sts_arena_t  arena = { NULL, 0 };

    text = data;
    rc = MTA_STS_OK;
    env = input->env;
    input->env.ctx = &arena;

    if (reports_is_gzip(data)) {
        rc = reports_unpack(data, &input->env, &text, err);
    }

    if (rc == MTA_STS_OK) {
        rc = add_json(input, text, origin, err);
    }

    mta_sts_arena_free(&arena);
    input->env = env;

    return rc;
}


static void
add_part(void *ctx, const reports_mail_t *mail)
{
    reports_input_t       *input = ctx;

    mta_sts_err_t      err;
    reports_origin_t   origin;

    origin = input->origin;
    origin.signer = mail->signer;

    input->parts++;

    if (add_packed(input, mail->data, &origin, &err) != MTA_STS_OK
        && !input->bad)
    {
        input->bad = 1;
        input->why = err;
    }
}


static int
add_is_json(mta_sts_str_t data)
{
    size_t  i;

    if (mta_sts_str_starts(data, mta_sts_str("\xef\xbb\xbf"))) {
        return 1;
    }

    for (i = 0; i < data.len; i++) {
        if (!isspace((unsigned char) data.data[i])) {
            return data.data[i] == '{' || data.data[i] == '[';
        }
    }

    return 0;
}


int
reports_add_data(reports_input_t *input, mta_sts_str_t data)
{
    if (reports_is_gzip(data) || add_is_json(data)) {
        input->bad = add_packed(input, data, &input->origin, &input->why)
                     != MTA_STS_OK;

    } else if (mta_sts_str_starts(data, mta_sts_str("PK\x03\x04"))) {
        input->bad = 1;
        (void) mta_sts_error(&input->why, MTA_STS_NOWHERE, "a zip archive, "
                             "must be gzip");

    } else if (input->posted) {
        input->bad = 1;
        (void) mta_sts_error(&input->why, MTA_STS_NOWHERE, "neither JSON nor "
                             "gzip");

    } else {
        input->origin.source = mta_sts_str("mail");

        if (reports_mail(data, input->adder->trusted, input->adder->n_trusted,
                         &input->env, add_part, input, &input->why)
            != MTA_STS_OK)
        {
            input->bad = 1;

        } else if (input->parts == 0) {
            input->bad = 1;
            input->none = 1;
            (void) mta_sts_error(&input->why, MTA_STS_NOWHERE, "neither JSON "
                                 "nor gzip nor a mail with a TLS report");
        }
    }

    return input->failed ? MTA_STS_ERROR : MTA_STS_OK;
}


void
reports_add_begin(reports_input_t *input, reports_adder_t *adder,
    mta_sts_arena_t *arena, int64_t received, mta_sts_str_t source)
{
    mta_sts_env_t  env = { diag_alloc, say_warning, arena, NULL };

    memset(input, 0, sizeof(reports_input_t));

    input->adder = adder;
    input->env = env;
    input->origin.source = source;
    input->origin.received = received;
}
