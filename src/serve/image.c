/*
 * Opening images.
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image_format.h"


static int
image_open(mta_sts_str_t name)
{
    return open(name.data, O_RDONLY|O_NONBLOCK|O_CLOEXEC);
}


int
mta_sts_image_is(mta_sts_str_t name)
{
    int   fd, rc;
    char  magic[8];

    fd = image_open(name);
    if (fd == -1) {
        return 0;
    }

    rc = read(fd, magic, sizeof(magic)) == (ssize_t) sizeof(magic)
         && memcmp(magic, IMAGE_MAGIC, sizeof(magic)) == 0;

    (void) close(fd);

    return rc;
}


int
mta_sts_image_is_text(mta_sts_str_t text)
{
    return mta_sts_str_starts(text, mta_sts_str(IMAGE_MAGIC));
}


/* Names the table that changes are of, as far as their name says it. */

static int
image_changes(mta_sts_str_t name, mta_sts_place_t place, mta_sts_err_t *err)
{
    size_t  n;

    n = sizeof(MTA_STS_IMAGE_CHANGES) - 1;
    n = mta_sts_str_ends(name, mta_sts_str(MTA_STS_IMAGE_CHANGES))
        ? name.len - n : 0;

    return mta_sts_error(err, place, "\"%.*s\" has only the changes of a "
                         "table, name the table%s%.*s%s", MTA_STS_SHOW(name),
                         n ? ": \"" : "", (int) n, name.data, n ? "\"" : "");
}


int
mta_sts_image_is_whole(mta_sts_str_t name, mta_sts_place_t place,
    mta_sts_err_t *err)
{
    int              changes;
    mta_sts_err_t    why;
    mta_sts_image_t  image;

    /* a damaged header says nothing */

    if (mta_sts_image_open_changes(&image, name, MTA_STS_IMAGE_HEADER, place,
                                   &why)
        != MTA_STS_OK)
    {
        return MTA_STS_OK;
    }

    changes = image.base != 0;
    mta_sts_image_close(&image);

    return changes ? image_changes(name, place, err) : MTA_STS_OK;
}


void
mta_sts_image_identify(mta_sts_str_t name, mta_sts_image_id_t *id)
{
    int             fd;
    struct stat     st;
    image_header_t  header;

    memset(id, 0, sizeof(mta_sts_image_id_t));

    fd = image_open(name);
    if (fd == -1) {
        id->error = (uint64_t) errno;
        return;
    }

    if (fstat(fd, &st) == 0) {
        id->device = (uint64_t) st.st_dev;
        id->inode = (uint64_t) st.st_ino;
        id->size = (uint64_t) st.st_size;
        id->seconds = (uint64_t) st.st_mtim.tv_sec;
        id->nanoseconds = (uint64_t) st.st_mtim.tv_nsec;
    }

    if (read(fd, &header, sizeof(header)) == (ssize_t) sizeof(header)) {
        memcpy(id->check, header.check, IMAGE_DIGEST);
    }

    (void) close(fd);
}


/* Is a part of elements of elt bytes within the file? */

static int
image_has(const image_header_t *header, const image_part_t *part, size_t elt)
{
    return part->offset <= header->size && part->offset % 8 == 0
           && part->n <= (header->size - part->offset) / elt;
}


/* What is wrong with the header of an image of size bytes; NULL if nothing. */

static const char *
image_fault(const image_header_t *header, size_t size)
{
    unsigned char  digest[IMAGE_DIGEST];

    if (header->order != IMAGE_ORDER) {
        return "is of a machine of another byte order";
    }

    if (header->format != IMAGE_FORMAT) {
        return "is of another format, compile it again";
    }

    if (!image_check(header, digest)
        || memcmp(digest, header->check, IMAGE_DIGEST) != 0)
    {
        return "is damaged";
    }

    if (header->size != size) {
        return header->size > size ? "is truncated" : "is damaged";
    }

    if (!image_has(header, &header->policies, sizeof(uint64_t))
        || !image_has(header, &header->files, sizeof(mta_sts_table_run_t))
        || !image_has(header, &header->policy_names,
                      sizeof(mta_sts_table_run_t))
        || !image_has(header, &header->names, 1)
        || !image_has(header, &header->slots, sizeof(mta_sts_table_slot_t))
        || !image_has(header, &header->default_name, 1)
        || !image_has(header, &header->default_file, 1)
        || header->domains > UINT32_MAX || header->slots.n > UINT32_MAX
        || header->names.n > UINT32_MAX)
    {
        return "is damaged";
    }

    return NULL;
}


