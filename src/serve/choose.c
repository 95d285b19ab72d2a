/*
 * nginx's choice of a server on one address.
 *
 * As in nginx there are three sets of names, of which the first with a match
 * decides: exact names, leading wildcards and trailing wildcards, the longest
 * first; then regexes in their order.  They are slots of one array with open
 * addressing.  The hash runs from the end of a name to its beginning, so that
 * one pass over a host gives the hashes of all its suffixes.
 */

#include "choose.h"


#define CHOOSE_SEED    0x811c9dc5u
#define CHOOSE_PRIME   0x01000193u


static const mta_sts_str_t  choose_prefix = { "mta-sts", 7 };


static inline uint32_t
choose_step(uint32_t hash, char ch)
{
    return (hash ^ (unsigned char) ch) * CHOOSE_PRIME;
}


static uint32_t
choose_hash(mta_sts_str_t text)
{
    size_t    i;
    uint32_t  hash;

    hash = CHOOSE_SEED;

    for (i = text.len; i > 0; i--) {
        hash = choose_step(hash, text.data[i - 1]);
    }

    return hash;
}


/* The slot of a text in a set, or the empty one where it would go. */

static choose_slot_t *
choose_slot(const mta_sts_answer_index_t *index, choose_set_e set,
    mta_sts_str_t text, uint32_t hash)
{
    uint32_t        i;
    choose_slot_t  *slot;

    for (i = hash ^ hash >> 16; ; i++) {
        slot = &index->slots[i & index->mask];

        if (slot->text.data == NULL
            || (slot->hash == hash && slot->set == (uint8_t) set
                && mta_sts_str_eq(slot->text, text)))
        {
            return slot;
        }
    }
}


/* Adds a text to a set; returns 0 if it is there already. */

static int
choose_insert(mta_sts_answer_index_t *index, choose_set_e set,
    mta_sts_str_t text, uint32_t server, int whole)
{
    uint32_t        hash;
    choose_slot_t  *slot;

    hash = choose_hash(text);
    slot = choose_slot(index, set, text, hash);

    if (slot->text.data) {
        return 0;
    }

    slot->text = text;
    slot->hash = hash;
    slot->set = (uint8_t) set;
    slot->server = server;
    slot->whole = (uint8_t) whole;

    return 1;
}


/* Follows ngx_hash_add_key(), which ignores what conflicts. */

static void
choose_add(mta_sts_answer_index_t *index, const mta_sts_server_name_t *name,
    uint32_t server)
{
    int            dot;
    mta_sts_str_t  text;

    text = name->value.text;
    dot = text.len > 1 && text.data[0] == '.';

    if (name->regex) {
        index->regexes[index->n_regexes].name = name;
        index->regexes[index->n_regexes++].server = server;

    } else if (dot || mta_sts_str_starts(text, mta_sts_str("*."))) {
        text = mta_sts_str_after(text, dot ? 1 : 2);

        /* ".name" takes the exact name, too, but does not match in that set */

        if (dot && !choose_insert(index, CHOOSE_EXACT, text, server, 0)) {
            return;
        }

        if (choose_insert(index, CHOOSE_HEAD, text, server, dot)) {
            index->head++;
        }

    } else if (mta_sts_str_ends(text, mta_sts_str(".*"))) {
        text.len -= 2;

        if (mta_sts_str_starts(text, choose_prefix)
            && choose_insert(index, CHOOSE_TAIL, text, server, 0)
            && text.len > index->tail_max)
        {
            index->tail_max = (uint32_t) text.len;
        }

    } else if (text.len
               && choose_insert(index, CHOOSE_EXACT, text, server, 1))
    {
        index->exact += mta_sts_str_starts(text, choose_prefix) ? 1 : 0;
    }
}


