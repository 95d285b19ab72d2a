/*
 * The command line: a table of options, and getopt_long().
 */

#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>

#include "cli/diag/diag.h"
#include "command.h"


typedef enum {
    OPTION_IS_FLAG = 0,
    OPTION_IS_TEXT,
    OPTION_IS_LIST,
    OPTION_IS_SETTING,
    OPTION_IS_NUMBER,
    OPTION_IS_TIME                /* seconds */
} option_kind_e;


/* The kind, and the limits of a number or time. */

#define OPTION_FLAG              OPTION_IS_FLAG, 0, 0
#define OPTION_TEXT              OPTION_IS_TEXT, 0, 0
#define OPTION_LIST              OPTION_IS_LIST, 0, 0
#define OPTION_SETTING           OPTION_IS_SETTING, 0, 0
#define OPTION_NUMBER(min, max)  OPTION_IS_NUMBER, min, max
#define OPTION_TIME(min, max)    OPTION_IS_TIME, min, max


typedef struct {
    const char     *name;
    int             ch;           /* the short option; or 0 */
    unsigned        group;        /* one or more; 0 is all commands */
    option_kind_e   kind;
    int64_t         min;
    int64_t         max;
    size_t          where;        /* offset in options_t; or the setting */
    const char     *argument;     /* or NULL */
    const char     *help;         /* lines */
} option_t;


#define OPTION_IN(field)  offsetof(options_t, field)

static const option_t  options_table[] = {

    { "conf", 'c', OPTIONS_CONF, OPTION_TEXT, OPTION_IN(conf), "FILE",
      "nginx.conf (default: " MTA_STS_CONF_PATH "),\n"
      "or \"-\" for the output of nginx -T" },

    { "domains", 'd', OPTIONS_CONF, OPTION_TEXT, OPTION_IN(domains), "FILE",
      "only a domains file, or \"-\" for standard input" },

    { "prefix", 'p', OPTIONS_CONF, OPTION_TEXT, OPTION_IN(prefix), "PREFIX",
      "the folder of a relative FILE, as nginx's -p" },

    { "hosts", 0, OPTIONS_HOSTS, OPTION_FLAG, OPTION_IN(hosts), NULL,
      "only the policy hosts, one per line" },

    { "format", 'f', OPTIONS_RECORDS|OPTIONS_CHECK|OPTIONS_PLAN,
      OPTION_TEXT, OPTION_IN(format), "FORMAT",
      "one of the formats (default: the first)" },

    { "output", 'o', OPTIONS_RECORDS, OPTION_TEXT, OPTION_IN(output), "DIR",
      "one file per zone, in DIR" },

    { "ttl", 0, OPTIONS_RECORDS, OPTION_TIME(0, MTA_STS_RECORD_TTL_MAX),
      OPTION_IN(ttl), "TIME",
      "of the records, such as 3600 (default) or 1h" },

    { "zone", 0, OPTIONS_RECORDS, OPTION_LIST, OPTION_IN(zones), "APEX",
      "a zone that exists; may be repeated\n"
      "(default: each domain is a zone)" },

    { "policy-host", 0, OPTIONS_RECORDS, OPTION_LIST,
      OPTION_IN(policy_hosts), "TARGET",
      "what policy hosts resolve to: a name (CNAME), or\n"
      "an address, which may be repeated" },

    { "delegate", 0, OPTIONS_RECORDS, OPTION_TEXT, OPTION_IN(delegate),
      "NAME", "the records below a name of the delegate, which\n"
      "the customers' aliases point to" },

    { "customer", 0, OPTIONS_RECORDS, OPTION_FLAG, OPTION_IN(customer), NULL,
      "with --delegate: the customers' aliases" },

    { "escaped-semicolons", 0, OPTIONS_RECORDS, OPTION_FLAG,
      OPTION_IN(escaped_semicolons), NULL,
      "for octoDNS 1.x, where they are the default" },

    { "provider", 0, OPTIONS_RECORDS, OPTION_TEXT, OPTION_IN(provider),
      "NAME", "of Terraform or external-dns: route53 or\n"
      "cloudflare" },

    { "served", 0, OPTIONS_RECORDS, OPTION_FLAG, OPTION_IN(served), NULL,
      "only domains whose policy is already served, on\n"
      "every address of the policy host" },

    { "changed", 0, OPTIONS_RECORDS, OPTION_FLAG, OPTION_IN(changed), NULL,
      "only what differs from the live DNS" },

    { "removed", 0, OPTIONS_RECORDS, OPTION_FLAG, OPTION_IN(removed), NULL,
      "instead: the records to delete, of domains that left\n"
      "the configuration" },

    { "new", 0, OPTIONS_CHECK, OPTION_FLAG, OPTION_IN(new_only), NULL,
      "only findings that the last run did not have" },

    { "no-config", 0, OPTIONS_CHECK, OPTION_FLAG, OPTION_IN(no_config), NULL,
      "compare with no configuration: for any DOMAIN" },

    { "no-smtp", 0, OPTIONS_CHECK, OPTION_FLAG, OPTION_IN(no_smtp), NULL,
      "do not connect to the mail servers" },

    { "fail-on", 0, OPTIONS_CHECK, OPTION_TEXT, OPTION_IN(fail_on),
      "SEVERITY", "note, warning (default) or error: the least that\n"
      "makes the exit status 1" },

    { "resolver", 0, OPTIONS_NET, OPTION_TEXT, OPTION_IN(net.resolver),
      "ADDR[:PORT]", "the DNS server to ask (default: the system's)" },

    { "ca", 0, OPTIONS_NET, OPTION_TEXT, OPTION_IN(net.ca), "FILE",
      "trusted roots, in PEM (default: the system's)" },

    { "timeout", 0, OPTIONS_NET, OPTION_TIME(1, 300), OPTION_IN(net.timeout),
      "TIME", "of a lookup or a transfer (default: 10s)" },

    { "jobs", 0, OPTIONS_NET, OPTION_NUMBER(1, 1000), OPTION_IN(net.jobs),
      "N", "domains at a time (default: 64)" },

    { "state", 0, OPTIONS_STATE, OPTION_TEXT, OPTION_IN(state), "DIR",
      "what is remembered (default: that of mta_sts_state)" },

    { "until", 0, OPTIONS_PLAN, OPTION_TEXT, OPTION_IN(until), "DATE",
      "of \"plan note\": when the policy was there last,\n"
      "such as 2026-12-31 (default: now)" },

    { "mode", 0, OPTIONS_SETTINGS, OPTION_SETTING, MTA_STS_SET_MODE, "MODE",
      "enforce, testing (default) or none" },

    { "mx", 0, OPTIONS_SETTINGS, OPTION_SETTING, MTA_STS_SET_MX, "PATTERN",
      "a mail server, such as mx.example.com or\n"
      "*.mx.example.com; may be repeated" },

    { "max-age", 0, OPTIONS_SETTINGS, OPTION_SETTING, MTA_STS_SET_MAX_AGE,
      "TIME", "how long senders keep the policy, such as 2w or\n"
      "1209600 (default: 1w)" },

    { "tlsrpt-rua", 0, OPTIONS_SETTINGS, OPTION_SETTING,
      MTA_STS_SET_TLSRPT_RUA, "URI",
      "where reports go, mailto: or https:; may be\n"
      "repeated" },

    { "help", 'h', 0, OPTION_FLAG, OPTION_IN(help), NULL, "this text" }
};

