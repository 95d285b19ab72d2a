/*
 * From testing to enforce: what has to be seen first (rules 8 and 9).
 */

#include <stdio.h>

#include "plan.h"


#define PROMOTE_DAY     86400

/* How long the policy is to be tested, and runs of check. */

#define PROMOTE_TEST    (14 * PROMOTE_DAY)
#define PROMOTE_RUNS    5
#define PROMOTE_WEEK    (7 * PROMOTE_DAY)

#define PROMOTE_SHOWN   5             /* failures */


/* What enforce waits for; times are those from which on it does not. */

typedef struct {
    int64_t        tested;
    int64_t        reported;          /* 0: no verified failure */
    int            unread;            /* the store of reports cannot be read */
    unsigned       runs;              /* of check, in a row */
    unsigned       days;              /* of them */
    int            smtp;              /* they have been to mail servers */
    int            checked;           /* they are enough */
    plan_answer_t  answer;            /* of the rules */
} promote_t;


/* The last runs without error or unknown: how many, on how many days. */

static unsigned
promote_runs(mta_sts_str_t runs, int64_t now, unsigned *days, int *smtp)
{
    long long   time, last;
    unsigned    n, errors, unknown, mail;
    const char *p, *end;

    n = 0;
    *days = 0;
    *smtp = 0;
    last = -1;
    end = runs.data + runs.len;

    for (p = runs.data; p && p < end; p = strchr(p, '\n') + 1) {

        if (sscanf(p, "%lld %u %u %u\n", &time, &errors, &unknown, &mail) != 4
            || time < now - PROMOTE_WEEK)
        {
            break;
        }

        if (errors || unknown) {
            break;
        }

        n++;
        *days += time / PROMOTE_DAY != last;
        *smtp |= mail != 0;
        last = time / PROMOTE_DAY;
    }

    return n;
}


/* Since when the policy has been served and announced. */

static int64_t
promote_since(const plan_history_t *history, size_t policy)
{
    size_t   i;
    int64_t  since;

    since = 0;

    for (i = 0; i < history->n_servings; i++) {
        if (history->servings[i].policy == policy
            && history->servings[i].gone == 0
            && history->servings[i].first > since)
        {
            since = history->servings[i].first;
        }
    }

    for (i = 0; i < history->n_showings; i++) {
        if (history->showings[i].gone == 0
            && history->showings[i].first > since)
        {
            since = history->showings[i].first;
        }
    }

    return since;
}


/*
 * From when on verified reports have no failure that enforce would turn into
 * refused mail; 0 if they have none.
 */

static int64_t
promote_failed(const evidence_t *evidence)
{
    size_t                     i;
    int64_t                    last;
    const evidence_failure_t  *failure;

    for (i = 0, last = 0; i < evidence->n; i++) {
        failure = &evidence->failures[i];

        if (failure->verified && failure->effect == RESULT_REFUSED
            && failure->last > last)
        {
            last = failure->last;
        }
    }

    return last ? last + PLAN_REPORTS : 0;
}


static void
promote_failures(const plan_domain_t *domain, plan_list_t *list,
    plan_advice_t *advice)
{
    char                       buf[EVIDENCE_TEXT];
    size_t                     i, n;
    const char                *meaning;
    const evidence_failure_t  *failure;

    static const char *const  effects[] = {
        "enforce would refuse this mail",
        "mail is delivered, and the policy does not protect it",
        "DANE refuses this mail, whatever the mode is",
        "no policy was applied, so the mode changes nothing"
    };

    for (i = 0, n = 0; i < domain->evidence->n; i++) {
        failure = &domain->evidence->failures[i];

        if (!failure->verified || n++ >= PROMOTE_SHOWN) {
            continue;
        }

        meaning = reports_result(failure->result)->meaning;

        plan_say_step(list, advice, failure->effect == RESULT_REFUSED
                      ? failure->last + PLAN_REPORTS : 0, "%s: %s: %s%s%s",
                      reports_type(failure->type), evidence_text(failure, buf),
                      effects[failure->effect], meaning ? "; " : "",
                      meaning ? meaning : "");
    }

    if (n > PROMOTE_SHOWN) {
        plan_say_step(list, advice, 0, "%zu more: mta-sts reports %.*s",
                      n - PROMOTE_SHOWN, MTA_STS_SHOW(domain->name));
    }
}


static void
promote_sessions(const plan_domain_t *domain, plan_list_t *list,
    plan_advice_t *advice, int verified)
{
    reports_type_e              type;
    const evidence_sessions_t  *sessions;

    for (type = REPORTS_STS; type <= REPORTS_OTHER; type++) {
        sessions = &domain->evidence->sessions[type][verified];

        if (sessions->reports) {
            plan_say_step(list, advice, 0, "%s reports of 14 days, %s: %lld "
                          "sessions good, %lld failed%s",
                          verified ? "verified" : "unverified",
                          reports_type(type), (long long) sessions->good,
                          (long long) sessions->failed, verified ? ""
                          : "; anybody can send them, so they decide nothing");
        }
    }
}


