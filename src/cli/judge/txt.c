/*
 * TXT records: which one is meant, and its fields.
 */

#include "policy/policy.h"
#include "judge.h"


#define TXT_ID_MAX  32


/* Does text begin with a version, and then a ";" or nothing? */

static int
txt_is_version(mta_sts_str_t text, mta_sts_str_t version)
{
    if (!mta_sts_str_starts(text, version)) {
        return 0;
    }

    text = field_trim(mta_sts_str_after(text, version.len));

    return text.len == 0 || text.data[0] == ';';
}


/*
 * Does text begin with a version that is written wrongly: in another case, or
 * after white space?  Some senders take it for a record.
 */

static int
txt_is_almost(mta_sts_str_t text, mta_sts_str_t version)
{
    mta_sts_str_t  begin;

    text = field_trim(text);

    if (text.len < version.len) {
        return 0;
    }

    begin = text;
    begin.len = version.len;

    return mta_sts_str_caseeq(begin, version)
           && (text.len == version.len
               || !field_is_alnum(text.data[version.len]));
}


/* Does text have the word, in any case? */

static int
txt_has(mta_sts_str_t text, mta_sts_str_t word)
{
    size_t         i;
    mta_sts_str_t  part;

    part.len = word.len;

    for (i = 0; i + word.len <= text.len; i++) {
        part.data = text.data + i;

        if (mta_sts_str_caseeq(part, word)) {
            return 1;
        }
    }

    return 0;
}


/* What to do about a record that is missing or wrong. */

static const char *
txt_advice(const findings_t *findings)
{
    return findings->configured
           ? "publish the record that \"mta-sts records\" prints"
           : "publish \"v=STSv1; id=...;\" with an id that changes with the "
             "policy";
}


static mta_sts_str_t
txt_id(mta_sts_str_t value, findings_t *findings)
{
    size_t  i;

    if (value.len == 0) {
        finding_add(findings, TXT_ID_MISSING, NULL, "the id is empty; %s",
                    txt_advice(findings));
        return value;
    }

    for (i = 0; i < value.len && field_is_alnum(value.data[i]); i++) {
        /* void */
    }

    if (i < value.len || value.len > TXT_ID_MAX) {
        finding_add(findings, TXT_ID_SYNTAX, NULL, "id \"%.*s\" is not 1 to "
                    "%d letters and digits; mailauth, mox and postfix-tlspol "
                    "then see no policy", MTA_STS_SHOW(value), TXT_ID_MAX);
        return mta_sts_str("");
    }

    return value;
}


/*
 * Is the field "NAME=VALUE", with characters that both may have?  Adds a
 * syntax error otherwise.
 */

static int
txt_is_field(mta_sts_str_t field, finding_kind_e syntax, findings_t *findings)
{
    size_t         i;
    mta_sts_str_t  name, value;

    value = field;

    if (!field_next(&value, '=', &name) || !field_is_name(name)
        || value.len == 0)
    {
        finding_add(findings, syntax, NULL, "\"%.*s\" is not a name, \"=\" and "
                    "a value", MTA_STS_SHOW(field));
        return 0;
    }

    for (i = 0; i < value.len; i++) {
        if (value.data[i] <= ' ' || value.data[i] > '~'
            || value.data[i] == '=')
        {
            finding_add(findings, syntax, NULL, "\"%.*s\" has a character "
                        "that a field must not have", MTA_STS_SHOW(field));
            return 0;
        }
    }

    return 1;
}


/* The fields after the version. */

static mta_sts_str_t
txt_fields(mta_sts_str_t rest, findings_t *findings)
{
    int            ids;
    mta_sts_str_t  id, field;

    ids = 0;
    id = mta_sts_str("");

    while (field_next(&rest, ';', &field)) {

        field = field_trim(field);

        if (field.len == 0 && rest.data == NULL) {
            break;
        }

        if (!mta_sts_str_starts(field, mta_sts_str("id="))) {
            if (txt_is_field(field, TXT_SYNTAX, findings)) {
                finding_add(findings, TXT_EXTENSION, NULL, "field \"%.*s\" is "
                            "an extension, which checkdmarc rejects; leave it "
                            "out", MTA_STS_SHOW(field));
            }

        } else if (ids++ == 0) {
            id = txt_id(mta_sts_str_after(field, 3), findings);

        } else {
            finding_add(findings, TXT_ID_TWICE, NULL, "the record has \"id\" "
                        "more than once; senders take the first, mox and "
                        "Courier none");
        }
    }

    if (ids == 0) {
        finding_add(findings, TXT_ID_MISSING, NULL, "the record has no id; %s",
                    txt_advice(findings));
    }

    return id;
}


