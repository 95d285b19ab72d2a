/*
 * People and programs copy from the page and the JSON: what they show must be
 * what was made, and whatever was typed must come out as text.
 */

#include <jansson.h>

#include "forms.h"


/* The page of a query. */

static mta_sts_str_t
page(mta_sts_generator_t *generator)
{
    mta_sts_str_t  text;

    if (mta_sts_generator_page(generator, mta_sts_str("v1"), &text, &test.err)
        != MTA_STS_OK)
    {
        return mta_sts_str_from(test.err.text);
    }

    return text;
}


static mta_sts_str_t
slice(const char *begin, const char *end)
{
    mta_sts_str_t  str;

    str.data = begin;
    str.len = (size_t) (end - begin);

    return str;
}


/* The tag with an id, from after "<" to before ">"; empty without one. */

static mta_sts_str_t
tag(mta_sts_str_t html, const char *id)
{
    char         attribute[64];
    const char  *p, *end;

    (void) snprintf(attribute, sizeof(attribute), " id=\"%s\"", id);

    p = memmem(html.data, html.len, attribute, strlen(attribute));

    if (p == NULL) {
        return mta_sts_str("");
    }

    end = memchr(p, '>', (size_t) (html.data + html.len - p));

    while (*p != '<') {
        p--;
    }

    return slice(p + 1, end);
}


/* The text from an element with an id up to the next tag, unescaped. */

static mta_sts_str_t
content(mta_sts_str_t html, const char *id)
{
    size_t          k;
    mta_sts_str_t   rest;
    mta_sts_buf_t   text = { &test.env, NULL, 0, 0, 0 };

    static const char *const  escapes[][2] = {
        { "&amp;", "&" }, { "&lt;", "<" }, { "&gt;", ">" },
        { "&quot;", "\"" }, { "&#39;", "'" }
    };

    rest = tag(html, id);

    if (rest.len == 0) {
        return mta_sts_str("no such element");
    }

    rest = slice(rest.data + rest.len + 1, html.data + html.len);

    while (rest.len && rest.data[0] != '<') {
        for (k = 0; k < 5; k++) {
            if (mta_sts_str_starts(rest, mta_sts_str_from(escapes[k][0]))) {
                break;
            }
        }

        mta_sts_buf_add_char(&text, k < 5 ? escapes[k][1][0] : rest.data[0]);
        rest = mta_sts_str_after(rest, k < 5 ? strlen(escapes[k][0]) : 1);
    }

    return mta_sts_buf_str(&text);
}


static int
has(mta_sts_str_t str, const char *part)
{
    return memmem(str.data, str.len, part, strlen(part)) != NULL;
}


/* How many bytes have a meaning in HTML. */

static size_t
count(mta_sts_str_t html)
{
    size_t  i, n;

    for (i = 0, n = 0; i < html.len; i++) {
        n += strchr("<>\"'", html.data[i]) && html.data[i];
    }

    return n;
}


/* What a form shows as chosen is what its policy has. */

static void
test_form(void)
{
    size_t         i, k;
    mta_sts_str_t  html;

    static const struct {
        const char  *query;
        const char  *mode;
        const char  *age;
        const char  *other;
    } tests[] = {
        { "", "testing", "604800", "" },
        { FORM_MX, "testing", "604800", "" },
        { FORM_MX "&mode=enforce&max_age=86400", "enforce", "86400", "" },
        { FORM_RUA "&mode=none&max_age=2592000", "none", "2592000", "" },
        { FORM_MX "&max_age=31557600&max_age_other=1w", "testing", "31557600",
          "1w" },
        { FORM_MX "&max_age=other&max_age_other=1w", "testing", "other",
          "1w" },
        { FORM_MX "&max_age=1w", "testing", "604800", "" },
        { FORM_MX "&max_age=7d", "testing", "604800", "" },
        { FORM_MX "&max_age=1439m+60", "testing", "86400", "" },
        { FORM_MX "&max_age=1M", "testing", "2592000", "" },
        { FORM_MX "&max_age=0031557600", "testing", "31557600", "" },
        { FORM_MX "&max_age=1y", "testing", "other", "1y" },
        { FORM_MX "&max_age=-1", "testing", "other", "-1" },
        { FORM_MX "&max_age=1x", "testing", "other", "1x" },
        { FORM_MX "&max_age=other&max_age_other=x", "testing", "other", "x" },
        { FORM_MX "&mode=x", "testing", "604800", "" },
        { FORM_MX "&mode=+enforce", "enforce", "604800", "" },
        { FORM_MX "&max_age=+", "testing", "604800", "" }
    };

    static const char *const  modes[] = { "testing", "enforce", "none" };
    static const char *const  ages[] = {
        "86400", "604800", "2592000", "31557600", "other"
    };

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        char  text[64];

        html = page(form(tests[i].query));

        for (k = 0; k < 3; k++) {
            (void) snprintf(text, sizeof(text), "mode-%s", modes[k]);
            is_int(has(tag(html, text), " checked"),
                   strcmp(tests[i].mode, modes[k]) == 0, "%s: mode %s",
                   tests[i].query, modes[k]);
        }

        for (k = 0; k < 5; k++) {
            (void) snprintf(text, sizeof(text), "value=\"%s\" selected",
                            ages[k]);
            is_int(has(html, text), strcmp(tests[i].age, ages[k]) == 0,
                   "max_age %s", ages[k]);
        }

        (void) snprintf(text, sizeof(text), " value=\"%s\"", tests[i].other);
        ok(has(tag(html, "max_age_other"), text), "the other max_age");
    }
}


