-- The domains that mta-sts follow serves, for MariaDB 10.6 and newer:
--
--     mariadb hosting < mariadb.sql
--
-- Write to mta_sts_domains only.  Triggers keep in mta_sts_changes when each
-- domain was last changed, deleted domains too.  TRUNCATE and foreign keys with
-- ON DELETE CASCADE run no triggers: mta-sts follow sees what they have deleted
-- at its next full read.

-- A domain has the name of a policy, or settings of its own, or both.

CREATE TABLE mta_sts_domains (
    domain      VARCHAR(253) NOT NULL PRIMARY KEY
                CHECK (domain = LOWER(domain)),
    policy      VARCHAR(255),
    mode        VARCHAR(7) CHECK (mode IN ('enforce', 'testing', 'none')),
    mx          TEXT,               -- patterns, separated by spaces
    max_age     VARCHAR(20),        -- such as 2w, or seconds
    tlsrpt_rua  TEXT                -- URIs, separated by spaces
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE mta_sts_changes (
    domain      VARCHAR(253) NOT NULL PRIMARY KEY,
    changed     DATETIME(6) NOT NULL,
    INDEX (changed)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TRIGGER mta_sts_inserted AFTER INSERT ON mta_sts_domains FOR EACH ROW
    INSERT INTO mta_sts_changes VALUES (NEW.domain, UTC_TIMESTAMP(6))
    ON DUPLICATE KEY UPDATE changed = VALUES(changed);

CREATE TRIGGER mta_sts_updated AFTER UPDATE ON mta_sts_domains FOR EACH ROW
    INSERT INTO mta_sts_changes
    VALUES (OLD.domain, UTC_TIMESTAMP(6)), (NEW.domain, UTC_TIMESTAMP(6))
    ON DUPLICATE KEY UPDATE changed = VALUES(changed);

CREATE TRIGGER mta_sts_deleted AFTER DELETE ON mta_sts_domains FOR EACH ROW
    INSERT INTO mta_sts_changes VALUES (OLD.domain, UTC_TIMESTAMP(6))
    ON DUPLICATE KEY UPDATE changed = VALUES(changed);
