-- Raw messages of all sources, bytes exactly as they were received. One table: at this point nothing but coordinates is known of a message.
-- A rowid table on purpose: payloads of any size do not belong in the nodes of a key's tree, and rows append in order of arrival.
CREATE TABLE dsf_raw (
  _dsf_src    INTEGER NOT NULL,                                                -- dsf_name.id of the source
  _dsf_part   INTEGER NOT NULL,
  _dsf_off    INTEGER NOT NULL,
  topic       TEXT NOT NULL,
  time        INTEGER NOT NULL,                                                -- broker timestamp, UTC ms
  time_type   TEXT NOT NULL CHECK (time_type IN ('create', 'append')),
  ingested_at INTEGER NOT NULL,                                                -- UTC ms
  key         BLOB,
  headers     TEXT NOT NULL,                                                   -- JSON: [[name, value in base64], …]
  payload     BLOB,                                                            -- NULL is a tombstone
  size        INTEGER NOT NULL,                                                -- bytes of the payload
  sha256      BLOB,                                                            -- of the payload
  PRIMARY KEY (_dsf_src, _dsf_part, _dsf_off)
);
