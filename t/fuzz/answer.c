/*
 * Messages of DNS answers, which are untrusted: records are whole texts, and
 * hosts are in lower case without a dot at their end.  The first byte says
 * which type was asked for; the name is that of the question.
 */

#include "cli/probe/probe.h"
#include "policy/policy.h"
#include "fuzz.h"


static const int  types[] = { ns_t_txt, ns_t_a, ns_t_aaaa, ns_t_mx,
                              ns_t_cname, ns_t_caa };


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
    int             incomplete;
    ns_rr           question;
    ns_msg          msg;
    answer_t        answer;
    const char     *error;
    mta_sts_str_t   name;

    if (size < 2 || size > NS_MAXMSG
        || ns_initparse(data + 1, (int) size - 1, &msg) != 0
        || ns_msg_count(msg, ns_s_qd) < 1
        || ns_parserr(&msg, ns_s_qd, 0, &question) != 0)
    {
        return 0;
    }

    memset(&answer, 0, sizeof(answer_t));

    answer.type = types[data[0] % (sizeof(types) / sizeof(types[0]))];
    answer.env = fuzz_begin();
    answer.out.ttl = UINT32_MAX;

    name = mta_sts_str_from(ns_rr_name(question));
    answer.name[mta_sts_name_fold(name, answer.name)] = '\0';

    error = answer_read(&answer, data + 1, size - 1, &incomplete);

    fuzz_check(answer.aliases <= ANSWER_ALIASES + (error != NULL), FUZZ_NONE,
               FUZZ_NONE);

    if (error == NULL) {
        fuzz_check(!incomplete || answer.out.n == 0, FUZZ_NONE, FUZZ_NONE);
        check_records(answer.type, &answer.out);
    }

    return 0;
}