/* White space that is legal, but that some senders reject. */

static void
txt_spaces(mta_sts_str_t text, findings_t *findings)
{
    mta_sts_str_t  rest, field;

    if (text.len && memchr(text.data, '\t', text.len)) {
        finding_add(findings, TXT_TAB, NULL, "the record has a tab, with "
                    "which postfix-tlspol and Courier see no policy; use "
                    "spaces");
    }

    rest = text;

    if (field_next(&rest, ';', &field) && rest.data && field.len
        && field_is_space(field.data[field.len - 1]))
    {
        finding_add(findings, TXT_SPACE, NULL, "a space before the first "
                    "\";\", with which chasquid sees no record; leave it out");
    }

    while (field_next(&rest, ';', &field)) {
        /* void */
    }

    if (field.len && field_is_space(field.data[0])
        && field_trim(field).len == 0)
    {
        finding_add(findings, TXT_TRAILING_SPACE, NULL, "a space after the "
                    "last \";\", which KumoMTA rejects; leave it out");
    }
}


/*
 * Finds the records of a version.  Returns the first, or NULL, and the number
 * of them; if there is one, also of those that are almost one.
 */

static const dns_record_t *
txt_find(const dns_record_t *records, size_t n, mta_sts_str_t version,
    size_t *n_found)
{
    size_t               i, almost;
    const dns_record_t  *found;

    found = NULL;
    almost = 0;
    *n_found = 0;

    for (i = 0; i < n; i++) {
        if (txt_is_version(records[i].text, version)) {
            found = found ? found : &records[i];
            (*n_found)++;

        } else if (txt_is_almost(records[i].text, version)) {
            almost++;
        }
    }

    *n_found += found ? almost : 0;

    return found;
}


/* There is no record of the version, but perhaps another one. */

static void
txt_absent(const dns_record_t *records, size_t n, findings_t *findings)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (txt_has(records[i].text, mta_sts_str("stsv"))) {
            finding_add(findings, TXT_VERSION, NULL, "\"%.*s\" does not begin "
                        "with exactly \"v=STSv1;\", so senders do not see it",
                        MTA_STS_SHOW(records[i].text));
            return;
        }
    }

    if (n) {
        finding_add(findings, TXT_VERSION, NULL, "there is only \"%.*s\", "
                    "perhaps of a wildcard; %s", MTA_STS_SHOW(records[0].text),
                    txt_advice(findings));
        return;
    }

    finding_add(findings, TXT_NONE, NULL, "no TXT record, so senders do not "
                "look for a policy; %s", txt_advice(findings));
}


int
txt_has_sts(const dns_answer_t *answer)
{
    size_t  n_found;

    return txt_find(answer->records, answer->n, mta_sts_str("v=STSv1"),
                    &n_found)
           != NULL;
}


mta_sts_str_t
txt_sts(const dns_record_t *records, size_t n, findings_t *findings)
{
    size_t               n_found;
    mta_sts_str_t        rest, version;
    const dns_record_t  *record;

    record = txt_find(records, n, mta_sts_str("v=STSv1"), &n_found);

    if (record == NULL) {
        txt_absent(records, n, findings);
        return mta_sts_str("");
    }

    if (n_found > 1) {
        finding_add(findings, TXT_SEVERAL, NULL, "%zu TXT records begin with "
                    "\"v=STSv1\", so many senders see none; remove all but "
                    "one", n_found);
        return mta_sts_str("");
    }

    if (n > 1) {
        finding_add(findings, TXT_OTHER, NULL, "other TXT records at the same "
                    "name, with which maddy sees no policy; move them");
    }

    if (record->strings > 1) {
        finding_add(findings, TXT_STRINGS, NULL, "the record has %u strings, "
                    "of which Courier reads one; publish it as one string",
                    record->strings);
    }

    txt_spaces(record->text, findings);

    rest = record->text;
    (void) field_next(&rest, ';', &version);

    return txt_fields(rest, findings);
}


