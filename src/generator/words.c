/*
 * What people paste into a field, as words: MX records as zone files, dig, host
 * and nslookup print them, the lines of a policy, URLs and plain addresses.
 * What is not known here is left as it is, for the settings to refuse.
 */

#include "form.h"


#define WORDS_RECORD   8     /* words up to the data of a record */
#define WORDS_NUMBERS  64    /* preferences that are skipped */

#define WORDS_SPACE  1
#define WORDS_LIST   2


/*
 * Takes the next word off *text; 0 at the end.  kind is WORDS_LIST where ","
 * and ";" separate words, too.
 */

static int
words_next(mta_sts_str_t *text, unsigned kind, mta_sts_str_t *word)
{
    size_t       i, begin;
    const char  *data;

    static const unsigned char  separators[256] = {
        [' '] = WORDS_SPACE|WORDS_LIST, ['\t'] = WORDS_SPACE|WORDS_LIST,
        ['\n'] = WORDS_SPACE|WORDS_LIST, [','] = WORDS_LIST,
        [';'] = WORDS_LIST
    };

    data = text->data;

    for (i = 0; i < text->len; i++) {
        if (!(separators[(unsigned char) data[i]] & kind)) {
            break;
        }
    }

    for (begin = i; i < text->len; i++) {
        if (separators[(unsigned char) data[i]] & kind) {
            break;
        }
    }

    *word = mta_sts_str_after(*text, begin);
    word->len = i - begin;
    *text = mta_sts_str_after(*text, i);

    return word->len > 0;
}


static int
words_is_number(mta_sts_str_t word)
{
    size_t  i;

    for (i = 0; i < word.len; i++) {
        if (word.data[i] < '0' || word.data[i] > '9') {
            return 0;
        }
    }

    return 1;
}


/* The text from the first c on, which is part of it; empty without one. */

static mta_sts_str_t
words_from(mta_sts_str_t text, char c)
{
    const char  *p;

    p = text.len ? memchr(text.data, c, text.len) : NULL;

    return mta_sts_str_after(text, p ? (size_t) (p - text.data) : text.len);
}


/*
 * Reduces a line that has an MX record to its host: "NAME TTL IN MX 10 HOST",
 * "NAME mail exchanger = 10 HOST", "NAME mail is handled by 10 HOST".
 */

static mta_sts_str_t
words_record(mta_sts_str_t line)
{
    int            n;
    mta_sts_str_t  rest, word, host;

    rest = line;

    for (n = 0; n < WORDS_RECORD && words_next(&rest, WORDS_SPACE, &word); n++)
    {
        if (!mta_sts_str_caseeq(word, mta_sts_str("MX"))
            && !mta_sts_str_eq(word, mta_sts_str("="))
            && !mta_sts_str_eq(word, mta_sts_str("by")))
        {
            continue;
        }

        while (words_next(&rest, WORDS_LIST, &host)) {
            if (!words_is_number(host)) {
                return host;
            }
        }
    }

    return line;
}


/* Takes the next line; of a policy's lines only those of mx have words. */

static void
words_line(mta_sts_words_t *words)
{
    mta_sts_str_t  line;

    line = words->text;
    words->text = words_from(words->text, '\n');
    line.len -= words->text.len;

    words->text = mta_sts_str_after(words->text, words->text.len > 0);

    while (line.len && (line.data[0] == ' ' || line.data[0] == '\t')) {
        line = mta_sts_str_after(line, 1);
    }

    words->line = line;

    if (mta_sts_str_starts(line, mta_sts_str("mode:"))
        || mta_sts_str_starts(line, mta_sts_str("max_age:")))
    {
        words->policy = 1;
        words->line.len = 0;

    } else if (mta_sts_str_starts(line, mta_sts_str("version:"))) {
        words->line.len = 0;

    } else if (mta_sts_str_starts(line, mta_sts_str("mx:"))) {
        words->line = mta_sts_str_after(line, 3);

    } else {
        words->line = words_record(line);
    }
}


int
mta_sts_words_mx(mta_sts_words_t *words, mta_sts_str_t *word)
{
    mta_sts_str_t  rest, next;

    for ( ;; ) {
        if (words_next(&words->line, WORDS_LIST, word)) {
            rest = words->line;

            /* the preference of "10 mail.example.com" */

            if (words->numbers < WORDS_NUMBERS && words_is_number(*word)
                && words_next(&rest, WORDS_LIST, &next))
            {
                words->numbers++;
                continue;
            }

            return 1;
        }

        if (words->text.len == 0) {
            return 0;
        }

        words_line(words);
    }
}


/* Does a URI or an address begin here? */

static int
words_is_rua(mta_sts_str_t text)
{
    return mta_sts_str_starts(text, mta_sts_str("mailto:"))
           || mta_sts_str_starts(text, mta_sts_str("https:"));
}


int
mta_sts_words_rua(mta_sts_words_t *words, mta_sts_str_t *word)
{
    mta_sts_str_t  comma;

    do {
        if (!words_next(&words->text, WORDS_SPACE, word)) {
            return 0;
        }

    } while (mta_sts_str_eq(*word, mta_sts_str("v=TLSRPTv1;")));

    if (mta_sts_str_starts(*word, mta_sts_str("rua="))) {
        *word = mta_sts_str_after(*word, 4);
    }

    /* a URI may have a comma itself */

    for (comma = words_from(*word, ','); comma.len;
         comma = words_from(mta_sts_str_after(comma, 1), ','))
    {
        if (comma.len == 1 || !words_is_rua(*word)
            || words_is_rua(mta_sts_str_after(comma, 1)))
        {
            words->text.len += comma.len - 1;
            words->text.data -= comma.len - 1;
            word->len -= comma.len;
            break;
        }
    }

    if (word->len > 1 && word->data[word->len - 1] == ';') {
        word->len--;
    }

    return 1;
}


mta_sts_str_t
mta_sts_words_domain(mta_sts_str_t typed)
{
    int            url;
    size_t         i;
    mta_sts_str_t  domain, rest;

    static const char *const  prefixes[] = { "_mta-sts.", "_smtp._tls." };

    domain = typed;
    rest = words_from(domain, ':');
    url = mta_sts_str_starts(rest, mta_sts_str("://"));

    if (url) {
        domain = mta_sts_str_after(rest, 3);
    }

    domain.len -= words_from(domain, '/').len;

    rest = words_from(domain, '@');
    domain = rest.len ? mta_sts_str_after(rest, 1) : domain;

    rest = words_from(domain, ':');

    if (rest.len && words_is_number(mta_sts_str_after(rest, 1))) {
        domain.len -= rest.len;
    }

    /* the URL of a policy, and the names of its records */

    if (url && mta_sts_str_starts(domain, mta_sts_str("mta-sts."))) {
        domain = mta_sts_str_after(domain, 8);
    }

    for (i = 0; i < 2; i++) {
        if (mta_sts_str_starts(domain, mta_sts_str_from(prefixes[i]))) {
            domain = mta_sts_str_after(domain, strlen(prefixes[i]));
        }
    }

    return domain.len ? domain : typed;
}
