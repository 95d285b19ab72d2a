/*
 * Lua code in nginx.conf has its own braces, quotes and brackets.  It must end
 * where it ends for version 0.10.23 of the lua module.
 */

#include "cli/conf/nginx_conf.h"
#include "tap.h"


#define BRACKET  "Lua code block missing the closing long bracket"
#define LUA_EOF  "unexpected end of file, expecting terminating characters " \
                 "for lua code block"


/* Text after "b{", and the place of the "}" that closes it. */

static const struct {
    const char  *text;
    unsigned     line;
    unsigned     column;
} closed[] = {
    { "}", 1, 3 },
    { " return 1 }y;", 1, 13 },
    { "{{}{}}}y;", 1, 9 },
    { "\n a = {\n }\n}\ny;", 4, 1 },
    { "\r\n}\r\ny;", 2, 1 },
    { "#t}y;", 1, 5 },
    { "}}", 1, 3 },
    { "\"}\"}y;", 1, 6 },
    { "'}'}y;", 1, 6 },
    { "'{'}y;", 1, 6 },
    { "''}y;", 1, 5 },
    { "'\"}'}y;", 1, 7 },
    { "\"'}\"}y;", 1, 7 },
    { "'\\'}'}y;", 1, 8 },
    { "'\\\\'}y;", 1, 7 },
    { "\"[[\"}y;", 1, 7 },
    { "'--'}y;", 1, 7 },
    { "'}y;", 1, 4 },
    { "'\n}y;", 2, 1 },
    { "'\n}'}y;", 2, 1 },
    { "'\\\n}'}y;", 2, 1 },
    { "'\\\r\n}'}y;", 2, 1 },
    { "it's\n}y;", 2, 1 },
    { "'}\n", 1, 4 },
    { "[[}]]}y;", 1, 8 },
    { "[[]]}y;", 1, 7 },
    { "[[\n}\n]]}\ny;", 3, 3 },
    { "[[ ]}]]}y;", 1, 10 },
    { "[[']]}y;", 1, 8 },
    { "[=[}]=]}y;", 1, 10 },
    { "[=[]=]}y;", 1, 9 },
    { "[=[]]=]}y;", 1, 10 },
    { "[==[}]]}]=]}]===]}]==]}y;", 1, 25 },
    { "[[[]]}y;", 1, 8 },
    { "t[1]}y;", 1, 7 },
    { "t[u[1]]}y;", 1, 10 },
    { "[=}y;", 1, 5 },
    { "[}y;", 1, 4 },
    { "--}\n}y;", 2, 1 },
    { "--\n}y;", 2, 1 },
    { "--'\n}y;", 2, 1 },
    { "--[[}]]}y;", 1, 10 },
    { "--[[}\n]]}y;", 2, 3 },
    { "--[==[}\n]]}]==]}y;", 2, 8 },
    { "--[}\n}y;", 2, 1 },
    { "--[=}\n}y;", 2, 1 },
    { "---[[}\n}y;", 2, 1 },
    { "1-1}y;", 1, 6 },
    { "1- -1}y;", 1, 8 }
};


/* Text after "\nb {" that does not close it: place and error. */

static const struct {
    const char  *text;
    unsigned     line;
    unsigned     column;
    const char  *error;
} open_lua[] = {
    { "", 2, 3, LUA_EOF },
    { "\n\n", 2, 3, LUA_EOF },
    { "{}", 2, 3, LUA_EOF },
    { "{}{", 2, 3, LUA_EOF },
    { "--}", 2, 3, LUA_EOF },
    { "--", 2, 3, LUA_EOF },
    { "-", 2, 3, LUA_EOF },
    { "[", 2, 3, LUA_EOF },
    { "[==", 2, 3, LUA_EOF },
    { "--[==", 2, 3, LUA_EOF },
    { "'\\", 2, 3, LUA_EOF },
    { "'}'", 2, 3, LUA_EOF },
    { "[[}]]", 2, 3, LUA_EOF },
    { "\n[[}", 3, 1, BRACKET },
    { "[[}", 2, 4, BRACKET },
    { "\n  [==[}]]]=]", 3, 3, BRACKET },
    { "\n  --[[}", 3, 3, BRACKET },
    { "[[}]", 2, 4, BRACKET },
    { "[=[}]=", 2, 4, BRACKET }
};


static int
skip_lua(lexer_t *lexer, const char *before, const char *text, char *conf,
    size_t size)
{
    test_begin(0);

    (void) snprintf(conf, size, "%s%s", before, text);

    lexer_init(lexer, TEST_FILE, mta_sts_str_from(conf), &test.env);

    if (lexer_next(lexer, &test.err) != LEXER_BLOCK) {
        return 99;
    }

    return lexer_skip_lua(lexer, &test.err);
}


static void
test_closed(void)
{
    char             conf[100];
    size_t           i;
    lexer_t          lexer;
    mta_sts_place_t  place;

    for (i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
        is_int(skip_lua(&lexer, "b{", closed[i].text, conf, sizeof(conf)),
               MTA_STS_OK, "closed: %s", closed[i].text);

        place = lexer_place(&lexer);

        is_int(place.line, closed[i].line, "in its line");
        is_int(place.column, closed[i].column, "in its column");
    }

    (void) skip_lua(&lexer, "b{", "'{'} y;}", conf, sizeof(conf));

    is_int(lexer_next(&lexer, &test.err), LEXER_DIRECTIVE, "what follows");
    is_str(lexer.words[0].text, mta_sts_str("y"), "is read on");
    is_int(lexer.words[0].place.column, 8, "its column");
    is_int(lexer_next(&lexer, &test.err), LEXER_BLOCK_END, "up to the end");
}


static void
test_open(void)
{
    char     conf[100];
    size_t   i;
    lexer_t  lexer;

    for (i = 0; i < sizeof(open_lua) / sizeof(open_lua[0]); i++) {
        is_int(skip_lua(&lexer, "\nb {", open_lua[i].text, conf,
                        sizeof(conf)),
               MTA_STS_ERROR, "not closed: %s", open_lua[i].text);
        is_err(&test.err, open_lua[i].line, open_lua[i].column,
               open_lua[i].error);
    }
}


int
main(void)
{
    test_closed();
    test_open();

    return done();
}
