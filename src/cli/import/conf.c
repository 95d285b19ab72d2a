/*
 * Policies that an nginx.conf serves by hand -> domains.
 */

#include <stdlib.h>

#include "cli/diag/diag.h"
#include "conf.h"


typedef struct {
    mta_sts_str_t   domain;
    int             tls;
    conf_answer_t  *answer;
    size_t          order;
} conf_domain_t;


typedef struct {
    import_t                *import;
    import_wanted_t          wanted;
    mta_sts_str_t            prefix;
    const mta_sts_env_t     *env;
    conf_domain_t           *domains;
    size_t                   n;
    size_t                   size;
    size_t                   masks;   /* names of any number of domains */
} conf_import_t;


/*
 * By domain; those with TLS first, and with an answer before one without or
 * one that senders cannot read.
 */

static int
conf_cmp(const void *a, const void *b)
{
    int                   rc;
    const conf_domain_t  *x = a, *y = b;

    rc = mta_sts_str_cmp(x->domain, y->domain);

    if (rc) {
        return rc;
    }

    if (x->tls != y->tls) {
        return x->tls ? -1 : 1;
    }

    if (x->answer->found != y->answer->found) {
        return x->answer->found ? -1 : 1;
    }

    if (!x->answer->hidden != !y->answer->hidden) {
        return x->answer->hidden ? 1 : -1;
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
    mta_sts_err_t  err;

    if (conf->wanted.names->n) {
        return;
    }

    conf_answer(server, mta_sts_str("mta-sts.any.invalid"), conf->prefix,
                conf->env, &answer);

    if (!answer.found || !served_is_policy(answer.text)) {
        return;
    }

    (void) mta_sts_error(&err, name->place, "server name \"%.*s\" is for "
                         "any number of domains, which are not in this file: "
                         "name them, mta-sts import DOMAIN...",
                         MTA_STS_SHOW(name->text));
    say_error(&err);

    conf->masks++;
}


static void
conf_name(conf_import_t *conf, const conf_block_t *server,
    const mta_sts_value_t *name)
{
    mta_sts_err_t    err;
    mta_sts_str_t    host, policy_domain;
    mta_sts_value_t  value;
    conf_domain_t   *domain;

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

    if (!mta_sts_name_policy_domain(host, &policy_domain)
        || !import_is_wanted(&conf->wanted, policy_domain))
    {
        return;
    }

    conf->domains = mta_sts_env_grow(conf->env, conf->domains, conf->n,
                                     &conf->size, sizeof(conf_domain_t));

    domain = &conf->domains[conf->n];
    domain->domain = policy_domain;
    domain->tls = server->tls;
    domain->order = conf->n++;
    domain->answer = conf->env->alloc(conf->env->ctx, sizeof(conf_answer_t));

    conf_answer(server, host, conf->prefix, conf->env, domain->answer);
}


static void
conf_server(void *ctx, const conf_block_t *server)
{
    size_t         i;
    conf_import_t *conf = ctx;

    for (i = 0; i < server->n_names && !server->module; i++) {
        conf_name(conf, server, &server->names[i]);
    }
}


/*
 * The answers of a domain: senders come with TLS, where a server has it; one
 * behind a proxy has not.
 */

static void
conf_domain(conf_import_t *conf, const conf_domain_t *domains, size_t n)
{
    size_t                i, imported;
    import_source_t       source;
    const conf_answer_t  *answer;

    memset(&source, 0, sizeof(import_source_t));

    source.domain = domains[0].domain;
    source.ttl = -1;

    if (!domains[0].answer->found) {
        import_refuse(conf->import, domains[0].answer->fault.place,
                      source.domain, "%s", domains[0].answer->fault.text);
        return;
    }

    answer = domains[0].answer;

    if (answer->hidden && !conf->import->repair) {
        import_refuse(conf->import, answer->fault.place, source.domain,
                      "%s; --repair imports it", answer->fault.text);
        return;
    }

    imported = conf->import->n;

    for (i = 0; i < n && domains[i].tls == domains[0].tls; i++) {
        answer = domains[i].answer;

        if (answer->found && !answer->hidden == !domains[0].answer->hidden
            && (i == 0 || !mta_sts_str_eq(answer->text, source.text)))
        {
            source.text = answer->text;
            source.place = answer->place;
            source.repaired = answer->hidden;

            import_add(conf->import, &source);
        }
    }

    if (!domains[0].tls && conf->import->n > imported) {
        import_say(source.place, source.domain, "imported as it is: no server "
                   "of this name has TLS, without which senders see no policy, "
                   "unless a proxy has it");
    }
}


int
import_conf(import_t *import, mta_sts_str_t file, mta_sts_str_t prefix,
    const mta_sts_values_t *names, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    size_t         i, end;
    source_t       source;
    conf_import_t  conf;

    memset(&conf, 0, sizeof(conf_import_t));

    conf.import = import;
    conf.prefix = prefix;
    conf.env = env;

    import_wanted(&conf.wanted, names, env);

    if (source_init(&source, file, prefix, env, err) != MTA_STS_OK
        || conf_read(&source, env, conf_server, &conf, err) != MTA_STS_OK
        || source_end(&source, err) != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (conf.n == 0 && conf.masks == 0 && names->n == 0) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "no server in \"%.*s\" has "
                             "a name mta-sts.DOMAIN and serves a policy by "
                             "hand",
                             MTA_STS_SHOW(file));
    }

    import->n_refused += conf.masks;

    if (conf.n) {
        qsort(conf.domains, conf.n, sizeof(conf_domain_t), conf_cmp);
    }

    for (i = 0; i < conf.n; i = end) {

        for (end = i + 1; end < conf.n; end++) {
            if (!mta_sts_str_eq(conf.domains[end].domain,
                                conf.domains[i].domain))
            {
                break;
            }
        }

        conf_domain(&conf, conf.domains + i, end - i);
    }

    import_missing(import, &conf.wanted, file);

    return MTA_STS_OK;
}
