/*
 * Which servers of an nginx.conf answer for a policy host: blocks are handed
 * over to the code that knows nginx's choice.
 */

#include "conf.h"


int
conf_servers_init(conf_servers_t *servers, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    size_t               i, k;
    site_t              *site;
    site_server_t       *server;
    const conf_line_t   *line;
    const conf_block_t  *block;

    site = &servers->site;
    site->source.env = env;

    for (i = 0; i < servers->n; i++) {
        block = servers->blocks[i];

        server = site_add_server(site, env);
        server->place = block->place;
        server->ssl = block->ssl != -1 ? block->ssl : block->parent->ssl;

        for (k = 0; k < block->n_names; k++) {
            if (site_server_name(server, &block->names[k], env, err)
                != MTA_STS_OK)
            {
                return MTA_STS_ERROR;
            }
        }

        for (k = 0; k < block->n_listens; k++) {
            line = &block->listens[k];

            if (site_set_listen(site, server, line->words, line->n, err)
                != MTA_STS_OK)
            {
                return MTA_STS_ERROR;
            }
        }

        site_end_listen(site, server);
    }

    return site_answer(site, env, err);
}


/* The default server of an address has not been chosen by its name. */

static int
servers_has_name(const site_server_t *server, mta_sts_str_t host)
{
    size_t  i;

    for (i = 0; i < server->n; i++) {
        if (mta_sts_server_name_matches(&server->names[i], host)) {
            return 1;
        }
    }

    return 0;
}


void
conf_servers_choose(const conf_servers_t *servers, mta_sts_str_t host,
    const mta_sts_env_t *env, conf_choice_t **choices, size_t *n)
{
    int                              tls;
    size_t                           k, size;
    uint32_t                         i, chosen;
    const mta_sts_answers_t         *answers;
    const mta_sts_answer_address_t  *address;

    *choices = NULL;
    *n = 0;
    size = 0;
    answers = &servers->site.answers;

    for (tls = 1; tls >= 0 && *n == 0; tls--) {

        for (i = 0; i < answers->n_addresses; i++) {
            address = &answers->addresses[i];

            if (address->tls != (unsigned) tls) {
                continue;
            }

            chosen = mta_sts_answers_choose(address, host);

            for (k = 0; k < *n; k++) {
                if ((*choices)[k].server == servers->blocks[chosen]) {
                    break;
                }
            }

            if (k < *n
                || !servers_has_name(servers->site.servers[chosen], host))
            {
                continue;
            }

            *choices = mta_sts_env_grow(env, *choices, *n, &size,
                                        sizeof(conf_choice_t));
            (*choices)[*n].server = servers->blocks[chosen];
            (*choices)[(*n)++].tls = tls;
        }
    }
}


int
conf_servers_is_module(const conf_block_t *server)
{
    int  enable;

    enable = server->enable != -1 ? server->enable : server->parent->enable;

    return enable != 0 && (server->policy || server->parent->policy);
}
