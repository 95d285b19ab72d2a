/*
 * Policies from a folder of files, as web servers have them.
 */

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cli/diag/diag.h"
#include "import.h"


#define FILES_WELL_KNOWN  "/.well-known/mta-sts.txt"


/* Where the policy of a name in the folder may be. */

static const char *const  files_layouts[] = {
    FILES_WELL_KNOWN, "/mta-sts.txt"
};

#define FILES_LAYOUTS  (sizeof(files_layouts) / sizeof(files_layouts[0]))


typedef struct {
    import_t                *import;
    import_wanted_t          wanted;
    const mta_sts_env_t     *env;
    size_t                   found;
} files_t;


static int
files_cmp(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}


/* The names in a folder, sorted. */

static int
files_list(mta_sts_str_t folder, const mta_sts_env_t *env, char ***names,
    size_t *n, mta_sts_err_t *err)
{
    DIR            *dir;
    size_t          size;
    struct dirent  *file;

    *names = NULL;
    *n = 0;
    size = 0;

    dir = opendir(folder.data);

    if (dir == NULL) {
        return mta_sts_error_errno(err, MTA_STS_NOWHERE, "opendir()", folder);
    }

    while (errno = 0, (file = readdir(dir)) != NULL) {

        if (file->d_name[0] == '.') {
            continue;
        }

        *names = mta_sts_env_grow(env, *names, *n, &size, sizeof(char *));
        (*names)[(*n)++] = (char *) mta_sts_str_copy(env,
                                     mta_sts_str_from(file->d_name)).data;
    }

    if (errno) {
        (void) mta_sts_error_errno(err, MTA_STS_NOWHERE, "readdir()", folder);
        (void) closedir(dir);
        return MTA_STS_ERROR;
    }

    (void) closedir(dir);

    if (*n) {
        qsort(*names, *n, sizeof(char *), files_cmp);
    }

    return MTA_STS_OK;
}


/* "mta-sts.example.com" or "example.com" -> "example.com" */

static int
files_domain(mta_sts_str_t name, const mta_sts_env_t *env,
    mta_sts_str_t *domain)
{
    mta_sts_err_t    err;
    mta_sts_value_t  value;

    if (mta_sts_str_starts(name, mta_sts_str("mta-sts."))) {
        name = mta_sts_str_after(name, sizeof("mta-sts.") - 1);
    }

    value.text = name;
    value.place = MTA_STS_NOWHERE;

    /* a name of one label is more likely that of something else */

    if (memchr(name.data, '.', name.len) == NULL) {
        return 0;
    }

    if (mta_sts_name_domain("domain", &value, env, domain, &err)
        != MTA_STS_OK)
    {
        import_memory(&err);
        return 0;
    }

    return 1;
}


static void
files_read(files_t *files, mta_sts_str_t domain, mta_sts_str_t name)
{
    struct stat      st;
    mta_sts_err_t    err;
    mta_sts_file_t   file;
    import_source_t  source;

    memset(&source, 0, sizeof(import_source_t));

    files->found++;

    source.domain = domain;
    source.place.file = name;
    source.ttl = -1;

    /* a sender reads no more */

    if (stat(name.data, &st) == 0 && S_ISREG(st.st_mode)
        && st.st_size > FETCH_BODY_MAX)
    {
        import_refuse(files->import, source.place, domain, "more than %d KiB, "
                      "and senders stop reading", FETCH_BODY_MAX / 1024);
        return;
    }

    if (mta_sts_file_read(&file, name, MTA_STS_NOWHERE, &err) != MTA_STS_OK) {
        import_memory(&err);
        import_say(MTA_STS_NOWHERE, domain, "unknown: %s", err.text);
        files->import->n_unknown++;
        return;
    }

    source.text = file.text;

    import_add(files->import, &source);

    mta_sts_file_free(&file);
}


/* FOLDER/NAME and what is in it. */

static void
files_name(files_t *files, mta_sts_str_t folder, const char *name)
{
    size_t         i, len;
    struct stat    st;
    mta_sts_str_t  domain, base, file;
    mta_sts_buf_t  path = { files->env, NULL, 0, 0, 0 };

    base = mta_sts_str_from(name);

    mta_sts_buf_add(&path, folder);
    mta_sts_buf_add_char(&path, '/');
    mta_sts_buf_add(&path, base);

    if (mta_sts_str_ends(base, mta_sts_str(".txt"))) {
        base.len -= sizeof(".txt") - 1;

        if (files_domain(base, files->env, &domain)
            && import_is_wanted(&files->wanted, domain))
        {
            files_read(files, domain,
                       mta_sts_str_copy(files->env, mta_sts_buf_str(&path)));
        }

        return;
    }

    if (!files_domain(base, files->env, &domain)
        || !import_is_wanted(&files->wanted, domain))
    {
        return;
    }

    len = path.len;

    for (i = 0; i < FILES_LAYOUTS; i++) {
        path.len = len;
        mta_sts_buf_add_cstr(&path, files_layouts[i]);
        file = mta_sts_str_copy(files->env, mta_sts_buf_str(&path));

        if (stat(file.data, &st) == 0 || (errno != ENOENT && errno != ENOTDIR))
        {
            files_read(files, domain, file);
            return;
        }
    }
}


int
import_folder(import_t *import, mta_sts_str_t folder,
    const mta_sts_values_t *names, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    char    **list;
    size_t    i, n;
    files_t   files = { import, { NULL, NULL }, env, 0 };

    import_wanted(&files.wanted, names, env);

    if (files_list(folder, env, &list, &n, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    while (folder.len > 1 && folder.data[folder.len - 1] == '/') {
        folder.len--;
    }

    for (i = 0; i < n; i++) {
        files_name(&files, folder, list[i]);
    }

    import_missing(import, &files.wanted, folder);

    if (files.found == 0 && names->n == 0) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "no policy is in \"%.*s\", "
                             "looked for [mta-sts.]DOMAIN%s, "
                             "[mta-sts.]DOMAIN/mta-sts.txt and "
                             "[mta-sts.]DOMAIN.txt", MTA_STS_SHOW(folder),
                             FILES_WELL_KNOWN);
    }

    return MTA_STS_OK;
}
