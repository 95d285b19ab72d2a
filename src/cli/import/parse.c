/*
 * Texts as senders read them, and what is wrong with them.
 */

#include "import.h"


/* The first error, or NULL. */

static const char *
import_error(const findings_t *findings)
{
    size_t  i;

    for (i = 0; i < findings->n; i++) {
        if (findings->elts[i].severity == FINDING_ERROR) {
            return findings->elts[i].text.data;
        }
    }

    return NULL;
}


/* The text of a finding without "line 1: ". */

static const char *
import_without_line(const char *text)
{
    size_t  n;

    n = strncmp(text, "line ", 5) == 0 ? 5 + strspn(text + 5, "0123456789") : 0;

    return strncmp(text + n, ": ", 2) == 0 ? text + n + 2 : text;
}


/*
 * The first error that is left in a text after it was repaired, or NULL.  Its
 * lines are others, so it is looked for among the findings of the text before.
 */

static const char *
import_left(const findings_t *rest, const findings_t *findings)
{
    size_t       i;
    const char  *fault, *text;

    fault = import_error(rest);

    if (fault == NULL) {
        return NULL;
    }

    fault = import_without_line(fault);

    for (i = 0; i < findings->n; i++) {
        text = findings->elts[i].text.data;

        if (strcmp(import_without_line(text), fault) == 0) {
            return text;
        }
    }

    return fault;
}


const char *
import_parse(mta_sts_str_t text, const mta_sts_env_t *env, body_t *body,
    unsigned *repaired, const char **left)
{
    body_t         again;
    size_t         i;
    const char    *fault;
    findings_t     findings, rest;
    mta_sts_str_t  other;

    memset(&findings, 0, sizeof(findings_t));
    memset(&rest, 0, sizeof(findings_t));

    findings.env = env;
    rest.env = env;

    body_parse(body, text, &findings);

    if (body->valid) {
        return NULL;
    }

    fault = import_error(&findings);
    fault = fault ? fault : "the policy is not valid";

    *repaired = import_repair(text, env, &other);

    body_parse(&again, other, &rest);

    /* two lines of a key have two readings, unless they say the same */

    for (i = 0; i < rest.n; i++) {
        if (rest.elts[i].kind == POLICY_DUPLICATE
            && rest.elts[i].severity == FINDING_ERROR)
        {
            again.valid = 0;
        }
    }

    if (!again.valid) {
        *repaired = 0;
        *left = import_left(&rest, &findings);
    }

    *body = again;

    return fault;
}
