/*
 * People copy the server block into nginx.conf, and the YAML into a domains
 * file: what nginx then reads must render to the same bytes.
 */

#include "cli/conf/nginx_conf.h"
#include "domains/domains.h"
#include "generator/generator.h"
#include "files.h"
#include "set.h"


#define DIRECTIVES_MAX  16


static mta_sts_str_t
block(const mta_sts_settings_t *settings, mta_sts_buf_t *text)
{
    memset(text, 0, sizeof(mta_sts_buf_t));
    text->env = &test.env;

    mta_sts_block_add(text, settings, mta_sts_str("example.com"));

    return mta_sts_buf_str(text);
}


#define BLOCK_HEAD                                                            \
    "server {\n"                                                              \
    "    listen              443 ssl;\n"                                      \
    "    listen              [::]:443 ssl;\n"                                 \
    "    server_name         mta-sts.example.com;\n"                          \
    "\n"                                                                      \
    "    ssl_certificate     "                                                \
    "/etc/letsencrypt/live/mta-sts.example.com/fullchain.pem;\n"              \
    "    ssl_certificate_key "                                                \
    "/etc/letsencrypt/live/mta-sts.example.com/privkey.pem;\n"                \
    "\n"


/* Each policy, and the block after the certificates. */

static const struct {
    const char  *lines;
    const char  *settings;
} tests[] = {
    { "mode enforce\nmx mail.example.com",
      "    mta_sts_mode        enforce;\n"
      "    mta_sts_mx          mail.example.com;\n"
      "    mta_sts_max_age     604800;\n" },

    { "mode none",
      "    mta_sts_mode        none;\n"
      "    mta_sts_max_age     604800;\n" },

    { "mx a.example *.b.example\nmx *.b\xc3\xbc" "cher.example\nmax_age 2w\n"
      "tlsrpt_rua mailto:o'brien@example.com https://example.com/?a=$b;c#d",
      "    mta_sts_mode        testing;\n"
      "    mta_sts_mx          a.example\n"
      "                        *.b.example\n"
      "                        *.xn--bcher-kva.example;\n"
      "    mta_sts_max_age     1209600;\n"
      "    mta_sts_tlsrpt_rua  mailto:o'brien@example.com\n"
      "                        https://example.com/?a=$b%3Bc#d;\n" }
};


/*
 * Sets settings from the directives of a block, as the module does.  Returns
 * MTA_STS_ERROR when the text is not what nginx would read.
 */

