/*
 * Answers of the DNS, as they come from a stranger: records are whole texts,
 * and hosts are in lower case without a dot at their end.  The first byte
 * says which type was asked for; the name was that of the question.
 */

#include <arpa/nameser.h>

#include "cli/probe/probe.h"
#include "policy/policy.h"
#include "fuzz.h"


static const int  types[] = { ns_t_txt, ns_t_a, ns_t_aaaa, ns_t_mx,
                              ns_t_cname };


static void
check_records(int type, const dns_answer_t *out)
{
    char          *folded;
    size_t         i, len;
    mta_sts_str_t  text;

    for (i = 0; i < out->n; i++) {
        text = out->records[i].text;

        fuzz_check(text.data && text.data[text.len] == '\0', text, FUZZ_NONE);

        if (type != ns_t_mx && type != ns_t_cname) {
            continue;
        }

        folded = malloc(text.len + 1);
        len = mta_sts_name_fold(text, folded);

        fuzz_check(len <= text.len && memcmp(folded, text.data, len) == 0,
                   text, FUZZ_NONE);
        free(folded);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                   rc;
    ns_rr                 question;
    ns_msg                msg;
    answer_t              answer;
    dns_answer_t          out;
    mta_sts_str_t         name;
    const mta_sts_env_t  *env;

    if (size < 2 || size > NS_MAXMSG
        || ns_initparse(data + 1, (int) size - 1, &msg) != 0
        || ns_msg_count(msg, ns_s_qd) < 1
        || ns_parserr(&msg, ns_s_qd, 0, &question) != 0)
    {
        return 0;
    }

    env = fuzz_begin();

    memset(&out, 0, sizeof(dns_answer_t));
    memset(&answer, 0, sizeof(answer_t));

    out.ttl = UINT32_MAX;

    answer.type = types[data[0] % (sizeof(types) / sizeof(types[0]))];
    answer.out = &out;
    answer.env = env;

    name = mta_sts_str_from(ns_rr_name(question));
    answer.name[mta_sts_name_fold(name, answer.name)] = '\0';

    do {
        rc = answer.type == ns_t_cname ? 0 : answer_alias(&answer, &msg);
    } while (rc == 1);

    fuzz_check(answer.aliases <= ANSWER_ALIASES + (rc == -1), FUZZ_NONE,
               FUZZ_NONE);

    if (rc == 0 && answer_collect(&answer, &msg) == MTA_STS_OK) {
        check_records(answer.type, &out);
    }

    return 0;
}
