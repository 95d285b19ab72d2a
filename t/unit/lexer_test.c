/*
 * The helper must read nginx.conf exactly as nginx does.  The expected words,
 * errors and limits are those of nginx 1.22.1 for the same bytes.
 */

#include "cli/conf/nginx_conf.h"
#include "tap.h"


#define EOF_FAULT  "unexpected end of file, expecting \";\" or \"}\""


/*
 * Appends the output of lexer: "<word@line:column>" for a word, then ";", "{"
 * or "}" for the token; "$" is the end of the file and "!" an error.
 */

static void
lex(lexer_t *lexer, mta_sts_buf_t *text)
{
    size_t          i;
    lexer_token_e   token;

    do {
        token = lexer_next(lexer, &test.err);

        if (token == LEXER_ERROR) {
            mta_sts_buf_add_cstr(text, "!");
            return;
        }

        for (i = 0; i < lexer->n; i++) {
            mta_sts_buf_add_cstr(text, "<");
            mta_sts_buf_add(text, lexer->words[i].text);
            mta_sts_buf_add_cstr(text, "@");
            mta_sts_buf_add_uint(text, lexer->words[i].place.line);
            mta_sts_buf_add_cstr(text, ":");
            mta_sts_buf_add_uint(text, lexer->words[i].place.column);
            mta_sts_buf_add_cstr(text, ">");
        }

        mta_sts_buf_add_cstr(text, token == LEXER_DIRECTIVE ? ";"
                                    : token == LEXER_BLOCK ? "{"
                                    : token == LEXER_BLOCK_END ? "}" : "$");
    } while (token != LEXER_FILE_END);
}


static void
is_lexed(mta_sts_str_t conf, mta_sts_str_t expected)
{
    lexer_t          lexer;
    mta_sts_buf_t   text = { &test.env, NULL, 0, 0, 0 };

    test_begin(0);
    lexer_init(&lexer, TEST_FILE, conf, &test.env);

    lex(&lexer, &text);

    is_str(mta_sts_buf_str(&text), expected, "%.*s", MTA_STS_SHOW(conf));
}


