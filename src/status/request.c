/*
 * What a request for the status asks for: its query, and the field Accept
 * (RFC 9110, 12.5.1).
 */

#include "formats.h"


/* In the order of preference where a client has none. */

static const struct {
    const char              *name;
    const char              *range;
    const char              *type;
    mta_sts_status_format_e  format;
} request_formats[MTA_STS_STATUS_FORMATS] = {
    { "prometheus", "text/plain",
      "text/plain; version=0.0.4; charset=utf-8", MTA_STS_STATUS_PROMETHEUS },
    { "html", "text/html",
      "text/html; charset=utf-8", MTA_STS_STATUS_HTML },
    { "json", "application/json",
      "application/json", MTA_STS_STATUS_JSON },
    { "openmetrics", "application/openmetrics-text",
      "application/openmetrics-text; version=1.0.0; charset=utf-8",
      MTA_STS_STATUS_OPENMETRICS }
};


const char *
mta_sts_status_type(mta_sts_status_format_e format)
{
    size_t  i;

    for (i = 0; request_formats[i].format != format; i++) { /* void */ }

    return request_formats[i].type;
}


const char *
mta_sts_status_code(mta_sts_status_code_e code)
{
    static const char *const  codes[MTA_STS_STATUS_CODES] = {
        "200", "405", "other"
    };

    return codes[code];
}


const char *
mta_sts_report_code(mta_sts_report_code_e code)
{
    static const char *const  codes[MTA_STS_REPORT_CODES] = {
        "201", "400", "405", "408", "413", "415", "429", "503", "other"
    };

    return codes[code];
}


/* Takes what is before the first ch off *rest, without spaces around it. */

static mta_sts_str_t
request_take(mta_sts_str_t *rest, char ch)
{
    const char     *end;
    mta_sts_str_t   part;

    part = *rest;
    end = part.len ? memchr(part.data, ch, part.len) : NULL;

    if (end) {
        part.len = (size_t) (end - part.data);
        *rest = mta_sts_str_after(*rest, part.len + 1);

    } else {
        rest->len = 0;
    }

    while (part.len && (*part.data == ' ' || *part.data == '\t')) {
        part = mta_sts_str_after(part, 1);
    }

    while (part.len && (part.data[part.len - 1] == ' '
                        || part.data[part.len - 1] == '\t'))
    {
        part.len--;
    }

    return part;
}


/* The weight among the parameters of a range, in thousandths. */

static unsigned
request_weight(mta_sts_str_t parameters)
{
    size_t         i;
    unsigned       weight, unit;
    mta_sts_str_t  parameter;

    while (parameters.len) {
        parameter = request_take(&parameters, ';');

        if (parameter.len < 3
            || !mta_sts_str_caseeq((mta_sts_str_t) { parameter.data, 2 },
                                   mta_sts_str("q=")))
        {
            continue;
        }

        if (parameter.data[2] != '0') {
            return 1000;
        }

        weight = 0;
        unit = 100;

        for (i = 4; i < parameter.len && unit; i++, unit /= 10) {
            if (parameter.data[i] >= '0' && parameter.data[i] <= '9') {
                weight += unit * (unsigned) (parameter.data[i] - '0');
            }
        }

        return weight;
    }

    return 1000;
}


/*
 * Are the parameters of a range those of a type?  All answers are in UTF-8, and
 * who asks for another charset understands it as well.
 */

static int
request_has(const char *type, mta_sts_str_t parameters)
{
    mta_sts_str_t  rest, parameter, name, value, own;

    while (parameters.len) {
        parameter = request_take(&parameters, ';');

        value = parameter;
        name = request_take(&value, '=');

        if (name.len == 0 || mta_sts_str_caseeq(name, mta_sts_str("q"))
            || mta_sts_str_caseeq(name, mta_sts_str("charset")))
        {
            continue;
        }

        rest = mta_sts_str_from(type);

        do {
            own = request_take(&rest, ';');
        } while (rest.len && !mta_sts_str_caseeq(parameter, own));

        if (!mta_sts_str_caseeq(parameter, own)) {
            return 0;
        }
    }

    return 1;
}


/* How well a range fits to a type: 3 is exact, 0 is not at all. */

static unsigned
request_fits(mta_sts_str_t range, mta_sts_str_t type)
{
    mta_sts_str_t  main;

    if (mta_sts_str_caseeq(range, type)) {
        return 3;
    }

    if (mta_sts_str_eq(range, mta_sts_str("*/*"))) {
        return 1;
    }

    main = type;
    main.len = (size_t) ((const char *) memchr(type.data, '/', type.len)
                         - type.data) + 1;

    return range.len == main.len + 1 && range.data[main.len] == '*'
           && mta_sts_str_caseeq((mta_sts_str_t) { range.data, main.len },
                                 main)
           ? 2 : 0;
}


/* The format that a client likes best. */

