-- Clusters that sources read from and publications write to. Secrets are never here: columns end in _env (the name of an environment
-- variable) or _file (the path of a file that holds the value).
CREATE TABLE dsf_connection (
  name          TEXT NOT NULL COLLATE NOCASE PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 120),
  position      INTEGER NOT NULL DEFAULT 0,
  kind          TEXT NOT NULL DEFAULT 'kafka' CHECK (kind IN ('kafka')),
  brokers       TEXT NOT NULL CHECK (length(brokers) BETWEEN 1 AND 10000),         -- host:port,host:port
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
  CHECK (tls = 1 OR (ca_file IS NULL AND cert_file IS NULL AND key_file IS NULL)),
  CHECK (mechanism IS NOT NULL OR coalesce(username_env, username_file, password_env, password_file, token_env, token_file) IS NULL)
) STRICT;

-- Whether there is a connection of that name is checked on activation, with all else that belongs together.
ALTER TABLE dsf_source ADD COLUMN connection TEXT COLLATE NOCASE;                  -- for transport kafka
ALTER TABLE dsf_publication ADD COLUMN connection TEXT COLLATE NOCASE;