static mta_sts_str_t
image_text(const image_header_t *header, const image_part_t *part)
{
    mta_sts_str_t  text;

    text.data = (const char *) header + part->offset;
    text.len = (size_t) part->n;

    return text;
}


/* Fills domains from an image. */

static const char *
image_domains(const image_header_t *header, mta_sts_domains_t *domains)
{
    const char              *base;
    mta_sts_table_t         *table;
    const mta_sts_policy_t  *policy;

    base = (const char *) header;
    table = &domains->table;

    memset(domains, 0, sizeof(mta_sts_domains_t));

    table->n = (uint32_t) header->domains;
    table->n_slots = (uint32_t) header->slots.n;
    table->slots = (const void *) (base + header->slots.offset);
    table->key = table->n_slots > MTA_STS_TABLE_FEW ? &header->key : NULL;
    table->names = base + header->names.offset;
    table->names_len = (size_t) header->names.n;
    table->policies = (const void *) (base + header->policies.offset);
    table->n_policies = (size_t) header->policies.n;
    table->files = (const void *) (base + header->files.offset);
    table->n_files = (size_t) header->files.n;
    table->policy_names = (const void *) (base + header->policy_names.offset);
    table->n_policy_names = (size_t) header->policy_names.n;
    table->base = (uintptr_t) base;
    table->limit = header->size;

    if (header->default_policy == 0) {
        return NULL;
    }

    if (header->default_policy > header->size - sizeof(mta_sts_policy_t)
        || header->default_policy % 8)
    {
        return "is damaged";
    }

    policy = (const void *) (base + header->default_policy);

    if (!mta_sts_policy_is_sound(policy, header->size - header->default_policy
                                         - sizeof(mta_sts_policy_t)))
    {
        return "is damaged";
    }

    domains->default_policy = policy;
    domains->default_name = image_text(header, &header->default_name);
    domains->default_place.file = image_text(header, &header->default_file);
    domains->default_place.line = header->default_line;
    domains->default_place.column = header->default_column;

    return NULL;
}


/* Maps what was opened as fd, which is closed. */

static int
image_map(mta_sts_image_t *image, int fd, mta_sts_str_t name,
    mta_sts_place_t place, mta_sts_err_t *err)
{
    int          rc;
    void        *data;
    char         magic[8];
    struct stat  st;

    rc = MTA_STS_OK;

    if (fstat(fd, &st) == -1) {
        rc = mta_sts_error_errno(err, place, "fstat()", name);

    } else if (!S_ISREG(st.st_mode)
               || read(fd, magic, sizeof(magic)) != (ssize_t) sizeof(magic)
               || memcmp(magic, IMAGE_MAGIC, sizeof(magic)) != 0)
    {
        rc = mta_sts_error(err, place, "\"%.*s\" is not a table",
                           MTA_STS_SHOW(name));

    } else if ((size_t) st.st_size < sizeof(image_header_t)) {
        rc = mta_sts_error(err, place, "\"%.*s\" is truncated",
                           MTA_STS_SHOW(name));

    } else {
        data = mmap(NULL, (size_t) st.st_size, PROT_READ, MAP_SHARED, fd, 0);

        if (data == MAP_FAILED) {
            rc = mta_sts_error_errno(err, place, "mmap()", name);

        } else {
            image->data = data;
            image->size = (size_t) st.st_size;
            image->device = (uint64_t) st.st_dev;
            image->inode = (uint64_t) st.st_ino;
        }
    }

    (void) close(fd);

    return rc;
}


/* Maps and verifies what was opened as fd. */