static mta_sts_status_format_e
request_accept(mta_sts_str_t accept)
{
    size_t                   i;
    unsigned                 fits, best_fit, weight, best;
    mta_sts_str_t            rest, part, range;
    mta_sts_status_format_e  format;

    format = request_formats[0].format;
    best = 0;

    for (i = 0; i < MTA_STS_STATUS_FORMATS; i++) {
        weight = 0;
        best_fit = 0;

        for (rest = accept; rest.len; /* void */ ) {
            part = request_take(&rest, ',');
            range = request_take(&part, ';');
            fits = request_fits(range,
                                mta_sts_str_from(request_formats[i].range));

            if (fits > best_fit && request_has(request_formats[i].type, part))
            {
                best_fit = fits;
                weight = request_weight(part);
            }
        }

        if (weight > best) {
            best = weight;
            format = request_formats[i].format;
        }
    }

    return format;
}


/* Fills query->error, once. */

static int
request_fault(mta_sts_status_query_t *query, const mta_sts_err_t *fault,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    if (query->error.len == 0) {
        query->error = mta_sts_str_copy(env, mta_sts_str_from(fault->text));
    }

    return query->error.data ? MTA_STS_OK : mta_sts_error_memory(err);
}


static int
request_format(mta_sts_status_query_t *query, mta_sts_str_t value,
    mta_sts_err_t *err)
{
    size_t  i;

    for (i = 0; i < MTA_STS_STATUS_FORMATS; i++) {
        if (mta_sts_str_eq(value, mta_sts_str_from(request_formats[i].name))) {
            query->format = request_formats[i].format;
            return MTA_STS_OK;
        }
    }

    return mta_sts_error(err, MTA_STS_NOWHERE, "unknown format \"%.*s\", must "
                         "be html, json, prometheus or openmetrics",
                         MTA_STS_SHOW(value));
}


static int
request_max(mta_sts_status_query_t *query, mta_sts_str_t value,
    mta_sts_err_t *err)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < value.len && n <= MTA_STS_STATUS_LIST_MAX; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') {
            break;
        }

        n = 10 * n + (size_t) (value.data[i] - '0');
    }

    if (i == 0 || i < value.len || n > MTA_STS_STATUS_LIST_MAX) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "invalid list \"%.*s\", "
                             "must be a number from 0 to %d",
                             MTA_STS_SHOW(value), MTA_STS_STATUS_LIST_MAX);
    }

    query->max = n;

    return MTA_STS_OK;
}


/* A name is pasted with the spaces around it. */

static mta_sts_str_t
request_trim(mta_sts_str_t value)
{
    while (value.len && value.data[0] == ' ') {
        value = mta_sts_str_after(value, 1);
    }

    while (value.len && value.data[value.len - 1] == ' ') {
        value.len--;
    }

    return value;
}


int
mta_sts_status_query(mta_sts_status_query_t *query, mta_sts_str_t args,
    mta_sts_str_t accept, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    int             rc;
    char           *buf;
    mta_sts_err_t   fault, decode;
    mta_sts_str_t   name, encoded, value;

    memset(query, 0, sizeof(mta_sts_status_query_t));

    query->format = request_accept(accept);
    query->max = SIZE_MAX;

    buf = env->alloc(env->ctx, args.len + 1);
    if (buf == NULL) {
        return mta_sts_error_memory(err);
    }

    while (mta_sts_query_next(&args, &name, &encoded)) {
        rc = mta_sts_query_decode(encoded, buf, &value, &decode);
        buf += encoded.len;

        if (rc != MTA_STS_OK) {
            (void) mta_sts_error(&fault, MTA_STS_NOWHERE, "\"%.*s=%.*s\": %s",
                                 MTA_STS_SHOW(name), MTA_STS_SHOW(encoded),
                                 decode.text);

        } else if (mta_sts_str_eq(name, mta_sts_str("format"))) {
            rc = request_format(query, value, &fault);

        } else if (mta_sts_str_eq(name, mta_sts_str("list"))) {
            rc = request_max(query, value, &fault);

        } else if (mta_sts_str_eq(name, mta_sts_str("domain"))) {
            query->domain = request_trim(value);
        }

        if (rc != MTA_STS_OK
            && request_fault(query, &fault, env, err) != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    if (query->max == SIZE_MAX) {
        query->max = query->format == MTA_STS_STATUS_HTML
                     ? MTA_STS_STATUS_LIST : 0;
    }

    return MTA_STS_OK;
}


int
mta_sts_status_text(const mta_sts_status_view_t *view,
    mta_sts_status_format_e format, mta_sts_str_t version,
    mta_sts_str_t *text, mta_sts_err_t *err)
{
    if (format == MTA_STS_STATUS_HTML || format == MTA_STS_STATUS_JSON) {
        return mta_sts_status_page(view, format == MTA_STS_STATUS_JSON,
                                   version, text, err);
    }

    return mta_sts_status_metrics(view, format == MTA_STS_STATUS_OPENMETRICS,
                                  text, err);
}
