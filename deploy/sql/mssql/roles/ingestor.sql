-- The ingestor: raw rows, and its lanes.
-- sqlcmd -b -I -v schema=dsf -i ingestor.sql, by a member of db_owner, after `dsf migrate`. Then: ALTER ROLE [$(schema)_ingestor] ADD MEMBER [<user>];

IF DATABASE_PRINCIPAL_ID(N'$(schema)_ingestor') IS NULL CREATE ROLE [$(schema)_ingestor];
GO
GRANT SELECT ON SCHEMA::[$(schema)_config] TO [$(schema)_ingestor];
GRANT SELECT ON SCHEMA::[$(schema)_state] TO [$(schema)_ingestor];
GRANT INSERT, UPDATE ON [$(schema)_state].[lane] TO [$(schema)_ingestor];
GRANT INSERT, UPDATE ON [$(schema)_state].[position] TO [$(schema)_ingestor];
GRANT INSERT, DELETE ON [$(schema)_state].[intent] TO [$(schema)_ingestor];
GRANT INSERT, UPDATE ON [$(schema)_state].[failure] TO [$(schema)_ingestor];
GRANT INSERT, UPDATE ON [$(schema)_state].[request] TO [$(schema)_ingestor];
GRANT INSERT, DELETE ON [$(schema)_state].[message] TO [$(schema)_ingestor];
GRANT SELECT, INSERT ON [$(schema)].[dsf_raw] TO [$(schema)_ingestor];
GO
