/*
 * The page and the JSON are for people and programs to copy from: what they
 * show must be what was made, whatever was typed must come out as text, and
 * their links must lead back to the same policy.
 */

#include <jansson.h>

#include "forms.h"


#define SELF  mta_sts_str("./generator<\"&'>")


/* Each field that the page has, in a text and in an attribute. */

#define V(name)  "<i title=\"{{" name "}}\">{{" name "}}</i>"
#define F(name)  "{{#" name "}}" name " {{/" name "}}"

static const char  every[] =
    V("self") V("version") V("domain") V("mx") V("rua") V("max_age_other")
    V("error_domain") V("error_mode") V("error_mx") V("error_max_age")
    V("error_rua") V("error_query") F("errors") F("submitted")
    F("mode_testing") F("mode_enforce") F("mode_none") F("age_86400")
    F("age_604800") F("age_2592000") F("age_31557600") F("age_other")
    V("mode") V("format") V("file")
    "{{#result}}"
    V("policy_host") V("policy_url") V("policy") V("server") V("yaml")
    V("download") V("json") V("id") F("is_testing") F("is_enforce")
    F("is_none") F("has_rua")
    "{{#records}}" V("type") V("host") V("name") V("value") V("label")
    V("key") "{{/records}}"
    "{{#warnings}}" V("text") "{{/warnings}}"
    "{{/result}}";


/* Renders a small template; its text, or that of the error. */

static mta_sts_str_t
page(mta_sts_generator_t *generator, const char *template_text)
{
    mta_sts_buf_t  text = { &test.env, NULL, 0, 0, 0 };

    if (mta_sts_generator_page(generator, mta_sts_str_from(template_text),
                               SELF, mta_sts_str("v1"), &text, &test.err)
        != MTA_STS_OK)
    {
        return mta_sts_str_from(test.err.text);
    }

    return mta_sts_buf_str(&text);
}


/* The same as the browser takes it: with what was escaped put back. */

static mta_sts_str_t
page_text(mta_sts_generator_t *generator, const char *template_text)
{
    size_t          i, k;
    mta_sts_str_t   str;
    mta_sts_buf_t  text = { &test.env, NULL, 0, 0, 0 };

    static const char *const  escapes[][2] = {
        { "&amp;", "&" }, { "&lt;", "<" }, { "&gt;", ">" },
        { "&quot;", "\"" }, { "&#39;", "'" }
    };

    str = page(generator, template_text);

    for (i = 0; i < str.len; i++) {
        for (k = 0; k < 5; k++) {
            if (mta_sts_str_starts(mta_sts_str_after(str, i),
                                   mta_sts_str_from(escapes[k][0])))
            {
                break;
            }
        }

        mta_sts_buf_add_char(&text, k < 5 ? escapes[k][1][0] : str.data[i]);
        i += k < 5 ? strlen(escapes[k][0]) - 1 : 0;
    }

    return mta_sts_buf_str(&text);
}


static void
test_form(void)
{
    size_t  i;

    static const struct {
        const char  *query;
        const char  *fields;
    } tests[] = {
        { "", "mode_testing age_604800 []" },
        { FORM_MX, "submitted mode_testing age_604800 []is_testing " },
        { FORM_MX "&mode=enforce&max_age=86400",
          "submitted mode_enforce age_86400 []is_enforce " },
        { FORM_RUA "&mode=none&max_age=2592000",
          "submitted mode_none age_2592000 []is_none has_rua " },
        { FORM_MX "&max_age=31557600&max_age_other=1w",
          "submitted mode_testing age_31557600 [1w]is_testing " },
        { FORM_MX "&max_age=other&max_age_other=1w",
          "submitted mode_testing age_other [1w]is_testing " },
        { FORM_MX "&max_age=1w",
          "submitted mode_testing age_other [1w]is_testing " },
        { FORM_MX "&max_age=other&max_age_other=x",
          "errors submitted mode_testing age_other [x]" },
        { FORM_MX "&mode=x", "errors submitted mode_testing age_604800 []" },
        { "domain=%", "errors mode_testing age_604800 []" },

        /* what is chosen is what the policy has */

        { FORM_MX "&mode=+enforce",
          "submitted mode_enforce age_604800 []is_enforce " },
        { FORM_MX "&max_age=+",
          "submitted mode_testing age_604800 []is_testing " }
    };

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        is_str(page(form(tests[i].query), F("errors") F("submitted")
                    F("mode_testing") F("mode_enforce") F("mode_none")
                    F("age_86400") F("age_604800") F("age_2592000")
                    F("age_31557600") F("age_other") "[{{max_age_other}}]"
                    "{{#result}}" F("is_testing") F("is_enforce")
                    F("is_none") F("has_rua") "{{/result}}"),
               mta_sts_str_from(tests[i].fields), "flags of %s",
               tests[i].query);
    }
}