static void
test_result(void)
{
    mta_sts_str_t         html;
    mta_sts_generator_t  *generator;

    generator = form(FORM_RUA "&mode=enforce&max_age=1d&mx=*.example.com");
    html = page(generator);

    is_str(content(html, "policy"),
           mta_sts_str("version: STSv1\nmode: enforce\nmx: mail.example.com\n"
                       "mx: *.example.com\nmax_age: 86400\n"), "the policy");
    is_str(content(html, "record-sts-host"), mta_sts_str("_mta-sts"),
           "the record's host");
    is_str(content(html, "record-sts-value"),
           generator->result.records[0].value, "and value");
    is_str(content(html, "record-tlsrpt-host"), mta_sts_str("_smtp._tls"),
           "the host of TLSRPT");
    is_str(content(html, "record-tlsrpt-value"),
           generator->result.records[1].value, "and value");
    is_str(content(html, "server"), generator->result.server,
           "the server block");
    is_str(content(html, "yaml"), generator->result.yaml, "YAML");
    ok(has(html, "mail server &quot;*.example.com&quot; accepts every host"),
       "the warning, with the field's label");
    ok(has(tag(html, "form"), " action=\"?#result\""), "the form's URL");

    html = page(form(""));

    ok(has(tag(html, "result"), " class=\"example\"")
       && tag(html, "download").len == 0, "an empty form shows an example");
    is_str(content(html, "result-title"),
           mta_sts_str("Example for example.com"), "which is marked");

    html = page(form("domain=example.com"));

    ok(tag(html, "policy").len == 0 && tag(html, "summary").len,
       "an error shows no policy but a summary");
    ok(has(tag(html, "mx"), " aria-invalid"), "and marks the field");
}


/* Untrusted text in every field: the page has the same tags as before. */

static void
test_hostile(void)
{
    char           query[512];
    size_t         i, k, n, tags[2];
    mta_sts_str_t  html;

    static const char *const  queries[] = {
        "domain=%s&mode=%s&mx=%s&rua=%s&max_age=%s",
        "domain=a.example&mx=b.example&rua=https://a.example/%s",
        "domain=a.example&mx=b.example&%s=1", "domain=a&domain=%s"
    };

    static const char *const  values[] = {
        "_", "%3Cscript%3Ealert(1)%3C/script%3E", "%22%3E%3Cimg+src=x%3E",
        "'><b%3E\"", "%3C/textarea%3E%3Cscript%3E", "{{ page }}{%25%3C!--"
    };

    for (i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        for (k = 0; k < sizeof(values) / sizeof(values[0]); k++) {
            (void) snprintf(query, sizeof(query), queries[i], values[k],
                            values[k], values[k], values[k], values[k]);

            html = page(form(query));

            /* with a bad URI there is no result */

            n = tag(html, "policy").len ? 1 : 0;

            if (k == 0) {
                tags[0] = tags[1] = 0;
            }

            if (tags[n] == 0) {
                tags[n] = count(html);
            }

            ok(count(html) == tags[n] && tags[n] > 100, "page of %s", query);
        }
    }
}


