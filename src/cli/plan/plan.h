/*
 * When a policy ends: what was seen of a domain, and the rules that say what
 * may be done with it from when on.
 *
 * A policy is a promise with a term.  A sender that has fetched it believes it
 * for max_age, and some senders restart max_age whenever they see its id,
 * without fetching.  So the term of a policy follows from when its bytes were
 * last served and when its id was last visible.  Rule numbers are those of
 * docs/lifecycle.md.
 *
 * Times are seconds since the epoch; 0 is "not yet" or "not known".
 */

#ifndef MTA_STS_PLAN_PLAN_H
#define MTA_STS_PLAN_PLAN_H


#include "cli/evidence/evidence.h"
#include "policy/policy.h"


/* A stale answer of a cache for a day, zone transfer, and clocks; seconds. */

#define PLAN_STALE   (86400 + 1800)

/* Between the end of max_age and the end of a policy; seconds. */

#define PLAN_SLACK   600

/* How long reports count before enforce; seconds. */

#define PLAN_REPORTS  (14 * 86400)

/* An end that has no date. */

#define PLAN_NEVER   INT64_MAX


/* A policy that was served or announced, by the bytes of its body. */

typedef struct {
    mta_sts_str_t    id;          /* of these bytes, see mta_sts_digest_id() */
    mta_sts_mode_e   mode;
    uint32_t         max_age;     /* seconds */
    mta_sts_str_t   *mx;          /* patterns, in lower case */
    size_t           n_mx;
} plan_policy_t;


/* An address of the policy host. */

typedef struct {
    mta_sts_str_t    text;
    uint32_t         ttl;         /* the largest one; seconds */
    int64_t          answered;    /* the last look that reached it */
    int64_t          left;        /* the first look in which it was not in the
                                     DNS any more */
} plan_address_t;


/* An address served a policy. */

typedef struct {
    size_t           address;     /* an index */
    size_t           policy;      /* an index */
    int64_t          first;       /* the first look that saw it */
    int64_t          last;        /* the last look that saw it */
    int64_t          gone;        /* the first look that saw something else */
} plan_serving_t;


/* A name server of the zone had an id in the _mta-sts record. */

typedef struct {
    mta_sts_str_t    server;
    mta_sts_str_t    id;
    uint32_t         ttl;         /* the largest one; seconds */
    int64_t          first;
    int64_t          last;
    int64_t          gone;
} plan_showing_t;


/* A host in the MX record. */

typedef struct {
    mta_sts_str_t    host;        /* in lower case */
    uint32_t         ttl;         /* the largest one; seconds */
    int64_t          first;
    int64_t          left;
    int64_t          valid_until; /* the earliest end of its certificates; 0 is
                                     "not seen", 1 "none is valid" */
} plan_mx_t;


/*
 * What is known of a domain.  Zero one to begin with, and set env; or fill it
 * from what was stored.  Everything is in env's memory.
 */

typedef struct {
    const mta_sts_env_t  *env;
    int64_t               look;       /* the last look at all */
    plan_policy_t        *policies;
    size_t                n_policies;
    size_t                policies_size;
    plan_address_t       *addresses;
    size_t                n_addresses;
    size_t                addresses_size;
    plan_serving_t       *servings;
    size_t                n_servings;
    size_t                servings_size;
    plan_showing_t       *showings;
    size_t                n_showings;
    size_t                showings_size;
    plan_mx_t            *mx;
    size_t                n_mx;
    size_t                mx_size;
} plan_history_t;


/*
 * One look at the live world.  A list that could not be looked up has its
 * "known" 0 and changes nothing; what could not be reached counts as unchanged
 * (rule 1).
 */

typedef struct {
    mta_sts_str_t         address;
    uint32_t              ttl;        /* over the whole CNAME chain; seconds */
    int                   listed;     /* it is in the DNS; or was, and left */
    int                   reached;    /* it gave an answer */
    const plan_policy_t  *policy;     /* that it served; NULL for none */
} plan_look_address_t;


typedef struct {
    mta_sts_str_t         server;
    int                   reached;
    mta_sts_str_t         id;         /* empty: it has no record */
    uint32_t              ttl;        /* seconds */
} plan_look_server_t;


typedef struct {
    mta_sts_str_t         host;       /* in lower case */
    uint32_t              ttl;        /* seconds */
    int64_t               valid_until;    /* as in plan_mx_t */
} plan_look_mx_t;


typedef struct {
    int64_t                     time;
    int                         addresses_known;
    const plan_look_address_t  *addresses;
    size_t                      n_addresses;
    int                         servers_known;
    const plan_look_server_t   *servers;
    size_t                      n_servers;
    int                         mx_known;
    const plan_look_mx_t       *mx;
    size_t                      n_mx;
} plan_look_t;


