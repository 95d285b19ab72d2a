/*
 * The lexer of nginx.conf.  The grammar, as in ngx_conf_read_token():
 *
 *     file       = *( directive / comment / space )
 *     directive  = word *( space word ) ( ";" / "{" )   or   "}"
 *     word       = bare / quoted
 *     quoted     = '"' ... '"' / "'" ... "'"
 *     comment    = "#" up to the end of the line, where a word could begin
 *
 * In both kinds of words "\" escapes the next byte, but only \" \' \\ \t \r \n
 * are replaced; other pairs are kept.  A bare word ends at space, ";" or "{",
 * but not at the "{" of "${".  A quoted word must be followed by space, ";",
 * "{" or ")", and that ")" begins the next word.  "}" and "#" inside a bare
 * word belong to it.
 *
 * nginx reads into a buffer of 4096 bytes, which must hold a whole word, and a
 * whole comment.
 */

#include "nginx_conf.h"


#define LEXER_TOKEN_MAX  4096

#define LEXER_EOF        -1
#define LEXER_TOO_LONG   -2


void
lexer_init(lexer_t *lexer, mta_sts_str_t file, mta_sts_str_t text,
    const mta_sts_env_t *env)
{
    memset(lexer, 0, sizeof(lexer_t));

    lexer->file = file;
    lexer->text = text;
    lexer->line = 1;
    lexer->env = env;
}


mta_sts_place_t
lexer_place(const lexer_t *lexer)
{
    mta_sts_place_t  place;

    place.file = lexer->file;
    place.line = lexer->line;

    /* at the start of a line no byte of it has been read */

    place.column = lexer->column ? lexer->column : 1;

    return place;
}


char
lexer_advance(lexer_t *lexer)
{
    char  ch;

    ch = lexer->text.data[lexer->pos++];

    if (ch == '\n') {
        lexer->line++;
        lexer->column = 0;

    } else if ((ch & 0xc0) != 0x80) {

        /* the first byte of a UTF-8 character */

        lexer->column++;
    }

    return ch;
}


/* The next byte, LEXER_EOF, or LEXER_TOO_LONG. */

static int
lexer_getc(lexer_t *lexer)
{
    if (lexer->pos >= lexer->text.len) {
        return LEXER_EOF;
    }

    if (lexer->pos - lexer->start == LEXER_TOKEN_MAX) {
        return LEXER_TOO_LONG;
    }

    return (unsigned char) lexer_advance(lexer);
}


/* Starts a token at the last byte read. */

static void
lexer_begin(lexer_t *lexer)
{
    lexer->start = lexer->pos - 1;
    lexer->token = lexer_place(lexer);
}


static int
lexer_is_space(int ch)
{
    return ch == ' ' || ch == '\t' || ch == '\r' || ch == '\n';
}


static lexer_token_e
lexer_unexpected(const lexer_t *lexer, int ch, mta_sts_err_t *err)
{
    (void) mta_sts_error(err, lexer_place(lexer), "unexpected \"%c\"", ch);

    return LEXER_ERROR;
}


/*
 * Reports an unexpected end of the file, or a token that exceeds nginx's
 * buffer; quote is the quote that was not closed, or 0.
 */

static lexer_token_e
lexer_broken(const lexer_t *lexer, int ch, int quote, mta_sts_err_t *err)
{
    if (ch == LEXER_EOF) {
        (void) mta_sts_error(err, lexer_place(lexer), "unexpected end of "
                             "file, expecting \";\" or \"}\"");

    } else if (quote) {
        (void) mta_sts_error(err, lexer->token, "too long parameter, "
                             "probably missing terminating \"%c\" character",
                             quote);

    } else {
        (void) mta_sts_error(err, lexer->token, "too long parameter "
                             "\"%.10s...\" started",
                             lexer->text.data + lexer->start);
    }

    return LEXER_ERROR;
}


/* Replaces the escapes of one byte. */

static mta_sts_str_t
lexer_unescape(const lexer_t *lexer, mta_sts_str_t raw)
{
    char           *dst;
    size_t          i, len;
    const char     *pair;
    mta_sts_str_t   word;

    static const char  pairs[] = "\"\"''\\\\t\tr\rn\n";

    if (memchr(raw.data, '\\', raw.len) == NULL) {
        return raw;
    }

    word = mta_sts_str_copy(lexer->env, raw);
    dst = (char *) word.data;
    len = 0;

    for (i = 0; i < raw.len; i++) {
        dst[len] = raw.data[i];

        if (raw.data[i] == '\\' && i + 1 < raw.len) {

            for (pair = pairs; *pair; pair += 2) {
                if (*pair == raw.data[i + 1]) {
                    dst[len] = pair[1];
                    i++;
                    break;
                }
            }
        }

        len++;
    }

    word.len = len;

    return word;
}