/* What senders report, as steps of the advice; what decides comes first. */

static void
promote_evidence(const plan_domain_t *domain, plan_list_t *list,
    plan_advice_t *advice)
{
    const evidence_t  *evidence;

    evidence = domain->evidence;

    if (evidence == NULL || evidence->status == EVIDENCE_ABSENT) {
        plan_say_step(list, advice, 0, "what senders see is unknown: there is "
                      "no store of reports, see mta-sts reports");
        return;
    }

    if (evidence->status == EVIDENCE_UNKNOWN) {
        plan_say_step(list, advice, 0, "what senders see is unknown: %s",
                      evidence->why);
        return;
    }

    promote_failures(domain, list, advice);
    promote_sessions(domain, list, advice, 1);

    if (evidence->sessions[REPORTS_STS][1].reports == 0) {
        plan_say_step(list, advice, 0, "what senders see is unknown: no "
                      "verified report of 14 days is about the policy (sts)");
    }

    promote_sessions(domain, list, advice, 0);
}


/* Do verified reports say that the policy works? */

static int
promote_is_seen(const evidence_t *evidence)
{
    return evidence && evidence->status == EVIDENCE_READ
           && evidence->sessions[REPORTS_STS][1].good > 0;
}


static void
promote_due(const plan_domain_t *domain, plan_list_t *list)
{
    plan_advice_t  *advice;

    advice = promote_is_seen(domain->evidence)
             ? plan_say(list, PLAN_DUE, "promote", 9, 0, "testing went well: "
                        "set mode to enforce")
             : plan_say(list, PLAN_DUE, "promote", 9, 0, "testing went well, "
                        "as far as check sees: set mode to enforce");

    plan_say_mode(domain, list, advice, MTA_STS_ENFORCE);
    plan_say_publish(domain, list, advice);
    promote_evidence(domain, list, advice);
}


static void
promote_look(promote_t *promote, const plan_domain_t *domain, size_t policy,
    int64_t now)
{
    plan_step_t    step;
    plan_policy_t  next;

    memset(promote, 0, sizeof(promote_t));
    memset(&step, 0, sizeof(plan_step_t));

    promote->tested = promote_since(domain->history, policy) + PROMOTE_TEST;
    promote->runs = promote_runs(domain->runs, now, &promote->days,
                                 &promote->smtp);
    promote->checked = promote->runs >= PROMOTE_RUNS
                       && promote->days >= PROMOTE_RUNS && promote->smtp;

    if (domain->evidence) {
        promote->reported = promote_failed(domain->evidence);
        promote->unread = domain->evidence->status == EVIDENCE_UNKNOWN;
    }

    next = plan_policy_next(domain, MTA_STS_ENFORCE);
    step.act = PLAN_SERVE;
    step.policy = &next;
    plan_may(domain->history, &step, now, &promote->answer);
}


static void
promote_wait(const promote_t *promote, const plan_domain_t *domain,
    int64_t now, plan_list_t *list)
{
    int64_t         from;
    plan_advice_t  *advice;

    from = promote->tested > promote->reported ? promote->tested
                                               : promote->reported;

    advice = plan_say(list, PLAN_WAIT, "promote", 9,
                      from > now ? from : PLAN_NEVER, "before mode enforce:");

    if (promote->tested > now) {
        plan_say_step(list, advice, promote->tested, "14 days in testing with "
                      "this policy");
    }

    if (!promote->checked) {
        plan_say_step(list, advice, 0, "5 runs of mta-sts check on 5 days of a "
                      "week, without an error or unknown, and with SMTP: %u on "
                      "%u so far%s", promote->runs, promote->days,
                      promote->smtp ? "" : ", none with SMTP");
    }

    if (promote->answer.from > now) {
        plan_say_step(list, advice, promote->answer.from, "rule %u: %s",
                      promote->answer.rule, promote->answer.why);
    }

    if (promote->reported > now) {
        plan_say_step(list, advice, promote->reported, "14 days without a "
                      "verified report of mail that enforce would refuse");
    }

    promote_evidence(domain, list, advice);
}


void
plan_promote(const plan_domain_t *domain, int64_t now, plan_list_t *list)
{
    size_t     k;
    promote_t  promote;

    k = plan_policy_find(domain->history, domain->configured->id);

    if (domain->configured->mode != MTA_STS_TESTING
        || k == domain->history->n_policies
        || !plan_is_served(domain->history, k, now)
        || !plan_is_shown(domain->history, k))
    {
        return;
    }

    promote_look(&promote, domain, k, now);

    if (promote.tested <= now && promote.reported <= now && !promote.unread
        && promote.checked && promote.answer.from <= now)
    {
        promote_due(domain, list);

    } else {
        promote_wait(&promote, domain, now, list);
    }
}