static const char  *words[][2] = {

    /* directives and blocks */

    { "", "$" },
    { " \t\r\n", "$" },
    { "a;", "<a@1:1>;$" },
    { "a b  c;", "<a@1:1><b@1:3><c@1:6>;$" },
    { "\n a\n\tb ;\n", "<a@2:2><b@3:2>;$" },
    { "a;b;", "<a@1:1>;<b@1:3>;$" },
    { "a{b{c;}}", "<a@1:1>{<b@1:3>{<c@1:5>;}}$" },
    { "a {\n    b c;\n}\n", "<a@1:1>{<b@2:5><c@2:7>;}$" },
    { "a\r\nb;\r\nc;\r\n", "<a@1:1><b@2:1>;<c@3:1>;$" },
    { "}", "}$" },
    { "a;}}b;", "<a@1:1>;}}<b@1:5>;$" },
    { "\xef\xbb\xbf" "a;", "<\xef\xbb\xbf" "a@1:1>;$" },
    { "b\xc3\xbc c;", "<b\xc3\xbc@1:1><c@1:4>;$" },
    { "1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8;",
      "<1@1:1><2@1:3><3@1:5><4@1:7><5@1:9><6@1:11><7@1:13><8@1:15><9@1:17>"
      "<0@1:19><1@1:21><2@1:23><3@1:25><4@1:27><5@1:29><6@1:31><7@1:33>"
      "<8@1:35>;$" },

    /* bytes that are no delimiters inside a word */

    { "a}b c};", "<a}b@1:1><c}@1:5>;$" },
    { "a#b c#;", "<a#b@1:1><c#@1:5>;$" },
    { "a\"b c'd e\";", "<a\"b@1:1><c'd@1:5><e\"@1:9>;$" },
    { "a)b );", "<a)b@1:1><)@1:5>;$" },

    /* comments */

    { "# a;", "$" },
    { "#", "$" },
    { "# a;\nb;", "<b@2:1>;$" },
    { "a # \" { } ;\nb;", "<a@1:1><b@2:1>;$" },
    { "a;#b\n#c\n  # d\ne;", "<a@1:1>;<e@4:1>;$" },
    { "# a\\\nb;", "<b@2:1>;$" },
    { "# a\rb;\nc;", "<c@2:1>;$" },
    { "a{#}\n}", "<a@1:1>{}$" },

    /* quotes */

    { "a \"b c\";", "<a@1:1><b c@1:3>;$" },
    { "a 'b c' d;", "<a@1:1><b c@1:3><d@1:9>;$" },
    { "'a' \"b\"{", "<a@1:1><b@1:5>{$" },
    { "a \"\" '';", "<a@1:1><@1:3><@1:6>;$" },
    { "a \"b'c\" 'd\"e';", "<a@1:1><b'c@1:3><d\"e@1:9>;$" },
    { "a \";{}#\";", "<a@1:1><;{}#@1:3>;$" },
    { "a \"b\nc\" d;", "<a@1:1><b\nc@1:3><d@2:4>;$" },
    { "a \"${b\" c;", "<a@1:1><${b@1:3><c@1:9>;$" },
    { "a \"b$\" c;", "<a@1:1><b$@1:3><c@1:8>;$" },
    { "a \"b\"\r\n;", "<a@1:1><b@1:3>;$" },
    { "a \"b\");", "<a@1:1><b@1:3><)@1:6>;$" },
    { "if (a = \"b\") {", "<if@1:1><(a@1:4><=@1:7><b@1:9><)@1:12>{$" },
    { "if (a = 'b'){", "<if@1:1><(a@1:4><=@1:7><b@1:9><)@1:12>{$" },
    { "a \"b\")c d;", "<a@1:1><b@1:3><)c@1:6><d@1:9>;$" },

    /* escapes */

    { "a\\\"b \\'c;", "<a\"b@1:1><'c@1:6>;$" },
    { "a \"b\\\"c\" 'd\\'e';", "<a@1:1><b\"c@1:3><d'e@1:10>;$" },
    { "a\\\\b \\\\;", "<a\\b@1:1><\\@1:6>;$" },
    { "a\\tb\\rc\\nd;", "<a\tb\rc\nd@1:1>;$" },
    { "a\\ b;", "<a\\ b@1:1>;$" },
    { "a\\;b;", "<a\\;b@1:1>;$" },
    { "a\\{b;", "<a\\{b@1:1>;$" },
    { "\\; \\{ \\} \\#;", "<\\;@1:1><\\{@1:4><\\}@1:7><\\#@1:10>;$" },
    { "a\\xb \\$c \\d;", "<a\\xb@1:1><\\$c@1:6><\\d@1:10>;$" },
    { "a\\\\tb \"\\\\n\";", "<a\\tb@1:1><\\n@1:7>;$" },
    { "a\\\\\\tb;", "<a\\\tb@1:1>;$" },
    { "a\\\nb c;", "<a\\\nb@1:1><c@2:3>;$" },
    { "a \"\\\\\" b;", "<a@1:1><\\@1:3><b@1:8>;$" },

    /* variables */

    { "a ${b}c;", "<a@1:1><${b}c@1:3>;$" },
    { "a b${c}d${e};", "<a@1:1><b${c}d${e}@1:3>;$" },
    { "a $b{c;", "<a@1:1><$b@1:3>{<c@1:6>;$" },
    { "a ${b{c;", "<a@1:1><${b@1:3>{<c@1:7>;$" },
    { "a ${{b;", "<a@1:1><${{b@1:3>;$" },
    { "a $${b};", "<a@1:1><$${b}@1:3>;$" },
    { "a $ {b;", "<a@1:1><$@1:3>{<b@1:6>;$" },
    { "a $\\{b{", "<a@1:1><$\\{b@1:3>{$" },
    { "a $\\b{c;", "<a@1:1><$\\b@1:3>{<c@1:7>;$" },
    { "a \\${b;", "<a@1:1><\\$@1:3>{<b@1:6>;$" },
    { "map $a $b{c d;}", "<map@1:1><$a@1:5><$b@1:8>{<c@1:11><d@1:13>;}$" },
    { "~^(?<a>.+)$ b;", "<~^(?<a>.+)$@1:1><b@1:13>;$" }
};


