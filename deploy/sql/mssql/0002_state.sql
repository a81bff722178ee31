
-- DSF state: what must commit together with the rows. Written by the services alone; read it freely, never edit it by hand.
-- Columns in _ms are UTC milliseconds as messages bring them, which may lie outside every calendar; the column beside shows the moment.

-- What one worker writes alone. Every transaction begins by raising `seq`, which is also the lane's lock; who finds another number than he knew starts over.
CREATE TABLE [$(schema)_state].[lane] (
  [phase]  varchar(10)   COLLATE Latin1_General_100_BIN2 NOT NULL,
  [source] int           NOT NULL,
  [lane]   int           NOT NULL,
  [seq]    bigint        NOT NULL,
  [facts]  nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT [DF_lane_facts] DEFAULT (N'{}'),
  CONSTRAINT [PK_lane] PRIMARY KEY CLUSTERED ([phase], [source], [lane]),
  CONSTRAINT [CK_lane_phase] CHECK ([phase] IN ('ingest', 'flatten', 'summarise', 'publish')),
  CONSTRAINT [CK_lane_seq] CHECK ([seq] >= 1)
);
GO

-- Offset of the next record that a lane has not had, with its counters: next - start = written + failed + filtered + absent.
CREATE TABLE [$(schema)_state].[position] (
  [phase]        varchar(10) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [lane_source]  int         NOT NULL,
  [lane]         int         NOT NULL,
  [source]       int         NOT NULL,
  [partition]    int         NOT NULL,
  [next_offset]  bigint      NOT NULL,
  [start_offset] bigint      NOT NULL,
  [time_ms]      bigint      NULL,
  [idle]         bit         NOT NULL,
  [version]      int         NOT NULL,
  [written]      bigint      NOT NULL,
  [failed]       bigint      NOT NULL,
  [filtered]     bigint      NOT NULL,
  [absent]       bigint      NOT NULL,
  [duplicates]   bigint      NOT NULL,
  [refills]      bigint      NOT NULL,
  [time] AS (CASE WHEN [time_ms] BETWEEN -62135596800000 AND 253402300799999 THEN TODATETIMEOFFSET(DATEADD(MILLISECOND, [time_ms] % 86400000, DATEADD(DAY, [time_ms] / 86400000, CONVERT(datetime2(3), '1970-01-01T00:00:00', 126))), 0) END),
  CONSTRAINT [PK_position] PRIMARY KEY CLUSTERED ([phase], [lane_source], [lane], [source], [partition]),
  CONSTRAINT [FK_position_lane] FOREIGN KEY ([phase], [lane_source], [lane]) REFERENCES [$(schema)_state].[lane] ([phase], [source], [lane])
);
GO

-- Things asked of a lane's owner: replay, recompute, rebuild, purge, freeze. Open while closed_at is NULL.
CREATE TABLE [$(schema)_state].[request] (
  [id]         bigint        NOT NULL IDENTITY (1, 1) CONSTRAINT [PK_request] PRIMARY KEY CLUSTERED,
  [phase]      varchar(10)   COLLATE Latin1_General_100_BIN2 NOT NULL,
  [source]     int           NOT NULL,
  [lane]       int           NOT NULL,
  [kind]       varchar(20)   COLLATE Latin1_General_100_BIN2 NOT NULL,
  [body]       nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [created_at] datetimeoffset(3) NOT NULL,
  [closed_at]  datetimeoffset(3) NULL,
  CONSTRAINT [CK_request_phase] CHECK ([phase] IN ('ingest', 'flatten', 'summarise', 'publish')),
  CONSTRAINT [CK_request_kind] CHECK ([kind] IN ('replay', 'recompute', 'rebuild', 'purge', 'freeze'))
);
CREATE INDEX [IX_request_open] ON [$(schema)_state].[request] ([phase], [source], [lane], [id]) WHERE [closed_at] IS NULL;
GO

