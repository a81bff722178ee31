-- optional: system-versioned temporal tables
-- History of the definitions: SQL Server keeps every row that was changed or deleted, with the time in which it held (UTC).
--
--   SELECT * FROM [$(schema)_config].[driver] FOR SYSTEM_TIME AS OF '2026-01-31T12:00:00';                        -- the drivers as they stood
--   SELECT *, [valid_from], [valid_to] FROM [$(schema)_config].[measure] FOR SYSTEM_TIME ALL WHERE [driver] = N'x';  -- one driver's measures through time
--
-- The columns of the period are hidden, so that SELECT * and INSERT without columns work as before. What stood there before this file was applied counts as having
-- been there always. History is kept for ever; HISTORY_RETENTION_PERIOD bounds it. TRUNCATE is refused from here on: delete instead.

ALTER TABLE [$(schema)_config].[setting] ADD
  [valid_from] datetime2(7) GENERATED ALWAYS AS ROW START HIDDEN NOT NULL CONSTRAINT [DF_setting_valid_from] DEFAULT ('1900-01-01T00:00:00.0000000'),
  [valid_to]   datetime2(7) GENERATED ALWAYS AS ROW END   HIDDEN NOT NULL CONSTRAINT [DF_setting_valid_to] DEFAULT ('9999-12-31T23:59:59.9999999'),
  PERIOD FOR SYSTEM_TIME ([valid_from], [valid_to]);
GO
ALTER TABLE [$(schema)_config].[setting] SET (SYSTEM_VERSIONING = ON (HISTORY_TABLE = [$(schema)_config].[setting_history]));
GO

ALTER TABLE [$(schema)_config].[connection] ADD
  [valid_from] datetime2(7) GENERATED ALWAYS AS ROW START HIDDEN NOT NULL CONSTRAINT [DF_connection_valid_from] DEFAULT ('1900-01-01T00:00:00.0000000'),
  [valid_to]   datetime2(7) GENERATED ALWAYS AS ROW END   HIDDEN NOT NULL CONSTRAINT [DF_connection_valid_to] DEFAULT ('9999-12-31T23:59:59.9999999'),
  PERIOD FOR SYSTEM_TIME ([valid_from], [valid_to]);
GO
ALTER TABLE [$(schema)_config].[connection] SET (SYSTEM_VERSIONING = ON (HISTORY_TABLE = [$(schema)_config].[connection_history]));
GO

ALTER TABLE [$(schema)_config].[source] ADD
  [valid_from] datetime2(7) GENERATED ALWAYS AS ROW START HIDDEN NOT NULL CONSTRAINT [DF_source_valid_from] DEFAULT ('1900-01-01T00:00:00.0000000'),
  [valid_to]   datetime2(7) GENERATED ALWAYS AS ROW END   HIDDEN NOT NULL CONSTRAINT [DF_source_valid_to] DEFAULT ('9999-12-31T23:59:59.9999999'),
  PERIOD FOR SYSTEM_TIME ([valid_from], [valid_to]);
GO
ALTER TABLE [$(schema)_config].[source] SET (SYSTEM_VERSIONING = ON (HISTORY_TABLE = [$(schema)_config].[source_history]));
GO

ALTER TABLE [$(schema)_config].[source_header] ADD
  [valid_from] datetime2(7) GENERATED ALWAYS AS ROW START HIDDEN NOT NULL CONSTRAINT [DF_source_header_valid_from] DEFAULT ('1900-01-01T00:00:00.0000000'),
  [valid_to]   datetime2(7) GENERATED ALWAYS AS ROW END   HIDDEN NOT NULL CONSTRAINT [DF_source_header_valid_to] DEFAULT ('9999-12-31T23:59:59.9999999'),
  PERIOD FOR SYSTEM_TIME ([valid_from], [valid_to]);
GO
ALTER TABLE [$(schema)_config].[source_header] SET (SYSTEM_VERSIONING = ON (HISTORY_TABLE = [$(schema)_config].[source_header_history]));
GO

ALTER TABLE [$(schema)_config].[source_path] ADD
  [valid_from] datetime2(7) GENERATED ALWAYS AS ROW START HIDDEN NOT NULL CONSTRAINT [DF_source_path_valid_from] DEFAULT ('1900-01-01T00:00:00.0000000'),
  [valid_to]   datetime2(7) GENERATED ALWAYS AS ROW END   HIDDEN NOT NULL CONSTRAINT [DF_source_path_valid_to] DEFAULT ('9999-12-31T23:59:59.9999999'),
  PERIOD FOR SYSTEM_TIME ([valid_from], [valid_to]);
GO
ALTER TABLE [$(schema)_config].[source_path] SET (SYSTEM_VERSIONING = ON (HISTORY_TABLE = [$(schema)_config].[source_path_history]));
GO

