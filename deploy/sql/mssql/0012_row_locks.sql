-- A statement that takes 5,000 locks on a table asks for the whole of it instead, and has it until its transaction ends. A batch of one partition may write
-- that many rows, and all other partitions would wait for it. So the tables that they share keep their row locks; those that come later are made so.
DECLARE @statements nvarchar(max) = (
  SELECT STRING_AGG(CONVERT(nvarchar(max), N'ALTER TABLE ' + QUOTENAME(s.name) + N'.' + QUOTENAME(t.name) + N' SET (LOCK_ESCALATION = DISABLE);'), N' ')
  FROM sys.tables AS t JOIN sys.schemas AS s ON s.schema_id = t.schema_id
  WHERE (s.name = N'$(schema)' AND (
      t.name = N'dsf_raw'
      OR EXISTS (SELECT 1 FROM [$(schema)_state].[flat_table] AS f WHERE f.[table_name] = t.name COLLATE Latin1_General_CI_AS)
      OR EXISTS (SELECT 1 FROM [$(schema)_state].[driver_instance] AS d WHERE d.[table_name] = t.name COLLATE Latin1_General_CI_AS)
    ))
    OR (s.name = N'$(schema)_state' AND t.name IN (N'failure', N'request', N'message', N'frozen_group'))
);
EXEC (@statements);
GO
