/*
 * What was imported, as text: a domains file, or server blocks; with comments
 * where a domain's bytes or id will be others.
 */

#include "cli/diag/diag.h"
#include "domains/domains.h"
#include "generator/generator.h"
#include "import.h"


/* Comments after domains begin in one column, at most this one. */

#define WRITE_COLUMN  44


static void write_yaml(const import_t *import, mta_sts_buf_t *text);
static void write_nginx(const import_t *import, mta_sts_buf_t *text);


static const import_format_t  write_formats[] = {
    { "yaml", "a domains file, for mta_sts_domains", 0, write_yaml },
    { "nginx", "a server block per domain", 1, write_nginx },
};

#define WRITE_FORMATS  (sizeof(write_formats) / sizeof(write_formats[0]))


const import_format_t *
import_format(const char *name)
{
    size_t  i;

    for (i = 0; i < WRITE_FORMATS; i++) {
        if (name == NULL || strcmp(name, write_formats[i].name) == 0) {
            return &write_formats[i];
        }
    }

    say("unknown format \"%s\", must be yaml or nginx", name);

    return NULL;
}


void
import_usage(FILE *out)
{
    size_t  i;

    for (i = 0; i < WRITE_FORMATS; i++) {
        (void) fprintf(out, "    %-12s  %s\n", write_formats[i].name,
                       write_formats[i].description);
    }
}


void
import_date(mta_sts_buf_t *text, time_t time)
{
    char       buf[64];
    struct tm  tm;

    time += 59;

    (void) gmtime_r(&time, &tm);
    (void) strftime(buf, sizeof(buf), "%Y-%m-%d %H:%M UTC", &tm);

    mta_sts_buf_add_cstr(text, buf);
}


static void
write_count(mta_sts_buf_t *text, size_t n, const char *one, const char *many)
{
    mta_sts_buf_add_uint(text, n);
    mta_sts_buf_add_char(text, ' ');
    mta_sts_buf_add_cstr(text, n == 1 ? one : many);
}


/* Is the id of the record, which may be missing, not that of the policy? */

static int
write_has_other_id(const import_t *import, const import_domain_t *domain)
{
    return import->from == IMPORT_LIVE
           && !mta_sts_str_eq(domain->id, mta_sts_policy_id(domain->policy));
}


static int
write_has_comment(const import_t *import, const import_domain_t *domain)
{
    return import->from != IMPORT_LIVE || domain->differs || domain->repaired
           || write_has_other_id(import, domain);
}


/* The name of a file may have any bytes. */

static void
write_place(mta_sts_buf_t *text, mta_sts_place_t place)
{
    size_t  begin;

    begin = text->len;

    mta_sts_buf_add_cstr(text, "was ");
    mta_sts_buf_add(text, place.file);
    mta_sts_str_clean(text->data + begin, text->len - begin);

    if (place.line) {
        mta_sts_buf_add_char(text, ':');
        mta_sts_buf_add_uint(text, place.line);
    }
}


/* An id is letters and digits; that of several records has "," in it. */

static void
write_id(mta_sts_str_t id, mta_sts_buf_t *text)
{
    mta_sts_buf_add_cstr(text, id.len == 0 ? "no id"
                               : memchr(id.data, ',', id.len) ? "ids "
                               : "id ");
    mta_sts_buf_add(text, id);
}


/* "# id 2024 -> 245b9dd69b6fe12e3407; bytes: line ends" */

static void
write_comment(const import_t *import, const import_domain_t *domain,
    mta_sts_buf_t *text)
{
    mta_sts_buf_add_cstr(text, "# ");

    if (import->from != IMPORT_LIVE) {
        write_place(text, domain->place);

    } else {
        write_id(domain->id, text);

        if (write_has_other_id(import, domain)) {
            mta_sts_buf_add_cstr(text, " -> ");
            mta_sts_buf_add(text, mta_sts_policy_id(domain->policy));
        }
    }

    if (domain->differs) {
        mta_sts_buf_add_cstr(text, "; bytes: ");
        import_bits(text, domain->differs);
    }

    if (domain->repaired) {
        mta_sts_buf_add_cstr(text, "; repaired: ");
        import_bits(text, domain->repaired);
    }
}


static void
write_head(const import_t *import, mta_sts_buf_t *text)
{
    int     differs;
    size_t  i;

    mta_sts_buf_add_cstr(text, "# Made by \"mta-sts import\" on ");
    import_date(text, import->now - 59);
    mta_sts_buf_add_cstr(text, ": ");
    write_count(text, import->n, "domain", "domains");
    mta_sts_buf_add_cstr(text, ".\n");

    for (i = 0, differs = 0; i < import->n; i++) {
        differs |= write_has_comment(import, &import->domains[i]);
    }

    if (differs && import->from == IMPORT_LIVE) {
        mta_sts_buf_add_cstr(text,
            "#\n"
            "# id OLD -> NEW: the id in the record today, and with this file.\n"
            "# bytes: how the served bytes will differ; they mean the same.\n");
    }

    if (import->n_repaired) {
        mta_sts_buf_add_cstr(text,
            "# repaired: senders saw no policy until now, so mode enforce is "
            "new to them: look\n"
            "# at what \"mta-sts check\" says about the mail servers before "
            "the record is\n"
            "# published.\n");
    }

    mta_sts_buf_add_char(text, '\n');
}


