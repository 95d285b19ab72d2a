/*
 * Policies that an nginx.conf serves by hand -> domains.
 */

#include <stdlib.h>

#include "cli/diag/diag.h"
#include "conf.h"


typedef struct {
    conf_answer_t   answer;
    size_t          order;
} conf_served_t;


typedef struct {
    import_t                *import;
    import_wanted_t          wanted;
    mta_sts_str_t            prefix;
    const mta_sts_env_t     *env;
    conf_servers_t           servers;
    mta_sts_str_t           *domains;
    size_t                   n;
    size_t                   size;
    size_t                   served;  /* domains with a policy by hand */
    size_t                   masks;   /* names of any number of domains */
} conf_import_t;


static int
conf_domain_cmp(const void *a, const void *b)
{
    return mta_sts_str_cmp(*(const mta_sts_str_t *) a,
                           *(const mta_sts_str_t *) b);
}


/*
 * The answers of a domain: one with a policy before one without or one that
 * senders cannot read.
 */

static int
conf_served_cmp(const void *a, const void *b)
{
    const conf_served_t  *x = a, *y = b;

    if (x->answer.found != y->answer.found) {
        return x->answer.found ? -1 : 1;
    }

    if (!x->answer.hidden != !y->answer.hidden) {
        return x->answer.hidden ? 1 : -1;
    }

    return x->order < y->order ? -1 : 1;
}


/*
 * Does a name stand for more than one host: a wildcard or a regex?  Those that
 * have a policy are said, since their domains are not in the file.
 */

static void
conf_mask(conf_import_t *conf, const conf_block_t *server,
    const mta_sts_value_t *name)
{
    conf_answer_t  answer;
    conf_choice_t  choice = { server, 1 };
    mta_sts_err_t  err;

    conf_answer(&choice, mta_sts_str("mta-sts.any.invalid"), conf->prefix,
                conf->env, &answer);

    if (!answer.found || !served_is_policy(answer.text)) {
        return;
    }

    (void) mta_sts_error(&err, name->place, "server name \"%.*s\" is for "
                         "any number of domains, which are not in this file: "
                         "give their names as arguments",
                         MTA_STS_SHOW(name->text));
    say_error(&err);

    conf->masks++;
}


static void
conf_name(conf_import_t *conf, const conf_block_t *server,
    const mta_sts_value_t *name)
{
    mta_sts_err_t    err;
    mta_sts_str_t    host, domain;
    mta_sts_value_t  value;

    if (name->text.len && memchr("~*.", name->text.data[0], 3)) {
        conf_mask(conf, server, name);
        return;
    }

    if (mta_sts_str_ends(name->text, mta_sts_str(".*"))) {

        if (mta_sts_str_starts(name->text, mta_sts_str("mta-sts."))) {
            conf_mask(conf, server, name);
        }

        return;
    }

    value = *name;

    if (mta_sts_name_host("server name", &value, conf->env, &host, &err)
        != MTA_STS_OK)
    {
        import_memory(&err);
        return;
    }

    if (!mta_sts_name_policy_domain(host, &domain)) {
        return;
    }

    conf->domains = mta_sts_env_grow(conf->env, conf->domains, conf->n,
                                     &conf->size, sizeof(mta_sts_str_t));
    conf->domains[conf->n++] = domain;
}


/* The domains that servers name, or those that are wanted. */

static void
conf_names(conf_import_t *conf)
{
    size_t               i, k;
    const conf_block_t  *server;

    if (conf->wanted.names->n) {
        conf->n = conf->wanted.names->n;
        conf->domains = conf->env->alloc(conf->env->ctx,
                                         conf->n * sizeof(mta_sts_str_t));

        for (i = 0; i < conf->n; i++) {
            conf->domains[i] = conf->wanted.names->elts[i].text;
        }

        return;
    }

    for (i = 0; i < conf->servers.n; i++) {
        server = conf->servers.blocks[i];

        for (k = 0; k < server->n_names && !conf_servers_is_module(server); k++)
        {
            conf_name(conf, server, &server->names[k]);
        }
    }

    if (conf->n) {
        qsort(conf->domains, conf->n, sizeof(mta_sts_str_t), conf_domain_cmp);
    }
}


static void
conf_server(void *ctx, const conf_block_t *server)
{
    conf_import_t *conf = ctx;

    conf->servers.blocks = mta_sts_env_grow(conf->env, conf->servers.blocks,
                                            conf->servers.n,
                                            &conf->servers.size,
                                            sizeof(conf_block_t *));
    conf->servers.blocks[conf->servers.n++] = server;
}


