-- What `dsf migrate` needs: schemas, tables and views.
-- sqlcmd -b -I -v schema=dsf -i migrator.sql, by a member of db_owner, after `dsf migrate`. Then: ALTER ROLE [$(schema)_migrator] ADD MEMBER [<user>];

IF DATABASE_PRINCIPAL_ID(N'$(schema)_migrator') IS NULL CREATE ROLE [$(schema)_migrator];
GO
GRANT CREATE SCHEMA, CREATE TABLE, CREATE VIEW TO [$(schema)_migrator];
IF SCHEMA_ID(N'$(schema)') IS NOT NULL GRANT CONTROL ON SCHEMA::[$(schema)] TO [$(schema)_migrator];
IF SCHEMA_ID(N'$(schema)_config') IS NOT NULL GRANT CONTROL ON SCHEMA::[$(schema)_config] TO [$(schema)_migrator];
IF SCHEMA_ID(N'$(schema)_state') IS NOT NULL GRANT CONTROL ON SCHEMA::[$(schema)_state] TO [$(schema)_migrator];
GO
