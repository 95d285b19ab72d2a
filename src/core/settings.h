/*
 * The settings of a policy, as they are configured: how they are checked and
 * inherited.
 *
 * Their life: zero them, set one by one, inherit those that were not set, and
 * render the policy (policy.h).
 */

#ifndef MTA_STS_SETTINGS_H
#define MTA_STS_SETTINGS_H


#include <stdint.h>

#include "values.h"


#define MTA_STS_MAX_AGE_MAX      31557600    /* seconds; RFC 8461, 3.2 */
#define MTA_STS_MAX_AGE_DEFAULT  604800      /* seconds; one week */

/* Bytes of a body: real senders defer mail at 32 KiB. */

#define MTA_STS_BODY_MAX         32767


typedef enum {
    MTA_STS_TESTING = 0,                     /* the default */
    MTA_STS_ENFORCE,
    MTA_STS_NONE
} mta_sts_mode_e;


/* Each is also a bit in "own" and "set". */

typedef enum {
    MTA_STS_SET_MODE = 0,
    MTA_STS_SET_MX,
    MTA_STS_SET_MAX_AGE,
    MTA_STS_SET_TLSRPT_RUA,
    MTA_STS_SETTINGS
} mta_sts_setting_e;


typedef struct mta_sts_settings_s  mta_sts_settings_t;

struct mta_sts_settings_s {
    mta_sts_mode_e        mode;
    mta_sts_values_t      mx;
    uint32_t              max_age;           /* seconds */
    mta_sts_values_t      tlsrpt_rua;

    unsigned              own;               /* set here */
    unsigned              set;               /* set here or inherited */
    mta_sts_place_t       places[MTA_STS_SETTINGS];

    mta_sts_settings_t   *parent;            /* inherited from, or NULL */
    unsigned              warned;
    const mta_sts_str_t  *rua;               /* see mta_sts_settings_rua() */
};


/* "enforce", "testing" or "none". */
mta_sts_str_t mta_sts_mode_str(mta_sts_mode_e mode);

/*
 * Finds the setting of a name: "mode", "mx", "max_age" or "tlsrpt_rua".
 * Returns 0 if there is none.
 */
int mta_sts_settings_lookup(mta_sts_str_t name, mta_sts_setting_e *setting);

/* The name of a setting. */
mta_sts_str_t mta_sts_settings_name(mta_sts_setting_e setting);

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
int mta_sts_settings_set(mta_sts_settings_t *settings,
    const mta_sts_value_t *name, const mta_sts_value_t *values, size_t n,
    const mta_sts_env_t *env, mta_sts_err_t *err);

/*
 * Takes from parent each setting that is not set.  The parent must live as
 * long as the settings, which share its memory.
 */
void mta_sts_settings_inherit(mta_sts_settings_t *settings,
    mta_sts_settings_t *parent);

/*
 * Is something to be served?  Yes with an mx pattern and in mode "none", which
 * needs none; settings alone that only prepare others' defaults are no policy.
 */
int mta_sts_settings_are_policy(const mta_sts_settings_t *settings);

/* Is mode or mx set here, and not inherited? */
int mta_sts_settings_own_policy(const mta_sts_settings_t *settings);

/*
 * Where the policy stands: its mx, or in mode "none" without one, its mode; or
 * else the first setting.  Not known where nothing is set.
 */
mta_sts_place_t mta_sts_settings_place(const mta_sts_settings_t *settings);

/* max_age, or the default where it is not set; seconds. */
uint32_t mta_sts_settings_max_age(const mta_sts_settings_t *settings);

/*
 * Warns of each mx that accepts every host of the policy domain (RFC 8461,
 * 10.4).
 */
void mta_sts_settings_check_domain(const mta_sts_settings_t *settings,
    mta_sts_str_t domain, const mta_sts_env_t *env);

/*
 * Is a warning about mode and mx still to be given?  Once, for a parent and
 * those that inherit both.
 */
int mta_sts_settings_unwarned(mta_sts_settings_t *settings);

/* Too large to be served: an error at the place. */
int mta_sts_settings_too_large(mta_sts_place_t place, mta_sts_err_t *err);

/*
 * Gives in *rua what stands behind "rua=" in a TLSRPT record: the URIs, encoded
 * and joined by ",", or NULL where there is none.  It is made once, for the
 * settings that have the URIs and all that inherit them, in env's memory.
 *
 * Errors: out of memory.
 */
int mta_sts_settings_rua(mta_sts_settings_t *settings,
    const mta_sts_env_t *env, const mta_sts_str_t **rua, mta_sts_err_t *err);


#endif /* MTA_STS_SETTINGS_H */
