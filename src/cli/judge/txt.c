/*
 * Fields between ";", and what stands in the place of them.
 */

#include "policy/policy.h"
#include "judge.h"


#define TXT_ID_MAX    32
#define TXT_NAME_MAX  32              /* of an extension field */


static int
txt_is_space(char ch)
{
    return ch == ' ' || ch == '\t';
}


static int
txt_is_alnum(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
           || (ch >= '0' && ch <= '9');
}


/* Takes the next field from *rest, without the white space around it. */

static int
txt_next(mta_sts_str_t *rest, mta_sts_str_t *field)
{
    const char  *end;

    if (rest->data == NULL) {
        return 0;
    }

    *field = *rest;
    end = rest->len ? memchr(rest->data, ';', rest->len) : NULL;

    if (end) {
        field->len = (size_t) (end - rest->data);
        *rest = mta_sts_str_after(*rest, field->len + 1);

    } else {
        rest->data = NULL;
        rest->len = 0;
    }

    while (field->len && txt_is_space(field->data[field->len - 1])) {
        field->len--;
    }

    while (field->len && txt_is_space(field->data[0])) {
        *field = mta_sts_str_after(*field, 1);
    }

    return 1;
}


/* Does text begin with a version, which ends there? */

static int
txt_is_version(mta_sts_str_t text, mta_sts_str_t version)
{
    if (!mta_sts_str_starts(text, version)) {
        return 0;
    }

    text = mta_sts_str_after(text, version.len);

    while (text.len && txt_is_space(text.data[0])) {
        text = mta_sts_str_after(text, 1);
    }

    return text.len == 0 || text.data[0] == ';';
}


/* Does it look like what was to be a record of this version? */

static int
txt_is_meant(mta_sts_str_t text, mta_sts_str_t word)
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


static void
txt_id(mta_sts_str_t value, findings_t *findings, mta_sts_str_t *id)
{
    size_t  i;

    if (value.len == 0) {
        finding_add(findings, TXT_ID_MISSING, "the id is empty; publish the "
                    "record that \"mta-sts records\" prints");
        return;
    }

    for (i = 0; i < value.len && txt_is_alnum(value.data[i]); i++) {
        /* void */
    }

    if (i < value.len || value.len > TXT_ID_MAX) {
        finding_add(findings, TXT_ID_SYNTAX, "id \"%.*s\" is not 1 to %d "
                    "letters and digits; mailauth, mox and postfix-tlspol "
                    "then see no policy", MTA_STS_SHOW(value), TXT_ID_MAX);
        return;
    }

    *id = value;
}


/* "NAME=VALUE": an extension field; says what it is otherwise. */

static void
txt_extension(mta_sts_str_t field, findings_t *findings)
{
    size_t       i, len;
    const char  *equals;

    equals = field.len ? memchr(field.data, '=', field.len) : NULL;
    len = equals ? (size_t) (equals - field.data) : 0;

    if (len == 0 || len > TXT_NAME_MAX || len + 1 == field.len) {
        finding_add(findings, TXT_SYNTAX, "\"%.*s\" is not a name, \"=\" and "
                    "a value", MTA_STS_SHOW(field));
        return;
    }

    for (i = 0; i < field.len; i++) {

        if (i < len ? txt_is_alnum(field.data[i])
                      || (i && strchr("_-.", field.data[i])
                          && field.data[i])
                    : i == len
                      || (field.data[i] > ' ' && field.data[i] < 0x7f
                          && field.data[i] != '='))
        {
            continue;
        }

        finding_add(findings, TXT_SYNTAX, "\"%.*s\" has a character that a "
                    "field must not have", MTA_STS_SHOW(field));
        return;
    }

    finding_add(findings, TXT_EXTENSION, "field \"%.*s\" is an extension, "
                "which checkdmarc rejects; leave it out", MTA_STS_SHOW(field));
}


/* The fields behind the version, which is in front of rest. */

static void
txt_fields(mta_sts_str_t rest, findings_t *findings, mta_sts_str_t *id)
{
    int            ids, last;
    mta_sts_str_t  field;

    ids = 0;

    while (txt_next(&rest, &field)) {

        last = rest.data == NULL;

        if (field.len == 0 && last) {
            break;
        }

        if (mta_sts_str_starts(field, mta_sts_str("id="))) {

            if (ids++) {
                finding_add(findings, TXT_ID_TWICE, "the record has \"id\" "
                            "more than once; senders take the first, mox and "
                            "Courier none");
                continue;
            }

            txt_id(mta_sts_str_after(field, 3), findings, id);
            continue;
        }

        txt_extension(field, findings);
    }

    if (ids == 0) {
        finding_add(findings, TXT_ID_MISSING, "the record has no id; publish "
                    "the one that \"mta-sts records\" prints");
    }
}


