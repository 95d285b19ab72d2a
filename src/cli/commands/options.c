/*
 * The command line: a table of options, getopt_long() and what it leaves.
 */

#include <getopt.h>
#include <stddef.h>

#include "options.h"
#include "cli/diag/diag.h"


typedef enum {
    OPTION_FLAG = 0,
    OPTION_TEXT,
    OPTION_LIST,
    OPTION_SETTING
} option_kind_e;


typedef struct {
    const char     *name;
    int             ch;           /* the short option; or 0 */
    unsigned        group;        /* of OPTIONS_*, any; 0 is for all commands */
    option_kind_e   kind;
    size_t          where;        /* in options_t; or which setting */
    const char     *argument;
    const char     *help;         /* lines */
} option_t;


#define OPTION_IN(field)  offsetof(options_t, field)

static const option_t  options_table[] = {

    { "conf", 'c', OPTIONS_CONF, OPTION_TEXT, OPTION_IN(conf), "FILE",
      "nginx.conf (default: " MTA_STS_CONF_PATH "),\n"
      "or \"-\" for the output of nginx -T" },

    { "domains", 'd', OPTIONS_CONF, OPTION_TEXT, OPTION_IN(domains), "FILE",
      "a domains file alone, or \"-\" for standard input" },

    { "prefix", 'p', OPTIONS_CONF, OPTION_TEXT, OPTION_IN(prefix), "PREFIX",
      "the folder that a relative FILE is in, as nginx's -p" },

    { "hosts", 0, OPTIONS_HOSTS, OPTION_FLAG, OPTION_IN(hosts), NULL,
      "the policy hosts alone, one a line" },

    { "format", 'f', OPTIONS_RECORDS|OPTIONS_CHECK, OPTION_TEXT,
      OPTION_IN(format), "FORMAT", "one of the formats (default: the first)" },

    { "output", 'o', OPTIONS_RECORDS, OPTION_TEXT, OPTION_IN(output), "DIR",
      "a file a zone, in DIR" },

    { "ttl", 0, OPTIONS_RECORDS, OPTION_TEXT, OPTION_IN(ttl), "TIME",
      "of the records, such as 3600 (default) or 1h" },

    { "zone", 0, OPTIONS_RECORDS, OPTION_LIST, OPTION_IN(zones), "APEX",
      "a zone that exists; may be repeated\n"
      "(default: each domain is its own zone)" },

    { "policy-host", 0, OPTIONS_RECORDS, OPTION_LIST,
      OPTION_IN(policy_hosts), "TARGET",
      "also how policy hosts resolve: a name (CNAME),\n"
      "or an address, which may be repeated" },

    { "delegate", 0, OPTIONS_RECORDS, OPTION_TEXT, OPTION_IN(delegate),
      "PROVIDER", "the records below a provider's name that the\n"
      "customers' aliases point to" },

    { "customer", 0, OPTIONS_RECORDS, OPTION_FLAG, OPTION_IN(customer), NULL,
      "with --delegate: the customers' aliases" },

    { "escaped-semicolons", 0, OPTIONS_RECORDS, OPTION_FLAG,
      OPTION_IN(escaped_semicolons), NULL,
      "for octoDNS 1.x, whose default they are" },

    { "provider", 0, OPTIONS_RECORDS, OPTION_TEXT, OPTION_IN(provider),
      "NAME", "of Terraform or external-dns: route53 or\n"
      "cloudflare" },

    { "served", 0, OPTIONS_RECORDS, OPTION_FLAG, OPTION_IN(served), NULL,
      "only of domains whose policy is already served, on\n"
      "every address of the policy host" },

    { "changed", 0, OPTIONS_RECORDS, OPTION_FLAG, OPTION_IN(changed), NULL,
      "only what differs from the live DNS" },

    { "no-config", 0, OPTIONS_CHECK, OPTION_FLAG, OPTION_IN(no_config), NULL,
      "compare with no configuration: for any DOMAIN" },

    { "no-smtp", 0, OPTIONS_CHECK, OPTION_FLAG, OPTION_IN(no_smtp), NULL,
      "do not connect to the mail servers" },

    { "domains-from", 0, OPTIONS_CHECK, OPTION_TEXT, OPTION_IN(domains_from),
      "FILE", "names of domains, separated by white space, in a\n"
      "file, or \"-\" for standard input" },

    { "since", 0, OPTIONS_CHECK, OPTION_TEXT, OPTION_IN(since), "FILE",
      "only what is new or resolved since a check whose\n"
      "output with -f json is in FILE" },

    { "family", 0, OPTIONS_CHECK, OPTION_TEXT, OPTION_IN(family), "4|6",
      "look only at IPv4 or IPv6 addresses" },

    { "helo", 0, OPTIONS_CHECK, OPTION_TEXT, OPTION_IN(helo), "NAME",
      "the name for mail servers (default: this host's)" },

    { "smtp-timeout", 0, OPTIONS_CHECK, OPTION_TEXT, OPTION_IN(smtp_timeout),
      "TIME", "of an SMTP session (default: 1m)" },

    { "fail-on", 0, OPTIONS_CHECK, OPTION_TEXT, OPTION_IN(fail_on),
      "SEVERITY", "note, warning (default) or error: what makes the\n"
      "exit status 1" },

    { "resolver", 0, OPTIONS_NET, OPTION_TEXT, OPTION_IN(resolver),
      "ADDR[:PORT]", "the DNS server to ask (default: the system's)" },

    { "ca", 0, OPTIONS_NET, OPTION_TEXT, OPTION_IN(ca), "FILE",
      "trusted roots, in PEM (default: the system's)" },

    { "timeout", 0, OPTIONS_NET, OPTION_TEXT, OPTION_IN(timeout), "TIME",
      "of a lookup or a transfer (default: 10s)" },

    { "jobs", 0, OPTIONS_NET, OPTION_TEXT, OPTION_IN(jobs), "N",
      "domains at a time (default: 64)" },

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

    { "help", 'h', 0, OPTION_FLAG, OPTION_IN(help), NULL,
      "this text" }
};

