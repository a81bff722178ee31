-- DSF config tables: what users define. People may write them with plain T-SQL; what they wrote counts from the next activation on
-- (`dsf activate`). `position` columns keep the order in which things were defined; a gap or a tie does no harm.
--
-- Applied by `dsf migrate`. By hand: sqlcmd -b -I -v schema=dsf -i 0001_config.sql, in the order of the numbers; better, run what `dsf migrate --dry-run`
-- prints, which also keeps the ledger. Names compare without case, as in the definition files; all other text compares byte by byte, so that the
-- collation of the database does not matter.

IF SCHEMA_ID(N'$(schema)_config') IS NULL EXEC (N'CREATE SCHEMA [$(schema)_config]');
GO

CREATE TABLE [$(schema)_config].[setting] (
  [id]    tinyint  NOT NULL CONSTRAINT [PK_setting] PRIMARY KEY CLUSTERED,
  [lanes] smallint NOT NULL CONSTRAINT [DF_setting_lanes] DEFAULT (4),
  CONSTRAINT [CK_setting_id] CHECK ([id] = 1),
  CONSTRAINT [CK_setting_lanes] CHECK ([lanes] BETWEEN 1 AND 1024)
);
GO

CREATE TABLE [$(schema)_config].[connection] (
  [name]          nvarchar(120) COLLATE Latin1_General_CI_AS NOT NULL CONSTRAINT [PK_connection] PRIMARY KEY CLUSTERED,
  [position]      int           NOT NULL CONSTRAINT [DF_connection_position] DEFAULT (0),
  [kind]          varchar(20)   COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT [DF_connection_kind] DEFAULT ('kafka'),
  [brokers]       nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [client_id]     nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT [DF_connection_client_id] DEFAULT (N'dsf'),
  [tls]           bit           NOT NULL CONSTRAINT [DF_connection_tls] DEFAULT (0),
  [ca_file]       nvarchar(1000) COLLATE Latin1_General_100_BIN2 NULL,
  [cert_file]     nvarchar(1000) COLLATE Latin1_General_100_BIN2 NULL,
  [key_file]      nvarchar(1000) COLLATE Latin1_General_100_BIN2 NULL,
  [mechanism]     varchar(20)   COLLATE Latin1_General_100_BIN2 NULL,
  [username_env]  nvarchar(1000) COLLATE Latin1_General_100_BIN2 NULL,
  [username_file] nvarchar(1000) COLLATE Latin1_General_100_BIN2 NULL,
  [password_env]  nvarchar(1000) COLLATE Latin1_General_100_BIN2 NULL,
  [password_file] nvarchar(1000) COLLATE Latin1_General_100_BIN2 NULL,
  [token_env]     nvarchar(1000) COLLATE Latin1_General_100_BIN2 NULL,
  [token_file]    nvarchar(1000) COLLATE Latin1_General_100_BIN2 NULL,
  CONSTRAINT [CK_connection_name] CHECK (DATALENGTH([name]) >= 1),
  CONSTRAINT [CK_connection_kind] CHECK ([kind] IN ('kafka')),
  CONSTRAINT [CK_connection_brokers] CHECK (DATALENGTH([brokers]) >= 1 AND LEN([brokers]) <= 10000),
  CONSTRAINT [CK_connection_client_id] CHECK (DATALENGTH([client_id]) >= 1),
  CONSTRAINT [CK_connection_mechanism] CHECK ([mechanism] IN ('plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer')),
  CONSTRAINT [CK_connection_tls_files] CHECK ([tls] = 1 OR ([ca_file] IS NULL AND [cert_file] IS NULL AND [key_file] IS NULL)),
  CONSTRAINT [CK_connection_login] CHECK ([mechanism] IS NOT NULL OR COALESCE([username_env], [username_file], [password_env], [password_file], [token_env], [token_file]) IS NULL)
);
GO

