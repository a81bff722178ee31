-- DSF config tables: what users define. People may write them with plain SQL; what they wrote counts from the next activation on
-- (`dsf activate`). `position` columns keep the order in which things were defined; a gap or a tie in them does no harm.
-- Booleans are 0 or 1. Every table is STRICT: a value of the wrong type is refused when it is written.

CREATE TABLE dsf_setting (
  id    INTEGER PRIMARY KEY CHECK (id = 1),                                    -- one row, or none: then the defaults hold
  lanes INTEGER NOT NULL DEFAULT 4 CHECK (lanes BETWEEN 1 AND 1024)
) STRICT;

CREATE TABLE dsf_source (
  name       TEXT NOT NULL COLLATE NOCASE PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 120),
  position   INTEGER NOT NULL DEFAULT 0,
  transport  TEXT NOT NULL DEFAULT 'local',
  topic      TEXT CHECK (length(topic) BETWEEN 1 AND 249),                     -- NULL: the name of the source
  partitions INTEGER NOT NULL DEFAULT 4 CHECK (partitions BETWEEN 1 AND 1000),
  start      TEXT NOT NULL DEFAULT 'earliest',                                 -- earliest, latest, or a time in RFC 3339
  table_name TEXT CHECK (length(table_name) BETWEEN 1 AND 128),                -- NULL: the name of the source, dots as _
  tombstones TEXT NOT NULL DEFAULT 'filter' CHECK (tombstones IN ('filter', 'fail')),
  filter     TEXT,                                                             -- CEL
  key_column TEXT CHECK (length(key_column) BETWEEN 1 AND 128),                -- root column that takes the message key
  names      TEXT NOT NULL DEFAULT 'snake' CHECK (names IN ('snake', 'exact')),
  detect     INTEGER NOT NULL DEFAULT 0 CHECK (detect IN (0, 1)),
  depth_max  INTEGER NOT NULL DEFAULT 200 CHECK (depth_max BETWEEN 1 AND 1000),
  objects    TEXT NOT NULL DEFAULT 'child' CHECK (objects IN ('child', 'columns', 'json')),
  lists      TEXT NOT NULL DEFAULT 'child' CHECK (lists IN ('child', 'json', 'count', 'drop')),
  sample     TEXT                                                              -- file of sample messages
) STRICT;

CREATE TABLE dsf_source_header (
  source      TEXT NOT NULL COLLATE NOCASE REFERENCES dsf_source (name) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
  header      TEXT NOT NULL,
  position    INTEGER NOT NULL DEFAULT 0,
  column_name TEXT NOT NULL CHECK (length(column_name) BETWEEN 1 AND 128),
  PRIMARY KEY (source, header)
) STRICT;

CREATE TABLE dsf_source_path (
  source      TEXT NOT NULL COLLATE NOCASE REFERENCES dsf_source (name) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
  path        TEXT NOT NULL CHECK (length(path) BETWEEN 1 AND 1000),
  position    INTEGER NOT NULL DEFAULT 0,
  policy      TEXT CHECK (policy IN ('child', 'columns', 'child_scalar', 'map', 'json', 'first', 'last', 'join', 'count', 'drop')),
  separator   TEXT CHECK (length(separator) <= 10),                            -- for join
  column_name TEXT CHECK (length(column_name) BETWEEN 1 AND 128),              -- column or child table, instead of the one made from the path
  column_type TEXT CHECK (column_type IN ('boolean', 'bigint', 'decimal', 'double', 'text', 'timestamp', 'date', 'json')),
  long_form   INTEGER NOT NULL DEFAULT 0 CHECK (long_form IN (0, 1)),          -- how a file spelled a lone policy: `child` or `{policy: child}`; same meaning
  PRIMARY KEY (source, path)
) STRICT;

CREATE TABLE dsf_driver (
  name        TEXT NOT NULL COLLATE NOCASE PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 120),
  position    INTEGER NOT NULL DEFAULT 0,
  event_time  TEXT,                                                            -- CEL; NULL: the broker's timestamp
  window_kind TEXT NOT NULL DEFAULT 'none' CHECK (window_kind IN ('none', 'tumbling')),
  window_size TEXT,                                                            -- for tumbling: 15m, 1h, 1d
  CHECK ((window_kind = 'none') = (window_size IS NULL))
) STRICT;

CREATE TABLE dsf_driver_input (
  driver     TEXT NOT NULL COLLATE NOCASE REFERENCES dsf_driver (name) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
  input      INTEGER NOT NULL,                                                 -- number of the input, in order
  source     TEXT NOT NULL COLLATE NOCASE REFERENCES dsf_source (name) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
  table_path TEXT,                                                             -- child table; NULL: the root table
  filter     TEXT,                                                             -- CEL
  event_time TEXT,                                                             -- CEL, instead of the driver's
  PRIMARY KEY (driver, input)
) STRICT;
CREATE INDEX dsf_driver_input_source ON dsf_driver_input (source);