#define OPTIONS        (sizeof(options_table) / sizeof(options_table[0]))
#define OPTIONS_LONG   256        /* and the index; behind all characters */
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
    mta_sts_value_t  value;

    memset(&value, 0, sizeof(mta_sts_value_t));

    value.text = mta_sts_str_from(text);

    return value;
}


static void
options_set(options_t *options, const option_t *option)
{
    void               *where;
    options_list_t     *list;
    options_setting_t  *setting;

    if (option->kind == OPTION_SETTING) {
        setting = &options->settings[options->n_settings++];
        setting->setting = (mta_sts_setting_e) option->where;
        setting->value = options_value(optarg);
        return;
    }

    where = (char *) options + option->where;

    switch (option->kind) {

    case OPTION_TEXT:
        *(const char **) where = optarg;
        break;

    case OPTION_LIST:
        list = where;
        list->values[list->n++] = options_value(optarg);
        break;

    default: /* OPTION_FLAG */
        *(int *) where = 1;
    }
}


/* A short option is in optopt, also in the middle of a word; a long one not. */

static void
options_unknown(int ch, const char *word)
{
    if (ch && ch < OPTIONS_LONG) {
        say("unknown option \"-%c\"", ch);

    } else {
        say("unknown option \"%s\"", word);
    }
}


static void
options_not_taken(const char *command, const option_t *option)
{
    if (option->ch) {
        say("command \"%s\" does not take option \"-%c\"", command,
            option->ch);

    } else {
        say("command \"%s\" does not take option \"--%s\"", command,
            option->name);
    }
}


/* Each list has room for all words. */

static int
options_alloc(options_t *options, size_t words, const mta_sts_env_t *env)
{
    size_t           i;
    options_list_t  *lists[] = { &options->zones, &options->policy_hosts,
                                 &options->args };

    memset(options, 0, sizeof(options_t));

    for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        lists[i]->values = env->alloc(env->ctx,
                                      words * sizeof(mta_sts_value_t));
        if (lists[i]->values == NULL) {
            return MTA_STS_ERROR;
        }
    }

    options->settings = env->alloc(env->ctx,
                                   words * sizeof(options_setting_t));

    return options->settings ? MTA_STS_OK : MTA_STS_ERROR;
}


int
options_parse(options_t *options, int argc, char **argv, unsigned allowed,
    const mta_sts_env_t *env)
{
    int              ch, i;
    char             shorts[2 * OPTIONS + 2];
    struct option    list[OPTIONS + 1];
    const option_t  *option;

    if (options_alloc(options, (size_t) argc + 1, env) != MTA_STS_OK) {
        say("out of memory");
        return MTA_STS_ERROR;
    }

    options_getopt(list, shorts);
    opterr = 0;

    while ((ch = getopt_long(argc, argv, shorts, list, NULL)) != -1) {

        if (ch == ':') {
            say("option \"%s\" needs a value", argv[optind - 1]);
            return MTA_STS_ERROR;
        }

        if (ch == '?') {
            options_unknown(optopt, argv[optind - 1]);
            return MTA_STS_ERROR;
        }

        option = options_find(ch);

        if (option->group && (option->group & allowed) == 0) {
            options_not_taken(argv[0], option);
            return MTA_STS_ERROR;
        }

        options_set(options, option);
    }

    if (options->conf && options->domains) {
        say("options \"-c\" and \"-d\" exclude each other");
        return MTA_STS_ERROR;
    }

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
    const char  *line, *argument;

    argument = option->argument ? option->argument : "";

    if (option->ch) {
        (void) snprintf(text, sizeof(text), "-%c %s", option->ch, argument);

    } else {
        (void) snprintf(text, sizeof(text), "--%s %s", option->name, argument);
    }

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
    size_t           i;
    const option_t  *option;

    (void) fprintf(out, "\noptions:\n");

    for (i = 0; i < OPTIONS; i++) {
        option = &options_table[i];

        if (option->group == 0 || (option->group & allowed)) {
            options_usage_one(out, option);
        }
    }
}


mta_sts_str_t
options_file(const options_t *options, const mta_sts_env_t *env)
{
    const char      *file;
    mta_sts_str_t    name;
    mta_sts_buf_t   text = { env, NULL, 0, 0, 0 };

    file = options->conf ? options->conf : MTA_STS_CONF_PATH;

    if (options->domains) {
        file = options->domains;
    }

    if (options->prefix && file[0] != '/' && strcmp(file, "-") != 0) {
        mta_sts_buf_add_cstr(&text, options->prefix);

        if (!mta_sts_str_ends(mta_sts_buf_str(&text), mta_sts_str("/"))) {
            mta_sts_buf_add_cstr(&text, "/");
        }
    }

    mta_sts_buf_add_cstr(&text, file);

    if (text.failed) {
        name.data = NULL;
        name.len = 0;
        return name;
    }

    return mta_sts_str_copy(env, mta_sts_buf_str(&text));
}
