-- DSF state: what must commit together with the rows. Written by the services alone; read it freely, never edit it by hand.
-- Times are UTC ms. Texts that are not well-formed Unicode (a lone surrogate in a message) rest as BLOB in UTF-16LE, so that nothing is changed.

-- What one worker writes alone. Every transaction begins by raising `seq`; who finds another number than he knew starts over.
CREATE TABLE dsf_lane (
  phase  TEXT NOT NULL CHECK (phase IN ('ingest', 'flatten', 'summarise', 'publish')),
  source INTEGER NOT NULL,                                                     -- for ingest, else 0
  lane   INTEGER NOT NULL,
  seq    INTEGER NOT NULL CHECK (seq >= 1),
  facts  TEXT NOT NULL DEFAULT '{}',                                           -- JSON
  PRIMARY KEY (phase, source, lane)
) STRICT, WITHOUT ROWID;

-- Offset of the next record that a lane has not had, with its counters: next - start = written + failed + filtered + absent.
CREATE TABLE dsf_position (
  phase        TEXT NOT NULL,
  lane_source  INTEGER NOT NULL,
  lane         INTEGER NOT NULL,
  source       INTEGER NOT NULL,                                               -- publish: the publication
  partition    INTEGER NOT NULL,
  next_offset  INTEGER NOT NULL,                                               -- publish: a revision
  start_offset INTEGER NOT NULL,
  time         INTEGER,                                                        -- highest broker timestamp
  idle         INTEGER NOT NULL CHECK (idle IN (0, 1)),                        -- the source was read to its end
  version      INTEGER NOT NULL,
  written      INTEGER NOT NULL,
  failed       INTEGER NOT NULL,
  filtered     INTEGER NOT NULL,
  absent       INTEGER NOT NULL,
  duplicates   INTEGER NOT NULL,
  refills      INTEGER NOT NULL,
  PRIMARY KEY (phase, lane_source, lane, source, partition),
  FOREIGN KEY (phase, lane_source, lane) REFERENCES dsf_lane (phase, source, lane)
) STRICT, WITHOUT ROWID;

-- Things asked of a lane's owner: replay, recompute, rebuild. Open while closed_at is NULL.
CREATE TABLE dsf_request (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  phase      TEXT NOT NULL,
  source     INTEGER NOT NULL,
  lane       INTEGER NOT NULL,
  kind       TEXT NOT NULL CHECK (kind IN ('replay', 'recompute', 'rebuild')),
  body       TEXT NOT NULL,                                                    -- JSON
  created_at INTEGER NOT NULL,
  closed_at  INTEGER
) STRICT;
CREATE INDEX dsf_request_open ON dsf_request (phase, source, lane, id) WHERE closed_at IS NULL;

-- Records that a phase refused. Open until a replay succeeds.
CREATE TABLE dsf_failure (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  phase     TEXT NOT NULL CHECK (phase IN ('ingest', 'flatten', 'summarise', 'publish')),
  _dsf_src  INTEGER NOT NULL,
  _dsf_part INTEGER NOT NULL,
  _dsf_off  INTEGER NOT NULL,
  scope     TEXT NOT NULL,                                                     -- '' = the record; else `<driver instance>/<row>`
  code      TEXT NOT NULL,
  path      TEXT,
  detail    TEXT NOT NULL,
  version   INTEGER NOT NULL,
  attempts  INTEGER NOT NULL DEFAULT 1,
  first_at  INTEGER NOT NULL,
  last_at   INTEGER NOT NULL,
  status    TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'replaying', 'resolved')),
  UNIQUE (_dsf_src, _dsf_part, _dsf_off, phase, scope)
);
CREATE INDEX dsf_failure_unresolved ON dsf_failure (code, id) WHERE status <> 'resolved';

-- The path catalog: which table and column each path of a source's messages has. A name is given once.
CREATE TABLE dsf_schema (
  id      INTEGER PRIMARY KEY CHECK (id = 1),
  version INTEGER NOT NULL                                                     -- rises with every change below
) STRICT;
INSERT INTO dsf_schema (id, version) VALUES (1, 0);

CREATE TABLE dsf_table (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  source INTEGER NOT NULL,
  path   TEXT NOT NULL,                                                        -- '' = root
  name   TEXT NOT NULL COLLATE NOCASE UNIQUE,
  parent INTEGER REFERENCES dsf_table (id),
  UNIQUE (source, path)
);

CREATE TABLE dsf_column (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  table_id INTEGER NOT NULL REFERENCES dsf_table (id),
  ordinal  INTEGER NOT NULL,                                                   -- order in which columns were added, from 0
  path     TEXT NOT NULL,
  name     TEXT NOT NULL COLLATE NOCASE,
  type     TEXT NOT NULL,
  role     TEXT NOT NULL CHECK (role IN ('value', 'variant', 'length', 'rest')),
  UNIQUE (table_id, ordinal),
  UNIQUE (table_id, name)
);
-- A path has one column of its own per role, and as many variants as it needs.
CREATE UNIQUE INDEX dsf_column_of_path ON dsf_column (table_id, path, role) WHERE role <> 'variant';

-- Driver instances: a driver as one unchangeable computation, and the table that holds its groups.
CREATE TABLE dsf_instance (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  instance        TEXT NOT NULL UNIQUE,
  driver          TEXT NOT NULL,
  table_name      TEXT NOT NULL COLLATE NOCASE UNIQUE,
  key_columns     TEXT NOT NULL,                                               -- JSON list of column names, in key order
  measure_columns TEXT NOT NULL,                                               -- JSON list of {name, type}, in measure order
  windowed        INTEGER NOT NULL CHECK (windowed IN (0, 1))
) STRICT;

-- The view that people read: one per driver, named after it, over the table of the instance that it shows.
CREATE TABLE dsf_summary_view (
  driver   TEXT NOT NULL PRIMARY KEY,
  name     TEXT NOT NULL COLLATE NOCASE UNIQUE,
  instance TEXT NOT NULL REFERENCES dsf_instance (instance)
) STRICT;

CREATE TABLE dsf_lane_instance (
  lane     INTEGER NOT NULL,
  instance TEXT NOT NULL REFERENCES dsf_instance (instance),
  PRIMARY KEY (lane, instance)
) STRICT, WITHOUT ROWID;
CREATE INDEX dsf_lane_instance_of ON dsf_lane_instance (instance);
