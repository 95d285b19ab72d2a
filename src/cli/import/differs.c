/*
 * In what our bytes differ from others that say the same.
 */

#include "import.h"


typedef struct {
    const mta_sts_env_t  *env;
    unsigned              bits;
    mta_sts_str_t         ours;       /* lines that are still to be met */
    mta_sts_str_t         line;       /* the first of them */
    unsigned              skipped;    /* lines of theirs that are not ours */
} differs_t;


/* Our lines end in CRLF. */

static void
differs_next(differs_t *differs)
{
    differs->line = mta_sts_str("");

    if (differs->ours.len) {
        (void) field_next(&differs->ours, '\n', &differs->line);
        differs->line.len--;
    }
}


/* The number without zeros before it; 1 for none at all, see import_body(). */

static mta_sts_str_t
differs_age(differs_t *differs, mta_sts_str_t value)
{
    size_t  len;

    len = value.len;

    while (value.len > 1 && value.data[0] == '0') {
        value = mta_sts_str_after(value, 1);
    }

    if (value.len < len) {
        differs->bits |= IMPORT(NUMBER);
    }

    if (mta_sts_str_eq(value, mta_sts_str("0"))) {
        differs->bits |= IMPORT(AGE_ZERO);
        value = mta_sts_str("1");
    }

    return value;
}


static mta_sts_str_t
differs_mx(differs_t *differs, mta_sts_str_t value)
{
    char           *buf;
    mta_sts_str_t   name;

    buf = differs->env->alloc(differs->env->ctx, value.len + 1);
    name.data = buf;
    name.len = mta_sts_name_fold(value, buf);

    if (!mta_sts_str_eq(name, value)) {
        differs->bits |= IMPORT(CAPITALS);
    }

    return name;
}


/* A line of theirs, without its end. */

static void
differs_line(differs_t *differs, mta_sts_str_t line)
{
    mta_sts_buf_t  same = { differs->env, NULL, 0, 0, 0 };
    mta_sts_str_t  key, value;

    value = line;
    (void) field_next(&value, ':', &key);

    value = field_trim(value);

    if (line.len != key.len + 2 + value.len
        || line.data[key.len + 1] != ' ')
    {
        differs->bits |= IMPORT(SPACE);
    }

    if (mta_sts_str_eq(key, mta_sts_str("max_age"))) {
        value = differs_age(differs, value);

    } else if (mta_sts_str_eq(key, mta_sts_str("mx"))) {
        value = differs_mx(differs, value);
    }

    mta_sts_buf_add(&same, key);
    mta_sts_buf_add_cstr(&same, ": ");
    mta_sts_buf_add(&same, value);

    if (mta_sts_str_eq(mta_sts_buf_str(&same), differs->line)) {
        differs_next(differs);

    } else {
        differs->skipped++;
    }
}


unsigned
import_differs(mta_sts_str_t text, const mta_sts_policy_t *policy,
    const mta_sts_env_t *env)
{
    size_t         theirs, ours;
    differs_t      differs;
    mta_sts_str_t  line, rest;

    memset(&differs, 0, sizeof(differs_t));

    differs.env = env;
    differs.ours = mta_sts_policy_body(policy);

    if (mta_sts_str_eq(text, differs.ours)) {
        return 0;
    }

    ours = 0;
    rest = differs.ours;

    while (rest.len && field_next(&rest, '\n', &line)) {
        ours++;
    }

    theirs = 0;
    differs_next(&differs);

    while (text.len && field_next(&text, '\n', &line)) {
        theirs++;

        if (text.data && line.len && line.data[line.len - 1] == '\r') {
            line.len--;

        } else {
            differs.bits |= IMPORT(LINE_ENDS);
        }

        differs_line(&differs, line);
    }

    /* not all of our lines were met in their order */

    if (differs.line.len) {
        differs.bits |= IMPORT(ORDER);
    }

    if (differs.skipped && theirs > ours) {
        differs.bits |= IMPORT(LEFT_OUT);
    }

    return differs.bits;
}
