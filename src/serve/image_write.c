/*
 * Writing images.
 */

#include <errno.h>
#include <unistd.h>

#include "image_format.h"


#define IMAGE_CHUNK  (64 * 1024)


typedef struct {
    int                  fd;
    mta_sts_str_t        name;
    EVP_MD_CTX          *ctx;
    uint64_t             offset;            /* of the next byte */
    size_t               len;               /* bytes in buf */
    mta_sts_err_t       *err;
    int                  failed;
    char                 buf[IMAGE_CHUNK];
} image_writer_t;


static void
image_flush(image_writer_t *writer)
{
    size_t   done;
    ssize_t  n;

    for (done = 0; done < writer->len && !writer->failed; ) {
        n = write(writer->fd, writer->buf + done, writer->len - done);

        if (n == -1 && errno != EINTR) {
            (void) mta_sts_error_errno(writer->err, MTA_STS_NOWHERE,
                                       "write()", writer->name);
            writer->failed = 1;
        }

        done += n > 0 ? (size_t) n : 0;
    }

    if (!writer->failed
        && EVP_DigestUpdate(writer->ctx, writer->buf, writer->len) != 1)
    {
        (void) image_digest_failed(MTA_STS_NOWHERE, writer->err);
        writer->failed = 1;
    }

    writer->len = 0;
}


static void
image_put(image_writer_t *writer, const void *data, size_t len)
{
    size_t  n;

    writer->offset += len;

    while (len) {
        n = IMAGE_CHUNK - writer->len < len ? IMAGE_CHUNK - writer->len : len;

        memcpy(writer->buf + writer->len, data, n);
        writer->len += n;

        data = (const char *) data + n;
        len -= n;

        if (writer->len == IMAGE_CHUNK) {
            image_flush(writer);
        }
    }
}


/* Begins a part, at a multiple of 8 bytes.  Returns its offset. */

static uint64_t
image_align(image_writer_t *writer)
{
    static const char  zeros[8];

    image_put(writer, zeros, (size_t) (-writer->offset & 7));

    return writer->offset;
}


static void
image_part(image_writer_t *writer, image_part_t *part, const void *data,
    size_t n, size_t elt)
{
    part->offset = image_align(writer);
    part->n = n;

    image_put(writer, data, n * elt);
}


/* Writes a policy.  Returns its offset, 0 if there is none. */

static uint64_t
image_policy(image_writer_t *writer, const mta_sts_policy_t *policy)
{
    uint64_t  offset;

    if (policy == NULL) {
        return 0;
    }

    offset = image_align(writer);

    image_put(writer, policy, mta_sts_policy_size(policy));

    return offset;
}


/* Writes the policies, and then their offsets in chunks. */

static void
image_policies(image_writer_t *writer, const mta_sts_domains_t *domains,
    image_header_t *header)
{
    size_t                   i, n;
    uint64_t                 offset, offsets[64];
    const mta_sts_table_t   *table;
    const mta_sts_policy_t  *policy;

    table = &domains->table;
    offset = image_align(writer);

    for (i = 0; i < table->n_policies; i++) {
        policy = (const mta_sts_policy_t *) (table->base
                                            + (uintptr_t) table->policies[i]);
        (void) image_policy(writer, policy);
    }

    header->default_policy = image_policy(writer, domains->default_policy);
    header->policies.offset = image_align(writer);
    header->policies.n = table->n_policies;

    for (i = 0, n = 0; i < table->n_policies; i++) {
        policy = (const mta_sts_policy_t *) (table->base
                                            + (uintptr_t) table->policies[i]);

        offsets[n++] = offset;
        offset += (mta_sts_policy_size(policy) + 7) & ~(uint64_t) 7;

        if (n == 64 || i + 1 == table->n_policies) {
            image_put(writer, offsets, n * sizeof(uint64_t));
            n = 0;
        }
    }
}


/* Writes the texts of runs, and the runs with their new offsets. */