static int
read_block(mta_sts_settings_t *settings, mta_sts_str_t text)
{
    int              n;
    lexer_t          lexer;
    lexer_token_e    token;
    mta_sts_str_t    prefix;
    mta_sts_value_t  name;

    memset(settings, 0, sizeof(mta_sts_settings_t));
    lexer_init(&lexer, TEST_FILE, text, &test.env);

    if (lexer_next(&lexer, &test.err) != LEXER_BLOCK) {
        return MTA_STS_ERROR;
    }

    prefix = mta_sts_str("mta_sts_");

    for (n = 0; n < DIRECTIVES_MAX; n++) {
        token = lexer_next(&lexer, &test.err);

        if (token == LEXER_BLOCK_END) {
            return lexer_next(&lexer, &test.err) == LEXER_FILE_END
                   ? MTA_STS_OK : MTA_STS_ERROR;
        }

        if (token != LEXER_DIRECTIVE || lexer.n < 2) {
            return MTA_STS_ERROR;
        }

        name = lexer.words[0];

        if (!mta_sts_str_starts(name.text, prefix)) {
            continue;
        }

        name.text = mta_sts_str_after(name.text, prefix.len);

        if (mta_sts_settings_set(settings, &name, lexer.words + 1, lexer.n - 1,
                                 &test.env, &test.err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_ERROR;
}


static void
is_read_again(mta_sts_settings_t *settings, mta_sts_str_t text)
{
    size_t                   i;
    mta_sts_settings_t       again;
    const mta_sts_policy_t  *policy, *same;

    policy = set_render(settings);
    same = read_block(&again, text) == MTA_STS_OK ? set_render(&again) : NULL;

    if (!ok(policy && same, "the block is read again")) {
        printf("# %s\n", test.err.text);
        return;
    }

    is_str(mta_sts_policy_body(same), mta_sts_policy_body(policy),
           "to the same bytes");
    is_str(mta_sts_policy_id(same), mta_sts_policy_id(policy),
           "and the same id");
    is_int((long long) again.tlsrpt_rua.n, (long long) settings->tlsrpt_rua.n,
           "and as many reports");

    for (i = 0; i < again.tlsrpt_rua.n && i < settings->tlsrpt_rua.n; i++) {
        is_str(again.tlsrpt_rua.elts[i].text,
               settings->tlsrpt_rua.elts[i].text, "which are the same");
    }
}


static void
test_blocks(void)
{
    size_t              i;
    mta_sts_str_t       str;
    mta_sts_buf_t       text, expected;
    mta_sts_settings_t  settings;

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        test_begin(0);
        (void) set_lines(&settings, tests[i].lines);

        memset(&expected, 0, sizeof(mta_sts_buf_t));
        expected.env = &test.env;

        mta_sts_buf_add_cstr(&expected, BLOCK_HEAD);
        mta_sts_buf_add_cstr(&expected, tests[i].settings);
        mta_sts_buf_add_cstr(&expected, "}\n");

        str = block(&settings, &text);

        is_str(str, mta_sts_buf_str(&expected), "block of %s",
               tests[i].lines);
        is_read_again(&settings, str);
    }
}


/* Settings that are inherited are written out, too. */

static void
test_inherited(void)
{
    mta_sts_buf_t       text;
    mta_sts_settings_t  settings, parent;

    test_begin(0);

    (void) set_lines(&parent, "max_age 2w\nmode enforce\n"
                      "tlsrpt_rua mailto:a@example.com");
    (void) set_lines(&settings, "mx a.example");
    mta_sts_settings_inherit(&settings, &parent);

    is_str(block(&settings, &text), mta_sts_str(BLOCK_HEAD
           "    mta_sts_mode        enforce;\n"
           "    mta_sts_mx          a.example;\n"
           "    mta_sts_max_age     1209600;\n"
           "    mta_sts_tlsrpt_rua  mailto:a@example.com;\n"
           "}\n"), "block of a policy that inherits");
}


/* nginx reads no word of more than 4095 bytes; a URI that is, is refused. */

static void
test_long(void)
{
    char                uri[MTA_STS_BODY_WARN];
    size_t              len;
    mta_sts_buf_t       text;
    mta_sts_value_t     name, value;
    mta_sts_settings_t  settings;

    for (len = 4000; len <= 4200; len += 100) {
        test_begin(0);
        (void) set_lines(&settings, "mx a.example");

        memset(uri, 'a', len);
        memcpy(uri, "https://example.com/", 20);

        name = test_value(mta_sts_str("tlsrpt_rua"), 2, 1);
        value = test_value(mta_sts_str(""), 2, 12);
        value.text.data = uri;
        value.text.len = len;

        if (mta_sts_settings_set(&settings, &name, &value, 1, &test.env,
                                 &test.err)
            != MTA_STS_OK)
        {
            ok(len > 4000, "a URI of %zu bytes is refused", len);
            continue;
        }

        is_read_again(&settings, block(&settings, &text));
    }
}


static int
memory_block(void)
{
    mta_sts_buf_t       text;
    mta_sts_settings_t  settings;

    memset(&settings, 0, sizeof(mta_sts_settings_t));
    settings.mode = MTA_STS_NONE;

    (void) block(&settings, &text);

    return text.failed ? mta_sts_error_memory(&test.err) : MTA_STS_OK;
}


/* Each domain and policy, and its file where it is of interest. */

#define L59  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define L60  L59 "b"

static const struct {
    const char  *domain;
    const char  *lines;
    const char  *yaml;
} entries[] = {
    { "example.com", "mx mail.example.com",
      "domains:\n"
      "  example.com:\n"
      "    mode: testing\n"
      "    mx: mail.example.com\n"
      "    max_age: 604800\n" },

    { "example.com", "mode none",
      "domains:\n"
      "  example.com:\n"
      "    mode: none\n"
      "    max_age: 604800\n" },

    { "no", "mode enforce\nmx a.example *.b.example\nmx *.b\xc3\xbc"
      "cher.example\nmax_age 2w\n"
      "tlsrpt_rua mailto:o'brien@example.com https://example.com/?a=$b;c#d",
      "domains:\n"
      "  'no':\n"
      "    mode: enforce\n"
      "    mx:\n"
      "    - a.example\n"
      "    - '*.b.example'\n"
      "    - '*.xn--bcher-kva.example'\n"
      "    max_age: 1209600\n"
      "    tlsrpt_rua:\n"
      "    - mailto:o'brien@example.com\n"
      "    - https://example.com/?a=$b%3Bc#d\n" },

    { "1e5", "mx no 1e5 0x1f yes", NULL },
    { "null", "mx null", NULL },
    { "true", "mx *.true\nmax_age 1", NULL },
    { "y", "mx on off 0o17 1.2e3", NULL },
    { "2001.example", "mx 12.example 1-2-3.example", NULL },
    { "inf", "mx *.nan", NULL },
    { "policy", "mx mode\nmode none", NULL },
    { "default", "mx domains policies", NULL },
    { "a--b.example", "mx a---b.example", NULL },
    { L60 "." L60 "." L60, "mx *." L60 "." L60 "." L60, NULL },
    { L60 "." L60 "." L60 "." L59, "mx a", NULL },

    { "a.example", "mx b\ntlsrpt_rua https://a.example/;", NULL },
    { "a.example", "mx b\ntlsrpt_rua https://a.example/#", NULL },
    { "a.example", "mx b\ntlsrpt_rua https://a.example/x:", NULL },
    { "a.example", "mx b\ntlsrpt_rua https://a.example/:#: mailto:a@b", NULL },
    { "a.example", "mx b\ntlsrpt_rua mailto:''@b mailto:'a'@b", NULL },
    { "a.example", "mx b\ntlsrpt_rua mailto:&a@b mailto:*a@b mailto:!@b"
      " https://a.example/,[x]?-:&*%2C https://a.example/%22%5C", NULL }
};


static void
is_yaml_again(mta_sts_settings_t *settings, mta_sts_str_t domain,
    const char *yaml)
{
    size_t                   cursor;
    mta_sts_entry_t          entry;
    mta_sts_domains_t        domains;
    const mta_sts_policy_t  *policy;

    policy = set_render(settings);

    memset(&domains, 0, sizeof(mta_sts_domains_t));
    cursor = 0;

    if (!ok(policy && files_read(&domains, yaml) == MTA_STS_OK
            && mta_sts_table_next(&domains.table, &cursor, &entry),
            "the entry is read again"))
    {
        printf("# %u:%u: %s\n", test.err.place.line, test.err.place.column,
               test.err.text);
        return;
    }

    is_str(entry.domain, domain, "for the same domain");
    is_str(mta_sts_policy_body(entry.policy), mta_sts_policy_body(policy),
           "to the same bytes");
    ok(mta_sts_policy_eq(entry.policy, policy), "and the same reports");
    ok(!mta_sts_table_next(&domains.table, &cursor, &entry)
       && domains.default_policy == NULL, "and for no other");
}


static void
test_yaml(void)
{
    size_t              i;
    mta_sts_str_t       domain;
    mta_sts_buf_t       text;
    mta_sts_settings_t  settings;

    for (i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        test_begin(0);

        memset(&text, 0, sizeof(mta_sts_buf_t));
        text.env = &test.env;

        domain = mta_sts_str_from(entries[i].domain);

        if (set_lines(&settings, entries[i].lines) != MTA_STS_OK) {
            ok(0, "%s: %s", entries[i].lines, test.err.text);
            continue;
        }

        mta_sts_domains_write(&text, domain, &settings);

        if (entries[i].yaml) {
            is_str(mta_sts_buf_str(&text),
                   mta_sts_str_from(entries[i].yaml), "YAML of %s",
                   entries[i].lines);
        }

        mta_sts_buf_add_char(&text, '\0');
        is_yaml_again(&settings, domain, text.data);
    }
}


/* The text before the entry stays. */

static void
test_yaml_text(void)
{
    mta_sts_buf_t       text;
    mta_sts_settings_t  settings;

    test_begin(0);
    (void) set_lines(&settings, "mode none");

    memset(&text, 0, sizeof(mta_sts_buf_t));
    text.env = &test.env;

    mta_sts_buf_add_cstr(&text, "# before\n");
    mta_sts_domains_write(&text, mta_sts_str("a.example"), &settings);

    is_str(mta_sts_buf_str(&text),
           mta_sts_str("# before\ndomains:\n  a.example:\n    mode: none\n"
                       "    max_age: 604800\n"), "an entry after a text");
}


int
main(void)
{
    test_blocks();
    test_inherited();
    test_long();
    test_yaml();
    test_yaml_text();
    test_memory(memory_block, "block");

    return done();
}
