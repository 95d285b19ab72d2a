/*
 * Reports in mail: GMime finds the parts, and Authentication-Results says who
 * signed the mail (RFC 8460, 3 and 5.3; RFC 8601).
 */

#include <gmime/gmime.h>

#include "policy/policy.h"
#include "reports.h"


#define MAIL_DEPTH  8                 /* mails and multiparts within others */


typedef struct {
    const mta_sts_str_t   *trusted;
    size_t                 n;
    const mta_sts_env_t   *env;
    void                 (*each)(void *ctx, const reports_mail_t *mail);
    void                  *ctx;
    mta_sts_str_t          signer;
} mail_reader_t;


static int
mail_is_space(char ch)
{
    return ch == ' ' || ch == '\t' || ch == '\r' || ch == '\n';
}


/*
 * Replaces a comment in parentheses (RFC 5322, 3.2.2) by a space, so that what
 * is before it and after it stays apart, and what a quoted string has of
 * separators: it may be a sender's text.
 */

static mta_sts_str_t
mail_uncomment(mta_sts_str_t field, const mta_sts_env_t *env)
{
    int             quoted;
    char           *out, ch;
    size_t          i, n;
    unsigned        depth;
    mta_sts_str_t   plain;

    out = env->alloc(env->ctx, field.len + 1);
    quoted = 0;
    depth = 0;
    n = 0;

    for (i = 0; i < field.len; i++) {
        ch = field.data[i];

        if (ch == '\\' && (depth || quoted) && i + 1 < field.len) {
            i++;

        } else if (ch == '"' && depth == 0) {
            quoted = !quoted;
            out[n++] = ch;

        } else if (quoted) {
            out[n++] = mail_is_space(ch) || ch == ';' ? '_' : ch;

        } else if (ch == '(') {
            depth++;

        } else if (ch == ')' && depth) {
            depth--;
            out[n] = ' ';
            n += depth == 0;

        } else if (depth == 0) {
            out[n++] = mail_is_space(ch) ? ' ' : ch;
        }
    }

    plain.data = out;
    plain.len = n;

    return plain;
}


/* Takes what comes up to a separator from *rest, without spaces around it. */

static mta_sts_str_t
mail_next(mta_sts_str_t *rest, char separator)
{
    const char     *end;
    mta_sts_str_t   part;

    part = *rest;
    end = part.len ? memchr(part.data, separator, part.len) : NULL;

    if (end) {
        part.len = (size_t) (end - part.data);
        *rest = mta_sts_str_after(*rest, part.len + 1);

    } else {
        rest->len = 0;
    }

    while (part.len && part.data[0] == ' ') {
        part = mta_sts_str_after(part, 1);
    }

    while (part.len && part.data[part.len - 1] == ' ') {
        part.len--;
    }

    return part;
}


/* The domain in "header.d=DOMAIN" of a passing result. */

static mta_sts_str_t
mail_dkim_domain(mta_sts_str_t result)
{
    mta_sts_str_t  word, value, none = { "", 0 };

    word = mail_next(&result, ' ');

    if (!mta_sts_str_caseeq(word, mta_sts_str("dkim=pass"))) {
        return none;
    }

    while (result.len) {
        word = mail_next(&result, ' ');
        value = word;
        value.len = sizeof("header.d=") - 1;

        if (word.len > value.len
            && mta_sts_str_caseeq(value, mta_sts_str("header.d=")))
        {
            value = mta_sts_str_after(word, value.len);

            if (value.len > 2 && value.data[0] == '"') {
                value = mta_sts_str_after(value, 1);
                value.len--;
            }

            return value;
        }
    }

    return none;
}


mta_sts_str_t
reports_signer(mta_sts_str_t field, const mta_sts_str_t *trusted, size_t n,
    const mta_sts_env_t *env, int *ours)
{
    size_t         i;
    mta_sts_str_t  rest, id, domain;

    rest = mail_uncomment(field, env);
    id = mail_next(&rest, ';');
    id = mail_next(&id, ' ');

    *ours = 0;

    for (i = 0; i < n; i++) {
        *ours |= mta_sts_str_caseeq(id, trusted[i]);
    }

    domain.data = "";
    domain.len = 0;

    while (*ours && rest.len && domain.len == 0) {
        domain = mail_dkim_domain(mail_next(&rest, ';'));
    }

    if (domain.len == 0 || domain.len > REPORTS_TEXT_MAX) {
        domain.len = 0;
        return domain;
    }

    domain = mta_sts_str_copy(env, domain);
    domain.len = mta_sts_name_fold(domain, (char *) domain.data);

    if (!mta_sts_name_is_host(domain)) {
        domain.len = 0;
    }

    return domain;
}


/*
 * Is it this field, with a colon right after its name?  GMime also takes a name
 * with spaces before the colon, which a server may not remove.
 */

static int
mail_is_results(mta_sts_str_t text, GMimeHeader *header)
{
    gint64         offset;
    mta_sts_str_t  name, results = mta_sts_str("Authentication-Results:");

    offset = g_mime_header_get_offset(header);

    if (offset < 0 || (size_t) offset > text.len) {
        return 0;
    }

    name = mta_sts_str_after(text, (size_t) offset);
    name.len = name.len > results.len ? results.len : name.len;

    return mta_sts_str_caseeq(name, results);
}


