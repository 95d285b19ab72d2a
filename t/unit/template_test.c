/*
 * The template is what stands between a stranger's query and a page: whatever
 * a value holds, it must come out as text, and a template of ours that is
 * wrong must say so before anybody sees half a page.
 */

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "generator/generator.h"
#include "generator/form.h"
#include "tap.h"


#define DEEP   "template is nested too deep"
#define OPEN   "template has an open tag"
#define NO_END(name)  "template has no end of \"" name "\""
#define TOO_MANY(name)  "template has an end of \"" name "\" too many"

#define FIELD(name, value)  { name, { value, sizeof(value) - 1 }, NULL, 0 }
#define LIST(name, list)                                                      \
    { name, { "", 0 }, list, sizeof(list) / sizeof(list[0]) }
#define FIELDS(array)  { array, sizeof(array) / sizeof(array[0]) }


/* Three records, each with a list of its own or an empty one; a small scope. */

static const mta_sts_field_t  leaf_x[] = { FIELD("leaf", "x") };
static const mta_sts_field_t  leaf_y[] = { FIELD("leaf", "y") };

static mta_sts_fields_t  leaves[] = { FIELDS(leaf_x), FIELDS(leaf_y) };

static const mta_sts_field_t  record_a[] = {
    FIELD("key", "a"), FIELD("note", ""), LIST("leaves", leaves)
};

static const mta_sts_field_t  record_b[] = {
    FIELD("key", "b"), FIELD("note", "<n>"), FIELD("leaves", "")
};

static const mta_sts_field_t  record_c[] = {
    FIELD("key", "c"), FIELD("outer", "inner")
};

static mta_sts_fields_t  records[] = {
    FIELDS(record_a), FIELDS(record_b), FIELDS(record_c)
};

static const mta_sts_field_t  inner_elts[] = {
    FIELD("outer", "in"), FIELD("same", "s")
};

static mta_sts_fields_t  inner[] = { FIELDS(inner_elts) };
static mta_sts_fields_t  twice[] = { FIELDS(inner_elts) };

static const mta_sts_field_t  top_elts[] = {
    FIELD("word", "w"),
    FIELD("empty", ""),
    FIELD("outer", "out"),
    FIELD("evil", "&<>\"'a`={{word}}</p>"),
    FIELD("bytes", "\xc3\xbc\n\t\x80"),
    FIELD("key", "top"),
    LIST("records", records),
    LIST("inner", inner),
    LIST("same", twice)
};

static const mta_sts_fields_t  top = FIELDS(top_elts);