#define OPTIONS        (sizeof(options_table) / sizeof(options_table[0]))
#define OPTIONS_LONG   256        /* and the index; above all characters */
#define OPTIONS_WIDTH  22         /* of an option and its argument */


/* What getopt_long() wants: a list of long options, and the short ones. */

static void
options_getopt(struct option *list, char *shorts)
{
    size_t           i;
    const option_t  *option;

    memset(list, 0, (OPTIONS + 1) * sizeof(struct option));

    *shorts++ = ':';

    for (i = 0; i < OPTIONS; i++) {
        option = &options_table[i];

        list[i].name = option->name;
        list[i].has_arg = option->argument ? required_argument : no_argument;
        list[i].val = OPTIONS_LONG + (int) i;

        if (option->ch) {
            *shorts++ = (char) option->ch;

            if (option->argument) {
                *shorts++ = ':';
            }
        }
    }

    *shorts = '\0';
}


/* The option that getopt_long() returned. */

static const option_t *
options_find(int ch)
{
    size_t  i;

    if (ch >= OPTIONS_LONG) {
        return &options_table[ch - OPTIONS_LONG];
    }

    for (i = 0; options_table[i].ch != ch; i++) {
        /* void */
    }

    return &options_table[i];
}


static mta_sts_value_t
options_value(const char *text)
{
    mta_sts_value_t  value = { mta_sts_str_from(text), MTA_STS_NOWHERE };

    return value;
}


static int
options_number(unsigned *where, const option_t *option, const char *value)
{
    char     *end;
    int64_t   n;

    if (option->kind == OPTION_IS_TIME) {
        n = mta_sts_duration_parse(mta_sts_str_from(value));

    } else {
        n = strtol(value, &end, 10);
        n = *end ? -1 : n;
    }

    if (n < option->min || n > option->max) {
        say("invalid %s \"%s\", must be between %d and %d%s", option->name,
            value, (int) option->min, (int) option->max,
            option->kind == OPTION_IS_TIME ? " seconds" : "");
        return MTA_STS_ERROR;
    }

    *where = (unsigned) n;

    return MTA_STS_OK;
}


