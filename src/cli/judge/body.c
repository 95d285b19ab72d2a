/*
 * Line by line: key, ":", white space, value, white space.
 */

#include "policy/policy.h"
#include "judge.h"


#define BODY_NAME_MAX    32           /* of an extension's key */
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
    const mta_sts_env_t  *env;
    findings_t           *findings;
    unsigned              line;
    unsigned              seen;       /* bits of body_key_e */
    unsigned              crlf;
    unsigned              lf;
    size_t                size;       /* of body->mx */
} body_parser_t;


static int
body_is_space(char ch)
{
    return ch == ' ' || ch == '\t';
}


/* Each kind is told once: the first place is where to begin. */

#define body_say(parser, kind, ...)                                           \
    if (!finding_has((parser)->findings, kind)) {                             \
        finding_add((parser)->findings, kind, __VA_ARGS__);                   \
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
                     "not a number of seconds up to %d; mailauth, mox and "
                     "postfix-mta-sts-resolver reject the policy",
                     parser->line, MTA_STS_SHOW(value), MTA_STS_MAX_AGE_MAX);
        return;
    }

    if (age < BODY_DAY) {
        body_say(parser, POLICY_MAX_AGE_SHORT, "line %u: a max_age of %u is "
                 "less than a day; Google ignores such a policy, mox one of 0",
                 parser->line, (unsigned) age);
    }
}


static int
body_mx(body_parser_t *parser, mta_sts_str_t value)
{
    char           *buf;
    size_t          i;
    mta_sts_str_t   name, *mx;
    body_t         *body;

    body = parser->body;

    buf = parser->env->alloc(parser->env->ctx, value.len + 1);
    if (buf == NULL) {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < value.len; i++) {
        buf[i] = (value.data[i] >= 'A' && value.data[i] <= 'Z')
                 ? (char) (value.data[i] | 0x20) : value.data[i];
    }

    name.data = buf;
    name.len = value.len;

    if (!mta_sts_name_is_mx(name)) {
        body_invalid(parser, POLICY_MX, "line %u: mx \"%.*s\" is not a host "
                     "name or \"*.\" and a host name; senders drop the policy, "
                     "or match no server with it and keep the mail",
                     parser->line, MTA_STS_SHOW(value));
        return MTA_STS_OK;
    }

    if (!mta_sts_str_eq(name, value)) {
        body_say(parser, POLICY_MX_CASE, "line %u: mx \"%.*s\" has capital "
                 "letters, which Mimecast does not match", parser->line,
                 MTA_STS_SHOW(value));
    }

    mx = mta_sts_env_grow(parser->env, body->mx, body->n, &parser->size,
                          sizeof(mta_sts_str_t));
    if (mx == NULL) {
        return MTA_STS_ERROR;
    }

    body->mx = mx;
    body->mx[body->n++] = name;

    return MTA_STS_OK;
}


static void
body_extension(body_parser_t *parser, mta_sts_str_t key, mta_sts_str_t value)
{
    char    ch;
    size_t  i;

    for (i = 0; i < key.len; i++) {
        ch = key.data[i];

        if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
            || (ch >= '0' && ch <= '9')
            || (i && (ch == '_' || ch == '-' || ch == '.')))
        {
            continue;
        }

        break;
    }

    if (i < key.len || i == 0 || i > BODY_NAME_MAX || value.len == 0) {
        body_invalid(parser, POLICY_SYNTAX, "line %u: \"%.*s\" is not a key, "
                     "\":\" and a value", parser->line, MTA_STS_SHOW(key));
        return;
    }

    body_say(parser, POLICY_EXTENSION, "line %u: the RFC does not know key "
             "\"%.*s\", and checkdmarc and mail-sts-perl reject the policy; "
             "leave it out", parser->line, MTA_STS_SHOW(key));
}


