/*
 * The nginx.conf reader: whatever the file, the words that the lexer gives are
 * the same when they are written down and read again, and each policy of a
 * configuration that is accepted can be written as a server block that is
 * accepted, too.
 *
 * The input is read as the output of nginx -T, so that no file is opened; marks
 * in it begin more files.
 */

#include <netdb.h>

#include "cli/conf/site.h"
#include "again.h"
#include "fuzz.h"


#define ENTRIES   4             /* that are checked */
#define WORD_MAX  2000          /* bytes; escaped, the longest still fits */


/* No names of listen are looked up. */

int
getaddrinfo(const char *node, const char *service,
    const struct addrinfo *hints, struct addrinfo **all)
{
    (void) node;
    (void) service;
    (void) hints;
    (void) all;

    return EAI_NONAME;
}


/* Appends a word so that nginx reads it as it is. */

static void
add_word(mta_sts_buf_t *text, mta_sts_str_t word)
{
    size_t  i;

    mta_sts_buf_add_char(text, '"');

    for (i = 0; i < word.len; i++) {
        if (word.data[i] == '"' || word.data[i] == '\\') {
            mta_sts_buf_add_char(text, '\\');
        }

        mta_sts_buf_add_char(text, word.data[i]);
    }

    mta_sts_buf_add_char(text, '"');
}


/* Writes down what the lexer gives; returns 0 after an error. */

static int
write_tokens(mta_sts_str_t conf, const mta_sts_env_t *env,
    mta_sts_buf_t *text, int *too_long)
{
    size_t         i;
    lexer_t        lexer;
    lexer_token_e  token;
    mta_sts_err_t  err;

    lexer_init(&lexer, mta_sts_str("fuzz.conf"), conf, env);

    for ( ;; ) {
        token = lexer_next(&lexer, &err);

        if (token == LEXER_ERROR) {
            fuzz_check_error(&err);
            return 0;
        }

        for (i = 0; i < lexer.n; i++) {
            add_word(text, lexer.words[i].text);
            mta_sts_buf_add_char(text, i + 1 < lexer.n ? ' ' : '\n');

            if (lexer.words[i].text.len > WORD_MAX) {
                *too_long = 1;
            }
        }

        if (token == LEXER_FILE_END) {
            return 1;
        }

        mta_sts_buf_add_cstr(text, token == LEXER_DIRECTIVE ? ";\n"
                                    : token == LEXER_BLOCK ? "{\n" : "}\n");
    }
}


static void
check_lexer(mta_sts_str_t conf, const mta_sts_env_t *env)
{
    int             too_long;
    mta_sts_buf_t  once = { env, NULL, 0, 0, 0 };
    mta_sts_buf_t  twice = { env, NULL, 0, 0, 0 };

    too_long = 0;

    if (!write_tokens(conf, env, &once, &too_long) || too_long) {
        return;
    }

    fuzz_check(write_tokens(mta_sts_buf_str(&once), env, &twice, &too_long),
               mta_sts_buf_str(&once), mta_sts_buf_str(&twice));
    fuzz_check(mta_sts_str_eq(mta_sts_buf_str(&once),
                              mta_sts_buf_str(&twice)),
               mta_sts_buf_str(&once), mta_sts_buf_str(&twice));
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                cursor, n;
    site_t                site;
    mta_sts_err_t         err;
    mta_sts_str_t         conf;
    mta_sts_buf_t        dump = { NULL, NULL, 0, 0, 0 };
    mta_sts_result_t      result;
    mta_sts_entry_t       entry, first;
    const mta_sts_env_t  *env;

    env = fuzz_begin();
    conf = fuzz_str(data, size);

    check_lexer(conf, env);

    dump.env = env;
    mta_sts_buf_add_cstr(&dump, "# configuration file /fuzz/nginx.conf:\n");
    mta_sts_buf_add(&dump, conf);

    fuzz_stdin(mta_sts_buf_str(&dump));

    if (site_read(&site, mta_sts_str("-"), mta_sts_str(""), env, &err)
        != MTA_STS_OK)
    {
        fuzz_check_error(&err);
        return 0;
    }

    cursor = 0;

    for (n = 0;
         n < ENTRIES
         && mta_sts_catalog_next(&site.answers.catalog, &cursor, &entry);
         n++)
    {
        again_entry(&entry, env, &result);
        again_server(&result, env);

        if (n) {
            again_pair(first.policy, entry.policy);

        } else {
            first = entry;
        }
    }

    return 0;
}
