-- The publisher: reads groups, keeps its positions.
-- sqlcmd -b -I -v schema=dsf -i publisher.sql, by a member of db_owner, after `dsf migrate`. Then: ALTER ROLE [$(schema)_publisher] ADD MEMBER [<user>];

IF DATABASE_PRINCIPAL_ID(N'$(schema)_publisher') IS NULL CREATE ROLE [$(schema)_publisher];
GO
GRANT SELECT ON SCHEMA::[$(schema)_config] TO [$(schema)_publisher];
GRANT SELECT ON SCHEMA::[$(schema)_state] TO [$(schema)_publisher];
GRANT INSERT, UPDATE ON [$(schema)_state].[lane] TO [$(schema)_publisher];
GRANT INSERT, UPDATE ON [$(schema)_state].[position] TO [$(schema)_publisher];
GRANT INSERT, DELETE ON [$(schema)_state].[intent] TO [$(schema)_publisher];
GRANT INSERT, UPDATE ON [$(schema)_state].[failure] TO [$(schema)_publisher];
GRANT INSERT, UPDATE ON [$(schema)_state].[request] TO [$(schema)_publisher];
GRANT SELECT ON SCHEMA::[$(schema)] TO [$(schema)_publisher];
GO
