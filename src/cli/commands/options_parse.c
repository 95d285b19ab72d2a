/*
 * The command line: what parses it by the table of options.
 */

#include <arpa/inet.h>
#include <stdlib.h>

#include "cli/diag/diag.h"
#include "command.h"
#include "options.h"


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


/*
 * Is it the option of a word, "-c" or "--zone"?  Gives the value in the word.
 */

static int
options_is(const option_t *option, const char *word, const char **value)
{
    size_t  len;

    *value = NULL;
    len = strcspn(word, "=");

    if (word[1] == '-') {
        if (strlen(option->name) != len - 2
            || strncmp(option->name, word + 2, len - 2) != 0)
        {
            return 0;
        }

        *value = word[len] ? word + len + 1 : NULL;

    } else {
        if (option->ch != word[1]) {
            return 0;
        }

        *value = word[2] ? word + 2 : NULL;
    }

    /* a flag has no value */

    return option->argument || *value == NULL;
}


/*
 * The option of a word, with the value that is in the word: "-cFILE" or
 * "--zone=APEX".  A name may be that of several options, of which the command
 * takes one.  NULL if there is no such option.
 */

static const option_t *
options_find(const char *word, unsigned allowed, const char **value)
{
    size_t           i;
    const char      *text;
    const option_t  *found;

    found = NULL;

    for (i = 0; i < options_n; i++) {
        if (options_is(&options_table[i], word, &text)
            && (found == NULL || (options_table[i].group & allowed)))
        {
            found = &options_table[i];
            *value = text;
        }
    }

    return found;
}


/*
 * Says that there is no such option, and which one may be meant: the nearest,
 * or one that it abbreviates.
 */

static void
options_unknown(const command_t *command, const char *word)
{
    size_t             i;
    const char        *name;
    mta_sts_str_t      meant;
    mta_sts_nearest_t  nearest;

    memset(&nearest, 0, sizeof(mta_sts_nearest_t));
    meant = mta_sts_str("");

    nearest.wanted.data = word + strspn(word, "-");
    nearest.wanted.len = strcspn(nearest.wanted.data, "=");

    for (i = 0; i < options_n; i++) {
        if (options_table[i].group
            && (options_table[i].group & command->options) == 0)
        {
            continue;
        }

        name = options_table[i].name;

        mta_sts_nearest_add(&nearest, mta_sts_str_from(name));

        if (meant.len == 0
            && strncmp(name, nearest.wanted.data, nearest.wanted.len) == 0)
        {
            meant = mta_sts_str_from(name);
        }
    }

    meant = nearest.text.len ? nearest.text : meant;

    if (meant.len && nearest.wanted.len > 1) {
        say("unknown option \"%s\", did you mean \"--%.*s\"?", word,
            MTA_STS_SHOW(meant));

    } else {
        say("unknown option \"%s\", see mta-sts %s --help", word,
            command->name);
    }
}


/* Is it a number of a port up to the end? */

static int
options_is_port(const char *text)
{
    char  *end;
    long   port;

    port = strtol(text, &end, 10);

    return *end == '\0' && port >= 1 && port <= 65535;
}


/* An IP address, and maybe a port: an IPv6 one is in brackets before it. */

static int
options_is_server(char *text)
{
    char           *port;
    unsigned char   address[16];

    port = strchr(text, ':');

    if (text[0] == '[') {
        port = strchr(text, ']');

        if (port == NULL) {
            return 0;
        }

        *port++ = '\0';
        text++;

    } else if (port == NULL || strchr(port + 1, ':')) {
        port = text + strlen(text);
    }

    if (*port) {
        if (*port != ':' || !options_is_port(port + 1)) {
            return 0;
        }

        *port = '\0';
    }

    if (strchr(text, ':') == NULL) {
        return inet_pton(AF_INET, text, address) == 1;
    }

    text[strcspn(text, "%")] = '\0';

    return inet_pton(AF_INET6, text, address) == 1;
}


/* One server, or several with commas between them. */

static int
options_is_resolver(const char *text)
{
    char    server[64];
    size_t  len;

    for ( ; ; text += len + 1) {
        len = strcspn(text, ",");

        if (len >= sizeof(server)) {
            return 0;
        }

        memcpy(server, text, len);
        server[len] = '\0';

        if (!options_is_server(server)) {
            return 0;
        }

        if (text[len] == '\0') {
            return 1;
        }
    }
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
    options->net.smtp_timeout = 60;
    options->net.jobs = 64;
    options->full = 3600;
    options->silent = 30;
    options->grace = 86400;

    for (i = 0; i < options_n; i++) {
        if (options_table[i].kind == OPTION_IS_LIST) {
            list = (void *) ((char *) options + options_table[i].where);
            list->values = env->alloc(env->ctx, n * sizeof(mta_sts_value_t));
        }
    }

    options->args.values = env->alloc(env->ctx, n * sizeof(mta_sts_value_t));
    options->settings = env->alloc(env->ctx, n * sizeof(options_setting_t));
}


int
options_parse(options_t *options, int argc, char **argv,
    const command_t *command, const mta_sts_env_t *env)
{
    int              i, only_args;
    const char      *word, *value;
    const option_t  *option;

    options_init(options, (size_t) argc, env);
    only_args = 0;

    for (i = 1; i < argc; i++) {
        word = argv[i];

        if (only_args || word[0] != '-' || word[1] == '\0') {
            options->args.values[options->args.n++] = options_value(word);
            continue;
        }

        if (strcmp(word, "--") == 0) {
            only_args = 1;
            continue;
        }

        option = options_find(word, command->options, &value);

        if (option == NULL) {
            options_unknown(command, word);
            return MTA_STS_ERROR;
        }

        if (option->group && (option->group & command->options) == 0) {
            say("command \"%s\" does not take option \"%s\"", command->name,
                word);
            return MTA_STS_ERROR;
        }

        options->n_options++;

        if (option->argument && value == NULL && ++i == argc) {
            say("option \"%s\" needs a value: \"%s %s\"", word, word,
                option->argument);
            return MTA_STS_ERROR;
        }

        if (options_set(options, option, value ? value : argv[i])
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    if (options->conf && options->domains) {
        say("options \"-c\" and \"-d\" are mutually exclusive");
        return MTA_STS_ERROR;
    }

    if (options->net.family == 5) {
        say("invalid family \"5\", must be 4 or 6");
        return MTA_STS_ERROR;
    }

    if (options->net.resolver && !options_is_resolver(options->net.resolver)) {
        say("invalid resolver \"%s\", must be an IP address, or an IP address, "
            "\":\" and a port", options->net.resolver);
        return MTA_STS_ERROR;
    }

    options->net.timeout *= 1000;
    options->net.smtp_timeout *= 1000;

    return MTA_STS_OK;
}