int
mta_sts_choose_index(const mta_sts_answers_t *answers,
    const mta_sts_answer_address_t *address, mta_sts_answer_index_t *index,
    const mta_sts_env_t *env)
{
    size_t                          names, regexes, slots, k;
    uint32_t                        i;
    choose_slot_t                  *tail;
    const mta_sts_answer_server_t  *server;

    memset(index, 0, sizeof(mta_sts_answer_index_t));

    names = 0;
    regexes = 0;

    for (i = 0; i < address->n; i++) {
        server = &answers->servers[address->servers[i]];
        names += server->n;
        index->defaults |= server->serves->default_policy != NULL;

        for (k = 0; k < server->n; k++) {
            regexes += server->names[k].regex != 0;
        }
    }

    /* at most two slots per name, of which at most half are used */

    for (slots = 4; slots < 4 * names; slots *= 2) {
        /* void */
    }

    index->mask = (uint32_t) slots - 1;
    index->otherwise = address->default_server;
    index->slots = env->alloc(env->ctx, slots * sizeof(choose_slot_t));
    index->regexes = env->alloc(env->ctx,
                                (regexes + 1) * sizeof(choose_regex_t));

    if (index->slots == NULL || index->regexes == NULL) {
        return 0;
    }

    memset(index->slots, 0, slots * sizeof(choose_slot_t));

    /* without another server nginx does not look at names */

    for (i = 0; i < address->n && address->n > 1; i++) {
        server = &answers->servers[address->servers[i]];

        for (k = 0; k < server->n; k++) {
            choose_add(index, &server->names[k], address->servers[i]);
        }
    }

    /* "mta-sts.*" matches every policy host, so what comes after it is never
       asked */

    tail = choose_slot(index, CHOOSE_TAIL, choose_prefix,
                       choose_hash(choose_prefix));

    if (tail->text.data) {
        index->otherwise = tail->server;
        index->n_regexes = 0;
    }

    return 1;
}


int
mta_sts_choose_is_constant(const mta_sts_answer_index_t *index)
{
    return index->exact == 0 && index->head == 0 && index->n_regexes == 0
           && index->tail_max <= choose_prefix.len;
}


/* By exact name or longest leading wildcard: the slot, or NULL. */

static const choose_slot_t *
choose_by_suffix(const mta_sts_answer_index_t *index, mta_sts_str_t host)
{
    size_t                i;
    uint32_t              hash;
    const choose_slot_t  *slot, *longest;

    hash = CHOOSE_SEED;
    longest = NULL;

    for (i = host.len; i > 0; i--) {
        hash = choose_step(hash, host.data[i - 1]);

        if (index->head && (i == 1 || host.data[i - 2] == '.')) {
            slot = choose_slot(index, CHOOSE_HEAD,
                               mta_sts_str_after(host, i - 1), hash);

            if (slot->text.data && (i > 1 || slot->whole)) {
                longest = slot;
            }
        }
    }

    if (index->exact) {
        slot = choose_slot(index, CHOOSE_EXACT, host, hash);

        if (slot->whole) {
            return slot;
        }
    }

    return longest;
}


/* By trailing wildcard. */

static const choose_slot_t *
choose_by_prefix(const mta_sts_answer_index_t *index, mta_sts_str_t host)
{
    size_t                i;
    const choose_slot_t  *slot;

    for (i = host.len - 1; i > choose_prefix.len; i--) {

        if (host.data[i] != '.' || i > index->tail_max) {
            continue;
        }

        host.len = i;
        slot = choose_slot(index, CHOOSE_TAIL, host, choose_hash(host));

        if (slot->text.data) {
            return slot;
        }
    }

    return NULL;
}


uint32_t
mta_sts_answers_choose(const mta_sts_answer_address_t *address,
    mta_sts_str_t host)
{
    uint32_t                       i;
    const choose_slot_t           *slot;
    const mta_sts_server_name_t   *name;
    const mta_sts_answer_index_t  *index;

    index = address->index;
    slot = NULL;

    if (index->exact || index->head) {
        slot = choose_by_suffix(index, host);
    }

    if (slot == NULL && index->tail_max > choose_prefix.len) {
        slot = choose_by_prefix(index, host);
    }

    if (slot) {
        return slot->server;
    }

    for (i = 0; i < index->n_regexes; i++) {
        name = index->regexes[i].name;

        if (name->match(name->regex, host)) {
            return index->regexes[i].server;
        }
    }

    return index->otherwise;
}
