/*
 * What "mta-sts check --new" has reported: it is compared with that, whoever
 * else has checked since then.
 */

#include <stdio.h>

#include "cli/diag/diag.h"
#include "memory.h"


void
command_news_read(json_t *list, state_t *state, mta_sts_str_t name)
{
    int               n;
    char              code[64], severity[16];
    json_t           *findings;
    unsigned          family;
    const char       *p;
    state_domain_t    domain;
    mta_sts_arena_t   arena = { NULL, 0 };
    mta_sts_env_t     env = { .alloc = diag_alloc, .ctx = &arena };

    findings = json_array();

    (void) state_get(state, name, &env, &domain);

    for (p = domain.findings.data; p && *p; p += strcspn(p, "\n") + 1) {
        n = sscanf(p, "%15s %63s %u", severity, code, &family);

        if (n >= 2) {
            (void) json_array_append_new(findings, json_pack("{sssssI}",
                       "severity", severity, "code", code, "family",
                       (json_int_t) (n == 3 ? family : 0)));
        }
    }

    (void) json_array_append_new(list, json_pack("{ss%so}", "domain",
                                 name.data, name.len, "findings", findings));

    mta_sts_arena_free(&arena);
}


static void
news_write(state_t *state, const json_t *item)
{
    char             line[96];
    size_t           i;
    const char      *name, *code, *severity;
    mta_sts_arena_t  arena = { NULL, 0 };
    mta_sts_env_t    env = { .alloc = diag_alloc, .ctx = &arena };
    mta_sts_buf_t    text = { &env, NULL, 0, 0, 0 };
    const json_t    *finding, *findings;

    name = json_string_value(json_object_get(item, "domain"));
    findings = json_object_get(item, "findings");

    json_array_foreach(findings, i, finding) {
        code = json_string_value(json_object_get(finding, "code"));
        severity = json_string_value(json_object_get(finding, "severity"));

        (void) snprintf(line, sizeof(line), "%s %s %d\n", severity, code,
                        (int) json_integer_value(json_object_get(finding,
                                                                 "family")));
        mta_sts_buf_add_cstr(&text, line);
    }

    state_reported(state, mta_sts_str_from(name), mta_sts_buf_str(&text));

    mta_sts_arena_free(&arena);
}


void
command_news_write(const json_t *list, state_t *state)
{
    size_t         i;
    const json_t  *item;

    json_array_foreach(list, i, item) {
        news_write(state, item);
    }
}
