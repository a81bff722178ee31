-- instead of: 0005_history.sql
-- History of the definitions where the server has no system-versioned tables: every row as it was before and after each change.
--
--   SELECT * FROM [$(schema)_config].[change] WHERE [table_name] = 'driver' AND JSON_VALUE([row], '$.name') = N'x' ORDER BY [id];

CREATE TABLE [$(schema)_config].[change] (
  [id]         bigint        NOT NULL IDENTITY (1, 1) CONSTRAINT [PK_change] PRIMARY KEY CLUSTERED,
  [changed_at] datetime2(7)  NOT NULL CONSTRAINT [DF_change_changed_at] DEFAULT (SYSUTCDATETIME()),
  [changed_by] nvarchar(128) NOT NULL CONSTRAINT [DF_change_changed_by] DEFAULT (SUSER_SNAME()),
  [table_name] varchar(30)   COLLATE Latin1_General_100_BIN2 NOT NULL,
  [state]      varchar(10)   COLLATE Latin1_General_100_BIN2 NOT NULL,
  [row]        nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
  CONSTRAINT [CK_change_state] CHECK ([state] IN ('before', 'after'))
);
GO

CREATE TRIGGER [$(schema)_config].[change_is_history] ON [$(schema)_config].[change] AFTER UPDATE, DELETE AS
BEGIN
  IF NOT EXISTS (SELECT 1 FROM deleted) RETURN;
  THROW 50003, 'change is history: rows are added alone', 1;
END;
GO

CREATE TRIGGER [$(schema)_config].[setting_keeps_history] ON [$(schema)_config].[setting] AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  INSERT INTO [$(schema)_config].[change] ([table_name], [state], [row]) SELECT 'setting', 'before', (SELECT d.* FOR JSON PATH, WITHOUT_ARRAY_WRAPPER, INCLUDE_NULL_VALUES) FROM deleted AS d;
  INSERT INTO [$(schema)_config].[change] ([table_name], [state], [row]) SELECT 'setting', 'after', (SELECT i.* FOR JSON PATH, WITHOUT_ARRAY_WRAPPER, INCLUDE_NULL_VALUES) FROM inserted AS i;
END;
GO

CREATE TRIGGER [$(schema)_config].[connection_keeps_history] ON [$(schema)_config].[connection] AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  INSERT INTO [$(schema)_config].[change] ([table_name], [state], [row]) SELECT 'connection', 'before', (SELECT d.* FOR JSON PATH, WITHOUT_ARRAY_WRAPPER, INCLUDE_NULL_VALUES) FROM deleted AS d;
  INSERT INTO [$(schema)_config].[change] ([table_name], [state], [row]) SELECT 'connection', 'after', (SELECT i.* FOR JSON PATH, WITHOUT_ARRAY_WRAPPER, INCLUDE_NULL_VALUES) FROM inserted AS i;
END;
GO

CREATE TRIGGER [$(schema)_config].[source_keeps_history] ON [$(schema)_config].[source] AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  INSERT INTO [$(schema)_config].[change] ([table_name], [state], [row]) SELECT 'source', 'before', (SELECT d.* FOR JSON PATH, WITHOUT_ARRAY_WRAPPER, INCLUDE_NULL_VALUES) FROM deleted AS d;
  INSERT INTO [$(schema)_config].[change] ([table_name], [state], [row]) SELECT 'source', 'after', (SELECT i.* FOR JSON PATH, WITHOUT_ARRAY_WRAPPER, INCLUDE_NULL_VALUES) FROM inserted AS i;
END;
GO

CREATE TRIGGER [$(schema)_config].[source_header_keeps_history] ON [$(schema)_config].[source_header] AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  INSERT INTO [$(schema)_config].[change] ([table_name], [state], [row]) SELECT 'source_header', 'before', (SELECT d.* FOR JSON PATH, WITHOUT_ARRAY_WRAPPER, INCLUDE_NULL_VALUES) FROM deleted AS d;
  INSERT INTO [$(schema)_config].[change] ([table_name], [state], [row]) SELECT 'source_header', 'after', (SELECT i.* FOR JSON PATH, WITHOUT_ARRAY_WRAPPER, INCLUDE_NULL_VALUES) FROM inserted AS i;
END;
GO

