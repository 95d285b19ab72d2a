/*
 * ONE policy: domain names, report URIs, durations, settings, and the bytes and
 * the id that are made of them.
 */

#ifndef MTA_STS_POLICY_POLICY_H
#define MTA_STS_POLICY_POLICY_H


#include "base/base.h"


/*
 * Domain names.
 *
 * A normalised name is ASCII, lower case, made of A-labels (RFC 5890) and has
 * no trailing dot.  It consists of labels of 1 to 63 letters, digits and "-"
 * and has at most 253 characters (RFC 1035, 2.3.4; RFC 8461, 3.2 "Domain").
 */

#define MTA_STS_NAME_MAX          253

#define MTA_STS_NAME_LABEL_MAX    63

/* A policy domain leaves room for the longest prefix of a record. */

#define MTA_STS_NAME_DOMAIN_MAX   (MTA_STS_NAME_MAX - 11)


/*
 * Normalises the host name in value.  what is for errors: what the value is,
 * such as "server name".  The result is in env's memory, followed by a NUL.
 *
 * Errors, at the value's place: invalid WHAT "VALUE", and the rule; out of
 * memory.
 */
int mta_sts_name_host(const char *what, const mta_sts_value_t *value,
    const mta_sts_env_t *env, mta_sts_str_t *name, mta_sts_err_t *err);

/* The same for a policy domain: at most MTA_STS_NAME_DOMAIN_MAX characters. */
int mta_sts_name_domain(const char *what, const mta_sts_value_t *value,
    const mta_sts_env_t *env, mta_sts_str_t *name, mta_sts_err_t *err);

/*
 * The same for an mx pattern: a host name, or "*." and a host name, where the
 * wildcard matches exactly one label (RFC 8461, 4.1).
 */
int mta_sts_name_mx(const mta_sts_value_t *value, const mta_sts_env_t *env,
    mta_sts_str_t *pattern, mta_sts_err_t *err);

/*
 * The same for the apex of a zone: a host name that may have "_" in it, such
 * as _mta-sts.example.com.
 */
int mta_sts_name_zone(const char *what, const mta_sts_value_t *value,
    const mta_sts_env_t *env, mta_sts_str_t *name, mta_sts_err_t *err);

/*
 * Copies name to buf, which has room for name.len bytes, in lower case and
 * without one trailing dot.  Returns the name's new length.
 */
size_t mta_sts_name_fold(mta_sts_str_t name, char *buf);

/* Is name a normalised host name?  Allocates nothing, decodes no A-label. */
int mta_sts_name_is_host(mta_sts_str_t name);

/* The same for an mx pattern. */
int mta_sts_name_is_mx(mta_sts_str_t pattern);

/* Does a host name in lower case match an mx pattern (RFC 8461, 4.1)? */
int mta_sts_name_matches_mx(mta_sts_str_t pattern, mta_sts_str_t host);

/*
 * Is a normalised name that of zone, or below it?  Returns 1 and in *labels
 * what is before zone, without the dot at its end; empty at the apex.
 */
int mta_sts_name_in_zone(mta_sts_str_t name, mta_sts_str_t zone,
    mta_sts_str_t *labels);

/*
 * Makes the policy host of a policy domain, "mta-sts.<domain>", in env's
 * memory; data is NULL if the allocation failed.
 */
mta_sts_str_t mta_sts_name_policy_host(mta_sts_str_t domain,
    const mta_sts_env_t *env);

/*
 * Gives the policy domain, a part of host, of a normalised policy host,
 * "mta-sts.<domain>".  Returns 0 if host is none.
 */
int mta_sts_name_policy_domain(mta_sts_str_t host, mta_sts_str_t *domain);


/*
 * What is wrong with a name, for the functions above: the rest of an error, or
 * NULL if nothing is wrong.
 */


/* Of a name in lower case; that of a zone may have "_" in it. */
const char *mta_sts_name_fault(mta_sts_str_t name, int zone);

