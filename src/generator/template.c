/*
 * Pages from templates.  A template is walked as it stands; a section that is
 * not shown is walked without output, to find its end.
 */

#include "form.h"


typedef struct {
    mta_sts_str_t    rest;
    mta_sts_buf_t  *text;
    mta_sts_err_t   *err;
    int              depth;
} template_t;


/* The names that are known, from the inner ones to the outer. */

typedef struct template_scope_s  template_scope_t;

struct template_scope_s {
    const mta_sts_fields_t  *fields;
    const template_scope_t  *outer;
};


/* A tag: '#', '^', '/' or 0, and its name. */

typedef struct {
    char           kind;
    mta_sts_str_t  name;
} template_tag_t;


static int template_walk(template_t *template, const template_tag_t *section,
    const template_scope_t *scope, int show);


void
mta_sts_template_escape(mta_sts_buf_t *text, mta_sts_str_t str)
{
    size_t  i;

    for (i = 0; i < str.len; i++) {
        switch (str.data[i]) {

        case '&':
            mta_sts_buf_add_cstr(text, "&amp;");
            break;

        case '<':
            mta_sts_buf_add_cstr(text, "&lt;");
            break;

        case '>':
            mta_sts_buf_add_cstr(text, "&gt;");
            break;

        case '"':
            mta_sts_buf_add_cstr(text, "&quot;");
            break;

        case '\'':
            mta_sts_buf_add_cstr(text, "&#39;");
            break;

        default:
            mta_sts_buf_add_char(text, str.data[i]);
        }
    }
}


static const mta_sts_field_t *
template_find(const template_scope_t *scope, mta_sts_str_t name)
{
    size_t                  i;
    const mta_sts_field_t  *elts;

    for ( /* void */ ; scope; scope = scope->outer) {
        elts = scope->fields->elts;

        for (i = 0; i < scope->fields->n; i++) {
            if (mta_sts_str_eq(name, mta_sts_str_from(elts[i].name))) {
                return &elts[i];
            }
        }
    }

    return NULL;
}


/* Where two of ch stand in str; str.len if they do not. */

static size_t
template_index(mta_sts_str_t str, char ch)
{
    size_t  i;

    for (i = 0; i + 1 < str.len; i++) {
        if (str.data[i] == ch && str.data[i + 1] == ch) {
            return i;
        }
    }

    return str.len;
}


/* Takes what stands before the next tag, and the tag; 0 at the end. */

static int
template_next(template_t *template, mta_sts_str_t *before,
    template_tag_t *tag, int *found)
{
    size_t  len;

    tag->kind = '\0';
    tag->name.len = 0;

    len = template_index(template->rest, '{');

    *before = template->rest;
    before->len = len;

    template->rest = mta_sts_str_after(template->rest, len);
    *found = template->rest.len != 0;

    if (!*found) {
        return MTA_STS_OK;
    }

    template->rest = mta_sts_str_after(template->rest, 2);

    len = template_index(template->rest, '}');

    if (len == template->rest.len) {
        return mta_sts_error(template->err, MTA_STS_NOWHERE,
                             "template has an open tag");
    }

    tag->name = template->rest;
    tag->name.len = len;

    if (len && strchr("#^/", tag->name.data[0])) {
        tag->kind = tag->name.data[0];
        tag->name = mta_sts_str_after(tag->name, 1);
    }

    template->rest = mta_sts_str_after(template->rest, len + 2);

    return MTA_STS_OK;
}


/* Walks a section as often as its field says, but at least once. */

static int
template_section(template_t *template, const template_tag_t *tag,
    const template_scope_t *scope, int show)
{
    int                     empty;
    size_t                  i;
    mta_sts_str_t           begin;
    template_scope_t        inner;
    const mta_sts_field_t  *field;

    field = template_find(scope, tag->name);
    empty = field == NULL || (field->value.len == 0 && field->n == 0);

    if (tag->kind == '^') {
        return template_walk(template, tag, scope, show && empty);
    }

    if (empty || !show || field->n == 0) {
        return template_walk(template, tag, scope, show && !empty);
    }

    begin = template->rest;
    inner.outer = scope;

    for (i = 0; i < field->n; i++) {
        inner.fields = &field->list[i];
        template->rest = begin;

        if (template_walk(template, tag, &inner, 1) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_OK;
}


/* Walks until the end of a section, or of the template if that is NULL. */

static int
template_walk(template_t *template, const template_tag_t *section,
    const template_scope_t *scope, int show)
{
    int                     rc, found;
    mta_sts_str_t           before;
    template_tag_t          tag;
    const mta_sts_field_t  *field;

    if (template->depth++ > MTA_STS_TEMPLATE_DEPTH) {
        return mta_sts_error(template->err, MTA_STS_NOWHERE,
                             "template is nested too deep");
    }

    for ( ;; ) {
        if (template_next(template, &before, &tag, &found) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }

        if (show) {
            mta_sts_buf_add(template->text, before);
        }

        if (!found || tag.kind == '/') {
            break;
        }

        rc = MTA_STS_OK;

        if (tag.kind) {
            rc = template_section(template, &tag, scope, show);

        } else if (show) {
            field = template_find(scope, tag.name);

            if (field) {
                mta_sts_template_escape(template->text, field->value);
            }
        }

        if (rc != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }

    template->depth--;

    if (!found && section) {
        return mta_sts_error(template->err, MTA_STS_NOWHERE,
                             "template has no end of \"%.*s\"",
                             MTA_STS_SHOW(section->name));
    }

    if (found && (section == NULL
                  || !mta_sts_str_eq(tag.name, section->name)))
    {
        return mta_sts_error(template->err, MTA_STS_NOWHERE,
                             "template has an end of \"%.*s\" too many",
                             MTA_STS_SHOW(tag.name));
    }

    return MTA_STS_OK;
}


int
mta_sts_template_render(mta_sts_str_t template_text,
    const mta_sts_fields_t *fields, mta_sts_buf_t *text, mta_sts_err_t *err)
{
    template_t        template;
    template_scope_t  scope;

    scope.fields = fields;
    scope.outer = NULL;

    template.rest = template_text;
    template.text = text;
    template.err = err;
    template.depth = 0;

    if (template_walk(&template, NULL, &scope, 1) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    return text->failed ? mta_sts_error_memory(err) : MTA_STS_OK;
}