static void
test_result(void)
{
    mta_sts_str_t         str;
    mta_sts_generator_t  *generator;

    generator = form(FORM_RUA "&mode=enforce&max_age=1d&mx=*.example.com");

    is_str(page(generator, "{{#result}}{{policy}}{{/result}}"),
           mta_sts_str("version: STSv1\nmode: enforce\nmx: mail.example.com\n"
                       "mx: *.example.com\nmax_age: 86400\n"), "the policy");

    is_str(page(generator, "{{#result}}{{#records}}{{type}} {{host}} {{name}} "
                "{{label}} {{key}}|{{/records}}{{/result}}"),
           mta_sts_str("TXT _mta-sts _mta-sts.example.com MTA-STS sts|"
                       "TXT _smtp._tls _smtp._tls.example.com TLSRPT tlsrpt|"),
           "the records");

    str = mta_sts_policy_id(generator->draft.entry.policy);
    is_str(page(generator, "{{#result}}{{id}}{{/result}}"), str, "the id");

    is_str(page_text(generator, "{{#result}}{{server}}{{/result}}"),
           generator->server, "the server block");
    is_str(page_text(generator, "{{#result}}{{yaml}}{{/result}}"),
           generator->yaml, "YAML");
    is_str(page(generator, "{{#result}}{{policy_host}} {{policy_url}}"
                "{{/result}}"),
           mta_sts_str("mta-sts.example.com https://mta-sts.example.com/"
                       ".well-known/mta-sts.txt"), "host and URL");
    is_str(page_text(generator, "{{#result}}{{#warnings}}{{text}}|"
                     "{{/warnings}}{{/result}}"),
           mta_sts_str("mx \"*.example.com\" accepts every host of the policy "
                       "domain, see RFC 8461, 10.4|"), "the warning");
    is_str(page_text(generator, "{{self}} {{version}}"),
           mta_sts_str("./generator<\"&'> v1"), "self and version");
    is_str(page(generator, "{{#result}}{{^warnings}}-{{/warnings}}{{/result}}"
                "{{policy}}{{id}}"), mta_sts_str(""), "nothing else outside");
}


/* What is hostile, in every field and in each way that makes a page of it. */

static void
test_hostile(void)
{
    char                  query[512];
    size_t                i, k, n;
    mta_sts_str_t         str;
    mta_sts_generator_t  *generator;

    static const char *const  queries[] = {
        "%s&mode=%s", "domain=%s", "domain=a&mode=%s", "domain=a&mx=%s",
        "domain=a&mx=b&max_age=%s", "domain=a&mx=b&rua=%s", "%s=1",
        "domain=a&mx=b&max_age=other&max_age_other=%s", "x=%s%%",
        "domain=a&mx=b&rua=https://a.example/%s&format=%s&file=%s",
        "domain=a&mx=b&max_age_other=%s", "domain=a&domain=%s"
    };

    static const char *const  values[] = {
        "%3Cscript%3Ealert(1)%3C/script%3E", "%22%3E%3Cscript%3E",
        "'%22onload=%22<script>", "&#x3C;script&#x3E;", "%7B%7Bself%7D%7D",
        "<script>'-->"
    };

    str = page(form("%"), every);

    for (i = 0, n = 0; i < str.len; i++) {
        n += str.data[i] == '<';
    }

    is_int((long long) n, 2 * 15, "the template has its tags");

    for (i = 0; i < sizeof(queries) / sizeof(queries[0]) * 6; i++) {
        (void) snprintf(query, sizeof(query), queries[i / 6], values[i % 6],
                        values[i % 6], values[i % 6]);

        generator = form(query);
        str = page(generator, every);

        /* but for the tags of ours, no byte means anything in HTML */

        for (k = 0, n = 0; k < str.len; k++) {
            n += strchr("<\"'>", str.data[k]) && str.data[k];
        }

        k = generator->draft.entry.policy == NULL ? 15
            : 15 + 8 + 6 * generator->n_records + generator->n_warnings;

        is_int((long long) n, (long long) (6 * k), "page of %s", query);
        ok(memmem(str.data, str.len, "<script", 7) == NULL, "has no script");
    }
}


/* The module's own page has the same tags, whatever is typed. */

static void
test_real_page(void)
{
    FILE          *file;
    char           query[512];
    size_t         i, k, n, tags;
    mta_sts_str_t  str;

    static char  text[512 * 1024];

    static const char *const  values[] = {
        "_", "%3Cscript%3Ealert(1)%3C/script%3E", "%22%3E%3Cimg+src=x%3E",
        "'><b%3E\"", "%3C/textarea%3E%3Cscript%3E", "%7B%7Bself%7D%7D%3C!--"
    };

    file = fopen("src/generator/web/page.html", "rb");

    if (file == NULL) {
        printf("ok %u # skip no page.html\n", ++tap_tests);
        return;
    }

    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    (void) fclose(file);

    for (i = 0, tags = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        (void) snprintf(query, sizeof(query), "domain=%s&mode=%s&mx=%s&rua=%s"
                        "&max_age=other&max_age_other=%s", values[i],
                        values[i], values[i], values[i], values[i]);

        str = page(form(query), text);

        for (k = 0, n = 0; k < str.len; k++) {
            n += strchr("<>\"'", str.data[k]) && str.data[k];
        }

        tags = i ? tags : n;

        ok(n > 100 && n == tags, "page.html with %s everywhere", values[i]);
    }
}


