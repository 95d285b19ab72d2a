/*
 * Answers are taken apart by libc's ns_parse functions, which do not look
 * behind their end.
 */

#include <arpa/inet.h>
#include <resolv.h>

#include "policy/policy.h"
#include "probe.h"


#define ANSWER_RECORDS  256           /* that are looked at */


/* A copy, or NULL and the answer tells why. */

static mta_sts_str_t
answer_copy(answer_t *answer, mta_sts_str_t text)
{
    text = mta_sts_str_copy(answer->env, text);

    answer->out->memory |= text.data == NULL;

    return text;
}


/* A name within a message, as text in lower case without a dot at its end. */

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
answer_txt(answer_t *answer, const ns_rr *rr, dns_record_t *record)
{
    size_t                len;
    mta_sts_str_t         string;
    mta_sts_buf_t        text = { answer->env, NULL, 0, 0, 0 };
    const unsigned char  *p, *end;

    p = ns_rr_rdata(*rr);
    end = p + ns_rr_rdlen(*rr);

    record->strings = 0;

    while (p < end) {
        len = *p++;

        if (len > (size_t) (end - p)) {
            return MTA_STS_ERROR;
        }

        string.data = (const char *) p;
        string.len = len;

        mta_sts_buf_add(&text, string);

        p += len;
        record->strings++;
    }

    answer->out->memory |= text.failed;

    record->text = answer_copy(answer, mta_sts_buf_str(&text));

    return answer->out->memory ? MTA_STS_ERROR : MTA_STS_OK;
}


static int
answer_record(answer_t *answer, const ns_msg *msg, const ns_rr *rr,
    dns_record_t *record)
{
    char    name[NS_MAXDNAME];
    size_t  len;

    len = ns_rr_rdlen(*rr);

    switch (answer->type) {

    case ns_t_txt:
        return answer_txt(answer, rr, record);

    case ns_t_a:
    case ns_t_aaaa:
        if (len != (answer->type == ns_t_a ? NS_INADDRSZ : NS_IN6ADDRSZ)
            || inet_ntop(answer->type == ns_t_a ? AF_INET : AF_INET6,
                         ns_rr_rdata(*rr), name, sizeof(name))
               == NULL)
        {
            return MTA_STS_ERROR;
        }

        break;

    case ns_t_mx:
        if (len < 3
            || answer_name(msg, ns_rr_rdata(*rr) + 2, name) != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }

        break;

    default: /* ns_t_cname */
        if (answer_name(msg, ns_rr_rdata(*rr), name) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }

    record->text = answer_copy(answer, mta_sts_str_from(name));

    return record->text.data ? MTA_STS_OK : MTA_STS_ERROR;
}


/* The record i of the answer; its owner's name in lower case. */

static int
answer_rr(ns_msg *msg, int i, ns_rr *rr, char *owner)
{
    mta_sts_str_t  name;

    if (ns_parserr(msg, ns_s_an, i, rr) != 0) {
        return MTA_STS_ERROR;
    }

    name = mta_sts_str_from(ns_rr_name(*rr));

    owner[mta_sts_name_fold(name, owner)] = '\0';

    return MTA_STS_OK;
}


static void
answer_ttl(answer_t *answer, const ns_rr *rr)
{
    if (ns_rr_ttl(*rr) < answer->out->ttl) {
        answer->out->ttl = ns_rr_ttl(*rr);
    }
}


int
answer_alias(answer_t *answer, ns_msg *msg)
{
    int    i;
    char   owner[NS_MAXDNAME], target[NS_MAXDNAME];
    ns_rr  rr;

    for (i = 0; i < ns_msg_count(*msg, ns_s_an) && i < ANSWER_RECORDS; i++) {

        if (answer_rr(msg, i, &rr, owner) != MTA_STS_OK) {
            return -1;
        }

        if (ns_rr_type(rr) != ns_t_cname || strcmp(owner, answer->name) != 0) {
            continue;
        }

        if (answer_name(msg, ns_rr_rdata(rr), target) != MTA_STS_OK
            || ++answer->aliases > ANSWER_ALIASES)
        {
            return -1;
        }

        memcpy(answer->name, target, sizeof(target));

        answer->out->alias = 1;
        answer_ttl(answer, &rr);

        return 1;
    }

    return 0;
}


int
answer_collect(answer_t *answer, ns_msg *msg)
{
    int    i, count;
    char   owner[NS_MAXDNAME];
    ns_rr  rr;

    count = ns_msg_count(*msg, ns_s_an);

    if (count > ANSWER_RECORDS) {
        count = ANSWER_RECORDS;
    }

    answer->out->records = answer->env->alloc(answer->env->ctx,
                                     (size_t) (count + 1)
                                     * sizeof(dns_record_t));
    if (answer->out->records == NULL) {
        answer->out->memory = 1;
        return MTA_STS_ERROR;
    }

    for (i = 0; i < count; i++) {

        if (answer_rr(msg, i, &rr, owner) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }

        if ((int) ns_rr_type(rr) != answer->type
            || strcmp(owner, answer->name) != 0)
        {
            continue;
        }

        if (answer_record(answer, msg, &rr,
                       &answer->out->records[answer->out->n])
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }

        answer->out->n++;
        answer_ttl(answer, &rr);
    }

    return MTA_STS_OK;
}
