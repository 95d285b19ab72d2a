/*
 * The format of images.
 *
 *     header | policies | their offsets | texts | runs | names | slots
 *
 * Each part begins at a multiple of 8 bytes.
 */

#ifndef MTA_STS_SERVE_IMAGE_FORMAT_H
#define MTA_STS_SERVE_IMAGE_FORMAT_H


#include <openssl/evp.h>

#include "image.h"
#include "slots.h"


#define IMAGE_MAGIC   "\211MTASTS\n"
#define IMAGE_FORMAT  2                     /* with another, "mta-sts follow"
                                               refuses its source: it must read
                                               the old one, too */
#define IMAGE_ORDER   0x01020304
#define IMAGE_DIGEST  32                    /* SHA-256 */


/* A part of the image: its offset, and the number of its elements. */

typedef struct {
    uint64_t             offset;
    uint64_t             n;
} image_part_t;


typedef struct {
    char                 magic[8];
    uint32_t             order;
    uint32_t             format;
    uint64_t             size;              /* of the file */
    uint64_t             serial;
    uint64_t             base;              /* the serial, or 0 */
    uint64_t             domains;

    image_part_t         policies;          /* offsets */
    image_part_t         files;
    image_part_t         policy_names;
    image_part_t         names;
    image_part_t         slots;

    uint64_t             default_policy;    /* its offset, or 0 */
    image_part_t         default_name;
    image_part_t         default_file;
    uint32_t             default_line;
    uint32_t             default_column;

    mta_sts_hash_key_t   key;

    unsigned char        digest[IMAGE_DIGEST];   /* of all after the header */
    unsigned char        check[IMAGE_DIGEST];    /* of the header up to here */
} image_header_t;


static inline int
image_digest_failed(mta_sts_place_t place, mta_sts_err_t *err)
{
    return mta_sts_error(err, place, "SHA-256 failed in libcrypto");
}


/* Computes the digest of a header.  Returns 0 if libcrypto failed. */

static inline int
image_check(const image_header_t *header, unsigned char *digest)
{
    return EVP_Digest(header, offsetof(image_header_t, check), digest, NULL,
                      EVP_sha256(), NULL)
           == 1;
}


#endif /* MTA_STS_SERVE_IMAGE_FORMAT_H */
