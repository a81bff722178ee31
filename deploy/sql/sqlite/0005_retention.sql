-- Retention: how long raw rows and flat rows are kept, per source; NULL: for ever.
ALTER TABLE dsf_source ADD COLUMN retention_raw TEXT;                              -- 30d, 12h, 45m
ALTER TABLE dsf_source ADD COLUMN retention_rows TEXT;

-- Requests know two more kinds. A CHECK cannot be changed in place.
DROP INDEX dsf_request_open;
ALTER TABLE dsf_request RENAME TO dsf_request_before;
CREATE TABLE dsf_request (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  phase      TEXT NOT NULL,
  source     INTEGER NOT NULL,
  lane       INTEGER NOT NULL,
  kind       TEXT NOT NULL CHECK (kind IN ('replay', 'recompute', 'rebuild', 'purge', 'freeze')),
  body       TEXT NOT NULL,                                                        -- JSON
  created_at INTEGER NOT NULL,
  closed_at  INTEGER
) STRICT;
INSERT INTO dsf_request SELECT id, phase, source, lane, kind, body, created_at, closed_at FROM dsf_request_before;
DROP TABLE dsf_request_before;
CREATE INDEX dsf_request_open ON dsf_request (phase, source, lane, id) WHERE closed_at IS NULL;

-- Groups that have rows below a horizon: their numbers stand, and are never folded again.
CREATE TABLE dsf_frozen (
  instance   TEXT NOT NULL REFERENCES dsf_instance (instance),
  group_text TEXT NOT NULL,                                                        -- _dsf_group
  PRIMARY KEY (instance, group_text)
) STRICT, WITHOUT ROWID;