CREATE TABLE [$(schema)_config].[source] (
  [name]       nvarchar(120) COLLATE Latin1_General_CI_AS NOT NULL CONSTRAINT [PK_source] PRIMARY KEY CLUSTERED,
  [position]   int           NOT NULL CONSTRAINT [DF_source_position] DEFAULT (0),
  [transport]  varchar(20)   COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT [DF_source_transport] DEFAULT ('local'),
  [connection] nvarchar(120) COLLATE Latin1_General_CI_AS NULL,
  [topic]      nvarchar(249) COLLATE Latin1_General_100_BIN2 NULL,
  [partitions] smallint      NOT NULL CONSTRAINT [DF_source_partitions] DEFAULT (4),
  [start]      varchar(40)   COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT [DF_source_start] DEFAULT ('earliest'),
  [table_name] nvarchar(128) COLLATE Latin1_General_100_BIN2 NULL,
  [tombstones] varchar(10)   COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT [DF_source_tombstones] DEFAULT ('filter'),
  [filter]     nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
  [key_column] nvarchar(128) COLLATE Latin1_General_100_BIN2 NULL,
  [names]      varchar(10)   COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT [DF_source_names] DEFAULT ('snake'),
  [detect]     bit           NOT NULL CONSTRAINT [DF_source_detect] DEFAULT (0),
  [depth_max]  smallint      NOT NULL CONSTRAINT [DF_source_depth_max] DEFAULT (200),
  [objects]    varchar(10)   COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT [DF_source_objects] DEFAULT ('child'),
  [lists]      varchar(10)   COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT [DF_source_lists] DEFAULT ('child'),
  [sample]     nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
  [retention_raw]  varchar(20) COLLATE Latin1_General_100_BIN2 NULL,
  [retention_rows] varchar(20) COLLATE Latin1_General_100_BIN2 NULL,
  CONSTRAINT [CK_source_name] CHECK (DATALENGTH([name]) >= 1),
  CONSTRAINT [CK_source_topic] CHECK (DATALENGTH([topic]) >= 1),
  CONSTRAINT [CK_source_partitions] CHECK ([partitions] BETWEEN 1 AND 1000),
  CONSTRAINT [CK_source_table_name] CHECK (DATALENGTH([table_name]) >= 1),
  CONSTRAINT [CK_source_tombstones] CHECK ([tombstones] IN ('filter', 'fail')),
  CONSTRAINT [CK_source_key_column] CHECK (DATALENGTH([key_column]) >= 1),
  CONSTRAINT [CK_source_names] CHECK ([names] IN ('snake', 'exact')),
  CONSTRAINT [CK_source_depth_max] CHECK ([depth_max] BETWEEN 1 AND 1000),
  CONSTRAINT [CK_source_objects] CHECK ([objects] IN ('child', 'columns', 'json')),
  CONSTRAINT [CK_source_lists] CHECK ([lists] IN ('child', 'json', 'count', 'drop'))
);
GO

CREATE TABLE [$(schema)_config].[source_header] (
  [source]      nvarchar(120) COLLATE Latin1_General_CI_AS NOT NULL,
  [header]      nvarchar(300) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [position]    int           NOT NULL CONSTRAINT [DF_source_header_position] DEFAULT (0),
  [column_name] nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
  CONSTRAINT [PK_source_header] PRIMARY KEY CLUSTERED ([source], [header]),
  CONSTRAINT [FK_source_header_source] FOREIGN KEY ([source]) REFERENCES [$(schema)_config].[source] ([name]) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT [CK_source_header_column_name] CHECK (DATALENGTH([column_name]) >= 1)
);
GO

-- A path may be longer than a key can hold: the table is ordered by its own number, and the path is unique by its hash.
CREATE TABLE [$(schema)_config].[source_path] (
  [id]          int            NOT NULL IDENTITY (1, 1),
  [source]      nvarchar(120)  COLLATE Latin1_General_CI_AS NOT NULL,
  [path]        nvarchar(1000) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [position]    int            NOT NULL CONSTRAINT [DF_source_path_position] DEFAULT (0),
  [policy]      varchar(20)    COLLATE Latin1_General_100_BIN2 NULL,
  [separator]   nvarchar(10)   COLLATE Latin1_General_100_BIN2 NULL,
  [column_name] nvarchar(128)  COLLATE Latin1_General_100_BIN2 NULL,
  [column_type] varchar(20)    COLLATE Latin1_General_100_BIN2 NULL,
  [long_form]   bit            NOT NULL CONSTRAINT [DF_source_path_long_form] DEFAULT (0),
  [path_hash]   AS (CONVERT(binary(32), HASHBYTES('SHA2_256', [path]))) PERSISTED NOT NULL,
  CONSTRAINT [PK_source_path] PRIMARY KEY CLUSTERED ([id]),
  CONSTRAINT [UQ_source_path] UNIQUE ([source], [path_hash]),
  CONSTRAINT [FK_source_path_source] FOREIGN KEY ([source]) REFERENCES [$(schema)_config].[source] ([name]) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT [CK_source_path_path] CHECK (DATALENGTH([path]) >= 1),
  CONSTRAINT [CK_source_path_policy] CHECK ([policy] IN ('child', 'columns', 'child_scalar', 'map', 'json', 'first', 'last', 'join', 'count', 'drop')),
  CONSTRAINT [CK_source_path_column_name] CHECK (DATALENGTH([column_name]) >= 1),
  CONSTRAINT [CK_source_path_column_type] CHECK ([column_type] IN ('boolean', 'bigint', 'decimal', 'double', 'text', 'timestamp', 'date', 'json'))
);
GO

