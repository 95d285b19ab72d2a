/*
 * Building a table.  The rows are the domains in their order, with their
 * hashes.
 *
 * A slot of the index has 1 + the number of a row, or 0; at most three quarters
 * of them are used.  Their number n is a power of two, so that a hash times n
 * has the slot at which probing begins in its high 32 bits, and in its low ones
 * what else the hash has, above bits that are 0.  The number of the row is in
 * these: rows, which are anywhere in memory, are only looked at if the rest of
 * the hash fits.
 */

#include "slots.h"


static mta_sts_str_t
table_run_text(const mta_sts_table_run_t *run)
{
    mta_sts_str_t  text = { NULL, 0 };

    if (run) {
        text.data = (const char *) (uintptr_t) run->text;
        text.len = run->len;
    }

    return text;
}


/* Begins a run, unless text is that of the last.  Returns 0 on failure. */

static int
table_add_run(mta_sts_table_array_t *runs, uint32_t first, mta_sts_str_t text)
{
    mta_sts_str_t         last;
    mta_sts_table_run_t  *run;

    run = mta_sts_table_array_room(runs, 1, sizeof(mta_sts_table_run_t));
    if (run == NULL) {
        return 0;
    }

    last = table_run_text(runs->n ? &run[-1] : NULL);

    if (!mta_sts_str_eq(last, text)) {
        run->first = first;
        run->len = (uint32_t) text.len;
        run->text = (uintptr_t) text.data;
        runs->n++;
    }

    return 1;
}


int
mta_sts_table_add_policy(mta_sts_table_builder_t *b,
    const mta_sts_policy_t *policy, mta_sts_str_t policy_name, uint32_t *index,
    mta_sts_err_t *err)
{
    uint64_t  *added;

    if (b->policies.n == MTA_STS_TABLE_REMOVED) {
        return mta_sts_error(err, MTA_STS_NOWHERE,
                             "too many policies for a table");
    }

    added = mta_sts_table_array_room(&b->policies, 1, sizeof(uint64_t));

    if (added == NULL
        || !table_add_run(&b->policy_names, (uint32_t) b->policies.n,
                          policy_name))
    {
        return mta_sts_error_memory(err);
    }

    *index = (uint32_t) b->policies.n++;
    *added = (uintptr_t) policy;

    return MTA_STS_OK;
}


const mta_sts_policy_t *
mta_sts_table_added(const mta_sts_table_builder_t *b, uint32_t policy)
{
    const uint64_t  *added;

    added = b->policies.elts;

    return (const mta_sts_policy_t *) (uintptr_t) added[policy];
}


mta_sts_str_t
mta_sts_table_added_name(const mta_sts_table_builder_t *b, uint32_t policy)
{
    return table_run_text(mta_sts_table_run(b->policy_names.elts,
                                            b->policy_names.n, policy));
}


/* What a slot of an index of n has for a row, whose number is from 0. */

static uint32_t
table_index_value(uint32_t hash, size_t row, size_t n)
{
    return hash * (uint32_t) n | ((uint32_t) row + 1);
}


/* The row of a slot of the index that is not empty. */

static mta_sts_table_row_t *
table_index_row(const mta_sts_table_builder_t *b, uint32_t value)
{
    value &= (uint32_t) b->index.n - 1;

    return (mta_sts_table_row_t *) b->rows.elts + value - 1;
}


/* The index slot of domain, or the empty one where it belongs. */

static uint32_t *
table_index_slot(const mta_sts_table_builder_t *b, mta_sts_str_t domain,
    uint32_t hash)
{
    uint64_t                    i;
    uint32_t                   *index, rest;
    const mta_sts_table_row_t  *row;

    index = b->index.elts;
    i = mta_sts_table_first(hash, b->index.n);
    rest = hash * (uint32_t) b->index.n;

    for ( ;; ) {
        if (index[i] == 0) {
            return &index[i];
        }

        if ((index[i] ^ rest) < b->index.n) {
            row = table_index_row(b, index[i]);

            if (row->hash == hash
                && mta_sts_str_eq(mta_sts_table_name(b->names.elts, row->name),
                                  domain))
            {
                return &index[i];
            }
        }

        i = i + 1 == b->index.n ? 0 : i + 1;
    }
}