static const struct {
    const char  *text;
    const char  *page;
} pages[] = {
    { "", "" },
    { "a", "a" },
    { "a{b}c", "a{b}c" },
    { "{", "{" },
    { "}", "}" },
    { "}}", "}}" },
    { "a}}b{", "a}}b{" },
    { "{ {word}}", "{ {word}}" },
    { "a { color: red } { b }", "a { color: red } { b }" },
    { "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1}}" },

    { "{{word}}", "w" },
    { "a{{word}}b{{word}}{{word}}c", "awbwwc" },
    { "{{empty}}", "" },
    { "a{{nobody}}b", "ab" },
    { "a{{}}b", "ab" },
    { "a{{ word }}b", "ab" },
    { "a{{Word}}{{wor}}{{words}}b", "ab" },
    { "a{{wo}rd}}b", "ab" },

    /* nothing gets in unescaped, not by Mustache's own ways either */

    { "{{evil}}", "&amp;&lt;&gt;&quot;&#39;a`={{word}}&lt;/p&gt;" },
    { "{{&evil}}{{{evil}}}", "}" },
    { "{{bytes}}", "\xc3\xbc\n\t\x80" },
    { "&<>\"'", "&<>\"'" },

    /* sections of a value */

    { "{{#word}}yes{{/word}}", "yes" },
    { "{{#empty}}yes{{/empty}}", "" },
    { "{{#nobody}}yes{{/nobody}}", "" },
    { "{{^word}}no{{/word}}", "" },
    { "{{^empty}}no{{/empty}}", "no" },
    { "{{^nobody}}no{{/nobody}}", "no" },
    { "a{{#word}}{{/word}}b", "ab" },
    { "{{#word}}<{{word}}>{{/word}}", "<w>" },
    { "{{#word}}1{{/word}}{{^word}}2{{/word}}{{#word}}3{{/word}}", "13" },
    { "{{#word}}{{#empty}}1{{/empty}}{{^empty}}2{{/empty}}{{/word}}", "2" },
    { "{{#empty}}{{#word}}1{{/word}}{{word}}{{/empty}}3", "3" },
    { "{{#empty}}{{^empty}}1{{/empty}}{{/empty}}", "" },
    { "{{#empty}}{{#records}}{{key}}{{/records}}{{/empty}}", "" },
    { "{{^word}}{{#records}}{{key}}{{/records}}{{/word}}", "" },
    { "{{#word}}{{#word}}{{word}}{{/word}}{{/word}}", "w" },
    { "{{#empty}}{{#empty}}1{{/empty}}2{{/empty}}3", "3" },

    /* lists, and who is asked for a name first */

    { "{{#records}}{{key}}{{/records}}", "abc" },
    { "{{#records}}({{key}}:{{note}}){{/records}}",
      "(a:)(b:&lt;n&gt;)(c:)" },
    { "{{#records}}{{outer}} {{/records}}{{outer}}", "out out inner out" },
    { "{{#records}}{{word}}{{/records}}{{key}}", "wwwtop" },
    { "{{#records}}{{#note}}n{{/note}}{{^note}}-{{/note}}{{/records}}",
      "-n-" },
    { "{{#records}}{{key}}{{#leaves}}{{leaf}}{{key}}{{outer}}{{/leaves}};"
      "{{/records}}", "axaoutyaout;b;c;" },
    { "{{#records}}{{^leaves}}none{{/leaves}}{{/records}}", "nonenone" },
    { "{{^records}}none{{/records}}", "" },
    { "{{records}}", "" },
    { "{{#records}}{{/records}}", "" },
    { "{{leaf}}{{note}}", "" },
    { "{{#inner}}{{outer}}{{#word}}{{outer}}{{/word}}{{/inner}}{{outer}}",
      "ininout" },
    { "{{#inner}}{{#empty}}{{outer}}{{/empty}}{{^empty}}{{outer}}{{/empty}}"
      "{{/inner}}", "in" },
    { "{{#same}}{{same}}{{#same}}!{{/same}}{{/same}}", "s!" },
    { "{{#records}}{{#inner}}{{key}}{{outer}}{{/inner}}{{/records}}",
      "ainbincin" },

    /* the same name next to itself */

    { "{{#inner}}1{{/inner}}{{#inner}}2{{/inner}}", "12" }
};


static const struct {
    const char  *text;
    const char  *fault;
} refused[] = {
    { "{{", OPEN }, { "a{{", OPEN }, { "{{word", OPEN },
    { "{{word}", OPEN }, { "{{word} }", OPEN }, { "{{#word}}{{", OPEN },
    { "{{#empty}}{{/empty", OPEN }, { "{{word}}{{x", OPEN },

    { "{{#word}}", NO_END("word") }, { "{{^word}}", NO_END("word") },
    { "{{#empty}}a", NO_END("empty") }, { "{{#nobody}}", NO_END("nobody") },
    { "{{#records}}{{key}}", NO_END("records") },
    { "{{#word}}{{#empty}}{{/empty}}", NO_END("word") },
    { "{{#word}}{{#empty}}", NO_END("empty") },
    { "{{#}}", NO_END("") },

    { "{{/word}}", TOO_MANY("word") },
    { "{{#word}}{{/word}}{{/word}}", TOO_MANY("word") },
    { "{{#word}}{{/empty}}", TOO_MANY("empty") },
    { "{{#word}}{{/words}}", TOO_MANY("words") },
    { "{{#word}}{{/ word}}", TOO_MANY(" word") },
    { "{{#empty}}{{#word}}{{/empty}}{{/word}}", TOO_MANY("empty") },
    { "{{#records}}{{/key}}", TOO_MANY("key") },
    { "{{#word}}{{/}}", TOO_MANY("") },
    { "a{{/}}b", TOO_MANY("") }
};


