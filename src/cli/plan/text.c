/*
 * The history of a domain as text, to be stored: one line per item, words
 * separated by spaces, lists in their order.
 *
 *     look TIME
 *     policy ID MODE MAX_AGE [MX...]
 *     address TEXT TTL ANSWERED LEFT
 *     served ADDRESS POLICY FIRST LAST GONE        (indexes from 0)
 *     shown SERVER ID TTL FIRST LAST GONE
 *     mx HOST TTL FIRST LEFT VALID_UNTIL
 */


#include "plan.h"


/* A word must be one: what a name server sent may have any bytes. */

static void
text_word(mta_sts_buf_t *text, mta_sts_str_t word)
{
    size_t  i;

    mta_sts_buf_add_char(text, ' ');

    for (i = 0; i < word.len; i++) {
        mta_sts_buf_add_char(text, word.data[i] > ' ' && word.data[i] <= '~'
                                   ? word.data[i] : '?');
    }

    if (word.len == 0) {
        mta_sts_buf_add_char(text, '-');
    }
}


/* Adds n numbers and ends the line. */

static void
text_numbers(mta_sts_buf_t *text, const int64_t *numbers, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        mta_sts_buf_add_char(text, ' ');
        mta_sts_buf_add_uint(text, (uint64_t) numbers[i]);
    }

    mta_sts_buf_add_char(text, '\n');
}


static void
text_policy(mta_sts_buf_t *text, const plan_policy_t *policy)
{
    size_t  i;

    mta_sts_buf_add_cstr(text, "policy");
    text_word(text, policy->id);
    text_word(text, mta_sts_mode_str(policy->mode));
    mta_sts_buf_add_char(text, ' ');
    mta_sts_buf_add_uint(text, policy->max_age);

    for (i = 0; i < policy->n_mx; i++) {
        text_word(text, policy->mx[i]);
    }

    mta_sts_buf_add_char(text, '\n');
}


mta_sts_str_t
plan_text(const plan_history_t *history)
{
    size_t         i;
    mta_sts_buf_t  text = { history->env, NULL, 0, 0, 0 };

    mta_sts_buf_add_cstr(&text, "look");
    text_numbers(&text, &history->look, 1);

    for (i = 0; i < history->n_policies; i++) {
        text_policy(&text, &history->policies[i]);
    }

    for (i = 0; i < history->n_addresses; i++) {
        const plan_address_t  *a = &history->addresses[i];

        mta_sts_buf_add_cstr(&text, "address");
        text_word(&text, a->text);
        text_numbers(&text, (int64_t[]) { a->ttl, a->answered, a->left }, 3);
    }

    for (i = 0; i < history->n_servings; i++) {
        const plan_serving_t  *s = &history->servings[i];

        mta_sts_buf_add_cstr(&text, "served");
        text_numbers(&text, (int64_t[]) { (int64_t) s->address,
                     (int64_t) s->policy, s->first, s->last, s->gone }, 5);
    }

    for (i = 0; i < history->n_showings; i++) {
        const plan_showing_t  *s = &history->showings[i];

        mta_sts_buf_add_cstr(&text, "shown");
        text_word(&text, s->server);
        text_word(&text, s->id);
        text_numbers(&text, (int64_t[]) { s->ttl, s->first, s->last, s->gone },
                     4);
    }

    for (i = 0; i < history->n_mx; i++) {
        const plan_mx_t  *mx = &history->mx[i];

        mta_sts_buf_add_cstr(&text, "mx");
        text_word(&text, mx->host);
        text_numbers(&text, (int64_t[]) { mx->ttl, mx->first, mx->left,
                     mx->valid_until }, 4);
    }

    return mta_sts_buf_str(&text);
}


/* Takes the next word of a line; empty at its end. */

static mta_sts_str_t
text_next(mta_sts_str_t *line)
{
    size_t         n;
    mta_sts_str_t  word;

    for (n = 0; n < line->len && line->data[n] != ' '; n++) {
        /* void */
    }

    word.data = line->data;
    word.len = n;

    *line = mta_sts_str_after(*line, n < line->len ? n + 1 : n);

    return word;
}


/* Reads n numbers, all that is left of a line; returns 0 if they are not. */

static int
text_read(mta_sts_str_t *line, int64_t *numbers, size_t n)
{
    size_t         i, k;
    mta_sts_str_t  word;

    for (i = 0; i < n; i++) {
        word = text_next(line);

        if (word.len == 0 || word.len > 18) {
            return 0;
        }

        for (numbers[i] = 0, k = 0; k < word.len; k++) {
            if (word.data[k] < '0' || word.data[k] > '9') {
                return 0;
            }

            numbers[i] = 10 * numbers[i] + (word.data[k] - '0');
        }
    }

    return line->len == 0;
}


