-- What `dsf migrate` needs. It is run before the first `dsf migrate`, by a member of db_owner, and again after an update of DSF:
-- sqlcmd -b -I -v schema=dsf -i migrator.sql. Then: ALTER ROLE [$(schema)_migrator] ADD MEMBER [<user>];
--
-- It makes the three schemas, empty and owned by the role, so that the role needs no right to make others. An owner has CONTROL, which system versioning
-- asks for (0005_history.sql) and db_ddladmin has not; and tables, views, procedures, triggers and descriptions need no more than that and the three grants below.
-- The owner is not dbo, because a view in [$(schema)] reaches whatever the owner of [$(schema)] owns, and dbo may own what is not DSF's.

IF DATABASE_PRINCIPAL_ID(N'$(schema)_migrator') IS NULL CREATE ROLE [$(schema)_migrator];
GO
IF SCHEMA_ID(N'$(schema)') IS NULL EXEC (N'CREATE SCHEMA [$(schema)] AUTHORIZATION [$(schema)_migrator]');
IF SCHEMA_ID(N'$(schema)_config') IS NULL EXEC (N'CREATE SCHEMA [$(schema)_config] AUTHORIZATION [$(schema)_migrator]');
IF SCHEMA_ID(N'$(schema)_state') IS NULL EXEC (N'CREATE SCHEMA [$(schema)_state] AUTHORIZATION [$(schema)_migrator]');
GO
GRANT CREATE TABLE, CREATE VIEW, CREATE PROCEDURE TO [$(schema)_migrator];
GO
-- Schemas that somebody else has made. An owner cannot be granted anything on his own.
IF EXISTS (SELECT 1 FROM sys.schemas WHERE [name] = N'$(schema)' AND [principal_id] <> DATABASE_PRINCIPAL_ID(N'$(schema)_migrator')) GRANT CONTROL ON SCHEMA::[$(schema)] TO [$(schema)_migrator];
IF EXISTS (SELECT 1 FROM sys.schemas WHERE [name] = N'$(schema)_config' AND [principal_id] <> DATABASE_PRINCIPAL_ID(N'$(schema)_migrator')) GRANT CONTROL ON SCHEMA::[$(schema)_config] TO [$(schema)_migrator];
IF EXISTS (SELECT 1 FROM sys.schemas WHERE [name] = N'$(schema)_state' AND [principal_id] <> DATABASE_PRINCIPAL_ID(N'$(schema)_migrator')) GRANT CONTROL ON SCHEMA::[$(schema)_state] TO [$(schema)_migrator];
GO
