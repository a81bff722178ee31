-- The summariser: summary tables and their views, which it makes.
-- sqlcmd -b -I -v schema=dsf -i summariser.sql, by a member of db_owner, after `dsf migrate`. Then: ALTER ROLE [$(schema)_summariser] ADD MEMBER [<user>];
--
-- What cannot be narrower: a changed driver gets a new table and a new view, so INSERT, UPDATE and ALTER are on the schema, and reach the tables of the flattener
-- too. On raw messages INSERT is not denied, because DENY outdoes every GRANT, and the login of `dsf run`, which is in all four roles, stores them. DROP TABLE asks
-- for ALTER on the schema alone: what is denied on a table does not stop it. A view in the schema reaches what the owner of the schema owns, whatever is denied; see migrator.sql.

IF DATABASE_PRINCIPAL_ID(N'$(schema)_summariser') IS NULL CREATE ROLE [$(schema)_summariser];
GO
GRANT SELECT ON SCHEMA::[$(schema)_config] TO [$(schema)_summariser];
GRANT SELECT ON SCHEMA::[$(schema)_state] TO [$(schema)_summariser];
GRANT INSERT, UPDATE ON [$(schema)_state].[lane] TO [$(schema)_summariser];
GRANT INSERT, UPDATE ON [$(schema)_state].[position] TO [$(schema)_summariser];
GRANT INSERT, DELETE ON [$(schema)_state].[intent] TO [$(schema)_summariser];
GRANT INSERT, UPDATE ON [$(schema)_state].[failure] TO [$(schema)_summariser];
GRANT INSERT, UPDATE ON [$(schema)_state].[request] TO [$(schema)_summariser];
GRANT SELECT, INSERT, UPDATE ON SCHEMA::[$(schema)] TO [$(schema)_summariser];
GRANT ALTER ON SCHEMA::[$(schema)] TO [$(schema)_summariser];
GRANT CREATE TABLE, CREATE VIEW TO [$(schema)_summariser];
DENY UPDATE, ALTER ON [$(schema)].[dsf_raw] TO [$(schema)_summariser];
GRANT INSERT ON [$(schema)_state].[driver_instance] TO [$(schema)_summariser];
GRANT INSERT, UPDATE ON [$(schema)_state].[summary_view] TO [$(schema)_summariser];
GRANT INSERT, DELETE ON [$(schema)_state].[lane_instance] TO [$(schema)_summariser];
GRANT INSERT ON [$(schema)_state].[frozen_group] TO [$(schema)_summariser];
-- It carries out what people ask for with [$(schema)_config].[activate].
GRANT INSERT ON [$(schema)_config].[version] TO [$(schema)_summariser];
GRANT INSERT ON [$(schema)_config].[name] TO [$(schema)_summariser];
GRANT UPDATE ON [$(schema)_config].[activation] TO [$(schema)_summariser];
GO
-- Granted by earlier versions of this script, and needed by nothing.
REVOKE REFERENCES ON SCHEMA::[$(schema)] FROM [$(schema)_summariser];
REVOKE UPDATE, DELETE ON [$(schema)_state].[driver_instance] FROM [$(schema)_summariser];
REVOKE DELETE ON [$(schema)_state].[summary_view] FROM [$(schema)_summariser];
REVOKE UPDATE ON [$(schema)_state].[lane_instance] FROM [$(schema)_summariser];
REVOKE UPDATE, DELETE ON [$(schema)_state].[frozen_group] FROM [$(schema)_summariser];
GO
