-- The domains that mta-sts follow serves, for PostgreSQL 13 and newer:
--
--     psql -d hosting -f postgresql.sql
--
-- Write to mta_sts_domains only.  Triggers keep in mta_sts_changes which
-- domain was last changed by which transaction, deleted domains too, and
-- notify the channel mta_sts.

BEGIN;

-- A domain has the name of a policy, or settings of its own, or both.

CREATE TABLE mta_sts_domains (
    domain      text PRIMARY KEY CHECK (domain = lower(domain)),
    policy      text,
    mode        text CHECK (mode IN ('enforce', 'testing', 'none')),
    mx          text,               -- patterns, separated by spaces
    max_age     text,               -- such as 2w, or seconds
    tlsrpt_rua  text                -- URIs, separated by spaces
);

CREATE TABLE mta_sts_changes (
    domain      text PRIMARY KEY,
    xid         xid8 NOT NULL
);

CREATE INDEX mta_sts_changes_xid ON mta_sts_changes (xid);

CREATE FUNCTION mta_sts_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP IN ('UPDATE', 'DELETE') THEN
        INSERT INTO mta_sts_changes
        SELECT domain, pg_current_xact_id() FROM old_rows
        ON CONFLICT (domain) DO UPDATE SET xid = excluded.xid;
    END IF;

    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        INSERT INTO mta_sts_changes
        SELECT domain, pg_current_xact_id() FROM new_rows
        ON CONFLICT (domain) DO UPDATE SET xid = excluded.xid;
    END IF;

    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO mta_sts_changes
        SELECT domain, pg_current_xact_id() FROM mta_sts_domains
        ON CONFLICT (domain) DO UPDATE SET xid = excluded.xid;
    END IF;

    PERFORM pg_notify('mta_sts', '');
    RETURN NULL;
END
$$;

CREATE TRIGGER mta_sts_inserted AFTER INSERT ON mta_sts_domains
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION mta_sts_changed();

CREATE TRIGGER mta_sts_updated AFTER UPDATE ON mta_sts_domains
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION mta_sts_changed();

CREATE TRIGGER mta_sts_deleted AFTER DELETE ON mta_sts_domains
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION mta_sts_changed();

CREATE TRIGGER mta_sts_truncated BEFORE TRUNCATE ON mta_sts_domains
    FOR EACH STATEMENT EXECUTE FUNCTION mta_sts_changed();

COMMIT;