/*
 * Of labels that begin with "xn--" but are no A-labels.  IDNA 2008 forbids some
 * that are registered, such as emoji; these are allowed, but control characters
 * are not.  name is followed by a NUL.  Returns 0 if an allocation failed.
 */
int mta_sts_name_check_alabels(const char *name, const char **fault);

/* What was probably meant by a text that is no host name. */
const char *mta_sts_name_mistake(mta_sts_str_t name);

/* Of the "*" or the form of an mx pattern. */
const char *mta_sts_name_mx_fault(mta_sts_str_t pattern);


/*
 * The URIs that TLS reports are sent to (RFC 8460, 3).
 */


/*
 * Bytes of all URIs of one policy, as they are in its record: a record must fit
 * into a DNS answer, and a URI into a word of nginx.conf.
 */

#define MTA_STS_RUA_MAX  4000


/*
 * Checks that value is a mailto: URI with an address, or an https: URI with a
 * host, in the characters of RFC 3986.
 *
 * Errors, at the value's place: invalid tlsrpt_rua "VALUE", and the rule.
 */
int mta_sts_uri_check_rua(const mta_sts_value_t *value, mta_sts_err_t *err);

/*
 * The same, and gives the URI as it is in a record: with the delimiters of a
 * TLSRPT record, "," "!" and ";", percent-encoded (RFC 8460, 3), up to three
 * times as long, and with the scheme in lower case.  uri is in env's memory,
 * followed by a NUL.
 *
 * Errors: as above, and out of memory.
 */
int mta_sts_uri_rua(const mta_sts_value_t *value, const mta_sts_env_t *env,
    mta_sts_str_t *uri, mta_sts_err_t *err);


/*
 * A duration as nginx writes it: "604800", "1w", "1y 2M", "1d12h30m".
 */


/*
 * Parses a duration with a resolution of seconds and returns it in seconds,
 * or -1 if it is none.  Units go from large to small and each is used once;
 * a number without a unit is seconds and comes last.  A year has 365 days, a
 * month 30.  Follows ngx_parse_time() of nginx's src/core/ngx_parse.c.
 */
int64_t mta_sts_duration_parse(mta_sts_str_t text);


/*
 * The settings of a policy, as they are configured: zero them, set one by one,
 * inherit those that were not set, and render the policy.
 */


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
 * begins with "mta-sts.", has one label, or is a wildcard over one or over a
 * public suffix; and of a max_age of less than a day.
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
 * Are these settings a policy?  They are with an mx pattern or in mode "none",
 * which needs none; otherwise they are only defaults for others.
 */
int mta_sts_settings_are_policy(const mta_sts_settings_t *settings);

/* Is mode or mx set here, and not inherited? */
int mta_sts_settings_own_policy(const mta_sts_settings_t *settings);

/*
 * The place of the policy: that of mx, or in mode "none" without mx, of mode;
 * otherwise of the first setting.  Unknown if nothing is set.
 */
mta_sts_place_t mta_sts_settings_place(const mta_sts_settings_t *settings);

/* max_age, or the default if it is not set; seconds. */
uint32_t mta_sts_settings_max_age(const mta_sts_settings_t *settings);

/*
 * Warns of each mx that accepts every host of the policy domain (RFC 8461,
 * 10.4), and, at place, of a domain that begins with "mta-sts.".
 */
void mta_sts_settings_check_domain(const mta_sts_settings_t *settings,
    mta_sts_str_t domain, mta_sts_place_t place, const mta_sts_env_t *env);

/*
 * Returns 1 the first time for a parent and the settings that inherit mode and
 * mx from it: a warning about these is given once.
 */
int mta_sts_settings_unwarned(mta_sts_settings_t *settings);

/* Too large to be served: an error at the place. */
int mta_sts_settings_too_large(mta_sts_place_t place, mta_sts_err_t *err);


/*
 * ONE policy, rendered: the bytes that are served and the id that follows from
 * them (RFC 8461, 3.1 and 3.2).  It is read-only.
 */


#define MTA_STS_ID_LEN     20          /* of at most 32 by RFC 8461 */
#define MTA_STS_BODY_WARN  10240       /* bytes; a sender reads no more */