-- Records that a phase refused. Open until a replay succeeds.
CREATE TABLE [$(schema)_state].[failure] (
  [id]        bigint        NOT NULL IDENTITY (1, 1) CONSTRAINT [PK_failure] PRIMARY KEY CLUSTERED,
  [phase]     varchar(10)   COLLATE Latin1_General_100_BIN2 NOT NULL,
  [_dsf_src]  int           NOT NULL,
  [_dsf_part] int           NOT NULL,
  [_dsf_off]  bigint        NOT NULL,
  [scope]     nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [code]      varchar(100)  COLLATE Latin1_General_100_BIN2 NOT NULL,
  [path]      nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
  [detail]    nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [version]   int           NOT NULL,
  [attempts]  int           NOT NULL CONSTRAINT [DF_failure_attempts] DEFAULT (1),
  [first_at]  datetimeoffset(3) NOT NULL,
  [last_at]   datetimeoffset(3) NOT NULL,
  [status]    varchar(10)   COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT [DF_failure_status] DEFAULT ('open'),
  CONSTRAINT [UQ_failure] UNIQUE ([_dsf_src], [_dsf_part], [_dsf_off], [phase], [scope]),
  CONSTRAINT [CK_failure_phase] CHECK ([phase] IN ('ingest', 'flatten', 'summarise', 'publish')),
  CONSTRAINT [CK_failure_status] CHECK ([status] IN ('open', 'replaying', 'resolved'))
);
CREATE INDEX [IX_failure_unresolved] ON [$(schema)_state].[failure] ([code], [id]) INCLUDE ([status]) WHERE [status] <> 'resolved';
GO

-- Groups that have rows below a horizon: their numbers stand, and are never folded again. Found by the hash of their text.
CREATE TABLE [$(schema)_state].[frozen_group] (
  [instance]   nvarchar(140) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [group_hash] binary(32)    NOT NULL,
  [group_text] nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
  CONSTRAINT [PK_frozen_group] PRIMARY KEY CLUSTERED ([instance], [group_hash])
);
GO

-- The path catalog: which table and column each path of a source's messages has. A name is given once.
CREATE TABLE [$(schema)_state].[flat_schema] (
  [id]      tinyint NOT NULL CONSTRAINT [PK_flat_schema] PRIMARY KEY CLUSTERED,
  [version] bigint  NOT NULL,
  CONSTRAINT [CK_flat_schema_id] CHECK ([id] = 1)
);
INSERT INTO [$(schema)_state].[flat_schema] ([id], [version]) VALUES (1, 0);
GO

CREATE TABLE [$(schema)_state].[flat_table] (
  [id]         int           NOT NULL IDENTITY (1, 1) CONSTRAINT [PK_flat_table] PRIMARY KEY CLUSTERED,
  [source]     int           NOT NULL,
  [path]       nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [path_hash]  binary(32)    NOT NULL,
  [name]       nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [table_name] nvarchar(128) COLLATE Latin1_General_CI_AS NOT NULL,
  [parent]     int           NULL,
  CONSTRAINT [UQ_flat_table_path] UNIQUE ([source], [path_hash]),
  CONSTRAINT [UQ_flat_table_name] UNIQUE ([table_name]),
  CONSTRAINT [FK_flat_table_parent] FOREIGN KEY ([parent]) REFERENCES [$(schema)_state].[flat_table] ([id])
);
GO