CREATE TRIGGER [$(schema)_config].[source_path_keeps_history] ON [$(schema)_config].[source_path] AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  INSERT INTO [$(schema)_config].[change] ([table_name], [state], [row]) SELECT 'source_path', 'before', (SELECT d.[id], d.[source], d.[path], d.[position], d.[policy], d.[separator], d.[column_name], d.[column_type], d.[long_form] FOR JSON PATH, WITHOUT_ARRAY_WRAPPER, INCLUDE_NULL_VALUES) FROM deleted AS d;
  INSERT INTO [$(schema)_config].[change] ([table_name], [state], [row]) SELECT 'source_path', 'after', (SELECT i.[id], i.[source], i.[path], i.[position], i.[policy], i.[separator], i.[column_name], i.[column_type], i.[long_form] FOR JSON PATH, WITHOUT_ARRAY_WRAPPER, INCLUDE_NULL_VALUES) FROM inserted AS i;
END;
GO

CREATE TRIGGER [$(schema)_config].[driver_keeps_history] ON [$(schema)_config].[driver] AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  INSERT INTO [$(schema)_config].[change] ([table_name], [state], [row]) SELECT 'driver', 'before', (SELECT d.* FOR JSON PATH, WITHOUT_ARRAY_WRAPPER, INCLUDE_NULL_VALUES) FROM deleted AS d;
  INSERT INTO [$(schema)_config].[change] ([table_name], [state], [row]) SELECT 'driver', 'after', (SELECT i.* FOR JSON PATH, WITHOUT_ARRAY_WRAPPER, INCLUDE_NULL_VALUES) FROM inserted AS i;
END;
GO

CREATE TRIGGER [$(schema)_config].[driver_input_keeps_history] ON [$(schema)_config].[driver_input] AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  INSERT INTO [$(schema)_config].[change] ([table_name], [state], [row]) SELECT 'driver_input', 'before', (SELECT d.* FOR JSON PATH, WITHOUT_ARRAY_WRAPPER, INCLUDE_NULL_VALUES) FROM deleted AS d;
  INSERT INTO [$(schema)_config].[change] ([table_name], [state], [row]) SELECT 'driver_input', 'after', (SELECT i.* FOR JSON PATH, WITHOUT_ARRAY_WRAPPER, INCLUDE_NULL_VALUES) FROM inserted AS i;
END;
GO

CREATE TRIGGER [$(schema)_config].[driver_expression_keeps_history] ON [$(schema)_config].[driver_expression] AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  INSERT INTO [$(schema)_config].[change] ([table_name], [state], [row]) SELECT 'driver_expression', 'before', (SELECT d.* FOR JSON PATH, WITHOUT_ARRAY_WRAPPER, INCLUDE_NULL_VALUES) FROM deleted AS d;
  INSERT INTO [$(schema)_config].[change] ([table_name], [state], [row]) SELECT 'driver_expression', 'after', (SELECT i.* FOR JSON PATH, WITHOUT_ARRAY_WRAPPER, INCLUDE_NULL_VALUES) FROM inserted AS i;
END;
GO

CREATE TRIGGER [$(schema)_config].[driver_key_keeps_history] ON [$(schema)_config].[driver_key] AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  INSERT INTO [$(schema)_config].[change] ([table_name], [state], [row]) SELECT 'driver_key', 'before', (SELECT d.* FOR JSON PATH, WITHOUT_ARRAY_WRAPPER, INCLUDE_NULL_VALUES) FROM deleted AS d;
  INSERT INTO [$(schema)_config].[change] ([table_name], [state], [row]) SELECT 'driver_key', 'after', (SELECT i.* FOR JSON PATH, WITHOUT_ARRAY_WRAPPER, INCLUDE_NULL_VALUES) FROM inserted AS i;
END;
GO

CREATE TRIGGER [$(schema)_config].[measure_keeps_history] ON [$(schema)_config].[measure] AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  INSERT INTO [$(schema)_config].[change] ([table_name], [state], [row]) SELECT 'measure', 'before', (SELECT d.* FOR JSON PATH, WITHOUT_ARRAY_WRAPPER, INCLUDE_NULL_VALUES) FROM deleted AS d;
  INSERT INTO [$(schema)_config].[change] ([table_name], [state], [row]) SELECT 'measure', 'after', (SELECT i.* FOR JSON PATH, WITHOUT_ARRAY_WRAPPER, INCLUDE_NULL_VALUES) FROM inserted AS i;
END;
GO

CREATE TRIGGER [$(schema)_config].[publication_keeps_history] ON [$(schema)_config].[publication] AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  INSERT INTO [$(schema)_config].[change] ([table_name], [state], [row]) SELECT 'publication', 'before', (SELECT d.* FOR JSON PATH, WITHOUT_ARRAY_WRAPPER, INCLUDE_NULL_VALUES) FROM deleted AS d;
  INSERT INTO [$(schema)_config].[change] ([table_name], [state], [row]) SELECT 'publication', 'after', (SELECT i.* FOR JSON PATH, WITHOUT_ARRAY_WRAPPER, INCLUDE_NULL_VALUES) FROM inserted AS i;
END;
GO
