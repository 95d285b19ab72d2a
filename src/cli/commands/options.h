/*
 * The table of options, for those that parse and print it.
 */

#ifndef MTA_STS_COMMANDS_OPTIONS_H
#define MTA_STS_COMMANDS_OPTIONS_H


#include <stddef.h>
#include <stdint.h>


typedef enum {
    OPTION_IS_FLAG = 0,
    OPTION_IS_TEXT,
    OPTION_IS_LIST,
    OPTION_IS_SETTING,
    OPTION_IS_NUMBER,
    OPTION_IS_TIME                /* seconds */
} option_kind_e;


typedef struct {
    const char     *name;
    int             ch;           /* the short option; or 0 */
    unsigned        group;        /* one or more; 0 is all commands */
    option_kind_e   kind;
    int64_t         min;
    int64_t         max;
    size_t          where;        /* offset in options_t; or the setting */
    const char     *argument;     /* or NULL */
    const char     *help;         /* lines */
} option_t;


extern const option_t  options_table[];
extern const size_t    options_n;


#endif /* MTA_STS_COMMANDS_OPTIONS_H */
