-- What the table `change` and its columns are for, where the server has it (0006) because it has no system-versioned tables.
IF OBJECT_ID(N'[$(schema)_config].[change]') IS NOT NULL
BEGIN
  EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'History of the definitions where the server has no system-versioned tables: every row before and after each change. Rows are added alone', @level0type = N'SCHEMA', @level0name = N'$(schema)_config', @level1type = N'TABLE', @level1name = N'change';
  EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Number of the change, rising', @level0type = N'SCHEMA', @level0name = N'$(schema)_config', @level1type = N'TABLE', @level1name = N'change', @level2type = N'COLUMN', @level2name = N'id';
  EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'When, UTC', @level0type = N'SCHEMA', @level0name = N'$(schema)_config', @level1type = N'TABLE', @level1name = N'change', @level2type = N'COLUMN', @level2name = N'changed_at';
  EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Login that made the change', @level0type = N'SCHEMA', @level0name = N'$(schema)_config', @level1type = N'TABLE', @level1name = N'change', @level2type = N'COLUMN', @level2name = N'changed_by';
  EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Table of the definitions whose row it was', @level0type = N'SCHEMA', @level0name = N'$(schema)_config', @level1type = N'TABLE', @level1name = N'change', @level2type = N'COLUMN', @level2name = N'table_name';
  EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'before or after the change; a new row has no before, a deleted one no after', @level0type = N'SCHEMA', @level0name = N'$(schema)_config', @level1type = N'TABLE', @level1name = N'change', @level2type = N'COLUMN', @level2name = N'state';
  EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'The row as JSON, a member for each column', @level0type = N'SCHEMA', @level0name = N'$(schema)_config', @level1type = N'TABLE', @level1name = N'change', @level2type = N'COLUMN', @level2name = N'row';
END;
GO
