/*
 * Skips Lua code in nginx.conf, by the tokens of the lua module:
 *
 *     { }                        counted
 *     "..." '...'                on one line, "\" escapes the next byte
 *     [[...]] [=[...]=] ...      long strings, over several lines
 *     --[[...]] --[=[...]=] ...  long comments
 *     --...                      comments up to the end of the line
 *
 * A quote that is not closed on its line is an ordinary byte.  The lua module
 * looks for the end of a long string only in its buffer of 4096 bytes.
 */

#include "nginx_conf.h"


#define LUA_LONG_MAX  4095


/*
 * The length of the long bracket "[", any number of "=", "[" that text begins
 * with, or 0.
 */

static size_t
lua_bracket(mta_sts_str_t text)
{
    size_t  i;

    if (text.len == 0 || text.data[0] != '[') {
        return 0;
    }

    for (i = 1; i < text.len && text.data[i] == '='; i++) {
        /* void */
    }

    return i < text.len && text.data[i] == '[' ? i + 1 : 0;
}


/*
 * The length of the long string that begins with a long bracket of len bytes,
 * or 0 if it is not closed or too long.
 */

static size_t
lua_long(mta_sts_str_t text, size_t len)
{
    size_t  i;

    for (i = len; i + len <= text.len; i++) {
        if (text.data[i] == ']' && text.data[i + len - 1] == ']'
            && memcmp(text.data + i + 1, text.data + 1, len - 2) == 0)
        {
            return i + len <= LUA_LONG_MAX ? i + len : 0;
        }
    }

    return 0;
}


/* The length of the quoted string that text begins with, or 1 if not closed. */

static size_t
lua_quoted(mta_sts_str_t text)
{
    size_t  i;

    for (i = 1; i < text.len && text.data[i] != '\n'; i++) {

        if (text.data[i] == text.data[0]) {
            return i + 1;
        }

        if (text.data[i] == '\\' && i + 1 < text.len
            && text.data[i + 1] != '\n')
        {
            i++;
        }
    }

    return 1;
}


/*
 * The length of the string, comment or single byte that text begins with, or 0
 * for a long string or comment that is not closed.
 */

static size_t
lua_token(mta_sts_str_t text)
{
    size_t       len, end;
    const char  *lf;

    switch (text.data[0]) {

    case '"':
    case '\'':
        return lua_quoted(text);

    case '[':
        len = lua_bracket(text);
        return len ? lua_long(text, len) : 1;

    case '-':
        if (text.len < 2 || text.data[1] != '-') {
            return 1;
        }

        text = mta_sts_str_after(text, 2);

        len = lua_bracket(text);
        if (len) {
            end = lua_long(text, len);
            return end ? end + 2 : 0;
        }

        lf = text.len ? memchr(text.data, '\n', text.len) : NULL;

        return lf ? (size_t) (lf - text.data) + 2 : text.len + 2;
    }

    return 1;
}


int
lexer_skip_lua(lexer_t *lexer, mta_sts_err_t *err)
{
    char             ch;
    size_t           depth, len;
    mta_sts_place_t  start;

    start = lexer_place(lexer);
    depth = 1;

    while (lexer->pos < lexer->text.len) {
        ch = lexer->text.data[lexer->pos];

        len = lua_token(mta_sts_str_after(lexer->text, lexer->pos));

        if (len == 0) {
            start = lexer_place(lexer);
            start.column = lexer->column + 1;

            return mta_sts_error(err, start, "Lua code block missing the "
                                 "closing long bracket");
        }

        for ( /* void */ ; len; len--) {
            (void) lexer_advance(lexer);
        }

        if (ch == '{') {
            depth++;

        } else if (ch == '}' && --depth == 0) {
            return MTA_STS_OK;
        }
    }

    return mta_sts_error(err, start, "unexpected end of file, expecting "
                         "terminating characters for lua code block");
}
