/*
 * The table of kinds, and lists of findings.
 */

#include <stdarg.h>
#include <stdlib.h>

#include "judge.h"


#define FINDING_ROW(kind, code, subject, severity, enforce, section, about)   \
    { code, FINDING_ ## subject, FINDING_ ## severity, enforce, section, about },

static const finding_kind_t  finding_kinds[FINDING_KINDS] = {
    FINDING_LIST(FINDING_ROW)
};


const finding_kind_t *
finding_kind(finding_kind_e kind)
{
    return &finding_kinds[kind];
}


const char *
finding_severity(finding_severity_e severity)
{
    static const char *const  names[] = { "note", "warning", "error" };

    return names[severity];
}


const char *
finding_subject(finding_subject_e subject)
{
    static const char *const  names[] = { "TXT record", "policy host",
                                          "mail servers", "reports" };

    return names[subject];
}


void
finding_add(findings_t *findings, finding_kind_e kind, const char *fmt, ...)
{
    char          *p;
    va_list        args;
    finding_t     *finding;
    mta_sts_err_t  line;

    va_start(args, fmt);
    (void) mta_sts_error_args(&line, MTA_STS_NOWHERE, fmt, args);
    va_end(args);

    /* some terminals also obey a byte above 0x7f */

    for (p = line.text; *p; p++) {
        if (*p < ' ' || *p > '~') {
            *p = '?';
        }
    }

    findings->elts = mta_sts_env_grow(findings->env, findings->elts,
                                      findings->n, &findings->size,
                                      sizeof(finding_t));

    finding = &findings->elts[findings->n++];

    finding->kind = kind;
    finding->severity = finding_kinds[kind].severity;
    finding->text = mta_sts_str_copy(findings->env,
                                     mta_sts_str_from(line.text));
}


int
finding_has(const findings_t *findings, finding_kind_e kind)
{
    size_t  i;

    for (i = 0; i < findings->n; i++) {
        if (findings->elts[i].kind == kind) {
            return 1;
        }
    }

    return 0;
}


static int
finding_cmp(const void *a, const void *b)
{
    const finding_t  *x = a, *y = b;

    if (x->kind != y->kind) {
        return x->kind < y->kind ? -1 : 1;
    }

    return mta_sts_str_cmp(x->text, y->text);
}


void
finding_settle(findings_t *findings, int enforce)
{
    size_t      i, n;
    finding_t  *elts;

    elts = findings->elts;

    if (findings->n == 0) {
        return;
    }

    qsort(elts, findings->n, sizeof(finding_t), finding_cmp);

    for (i = 0, n = 0; i < findings->n; i++) {

        if (n && finding_cmp(&elts[n - 1], &elts[i]) == 0) {
            continue;
        }

        if (finding_kinds[elts[i].kind].enforce && !enforce) {
            elts[i].severity = finding_kinds[elts[i].kind].severity - 1;
        }

        elts[n++] = elts[i];
    }

    findings->n = n;
}


size_t
finding_count(const findings_t *findings, finding_severity_e severity)
{
    size_t  i, n;

    for (i = 0, n = 0; i < findings->n; i++) {
        n += findings->elts[i].severity == severity;
    }

    return n;
}
