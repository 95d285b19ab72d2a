/*
 * So many domains are under way at a time; results leave in their order.
 */

#include <stdlib.h>

#include "check.h"
#include "cli/probe/probe.h"


typedef struct {
    const check_t          *check;
    const mta_sts_entry_t  *entries;
    domain_t              **domains;      /* of each entry; NULL when it is
                                             told, or not begun */
    unsigned char          *ended;
    size_t                  n;
    size_t                  started;
    size_t                  told;
    size_t                  active;
    int                     failed;       /* memory ran out */
} run_t;


static void
run_end(domain_t *domain)
{
    run_t *run = domain->ctx;

    run->active--;
    run->failed |= domain->failed;
    run->ended[domain->result.entry - run->entries] = 1;
}


/*
 * Tells those that have ended, in the order of the entries; when memory ran out
 * nobody knows what there would have been to tell.
 */

static void
run_tell(run_t *run)
{
    domain_t  *domain;

    while (run->told < run->started && run->ended[run->told]
           && !run->failed)
    {
        domain = run->domains[run->told];

        run->check->done(run->check->ctx, &domain->result);

        domain_free(domain);
        run->domains[run->told++] = NULL;
    }
}


static void
run_loop(run_t *run, const domain_t *model)
{
    domain_t       *domain;
    const check_t  *check;

    check = run->check;

    while (run->told < run->n && !run->failed) {

        while (run->started < run->n && run->active < check->net.jobs) {

            run->active++;

            domain = domain_start(model, &run->entries[run->started]);
            if (domain == NULL) {
                run->failed = 1;
                return;
            }

            run->domains[run->started++] = domain;
        }

        if (run->active) {
            net_step(model->net);
        }


        run_tell(run);

        if (check->progress) {
            check->progress(check->ctx, run->told, run->n);
        }
    }
}


int
check_run(const check_t *check, const mta_sts_entry_t *entries, size_t n,
    mta_sts_err_t *err)
{
    size_t    i;
    net_t     net;
    run_t     run;
    mail_t    mail;
    domain_t  model;

    memset(&run, 0, sizeof(run_t));
    memset(&mail, 0, sizeof(mail_t));
    memset(&model, 0, sizeof(domain_t));

    if (net_init(&net, &check->net, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    mail.net = &net;
    mail.smtp = (check->what & CHECK_SMTP) != 0;

    model.net = &net;
    model.mail = &mail;
    model.what = check->what;
    model.end = run_end;
    model.ctx = &run;

    run.check = check;
    run.entries = entries;
    run.n = n;
    run.domains = calloc(n + 1, sizeof(domain_t *));
    run.ended = calloc(n + 1, 1);

    run.failed = run.domains == NULL || run.ended == NULL;

    if (!run.failed) {
        run_loop(&run, &model);
    }

    /* what is still under way ends with the network, and then is freed */

    net_free(&net);
    mail_free(&mail);

    for (i = 0; run.domains && i < run.started; i++) {
        if (run.domains[i]) {
            domain_free(run.domains[i]);
        }
    }

    free(run.domains);
    free(run.ended);

    return run.failed ? mta_sts_error_memory(err) : MTA_STS_OK;
}
