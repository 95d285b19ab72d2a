/*
 * The file that answers: root, alias and try_files.
 */

#include <stdlib.h>
#include <sys/stat.h>

#include "conf.h"


/* The block that has the root or alias of a location, or NULL. */

static const conf_block_t *
root_block(const conf_block_t *block)
{
    while (block && block->root.n == 0) {
        block = block->parent;
    }

    return block;
}


/* The name of the file of a URI. */

static int
root_path(conf_request_t *request, const conf_block_t *location,
    mta_sts_str_t uri, mta_sts_place_t *place, mta_sts_str_t *path)
{
    int                     alias;
    mta_sts_str_t           root;
    mta_sts_buf_t           text = { request->env, NULL, 0, 0, 0 };
    const conf_block_t     *block;
    const mta_sts_value_t  *value;

    block = root_block(location);
    *place = location->place;

    if (block == NULL) {
        return conf_fault(request, *place, "no \"root\" or \"alias\" says "
                          "where the policy is");
    }

    value = &block->root.words[1];
    alias = mta_sts_str_eq(block->root.words[0].text, mta_sts_str("alias"));
    *place = value->place;

    if (conf_expand(request, value, &root)) {
        return 1;
    }

    if (!mta_sts_str_starts(root, mta_sts_str("/"))) {

        if (request->prefix.len == 0) {
            return conf_fault(request, *place, "\"%.*s\" is relative to "
                              "nginx's prefix, which is to be given with -p",
                              MTA_STS_SHOW(root));
        }

        mta_sts_buf_add(&text, request->prefix);
    }

    mta_sts_buf_add(&text, root);

    if (alias && block->kind != CONF_REGEX
        && mta_sts_str_starts(uri, block->uri.text))
    {
        uri = mta_sts_str_after(uri, block->uri.text.len);

    } else if (alias) {
        uri.len = 0;
    }

    mta_sts_buf_add(&text, uri);

    *path = mta_sts_str_copy(request->env, mta_sts_buf_str(&text));

    return 0;
}


/* Where symbolic links are not followed, is one in the path? */

static int
root_symlinks(conf_request_t *request, const conf_block_t *location,
    mta_sts_str_t path)
{
    int                  same;
    char                *real;
    const conf_block_t  *block;

    for (block = location; block && block->symlinks.n == 0;
         block = block->parent)
    {
        /* void */
    }

    if (block == NULL || mta_sts_str_eq(block->symlinks.words[1].text,
                                        mta_sts_str("off")))
    {
        return 0;
    }

    real = realpath(path.data, NULL);
    same = real == NULL || mta_sts_str_eq(mta_sts_str_from(real), path);
    free(real);

    if (same) {
        return 0;
    }

    return conf_fault(request, block->symlinks.words[0].place,
                      "\"disable_symlinks\" is not followed, " CONF_LIVE,
                      MTA_STS_SHOW(request->domain));
}


static int
root_file(conf_request_t *request, const conf_block_t *location,
    mta_sts_str_t uri, mta_sts_str_t path, mta_sts_place_t place)
{
    struct stat     st;
    mta_sts_file_t  file;

    if (root_symlinks(request, location, path)) {
        return 1;
    }

    if (stat(path.data, &st) == 0 && S_ISREG(st.st_mode)
        && st.st_size > FETCH_BODY_MAX)
    {
        return conf_fault(request, place, "\"%.*s\" has more than %d KiB, and "
                          "senders stop reading", MTA_STS_SHOW(path),
                          FETCH_BODY_MAX / 1024);
    }

    if (mta_sts_file_read(&file, path, place, &request->answer->fault)
        != MTA_STS_OK)
    {
        import_memory(&request->answer->fault);
        return 1;
    }

    (void) conf_found(request, location, uri, place,
                      mta_sts_str_copy(request->env, file.text));

    mta_sts_file_free(&file);

    return 1;
}


/* The first of try_files that exists; the last word is what is done else. */

static int
root_try_files(conf_request_t *request, const conf_block_t *location)
{
    size_t              i;
    struct stat         st;
    mta_sts_str_t       uri, path;
    mta_sts_place_t     place;
    const conf_line_t  *line;

    line = &location->try_files;

    for (i = 1; i + 1 < line->n; i++) {

        if (conf_expand(request, &line->words[i], &uri)
            || root_path(request, location, uri, &place, &path))
        {
            return 1;
        }

        if (stat(path.data, &st) == 0 && S_ISREG(st.st_mode)) {
            return root_file(request, location, uri, path,
                               line->words[i].place);
        }
    }

    return conf_fault(request, line->words[0].place, "none of the files of "
                      "\"try_files\" is here");
}


void
conf_file(conf_request_t *request, const conf_block_t *location)
{
    mta_sts_str_t    path, uri = mta_sts_str(CONF_URI);
    mta_sts_place_t  place;

    if (location->try_files.n) {
        (void) root_try_files(request, location);

    } else if (!root_path(request, location, uri, &place, &path)) {
        (void) root_file(request, location, uri, path, place);
    }
}
