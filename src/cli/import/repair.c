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


static void
repair_line(repair_t *repair, mta_sts_str_t key, mta_sts_str_t value)
{
    mta_sts_buf_add(&repair->text, key);
    mta_sts_buf_add_cstr(&repair->text, ": ");
    mta_sts_buf_add(&repair->text, value);
    mta_sts_buf_add_cstr(&repair->text, "\r\n");
}


/* Takes the next word of a list whose separators are "," and white space. */

static int
repair_word(mta_sts_str_t *rest, mta_sts_str_t *word)
{
    while (rest->len && (rest->data[0] == ',' || field_is_space(rest->data[0])))
    {
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


/*
 * Characters that the two versions of IDNA write as different A-labels (UTS
 * #46, 2.3): sharp s, also its capital, final sigma, ZWJ and ZWNJ.
 */

static int
repair_is_deviation(const repair_t *repair, mta_sts_str_t word)
{
    size_t                    i;
    mta_sts_str_t             copy;
    static const char *const  deviations[] = {
        "\xc3\x9f", "\xe1\xba\x9e", "\xcf\x82", "\xe2\x80\x8c",
        "\xe2\x80\x8d"
    };

    copy = mta_sts_str_copy(repair->env, word);

    for (i = 0; i < sizeof(deviations) / sizeof(deviations[0]); i++) {
        if (strstr(copy.data, deviations[i])) {
            return 1;
        }
    }

    return 0;
}


/* A word of a list of mx patterns, normalised; returns 0 if it is none. */

static int
repair_pattern(repair_t *repair, mta_sts_str_t word, mta_sts_str_t *pattern)
{
    mta_sts_err_t    err;
    mta_sts_value_t  value;

    value.text = word;
    value.place = MTA_STS_NOWHERE;

    if (mta_sts_name_mx(&value, repair->env, pattern, &err) != MTA_STS_OK) {
        import_memory(&err);
        return 0;
    }

    if (!mta_sts_str_is_ascii(word)) {

        if (repair_is_deviation(repair, word)) {
            return 0;
        }

        repair->bits |= IMPORT(U_LABEL);
    }

    if (mta_sts_str_ends(word, mta_sts_str("."))) {
        repair->bits |= IMPORT(DOT);
    }

    return 1;
}


static int
repair_has_tld(const repair_t *repair, mta_sts_str_t name)
{
    mta_sts_str_t  label;

    while (field_next(&name, '.', &label) && name.data) {
        /* void */
    }

    label = mta_sts_str_copy(repair->env, label);

    return repair->env->is_public_suffix
           && repair->env->is_public_suffix(label.data);
}


/*
 * Where there are several in a line, "mail.example,com" may also be a typing
 * error for one name.  None is cut if each part has a TLD that is known and is
 * a host below a domain that somebody has registered, or a wildcard of such a
 * domain; and if, after "," without white space, a host is in the same domain
 * as the word before.  *domain is that of this word then.
 */

static int
repair_is_whole(const repair_t *repair, mta_sts_str_t pattern, int joined,
    mta_sts_str_t *domain)
{
    int            wildcard;
    mta_sts_str_t  own;

    wildcard = mta_sts_str_starts(pattern, mta_sts_str("*."));

    if (wildcard) {
        pattern = mta_sts_str_after(pattern, 2);
    }

    own = import_registrable(pattern, repair->env);

    if (own.len == 0 || !repair_has_tld(repair, own)
        || (!wildcard && own.len == pattern.len)
        || (!wildcard && joined && !mta_sts_str_eq(own, *domain)))
    {
        return 0;
    }

    *domain = own;

    return 1;
}


static void
repair_mx(repair_t *repair, mta_sts_str_t value)
{
    int            joined, whole;
    size_t         n, len;
    unsigned       bits;
    mta_sts_str_t  rest, word, pattern, last, domain;

    n = 0;
    whole = 1;
    rest = value;
    last = value;
    domain = mta_sts_str("");
    len = repair->text.len;
    bits = repair->bits;

    while (repair_word(&rest, &word)) {

        if (!repair_pattern(repair, word, &pattern)) {
            n = 0;
            break;
        }

        repair_line(repair, repair_keys[REPAIR_MX], pattern);

        joined = n && word.data == last.data + last.len + 1
                 && word.data[-1] == ',';
        whole &= repair_is_whole(repair, pattern, joined, &domain);
        last = word;
        n++;
    }

    if (n == 0 || (n > 1 && !whole)) {
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
    mta_sts_buf_add_uint(&repair->text, (unsigned long) seconds);
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