static int
image_use(mta_sts_image_t *image, int fd, mta_sts_str_t name,
    mta_sts_image_verify_e verify, mta_sts_place_t place,
    mta_sts_domains_t *domains, mta_sts_err_t *err)
{
    size_t                 left;
    const char            *fault;
    const image_header_t  *header;

    memset(image, 0, sizeof(mta_sts_image_t));

    if (fd == -1) {
        return mta_sts_error_errno(err, place, "open()", name);
    }

    if (image_map(image, fd, name, place, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    header = image->data;
    fault = image_fault(header, image->size);

    if (fault == NULL) {
        fault = image_domains(header, domains);
    }

    if (fault) {
        mta_sts_image_close(image);
        return mta_sts_error(err, place, "\"%.*s\" %s", MTA_STS_SHOW(name),
                             fault);
    }

    image->serial = header->serial;
    image->base = header->base;

    if (verify == MTA_STS_IMAGE_ALL
        && mta_sts_image_verify(image, image->size, &left, name, place, err)
           != MTA_STS_OK)
    {
        mta_sts_image_close(image);
        return MTA_STS_ERROR;
    }

    return MTA_STS_OK;
}


int
mta_sts_image_verify(mta_sts_image_t *image, size_t max, size_t *left,
    mta_sts_str_t name, mta_sts_place_t place, mta_sts_err_t *err)
{
    size_t                 n;
    unsigned char          digest[IMAGE_DIGEST];
    const image_header_t  *header;

    header = image->data;

    if (image->digest == NULL) {
        image->digest = EVP_MD_CTX_new();
        image->verified = sizeof(image_header_t);

        if (image->digest == NULL
            || EVP_DigestInit_ex(image->digest, EVP_sha256(), NULL) != 1)
        {
            return image_digest_failed(place, err);
        }
    }

    n = image->size - image->verified;

    if (n > max) {
        n = max;
    }

    if (EVP_DigestUpdate(image->digest,
                         (const char *) header + image->verified, n)
        != 1)
    {
        return image_digest_failed(place, err);
    }

    image->verified += n;
    *left = image->size - image->verified;

    if (*left) {
        return MTA_STS_OK;
    }

    if (EVP_DigestFinal_ex(image->digest, digest, NULL) != 1) {
        return image_digest_failed(place, err);
    }

    EVP_MD_CTX_free(image->digest);
    image->digest = NULL;

    if (memcmp(digest, header->digest, IMAGE_DIGEST) != 0) {
        return mta_sts_error(err, place, "\"%.*s\" is damaged",
                             MTA_STS_SHOW(name));
    }

    return MTA_STS_OK;
}


int
mta_sts_image_open(mta_sts_image_t *image, mta_sts_str_t name,
    mta_sts_image_verify_e verify, mta_sts_place_t place,
    mta_sts_domains_t *domains, mta_sts_err_t *err)
{
    if (image_use(image, image_open(name), name, verify, place, domains, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (image->base) {
        mta_sts_image_close(image);
        return image_changes(name, place, err);
    }

    return MTA_STS_OK;
}


void
mta_sts_image_domains(const mta_sts_image_t *image, mta_sts_domains_t *domains)
{
    (void) image_domains(image->data, domains);
}


int
mta_sts_image_open_changes(mta_sts_image_t *image, mta_sts_str_t name,
    mta_sts_image_verify_e verify, mta_sts_place_t place, mta_sts_err_t *err)
{
    int                fd;
    mta_sts_domains_t  changes;

    fd = image_open(name);

    if (fd == -1 && errno == ENOENT) {
        memset(image, 0, sizeof(mta_sts_image_t));
        return MTA_STS_OK;
    }

    if (image_use(image, fd, name, verify, place, &changes, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    image->changes = changes.table;

    return MTA_STS_OK;
}


void
mta_sts_image_set_changes(mta_sts_image_t *image, const mta_sts_image_t *base,
    mta_sts_domains_t *domains)
{
    if (image->data && image->base == base->serial) {
        mta_sts_table_set_changes(&domains->table, &image->changes);

    } else {
        mta_sts_image_close(image);
    }
}


int
mta_sts_image_open_both(mta_sts_image_t *base, mta_sts_str_t name,
    mta_sts_image_t *changes, mta_sts_str_t changes_name,
    mta_sts_place_t place, mta_sts_domains_t *domains, mta_sts_err_t *err)
{
    memset(base, 0, sizeof(mta_sts_image_t));

    /* the changes first: see mta_sts_image_open_changes() */

    if (mta_sts_image_open_changes(changes, changes_name, MTA_STS_IMAGE_ALL,
                                   place, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (mta_sts_image_open(base, name, MTA_STS_IMAGE_ALL, place, domains, err)
        != MTA_STS_OK)
    {
        mta_sts_image_close(changes);
        return MTA_STS_ERROR;
    }

    mta_sts_image_set_changes(changes, base, domains);

    return MTA_STS_OK;
}


void
mta_sts_image_close(mta_sts_image_t *image)
{
    if (image->data) {
        (void) munmap((void *) (uintptr_t) image->data, image->size);
        EVP_MD_CTX_free(image->digest);
    }

    memset(image, 0, sizeof(mta_sts_image_t));
}