static int
render(mta_sts_str_t template_text, mta_sts_buf_t *text)
{
    memset(text, 0, sizeof(mta_sts_buf_t));
    text->env = &test.env;

    return mta_sts_template_render(template_text, &top, text, &test.err);
}


static void
test_pages(void)
{
    size_t          i;
    mta_sts_str_t   str, none = { NULL, 0 };
    mta_sts_buf_t  text;

    for (i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        test_begin(0);

        str = mta_sts_str_from(pages[i].text);
        test.err.text[0] = '\0';

        str = render(str, &text) == MTA_STS_OK
              ? mta_sts_buf_str(&text) : mta_sts_str_from(test.err.text);

        is_str(str, mta_sts_str_from(pages[i].page), "page of %s",
               pages[i].text);
    }

    test_begin(0);
    is_int(render(none, &text), MTA_STS_OK, "a template of NULL");

    str = mta_sts_str("a{{word}}");
    str.len -= 2;
    is_int(render(str, &text), MTA_STS_ERROR, "what lies behind is no part");
}


static void
test_refused(void)
{
    size_t          i;
    mta_sts_buf_t  text;

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        test_begin(0);

        is_int(render(mta_sts_str_from(refused[i].text), &text),
               MTA_STS_ERROR, "refuse %s", refused[i].text);
        is_err(&test.err, 0, 0, refused[i].fault);
    }
}


/* Appends n sections within each other. */

static void
nest(mta_sts_buf_t *text, int n, const char *begin, const char *end)
{
    int  i;

    for (i = 0; i < n; i++) {
        mta_sts_buf_add_cstr(text, begin);
    }

    mta_sts_buf_add_char(text, '!');

    for (i = 0; i < n; i++) {
        mta_sts_buf_add_cstr(text, end);
    }
}


static void
test_depth(void)
{
    int             i;
    mta_sts_buf_t  text, page;

    static const struct {
        const char  *begin;
        const char  *end;
        const char  *page;
    } tests[] = {
        { "{{#word}}", "{{/word}}", "!" },
        { "{{^word}}", "{{/word}}", "" },
        { "{{#empty}}", "{{/empty}}", "" },
        { "{{^empty}}", "{{/empty}}", "!" }
    };

    for (i = 0; i < 4; i++) {
        test_begin(0);

        memset(&text, 0, sizeof(mta_sts_buf_t));
        text.env = &test.env;
        nest(&text, MTA_STS_TEMPLATE_DEPTH, tests[i].begin, tests[i].end);

        is_int(render(mta_sts_buf_str(&text), &page), MTA_STS_OK,
               "as deep as the header says: %s", tests[i].begin);
        is_str(mta_sts_buf_str(&page), mta_sts_str_from(tests[i].page),
               "to this page");

        text.len = 0;
        nest(&text, MTA_STS_TEMPLATE_DEPTH + 1, tests[i].begin,
             tests[i].end);

        is_int(render(mta_sts_buf_str(&text), &page), MTA_STS_ERROR,
               "one deeper: %s", tests[i].begin);
        is_err(&test.err, 0, 0, DEEP);

        /* those that stand side by side do not add up */

        text.len = 0;
        nest(&text, 2, tests[i].begin, tests[i].end);
        nest(&text, MTA_STS_TEMPLATE_DEPTH - 1, tests[i].begin,
             tests[i].end);
        nest(&text, MTA_STS_TEMPLATE_DEPTH - 1, tests[i].begin,
             tests[i].end);

        is_int(render(mta_sts_buf_str(&text), &page), MTA_STS_OK,
               "side by side: %s", tests[i].begin);
    }

    test_begin(0);
    memset(&text, 0, sizeof(mta_sts_buf_t));
    text.env = &test.env;
    nest(&text, 100000, "{{#word}}", "");

    is_int(render(mta_sts_buf_str(&text), &page), MTA_STS_ERROR,
           "100000 deep");
    is_err(&test.err, 0, 0, DEEP);
}