static int
body_field(body_parser_t *parser, mta_sts_str_t key, mta_sts_str_t value)
{
    unsigned                    i, bit;
    static const mta_sts_str_t  keys[] = {
        { "version", 7 }, { "mode", 4 }, { "max_age", 7 }, { "mx", 2 }
    };

    for (i = 0; i < BODY_EXTENSION; i++) {
        if (mta_sts_str_eq(key, keys[i])) {
            break;
        }
    }

    bit = 1u << i;

    if (i == BODY_VERSION && parser->seen && !(parser->seen & bit)) {
        body_say(parser, POLICY_VERSION_NOT_FIRST, "line %u: version is not "
                 "the first line, where Google wants it", parser->line);
    }

    if (i < BODY_MX && (parser->seen & bit)) {
        body_say(parser, POLICY_DUPLICATE, "line %u: %.*s for the second "
                 "time; some senders take the last, KumoMTA and checkdmarc "
                 "none", parser->line, MTA_STS_SHOW(key));
        return MTA_STS_OK;
    }

    parser->seen |= bit;

    switch (i) {

    case BODY_VERSION:
        if (!mta_sts_str_eq(value, mta_sts_str("STSv1"))) {
            body_invalid(parser, POLICY_VERSION, "line %u: version \"%.*s\" "
                         "is not STSv1", parser->line, MTA_STS_SHOW(value));
        }

        return MTA_STS_OK;

    case BODY_MODE:
        body_mode(parser, value);
        return MTA_STS_OK;

    case BODY_AGE:
        body_age(parser, value);
        return MTA_STS_OK;

    case BODY_MX:
        return body_mx(parser, value);

    default:
        body_extension(parser, key, value);
        return MTA_STS_OK;
    }
}


/* Bytes that no line has; the index of the first, or the line's length. */

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


static int
body_line(body_parser_t *parser, mta_sts_str_t line)
{
    size_t         i;
    const char    *colon;
    mta_sts_str_t  key, value;

    if (line.len == 0) {
        body_invalid(parser, POLICY_BLANK_LINE, "line %u is empty; mox, maddy "
                     "and postfix-tlspol reject the policy", parser->line);
        return MTA_STS_OK;
    }

    i = body_strange(line);

    if (i < line.len) {
        body_invalid(parser, POLICY_SYNTAX, "line %u: byte %zu is 0x%02x, %s",
                     parser->line, i + 1, (unsigned char) line.data[i],
                     line.data[i] == '\r' ? "a CR alone is no line end"
                                          : "a control character");
        return MTA_STS_OK;
    }

    colon = memchr(line.data, ':', line.len);

    if (colon == NULL) {
        body_invalid(parser, POLICY_SYNTAX, "line %u: \"%.*s\" is not a key, "
                     "\":\" and a value", parser->line, MTA_STS_SHOW(line));
        return MTA_STS_OK;
    }

    key = line;
    key.len = (size_t) (colon - line.data);
    value = mta_sts_str_after(line, key.len + 1);

    if (value.len < 2 || value.data[0] != ' ' || body_is_space(value.data[1])
        || body_is_space(value.data[value.len - 1]))
    {
        body_say(parser, POLICY_SPACE, "line %u: a value has other white "
                 "space than one space in front of it, with which Courier or "
                 "mail-sts-perl reject the policy", parser->line);
    }

    while (value.len && body_is_space(value.data[0])) {
        value = mta_sts_str_after(value, 1);
    }

    while (value.len && body_is_space(value.data[value.len - 1])) {
        value.len--;
    }

    return body_field(parser, key, value);
}


/* What can be missing only when all is read. */

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


int
body_parse(body_t *body, mta_sts_str_t text, const mta_sts_env_t *env,
    findings_t *findings)
{
    const char     *end;
    mta_sts_str_t   line;
    body_parser_t   parser;

    memset(body, 0, sizeof(body_t));
    memset(&parser, 0, sizeof(body_parser_t));

    body->valid = 1;
    body->mode = -1;

    parser.body = body;
    parser.env = env;
    parser.findings = findings;

    if (mta_sts_str_starts(text, mta_sts_str("\xef\xbb\xbf"))) {
        text = mta_sts_str_after(text, 3);
        body_invalid(&parser, POLICY_BOM, "the policy begins with a byte "
                     "order mark, with which mox, Courier and "
                     "postfix-mta-sts-resolver reject it");
    }

    while (text.len) {
        line = text;
        end = memchr(text.data, '\n', text.len);

        if (end) {
            line.len = (size_t) (end - text.data);
        }

        text = mta_sts_str_after(text, line.len + (end != NULL));
        parser.line++;

        if (end && line.len && line.data[line.len - 1] == '\r') {
            line.len--;
            parser.crlf++;

        } else if (end) {
            parser.lf++;
        }

        if (body_line(&parser, line) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }

    body_end(&parser);

    return findings->failed ? MTA_STS_ERROR : MTA_STS_OK;
}


int
body_mx_matches(mta_sts_str_t pattern, mta_sts_str_t host)
{
    const char  *dot;

    if (!mta_sts_str_starts(pattern, mta_sts_str("*."))) {
        return mta_sts_str_eq(pattern, host);
    }

    dot = host.len ? memchr(host.data, '.', host.len) : NULL;

    if (dot == NULL || dot == host.data) {
        return 0;
    }

    return mta_sts_str_eq(mta_sts_str_after(pattern, 1),
                          mta_sts_str_after(host,
                                            (size_t) (dot - host.data)));
}
