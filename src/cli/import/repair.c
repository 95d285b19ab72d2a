/*
 * Texts that senders reject although they have one reading, written as the
 * grammar of policies wants it (RFC 8461, 3.2).  A line is changed only where
 * it can mean nothing else; every other line stays as it is, and with it the
 * text is rejected.
 */

#include "import.h"


static const mta_sts_str_t  repair_keys[] = {
    { "version", 7 }, { "mode", 4 }, { "max_age", 7 }, { "mx", 2 }
};

#define REPAIR_MX    3
#define REPAIR_KEYS  4


typedef struct {
    const mta_sts_env_t  *env;
    mta_sts_buf_t         text;
    unsigned              bits;
    int                   version;    /* there is one */
} repair_t;


/* The pattern before another one in a line. */

typedef struct {
    mta_sts_str_t         suffix;     /* public; empty: none is before it */
    int                   below;      /* it is below a registrable domain */
} repair_before_t;


static void
repair_line(repair_t *repair, mta_sts_str_t key, mta_sts_str_t value)
{
    mta_sts_buf_add(&repair->text, key);
    mta_sts_buf_add_cstr(&repair->text, ": ");
    mta_sts_buf_add(&repair->text, value);
    mta_sts_buf_add_cstr(&repair->text, "\r\n");
}


/*
 * Takes the next word of a list whose separators are "," and white space.
 * *space is set if white space comes before it.
 */

static int
repair_word(mta_sts_str_t *rest, mta_sts_str_t *word, int *space)
{
    *space = 0;

    while (rest->len && (rest->data[0] == ',' || field_is_space(rest->data[0])))
    {
        *space |= rest->data[0] != ',';
        *rest = mta_sts_str_after(*rest, 1);
    }

    *word = *rest;
    word->len = 0;

    while (rest->len && rest->data[0] != ',' && !field_is_space(rest->data[0]))
    {
        word->len++;
        *rest = mta_sts_str_after(*rest, 1);
    }

    return word->len > 0;
}


static int
repair_is_public(const repair_t *repair, mta_sts_str_t name)
{
    name = mta_sts_str_copy(repair->env, name);

    return repair->env->is_public_suffix
           && repair->env->is_public_suffix(name.data);
}


/*
 * The public suffix of a name, such as "co.uk" of "mx.example.co.uk".  Empty
 * where the name is a public suffix itself or has no known TLD: it can only be
 * a part of a name.  *below is set if it is below a registrable domain.
 */

static mta_sts_str_t
repair_suffix(const repair_t *repair, mta_sts_str_t name, int *below)
{
    size_t         labels;
    const char    *dot;
    mta_sts_str_t  suffix;

    suffix = name;

    for (labels = 0; !repair_is_public(repair, suffix); labels++) {
        dot = memchr(suffix.data, '.', suffix.len);

        if (dot == NULL) {
            return mta_sts_str("");
        }

        suffix = mta_sts_str_after(suffix, (size_t) (dot - suffix.data) + 1);
    }

    *below = labels > 1;

    return labels ? suffix : mta_sts_str("");
}


/* One mx pattern; returns 0 if it is none even in our own spelling. */

static int
repair_pattern(repair_t *repair, mta_sts_str_t word, mta_sts_str_t *name)
{
    mta_sts_err_t    err;
    mta_sts_value_t  value;

    value.text = word;
    value.place = MTA_STS_NOWHERE;

    if (mta_sts_name_mx(&value, repair->env, name, &err) != MTA_STS_OK) {
        import_memory(&err);
        return 0;
    }

    if (!mta_sts_str_is_ascii(word)) {
        repair->bits |= IMPORT(U_LABEL);
    }

    if (mta_sts_str_ends(word, mta_sts_str("."))) {
        repair->bits |= IMPORT(DOT);
    }

    repair_line(repair, repair_keys[REPAIR_MX], *name);

    return 1;
}


/*
 * Is a word one of several patterns, and no part of a name with a typing error?
 * "mail.example,com" is none, since no mail host is called "com"; "mx1.mail" is
 * none, since there is no such TLD.  "mx.in,example.com" has two readings; but
 * after a space, or where a name would have the same suffix inside and at its
 * end ("mx1.a.org,mx2.b.org"), a comma is no dot.
 */

static int
repair_is_apart(const repair_t *repair, mta_sts_str_t name, int space,
    repair_before_t *before)
{
    int            below, wildcard, apart;
    mta_sts_str_t  suffix;

    wildcard = mta_sts_str_starts(name, mta_sts_str("*."));
    below = 0;

    if (wildcard) {
        name = mta_sts_str_after(name, 2);
    }

    suffix = repair_suffix(repair, name, &below);

    apart = suffix.len
            && (before->suffix.len == 0 || space || wildcard
                || (before->below
                    && mta_sts_str_eq(suffix, before->suffix)));

    before->suffix = suffix;
    before->below = below || wildcard;

    return apart;
}