int
mta_sts_table_is_added(const mta_sts_table_builder_t *b, mta_sts_str_t domain,
    uint32_t *policy)
{
    uint32_t  value;

    if (b->index.n == 0) {
        return 0;
    }

    value = *table_index_slot(b, domain, mta_sts_hash(&b->key, domain));

    if (value == 0) {
        return 0;
    }

    *policy = table_index_row(b, value)->policy;

    return 1;
}


void
mta_sts_table_prefetch_added(const mta_sts_table_builder_t *b,
    mta_sts_str_t domain)
{
    const uint32_t  *index;

    index = b->index.elts;

    if (index) {
        __builtin_prefetch(&index[mta_sts_table_first(
            mta_sts_hash(&b->key, domain), b->index.n)]);
    }
}


/* Makes room for one more row in the index.  Returns 0 on failure. */

static int
table_index_grow(mta_sts_table_builder_t *b)
{
    size_t                      i;
    uint64_t                    k;
    uint32_t                   *index;
    mta_sts_table_array_t       grown;
    const mta_sts_table_row_t  *rows;

    if (b->rows.n < b->index.n / 4 * 3) {
        return 1;
    }

    memset(&grown, 0, sizeof(mta_sts_table_array_t));

    i = b->index.n ? 2 * b->index.n : 16;

    index = mta_sts_table_array_room(&grown, i, sizeof(uint32_t));
    if (index == NULL) {
        return 0;
    }

    memset(index, 0, i * sizeof(uint32_t));

    grown.n = i;

    mta_sts_table_array_free(&b->index);
    b->index = grown;

    rows = b->rows.elts;

    for (i = 0; i < b->rows.n; i++) {

        if (i + MTA_STS_TABLE_AHEAD < b->rows.n) {
            k = mta_sts_table_first(rows[i + MTA_STS_TABLE_AHEAD].hash,
                                    grown.n);
            __builtin_prefetch(&index[k]);
        }

        k = mta_sts_table_first(rows[i].hash, grown.n);

        while (index[k]) {
            k = k + 1 == grown.n ? 0 : k + 1;
        }

        index[k] = table_index_value(rows[i].hash, i, grown.n);
    }

    return 1;
}


/* Handles a domain that is added again. */

static int
table_add_again(const mta_sts_table_builder_t *b,
    const mta_sts_table_row_t *row, mta_sts_place_t place, mta_sts_err_t *err)
{
    mta_sts_str_t  domain, file;

    if (b->rule == MTA_STS_TABLE_FIRST) {
        return MTA_STS_OK;
    }

    domain = mta_sts_table_name(b->names.elts, row->name);
    file = table_run_text(mta_sts_table_run(b->files.elts, b->files.n,
                                            row->name));

    return mta_sts_error(err, place, "duplicate domain \"%.*s\", first at "
                         "%.*s:%u", MTA_STS_SHOW(domain), (int) file.len,
                         file.len ? file.data : "", row->line);
}


int
mta_sts_table_reserve(mta_sts_table_builder_t *b, size_t n, size_t len,
    mta_sts_err_t *err)
{
    if (n
        && (mta_sts_table_array_room(&b->rows, n, sizeof(mta_sts_table_row_t))
            == NULL
            || mta_sts_table_array_room(&b->names, len, 1) == NULL))
    {
        return mta_sts_error_memory(err);
    }

    return MTA_STS_OK;
}


