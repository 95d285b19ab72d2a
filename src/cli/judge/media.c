/*
 * The media type of a policy.
 */

#include <strings.h>

#include "judge.h"


static int
media_is_plain_text(const char *type)
{
    return strcspn(type, "; \t") == 10
           && strncasecmp(type, "text/plain", 10) == 0;
}


int
media_is_plain(const fetch_t *fetch)
{
    return media_is_plain_text(fetch->type.data);
}


/* A charset that the libraries of all senders know. */

static int
media_is_charset(mta_sts_str_t value)
{
    size_t                      i;
    mta_sts_str_t               begin;
    static const mta_sts_str_t  known[] = {
        { "utf-8", 5 }, { "utf8", 4 }, { "us-ascii", 8 }, { "ascii", 5 },
        { "iso-8859-", 9 }, { "windows-125", 11 }, { "latin1", 6 }
    };

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        begin = value;

        if (value.len >= known[i].len) {
            begin.len = known[i].len;
        }

        if (mta_sts_str_caseeq(begin, known[i])) {
            return 1;
        }
    }

    return 0;
}


/* A parameter of a media type that some senders reject; or NULL. */

static const char *
media_parameter(mta_sts_str_t parameter)
{
    size_t         i;
    mta_sts_str_t  name, value;

    value = field_trim(parameter);

    if (value.len == 0) {
        return NULL;
    }

    (void) field_next(&value, '=', &name);

    for (i = 0; i < name.len; i++) {
        if (!field_is_alnum(name.data[i]) && name.data[i] != '-') {
            break;
        }
    }

    if (value.data == NULL || name.len == 0 || i < name.len) {
        return "is malformed, and postfix-tlspol and maddy reject the policy";
    }

    if (!mta_sts_str_caseeq(name, mta_sts_str("charset"))) {
        return NULL;
    }

    if (value.len > 1 && value.data[0] == '"'
        && value.data[value.len - 1] == '"')
    {
        value = mta_sts_str_after(value, 1);
        value.len--;
    }

    return media_is_charset(value)
           ? NULL
           : "has a charset that postfix-mta-sts-resolver does not know and "
             "rejects the policy for";
}


void
media_findings(const fetch_t *fetch, findings_t *findings)
{
    const char     *fault;
    mta_sts_str_t   rest, parameter;

    if (!media_is_plain(fetch)) {
        finding_add(findings, POLICY_TYPE, fetch->address, "the media type is "
                    "\"%s\", so many senders reject the policy; it must be "
                    "text/plain", fetch->type.data);
        return;
    }

    if (fetch->n_types > 1) {
        findings->lower = media_is_plain_text(fetch->first_type);
        finding_add(findings, POLICY_TYPE_FORM, fetch->address, "the answer "
                    "has %u Content-Type fields, \"%s\" first; senders take "
                    "the first, the last or all of them", fetch->n_types,
                    fetch->first_type);
        findings->lower = 0;
    }

    if (!mta_sts_str_starts(fetch->type, mta_sts_str("text/plain"))) {
        findings->lower = 1;
        finding_add(findings, POLICY_TYPE_FORM, fetch->address, "the media "
                    "type \"%s\" has capital letters, which KumoMTA rejects",
                    fetch->type.data);
        findings->lower = 0;
    }

    rest = fetch->type;
    (void) field_next(&rest, ';', &parameter);

    while (field_next(&rest, ';', &parameter)) {
        fault = media_parameter(parameter);

        if (fault) {
            finding_add(findings, POLICY_TYPE_FORM, fetch->address, "the "
                        "media type \"%s\" %s", fetch->type.data, fault);
            return;
        }
    }
}
