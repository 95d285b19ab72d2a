/*
 * The table of kinds, and lists of findings.
 */

#include <stdarg.h>
#include <stdlib.h>

#include "judge.h"


#define FINDING_ROW(kind, code, subject, severity, less, section, about)      \
    { code, FINDING_ ## subject, FINDING_ ## severity, less, section, about },

static const finding_kind_t  finding_kinds[FINDING_KINDS] = {
    FINDING_LIST(FINDING_ROW)
};


const finding_kind_t *
finding_kind(finding_kind_e kind)
{
    return &finding_kinds[kind];
}


finding_kind_e
finding_find(const char *code)
{
    size_t  i;

    for (i = 0; i < FINDING_KINDS; i++) {
        if (strcmp(finding_kinds[i].code, code) == 0) {
            break;
        }
    }

    return (finding_kind_e) i;
}


const char *
finding_severity(finding_severity_e severity)
{
    static const char *const  names[] = { "note", "warning", "unknown",
                                          "error" };

    return names[severity];
}


const char *
finding_subject(finding_subject_e subject)
{
    static const char *const  names[] = { "TXT record", "policy host",
                                          "mail servers", "reports" };

    return names[subject];
}


/* A copy without what would control a terminal, such as bytes above 0x7f. */

static mta_sts_str_t
finding_clean(const mta_sts_env_t *env, const char *text)
{
    char           *p;
    mta_sts_str_t   copy;

    copy = mta_sts_str_copy(env, mta_sts_str_from(text));

    for (p = (char *) copy.data; *p; p++) {
        if (*p < ' ' || *p > '~') {
            *p = '?';
        }
    }

    return copy;
}


/* "WHERE: WHAT", or what alone. */

static mta_sts_str_t
finding_text(const mta_sts_env_t *env, const finding_t *finding)
{
    mta_sts_buf_t  text = { env, NULL, 0, 0, 0 };

    if (finding->where.len == 0) {
        return finding->what;
    }

    mta_sts_buf_add(&text, finding->where);
    mta_sts_buf_add_cstr(&text, ": ");
    mta_sts_buf_add(&text, finding->what);

    return mta_sts_str_copy(env, mta_sts_buf_str(&text));
}


void
finding_add(findings_t *findings, finding_kind_e kind, const char *where,
    const char *fmt, ...)
{
    va_list        args;
    finding_t     *finding;
    mta_sts_err_t  line;

    va_start(args, fmt);
    (void) mta_sts_error_args(&line, MTA_STS_NOWHERE, fmt, args);
    va_end(args);

    findings->elts = mta_sts_env_grow(findings->env, findings->elts,
                                      findings->n, &findings->size,
                                      sizeof(finding_t));

    finding = &findings->elts[findings->n++];

    finding->kind = kind;
    finding->severity = finding_kinds[kind].severity;
    finding->where = finding_clean(findings->env, where ? where : "");
    finding->what = finding_clean(findings->env, line.text);
    finding->text = finding_text(findings->env, finding);

    if (findings->lower && finding->severity == FINDING_ERROR) {
        finding->severity = FINDING_WARNING;
    }
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
    int               rc;
    const finding_t  *x = a, *y = b;

    if (x->kind != y->kind) {
        return x->kind < y->kind ? -1 : 1;
    }

    rc = mta_sts_str_cmp(x->what, y->what);

    return rc ? rc : mta_sts_str_cmp(x->where, y->where);
}


/* Merges a finding into the one before it that says the same. */

static void
finding_merge(const mta_sts_env_t *env, finding_t *into, const finding_t *from)
{
    mta_sts_buf_t  where = { env, NULL, 0, 0, 0 };

    if (from->severity > into->severity) {
        into->severity = from->severity;
    }

    if (from->where.len == 0 || mta_sts_str_ends(into->where, from->where)) {
        return;
    }

    mta_sts_buf_add(&where, into->where);
    mta_sts_buf_add_cstr(&where, ", ");
    mta_sts_buf_add(&where, from->where);

    into->where = mta_sts_buf_str(&where);
    into->text = finding_text(env, into);
}


/* What hurts only in mode "enforce". */

static finding_severity_e
finding_in_mode(finding_severity_e severity, int mode)
{
    if (mode == MTA_STS_NONE) {
        return FINDING_NOTE;
    }

    return severity == FINDING_ERROR && mode != MTA_STS_ENFORCE
           ? FINDING_WARNING : severity;
}


void
finding_settle(findings_t *findings, int mode)
{
    size_t      i, n;
    finding_t  *elts;

    elts = findings->elts;

    if (findings->n == 0) {
        return;
    }

    qsort(elts, findings->n, sizeof(finding_t), finding_cmp);

    for (i = 0, n = 0; i < findings->n; i++) {

        if (finding_kinds[elts[i].kind].less == 1) {
            elts[i].severity = finding_in_mode(elts[i].severity, mode);
        }

        if (n && elts[n - 1].kind == elts[i].kind
            && mta_sts_str_eq(elts[n - 1].what, elts[i].what))
        {
            finding_merge(findings->env, &elts[n - 1], &elts[i]);
            continue;
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
