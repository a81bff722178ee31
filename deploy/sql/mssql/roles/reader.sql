-- People and reports: everything can be read, nothing changed.
-- sqlcmd -b -I -v schema=dsf -i reader.sql, by a member of db_owner, after `dsf migrate`. Then: ALTER ROLE [$(schema)_reader] ADD MEMBER [<user>];

IF DATABASE_PRINCIPAL_ID(N'$(schema)_reader') IS NULL CREATE ROLE [$(schema)_reader];
GO
GRANT SELECT ON SCHEMA::[$(schema)] TO [$(schema)_reader];
GRANT SELECT ON SCHEMA::[$(schema)_config] TO [$(schema)_reader];
GRANT SELECT ON SCHEMA::[$(schema)_state] TO [$(schema)_reader];
GO