/* White space where the grammar lets it be and somebody stumbles. */

static void
txt_spaces(mta_sts_str_t text, findings_t *findings)
{
    size_t       i;
    const char  *last;

    for (i = 1; i < text.len; i++) {
        if (text.data[i] == ';' && txt_is_space(text.data[i - 1])) {
            finding_add(findings, TXT_SPACE, "a space in front of \";\" is "
                        "legal and unusual; leave it out");
            break;
        }
    }

    last = memrchr(text.data, ';', text.len);

    if (last && last + 1 < text.data + text.len
        && txt_is_space(last[1]) && txt_is_space(text.data[text.len - 1]))
    {
        finding_add(findings, TXT_TRAILING_SPACE, "a space behind the last "
                    "\";\", which KumoMTA rejects; leave it out");
    }
}


/*
 * Finds the records that begin with a version, or at least with its word.
 * Returns the first, or NULL; *n_found are how many there are.
 */

static const txt_t *
txt_find(const txt_t *records, size_t n, mta_sts_str_t version, size_t *n_found)
{
    size_t        i;
    const txt_t  *found;

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


/* There is no record of the version: what is there in its place? */

static void
txt_absent(const txt_t *records, size_t n, findings_t *findings)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (txt_is_meant(records[i].text, mta_sts_str("stsv"))) {
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


void
txt_sts(const txt_t *records, size_t n, findings_t *findings,
    mta_sts_str_t *id)
{
    size_t         n_found;
    const txt_t   *record;
    mta_sts_str_t  text, version;

    *id = mta_sts_str("");
    version = mta_sts_str("v=STSv1");

    record = txt_find(records, n, version, &n_found);

    if (record == NULL) {
        txt_absent(records, n, findings);
        return;
    }

    if (n_found > 1) {
        finding_add(findings, TXT_SEVERAL, "%zu TXT records begin with "
                    "\"v=STSv1\", so senders see none; remove all but one",
                    n_found);
        return;
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

    text = record->text;

    txt_spaces(text, findings);

    text = mta_sts_str_after(text, version.len);

    while (text.len && text.data[0] != ';') {
        text = mta_sts_str_after(text, 1);
    }

    txt_fields(text.len ? mta_sts_str_after(text, 1) : text, findings, id);
}


/* One URI of "rua=". */

static void
txt_uri(mta_sts_str_t uri, findings_t *findings)
{
    mta_sts_err_t    err;
    mta_sts_value_t  value;

    while (uri.len && txt_is_space(uri.data[0])) {
        uri = mta_sts_str_after(uri, 1);
    }

    while (uri.len && txt_is_space(uri.data[uri.len - 1])) {
        uri.len--;
    }

    value.text = uri;
    value.place = MTA_STS_NOWHERE;

    if (mta_sts_uri_check_rua(&value, &err) != MTA_STS_OK) {
        finding_add(findings, TLSRPT_SYNTAX, "%s", err.text);
    }
}


static void
txt_uris(mta_sts_str_t rua, findings_t *findings)
{
    mta_sts_str_t  uri;
    const char    *comma;

    for ( ;; ) {
        uri = rua;
        comma = rua.len ? memchr(rua.data, ',', rua.len) : NULL;

        if (comma) {
            uri.len = (size_t) (comma - rua.data);
        }

        txt_uri(uri, findings);

        if (comma == NULL) {
            return;
        }

        rua = mta_sts_str_after(rua, uri.len + 1);
    }
}


void
txt_tlsrpt(const txt_t *records, size_t n, findings_t *findings,
    mta_sts_str_t *rua)
{
    size_t         n_found;
    const txt_t   *record;
    mta_sts_str_t  rest, field;

    *rua = mta_sts_str("");

    record = txt_find(records, n, mta_sts_str("v=TLSRPTv1"), &n_found);

    if (record == NULL) {
        finding_add(findings, TLSRPT_NONE, "no TXT record begins with "
                    "\"v=TLSRPTv1;\", so nobody is told of mail that was "
                    "refused");
        return;
    }

    if (n_found > 1) {
        finding_add(findings, TLSRPT_SEVERAL, "%zu TXT records begin with "
                    "\"v=TLSRPTv1\", so senders see none; remove all but one",
                    n_found);
        return;
    }

    rest = record->text;
    (void) txt_next(&rest, &field);

    while (txt_next(&rest, &field)) {
        if (mta_sts_str_starts(field, mta_sts_str("rua=")) && rua->len == 0) {
            *rua = mta_sts_str_after(field, 4);
        }
    }

    if (rua->len == 0) {
        finding_add(findings, TLSRPT_SYNTAX, "the record has no \"rua=\", so "
                    "no report is sent");
        return;
    }

    txt_uris(*rua, findings);
}
