/*
 * Policies, line by line: key, ":", white space, value, white space.
 */

#include "policy/policy.h"
#include "judge.h"


#define BODY_DIGITS_MAX  10           /* of max_age */
#define BODY_DAY         86400


typedef enum {
    BODY_VERSION = 0,
    BODY_MODE,
    BODY_AGE,
    BODY_MX,
    BODY_EXTENSION
} body_key_e;


typedef struct {
    body_t               *body;
    findings_t           *findings;
    unsigned              line;
    unsigned              seen;       /* bits of body_key_e */
    mta_sts_str_t         values[BODY_MX];    /* of the first of each key */
    unsigned              crlf;       /* lines */
    unsigned              lf;
} body_parser_t;


static const mta_sts_str_t  body_keys[] = {
    { "version", 7 }, { "mode", 4 }, { "max_age", 7 }, { "mx", 2 }
};


/*
 * Each kind is reported once, with its first line; an error also after a
 * warning of the same kind.
 */

static int
body_is_new(const findings_t *findings, finding_kind_e kind)
{
    size_t  i;

    for (i = 0; i < findings->n; i++) {
        if (findings->elts[i].kind == kind
            && (findings->lower || findings->elts[i].severity == FINDING_ERROR
                || finding_kind(kind)->severity != FINDING_ERROR))
        {
            return 0;
        }
    }

    return 1;
}


#define body_say(parser, kind, ...)                                           \
    if (body_is_new((parser)->findings, kind)) {                              \
        finding_add((parser)->findings, kind, NULL, __VA_ARGS__);             \
    }

#define body_invalid(parser, kind, ...)                                       \
    do {                                                                      \
        (parser)->body->valid = 0;                                            \
        body_say(parser, kind, __VA_ARGS__)                                   \
    } while (0)


static void
body_mode(body_parser_t *parser, mta_sts_str_t value)
{
    int  mode;

    for (mode = MTA_STS_TESTING; mode <= MTA_STS_NONE; mode++) {
        if (mta_sts_str_eq(value, mta_sts_mode_str((mta_sts_mode_e) mode))) {
            parser->body->mode = mode;
            return;
        }
    }

    body_invalid(parser, POLICY_MODE, "line %u: mode \"%.*s\" is not enforce, "
                 "testing or none", parser->line, MTA_STS_SHOW(value));
}


static void
body_age(body_parser_t *parser, mta_sts_str_t value)
{
    size_t    i;
    uint64_t  age;

    age = 0;

    for (i = 0; i < value.len && i <= BODY_DIGITS_MAX; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') {
            break;
        }

        age = 10 * age + (uint64_t) (value.data[i] - '0');
    }

    if (i < value.len || i == 0 || i > BODY_DIGITS_MAX
        || age > MTA_STS_MAX_AGE_MAX)
    {
        body_invalid(parser, POLICY_MAX_AGE, "line %u: max_age \"%.*s\" is "
                     "not a number of seconds up to %d; mailauth and "
                     "postfix-mta-sts-resolver reject the policy",
                     parser->line, MTA_STS_SHOW(value), MTA_STS_MAX_AGE_MAX);
        return;
    }

    parser->body->max_age = (int64_t) age;

    if (age < BODY_DAY) {
        body_say(parser, POLICY_MAX_AGE_SHORT, "line %u: a max_age of %u is "
                 "less than a day; Google ignores such a policy%s",
                 parser->line, (unsigned) age,
                 age == 0 ? ", chasquid rejects it" : "");
    }
}


static void
body_add_mx(body_t *body, mta_sts_str_t mx, const mta_sts_env_t *env)
{
    body->mx = mta_sts_env_grow(env, body->mx, body->n, &body->size,
                                sizeof(mta_sts_str_t));
    body->mx[body->n++] = mx;
}


/* The A-label of an mx with a U-label, as advice; or nothing. */

static const char *
body_mx_advice(mta_sts_str_t value, const mta_sts_env_t *env)
{
    mta_sts_str_t    name;
    mta_sts_err_t    err;
    mta_sts_buf_t    text = { env, NULL, 0, 0, 0 };
    mta_sts_value_t  mx;

    mx.text = value;
    mx.place = MTA_STS_NOWHERE;

    if (mta_sts_str_is_ascii(value)
        || mta_sts_name_mx(&mx, env, &name, &err) != MTA_STS_OK)
    {
        return "";
    }

    mta_sts_buf_add_cstr(&text, "; write it as ");
    mta_sts_buf_add(&text, name);

    return mta_sts_str_copy(env, mta_sts_buf_str(&text)).data;
}