static json_t *
json(mta_sts_generator_t *generator)
{
    json_t         *object;
    mta_sts_str_t   text;

    if (mta_sts_generator_json(generator, &text, &test.err) != MTA_STS_OK) {
        return NULL;
    }

    object = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);

    ok(object && text.data[text.len - 1] == '\n', "JSON is JSON");

    return object;
}


static void
is_json(json_t *value, mta_sts_str_t expected, const char *what)
{
    mta_sts_str_t  str = { NULL, 0 };

    if (json_is_string(value)) {
        str.data = json_string_value(value);
        str.len = json_string_length(value);
    }

    is_str(str, expected, "JSON: %s", what);
}


static void
test_json(void)
{
    size_t                i;
    json_t               *object, *list, *record;
    mta_sts_generator_t  *generator;

    generator = form(FORM_RUA "&mx=*.example.com&mode=enforce&max_age=1h");
    object = json(generator);

    is_int((long long) json_object_size(object), 12, "JSON has 12 keys");

    is_json(json_object_get(object, "domain"), generator->result.entry.domain,
            "domain");
    is_json(json_object_get(object, "policy_host"),
            mta_sts_str("mta-sts.example.com"), "policy_host");
    is_json(json_object_get(object, "mode"), mta_sts_str("enforce"), "mode");
    is_json(json_object_get(object, "id"),
            mta_sts_policy_id(generator->result.entry.policy), "id");
    is_int(json_integer_value(json_object_get(object, "max_age")), 3600,
           "JSON: max_age");
    is_json(json_object_get(object, "policy"), form_body(generator),
            "policy");
    is_json(json_object_get(object, "policy_url"), generator->result.policy_url,
            "policy_url");
    is_json(json_object_get(object, "server"), generator->result.server,
            "server");
    is_json(json_object_get(object, "yaml"), generator->result.yaml, "yaml");

    list = json_object_get(object, "mx");
    is_int((long long) json_array_size(list), 2, "JSON: two mx");
    is_json(json_array_get(list, 0), mta_sts_str("mail.example.com"), "mx");
    is_json(json_array_get(list, 1), mta_sts_str("*.example.com"), "mx");

    list = json_object_get(object, "warnings");
    is_int((long long) json_array_size(list), 2, "JSON: two warnings");

    for (i = 0; i < 2; i++) {
        is_json(json_array_get(list, i), generator->warnings[i], "warning");
    }

    list = json_object_get(object, "records");
    is_int((long long) json_array_size(list), 2, "JSON: two records");

    for (i = 0; i < 2; i++) {
        record = json_array_get(list, i);

        is_json(json_object_get(record, "name"),
                generator->result.records[i].name, "name");
        is_json(json_object_get(record, "type"), mta_sts_str("TXT"), "type");
        is_json(json_object_get(record, "value"),
                generator->result.records[i].value, "value");
        is_int(json_integer_value(json_object_get(record, "ttl")), 3600,
               "JSON: ttl");
    }

    json_decref(object);
}


static void
test_json_errors(void)
{
    size_t                i, k;
    json_t               *object, *errors;
    mta_sts_generator_t  *generator;

    static const char *const  queries[] = {
        "format=json", "domain=%",
        "domain=%22&mode=%C3%BC&mx=%5C&max_age=%3C&rua='",
        FORM_MX "&max_age=other", "domain=example.com&mode=enforce",
        FORM_MX "&mode=a&mode=b"
    };

    static const struct {
        const char      *name;
        mta_sts_form_e   field;
    } keys[] = {
        { "domain", MTA_STS_FORM_DOMAIN }, { "mode", MTA_STS_FORM_MODE },
        { "mx", MTA_STS_FORM_MX }, { "max_age", MTA_STS_FORM_MAX_AGE },
        { "tlsrpt_rua", MTA_STS_FORM_RUA }, { "query", MTA_STS_FORM_QUERY }
    };

    for (i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        generator = form(queries[i]);
        object = json(generator);
        errors = json_object_get(object, "errors");

        ok(json_object_size(object) == 1 && json_is_object(errors),
           "JSON of \"%s\" has only errors", queries[i]);
        is_int((long long) json_object_size(errors), generator->n_errors,
               "as many as there are");

        for (k = 0; k < 6; k++) {
            if (generator->errors[keys[k].field].len) {
                is_json(json_object_get(errors, keys[k].name),
                        generator->errors[keys[k].field], keys[k].name);
            }
        }

        json_decref(object);
    }
}


int
main(void)
{
    test_form();
    test_result();
    test_hostile();
    test_json();
    test_json_errors();

    return done();
}
