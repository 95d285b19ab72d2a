/*
 * Public suffixes, such as "co.uk", from libpsl's own list.
 */

#include <libpsl.h>

#include "site.h"


int
site_is_public_suffix(const char *name)
{
    const psl_ctx_t  *psl;

    /* without a rule for it, a domain is none; those of companies are none */

    psl = psl_builtin();

    return psl && psl_is_public_suffix2(psl, name, PSL_TYPE_ICANN
                                                   |PSL_TYPE_NO_STAR_RULE);
}
