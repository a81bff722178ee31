-- Connections to Google Cloud Pub/Sub beside those to Kafka. SQLite cannot change a CHECK, so the table is made anew.
ALTER TABLE dsf_connection RENAME TO dsf_connection_before;
CREATE TABLE dsf_connection (
  name          TEXT NOT NULL COLLATE NOCASE PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 120),
  position      INTEGER NOT NULL DEFAULT 0,
  kind          TEXT NOT NULL DEFAULT 'kafka' CHECK (kind IN ('kafka', 'pubsub')),
  brokers       TEXT NOT NULL DEFAULT '' CHECK (length(brokers) <= 10000),         -- kafka: host:port,host:port
  client_id     TEXT NOT NULL DEFAULT 'dsf' CHECK (length(client_id) BETWEEN 1 AND 200),
  tls           INTEGER NOT NULL DEFAULT 0 CHECK (tls IN (0, 1)),
  ca_file       TEXT,                                                              -- PEM; NULL: the authorities that Node.js knows
  cert_file     TEXT,
  key_file      TEXT,
  mechanism     TEXT CHECK (mechanism IN ('plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer')),  -- NULL: no login
  username_env  TEXT,
  username_file TEXT,
  password_env  TEXT,
  password_file TEXT,
  token_env     TEXT,
  token_file    TEXT,
  project       TEXT,                                                              -- pubsub: Google Cloud project; NULL: of the credentials
  region        TEXT,                                                              -- pubsub: region whose endpoint is used
  endpoint      TEXT,                                                              -- pubsub: host in place of the public endpoint
  credentials_file TEXT,                                                           -- pubsub: key of a service account; NULL: of the environment
  CHECK ((kind = 'kafka') = (length(brokers) > 0)),
  CHECK (tls = 1 OR (ca_file IS NULL AND cert_file IS NULL AND key_file IS NULL)),
  CHECK (mechanism IS NOT NULL OR coalesce(username_env, username_file, password_env, password_file, token_env, token_file) IS NULL)
) STRICT;
INSERT INTO dsf_connection (name, position, kind, brokers, client_id, tls, ca_file, cert_file, key_file, mechanism, username_env, username_file, password_env, password_file, token_env, token_file)
  SELECT name, position, kind, brokers, client_id, tls, ca_file, cert_file, key_file, mechanism, username_env, username_file, password_env, password_file, token_env, token_file FROM dsf_connection_before;
DROP TABLE dsf_connection_before;

-- Messages of sources without offsets, by the name that the source gives them: where each came to stand. Kept for longer than the source can
-- send a message again.
CREATE TABLE dsf_message (
  source     INTEGER NOT NULL,
  message_id TEXT    NOT NULL,
  partition  INTEGER NOT NULL,
  off        INTEGER NOT NULL,
  time       INTEGER NOT NULL,                                                 -- when the source had it, UTC ms
  PRIMARY KEY (source, message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX dsf_message_time ON dsf_message (source, partition, time);