CREATE TABLE [$(schema)_config].[driver] (
  [name]        nvarchar(120) COLLATE Latin1_General_CI_AS NOT NULL CONSTRAINT [PK_driver] PRIMARY KEY CLUSTERED,
  [position]    int           NOT NULL CONSTRAINT [DF_driver_position] DEFAULT (0),
  [event_time]  nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
  [window_kind] varchar(10)   COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT [DF_driver_window_kind] DEFAULT ('none'),
  [window_size] varchar(20)   COLLATE Latin1_General_100_BIN2 NULL,
  CONSTRAINT [CK_driver_name] CHECK (DATALENGTH([name]) >= 1),
  CONSTRAINT [CK_driver_window_kind] CHECK ([window_kind] IN ('none', 'tumbling')),
  CONSTRAINT [CK_driver_window] CHECK (([window_kind] = 'none' AND [window_size] IS NULL) OR ([window_kind] <> 'none' AND [window_size] IS NOT NULL))
);
GO

CREATE TABLE [$(schema)_config].[driver_input] (
  [driver]     nvarchar(120) COLLATE Latin1_General_CI_AS NOT NULL,
  [input]      int           NOT NULL,
  [source]     nvarchar(120) COLLATE Latin1_General_CI_AS NOT NULL,
  [table_path] nvarchar(1000) COLLATE Latin1_General_100_BIN2 NULL,
  [filter]     nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
  [event_time] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
  CONSTRAINT [PK_driver_input] PRIMARY KEY CLUSTERED ([driver], [input]),
  CONSTRAINT [FK_driver_input_driver] FOREIGN KEY ([driver]) REFERENCES [$(schema)_config].[driver] ([name]) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT [FK_driver_input_source] FOREIGN KEY ([source]) REFERENCES [$(schema)_config].[source] ([name]) ON UPDATE CASCADE
);
CREATE INDEX [IX_driver_input_source] ON [$(schema)_config].[driver_input] ([source]);
GO

CREATE TABLE [$(schema)_config].[driver_expression] (
  [driver]     nvarchar(120) COLLATE Latin1_General_CI_AS NOT NULL,
  [input]      int           NOT NULL,
  [name]       nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [position]   int           NOT NULL CONSTRAINT [DF_driver_expression_position] DEFAULT (0),
  [expression] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
  CONSTRAINT [PK_driver_expression] PRIMARY KEY CLUSTERED ([driver], [input], [name]),
  CONSTRAINT [FK_driver_expression_driver_input] FOREIGN KEY ([driver], [input]) REFERENCES [$(schema)_config].[driver_input] ([driver], [input]) ON DELETE CASCADE ON UPDATE CASCADE
);
GO

CREATE TABLE [$(schema)_config].[driver_key] (
  [driver]     nvarchar(120) COLLATE Latin1_General_CI_AS NOT NULL,
  [name]       nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [position]   int           NOT NULL CONSTRAINT [DF_driver_key_position] DEFAULT (0),
  [expression] nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
  CONSTRAINT [PK_driver_key] PRIMARY KEY CLUSTERED ([driver], [name]),
  CONSTRAINT [FK_driver_key_driver] FOREIGN KEY ([driver]) REFERENCES [$(schema)_config].[driver] ([name]) ON DELETE CASCADE ON UPDATE CASCADE
);
GO

CREATE TABLE [$(schema)_config].[measure] (
  [driver]      nvarchar(120) COLLATE Latin1_General_CI_AS NOT NULL,
  [name]        nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [position]    int           NOT NULL CONSTRAINT [DF_measure_position] DEFAULT (0),
  [short]       nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
  [function]    nvarchar(128) COLLATE Latin1_General_100_BIN2 NULL,
  [of]          nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
  [max_items]   int           NULL,
  [column_type] varchar(20)   COLLATE Latin1_General_100_BIN2 NULL,
  CONSTRAINT [PK_measure] PRIMARY KEY CLUSTERED ([driver], [name]),
  CONSTRAINT [FK_measure_driver] FOREIGN KEY ([driver]) REFERENCES [$(schema)_config].[driver] ([name]) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT [CK_measure_max_items] CHECK ([max_items] BETWEEN 1 AND 10000),
  CONSTRAINT [CK_measure_column_type] CHECK ([column_type] IN ('boolean', 'bigint', 'decimal', 'double', 'text', 'timestamp', 'date', 'json')),
  CONSTRAINT [CK_measure_form] CHECK (([short] IS NULL AND [function] IS NOT NULL) OR ([short] IS NOT NULL AND [function] IS NULL AND [of] IS NULL AND [max_items] IS NULL AND [column_type] IS NULL))
);
GO

