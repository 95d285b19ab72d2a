/*
 * Who fetched what: counters in memory that processes share, and the answers
 * that are made of them.
 *
 *     header | names of policies | slots: hash of a domain, count, time
 *
 * A request only adds to a counter and locks nothing, but for the first after a
 * table was replaced, which may add names.  A process may end at any time.  The
 * counter of a domain is found by a hash of its name, which is not that of the
 * table: it stays when tables are replaced, and processes that have different
 * tables share it.  The caller counts domains of its configuration only, so no
 * client can make a counter.
 */

#ifndef MTA_STS_STATUS_STATUS_H
#define MTA_STS_STATUS_STATUS_H


#include <stdatomic.h>

#include "page/page.h"
#include "serve/serve.h"
#include "serve/slots.h"


#define MTA_STS_STATUS_HOUR   3600        /* seconds */
#define MTA_STS_STATUS_HOURS  24
#define MTA_STS_STATUS_MODES  3           /* mta_sts_mode_e */


/* How a request for a policy was answered. */

typedef enum {
    MTA_STS_STATUS_200 = 0,
    MTA_STS_STATUS_405,
    MTA_STS_STATUS_OTHER,
    MTA_STS_STATUS_CODES
} mta_sts_status_code_e;


/*
 * How a request for a location of TLS reports was answered; 201 is a report
 * that was stored.
 */

typedef enum {
    MTA_STS_REPORT_201 = 0,
    MTA_STS_REPORT_400,
    MTA_STS_REPORT_405,
    MTA_STS_REPORT_408,
    MTA_STS_REPORT_413,
    MTA_STS_REPORT_415,
    MTA_STS_REPORT_429,
    MTA_STS_REPORT_503,
    MTA_STS_REPORT_OTHER,
    MTA_STS_REPORT_CODES
} mta_sts_report_code_e;


typedef _Atomic uint64_t  mta_sts_count_t;


/* The counter of a domain. */

typedef struct {
    mta_sts_count_t      hash;            /* 0: not in use */
    _Atomic uint32_t     count;
    _Atomic uint32_t     time;            /* of the last fetch; seconds */
} mta_sts_status_slot_t;


/* The counter of a policy's name; such records are in units of 16 bytes. */

typedef struct {
    mta_sts_count_t      requests;
    uint32_t             len;
    char                 name[];
} mta_sts_status_name_t;

#define MTA_STS_STATUS_UNIT  16


/* The names get an eighth of the memory, but no more bytes than this. */

#define MTA_STS_STATUS_NAMES  (64 * 1024)


/* In shared memory, at the same address in all processes. */

typedef struct {
    _Alignas(16)
    mta_sts_count_t      requests[MTA_STS_STATUS_CODES][MTA_STS_STATUS_MODES];
    mta_sts_count_t      bytes;           /* of policies sent */
    mta_sts_count_t      without_policy;
    mta_sts_count_t      handshakes;      /* for names without a policy */
    mta_sts_count_t      reports[MTA_STS_REPORT_CODES];
    mta_sts_count_t      uncounted;       /* by domain */

    mta_sts_count_t      next;            /* when the next hour begins */
    mta_sts_count_t      hours[MTA_STS_STATUS_HOURS];   /* total at begin */
    int64_t              start;

    uint64_t             key[2];
    _Atomic uint32_t     n_domains;
    _Atomic uint32_t     n_released;      /* of them */
    _Atomic uint32_t     releases;        /* how often slots got free */
    uint32_t             max_domains;
    uint32_t             n_slots;
    _Atomic uint32_t     full;            /* it was logged */
    mta_sts_status_slot_t  *slots;

    char                *names;
    uint32_t             names_size;      /* units; the first is of no name */
    _Atomic uint32_t     names_len;
} mta_sts_status_t;


/*
 * Lays out counters in size bytes of zeroed memory, aligned to 16; now is in
 * seconds.
 *
 * Errors: the memory is too small; getrandom() failed.
 */
int mta_sts_status_init(void *memory, size_t size, int64_t now,
    mta_sts_status_t **status, mta_sts_err_t *err);

/*
 * Releases the counters of domains that are in none of n tables, for others.
 * bits has a zeroed bit for each of n_slots.
 */
void mta_sts_status_release(mta_sts_status_t *status,
    const mta_sts_table_t *const *tables, size_t n, unsigned char *bits);

/* Takes over all counters of another status, such as a smaller one. */
void mta_sts_status_copy(mta_sts_status_t *status,
    const mta_sts_status_t *other);

/* The counter of a domain, or NULL. */
mta_sts_status_slot_t *mta_sts_status_find(mta_sts_status_t *status,
    uint64_t hash);

/* The same, and makes one; NULL if there is no room. */
mta_sts_status_slot_t *mta_sts_status_add(mta_sts_status_t *status,
    uint64_t hash);

/* Goes on to the hour of now, also over hours without requests. */
void mta_sts_status_hour(mta_sts_status_t *status, int64_t now);

/* All requests for policies so far that were answered with 200. */
uint64_t mta_sts_status_fetches(const mta_sts_status_t *status);