int
mta_sts_table_add(mta_sts_table_builder_t *b, mta_sts_str_t domain,
    uint32_t policy, mta_sts_place_t place, mta_sts_err_t *err)
{
    char                 *name;
    uint32_t              hash, *slot;
    mta_sts_table_row_t  *row;

    if (b->rows.n == 0 && mta_sts_hash_init(&b->key, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    row = mta_sts_table_array_room(&b->rows, 1, sizeof(mta_sts_table_row_t));
    name = mta_sts_table_array_room(&b->names, domain.len + 2, 1);

    if (row == NULL || name == NULL
        || (b->rule != MTA_STS_TABLE_DISTINCT && !table_index_grow(b)))
    {
        return mta_sts_error_memory(err);
    }

    hash = mta_sts_hash(&b->key, domain);
    slot = NULL;

    if (b->index.n) {
        slot = table_index_slot(b, domain, hash);

        if (*slot) {
            return table_add_again(b, table_index_row(b, *slot), place, err);
        }
    }

    if (b->names.n == 0) {

        /* no name is at offset 0 */

        *name++ = '\0';
        b->names.n = 1;
    }

    if (b->names.n + domain.len + 1 > UINT32_MAX) {
        return mta_sts_error(err, place, "too many domains for a table");
    }

    row->hash = hash;
    row->name = (uint32_t) b->names.n;
    row->policy = policy;
    row->line = place.line;

    if (!table_add_run(&b->files, row->name, place.file)) {
        return mta_sts_error_memory(err);
    }

    if (slot) {
        *slot = table_index_value(hash, b->rows.n, b->index.n);
    }

    b->rows.n++;

    *name = (char) domain.len;
    memcpy(name + 1, domain.data, domain.len);
    b->names.n += 1 + domain.len;

    return MTA_STS_OK;
}


void
mta_sts_table_restart(mta_sts_table_builder_t *b)
{
    b->names.n = 0;
    b->rows.n = 0;
    b->files.n = 0;

    mta_sts_table_array_free(&b->index);
}


void
mta_sts_table_discard(mta_sts_table_builder_t *b)
{
    mta_sts_table_array_free(&b->names);
    mta_sts_table_array_free(&b->rows);
    mta_sts_table_array_free(&b->index);
    mta_sts_table_array_free(&b->policies);
    mta_sts_table_array_free(&b->files);
    mta_sts_table_array_free(&b->policy_names);
}


/*
 * Copies an array to env's memory and frees it at once, so that not all exist
 * twice at a time.  Returns NULL if the allocation failed.
 */

static void *
table_move(mta_sts_table_array_t *array, size_t elt, const mta_sts_env_t *env)
{
    void  *moved;

    moved = env->alloc(env->ctx, array->n ? array->n * elt : 1);

    if (moved && array->n) {
        memcpy(moved, array->elts, array->n * elt);
    }

    mta_sts_table_array_free(array);

    return moved;
}


int
mta_sts_table_end(mta_sts_table_builder_t *b, mta_sts_table_t *table,
    mta_sts_err_t *err)
{
    size_t                 n_slots;
    mta_sts_hash_key_t    *key;
    const mta_sts_env_t   *env;
    mta_sts_table_slot_t  *slots;

    memset(table, 0, sizeof(mta_sts_table_t));

    if (b->rows.n == 0) {
        mta_sts_table_discard(b);
        return MTA_STS_OK;
    }

    env = b->env;
    n_slots = b->rows.n + 2 * b->rows.n / 9 + 1;

    table->n = (uint32_t) b->rows.n;
    table->n_slots = (uint32_t) n_slots;
    table->names_len = b->names.n;
    table->n_policies = b->policies.n;
    table->n_files = b->files.n;
    table->n_policy_names = b->policy_names.n;
    table->limit = UINT64_MAX;

    mta_sts_table_array_free(&b->index);

    table->names = table_move(&b->names, 1, env);
    table->policies = table_move(&b->policies, sizeof(uint64_t), env);
    table->files = table_move(&b->files, sizeof(mta_sts_table_run_t), env);
    table->policy_names = table_move(&b->policy_names,
                                     sizeof(mta_sts_table_run_t), env);

    slots = env->alloc(env->ctx, n_slots * sizeof(mta_sts_table_slot_t));
    key = NULL;

    if (n_slots > MTA_STS_TABLE_FEW) {
        key = env->alloc(env->ctx, sizeof(mta_sts_hash_key_t));

        if (key) {
            *key = b->key;
        }
    }

    if (table->names == NULL || table->policies == NULL || table->files == NULL
        || table->policy_names == NULL || slots == NULL
        || (key == NULL && n_slots > MTA_STS_TABLE_FEW))
    {
        mta_sts_table_discard(b);
        return mta_sts_error_memory(err);
    }

    mta_sts_table_fill(b, table->names, slots, n_slots);

    table->slots = slots;
    table->key = key;

    mta_sts_table_discard(b);

    return MTA_STS_OK;
}