ALTER TABLE [$(schema)_config].[driver] ADD
  [valid_from] datetime2(7) GENERATED ALWAYS AS ROW START HIDDEN NOT NULL CONSTRAINT [DF_driver_valid_from] DEFAULT ('1900-01-01T00:00:00.0000000'),
  [valid_to]   datetime2(7) GENERATED ALWAYS AS ROW END   HIDDEN NOT NULL CONSTRAINT [DF_driver_valid_to] DEFAULT ('9999-12-31T23:59:59.9999999'),
  PERIOD FOR SYSTEM_TIME ([valid_from], [valid_to]);
GO
ALTER TABLE [$(schema)_config].[driver] SET (SYSTEM_VERSIONING = ON (HISTORY_TABLE = [$(schema)_config].[driver_history]));
GO

ALTER TABLE [$(schema)_config].[driver_input] ADD
  [valid_from] datetime2(7) GENERATED ALWAYS AS ROW START HIDDEN NOT NULL CONSTRAINT [DF_driver_input_valid_from] DEFAULT ('1900-01-01T00:00:00.0000000'),
  [valid_to]   datetime2(7) GENERATED ALWAYS AS ROW END   HIDDEN NOT NULL CONSTRAINT [DF_driver_input_valid_to] DEFAULT ('9999-12-31T23:59:59.9999999'),
  PERIOD FOR SYSTEM_TIME ([valid_from], [valid_to]);
GO
ALTER TABLE [$(schema)_config].[driver_input] SET (SYSTEM_VERSIONING = ON (HISTORY_TABLE = [$(schema)_config].[driver_input_history]));
GO

ALTER TABLE [$(schema)_config].[driver_expression] ADD
  [valid_from] datetime2(7) GENERATED ALWAYS AS ROW START HIDDEN NOT NULL CONSTRAINT [DF_driver_expression_valid_from] DEFAULT ('1900-01-01T00:00:00.0000000'),
  [valid_to]   datetime2(7) GENERATED ALWAYS AS ROW END   HIDDEN NOT NULL CONSTRAINT [DF_driver_expression_valid_to] DEFAULT ('9999-12-31T23:59:59.9999999'),
  PERIOD FOR SYSTEM_TIME ([valid_from], [valid_to]);
GO
ALTER TABLE [$(schema)_config].[driver_expression] SET (SYSTEM_VERSIONING = ON (HISTORY_TABLE = [$(schema)_config].[driver_expression_history]));
GO

ALTER TABLE [$(schema)_config].[driver_key] ADD
  [valid_from] datetime2(7) GENERATED ALWAYS AS ROW START HIDDEN NOT NULL CONSTRAINT [DF_driver_key_valid_from] DEFAULT ('1900-01-01T00:00:00.0000000'),
  [valid_to]   datetime2(7) GENERATED ALWAYS AS ROW END   HIDDEN NOT NULL CONSTRAINT [DF_driver_key_valid_to] DEFAULT ('9999-12-31T23:59:59.9999999'),
  PERIOD FOR SYSTEM_TIME ([valid_from], [valid_to]);
GO
ALTER TABLE [$(schema)_config].[driver_key] SET (SYSTEM_VERSIONING = ON (HISTORY_TABLE = [$(schema)_config].[driver_key_history]));
GO

ALTER TABLE [$(schema)_config].[measure] ADD
  [valid_from] datetime2(7) GENERATED ALWAYS AS ROW START HIDDEN NOT NULL CONSTRAINT [DF_measure_valid_from] DEFAULT ('1900-01-01T00:00:00.0000000'),
  [valid_to]   datetime2(7) GENERATED ALWAYS AS ROW END   HIDDEN NOT NULL CONSTRAINT [DF_measure_valid_to] DEFAULT ('9999-12-31T23:59:59.9999999'),
  PERIOD FOR SYSTEM_TIME ([valid_from], [valid_to]);
GO
ALTER TABLE [$(schema)_config].[measure] SET (SYSTEM_VERSIONING = ON (HISTORY_TABLE = [$(schema)_config].[measure_history]));
GO

ALTER TABLE [$(schema)_config].[publication] ADD
  [valid_from] datetime2(7) GENERATED ALWAYS AS ROW START HIDDEN NOT NULL CONSTRAINT [DF_publication_valid_from] DEFAULT ('1900-01-01T00:00:00.0000000'),
  [valid_to]   datetime2(7) GENERATED ALWAYS AS ROW END   HIDDEN NOT NULL CONSTRAINT [DF_publication_valid_to] DEFAULT ('9999-12-31T23:59:59.9999999'),
  PERIOD FOR SYSTEM_TIME ([valid_from], [valid_to]);
GO
ALTER TABLE [$(schema)_config].[publication] SET (SYSTEM_VERSIONING = ON (HISTORY_TABLE = [$(schema)_config].[publication_history]));
GO