/* The slot in which a domain is, or at which looking for one begins. */

#define mta_sts_status_first(status, hash)                                    \
    (&(status)->slots[mta_sts_table_first((uint32_t) ((hash) >> 32),          \
                                          (status)->n_slots)])

#define mta_sts_status_inc(counter)                                           \
    (void) atomic_fetch_add_explicit(counter, 1, memory_order_relaxed)

#define mta_sts_status_get(counter)                                           \
    atomic_load_explicit(counter, memory_order_relaxed)


/* The product of a and b, its two halves as one. */

static inline uint64_t
mta_sts_status_fold(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__

    unsigned __int128  product;

    product = (unsigned __int128) a * b;

    return (uint64_t) product ^ (uint64_t) (product >> 64);

#else

    uint64_t  low, high, mid;

    low = (a & UINT32_MAX) * (b & UINT32_MAX);
    mid = (a >> 32) * (b & UINT32_MAX) + (low >> 32);
    high = (a >> 32) * (b >> 32) + (mid >> 32);
    mid = (a & UINT32_MAX) * (b >> 32) + (mid & UINT32_MAX);
    high += mid >> 32;

    return ((mid << 32) | (low & UINT32_MAX)) ^ high;

#endif
}


/*
 * The hash of a domain, never 0.  All its bits matter: two domains with one
 * hash have one counter, which happens among a million domains with a
 * probability of 2^-24.  The key is random, so a client cannot choose them.
 */

static inline uint64_t
mta_sts_status_hash(const mta_sts_status_t *status, mta_sts_str_t domain)
{
    size_t    i, left;
    uint64_t  hash, word, last;

    hash = status->key[0] * domain.len;
    word = 0;
    last = 0;

    if (domain.len < sizeof(word)) {
        for (i = 0; i < domain.len; i++) {
            word = word << 8 | (unsigned char) domain.data[i];
        }

    } else {
        for (left = domain.len; left > 2 * sizeof(word); left -= sizeof(word))
        {
            memcpy(&word, domain.data + (domain.len - left), sizeof(word));
            hash = mta_sts_status_fold(hash ^ word, status->key[1]);
        }

        /* two words, which may overlap */

        memcpy(&word, domain.data + (domain.len - left), sizeof(word));
        memcpy(&last, domain.data + (domain.len - sizeof(word)),
               sizeof(word));
    }

    return mta_sts_status_fold(hash ^ word, last ^ status->key[1]) | 1;
}


/*
 * Does now belong to the hour that ends at next, or to the one before, as that
 * of another process may?  Otherwise an hour has begun, or the clock was set.
 */

static inline int
mta_sts_status_is_hour(int64_t now, uint64_t next)
{
    return next - (uint64_t) now - 1 < 2 * MTA_STS_STATUS_HOUR;
}


/*
 * Counts an answer to a request for a policy, in the hour that is now.  bytes
 * are those of the body.
 */

static inline void
mta_sts_status_count_in_hour(mta_sts_status_t *status, size_t mode,
    mta_sts_status_code_e code, size_t bytes)
{
    mta_sts_status_inc(&status->requests[code][mode]);

    (void) atomic_fetch_add_explicit(&status->bytes, bytes,
                                     memory_order_relaxed);
}


/* The same, where another hour may have begun. */

static inline void
mta_sts_status_count(mta_sts_status_t *status, size_t mode,
    mta_sts_status_code_e code, size_t bytes, int64_t now)
{
    if (!mta_sts_status_is_hour(now, mta_sts_status_get(&status->next))) {
        mta_sts_status_hour(status, now);
    }

    mta_sts_status_count_in_hour(status, mode, code, bytes);
}


/* Counts a fetch by the counter of its domain. */

static inline void
mta_sts_status_count_slot(mta_sts_status_slot_t *slot, int64_t now)
{
    mta_sts_status_inc(&slot->count);
    atomic_store_explicit(&slot->time, (uint32_t) now, memory_order_relaxed);
}


/*
 * Counts a fetch by its domain, of the configuration.  Returns the counter, or
 * NULL if there is no room.
 */

static inline mta_sts_status_slot_t *
mta_sts_status_count_domain(mta_sts_status_t *status, mta_sts_str_t domain,
    int64_t now)
{
    uint64_t                hash;
    mta_sts_status_slot_t  *slot;

    hash = mta_sts_status_hash(status, domain);
    slot = mta_sts_status_first(status, hash);

    if (mta_sts_status_get(&slot->hash) != hash) {
        slot = mta_sts_status_add(status, hash);

        if (slot == NULL) {
            return NULL;
        }
    }

    mta_sts_status_count_slot(slot, now);

    return slot;
}


/*
 * What the answers show, as values.
 */


/* A policy's name, and how often its policies were fetched. */

typedef struct {
    mta_sts_str_t    name;
    uint64_t         fetches;
} mta_sts_status_policy_t;


/* A domains file, a glob of them, or a table. */

