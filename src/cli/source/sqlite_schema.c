/*
 * mta-sts follow --init sqlite:FILE
 */

#include <sqlite3.h>

#include "sqlite_schema.h"


#define SCHEMA_ID    "1297367363"     /* "MTSC", SQLite's application_id */
#define SCHEMA_WAIT  10000            /* for another process; ms */


/*
 * Which domain was last changed by which change, deleted domains too.  REPLACE
 * in a trigger would not do: where the statement that runs the trigger has
 * another conflict clause, such as OR IGNORE, that one counts.
 */

#define SCHEMA_CHANGED(row)                                                   \
    "    DELETE FROM mta_sts_changes WHERE domain = " row ".domain;\n"        \
    "    INSERT INTO mta_sts_changes (domain) VALUES (" row ".domain);\n"

static const char  schema[] =
    "CREATE TABLE mta_sts_domains (\n"
    "    domain      TEXT NOT NULL PRIMARY KEY"
    " CHECK (domain = lower(domain)),\n"
    "    policy      TEXT,\n"
    "    mode        TEXT CHECK (mode IN ('enforce', 'testing', 'none')),\n"
    "    mx          TEXT,               -- patterns, separated by spaces\n"
    "    max_age     TEXT,               -- such as 2w, or seconds\n"
    "    tlsrpt_rua  TEXT                -- URIs, separated by spaces\n"
    ");\n"

    "CREATE TABLE mta_sts_changes (\n"
    "    number      INTEGER PRIMARY KEY AUTOINCREMENT,\n"
    "    domain      TEXT NOT NULL UNIQUE\n"
    ");\n"

    "CREATE TRIGGER mta_sts_inserted AFTER INSERT ON mta_sts_domains BEGIN\n"
    SCHEMA_CHANGED("NEW")
    "END;\n"

    "CREATE TRIGGER mta_sts_deleted AFTER DELETE ON mta_sts_domains BEGIN\n"
    SCHEMA_CHANGED("OLD")
    "END;\n"

    "CREATE TRIGGER mta_sts_updated AFTER UPDATE ON mta_sts_domains BEGIN\n"
    SCHEMA_CHANGED("OLD")
    SCHEMA_CHANGED("NEW")
    "END;\n"

    "PRAGMA application_id = " SCHEMA_ID ";\n";


/* The value of a pragma, or the number of tables; -1 for an error. */

static sqlite3_int64
schema_value(sqlite3 *db, const char *sql)
{
    sqlite3_stmt   *stmt;
    sqlite3_int64   value;

    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) {
        return -1;
    }

    value = sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int64(stmt, 0)
                                             : -1;
    (void) sqlite3_finalize(stmt);

    return value;
}


static int
schema_create(sqlite3 *db, const char *file, mta_sts_err_t *err)
{
    char  id[20];

    /* to WAL, so that readers and the writer do not wait for each other */

    if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK) {

        (void) sqlite3_snprintf(sizeof(id), id, "%lld", (long long)
                                schema_value(db, "PRAGMA application_id"));

        if (strcmp(id, SCHEMA_ID) == 0) {
            return MTA_STS_OK;
        }

        if (schema_value(db, "SELECT count(*) FROM sqlite_master") > 0
            || strcmp(id, "0") != 0)
        {
            return mta_sts_error(err, MTA_STS_NOWHERE, "\"%.*s\" is a database "
                                 "of something else, which is not changed: "
                                 "name a new file",
                                 MTA_STS_SHOW(mta_sts_str_from(file)));
        }

        if (sqlite3_exec(db, schema, NULL, NULL, NULL) == SQLITE_OK
            && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK
            && sqlite3_exec(db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL)
               == SQLITE_OK)
        {
            return MTA_STS_OK;
        }
    }

    return mta_sts_error(err, MTA_STS_NOWHERE, "SQLite: \"%.*s\": %s",
                         MTA_STS_SHOW(mta_sts_str_from(file)),
                         sqlite3_errmsg(db));
}


const char *
sqlite_url_file(const char *url, mta_sts_err_t *err)
{
    const char  *file;

    file = url + sizeof("sqlite:") - 1;

    if (*file == '\0') {
        (void) mta_sts_error(err, MTA_STS_NOWHERE, "invalid URL of a source: "
                             "no file, must be sqlite:FILE");
        return NULL;
    }

    /* what comes after two slashes is not meant as a folder of the root */

    if (strncmp(file, "//", 2) == 0 && file[2] != '/') {
        (void) mta_sts_error(err, MTA_STS_NOWHERE, "invalid URL of a source "
                             "\"%.*s\": a file has no host, must be "
                             "\"sqlite:%.*s\"",
                             MTA_STS_SHOW(mta_sts_str_from(url)),
                             MTA_STS_SHOW(mta_sts_str_from(file + 2)));
        return NULL;
    }

    return file;
}


int
sqlite_schema_create(const char *url, mta_sts_err_t *err)
{
    int          rc;
    sqlite3     *db;
    const char  *file;

    file = sqlite_url_file(url, err);

    if (file == NULL) {
        return MTA_STS_ERROR;
    }

    if (sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE|SQLITE_OPEN_CREATE,
                        NULL) != SQLITE_OK)
    {
        rc = mta_sts_error(err, MTA_STS_NOWHERE, "SQLite: \"%.*s\": %s",
                           MTA_STS_SHOW(mta_sts_str_from(file)),
                           sqlite3_errmsg(db));
    } else {
        (void) sqlite3_busy_timeout(db, SCHEMA_WAIT);
        rc = schema_create(db, file, err);
    }

    (void) sqlite3_close(db);

    return rc;
}