/*
 * Adds a look, which is not before the last one, to the history.  Texts are
 * copied.
 */
void plan_look(plan_history_t *history, const plan_look_t *look);

/*
 * Adds a policy that was announced, or served before anybody looked: its index.
 * One with the same id is not added again.
 */
size_t plan_policy_add(plan_history_t *history, const plan_policy_t *policy);

/*
 * Adds what was promised until a time when nobody recorded it.  Texts are not
 * copied.
 */
void plan_noted(plan_history_t *history, const plan_policy_t *noted,
    int64_t until);

/*
 * The history as text, in its memory, and back, in env's memory.  Returns
 * MTA_STS_ERROR if the text is damaged.
 */
mta_sts_str_t plan_text(const plan_history_t *history);
int plan_parse(plan_history_t *history, mta_sts_str_t text,
    const mta_sts_env_t *env);

/*
 * Merges what has ended and cannot be in a cache any more, so that a history
 * does not grow with addresses that change each day.  No date gets earlier.
 */
void plan_compact(plan_history_t *history, int64_t now);

/* The index of the policy with an id, or n_policies. */
size_t plan_policy_find(const plan_history_t *history, mta_sts_str_t id);


/* Does a policy have a pattern that matches host (RFC 8461, 4.1)? */
int plan_matches(const plan_policy_t *policy, mta_sts_str_t host);

/*
 * How long a sender may believe a policy, and longer ones than its max_age are
 * seen: at least 7 days for enforce, and a day for the others; seconds.
 */
int64_t plan_age(const plan_policy_t *policy);

/*
 * Does an address serve a policy still, as far as is known?  One that could not
 * be reached counts as unchanged; one that left the DNS does until no cache has
 * it.
 */
int plan_is_serving(const plan_history_t *history,
    const plan_serving_t *serving, int64_t now);

/*
 * Rule 1: the first look in which no address served the policy any more; now
 * when there was none yet, 0 when it was never served.
 */
int64_t plan_gone(const plan_history_t *history, size_t policy, int64_t now);

/*
 * Rule 2: from when on no cache has an id any more; PLAN_NEVER while a name
 * server has it, 0 when none ever had.
 */
int64_t plan_shown(const plan_history_t *history, mta_sts_str_t id);

/* Rule 3: when the last sender has forgotten a policy; or PLAN_NEVER. */
int64_t plan_end(const plan_history_t *history, size_t policy, int64_t now);

/*
 * Rule 4: may senders have filed a policy that is not served any more under the
 * id that is published now?  It has no end then until that id is changed.
 */
int plan_misfiled(const plan_history_t *history, size_t policy, int64_t now);

/* The same for an id that is published. */
int plan_filed_under(const plan_history_t *history, size_t policy,
    mta_sts_str_t id, int64_t now);

/*
 * Rule 5: the latest end of the enforce policies whose patterns do not match
 * host; with an empty host that of all of them.  0 when there is none.
 */
int64_t plan_end_host(const plan_history_t *history, mta_sts_str_t host,
    int64_t now);


/* What an operator may want to do. */

typedef enum {
    PLAN_AGAIN = 0,               /* a policy, as far as rule 6 is concerned */
    PLAN_SERVE,                   /* a policy on the web servers */
    PLAN_ANNOUNCE,                /* its id in the record */
    PLAN_ADD_MX,                  /* a host to the MX record */
    PLAN_REMOVE_MX,               /* a host from the MX record */
    PLAN_STOP_MX,                 /* the machine and certificate of it */
    PLAN_FREE_MX,                 /* keep no MX and no certificate any more */
    PLAN_REMOVE_RECORD,           /* the _mta-sts record */
    PLAN_STOP_HOST,               /* the policy host, after the record */
    PLAN_STOP_ADDRESS             /* a web server that left the DNS */
} plan_act_e;


typedef struct {
    plan_act_e            act;
    const plan_policy_t  *policy;     /* SERVE, ANNOUNCE */
    mta_sts_str_t         name;       /* a host, or an address */
} plan_step_t;


/* May it be done? */

typedef struct {
    int64_t        from;          /* at most now: yes; or PLAN_NEVER, see why */
    unsigned       rule;          /* that decides; 0 for none */
    char           why[256];      /* what is in the way, printable; or empty */
} plan_answer_t;


/*
 * For the files of this room: adds a zeroed element to an array of n elements
 * of elt bytes; elts is the address of the pointer to it.  Returns the element.
 */