/* Imports the policies of a domain; says where a server has none. */

static void
conf_add(conf_import_t *conf, mta_sts_str_t domain,
    const conf_served_t *served, size_t n, int tls)
{
    size_t                i, imported;
    import_source_t       source;
    const conf_answer_t  *answer, *first;

    memset(&source, 0, sizeof(import_source_t));

    source.domain = domain;
    source.ttl = -1;

    first = &served[0].answer;

    if (!first->found) {
        import_refuse(conf->import, first->fault.place, domain, "%s",
                      first->fault.text);
        return;
    }

    if (first->hidden && !conf->import->repair) {
        import_refuse(conf->import, first->fault.place, domain,
                      "%s; --repair imports it", first->fault.text);
        return;
    }

    imported = conf->import->n;

    for (i = 0; i < n; i++) {
        answer = &served[i].answer;

        if (answer->found && !answer->hidden == !first->hidden
            && (i == 0 || !mta_sts_str_eq(answer->text, source.text)))
        {
            source.text = answer->text;
            source.place = answer->place;
            source.repaired = answer->hidden;

            import_add(conf->import, &source);
        }
    }

    if (conf->import->n == imported) {
        return;
    }

    for (i = 0; i < n; i++) {
        answer = &served[i].answer;

        if (!answer->found || !answer->hidden != !first->hidden) {
            import_say(answer->fault.place, domain, "imported as it is, but "
                       "another server of this name fails: %s",
                       answer->fault.text);
        }
    }

    if (!tls) {
        import_say(source.place, source.domain, "imported as it is: no server "
                   "of this name has TLS, without which senders see no policy, "
                   "unless a proxy has it");
    }
}


/* Returns 0 if no server of the file has the domain's policy by hand. */

static int
conf_domain(conf_import_t *conf, mta_sts_str_t domain)
{
    size_t          i, n, module;
    mta_sts_buf_t   host = { conf->env, NULL, 0, 0, 0 };
    conf_answer_t  *answer;
    conf_choice_t  *choices;
    conf_served_t  *served;

    mta_sts_buf_add_cstr(&host, "mta-sts.");
    mta_sts_buf_add(&host, domain);

    conf_servers_choose(&conf->servers, mta_sts_buf_str(&host), conf->env,
                        &choices, &n);

    served = conf->env->alloc(conf->env->ctx, n * sizeof(conf_served_t));
    memset(served, 0, n * sizeof(conf_served_t));

    module = 0;

    for (i = 0; i < n; i++) {
        served[i].order = i;
        answer = &served[i].answer;

        if (conf_servers_is_module(choices[i].server)) {
            (void) mta_sts_error(&answer->fault, choices[i].server->place,
                                 "the module serves the policy of this server");
            module++;

        } else {
            conf_answer(&choices[i], mta_sts_buf_str(&host), conf->prefix,
                        conf->env, answer);
        }
    }

    if (n == 0 || (module == n && conf->wanted.names->n == 0)) {
        return 0;
    }

    qsort(served, n, sizeof(conf_served_t), conf_served_cmp);
    conf_add(conf, domain, served, n, choices[0].tls);

    return 1;
}


int
import_conf(import_t *import, mta_sts_str_t file, mta_sts_str_t prefix,
    const mta_sts_values_t *names, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    size_t         i;
    source_t       source;
    conf_import_t  conf;

    memset(&conf, 0, sizeof(conf_import_t));

    conf.import = import;
    conf.prefix = prefix;
    conf.env = env;

    import_wanted(&conf.wanted, names, env);

    if (source_init(&source, file, prefix, env, err) != MTA_STS_OK
        || conf_read(&source, env, conf_server, &conf, err) != MTA_STS_OK
        || source_end(&source, err) != MTA_STS_OK
        || conf_servers_init(&conf.servers, env, err) != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    conf_names(&conf);

    for (i = 0; i < conf.n; i++) {

        if (i && mta_sts_str_eq(conf.domains[i], conf.domains[i - 1])) {
            continue;
        }

        if (conf_domain(&conf, conf.domains[i])) {
            (void) import_is_wanted(&conf.wanted, conf.domains[i]);
            conf.served++;
        }
    }

    if (conf.served == 0 && conf.masks == 0 && names->n == 0) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "no server in \"%.*s\" has "
                             "a name mta-sts.DOMAIN and serves a policy by "
                             "hand",
                             MTA_STS_SHOW(file));
    }

    import->n_refused += conf.masks;

    import_missing(import, &conf.wanted, file);

    return MTA_STS_OK;
}