CREATE TABLE dsf_driver_expression (
  driver     TEXT NOT NULL COLLATE NOCASE,
  input      INTEGER NOT NULL,
  name       TEXT NOT NULL,                                                    -- of a key part or a measure
  position   INTEGER NOT NULL DEFAULT 0,
  expression TEXT,                                                             -- CEL; NULL: this input does not feed that measure
  PRIMARY KEY (driver, input, name),
  FOREIGN KEY (driver, input) REFERENCES dsf_driver_input (driver, input) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED
) STRICT;

CREATE TABLE dsf_driver_key (
  driver     TEXT NOT NULL COLLATE NOCASE REFERENCES dsf_driver (name) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
  name       TEXT NOT NULL,
  position   INTEGER NOT NULL DEFAULT 0,
  expression TEXT NOT NULL,                                                    -- CEL
  PRIMARY KEY (driver, name)
) STRICT;

CREATE TABLE dsf_measure (
  driver      TEXT NOT NULL COLLATE NOCASE REFERENCES dsf_driver (name) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
  name        TEXT NOT NULL,
  position    INTEGER NOT NULL DEFAULT 0,
  short       TEXT,                                                            -- short form: count, sum(total), list(items.sku, 50)
  function    TEXT,                                                            -- or the long form: function, of, max, type
  of          TEXT,                                                            -- CEL
  max_items   INTEGER CHECK (max_items BETWEEN 1 AND 10000),
  column_type TEXT CHECK (column_type IN ('boolean', 'bigint', 'decimal', 'double', 'text', 'timestamp', 'date', 'json')),
  PRIMARY KEY (driver, name),
  CHECK ((short IS NULL) <> (function IS NULL)),
  CHECK (short IS NULL OR (of IS NULL AND max_items IS NULL AND column_type IS NULL))
) STRICT;

CREATE TABLE dsf_publication (
  name       TEXT NOT NULL COLLATE NOCASE PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 120),
  position   INTEGER NOT NULL DEFAULT 0,
  driver     TEXT NOT NULL COLLATE NOCASE REFERENCES dsf_driver (name) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
  transport  TEXT NOT NULL DEFAULT 'local',
  topic      TEXT CHECK (length(topic) BETWEEN 1 AND 249),                     -- NULL: the name of the publication
  partitions INTEGER NOT NULL DEFAULT 4 CHECK (partitions BETWEEN 1 AND 1000),
  body       TEXT CHECK (json_valid(body)),                                    -- JSON template; NULL: key, window and measures
  numbers    TEXT NOT NULL DEFAULT 'string' CHECK (numbers IN ('string', 'number')),
  event_type TEXT NOT NULL DEFAULT 'dsf.summary'                               -- CloudEvents type
) STRICT;
CREATE INDEX dsf_publication_driver ON dsf_publication (driver);

-- Activated versions. A row never changes and never goes: records are stamped with the number.
CREATE TABLE dsf_version (
  version      INTEGER PRIMARY KEY,
  snapshot     TEXT NOT NULL CHECK (json_valid(snapshot)),
  sha256       TEXT NOT NULL,                                                  -- of the snapshot's text, hex
  activated_at INTEGER NOT NULL,                                               -- UTC ms
  comment      TEXT NOT NULL
) STRICT;
CREATE TRIGGER dsf_version_is_immutable BEFORE UPDATE ON dsf_version
BEGIN SELECT RAISE(ABORT, 'dsf_version is immutable: activate a new version instead'); END;
CREATE TRIGGER dsf_version_is_kept BEFORE DELETE ON dsf_version
BEGIN SELECT RAISE(ABORT, 'dsf_version is history: rows are stamped with its numbers and cannot lose them'); END;

-- Numbers given to names: `_dsf_src` in every data table is the number of a source. Given once, never reused, also after a removal.
CREATE TABLE dsf_name (
  kind TEXT NOT NULL CHECK (kind IN ('source', 'publication')),
  name TEXT NOT NULL,
  id   INTEGER NOT NULL,
  PRIMARY KEY (kind, name),
  UNIQUE (kind, id)
) STRICT;
CREATE TRIGGER dsf_name_is_immutable BEFORE UPDATE ON dsf_name
BEGIN SELECT RAISE(ABORT, 'dsf_name is immutable: a number is given to a name once'); END;
CREATE TRIGGER dsf_name_is_kept BEFORE DELETE ON dsf_name
BEGIN SELECT RAISE(ABORT, 'dsf_name is history: numbers are never given again'); END;
