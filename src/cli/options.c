/*
 * The command line: getopt_long() and what it leaves.
 */

#include <getopt.h>

#include "options.h"
#include "say.h"


/* --NAME and the setting that it is; val begins behind all characters */

#define OPTIONS_FIRST       256
#define OPTIONS_LIST_HOSTS  512

static const struct option  options_long[] = {
    { "mode",       required_argument, NULL,
      OPTIONS_FIRST + MTA_STS_SET_MODE },
    { "mx",         required_argument, NULL,
      OPTIONS_FIRST + MTA_STS_SET_MX },
    { "max-age",    required_argument, NULL,
      OPTIONS_FIRST + MTA_STS_SET_MAX_AGE },
    { "tlsrpt-rua", required_argument, NULL,
      OPTIONS_FIRST + MTA_STS_SET_TLSRPT_RUA },
    { "hosts",      no_argument,       NULL, OPTIONS_LIST_HOSTS },
    { "conf",       required_argument, NULL, 'c' },
    { "domains",    required_argument, NULL, 'd' },
    { "prefix",     required_argument, NULL, 'p' },
    { "format",     required_argument, NULL, 'f' },
    { "help",       no_argument,       NULL, 'h' },
    { NULL,         0,                 NULL, 0 }
};


static mta_sts_value_t
options_value(const char *text)
{
    mta_sts_value_t  value;

    memset(&value, 0, sizeof(mta_sts_value_t));

    value.text = mta_sts_str_from(text);

    return value;
}


/* The group of OPTIONS_* that an option belongs to; 0 for --help. */

static unsigned
options_group(int ch)
{
    switch (ch) {

    case 'c':
    case 'd':
    case 'p':
        return OPTIONS_CONF;

    case 'f':
        return OPTIONS_FORMAT;

    case OPTIONS_LIST_HOSTS:
        return OPTIONS_HOSTS;

    case 'h':
        return 0;

    default:
        return OPTIONS_SETTINGS;
    }
}


static void
options_set(options_t *options, int ch)
{
    options_setting_t  *setting;

    switch (ch) {

    case 'c':
        options->conf = optarg;
        break;

    case 'd':
        options->domains = optarg;
        break;

    case 'p':
        options->prefix = optarg;
        break;

    case 'f':
        options->format = optarg;
        break;

    case 'h':
        options->help = 1;
        break;

    case OPTIONS_LIST_HOSTS:
        options->hosts = 1;
        break;

    default:
        setting = &options->settings[options->n_settings++];
        setting->value = options_value(optarg);
        setting->name = setting->value;
        setting->name.text =
            mta_sts_settings_name((mta_sts_setting_e) (ch - OPTIONS_FIRST));
    }
}


/* A short option is in optopt, also in the middle of a word; a long one not. */

static void
options_unknown(int ch, const char *word)
{
    if (ch) {
        say("unknown option \"-%c\"", ch);

    } else {
        say("unknown option \"%s\"", word);
    }
}


static void
options_not_taken(const char *command, int ch)
{
    const struct option  *option;

    for (option = options_long; option->val != ch; option++) {
        /* void */
    }

    if (ch < OPTIONS_FIRST) {
        say("command \"%s\" does not take option \"-%c\"", command, ch);

    } else {
        say("command \"%s\" does not take option \"--%s\"", command,
            option->name);
    }
}


int
options_parse(options_t *options, int argc, char **argv, unsigned allowed,
    const mta_sts_env_t *env)
{
    int     ch, i;
    size_t  count;

    memset(options, 0, sizeof(options_t));

    count = (size_t) argc + 1;

    options->settings = env->alloc(env->ctx,
                                   count * sizeof(options_setting_t));
    options->args = env->alloc(env->ctx, count * sizeof(mta_sts_value_t));

    if (options->settings == NULL || options->args == NULL) {
        say("out of memory");
        return MTA_STS_ERROR;
    }

    opterr = 0;

    while ((ch = getopt_long(argc, argv, ":c:d:p:f:h", options_long, NULL))
           != -1)
    {
        if (ch == ':') {
            say("option \"%s\" needs a value", argv[optind - 1]);
            return MTA_STS_ERROR;
        }

        if (ch == '?') {
            options_unknown(optopt, argv[optind - 1]);
            return MTA_STS_ERROR;
        }

        if ((options_group(ch) & allowed) != options_group(ch)) {
            options_not_taken(argv[0], ch);
            return MTA_STS_ERROR;
        }

        options_set(options, ch);
    }

    if (options->conf && options->domains) {
        say("options \"-c\" and \"-d\" exclude each other");
        return MTA_STS_ERROR;
    }

    for (i = optind; i < argc; i++) {
        options->args[options->n++] = options_value(argv[i]);
    }

    return MTA_STS_OK;
}


mta_sts_str_t
options_file(const options_t *options, const mta_sts_env_t *env)
{
    const char      *file;
    mta_sts_str_t    name;
    mta_sts_text_t   text = { env, NULL, 0, 0, 0 };

    file = options->conf ? options->conf : MTA_STS_CONF_PATH;

    if (options->domains) {
        file = options->domains;
    }

    if (options->prefix && file[0] != '/' && strcmp(file, "-") != 0) {
        mta_sts_text_add_cstr(&text, options->prefix);

        if (!mta_sts_str_ends(mta_sts_text_str(&text), mta_sts_str("/"))) {
            mta_sts_text_add_cstr(&text, "/");
        }
    }

    mta_sts_text_add_cstr(&text, file);

    if (text.failed) {
        name.data = NULL;
        name.len = 0;
        return name;
    }

    return mta_sts_str_copy(env, mta_sts_text_str(&text));
}
