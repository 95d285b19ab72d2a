/*
 * Fields between separators, as TXT records and policies have them.
 */

#include "judge.h"


int
field_is_space(char ch)
{
    return ch == ' ' || ch == '\t';
}


int
field_is_alnum(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
           || (ch >= '0' && ch <= '9');
}


int
field_next(mta_sts_str_t *rest, char separator, mta_sts_str_t *field)
{
    const char  *end;

    if (rest->data == NULL) {
        return 0;
    }

    *field = *rest;
    end = memchr(rest->data, separator, rest->len);

    if (end) {
        field->len = (size_t) (end - rest->data);
        *rest = mta_sts_str_after(*rest, field->len + 1);

    } else {
        rest->data = NULL;
        rest->len = 0;
    }

    return 1;
}


mta_sts_str_t
field_trim(mta_sts_str_t field)
{
    while (field.len && field_is_space(field.data[field.len - 1])) {
        field.len--;
    }

    while (field.len && field_is_space(field.data[0])) {
        field = mta_sts_str_after(field, 1);
    }

    return field;
}


int
field_is_name(mta_sts_str_t name)
{
    size_t  i;

    for (i = 0; i < name.len; i++) {
        if (!field_is_alnum(name.data[i])
            && (i == 0 || memchr("_-.", name.data[i], 3) == NULL))
        {
            return 0;
        }
    }

    return name.len > 0 && name.len <= FIELD_NAME_MAX;
}