static void
write_policies(const import_t *import, mta_sts_buf_t *text)
{
    size_t                 i;
    mta_sts_arena_t        arena = { NULL, 0 };
    mta_sts_env_t          env = import->env;
    mta_sts_settings_t     settings;
    const import_group_t  *group;

    env.ctx = &arena;

    for (i = 0; i < import->n_groups; i++) {
        group = import->groups[i];

        mta_sts_buf_add_cstr(text, i ? "\n  " : "policies:\n  ");
        mta_sts_domains_write_text(text, group->name);
        mta_sts_buf_add_cstr(text, ":  # ");
        write_count(text, group->n, "domain", "domains");
        mta_sts_buf_add_cstr(text, ", id ");
        mta_sts_buf_add(text, mta_sts_policy_id(group->policy));
        mta_sts_buf_add_char(text, '\n');

        import_settings(group->policy, &env, &settings);
        mta_sts_domains_write_settings(text, 4, &settings);

        mta_sts_arena_reset(&arena);
    }

    if (import->n_groups) {
        mta_sts_buf_add_char(text, '\n');
    }

    mta_sts_arena_free(&arena);
}


/* Has a domain all of its policy from its group? */

static int
write_is_plain(const import_domain_t *domain)
{
    return domain->group
           && mta_sts_str_eq(mta_sts_policy_rua(domain->policy),
                             mta_sts_policy_rua(domain->group->policy));
}


/* The key of a domain, and the policy's name if that is all of it. */

static void
write_key(const import_domain_t *domain, mta_sts_buf_t *text)
{
    mta_sts_buf_add_cstr(text, "  ");
    mta_sts_domains_write_text(text, domain->domain);
    mta_sts_buf_add_char(text, ':');

    if (write_is_plain(domain)) {
        mta_sts_buf_add_char(text, ' ');
        mta_sts_domains_write_text(text, domain->group->name);
    }
}


static void
write_domain(const import_t *import, const import_domain_t *domain,
    size_t column, const mta_sts_env_t *env, mta_sts_buf_t *text)
{
    size_t              begin;
    mta_sts_settings_t  settings;

    begin = text->len;

    write_key(domain, text);

    if (write_has_comment(import, domain)) {
        do {
            mta_sts_buf_add_char(text, ' ');
        } while (text->len - begin < column);

        mta_sts_buf_add_char(text, ' ');
        write_comment(import, domain, text);
    }

    mta_sts_buf_add_char(text, '\n');

    if (write_is_plain(domain)) {
        return;
    }

    import_settings(domain->policy, env, &settings);

    if (domain->group == NULL) {
        mta_sts_domains_write_settings(text, 4, &settings);
        return;
    }

    mta_sts_buf_add_cstr(text, "    policy: ");
    mta_sts_domains_write_text(text, domain->group->name);
    mta_sts_buf_add_char(text, '\n');
    mta_sts_domains_write_rua(text, 4, &settings);
}


static void
write_yaml(const import_t *import, mta_sts_buf_t *text)
{
    size_t           i, width, column;
    mta_sts_arena_t  arena = { NULL, 0 };
    mta_sts_env_t    env = import->env;
    mta_sts_buf_t    key = { &import->env, NULL, 0, 0, 0 };

    env.ctx = &arena;
    column = 0;

    for (i = 0; i < import->n; i++) {
        write_key(&import->domains[i], &key);
        width = key.len + 1;
        key.len = 0;

        if (width > column && width <= WRITE_COLUMN) {
            column = width;
        }
    }

    write_policies(import, text);

    mta_sts_buf_add_cstr(text, "domains:\n");

    for (i = 0; i < import->n; i++) {
        write_domain(import, &import->domains[i], column, &env, text);
        mta_sts_arena_reset(&arena);
    }

    mta_sts_arena_free(&arena);
}


static void
write_nginx(const import_t *import, mta_sts_buf_t *text)
{
    size_t                  i;
    mta_sts_arena_t         arena = { NULL, 0 };
    mta_sts_env_t           env = import->env;
    mta_sts_settings_t      settings;
    const import_domain_t  *domain;

    env.ctx = &arena;

    for (i = 0; i < import->n; i++) {
        domain = &import->domains[i];

        if (i) {
            mta_sts_buf_add_char(text, '\n');
        }

        if (write_has_comment(import, domain)) {
            write_comment(import, domain, text);
            mta_sts_buf_add_char(text, '\n');
        }

        import_settings(domain->policy, &env, &settings);
        mta_sts_block_add(text, &settings, domain->domain);

        mta_sts_arena_reset(&arena);
    }

    mta_sts_arena_free(&arena);
}


void
import_write(const import_t *import, const import_format_t *format,
    mta_sts_buf_t *text)
{
    write_head(import, text);
    format->write(import, text);
    import_move(import, format, text);
}
