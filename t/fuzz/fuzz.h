/*
 * What every fuzz target needs: the core's environment, whose memory is each
 * chunk of its own so that a byte too far is seen, and a check that stops the
 * run.
 */

#ifndef MTA_STS_FUZZ_H
#define MTA_STS_FUZZ_H


#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"


/* what libFuzzer calls */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);


/* Stops the run where a property does not hold; shows up to two texts. */

#define fuzz_check(cond, a, b)                                                \
    do {                                                                      \
        if (!(cond)) {                                                        \
            fuzz_stop(#cond, __FILE__, __LINE__, a, b);                       \
        }                                                                     \
    } while (0)

#define FUZZ_NONE  ((mta_sts_str_t) { NULL, 0 })


void fuzz_stop(const char *cond, const char *file, int line, mta_sts_str_t a,
    mta_sts_str_t b) __attribute__((noreturn));

/*
 * Gives back the memory of the run before and makes an environment anew.  Its
 * warnings and, with fuzz_check_error(), errors must be whole texts of one
 * line.
 */
const mta_sts_env_t *fuzz_begin(void);

void fuzz_check_error(const mta_sts_err_t *err);

/* Makes standard input a file of these bytes. */
void fuzz_stdin(mta_sts_str_t text);


static inline mta_sts_str_t
fuzz_str(const uint8_t *data, size_t size)
{
    mta_sts_str_t  str;

    str.data = (const char *) data;
    str.len = size;

    return str;
}


static inline mta_sts_value_t
fuzz_value(mta_sts_str_t text)
{
    mta_sts_value_t  value;

    value.text = text;
    value.place = MTA_STS_NOWHERE;

    return value;
}


#endif /* MTA_STS_FUZZ_H */
