-- The summariser: summary tables and their views, which it makes.
-- sqlcmd -b -I -v schema=dsf -i summariser.sql, by a member of db_owner, after `dsf migrate`. Then: ALTER ROLE [$(schema)_summariser] ADD MEMBER [<user>];

IF DATABASE_PRINCIPAL_ID(N'$(schema)_summariser') IS NULL CREATE ROLE [$(schema)_summariser];
GO
GRANT SELECT ON SCHEMA::[$(schema)_config] TO [$(schema)_summariser];
GRANT SELECT ON SCHEMA::[$(schema)_state] TO [$(schema)_summariser];
GRANT INSERT, UPDATE ON [$(schema)_state].[lane] TO [$(schema)_summariser];
GRANT INSERT, UPDATE ON [$(schema)_state].[position] TO [$(schema)_summariser];
GRANT INSERT, DELETE ON [$(schema)_state].[intent] TO [$(schema)_summariser];
GRANT INSERT, UPDATE ON [$(schema)_state].[failure] TO [$(schema)_summariser];
GRANT INSERT, UPDATE ON [$(schema)_state].[request] TO [$(schema)_summariser];
GRANT SELECT, INSERT, UPDATE, REFERENCES ON SCHEMA::[$(schema)] TO [$(schema)_summariser];
GRANT ALTER ON SCHEMA::[$(schema)] TO [$(schema)_summariser];
GRANT CREATE TABLE, CREATE VIEW TO [$(schema)_summariser];
GRANT INSERT, UPDATE, DELETE ON [$(schema)_state].[driver_instance] TO [$(schema)_summariser];
GRANT INSERT, UPDATE, DELETE ON [$(schema)_state].[summary_view] TO [$(schema)_summariser];
GRANT INSERT, UPDATE, DELETE ON [$(schema)_state].[lane_instance] TO [$(schema)_summariser];
GRANT INSERT, UPDATE, DELETE ON [$(schema)_state].[frozen_group] TO [$(schema)_summariser];
-- It carries out what people ask for with [$(schema)_config].[activate].
GRANT INSERT ON [$(schema)_config].[version] TO [$(schema)_summariser];
GRANT INSERT ON [$(schema)_config].[name] TO [$(schema)_summariser];
GRANT UPDATE ON [$(schema)_config].[activation] TO [$(schema)_summariser];
GO
