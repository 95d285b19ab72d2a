/*
 * The live world: which policy senders see, if any.
 */

#include "import.h"


/* What the addresses of a policy host serve. */

typedef struct {
    const fetch_t  *body;             /* the first with a policy, or NULL */
    int             accepted;         /* one is as senders want it */
    int             differ;           /* two policies */
    size_t          refused;          /* addresses without one */
    size_t          unknown;          /* that were not reached, or not tried */
} live_host_t;


static int
live_is_reached(const fetch_t *fetch)
{
    return !fetch->no_route && !fetch->no_socket && fetch->connected
           && fetch->code != CURLE_OPERATION_TIMEDOUT;
}


static void
live_host(const facts_t *facts, live_host_t *live)
{
    size_t               i;
    const fetch_t       *fetch;
    const probe_host_t  *host;

    memset(live, 0, sizeof(live_host_t));

    host = &facts->host;

    /* those that --family leaves out are not asked for */

    live->unknown = host->n_addresses - host->n - host->n_family
                    + (host->a.status == DNS_FAILED)
                    + (host->aaaa.status == DNS_FAILED);

    for (i = 0; i < host->n; i++) {
        fetch = host->fetches[i];

        if (!live_is_reached(fetch)) {
            live->unknown++;
            continue;
        }

        if (!served_has_body(fetch, facts->now)) {
            live->refused++;
            continue;
        }

        live->accepted |= served_is_read(fetch, facts->now);

        if (live->body == NULL) {
            live->body = fetch;

        } else if (!mta_sts_str_eq(live->body->body, fetch->body)) {
            live->differ = 1;
        }
    }
}


static uint32_t
live_max(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}


/*
 * The largest TTL on the way to the addresses: that of the zone's own name
 * servers, since what a cache has left is less.
 */

static int64_t
live_ttl(const facts_t *facts)
{
    uint32_t  ttl;

    ttl = live_max(facts->host.a.ttl_max, facts->host.aaaa.ttl_max);
    ttl = live_max(ttl, facts->auth[PROBE_AUTH_A].ttl);
    ttl = live_max(ttl, facts->auth[PROBE_AUTH_AAAA].ttl);

    return facts->host.n_addresses ? (int64_t) ttl : -1;
}


/* Is it an error of the record with which senders see no policy? */

static int
live_is_record(const finding_t *finding)
{
    return finding->severity == FINDING_ERROR
           && finding_kind(finding->kind)->subject == FINDING_TXT;
}


static int
live_is_host(const finding_t *finding)
{
    return finding->severity == FINDING_ERROR && finding->kind != POLICY_TYPE
           && finding_kind(finding->kind)->subject == FINDING_HOST;
}


static int
live_is_type(const finding_t *finding)
{
    return finding->kind == POLICY_TYPE;
}


/* The first finding that is such a reason, or NULL. */

static const finding_t *
live_reason(const result_t *result, int (*is_reason)(const finding_t *finding))
{
    size_t  i;

    for (i = 0; i < result->findings.n; i++) {
        if (is_reason(&result->findings.elts[i])) {
            return &result->findings.elts[i];
        }
    }

    return NULL;
}


static void
live_refuse(import_t *import, const result_t *result,
    const finding_t *reason, const char *otherwise)
{
    import_refuse(import, MTA_STS_NOWHERE, result->entry->domain, "%s",
                  reason ? reason->text.data : otherwise);
}


static void
live_unknown(import_t *import, const result_t *result)
{
    const char     *what;
    const facts_t  *facts;

    facts = result->facts;

    if (facts->txt.status == DNS_FAILED) {
        what = facts->txt.error;

    } else if (facts->host.a.status == DNS_FAILED) {
        what = facts->host.a.error;

    } else if (facts->host.aaaa.status == DNS_FAILED) {
        what = facts->host.aaaa.error;

    } else if (facts->host.n == 0) {
        what = "no address of the policy host was tried";

    } else {
        what = "no address of the policy host answers";
    }

    import_say(MTA_STS_NOWHERE, result->entry->domain, "unknown: %s; try again",
               what);

    import->n_unknown++;
}


/* Neither a record nor a policy host: there is nothing to import. */

static int
live_is_nothing(const facts_t *facts)
{
    return facts->txt.status == DNS_EMPTY && !txt_has_sts(&facts->txt_twice)
           && !txt_has_sts(&facts->txt_apex)
           && facts->host.a.status == DNS_EMPTY
           && facts->host.aaaa.status == DNS_EMPTY;
}


/* Is it a finding of the policy's text, whose errors were repaired? */

static int
live_is_repaired(const finding_t *finding, const findings_t *text)
{
    size_t  i;

    for (i = 0; i < text->n; i++) {
        if (text->elts[i].kind == finding->kind) {
            return 1;
        }
    }

    return 0;
}


/* What is imported, and yet not as it should be. */