/* The links of a result, read again: the same form and policy. */

static void
test_urls(void)
{
    size_t                i, k;
    mta_sts_str_t         url, self;
    mta_sts_generator_t  *generator, *again;

    static const char *const  queries[] = {
        FORM_MX,
        FORM_RUA "&mode=enforce&max_age=86400",
        FORM_MX "&mode=none&max_age=other&max_age_other=1d+1h&format=json",
        "domain=B%C3%BCcher.example&mx=A.example%0D%0A*.b.example&mx=c.example"
        "&max_age=2592000&rua=mailto:a%2Bb%2526%253dc@d.example"
        "?x=%26y%23z&rua=https://a.example/;!,$&file=x&junk=1",
        "domain=+example.com+&mx=%09a%0A%0A&mode=+none&max_age=++&rua=+"
    };

    static const char *const  links[][2] = {
        { "{{#result}}{{download}}{{/result}}", "policy" },
        { "{{#result}}{{json}}{{/result}}", "json" }
    };

    for (i = 0; i < sizeof(queries) / sizeof(queries[0]) * 2; i++) {
        generator = form(queries[i / 2]);
        url = page_text(generator, links[i % 2][0]);
        self = SELF;

        if (!ok(mta_sts_str_starts(url, self) && url.data[self.len] == '?',
                "%s of %s", links[i % 2][1], queries[i / 2]))
        {
            continue;
        }

        again = form_read(mta_sts_str_after(url, self.len + 1));

        for (k = 0; k <= MTA_STS_FORM_MAX_AGE_OTHER; k++) {
            is_str(again->typed[k], generator->typed[k], "field %zu", k);
        }

        is_str(again->typed[MTA_STS_FORM_FORMAT],
               mta_sts_str_from(links[i % 2][1]), "and the format");
        ok(form_body(again).len > 0, "a policy");
        is_str(form_body(again), form_body(generator), "which is the same");
        is_str(again->server, generator->server, "with the same server");
    }
}


/* A form that can be sent has links that can be followed. */

static void
test_long_url(void)
{
    char                  query[8193];
    size_t                n, len;
    mta_sts_str_t         url;
    mta_sts_generator_t  *generator;

    len = (size_t) snprintf(query, sizeof(query), "domain=example.com&mx=a");

    for (n = 0; len < 8160; n++) {
        len += (size_t) snprintf(query + len, sizeof(query) - len, "+m%zu", n);
    }

    generator = form(query);
    ok(form_body(generator).len > 0, "%zu mx in %zu bytes", n, len);

    url = page_text(generator, "{{#result}}{{download}}{{/result}}");
    url = mta_sts_str_after(url, SELF.len + 1);

    ok(url.len <= 8192, "the URL's query has %zu bytes, at most 8192",
       url.len);
}


static json_t *
json(mta_sts_generator_t *generator)
{
    json_t          *object;
    mta_sts_buf_t   text = { &test.env, NULL, 0, 0, 0 };

    if (mta_sts_generator_json(generator, &text, &test.err) != MTA_STS_OK) {
        return NULL;
    }

    object = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);

    ok(object && text.data[text.len - 1] == '\n'
       && mta_sts_str_is_ascii(mta_sts_buf_str(&text)), "JSON is JSON");

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

    is_json(json_object_get(object, "domain"), generator->draft.domain,
            "domain");
    is_json(json_object_get(object, "policy_host"),
            mta_sts_str("mta-sts.example.com"), "policy_host");
    is_json(json_object_get(object, "mode"), mta_sts_str("enforce"), "mode");
    is_json(json_object_get(object, "id"),
            mta_sts_policy_id(generator->draft.entry.policy), "id");
    is_int(json_integer_value(json_object_get(object, "max_age")), 3600,
           "JSON: max_age");
    is_json(json_object_get(object, "policy"), form_body(generator),
            "policy");
    is_json(json_object_get(object, "policy_url"), generator->policy_url,
            "policy_url");
    is_json(json_object_get(object, "server"), generator->server, "server");
    is_json(json_object_get(object, "yaml"), generator->yaml, "yaml");

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

        is_json(json_object_get(record, "name"), generator->records[i].name,
                "name");
        is_json(json_object_get(record, "type"), mta_sts_str("TXT"), "type");
        is_json(json_object_get(record, "value"),
                generator->records[i].value, "value");
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
        "", "domain=%", "domain=%22&mode=%C3%BC&mx=%5C&max_age=%3C&rua='",
        FORM_MX "&max_age=other", "domain=example.com&mode=enforce",
        FORM_MX "&mode=a&mode=b"
    };

    static const struct {
        const char      *name;
        mta_sts_form_e   field;
    } keys[] = {
        { "domain", MTA_STS_FORM_DOMAIN }, { "mode", MTA_STS_FORM_MODE },
        { "mx", MTA_STS_FORM_MX }, { "max_age", MTA_STS_FORM_MAX_AGE },
        { "rua", MTA_STS_FORM_RUA }, { "query", MTA_STS_FORM_QUERY }
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
    test_real_page();
    test_urls();
    test_long_url();
    test_json();
    test_json_errors();

    return done();
}
