/*
 * ONE policy, rendered: the bytes that are served and the id that follows from
 * them (RFC 8461, 3.1 and 3.2).  It is read-only.
 */

#ifndef MTA_STS_POLICY_H
#define MTA_STS_POLICY_H


#include "settings.h"


#define MTA_STS_ID_LEN     20          /* of at most 32 by RFC 8461 */
#define MTA_STS_BODY_WARN  10240       /* bytes; a sender reads no more */


/* In one piece, since there may be a million of them. */

typedef struct {
    const mta_sts_str_t  *tlsrpt_rua;  /* see mta_sts_settings_rua(), or NULL */
    uint16_t              len;         /* of the body */
    uint8_t               mode;        /* mta_sts_mode_e */
    char                  id[MTA_STS_ID_LEN + 1];
    char                  body[];
} mta_sts_policy_t;


/*
 * What computes ids, for as many as there are: libcrypto's state is made once.
 * Zero one to begin with.
 */

typedef struct {
    struct evp_md_ctx_st  *ctx;
} mta_sts_digest_t;


/*
 * Computes an id: the first MTA_STS_ID_LEN hex digits, in lower case, of the
 * SHA-256 of body.  id has room for them and a NUL.  Returns MTA_STS_ERROR
 * when libcrypto has no SHA-256 or no memory.
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

/* Copies a policy, but not its tlsrpt_rua; NULL when memory ran out. */
mta_sts_policy_t *mta_sts_policy_copy(const mta_sts_policy_t *policy,
    const mta_sts_env_t *env);

/* Have two policies the same body and the same reports? */
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


#endif /* MTA_STS_POLICY_H */
