/*
 * The command line.
 */

#ifndef MTA_STS_COMMANDS_OPTIONS_H
#define MTA_STS_COMMANDS_OPTIONS_H


#include <stdio.h>

#include "policy/policy.h"


/* nginx's own path; the build sets it. */

#ifndef MTA_STS_CONF_PATH
#define MTA_STS_CONF_PATH  "/etc/nginx/nginx.conf"
#endif


/* Which options a command takes. */

#define OPTIONS_CONF      1       /* -c, -d, -p */
#define OPTIONS_RECORDS   2       /* -f, -o and which records, where */
#define OPTIONS_SETTINGS  4       /* --mode, --mx, --max-age, --tlsrpt-rua */
#define OPTIONS_HOSTS     8       /* --hosts */
#define OPTIONS_CHECK     16      /* -f, --no-config and what to check */
#define OPTIONS_NET       32      /* --resolver, --ca, --timeout, --jobs */


/* A policy setting and its value. */

typedef struct {
    mta_sts_setting_e  setting;
    mta_sts_value_t    value;
} options_setting_t;


/* The values of an option that may be repeated. */

typedef struct {
    mta_sts_value_t  *values;     /* in the order of the command line */
    size_t            n;
} options_list_t;


/* What is not on the command line is NULL, 0 or empty. */

typedef struct {
    const char         *conf;
    const char         *domains;
    const char         *prefix;
    const char         *format;
    const char         *output;
    const char         *ttl;
    const char         *delegate;
    const char         *provider;
    const char         *fail_on;
    const char         *resolver;
    const char         *ca;
    const char         *timeout;
    const char         *smtp_timeout;
    const char         *helo;
    const char         *family;
    const char         *domains_from;
    const char         *since;
    const char         *jobs;

    options_list_t      zones;
    options_list_t      policy_hosts;
    options_list_t      args;

    options_setting_t  *settings; /* in the order of the command line */
    size_t              n_settings;

    int                 customer;
    int                 escaped_semicolons;
    int                 served;
    int                 changed;
    int                 no_config;
    int                 no_smtp;
    int                 hosts;
    int                 help;
} options_t;


/*
 * Parses what follows a command into memory of env.  Returns MTA_STS_OK, or
 * MTA_STS_ERROR after it has said what is wrong; options->settings is NULL then
 * if memory ran out.
 */
int options_parse(options_t *options, int argc, char **argv, unsigned allowed,
    const mta_sts_env_t *env);

/* Prints the options of the groups, for --help. */
void options_usage(FILE *out, unsigned allowed);

/*
 * The name of the domains file, -d, or else of nginx.conf, -c or the default,
 * in env's memory; with -p a relative one is relative to the prefix, as in
 * nginx, otherwise to the current folder.  data is NULL when memory ran out.
 */
mta_sts_str_t options_file(const options_t *options, const mta_sts_env_t *env);


#endif /* MTA_STS_COMMANDS_OPTIONS_H */