static void
body_mx(body_parser_t *parser, mta_sts_str_t value)
{
    char                 *buf;
    mta_sts_str_t         name;
    const mta_sts_env_t  *env;

    env = parser->findings->env;

    /* a trailing dot is an error here, which folding would remove */

    buf = env->alloc(env->ctx, value.len + 1);
    name.data = buf;
    name.len = mta_sts_name_fold(value, buf);

    if (name.len != value.len || !mta_sts_name_is_mx(name)) {
        body_invalid(parser, POLICY_MX, "line %u: mx \"%.*s\" is not a host "
                     "name or \"*.\" and a host name; senders drop the policy, "
                     "or match no server with it and keep the mail%s",
                     parser->line, MTA_STS_SHOW(value),
                     body_mx_advice(value, env));
        return;
    }

    if (!mta_sts_str_eq(name, value)) {
        body_say(parser, POLICY_MX_CASE, "line %u: mx \"%.*s\" has capital "
                 "letters, which Mimecast does not match", parser->line,
                 MTA_STS_SHOW(value));
    }

    body_add_mx(parser->body, name, env);
}


/*
 * An extension is legal.  Of senders in wide use, Postfix 3.10 with TLSRPT
 * defers all mail after one with braces, and those that decode the policy as
 * ASCII drop it after another byte.
 */

static void
body_extension(body_parser_t *parser, mta_sts_str_t key, mta_sts_str_t value)
{
    const char  *who;

    if (!field_is_name(key) || value.len == 0) {
        body_invalid(parser, POLICY_SYNTAX, "line %u: \"%.*s\" is not a key, "
                     "\":\" and a value", parser->line, MTA_STS_SHOW(key));
        return;
    }

    if (!mta_sts_str_is_ascii(value)) {
        who = "has bytes that are not ASCII, and Postfix's policy servers drop "
              "the policy";

    } else if (memchr(value.data, '{', value.len)
               || memchr(value.data, '}', value.len))
    {
        who = "has braces, and Postfix 3.10 with TLSRPT defers all mail";

    } else {
        who = "is not in the RFC, and checkdmarc and mail-sts-perl reject the "
              "policy";
        parser->findings->lower = 1;
    }

    body_say(parser, POLICY_EXTENSION, "line %u: key \"%.*s\" %s; leave it out",
             parser->line, MTA_STS_SHOW(key), who);

    parser->findings->lower = 0;
}


/* A key that must be unique: harmless only if its value is the same again. */

static void
body_duplicate(body_parser_t *parser, unsigned key, mta_sts_str_t value)
{
    parser->findings->lower = mta_sts_str_eq(value, parser->values[key]);

    body_say(parser, POLICY_DUPLICATE, "line %u: %.*s for the second time%s",
             parser->line, MTA_STS_SHOW(body_keys[key]),
             parser->findings->lower
             ? "; KumoMTA and checkdmarc reject the policy"
             : " with another value; postfix-mta-sts-resolver takes the last, "
               "KumoMTA and checkdmarc reject the policy");

    parser->findings->lower = 0;
}


static void
body_field(body_parser_t *parser, mta_sts_str_t key, mta_sts_str_t value)
{
    unsigned  i, bit;

    for (i = 0; i < BODY_EXTENSION; i++) {
        if (mta_sts_str_eq(key, body_keys[i])) {
            break;
        }
    }

    bit = 1u << i;

    if (i == BODY_VERSION && parser->seen && !(parser->seen & bit)) {
        body_say(parser, POLICY_VERSION_NOT_FIRST, "line %u: version is not "
                 "the first line, where Google wants it", parser->line);
    }

    if (i < BODY_MX && (parser->seen & bit)) {
        body_duplicate(parser, i, value);
        return;
    }

    if (i < BODY_MX) {
        parser->values[i] = value;
    }

    parser->seen |= bit;

    switch (i) {

    case BODY_VERSION:
        if (!mta_sts_str_eq(value, mta_sts_str("STSv1"))) {
            body_invalid(parser, POLICY_VERSION, "line %u: version \"%.*s\" "
                         "is not STSv1", parser->line, MTA_STS_SHOW(value));
        }

        break;

    case BODY_MODE:
        body_mode(parser, value);
        break;

    case BODY_AGE:
        body_age(parser, value);
        break;

    case BODY_MX:
        body_mx(parser, value);
        break;

    default:
        body_extension(parser, key, value);
    }
}


/* The index of the first control character, or the line's length. */

static size_t
body_strange(mta_sts_str_t line)
{
    size_t         i;
    unsigned char  ch;

    for (i = 0; i < line.len; i++) {
        ch = (unsigned char) line.data[i];

        if ((ch < ' ' && ch != '\t') || ch == 0x7f) {
            break;
        }
    }

    return i;
}