/*
 * A list within itself has an end, whatever comes of it: in another process,
 * since it might have none.
 */

static void
test_itself(void)
{
    int             status;
    size_t          i;
    pid_t           pid;
    mta_sts_buf_t  text;

    static const char *const  templates[] = {
        "{{#records}}{{#records}}{{key}}{{/records}}{{/records}}",
        "{{#records}}{{#records}}{{word}}{{/records}}{{/records}}",
        "{{#inner}}{{#inner}}{{nobody}}{{/inner}}{{/inner}}",
        "{{#records}}{{#leaves}}{{#records}}{{word}}{{/records}}{{/leaves}}"
        "{{/records}}"
    };

    for (i = 0; i < sizeof(templates) / sizeof(templates[0]); i++) {
        test_begin(0);
        (void) fflush(stdout);

        pid = fork();

        if (pid == 0) {
            (void) alarm(2);
            (void) render(mta_sts_str_from(templates[i]), &text);
            _exit(0);
        }

        if (pid == -1 || waitpid(pid, &status, 0) != pid) {
            abort();
        }

        ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "comes to an end: "
           "%s", templates[i]);
    }
}


/* The page that the module has, in each of its states. */

static mta_sts_str_t
page_file(void)
{
    FILE           *file;
    mta_sts_str_t   str = { NULL, 0 };

    static char  data[512 * 1024];

    file = fopen("src/generator/web/page.html", "rb");

    if (file) {
        str.data = data;
        str.len = fread(data, 1, sizeof(data), file);

        (void) fclose(file);
    }

    return str;
}


static void
test_page(void)
{
    size_t                i;
    mta_sts_str_t         page;
    mta_sts_buf_t        text;
    mta_sts_generator_t  *generator;

    static const struct {
        const char  *query;
        const char  *part;
    } tests[] = {
        { "", "" },
        { "domain=&mx=a..b&mode=x&max_age=0&rua=x", "invalid mx" },
        { "domain=%", "must be followed by two hex digits" },
        { "domain=example.com&domain=example.com", "duplicate" },
        { "domain=example.com&mx=mail.example.com", "_mta-sts" },
        { "domain=example.com&mode=none", "_mta-sts" },
        { "domain=example.com&mode=enforce&mx=*.example.com&max_age=1&"
          "rua=mailto:tls@example.com", "_smtp._tls" }
    };

    page = page_file();

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        if (page.data == NULL) {
            printf("ok %u # skip no page.html\n", ++tap_tests);
            continue;
        }

        test_begin(0);
        memset(&text, 0, sizeof(mta_sts_buf_t));
        text.env = &test.env;

        generator = test_alloc(&test, sizeof(mta_sts_generator_t));
        test.err.text[0] = '\0';

        ok(mta_sts_generator_read(generator,
                                  mta_sts_str_from(tests[i].query), &test.env,
                                  &test.err) == MTA_STS_OK
           && mta_sts_generator_page(generator, page,
                                     mta_sts_str("./generator"),
                                     mta_sts_str("0123"), &text, &test.err)
              == MTA_STS_OK
           && memmem(text.data, text.len, tests[i].part,
                     strlen(tests[i].part))
           && memmem(text.data, text.len, "{{", 2) == NULL,
           "page.html renders \"%s\" %s", tests[i].query, test.err.text);
    }
}


static int
memory_render(void)
{
    mta_sts_buf_t  text;

    return render(mta_sts_str("{{#records}}{{key}} is one of the records that "
                              "do not fit into the first piece of memory, nor "
                              "into the second one, as there are three of "
                              "them, and each of them is a long one of more "
                              "than a hundred bytes{{/records}}"), &text);
}


static int
memory_escape(void)
{
    mta_sts_buf_t  text = { &test.env, NULL, 0, 0, 0 };

    mta_sts_template_escape(&text, mta_sts_str("<"));

    return text.failed ? mta_sts_error_memory(&test.err) : MTA_STS_OK;
}


int
main(void)
{
    test_pages();
    test_refused();
    test_depth();
    test_itself();
    test_page();
    test_memory(memory_render, "render");
    test_memory(memory_escape, "escape");

    return done();
}