static void
txt_uris(mta_sts_str_t rua, findings_t *findings)
{
    mta_sts_err_t    err;
    mta_sts_value_t  uri;
    mta_sts_str_t    part;

    uri.place = MTA_STS_NOWHERE;

    while (field_next(&rua, ',', &part)) {
        uri.text = field_trim(part);

        if (uri.text.len != part.len) {
            finding_add(findings, TLSRPT_SPACE, NULL, "white space around "
                        "\"%.*s\" is legal, but some reporters do not expect "
                        "it; leave it out", MTA_STS_SHOW(uri.text));
        }

        if (mta_sts_uri_check_rua(&uri, &err) != MTA_STS_OK) {
            finding_add(findings, TLSRPT_SYNTAX, NULL, "%s", err.text);
        }
    }
}


/* There is no TLSRPT record, but perhaps one that was to be. */

static void
txt_tlsrpt_absent(const dns_record_t *records, size_t n, findings_t *findings)
{
    if (n) {
        finding_add(findings, TLSRPT_VERSION, NULL, "\"%.*s\" does not begin "
                    "with exactly \"v=TLSRPTv1;\", so no report is sent",
                    MTA_STS_SHOW(records[0].text));
        return;
    }

    finding_add(findings, TLSRPT_NONE, NULL, "no TXT record, so no sender "
                "reports refused mail");
}


/* RFC 8460, 3: the version, then rua, then extensions. */

static mta_sts_str_t
txt_rua(mta_sts_str_t rest, findings_t *findings)
{
    mta_sts_str_t  rua, field;

    rua = mta_sts_str("");

    while (field_next(&rest, ';', &field)) {

        field = field_trim(field);

        if (field.len == 0 && rest.data == NULL) {
            break;
        }

        if (mta_sts_str_starts(field, mta_sts_str("rua="))) {

            if (rua.len) {
                finding_add(findings, TLSRPT_SYNTAX, NULL, "the record has "
                            "\"rua\" more than once; separate its URIs by "
                            "\",\"");
                continue;
            }

            rua = mta_sts_str_after(field, 4);

            if (rua.len) {
                txt_uris(rua, findings);
            }

            continue;
        }

        if (txt_is_field(field, TLSRPT_SYNTAX, findings) && rua.len == 0) {
            finding_add(findings, TLSRPT_SYNTAX, NULL, "\"%.*s\" is before "
                        "\"rua=\", which must be first", MTA_STS_SHOW(field));
        }
    }

    if (rua.len == 0) {
        finding_add(findings, TLSRPT_SYNTAX, NULL, "the record has no "
                    "\"rua=\", so no report is sent");
    }

    return rua;
}


mta_sts_str_t
txt_tlsrpt(const dns_record_t *records, size_t n, findings_t *findings)
{
    size_t               n_found;
    mta_sts_str_t        rest, version;
    const dns_record_t  *record;

    record = txt_find(records, n, mta_sts_str("v=TLSRPTv1"), &n_found);

    if (record == NULL) {
        txt_tlsrpt_absent(records, n, findings);
        return mta_sts_str("");
    }

    if (n_found > 1) {
        finding_add(findings, TLSRPT_SEVERAL, NULL, "%zu TXT records begin "
                    "with \"v=TLSRPTv1\", so senders see none; remove all but "
                    "one", n_found);
        return mta_sts_str("");
    }

    if (n > 1) {
        finding_add(findings, TLSRPT_OTHER, NULL, "other TXT records at the "
                    "same name, which some reporters do not expect; move "
                    "them");
    }

    if (record->strings > 1) {
        finding_add(findings, TLSRPT_STRINGS, NULL, "the record has %u "
                    "strings, of which some reporters read one; publish it as "
                    "one string", record->strings);
    }

    rest = record->text;
    (void) field_next(&rest, ';', &version);

    return txt_rua(rest, findings);
}