static int
text_read_policy(plan_history_t *history, mta_sts_str_t line)
{
    int             mode;
    size_t          size;
    int64_t         age;
    mta_sts_str_t   word;
    plan_policy_t   policy;

    memset(&policy, 0, sizeof(plan_policy_t));

    policy.id = text_next(&line);
    word = text_next(&line);

    for (mode = 0; mode <= MTA_STS_NONE; mode++) {
        if (mta_sts_str_eq(word, mta_sts_mode_str((mta_sts_mode_e) mode))) {
            break;
        }
    }

    word = text_next(&line);

    if (mode > MTA_STS_NONE || !text_read(&word, &age, 1) || age > UINT32_MAX) {
        return 0;
    }

    policy.mode = (mta_sts_mode_e) mode;
    policy.max_age = (uint32_t) age;

    for (size = 0; line.len; ) {
        policy.mx = mta_sts_env_grow(history->env, policy.mx, policy.n_mx,
                                     &size, sizeof(mta_sts_str_t));
        policy.mx[policy.n_mx++] = text_next(&line);
    }

    (void) plan_policy_add(history, &policy);

    return 1;
}


static int
text_read_served(plan_history_t *history, mta_sts_str_t line)
{
    int64_t          n[5];
    plan_serving_t  *serving;

    if (!text_read(&line, n, 5) || (size_t) n[0] >= history->n_addresses
        || (size_t) n[1] >= history->n_policies)
    {
        return 0;
    }

    serving = plan_push(history, &history->servings, &history->n_servings,
                        &history->servings_size, sizeof(plan_serving_t));

    serving->address = (size_t) n[0];
    serving->policy = (size_t) n[1];
    serving->first = n[2];
    serving->last = n[3];
    serving->gone = n[4];

    return 1;
}


static int
text_read_shown(plan_history_t *history, mta_sts_str_t line)
{
    int64_t          n[4];
    mta_sts_str_t    server, id;
    plan_showing_t  *showing;

    server = text_next(&line);
    id = text_next(&line);

    if (!text_read(&line, n, 4)) {
        return 0;
    }

    showing = plan_push(history, &history->showings, &history->n_showings,
                        &history->showings_size, sizeof(plan_showing_t));

    showing->server = mta_sts_str_copy(history->env, server);
    showing->id = mta_sts_str_copy(history->env, id);
    showing->ttl = (uint32_t) n[0];
    showing->first = n[1];
    showing->last = n[2];
    showing->gone = n[3];

    return 1;
}


static int
text_read_host(plan_history_t *history, mta_sts_str_t line, int is_mx)
{
    int64_t          n[4];
    plan_mx_t       *mx;
    mta_sts_str_t    name;
    plan_address_t  *address;

    name = text_next(&line);

    if (!text_read(&line, n, is_mx ? 4 : 3)) {
        return 0;
    }

    if (is_mx) {
        mx = plan_push(history, &history->mx, &history->n_mx,
                       &history->mx_size, sizeof(plan_mx_t));

        mx->host = mta_sts_str_copy(history->env, name);
        mx->ttl = (uint32_t) n[0];
        mx->first = n[1];
        mx->left = n[2];
        mx->valid_until = n[3];

        return 1;
    }

    address = plan_push(history, &history->addresses, &history->n_addresses,
                        &history->addresses_size, sizeof(plan_address_t));

    address->text = mta_sts_str_copy(history->env, name);
    address->ttl = (uint32_t) n[0];
    address->answered = n[1];
    address->left = n[2];

    return 1;
}


static int
text_read_line(plan_history_t *history, mta_sts_str_t line)
{
    mta_sts_str_t  what;

    what = text_next(&line);

    if (mta_sts_str_eq(what, mta_sts_str("policy"))) {
        return text_read_policy(history, line);
    }

    if (mta_sts_str_eq(what, mta_sts_str("served"))) {
        return text_read_served(history, line);
    }

    if (mta_sts_str_eq(what, mta_sts_str("shown"))) {
        return text_read_shown(history, line);
    }

    if (mta_sts_str_eq(what, mta_sts_str("look"))) {
        return text_read(&line, &history->look, 1);
    }

    if (mta_sts_str_eq(what, mta_sts_str("mx"))) {
        return text_read_host(history, line, 1);
    }

    return mta_sts_str_eq(what, mta_sts_str("address"))
           && text_read_host(history, line, 0);
}


int
plan_parse(plan_history_t *history, mta_sts_str_t text,
    const mta_sts_env_t *env)
{
    const char     *end;
    mta_sts_str_t   line;

    memset(history, 0, sizeof(plan_history_t));

    history->env = env;

    while (text.len) {
        end = memchr(text.data, '\n', text.len);

        if (end == NULL) {
            return MTA_STS_ERROR;
        }

        line.data = text.data;
        line.len = (size_t) (end - text.data);

        if (!text_read_line(history, line)) {
            return MTA_STS_ERROR;
        }

        text = mta_sts_str_after(text, line.len + 1);
    }

    return MTA_STS_OK;
}