static void
repair_mx(repair_t *repair, mta_sts_str_t value)
{
    int              apart, space;
    size_t           n, len;
    unsigned         bits;
    mta_sts_str_t    rest, word, name;
    repair_before_t  before = { { NULL, 0 }, 0 };

    apart = 1;
    rest = value;
    len = repair->text.len;
    bits = repair->bits;

    for (n = 0; repair_word(&rest, &word, &space); n++) {
        if (!repair_pattern(repair, word, &name)) {
            n = 0;
            break;
        }

        apart &= repair_is_apart(repair, name, space, &before);
    }

    if (n == 0 || (n > 1 && !apart)) {
        repair->text.len = len;
        repair->bits = bits;
        repair_line(repair, repair_keys[REPAIR_MX], value);
        return;
    }

    if (n > 1) {
        repair->bits |= IMPORT(SEVERAL);
    }
}


/* "7d": digits and a unit that has one reading. */

static void
repair_age(repair_t *repair, mta_sts_str_t key, mta_sts_str_t value)
{
    size_t   i;
    int64_t  seconds;

    for (i = 0; i < value.len && value.data[i] >= '0' && value.data[i] <= '9';
         i++)
    {
        /* void */
    }

    seconds = i && i + 1 == value.len && strchr("shdw", value.data[i])
              ? mta_sts_duration_parse(value) : -1;

    if (seconds < 0) {
        repair_line(repair, key, value);
        return;
    }

    repair->bits |= IMPORT(UNIT);

    mta_sts_buf_add(&repair->text, key);
    mta_sts_buf_add_cstr(&repair->text, ": ");
    mta_sts_buf_add_uint(&repair->text, (uint64_t) seconds);
    mta_sts_buf_add_cstr(&repair->text, "\r\n");
}


/* A value of which only the capitals are wrong. */

static mta_sts_str_t
repair_case(repair_t *repair, mta_sts_str_t value, mta_sts_str_t right)
{
    if (!mta_sts_str_caseeq(value, right)) {
        return value;
    }

    if (!mta_sts_str_eq(value, right)) {
        repair->bits |= IMPORT(CAPITALS);
    }

    return right;
}


static void
repair_field(repair_t *repair, mta_sts_str_t key, mta_sts_str_t value)
{
    int     mode;
    size_t  i;

    for (i = 0; i < REPAIR_KEYS; i++) {
        if (mta_sts_str_caseeq(key, repair_keys[i])) {
            break;
        }
    }

    if (i < REPAIR_KEYS) {
        key = repair_case(repair, key, repair_keys[i]);
    }

    switch (i) {

    case 0:
        repair->version = 1;
        repair_line(repair, key,
                    repair_case(repair, value, mta_sts_str("STSv1")));
        break;

    case 1:
        for (mode = MTA_STS_TESTING; mode <= MTA_STS_NONE; mode++) {
            value = repair_case(repair, value,
                                mta_sts_mode_str((mta_sts_mode_e) mode));
        }

        repair_line(repair, key, value);
        break;

    case 2:
        repair_age(repair, key, value);
        break;

    case REPAIR_MX:
        repair_mx(repair, value);
        break;

    default:
        repair_line(repair, key, value);
    }
}


/* A line without its end. */

static void
repair_text_line(repair_t *repair, mta_sts_str_t line)
{
    mta_sts_str_t  key, value;

    value = field_trim(line);

    if (value.len == 0) {
        repair->bits |= IMPORT(EMPTY);
        return;
    }

    if (value.data[0] == '#') {
        repair->bits |= IMPORT(COMMENTS);
        return;
    }

    if (field_is_space(line.data[0])) {
        repair->bits |= IMPORT(SPACE);
    }

    (void) field_next(&value, ':', &key);

    if (value.data == NULL) {
        mta_sts_buf_add(&repair->text, line);
        mta_sts_buf_add_cstr(&repair->text, "\r\n");
        return;
    }

    if (field_trim(key).len != key.len) {
        repair->bits |= IMPORT(SPACE);
    }

    repair_field(repair, field_trim(key), field_trim(value));
}


/* The next line, which ends in CRLF, LF or CR. */

static mta_sts_str_t
repair_next(repair_t *repair, mta_sts_str_t *text)
{
    size_t         i, end;
    mta_sts_str_t  line;

    for (i = 0; i < text->len; i++) {
        if (text->data[i] == '\n' || text->data[i] == '\r') {
            break;
        }
    }

    line = *text;
    line.len = i;
    end = i < text->len;

    if (end && text->data[i] == '\r') {

        if (i + 1 < text->len && text->data[i + 1] == '\n') {
            end = 2;

        } else {
            repair->bits |= IMPORT(LINE_ENDS);
        }
    }

    *text = mta_sts_str_after(*text, i + end);

    return line;
}


unsigned
import_repair(mta_sts_str_t text, const mta_sts_env_t *env,
    mta_sts_str_t *repaired)
{
    repair_t       repair;
    mta_sts_buf_t  whole = { env, NULL, 0, 0, 0 };

    memset(&repair, 0, sizeof(repair_t));

    repair.env = env;
    repair.text.env = env;

    if (mta_sts_str_starts(text, mta_sts_str("\xef\xbb\xbf"))) {
        text = mta_sts_str_after(text, 3);
        repair.bits |= IMPORT(BOM);
    }

    while (text.len) {
        repair_text_line(&repair, repair_next(&repair, &text));
    }

    /* there is no other version */

    if (!repair.version) {
        repair.bits |= IMPORT(VERSION);
        mta_sts_buf_add_cstr(&whole, "version: STSv1\r\n");
    }

    mta_sts_buf_add(&whole, mta_sts_buf_str(&repair.text));

    *repaired = mta_sts_buf_str(&whole);

    return repair.bits;
}