static void
image_runs(image_writer_t *writer, const mta_sts_table_t *table,
    const mta_sts_table_run_t *runs, size_t n, image_part_t *part)
{
    size_t               i;
    uint64_t             text;
    mta_sts_table_run_t  run;

    text = writer->offset;

    for (i = 0; i < n; i++) {
        image_put(writer, (const char *) (table->base
                                          + (uintptr_t) runs[i].text),
                  runs[i].len);
    }

    part->offset = image_align(writer);
    part->n = n;

    for (i = 0; i < n; i++) {
        run = runs[i];
        run.text = text;
        text += run.len;

        image_put(writer, &run, sizeof(mta_sts_table_run_t));
    }
}


/* Writes all after the header, and fills the header. */

static void
image_body(image_writer_t *writer, const mta_sts_domains_t *domains,
    image_header_t *header)
{
    const mta_sts_table_t  *table;

    table = &domains->table;

    header->domains = table->n;
    header->default_line = domains->default_place.line;
    header->default_column = domains->default_place.column;

    if (table->key) {
        header->key = *table->key;
    }

    image_policies(writer, domains, header);
    image_runs(writer, table, table->files, table->n_files, &header->files);
    image_runs(writer, table, table->policy_names, table->n_policy_names,
               &header->policy_names);
    image_part(writer, &header->default_name, domains->default_name.data,
               domains->default_name.len, 1);
    image_part(writer, &header->default_file, domains->default_place.file.data,
               domains->default_place.file.len, 1);
    image_part(writer, &header->names, table->names, table->names_len, 1);
    image_part(writer, &header->slots, table->slots, table->n_slots,
               sizeof(mta_sts_table_slot_t));

    header->size = writer->offset;
}


/* Writes the header, which is complete last. */

static int
image_write_header(int fd, mta_sts_str_t name, const image_header_t *header,
    mta_sts_err_t *err)
{
    size_t   done;
    ssize_t  n;

    for (done = 0; done < sizeof(image_header_t); done += (size_t) n) {
        n = pwrite(fd, (const char *) header + done,
                   sizeof(image_header_t) - done, (off_t) done);

        if (n == -1 && errno == EINTR) {
            n = 0;

        } else if (n == -1) {
            return mta_sts_error_errno(err, MTA_STS_NOWHERE, "write()", name);
        }
    }

    return MTA_STS_OK;
}


int
mta_sts_image_write(int fd, mta_sts_str_t name,
    const mta_sts_domains_t *domains, uint64_t serial, uint64_t base,
    mta_sts_err_t *err)
{
    image_header_t  header;
    image_writer_t  writer;

    memset(&header, 0, sizeof(image_header_t));

    memcpy(header.magic, IMAGE_MAGIC, sizeof(header.magic));
    header.order = IMAGE_ORDER;
    header.format = IMAGE_FORMAT;
    header.serial = serial;
    header.base = base;

    writer.fd = fd;
    writer.name = name;
    writer.ctx = EVP_MD_CTX_new();
    writer.offset = sizeof(image_header_t);
    writer.len = 0;
    writer.err = err;
    writer.failed = 0;

    if (writer.ctx == NULL
        || EVP_DigestInit_ex(writer.ctx, EVP_sha256(), NULL) != 1)
    {
        EVP_MD_CTX_free(writer.ctx);
        return image_digest_failed(MTA_STS_NOWHERE, err);
    }

    if (lseek(fd, (off_t) sizeof(image_header_t), SEEK_SET) == -1) {
        writer.failed = 1;
        (void) mta_sts_error_errno(err, MTA_STS_NOWHERE, "lseek()", name);
    }

    image_body(&writer, domains, &header);
    image_flush(&writer);

    if (!writer.failed
        && (EVP_DigestFinal_ex(writer.ctx, header.digest, NULL) != 1
            || !image_check(&header, header.check)))
    {
        writer.failed = 1;
        (void) image_digest_failed(MTA_STS_NOWHERE, err);
    }

    EVP_MD_CTX_free(writer.ctx);

    if (writer.failed) {
        return MTA_STS_ERROR;
    }

    return image_write_header(fd, name, &header, err);
}