CREATE TABLE [$(schema)_state].[flat_column] (
  [id]           int           NOT NULL IDENTITY (1, 1) CONSTRAINT [PK_flat_column] PRIMARY KEY CLUSTERED,
  [table_id]     int           NOT NULL,
  [ordinal]      int           NOT NULL,
  [path]         nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [name]         nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [type]         varchar(10)   COLLATE Latin1_General_100_BIN2 NOT NULL,
  [role]         varchar(10)   COLLATE Latin1_General_100_BIN2 NOT NULL,
  [column_name]  nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [column_type]  varchar(40)   COLLATE Latin1_General_100_BIN2 NOT NULL,
  [exact_column] nvarchar(128) COLLATE Latin1_General_100_BIN2 NULL,
  CONSTRAINT [UQ_flat_column_ordinal] UNIQUE ([table_id], [ordinal]),
  CONSTRAINT [UQ_flat_column_name] UNIQUE ([table_id], [name]),
  CONSTRAINT [FK_flat_column_table] FOREIGN KEY ([table_id]) REFERENCES [$(schema)_state].[flat_table] ([id]),
  CONSTRAINT [CK_flat_column_role] CHECK ([role] IN ('value', 'variant', 'length', 'rest'))
);
GO

-- Every change that DSF made to data tables, with what it cost: metadata-only, online, or rewrite. `deferred` ones were not made, because they would rewrite a large table.
CREATE TABLE [$(schema)_state].[table_change] (
  [id]         int           NOT NULL IDENTITY (1, 1) CONSTRAINT [PK_table_change] PRIMARY KEY CLUSTERED,
  [made_at]    datetimeoffset(3) NOT NULL CONSTRAINT [DF_table_change_made_at] DEFAULT (SYSDATETIMEOFFSET()),
  [made_by]    nvarchar(128) NOT NULL CONSTRAINT [DF_table_change_made_by] DEFAULT (SUSER_SNAME()),
  [table_name] nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [cost]       varchar(20)   COLLATE Latin1_General_100_BIN2 NOT NULL,
  [deferred]   bit           NOT NULL CONSTRAINT [DF_table_change_deferred] DEFAULT (0),
  [statement]  nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
  CONSTRAINT [CK_table_change_cost] CHECK ([cost] IN ('metadata-only', 'online', 'rewrite'))
);
GO

-- Driver instances: a driver as one unchangeable computation, and the table that holds its groups.
CREATE TABLE [$(schema)_state].[driver_instance] (
  [id]              int           NOT NULL IDENTITY (1, 1) CONSTRAINT [PK_driver_instance] PRIMARY KEY CLUSTERED,
  [instance]        nvarchar(140) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [driver]          nvarchar(120) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [table_name]      nvarchar(128) COLLATE Latin1_General_CI_AS NOT NULL,
  [key_columns]     nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [measure_columns] nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [windowed]        bit           NOT NULL,
  CONSTRAINT [UQ_driver_instance] UNIQUE ([instance]),
  CONSTRAINT [UQ_driver_instance_table] UNIQUE ([table_name])
);
GO

-- The view that people read: one per driver, named after it, over the table of the instance that it shows.
CREATE TABLE [$(schema)_state].[summary_view] (
  [driver]   nvarchar(120) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT [PK_summary_view] PRIMARY KEY CLUSTERED,
  [name]     nvarchar(128) COLLATE Latin1_General_CI_AS NOT NULL,
  [instance] nvarchar(140) COLLATE Latin1_General_100_BIN2 NOT NULL,
  CONSTRAINT [UQ_summary_view_name] UNIQUE ([name]),
  CONSTRAINT [FK_summary_view_instance] FOREIGN KEY ([instance]) REFERENCES [$(schema)_state].[driver_instance] ([instance])
);
GO

CREATE TABLE [$(schema)_state].[lane_instance] (
  [lane]     int           NOT NULL,
  [instance] nvarchar(140) COLLATE Latin1_General_100_BIN2 NOT NULL,
  CONSTRAINT [PK_lane_instance] PRIMARY KEY CLUSTERED ([lane], [instance]),
  CONSTRAINT [FK_lane_instance_instance] FOREIGN KEY ([instance]) REFERENCES [$(schema)_state].[driver_instance] ([instance])
);
CREATE INDEX [IX_lane_instance_instance] ON [$(schema)_state].[lane_instance] ([instance]);
GO
