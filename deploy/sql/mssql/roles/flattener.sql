-- The flattener: root and child tables, which it makes and widens, their path catalog, and purges.
-- sqlcmd -b -I -v schema=dsf -i flattener.sql, by a member of db_owner, after `dsf migrate`. Then: ALTER ROLE [$(schema)_flattener] ADD MEMBER [<user>];
--
-- What cannot be narrower: messages bring new tables at any time, so INSERT, DELETE and ALTER are on the schema, and reach the tables of the summariser too.
-- DELETE reaches raw messages because the flattener purges them. INSERT is not denied on them, because DENY outdoes every GRANT, and the login of `dsf run`,
-- which is in all four roles, stores them. DROP TABLE asks for ALTER on the schema alone: what is denied on a table does not stop it.

IF DATABASE_PRINCIPAL_ID(N'$(schema)_flattener') IS NULL CREATE ROLE [$(schema)_flattener];
GO
GRANT SELECT ON SCHEMA::[$(schema)_config] TO [$(schema)_flattener];
GRANT SELECT ON SCHEMA::[$(schema)_state] TO [$(schema)_flattener];
GRANT INSERT, UPDATE ON [$(schema)_state].[lane] TO [$(schema)_flattener];
GRANT INSERT, UPDATE ON [$(schema)_state].[position] TO [$(schema)_flattener];
GRANT INSERT, DELETE ON [$(schema)_state].[intent] TO [$(schema)_flattener];
GRANT INSERT, UPDATE ON [$(schema)_state].[failure] TO [$(schema)_flattener];
GRANT INSERT, UPDATE ON [$(schema)_state].[request] TO [$(schema)_flattener];
GRANT SELECT, INSERT, DELETE, REFERENCES ON SCHEMA::[$(schema)] TO [$(schema)_flattener];
GRANT ALTER ON SCHEMA::[$(schema)] TO [$(schema)_flattener];
GRANT CREATE TABLE TO [$(schema)_flattener];
DENY UPDATE, ALTER ON [$(schema)].[dsf_raw] TO [$(schema)_flattener];
GRANT INSERT, UPDATE ON [$(schema)_state].[flat_schema] TO [$(schema)_flattener];
GRANT INSERT, UPDATE ON [$(schema)_state].[flat_table] TO [$(schema)_flattener];
GRANT INSERT, UPDATE ON [$(schema)_state].[flat_column] TO [$(schema)_flattener];
GRANT INSERT ON [$(schema)_state].[table_change] TO [$(schema)_flattener];
GO