/* Lists and settings have room for all arguments. */

static int
options_set(options_t *options, const option_t *option, const char *value)
{
    void               *where;
    options_list_t     *list;
    options_setting_t  *setting;

    where = (char *) options + option->where;

    switch (option->kind) {

    case OPTION_IS_TEXT:
        *(const char **) where = value;
        break;

    case OPTION_IS_LIST:
        list = where;
        list->values[list->n++] = options_value(value);
        break;

    case OPTION_IS_SETTING:
        setting = &options->settings[options->n_settings++];
        setting->setting = (mta_sts_setting_e) option->where;
        setting->value = options_value(value);
        break;

    case OPTION_IS_NUMBER:
    case OPTION_IS_TIME:
        return options_number(where, option, value);

    default: /* OPTION_IS_FLAG */
        *(int *) where = 1;
    }

    return MTA_STS_OK;
}


/* What getopt_long() returned; word is the last argument that it read. */

static int
options_take(options_t *options, int ch, const char *word, const char *command,
    unsigned allowed)
{
    const option_t  *option;

    if (ch == ':') {
        say("option \"%s\" needs a value", word);
        return MTA_STS_ERROR;
    }

    if (ch == '?') {

        /* a short option may be in the middle of a word */

        if (optopt && optopt < OPTIONS_LONG) {
            say("unknown option \"-%c\"", optopt);

        } else {
            say("unknown option \"%s\"", word);
        }

        return MTA_STS_ERROR;
    }

    option = options_find(ch);

    if (option->group && (option->group & allowed) == 0) {
        say("command \"%s\" does not take option \"%s%s\"", command,
            option->ch ? "-" : "--",
            option->ch ? (char[]) { (char) option->ch, '\0' } : option->name);
        return MTA_STS_ERROR;
    }

    return options_set(options, option, optarg);
}


/* The defaults, and lists that have room for n values. */

static void
options_init(options_t *options, size_t n, const mta_sts_env_t *env)
{
    size_t           i;
    options_list_t  *list;

    memset(options, 0, sizeof(options_t));

    options->ttl = MTA_STS_RECORD_TTL;
    options->net.timeout = 10;
    options->net.jobs = 64;

    for (i = 0; i < OPTIONS; i++) {
        if (options_table[i].kind == OPTION_IS_LIST) {
            list = (void *) ((char *) options + options_table[i].where);
            list->values = env->alloc(env->ctx, n * sizeof(mta_sts_value_t));
        }
    }

    options->args.values = env->alloc(env->ctx, n * sizeof(mta_sts_value_t));
    options->settings = env->alloc(env->ctx, n * sizeof(options_setting_t));
}


int
options_parse(options_t *options, int argc, char **argv, unsigned allowed,
    const mta_sts_env_t *env)
{
    int            ch, i;
    char           shorts[2 * OPTIONS + 2];
    struct option  list[OPTIONS + 1];

    options_init(options, (size_t) argc, env);
    options_getopt(list, shorts);
    opterr = 0;

    while ((ch = getopt_long(argc, argv, shorts, list, NULL)) != -1) {
        if (options_take(options, ch, argv[optind - 1], argv[0], allowed)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    if (options->conf && options->domains) {
        say("options \"-c\" and \"-d\" are mutually exclusive");
        return MTA_STS_ERROR;
    }

    options->net.timeout *= 1000;

    for (i = optind; i < argc; i++) {
        options->args.values[options->args.n++] = options_value(argv[i]);
    }

    return MTA_STS_OK;
}


/* "-c FILE" or "--zone APEX", and the lines of its help in a column. */

static void
options_usage_one(FILE *out, const option_t *option)
{
    int          len;
    char         text[64];
    const char  *line;

    (void) snprintf(text, sizeof(text), option->ch ? "-%.1s %s" : "--%s %s",
                    option->ch ? (char[]) { (char) option->ch, '\0' }
                               : option->name,
                    option->argument ? option->argument : "");

    for (line = option->help; *line; line += len + (line[len] == '\n')) {
        len = (int) strcspn(line, "\n");
        (void) fprintf(out, "    %-*s  %.*s\n", OPTIONS_WIDTH, text, len,
                       line);
        text[0] = '\0';
    }
}


void
options_usage(FILE *out, unsigned allowed)
{
    size_t  i;

    (void) fprintf(out, "\noptions:\n");

    for (i = 0; i < OPTIONS; i++) {
        if (options_table[i].group == 0
            || (options_table[i].group & allowed))
        {
            options_usage_one(out, &options_table[i]);
        }
    }
}