/* Invalid files: the words before the error, its place and its text. */

static const struct {
    const char  *conf;
    const char  *lexed;
    unsigned     line;
    unsigned     column;
    const char  *error;
} broken[] = {
    { ";", "!", 1, 1, "unexpected \";\"" },
    { "a;;", "<a@1:1>;!", 1, 3, "unexpected \";\"" },
    { "a{;}", "<a@1:1>{!", 1, 3, "unexpected \";\"" },
    { "{", "!", 1, 1, "unexpected \"{\"" },
    { "a;\n {", "<a@1:1>;!", 2, 2, "unexpected \"{\"" },
    { "a{{", "<a@1:1>{!", 1, 3, "unexpected \"{\"" },
    { "a }", "!", 1, 3, "unexpected \"}\"" },
    { "a{\n  b c\n}", "<a@1:1>{!", 3, 1, "unexpected \"}\"" },
    { "a \"b\" }", "!", 1, 7, "unexpected \"}\"" },

    { "a \"b\"c;", "!", 1, 6, "unexpected \"c\"" },
    { "a \"b\"\"c\";", "!", 1, 6, "unexpected \"\"\"" },
    { "a 'b'\"c\";", "!", 1, 6, "unexpected \"\"\"" },
    { "a \"b\"};", "!", 1, 6, "unexpected \"}\"" },
    { "a \"b\"#", "!", 1, 6, "unexpected \"#\"" },
    { "a \"b\"\t;'c'\x01", "<a@1:1><b@1:3>;!", 1, 11, "unexpected \"?\"" },

    { "a", "!", 1, 1, EOF_FAULT },
    { "a b ", "!", 1, 4, EOF_FAULT },
    { "a;\nb\n", "<a@1:1>;!", 3, 1, EOF_FAULT },
    { "a # ;", "!", 1, 5, EOF_FAULT },
    { "a \"b", "!", 1, 4, EOF_FAULT },
    { "a 'b;\nc;\n", "!", 3, 1, EOF_FAULT },
    { "a \"b\"", "!", 1, 5, EOF_FAULT },
    { "a \"b\\\"", "!", 1, 6, EOF_FAULT },
    { "\"", "!", 1, 1, EOF_FAULT },
    { "a\\", "!", 1, 2, EOF_FAULT },
    { "a \"\\", "!", 1, 4, EOF_FAULT },
    { "a\\;", "!", 1, 3, EOF_FAULT },
    { "a ${b;c", "<a@1:1><${b@1:3>;!", 1, 7, EOF_FAULT }
};


static void
test_words(void)
{
    size_t         i;
    lexer_t        lexer;
    mta_sts_str_t  word;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        is_lexed(mta_sts_str_from(words[i][0]),
                 mta_sts_str_from(words[i][1]));
    }

    is_lexed((mta_sts_str_t) { NULL, 0 }, mta_sts_str("$"));
    is_lexed(mta_sts_str("a\0b \0;"), mta_sts_str("<a\0b@1:1><\0@1:5>;$"));
    is_lexed(mta_sts_str("\"\0\\\0\";"), mta_sts_str("<\0\\\0@1:1>;$"));

    test_begin(0);
    lexer_init(&lexer, TEST_FILE, mta_sts_str("\\\"a\\\"; \\\"b;"), &test.env);

    (void) lexer_next(&lexer, &test.err);
    word = lexer.words[0].text;
    (void) lexer_next(&lexer, &test.err);

    is_str(word, mta_sts_str("\"a\""), "a word outlives the next one");
    is_str(lexer.words[0].place.file, TEST_FILE, "a word has its file");
}