/* Only the topmost field of a trusted server counts: others may be forged. */

static mta_sts_str_t
mail_signer(mail_reader_t *reader, mta_sts_str_t text, GMimeMessage *message)
{
    int               i, ours;
    GMimeHeader      *header;
    mta_sts_str_t     signer = { "", 0 };
    GMimeHeaderList  *headers;

    headers = g_mime_object_get_header_list(GMIME_OBJECT(message));

    for (i = 0; i < g_mime_header_list_get_count(headers); i++) {
        header = g_mime_header_list_get_header_at(headers, i);

        if (!mail_is_results(text, header)) {
            continue;
        }

        signer = reports_signer(mta_sts_str_from(
                                        g_mime_header_get_raw_value(header)),
                                reader->trusted, reader->n, reader->env,
                                &ours);

        if (ours) {
            break;
        }
    }

    return signer;
}


static int
mail_has_suffix(const char *name, const char *suffix)
{
    size_t  len, end;

    len = name ? strlen(name) : 0;
    end = strlen(suffix);

    return len >= end && g_ascii_strcasecmp(name + len - end, suffix) == 0;
}


/* Is it the part that has the report?  Some senders only give it a name. */

static int
mail_is_report(GMimePart *part)
{
    const char        *name, *subtype;
    GMimeContentType  *type;

    type = g_mime_object_get_content_type(GMIME_OBJECT(part));
    subtype = g_mime_content_type_get_media_subtype(type);
    name = g_mime_part_get_filename(part);

    if (mail_has_suffix(name, ".json") || mail_has_suffix(name, ".json.gz")) {
        return 1;
    }

    if (g_mime_content_type_is_type(type, "text", "json")) {
        return 1;
    }

    return g_mime_content_type_is_type(type, "application", "*")
           && (g_ascii_strncasecmp(subtype, "tlsrpt", sizeof("tlsrpt") - 1) == 0
               || g_ascii_strcasecmp(subtype, "gzip") == 0
               || g_ascii_strcasecmp(subtype, "x-gzip") == 0
               || g_ascii_strcasecmp(subtype, "json") == 0);
}


static void
mail_part(mail_reader_t *reader, GMimePart *part)
{
    GByteArray        *bytes;
    GMimeStream       *stream;
    mta_sts_str_t      data;
    reports_mail_t     mail;
    GMimeDataWrapper  *content;

    content = g_mime_part_get_content(part);

    if (content == NULL || !mail_is_report(part)) {
        return;
    }

    stream = g_mime_stream_mem_new();

    (void) g_mime_data_wrapper_write_to_stream(content, stream);

    bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));

    data.data = (const char *) bytes->data;
    data.len = bytes->len;

    mail.data = data;
    mail.signer = reader->signer;

    reader->each(reader->ctx, &mail);

    g_object_unref(stream);
}


static void
mail_object(mail_reader_t *reader, GMimeObject *object, unsigned depth)
{
    int            i, n;
    GMimeMessage  *message;

    if (depth == MAIL_DEPTH) {
        return;
    }

    if (GMIME_IS_PART(object)) {
        mail_part(reader, GMIME_PART(object));

    } else if (GMIME_IS_MULTIPART(object)) {
        n = g_mime_multipart_get_count(GMIME_MULTIPART(object));

        for (i = 0; i < n; i++) {
            mail_object(reader,
                        g_mime_multipart_get_part(GMIME_MULTIPART(object), i),
                        depth + 1);
        }

    } else if (GMIME_IS_MESSAGE_PART(object)) {

        /* a mail that was forwarded: the outer signature is not its own */

        reader->signer = mta_sts_str("");
        message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));

        if (message && g_mime_message_get_mime_part(message)) {
            mail_object(reader, g_mime_message_get_mime_part(message),
                        depth + 1);
        }
    }
}


/* The line that mbox and local(8) put before a mail. */

static mta_sts_str_t
mail_after_from(mta_sts_str_t text)
{
    const char  *end;

    if (!mta_sts_str_starts(text, mta_sts_str("From "))) {
        return text;
    }

    end = memchr(text.data, '\n', text.len);

    return mta_sts_str_after(text, end ? (size_t) (end - text.data) + 1
                                       : text.len);
}


int
reports_mail(mta_sts_str_t text, const mta_sts_str_t *trusted, size_t n,
    const mta_sts_env_t *env,
    void (*each)(void *ctx, const reports_mail_t *mail), void *ctx,
    mta_sts_err_t *err)
{
    GMimeParser   *parser;
    GMimeStream   *stream;
    GMimeMessage  *message;
    mail_reader_t  reader = { trusted, n, env, each, ctx, { "", 0 } };

    text = mail_after_from(text);

    if (reports_measure(text, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    g_mime_init();

    stream = g_mime_stream_mem_new_with_buffer(text.data, text.len);
    parser = g_mime_parser_new_with_stream(stream);
    message = g_mime_parser_construct_message(parser, NULL);

    if (message) {
        reader.signer = mail_signer(&reader, text, message);

        if (g_mime_message_get_mime_part(message)) {
            mail_object(&reader, g_mime_message_get_mime_part(message), 0);
        }

        g_object_unref(message);
    }

    g_object_unref(parser);
    g_object_unref(stream);

    return MTA_STS_OK;
}
