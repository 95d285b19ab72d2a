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


static mta_sts_str_t
txt_id(mta_sts_str_t value, findings_t *findings)
{
    size_t  i;

    if (value.len == 0) {
        finding_add(findings, TXT_ID_MISSING, "the id is empty; publish the "
                    "record that \"mta-sts records\" prints");
        return value;
    }

    for (i = 0; i < value.len && field_is_alnum(value.data[i]); i++) {
        /* void */
    }

    if (i < value.len || value.len > TXT_ID_MAX) {
        finding_add(findings, TXT_ID_SYNTAX, "id \"%.*s\" is not 1 to %d "
                    "letters and digits; mailauth, mox and postfix-tlspol "
                    "then see no policy", MTA_STS_SHOW(value), TXT_ID_MAX);
        return mta_sts_str("");
    }

    return value;
}


/* "NAME=VALUE", an extension, or a syntax error. */

static void
txt_extension(mta_sts_str_t field, findings_t *findings)
{
    size_t         i;
    mta_sts_str_t  name, value;

    value = field;

    if (!field_next(&value, '=', &name) || !field_is_name(name)
        || value.len == 0)
    {
        finding_add(findings, TXT_SYNTAX, "\"%.*s\" is not a name, \"=\" and "
                    "a value", MTA_STS_SHOW(field));
        return;
    }

    for (i = 0; i < value.len; i++) {
        if (value.data[i] <= ' ' || value.data[i] > '~'
            || value.data[i] == '=')
        {
            finding_add(findings, TXT_SYNTAX, "\"%.*s\" has a character that "
                        "a field must not have", MTA_STS_SHOW(field));
            return;
        }
    }

    finding_add(findings, TXT_EXTENSION, "field \"%.*s\" is an extension, "
                "which checkdmarc rejects; leave it out", MTA_STS_SHOW(field));
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
            txt_extension(field, findings);

        } else if (ids++ == 0) {
            id = txt_id(mta_sts_str_after(field, 3), findings);

        } else {
            finding_add(findings, TXT_ID_TWICE, "the record has \"id\" more "
                        "than once; senders take the first, mox and Courier "
                        "none");
        }
    }

    if (ids == 0) {
        finding_add(findings, TXT_ID_MISSING, "the record has no id; publish "
                    "the one that \"mta-sts records\" prints");
    }

    return id;
}


/* White space that is legal, but that some senders reject. */

static void
txt_spaces(mta_sts_str_t text, findings_t *findings)
{
    mta_sts_str_t  field;

    while (field_next(&text, ';', &field) && text.data) {
        if (field.len && field_is_space(field.data[field.len - 1])
            && !finding_has(findings, TXT_SPACE))
        {
            finding_add(findings, TXT_SPACE, "a space before \";\" is legal "
                        "and unusual; leave it out");
        }
    }

    if (field.len && field_is_space(field.data[0])
        && field_is_space(field.data[field.len - 1]))
    {
        finding_add(findings, TXT_TRAILING_SPACE, "a space after the last "
                    "\";\", which KumoMTA rejects; leave it out");
    }
}


/*
 * Finds the records that begin with a version.  Returns the first, or NULL, and
 * the number of them.
 */

static const dns_record_t *
txt_find(const dns_record_t *records, size_t n, mta_sts_str_t version,
    size_t *n_found)
{
    size_t               i;
    const dns_record_t  *found;

    found = NULL;
    *n_found = 0;

    for (i = 0; i < n; i++) {
        if (!txt_is_version(records[i].text, version)) {
            continue;
        }

        if (found == NULL) {
            found = &records[i];
        }

        (*n_found)++;
    }

    return found;
}


/* There is no record of the version, but perhaps another one. */

static void
txt_absent(const dns_record_t *records, size_t n, findings_t *findings)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (txt_has(records[i].text, mta_sts_str("stsv"))) {
            finding_add(findings, TXT_VERSION, "\"%.*s\" does not begin with "
                        "\"v=STSv1;\" to the letter, so it is not seen",
                        MTA_STS_SHOW(records[i].text));
            return;
        }
    }

    if (n) {
        finding_add(findings, TXT_VERSION, "only \"%.*s\" is there, perhaps "
                    "of a wildcard; publish the record that \"mta-sts "
                    "records\" prints", MTA_STS_SHOW(records[0].text));
        return;
    }

    finding_add(findings, TXT_NONE, "no TXT record, so senders do not look for "
                "a policy; publish what \"mta-sts records\" prints");
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
        finding_add(findings, TXT_SEVERAL, "%zu TXT records begin with "
                    "\"v=STSv1\", so senders see none; remove all but one",
                    n_found);
        return mta_sts_str("");
    }

    if (n > 1) {
        finding_add(findings, TXT_OTHER, "other TXT records at the same name, "
                    "with which maddy's parser sees no policy; move them");
    }

    if (record->strings > 1) {
        finding_add(findings, TXT_STRINGS, "the record has %u strings, of "
                    "which Courier reads one; publish it as one string",
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

    uri.place = MTA_STS_NOWHERE;

    while (field_next(&rua, ',', &uri.text)) {
        uri.text = field_trim(uri.text);

        if (mta_sts_uri_check_rua(&uri, &err) != MTA_STS_OK) {
            finding_add(findings, TLSRPT_SYNTAX, "%s", err.text);
        }
    }
}


mta_sts_str_t
txt_tlsrpt(const dns_record_t *records, size_t n, findings_t *findings)
{
    size_t               n_found;
    mta_sts_str_t        rest, field;
    const dns_record_t  *record;

    record = txt_find(records, n, mta_sts_str("v=TLSRPTv1"), &n_found);

    if (record == NULL) {
        finding_add(findings, TLSRPT_NONE, "no TXT record begins with "
                    "\"v=TLSRPTv1;\", so no sender reports refused "
                    "mail");
        return mta_sts_str("");
    }

    if (n_found > 1) {
        finding_add(findings, TLSRPT_SEVERAL, "%zu TXT records begin with "
                    "\"v=TLSRPTv1\", so senders see none; remove all but one",
                    n_found);
        return mta_sts_str("");
    }

    rest = record->text;
    (void) field_next(&rest, ';', &field);

    while (field_next(&rest, ';', &field)) {
        field = field_trim(field);

        if (field.len > 4 && mta_sts_str_starts(field, mta_sts_str("rua="))) {
            field = mta_sts_str_after(field, 4);
            txt_uris(field, findings);
            return field;
        }
    }

    finding_add(findings, TLSRPT_SYNTAX, "the record has no \"rua=\", so no "
                "report is sent");

    return mta_sts_str("");
}
