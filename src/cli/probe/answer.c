/*
 * The message of a DNS answer, parsed by libc's ns_parse functions, which check
 * its bounds.
 */

#include <arpa/inet.h>
#include <sys/socket.h>

#include "policy/policy.h"
#include "probe.h"


#define ANSWER_RECORDS    256         /* that are looked at */
#define ANSWER_MALFORMED  "malformed answer"


/* A name within a message, in lower case, without a dot at its end. */

static int
answer_name(const ns_msg *msg, const unsigned char *data, char *name)
{
    mta_sts_str_t  str;

    if (ns_name_uncompress(ns_msg_base(*msg), ns_msg_end(*msg), data, name,
                           NS_MAXDNAME)
        == -1)
    {
        return MTA_STS_ERROR;
    }

    str = mta_sts_str_from(name);
    name[mta_sts_name_fold(str, name)] = '\0';

    return MTA_STS_OK;
}


/* Joins the strings of a TXT record. */

static int
answer_txt(const ns_rr *rr, const mta_sts_env_t *env, dns_record_t *record)
{
    char                 *text;
    size_t                len;
    const unsigned char  *p, *end;

    p = ns_rr_rdata(*rr);
    end = p + ns_rr_rdlen(*rr);

    text = env->alloc(env->ctx, ns_rr_rdlen(*rr) + 1u);
    if (text == NULL) {
        return MTA_STS_ERROR;
    }

    record->text.data = text;
    record->text.len = 0;
    record->strings = 0;

    while (p < end) {
        len = *p++;

        if (len > (size_t) (end - p)) {
            return MTA_STS_ERROR;
        }

        memcpy(text + record->text.len, p, len);

        p += len;
        record->text.len += len;
        record->strings++;
    }

    text[record->text.len] = '\0';

    return MTA_STS_OK;
}


/* A CAA record: flags, length of a tag, the tag, a value (RFC 8659, 4.1). */

static int
answer_caa(const unsigned char *data, size_t len, const mta_sts_env_t *env,
    dns_record_t *record)
{
    mta_sts_str_t  tag, value;
    mta_sts_buf_t  text = { env, NULL, 0, 0, 0 };

    if (len < 2 || data[1] > len - 2) {
        return MTA_STS_ERROR;
    }

    tag.data = (const char *) data + 2;
    tag.len = data[1];
    value.data = tag.data + tag.len;
    value.len = len - 2 - tag.len;

    mta_sts_buf_add(&text, tag);
    mta_sts_buf_add_char(&text, ' ');
    mta_sts_buf_add(&text, value);

    record->text = mta_sts_str_copy(env, mta_sts_buf_str(&text));

    return record->text.data ? MTA_STS_OK : MTA_STS_ERROR;
}


static int
answer_record(const ns_msg *msg, const ns_rr *rr, const mta_sts_env_t *env,
    dns_record_t *record)
{
    int                   type;
    char                  text[NS_MAXDNAME];
    size_t                len, skip;
    const unsigned char  *data;

    type = (int) ns_rr_type(*rr);
    data = ns_rr_rdata(*rr);
    len = ns_rr_rdlen(*rr);

    switch (type) {

    case ns_t_txt:
        return answer_txt(rr, env, record);

    case ns_t_caa:
        return answer_caa(data, len, env, record);

    case ns_t_a:
    case ns_t_aaaa:
        if (len != (type == ns_t_a ? NS_INADDRSZ : NS_IN6ADDRSZ)
            || inet_ntop(type == ns_t_a ? AF_INET : AF_INET6, data, text,
                         sizeof(text))
               == NULL)
        {
            return MTA_STS_ERROR;
        }

        break;

    default: /* ns_t_cname, ns_t_mx */
        skip = type == ns_t_mx ? NS_INT16SZ : 0;

        if (len <= skip || answer_name(msg, data + skip, text) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }

    record->text = mta_sts_str_copy(env, mta_sts_str_from(text));

    return record->text.data ? MTA_STS_OK : MTA_STS_ERROR;
}


/*
 * Finds from record *i on the next one of a type with the name that is asked
 * for.  Returns 1, 0 if there is none, or -1 if the message is malformed.
 */

static int
answer_next(answer_t *answer, ns_msg *msg, int type, int *i, ns_rr *rr)
{
    char           owner[NS_MAXDNAME];
    mta_sts_str_t  name;

    while (*i < ns_msg_count(*msg, ns_s_an) && *i < ANSWER_RECORDS) {

        if (ns_parserr(msg, ns_s_an, (*i)++, rr) != 0) {
            return -1;
        }

        name = mta_sts_str_from(ns_rr_name(*rr));
        owner[mta_sts_name_fold(name, owner)] = '\0';

        if ((int) ns_rr_type(*rr) != type || strcmp(owner, answer->name) != 0) {
            continue;
        }

        if (ns_rr_ttl(*rr) < answer->out.ttl) {
            answer->out.ttl = ns_rr_ttl(*rr);
        }

        return 1;
    }

    return 0;
}


/* Follows the aliases in the message. */

static const char *
answer_aliases(answer_t *answer, ns_msg *msg)
{
    int    i, rc;
    ns_rr  rr;

    for ( ;; ) {
        i = 0;
        rc = answer_next(answer, msg, ns_t_cname, &i, &rr);

        if (rc == 0) {
            return NULL;
        }

        if (rc == -1
            || answer_name(msg, ns_rr_rdata(rr), answer->name) != MTA_STS_OK)
        {
            return ANSWER_MALFORMED;
        }

        if (++answer->aliases > ANSWER_ALIASES) {
            return "a loop of aliases";
        }

        answer->out.alias = 1;
    }
}


static const char *
answer_collect(answer_t *answer, ns_msg *msg)
{
    int            i, rc;
    ns_rr          rr;
    size_t         size;
    dns_record_t  *records;

    i = 0;
    size = 0;

    while ((rc = answer_next(answer, msg, answer->type, &i, &rr)) == 1) {

        records = mta_sts_env_grow(answer->env, answer->out.records,
                                   answer->out.n, &size, sizeof(dns_record_t));

        if (records == NULL
            || answer_record(msg, &rr, answer->env, &records[answer->out.n])
               != MTA_STS_OK)
        {
            return ANSWER_MALFORMED;
        }

        answer->out.records = records;
        answer->out.n++;
    }

    return rc == 0 ? NULL : ANSWER_MALFORMED;
}


const char *
answer_read(answer_t *answer, const unsigned char *data, size_t len,
    int *incomplete)
{
    ns_msg       msg;
    unsigned     before;
    const char  *error;

    *incomplete = 0;
    before = answer->aliases;

    if (ns_initparse(data, (int) len, &msg) != 0) {
        return ANSWER_MALFORMED;
    }

    if (answer->type != ns_t_cname) {
        error = answer_aliases(answer, &msg);

        if (error) {
            return error;
        }
    }

    error = answer_collect(answer, &msg);

    /* a server that does not recurse may not know what an alias leads to */

    *incomplete = error == NULL && answer->out.n == 0
                  && answer->aliases != before
                  && !ns_msg_getflag(msg, ns_f_ra);

    return error;
}