static void
live_warn(import_t *import, const result_t *result, const live_host_t *live,
    const mta_sts_env_t *env)
{
    size_t            i;
    body_t            body;
    findings_t        text;
    const finding_t  *finding;

    memset(&text, 0, sizeof(findings_t));

    text.env = env;

    body_parse(&body, live->body->body, &text);

    for (i = 0; i < result->findings.n; i++) {
        finding = &result->findings.elts[i];

        if ((finding->severity == FINDING_ERROR
             && finding_kind(finding->kind)->subject == FINDING_TLSRPT)
            || finding->kind == TLSRPT_DNS)
        {
            import_say(MTA_STS_NOWHERE, result->entry->domain, "imported "
                       "without tlsrpt_rua: %s", finding->text.data);

        } else if (!body.valid && live_is_repaired(finding, &text)) {
            continue;

        } else if (live_is_host(finding)) {
            import_say(MTA_STS_NOWHERE, result->entry->domain, "imported as it "
                       "is: %s", finding->text.data);
        }
    }

    if (live->unknown) {
        import_say(MTA_STS_NOWHERE, result->entry->domain, "imported from %s, "
                   "but %zu other%s could not be looked at: see \"mta-sts "
                   "check --no-config\"", live->body->address, live->unknown,
                   live->unknown > 1 ? "s" : "");
        import->n_unknown++;
    }
}


/* The mail servers and the policy as it is imported, repaired or not. */

static void
live_warn_mail(import_t *import, const result_t *result,
    const mta_sts_env_t *env)
{
    size_t                  i;
    body_t                  body;
    findings_t              findings;
    const import_domain_t  *domain;

    memset(&findings, 0, sizeof(findings_t));

    findings.env = env;
    domain = &import->domains[import->n - 1];

    body_of(&body, domain->policy, env);
    mx_findings(result->facts, &body, &findings);
    finding_settle(&findings, (int) body.mode);

    for (i = 0; i < findings.n; i++) {
        if (findings.elts[i].kind == MX_NOT_COVERED
            && findings.elts[i].severity == FINDING_ERROR)
        {
            import_say(MTA_STS_NOWHERE, domain->domain, "imported as it is: %s",
                       findings.elts[i].text.data);
        }
    }
}


/* The report URIs of a record without errors. */

static mta_sts_str_t
live_rua(const result_t *result, const mta_sts_env_t *env)
{
    mta_sts_str_t  rua;
    findings_t     findings;

    memset(&findings, 0, sizeof(findings_t));

    findings.env = env;

    rua = txt_tlsrpt(result->facts->tlsrpt.records, result->facts->tlsrpt.n,
                     &findings);
    finding_settle(&findings, -1);

    return finding_count(&findings, FINDING_ERROR) ? mta_sts_str("") : rua;
}


/* The ids of all records, with ", " between them; mostly there is one. */

static mta_sts_str_t
live_ids(const result_t *result, const mta_sts_env_t *env)
{
    size_t               i;
    findings_t           findings;
    mta_sts_buf_t        ids = { env, NULL, 0, 0, 0 };
    mta_sts_str_t        id;
    const dns_answer_t  *txt;

    memset(&findings, 0, sizeof(findings_t));

    findings.env = env;
    txt = &result->facts->txt;

    for (i = 0; i < txt->n; i++) {
        id = txt_sts(&txt->records[i], 1, &findings);

        if (id.len) {
            mta_sts_buf_add_cstr(&ids, ids.len ? ", " : "");
            mta_sts_buf_add(&ids, id);
        }
    }

    return mta_sts_buf_str(&ids);
}


static void
live_add(import_t *import, const result_t *result, const live_host_t *live,
    unsigned repaired)
{
    mta_sts_arena_t  arena = { NULL, 0 };
    mta_sts_env_t    env = { import->env.alloc, import->env.warn, &arena,
                             NULL };
    import_source_t  source;
    size_t           n;

    memset(&source, 0, sizeof(import_source_t));

    source.domain = result->entry->domain;
    source.text = live->body->body;
    source.id = live_ids(result, &env);
    source.rua = live_rua(result, &env);
    source.ttl = live_ttl(result->facts);
    source.repaired = repaired;

    n = import->n;

    import_add(import, &source);

    if (import->n > n) {
        live_warn(import, result, live, &env);
        live_warn_mail(import, result, &env);
    }

    mta_sts_arena_free(&arena);
}


void
import_result(import_t *import, const result_t *result)
{
    unsigned          repaired;
    live_host_t       live;
    const finding_t  *record;

    live_host(result->facts, &live);

    if (result->facts->txt.status == DNS_FAILED
        || (live.body == NULL && live.refused == 0
            && (live.unknown || result->facts->host.n_addresses)))
    {
        live_unknown(import, result);
        return;
    }

    if (live_is_nothing(result->facts)) {
        import_refuse(import, MTA_STS_NOWHERE, result->entry->domain,
                      "it has no MTA-STS, neither a record nor a policy host");
        return;
    }

    if (live.body == NULL || live.differ) {
        live_refuse(import, result, live_reason(result, live_is_host),
                    "the policy host serves no policy");
        return;
    }

    if (live.body->body.len > MTA_STS_BODY_MAX) {
        live_refuse(import, result, live_reason(result, live_is_host),
                    "the policy is too large");
        return;
    }

    record = live_reason(result, live_is_record);
    repaired = (record ? IMPORT(RECORD) : 0)
               | (live.accepted ? 0 : IMPORT(TYPE));

    if (record && !import->repair) {
        import_refuse(import, MTA_STS_NOWHERE, result->entry->domain,
                      "%s; --repair imports the policy that is served",
                      record->text.data);
        return;
    }

    if (!live.accepted && !import->repair) {
        record = live_reason(result, live_is_type);
        import_refuse(import, MTA_STS_NOWHERE, result->entry->domain,
                      "%s; --repair imports it",
                      record ? record->text.data : "the media type is wrong");
        return;
    }

    live_add(import, result, &live, repaired);
}