/* Without pointers: it can be copied, and written to a file. */

typedef struct {
    uint16_t  len;                     /* of the body */
    uint16_t  rua_len;                 /* of the report URIs, after the body */
    uint8_t   mode;                    /* mta_sts_mode_e */
    char      id[MTA_STS_ID_LEN + 1];
    char      body[];
} mta_sts_policy_t;


/* The state that computes ids one after another.  Zero one to begin with. */

typedef struct {
    struct evp_md_ctx_st  *ctx;
} mta_sts_digest_t;


/*
 * Computes an id: the first MTA_STS_ID_LEN hex digits, in lower case, of the
 * SHA-256 of body.  id has room for them and a NUL.  Returns MTA_STS_ERROR
 * if libcrypto has no SHA-256 or an allocation failed.
 */
int mta_sts_digest_id(mta_sts_digest_t *digest, mta_sts_str_t body, char *id);

void mta_sts_digest_free(mta_sts_digest_t *digest);

/*
 * Renders the policy of settings that have inherited into env's memory.
 *
 * Warns of mode "none" without an mx and of a body over MTA_STS_BODY_WARN, once
 * for settings and those that inherit both mode and mx.
 *
 * Errors, at the place of the setting: mode "MODE" needs at least one mx; the
 * policy is too large; SHA-256 failed in libcrypto; out of memory.
 */
int mta_sts_policy_render(mta_sts_settings_t *settings,
    mta_sts_digest_t *digest, const mta_sts_env_t *env,
    const mta_sts_policy_t **policy, mta_sts_err_t *err);

/* Copies a policy to env's memory; NULL if the allocation failed. */
mta_sts_policy_t *mta_sts_policy_copy(const mta_sts_policy_t *policy,
    const mta_sts_env_t *env);

/*
 * May a policy of a file be used, with room bytes after its struct?
 */

static inline int
mta_sts_policy_is_sound(const mta_sts_policy_t *policy, uint64_t room)
{
    return (uint64_t) policy->len + policy->rua_len <= room
           && policy->mode <= MTA_STS_NONE
           && policy->id[MTA_STS_ID_LEN] == '\0';
}


/* The bytes of a policy in memory. */

static inline size_t
mta_sts_policy_size(const mta_sts_policy_t *policy)
{
    return sizeof(mta_sts_policy_t) + policy->len + policy->rua_len;
}


/* Have two policies the same body and the same report URIs? */
int mta_sts_policy_eq(const mta_sts_policy_t *a, const mta_sts_policy_t *b);

/*
 * Gives the mx patterns one by one, in their order: *cursor is 0 to begin with.
 * Returns 0 when there are no more.
 */
int mta_sts_policy_next_mx(const mta_sts_policy_t *policy, size_t *cursor,
    mta_sts_str_t *mx);

/* The max_age of a policy; seconds. */
uint32_t mta_sts_policy_max_age(const mta_sts_policy_t *policy);


static inline mta_sts_str_t
mta_sts_policy_body(const mta_sts_policy_t *policy)
{
    mta_sts_str_t  body;

    body.data = policy->body;
    body.len = policy->len;

    return body;
}


/*
 * The value of "rua=" in the TLSRPT record: the URIs, encoded and joined by
 * ","; empty if there are none.
 */

static inline mta_sts_str_t
mta_sts_policy_rua(const mta_sts_policy_t *policy)
{
    mta_sts_str_t  rua;

    rua.data = policy->body + policy->len;
    rua.len = policy->rua_len;

    return rua;
}


static inline mta_sts_str_t
mta_sts_policy_id(const mta_sts_policy_t *policy)
{
    mta_sts_str_t  id;

    id.data = policy->id;
    id.len = MTA_STS_ID_LEN;

    return id;
}


static inline mta_sts_str_t
mta_sts_policy_mode(const mta_sts_policy_t *policy)
{
    return mta_sts_mode_str((mta_sts_mode_e) policy->mode);
}


#endif /* MTA_STS_POLICY_POLICY_H */