void *plan_push(const plan_history_t *history, void *elts, size_t *n,
    size_t *size, size_t elt);

/* Says from when on a step refuses no mail, by what is known now. */
void plan_may(const plan_history_t *history, const plan_step_t *step,
    int64_t now, plan_answer_t *answer);


/*
 * Advice: what is due, what may be done from when on, what must not be done
 * before when, and why.
 */


typedef enum {
    PLAN_DUE = 0,                 /* to be done now */
    PLAN_WAIT,                    /* not before from */
    PLAN_MAY,                     /* possible; from is when it would be done */
    PLAN_NOTE                     /* to be known */
} plan_state_e;


/* A step of an advice; dates are those of a start now. */

typedef struct {
    int64_t        from;          /* 0: with the step before it */
    mta_sts_str_t  text;          /* one line, printable */
} plan_line_t;


typedef struct {
    plan_state_e   state;
    const char    *what;          /* a word, such as "promote" */
    unsigned       rule;          /* 0 for none */
    int64_t        from;          /* 0 for now, or PLAN_NEVER: only after
                                     something that text names */
    mta_sts_str_t  text;          /* one line, printable */
    plan_line_t   *steps;
    size_t         n_steps;
    size_t         steps_size;
} plan_advice_t;


/* Zero one to begin with, and set env, whose memory it takes. */

typedef struct {
    const mta_sts_env_t  *env;
    plan_advice_t        *elts;
    size_t                n;
    size_t                size;
} plan_list_t;


/* A domain to give advice about. */

typedef struct {
    mta_sts_str_t          name;
    const plan_history_t  *history;
    const plan_policy_t   *configured;    /* NULL: it left the configuration */
    const char            *file;          /* where that is, or "" */
    unsigned               line;          /* 0: a database has none */
    int                    directive;     /* of nginx.conf, not a key */
    mta_sts_str_t          runs;          /* of check: lines of
                                             "TIME ERRORS UNKNOWN SMTP" */
    const evidence_t      *evidence;      /* of PLAN_REPORTS, in mode testing;
                                             NULL: absent */
    int64_t                forgotten;     /* or 0 */
    int                    details;       /* also what is not under way */
} plan_domain_t;


/* Adds advice about a domain, what is due first. */
void plan_advise(const plan_domain_t *domain, int64_t now, plan_list_t *list);

/*
 * Is a domain that is not configured any more believed, and is its policy host
 * or an MX host still what it was when it was configured?  Returns the end of
 * the last enforce policy, which may be PLAN_NEVER, or 0.
 */
int64_t plan_orphan(const plan_history_t *history, int64_t now);

/*
 * The max_age nearest to a policy's that makes bytes that no policy of the
 * history has (rule 6).
 */
uint32_t plan_other_age(const plan_history_t *history,
    const plan_policy_t *policy);

/* "2026-12-01 10:00 UTC" of a time, "now" of 0, "never" of PLAN_NEVER. */
const char *plan_date(int64_t time, char buf[32]);

/* For the files of this room. */

plan_advice_t *plan_say(plan_list_t *list, plan_state_e state,
    const char *what, unsigned rule, int64_t from, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
void plan_say_step(plan_list_t *list, plan_advice_t *advice, int64_t from,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Adds the recipes: to move an MX, to roll back, to leave, to move the host. */
void plan_recipes(const plan_domain_t *domain, int64_t now, plan_list_t *list);

/*
 * Adds what is to be seen to in testing before enforce (rules 8 and 9).  Only
 * verified reports can hold it back.
 */
void plan_promote(const plan_domain_t *domain, int64_t now, plan_list_t *list);

/* The configured policy in another mode, as the next step has it. */
plan_policy_t plan_policy_next(const plan_domain_t *domain,
    mta_sts_mode_e mode);

/*
 * Adds steps: to set a mode, with a max_age that makes new bytes if the mode
 * alone does not; to publish.
 */
void plan_say_mode(const plan_domain_t *domain, plan_list_t *list,
    plan_advice_t *advice, mta_sts_mode_e mode);
void plan_say_publish(const plan_domain_t *domain, plan_list_t *list,
    plan_advice_t *advice);

/* Is a policy served, as far as is known, and is its id the only one shown? */
int plan_is_served(const plan_history_t *history, size_t policy, int64_t now);
int plan_is_shown(const plan_history_t *history, size_t policy);

/*
 * "FILE:LINE: set NAME to VALUE", with the line as it is written there, in the
 * list's memory.
 */
const char *plan_setting(const plan_domain_t *domain, plan_list_t *list,
    const char *name, const char *value);


#endif /* MTA_STS_PLAN_PLAN_H */
