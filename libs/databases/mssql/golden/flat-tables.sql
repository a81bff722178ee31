CREATE TABLE [dsf].[orders] (
  [_dsf_src] int NOT NULL,
  [_dsf_part] int NOT NULL,
  [_dsf_off] bigint NOT NULL,
  [_dsf_row] int NOT NULL,
  [_dsf_version] int NOT NULL,
  [_dsf_time_ms] bigint NULL,
  [_dsf_ingested_ms] bigint NULL,
  [_dsf_time] AS (CASE WHEN [_dsf_time_ms] BETWEEN -62135596800000 AND 253402300799999 THEN DATEADD(MILLISECOND, [_dsf_time_ms] % 86400000, DATEADD(DAY, [_dsf_time_ms] / 86400000, TODATETIMEOFFSET(CONVERT(datetime2(3), '1970-01-01T00:00:00', 126), 0))) END),
  [_dsf_ingested_at] AS (CASE WHEN [_dsf_ingested_ms] BETWEEN -62135596800000 AND 253402300799999 THEN DATEADD(MILLISECOND, [_dsf_ingested_ms] % 86400000, DATEADD(DAY, [_dsf_ingested_ms] / 86400000, TODATETIMEOFFSET(CONVERT(datetime2(3), '1970-01-01T00:00:00', 126), 0))) END),
  [_dsf_list_idx] int NULL,
  [_dsf_list_idx2] int NULL,
  [_dsf_shape] varchar(6) NULL,
  [total] bigint NULL,
  [note] nvarchar(400) NULL,
  CONSTRAINT [PK_orders] PRIMARY KEY CLUSTERED ([_dsf_src], [_dsf_part], [_dsf_off], [_dsf_row]),
  CONSTRAINT [CK_orders__shape] CHECK ([_dsf_shape] IN ('null', 'object', 'list'))
);

CREATE TABLE [dsf].[orders__items] (
  [_dsf_src] int NOT NULL,
  [_dsf_part] int NOT NULL,
  [_dsf_off] bigint NOT NULL,
  [_dsf_row] int NOT NULL,
  [_dsf_version] int NOT NULL,
  [_dsf_parent_row] int NOT NULL,
  [_dsf_list_idx] int NULL,
  [_dsf_list_idx2] int NULL,
  [_dsf_shape] varchar(6) NULL,
  CONSTRAINT [PK_orders__items] PRIMARY KEY CLUSTERED ([_dsf_src], [_dsf_part], [_dsf_off], [_dsf_row]),
  CONSTRAINT [FK_orders__items__parent] FOREIGN KEY ([_dsf_src], [_dsf_part], [_dsf_off], [_dsf_parent_row]) REFERENCES [dsf].[orders] ([_dsf_src], [_dsf_part], [_dsf_off], [_dsf_row]),
  CONSTRAINT [CK_orders__items__shape] CHECK ([_dsf_shape] IN ('null', 'object', 'list'))
);