/* Adds the word from the token's start up to end. */

static void
lexer_add(lexer_t *lexer, size_t end)
{
    mta_sts_str_t     raw;
    mta_sts_value_t  *word;

    lexer->words = mta_sts_env_grow(lexer->env, lexer->words, lexer->n,
                                    &lexer->size, sizeof(mta_sts_value_t));

    raw.data = lexer->text.data + lexer->start;
    raw.len = end - lexer->start;

    word = &lexer->words[lexer->n++];

    word->place = lexer->token;
    word->text = lexer_unescape(lexer, raw);
}


/*
 * Reads a quoted word after its quote, and the byte after the word.  Returns
 * that byte, or LEXER_ERROR.
 */

static int
lexer_quoted(lexer_t *lexer, int quote, mta_sts_err_t *err)
{
    int     ch;
    size_t  end;

    lexer->start++;

    do {
        ch = lexer_getc(lexer);

        if (ch == '\\') {
            ch = lexer_getc(lexer);

            if (ch >= 0) {
                ch = '\\';
            }
        }

        if (ch < 0) {
            return lexer_broken(lexer, ch, quote, err);
        }

    } while (ch != quote);

    end = lexer->pos - 1;
    ch = lexer_getc(lexer);

    if (ch < 0) {
        return lexer_broken(lexer, ch, 0, err);
    }

    if (!lexer_is_space(ch) && ch != ';' && ch != '{' && ch != ')') {
        return lexer_unexpected(lexer, ch, err);
    }

    lexer_add(lexer, end);

    return ch;
}


/*
 * Reads a bare word that begins with ch, and the byte after the word.  Returns
 * that byte, or LEXER_ERROR.
 */

static int
lexer_bare(lexer_t *lexer, int ch, mta_sts_err_t *err)
{
    int  variable;

    variable = 0;

    for ( ;; ) {

        if (ch == '\\') {
            variable = 0;
            ch = lexer_getc(lexer);

        } else if (ch == '$') {
            variable = 1;

        } else if (ch != '{') {
            variable = 0;
        }

        if (ch >= 0) {
            ch = lexer_getc(lexer);
        }

        if (ch < 0) {
            return lexer_broken(lexer, ch, 0, err);
        }

        if (lexer_is_space(ch) || ch == ';' || (ch == '{' && !variable)) {
            break;
        }
    }

    lexer_add(lexer, lexer->pos - 1);

    return ch;
}


/* Skips space and comments; returns the next byte, or a value below 0. */

static int
lexer_skip(lexer_t *lexer)
{
    int  ch;

    for ( ;; ) {
        ch = lexer_getc(lexer);

        if (ch < 0) {
            return ch;
        }

        lexer->start = lexer->pos - 1;

        if (ch == '#') {
            lexer_begin(lexer);

            do {
                ch = lexer_getc(lexer);
            } while (ch >= 0 && ch != '\n');

            if (ch < 0) {
                return ch;
            }

            lexer->start = lexer->pos - 1;
        }

        if (!lexer_is_space(ch)) {
            return ch;
        }
    }
}


lexer_token_e
lexer_next(lexer_t *lexer, mta_sts_err_t *err)
{
    int  ch;

    lexer->n = 0;
    lexer->start = lexer->pos;
    ch = ' ';

    for ( ;; ) {

        if (lexer_is_space(ch)) {
            ch = lexer_skip(lexer);

            if (ch == LEXER_EOF && lexer->n == 0) {
                return LEXER_FILE_END;
            }

            if (ch < 0) {
                return lexer_broken(lexer, ch, 0, err);
            }
        }

        lexer_begin(lexer);

        switch (ch) {

        case ';':
        case '{':
            if (lexer->n == 0) {
                return lexer_unexpected(lexer, ch, err);
            }

            return ch == ';' ? LEXER_DIRECTIVE : LEXER_BLOCK;

        case '}':
            if (lexer->n) {
                return lexer_unexpected(lexer, ch, err);
            }

            return LEXER_BLOCK_END;

        case '"':
        case '\'':
            ch = lexer_quoted(lexer, ch, err);
            break;

        default:
            ch = lexer_bare(lexer, ch, err);
        }

        if (ch < 0) {
            return LEXER_ERROR;
        }
    }
}
