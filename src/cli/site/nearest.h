/*
 * What a person probably meant who named a domain that is not configured.
 */

#ifndef MTA_STS_SITE_NEAREST_H
#define MTA_STS_SITE_NEAREST_H


#include "../../core/catalog.h"


/*
 * Gives in *nearest the domain of the catalog that differs from a normalised
 * one in the fewest characters that are missing, too many, other ones or
 * exchanged; for a domain above it, a label counts as one.  Of several it is
 * the first in the alphabet.  Returns 0 when the catalog is empty.
 */
int site_nearest(const mta_sts_catalog_t *catalog, mta_sts_str_t domain,
    mta_sts_str_t *nearest);


#endif /* MTA_STS_SITE_NEAREST_H */
