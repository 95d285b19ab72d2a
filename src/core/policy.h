/*
 * ONE policy: its settings, how they are inherited and checked, the bytes that
 * are served and the id that follows from them (RFC 8461, 3.1 and 3.2).
 *
 * Life of a policy: zero it, set its settings one by one, inherit those that
 * were not set, render it.  After that it is read-only.
 */

#ifndef MTA_STS_POLICY_H
#define MTA_STS_POLICY_H


#include <stdint.h>

#include "error.h"


#define MTA_STS_MAX_AGE_MAX      31557600    /* seconds; RFC 8461, 3.2 */
#define MTA_STS_MAX_AGE_DEFAULT  604800      /* seconds; one week */

/*
 * Bytes of a body: real senders defer mail at 32 KiB; one reads only 10 KiB.
 */

#define MTA_STS_BODY_MAX         32767
#define MTA_STS_BODY_WARN        10240

#define MTA_STS_ID_LEN           20          /* of at most 32 by RFC 8461 */


typedef enum {
    MTA_STS_TESTING = 0,                     /* the default */
    MTA_STS_ENFORCE,
    MTA_STS_NONE
} mta_sts_mode_e;


/* The settings; each is also a bit in a policy's "own" and "set". */

typedef enum {
    MTA_STS_SET_MODE = 0,
    MTA_STS_SET_MX,
    MTA_STS_SET_MAX_AGE,
    MTA_STS_SET_TLSRPT_RUA,
    MTA_STS_SETTINGS
} mta_sts_setting_e;


/* Normalised values and the places they were configured at. */

typedef struct {
    mta_sts_value_t  *elts;
    size_t            n;
    size_t            size;
    size_t            bytes;                 /* of all texts together */
} mta_sts_values_t;


typedef struct mta_sts_policy_s  mta_sts_policy_t;

struct mta_sts_policy_s {
    mta_sts_mode_e    mode;
    mta_sts_values_t  mx;
    uint32_t          max_age;               /* seconds */
    mta_sts_values_t  tlsrpt_rua;

    unsigned          own;                   /* set here */
    unsigned          set;                   /* set here or inherited */
    mta_sts_place_t   places[MTA_STS_SETTINGS];

    mta_sts_policy_t *parent;                /* inherited from, or NULL */
    unsigned          warned;

    /* filled by mta_sts_policy_render() */

    mta_sts_str_t     body;
    mta_sts_str_t     id;                    /* MTA_STS_ID_LEN hex digits */
};


/*
 * Sets one setting from the words of a directive, the values of a YAML key or
 * an option.  name is one of
 *
 *     mode         "enforce", "testing" or "none"
 *     mx           one or more mx patterns
 *     max_age      a time in nginx's syntax, 1 to 31557600 seconds
 *     tlsrpt_rua   one or more mailto: or https: URIs (RFC 8460, 3)
 *
 * values has n elements, at least one.  What is kept of them is copied to
 * env's memory, but not the file names of their places.  Those of mx and
 * tlsrpt_rua add up over several calls, mode and max_age can be set once.
 *
 * Warns of a duplicate mx or tlsrpt_rua (and keeps it once), of an mx that
 * begins with "mta-sts." and of a max_age of less than a day.
 *
 * Errors: unknown setting "NAME"; duplicate "NAME"; NAME takes one value;
 * invalid NAME "VALUE", and the rule; the policy is too large; tlsrpt_rua is
 * too large; out of memory.
 */
int mta_sts_policy_set(mta_sts_policy_t *policy, const mta_sts_value_t *name,
    const mta_sts_value_t *values, size_t n, const mta_sts_env_t *env,
    mta_sts_err_t *err);

/*
 * Takes from parent each setting that policy has not set.  The parent must
 * live as long as the policy, which shares its memory.
 */
void mta_sts_policy_inherit(mta_sts_policy_t *policy, mta_sts_policy_t *parent);

/*
 * Is something to be served?  Yes with an mx pattern and in mode "none", which
 * needs none; settings alone that only prepare others' defaults are no policy.
 */
int mta_sts_policy_exists(const mta_sts_policy_t *policy);

/*
 * Where the policy stands: its mx, or in mode "none" without one, its mode.
 * Not known for a policy without settings.
 */
mta_sts_place_t mta_sts_policy_place(const mta_sts_policy_t *policy);

/*
 * Renders the body and its id into env's memory.
 *
 * Warns of mode "none" without an mx and of a body over MTA_STS_BODY_WARN, once
 * for a parent and those that inherit both mode and mx.
 *
 * Errors, at the place of the setting: mode "MODE" needs at least one mx; the
 * policy is too large; SHA-256 failed in libcrypto; out of memory.
 */
int mta_sts_policy_render(mta_sts_policy_t *policy, const mta_sts_env_t *env,
    mta_sts_err_t *err);

/* Have two rendered policies the same body and the same reports? */
int mta_sts_policy_eq(const mta_sts_policy_t *a, const mta_sts_policy_t *b);

/* "enforce", "testing" or "none". */
mta_sts_str_t mta_sts_policy_mode(const mta_sts_policy_t *policy);

/*
 * Computes an id: the first MTA_STS_ID_LEN hex digits, in lower case, of the
 * SHA-256 of body.  id has room for them and a NUL.  Returns MTA_STS_ERROR
 * when libcrypto has no SHA-256 or no memory.
 */
int mta_sts_policy_id(mta_sts_str_t body, char *id);


#endif /* MTA_STS_POLICY_H */