CREATE TABLE [$(schema)_config].[publication] (
  [name]       nvarchar(120) COLLATE Latin1_General_CI_AS NOT NULL CONSTRAINT [PK_publication] PRIMARY KEY CLUSTERED,
  [position]   int           NOT NULL CONSTRAINT [DF_publication_position] DEFAULT (0),
  [driver]     nvarchar(120) COLLATE Latin1_General_CI_AS NOT NULL,
  [transport]  varchar(20)   COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT [DF_publication_transport] DEFAULT ('local'),
  [connection] nvarchar(120) COLLATE Latin1_General_CI_AS NULL,
  [topic]      nvarchar(249) COLLATE Latin1_General_100_BIN2 NULL,
  [partitions] smallint      NOT NULL CONSTRAINT [DF_publication_partitions] DEFAULT (4),
  [body]       nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
  [numbers]    varchar(10)   COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT [DF_publication_numbers] DEFAULT ('string'),
  [event_type] nvarchar(1000) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT [DF_publication_event_type] DEFAULT (N'dsf.summary'),
  [transactional] bit        NOT NULL CONSTRAINT [DF_publication_transactional] DEFAULT (1),
  CONSTRAINT [FK_publication_driver] FOREIGN KEY ([driver]) REFERENCES [$(schema)_config].[driver] ([name]) ON UPDATE CASCADE,
  CONSTRAINT [CK_publication_name] CHECK (DATALENGTH([name]) >= 1),
  CONSTRAINT [CK_publication_topic] CHECK (DATALENGTH([topic]) >= 1),
  CONSTRAINT [CK_publication_partitions] CHECK ([partitions] BETWEEN 1 AND 1000),
  -- A template may be a lone text or number, which ISJSON knows as an item of a list only.
  CONSTRAINT [CK_publication_body] CHECK (ISJSON(N'[' + [body] + N']') = 1),
  CONSTRAINT [CK_publication_numbers] CHECK ([numbers] IN ('string', 'number'))
);
CREATE INDEX [IX_publication_driver] ON [$(schema)_config].[publication] ([driver]);
GO

-- Activated versions. A row never changes and never goes: records are stamped with the number.
CREATE TABLE [$(schema)_config].[version] (
  [version]      int            NOT NULL CONSTRAINT [PK_version] PRIMARY KEY CLUSTERED,
  [snapshot]     nvarchar(max)  COLLATE Latin1_General_100_BIN2 NOT NULL,
  [sha256]       char(64)       COLLATE Latin1_General_100_BIN2 NOT NULL,
  [activated_at] datetimeoffset(3) NOT NULL,
  [comment]      nvarchar(max)  COLLATE Latin1_General_100_BIN2 NOT NULL,
  CONSTRAINT [CK_version_snapshot] CHECK (ISJSON([snapshot]) = 1)
);
GO

CREATE TRIGGER [$(schema)_config].[version_is_history] ON [$(schema)_config].[version] AFTER UPDATE, DELETE AS
BEGIN
  IF NOT EXISTS (SELECT 1 FROM deleted) RETURN;
  THROW 50001, 'version is history: rows are stamped with its numbers; activate a new version instead', 1;
END;
GO

-- Numbers given to names: _dsf_src in every data table is the number of a source. Given once, never reused, also after a removal.
CREATE TABLE [$(schema)_config].[name] (
  [kind] varchar(20)   COLLATE Latin1_General_100_BIN2 NOT NULL,
  [name] nvarchar(120) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [id]   int           NOT NULL,
  CONSTRAINT [PK_name] PRIMARY KEY CLUSTERED ([kind], [id]),
  CONSTRAINT [UQ_name] UNIQUE ([kind], [name]),
  CONSTRAINT [CK_name_kind] CHECK ([kind] IN ('source', 'publication'))
);
GO

CREATE TRIGGER [$(schema)_config].[name_is_history] ON [$(schema)_config].[name] AFTER UPDATE, DELETE AS
BEGIN
  IF NOT EXISTS (SELECT 1 FROM deleted) RETURN;
  THROW 50002, 'name is history: a number is given to a name once and never again', 1;
END;
GO
