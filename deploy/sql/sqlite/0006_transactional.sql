-- Whether a publication sends to Kafka in transactions, which shut out a publisher that was replaced.
ALTER TABLE dsf_publication ADD COLUMN transactional INTEGER NOT NULL DEFAULT 1 CHECK (transactional IN (0, 1));
