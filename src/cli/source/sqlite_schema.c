/*
 * mta-sts follow --init sqlite:FILE
 */

#include "cli/sqlite/sqlite.h"
#include "sqlite_schema.h"


#define SCHEMA_WAIT  10000            /* for another process; ms */


/*
 * Which domain was last changed by which change, deleted domains too.  REPLACE
 * in a trigger would not do: where the statement that runs the trigger has
 * another conflict clause, such as OR IGNORE, that one counts.
 */

#define SCHEMA_CHANGED(row)                                                   \
    "    DELETE FROM mta_sts_changes WHERE domain = " row ".domain;\n"        \
    "    INSERT INTO mta_sts_changes (domain) VALUES (" row ".domain);\n"

static const char  schema_tables[] =
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
    "END;\n";

static const sqlite_schema_t  schema = {
    .id = 0x4d544143,                 /* "MTAC" */
    .versions = { schema_tables }
};


int
sqlite_schema_create(const char *url, mta_sts_err_t *err)
{
    int             rc;
    const char     *file, *why;
    sqlite_file_t   sqlite;

    file = url + sizeof("sqlite:") - 1;

    if (*file == '\0') {
        return mta_sts_error(err, MTA_STS_NOWHERE, "invalid URL of a source: "
                             "no file, must be sqlite:FILE");
    }

    memset(&sqlite, 0, sizeof(sqlite_file_t));

    why = sqlite_file_open(&sqlite, file, SQLITE_OPEN_READWRITE
                           |SQLITE_OPEN_CREATE, SCHEMA_WAIT, &schema);

    rc = why == NULL ? MTA_STS_OK
         : mta_sts_error(err, MTA_STS_NOWHERE, "SQLite: \"%.*s\": %s%s",
                         MTA_STS_SHOW(mta_sts_str_from(file)), why,
                         why == sqlite_foreign
                         ? ", which is not changed: name a new file" : "");

    sqlite_file_close(&sqlite);

    return rc;
}