typedef struct {
    mta_sts_str_t    name;
    uint64_t         domains;
    uint64_t         bytes;
    int64_t          modified;            /* seconds; 0: unknown */
} mta_sts_status_file_t;


/* A domain with its counter. */

typedef struct {
    mta_sts_str_t    domain;
    uint32_t         count;
    uint32_t         time;                /* of the last fetch, or 0 */
} mta_sts_status_domain_t;


#define MTA_STS_STATUS_LIST      10       /* on the page */
#define MTA_STS_STATUS_LIST_MAX  1000


/* Some domains, the first that the list is for at the end. */

typedef struct {
    mta_sts_status_domain_t  *elts;
    size_t                    n;
} mta_sts_status_list_t;


/* One domain that was asked for. */

typedef struct {
    mta_sts_str_t             typed;      /* empty: none was asked for */
    mta_sts_str_t             error;      /* what is wrong with it, or empty */
    int                       found;      /* it is in the configuration */
    mta_sts_entry_t           entry;
    mta_sts_status_domain_t   counter;
} mta_sts_status_asked_t;


/* Set what is commented here, and call mta_sts_status_read() for the rest. */

typedef struct {
    const mta_sts_env_t      *env;        /* memory of the answer */
    const mta_sts_table_t *const *tables; /* all domains of the configuration */
    size_t                    n_tables;
    mta_sts_status_file_t    *files;
    size_t                    n_files;
    mta_sts_str_t             version;    /* of the module */
    mta_sts_str_t             nginx;      /* its version */
    int64_t                   now;        /* seconds */
    size_t                    max;        /* domains in each list */

    int64_t                   start;
    uint64_t                  requests[MTA_STS_STATUS_CODES]
                                      [MTA_STS_STATUS_MODES];
    uint64_t                  fetches;
    uint64_t                  bytes;
    uint64_t                  without_policy;
    uint64_t                  handshakes;
    uint64_t                  reports[MTA_STS_REPORT_CODES];
    uint64_t                  uncounted;
    uint64_t                  hours[MTA_STS_STATUS_HOURS];  /* the last: now */
    uint64_t                  n_counted;
    uint64_t                  max_counted;
    mta_sts_status_policy_t  *policies;
    size_t                    n_policies;

    uint64_t                  n_domains;  /* of the tables, with lists only */
    uint64_t                  n_never;    /* fetched never, or not counted */
    mta_sts_status_list_t     recent;
    mta_sts_status_list_t     oldest;
    mta_sts_status_list_t     never;
    mta_sts_status_asked_t    asked;
} mta_sts_status_view_t;


/* The counter of a normalised domain; 0 if there is none. */
void mta_sts_status_counter(mta_sts_status_t *status, mta_sts_str_t domain,
    mta_sts_status_domain_t *counter);

/*
 * Reads the counters, and lists domains if max is not 0: each domain of the
 * tables once.
 *
 * Errors: out of memory.
 */
int mta_sts_status_read(mta_sts_status_t *status, mta_sts_status_view_t *view,
    mta_sts_err_t *err);

/* Makes the lists: of domains fetched most and least recently, and never. */
int mta_sts_status_lists(mta_sts_status_t *status, mta_sts_status_view_t *view,
    mta_sts_err_t *err);

/*
 * Looks a domain up, as it was typed.
 *
 * Errors: out of memory.
 */
int mta_sts_status_ask(mta_sts_status_t *status, mta_sts_status_view_t *view,
    mta_sts_str_t typed, mta_sts_err_t *err);


/* The formats of an answer. */

typedef enum {
    MTA_STS_STATUS_HTML = 0,
    MTA_STS_STATUS_JSON,
    MTA_STS_STATUS_PROMETHEUS,
    MTA_STS_STATUS_OPENMETRICS,
    MTA_STS_STATUS_FORMATS
} mta_sts_status_format_e;


/* What a request asks for. */

typedef struct {
    mta_sts_status_format_e   format;
    mta_sts_str_t             domain;     /* or empty */
    size_t                    max;
    mta_sts_str_t             error;      /* what is wrong, or empty */
} mta_sts_status_query_t;


/*
 * Reads a query and the field Accept, which may be empty, in env's memory.
 *
 * Errors: out of memory.
 */
int mta_sts_status_query(mta_sts_status_query_t *query, mta_sts_str_t args,
    mta_sts_str_t accept, const mta_sts_env_t *env, mta_sts_err_t *err);

/* The media type of a format. */
const char *mta_sts_status_type(mta_sts_status_format_e format);

/* The texts of codes, for labels. */
const char *mta_sts_status_code(mta_sts_status_code_e code);
const char *mta_sts_report_code(mta_sts_report_code_e code);

/*
 * Gives the answer in a format, in view->env's memory.  version is as for
 * mta_sts_page_t.
 *
 * Errors: out of memory.
 */
int mta_sts_status_text(const mta_sts_status_view_t *view,
    mta_sts_status_format_e format, mta_sts_str_t version,
    mta_sts_str_t *text, mta_sts_err_t *err);


#endif /* MTA_STS_STATUS_STATUS_H */
