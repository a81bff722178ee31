-- What a lane is about to write in another database: stored before it is written there, and gone with the transaction that counts it. Always empty
-- where rows rest in this file.
CREATE TABLE dsf_intent (
  phase  TEXT NOT NULL CHECK (phase IN ('ingest', 'flatten', 'summarise', 'publish')),
  source INTEGER NOT NULL,
  lane   INTEGER NOT NULL,
  body   BLOB NOT NULL,                                                        -- what the lane has decided, zstd
  PRIMARY KEY (phase, source, lane)
) STRICT;
