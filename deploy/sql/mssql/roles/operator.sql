-- The command line: definitions, versions, requests, replays; not the tables' shape.
-- sqlcmd -b -I -v schema=dsf -i operator.sql, by a member of db_owner, after `dsf migrate`. Then: ALTER ROLE [$(schema)_operator] ADD MEMBER [<user>];

IF DATABASE_PRINCIPAL_ID(N'$(schema)_operator') IS NULL CREATE ROLE [$(schema)_operator];
GO
GRANT SELECT, INSERT, UPDATE, DELETE ON SCHEMA::[$(schema)_config] TO [$(schema)_operator];
GRANT EXECUTE ON SCHEMA::[$(schema)_config] TO [$(schema)_operator];
GRANT SELECT ON SCHEMA::[$(schema)_state] TO [$(schema)_operator];
GRANT INSERT, UPDATE ON [$(schema)_state].[failure] TO [$(schema)_operator];
GRANT INSERT, UPDATE ON [$(schema)_state].[request] TO [$(schema)_operator];
GRANT INSERT, UPDATE, DELETE ON [$(schema)_state].[lane] TO [$(schema)_operator];
GRANT INSERT, UPDATE, DELETE ON [$(schema)_state].[position] TO [$(schema)_operator];
GRANT INSERT, DELETE ON [$(schema)_state].[intent] TO [$(schema)_operator];
GRANT INSERT, UPDATE, DELETE ON [$(schema)_state].[lane_instance] TO [$(schema)_operator];
-- A resize moves groups between lanes: their tables are many, raw messages are not among them.
GRANT SELECT, UPDATE ON SCHEMA::[$(schema)] TO [$(schema)_operator];
DENY UPDATE ON [$(schema)].[dsf_raw] TO [$(schema)_operator];
GO