static void
test_broken(void)
{
    size_t  i;

    for (i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        is_lexed(mta_sts_str_from(broken[i].conf),
                 mta_sts_str_from(broken[i].lexed));
        is_err(&test.err, broken[i].line, broken[i].column, broken[i].error);
    }
}


#define MISSING_D  "too long parameter, probably missing terminating \"\"\" " \
                   "character"
#define MISSING_S  "too long parameter, probably missing terminating \"'\" " \
                   "character"
#define STARTED    "too long parameter \"aaaaaaaaaa...\" started"
#define STARTED_C  "too long parameter \"#aaaaaaaaa...\" started"


/*
 * "aaa..." of a length, between two texts; as nginx -t, whose buffer of 4096
 * bytes must hold a word with the byte that ends it.
 */

static const struct {
    const char  *before;
    size_t       len;
    const char  *after;
    const char  *error;
} limits[] = {
    { "", 4095, ";", NULL },
    { "", 4096, ";", STARTED },
    { "", 4095, "{", NULL },
    { "", 4096, "{", STARTED },
    { "", 4094, " b;", NULL },
    { "", 4095, " b;", STARTED },
    { "", 4096, " b;", STARTED },
    { "", 4094, "\nb;", NULL },
    { "", 4095, "\nb;", STARTED },
    { "", 9000, ";", STARTED },

    { "\"", 4094, "\";", NULL },
    { "\"", 4095, "\";", STARTED },
    { "\"", 4096, "\";", MISSING_D },
    { "\"", 9000, ";", MISSING_D },
    { "'", 4094, "';", NULL },
    { "'", 4095, "';", STARTED },
    { "'", 4096, "';", MISSING_S },
    { "\"", 4093, "\" b;", NULL },
    { "\"", 4094, "\" b;", STARTED },
    { "\"", 4094, "\");", NULL },

    { "#", 4094, "\nb;", NULL },
    { "#", 4095, "\nb;", STARTED_C },
    { "#", 9000, "\nb;", STARTED_C }
};


static void
test_limits(void)
{
    char             conf[10000];
    size_t           i, k, len;
    lexer_t          lexer;
    mta_sts_str_t    str;
    lexer_token_e    token;

    static const char  *pads[] = { "", "x;\n  ", "x \"y\"\n  " };

    for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {

        for (k = 0; k < sizeof(pads) / sizeof(pads[0]); k++) {
            test_begin(0);

            len = (size_t) snprintf(conf, sizeof(conf), "%s%s", pads[k],
                                    limits[i].before);
            memset(conf + len, 'a', limits[i].len);
            (void) strcpy(conf + len + limits[i].len, limits[i].after);

            str = mta_sts_str_from(conf);

            lexer_init(&lexer, TEST_FILE, str, &test.env);

            token = lexer_next(&lexer, &test.err);

            if (k == 1) {
                token = lexer_next(&lexer, &test.err);
            }

            if (limits[i].error) {
                is_int(token, LEXER_ERROR, "%s%zu%s: too long",
                       limits[i].before, limits[i].len, limits[i].after);
                is_err(&test.err, k ? 2 : 1, k ? 3 : 1, limits[i].error);
                continue;
            }

            is_int(token, limits[i].after[0] == '{' ? LEXER_BLOCK
                                                     : LEXER_DIRECTIVE,
                   "%s%zu%s: fits", limits[i].before, limits[i].len,
                   limits[i].after);

            if (limits[i].before[0] != '#') {
                is_int((long long) lexer.words[k == 2 ? 2 : 0].text.len,
                       (long long) limits[i].len, "is whole");
            }
        }
    }

    /* at the end of a file no more bytes are needed */

    memset(conf, 'a', 5000);
    conf[0] = '#';
    str.data = conf;
    str.len = 4096;

    is_lexed(str, mta_sts_str("$"));
    str.len = 4097;
    is_lexed(str, mta_sts_str("!"));
}


int
main(void)
{
    test_words();
    test_broken();
    test_limits();

    return done();
}