/* White space that is legal around a value, but that some senders reject. */

static void
body_space(body_parser_t *parser, mta_sts_str_t value)
{
    const char  *who;

    if (field_trim(value).len == 0) {
        return;
    }

    if (!field_is_space(value.data[0])) {
        who = "no space before a value, with which mail-sts-perl rejects";

    } else if (value.data[0] == '\t') {
        who = "a tab before a value, with which Courier rejects";

    } else if (field_is_space(value.data[value.len - 1])) {
        who = "white space after a value, with which mail-sts-perl rejects";

    } else {
        return;
    }

    body_say(parser, POLICY_SPACE, "line %u: %s the policy", parser->line,
             who);
}


static void
body_line(body_parser_t *parser, mta_sts_str_t line)
{
    size_t         i;
    mta_sts_str_t  key, value;

    if (line.len == 0) {
        body_invalid(parser, POLICY_BLANK_LINE, "line %u is empty; mox, maddy "
                     "and postfix-tlspol reject the policy", parser->line);
        return;
    }

    i = body_strange(line);

    if (i < line.len) {
        body_invalid(parser, POLICY_SYNTAX, "line %u: byte %zu is 0x%02x, %s",
                     parser->line, i + 1, (unsigned char) line.data[i],
                     line.data[i] == '\r' ? "a CR alone is no line end"
                                          : "a control character");
        return;
    }

    value = line;
    (void) field_next(&value, ':', &key);

    if (value.data == NULL) {
        body_invalid(parser, POLICY_SYNTAX, "line %u: \"%.*s\" is not a key, "
                     "\":\" and a value", parser->line, MTA_STS_SHOW(line));
        return;
    }

    body_space(parser, value);
    body_field(parser, key, field_trim(value));
}


/* What is known to be missing once everything is read. */

static void
body_end(body_parser_t *parser)
{
    body_t  *body;

    body = parser->body;

    if (!(parser->seen & (1u << BODY_VERSION))) {
        body_invalid(parser, POLICY_VERSION, "the policy has no \"version: "
                     "STSv1\"");
    }

    if (!(parser->seen & (1u << BODY_MODE))) {
        body_invalid(parser, POLICY_MODE, "the policy has no mode");
    }

    if (!(parser->seen & (1u << BODY_AGE))) {
        body_invalid(parser, POLICY_MAX_AGE, "the policy has no max_age");
    }

    if (parser->crlf && parser->lf) {
        body_say(parser, POLICY_LINE_ENDS, "%u lines end with CRLF and %u "
                 "with LF, which checkdmarc rejects", parser->crlf,
                 parser->lf);
    }

    if (parser->seen & (1u << BODY_MX)) {
        return;
    }

    if (body->mode == MTA_STS_NONE) {
        body_say(parser, POLICY_NONE_WITHOUT_MX, "mode none without an mx, "
                 "which Stalwart and chasquid reject; keep the mx");

    } else if (body->mode != -1) {
        body_invalid(parser, POLICY_MX_MISSING, "the policy has no mx, and "
                     "its mode needs one");
    }
}


void
body_parse(body_t *body, mta_sts_str_t text, findings_t *findings)
{
    mta_sts_str_t  line;
    body_parser_t  parser;

    memset(body, 0, sizeof(body_t));
    memset(&parser, 0, sizeof(body_parser_t));

    body->valid = 1;
    body->mode = -1;
    body->max_age = -1;

    parser.body = body;
    parser.findings = findings;

    if (mta_sts_str_starts(text, mta_sts_str("\xef\xbb\xbf"))) {
        text = mta_sts_str_after(text, 3);
        body_invalid(&parser, POLICY_BOM, "the policy begins with a byte "
                     "order mark, with which mox, Courier and "
                     "postfix-mta-sts-resolver reject it");
    }

    while (text.len && field_next(&text, '\n', &line)) {

        parser.line++;

        if (text.data && line.len && line.data[line.len - 1] == '\r') {
            line.len--;
            parser.crlf++;

        } else if (text.data) {
            parser.lf++;
        }

        body_line(&parser, line);
    }

    body_end(&parser);
}


void
body_of(body_t *body, const mta_sts_policy_t *policy,
    const mta_sts_env_t *env)
{
    size_t         cursor;
    mta_sts_str_t  mx;

    memset(body, 0, sizeof(body_t));

    body->valid = 1;
    body->mode = policy->mode;
    body->max_age = mta_sts_policy_max_age(policy);

    cursor = 0;

    while (mta_sts_policy_next_mx(policy, &cursor, &mx)) {
        body_add_mx(body, mx, env);
    }
}
