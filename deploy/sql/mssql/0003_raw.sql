-- Raw messages of all sources, bytes exactly as they were received. Clustered by coordinates: each source partition writes at one place, in rising order.

IF SCHEMA_ID(N'$(schema)') IS NULL EXEC (N'CREATE SCHEMA [$(schema)]');
GO

CREATE TABLE [$(schema)].[dsf_raw] (
  [_dsf_src]    int            NOT NULL,
  [_dsf_part]   int            NOT NULL,
  [_dsf_off]    bigint         NOT NULL,
  [topic]       nvarchar(249)  COLLATE Latin1_General_100_BIN2 NOT NULL,
  [time_ms]     bigint         NOT NULL,
  [time_type]   varchar(6)     COLLATE Latin1_General_100_BIN2 NOT NULL,
  [ingested_ms] bigint         NOT NULL,
  [key]         varbinary(max) NULL,
  [headers]     nvarchar(max)  COLLATE Latin1_General_100_BIN2 NOT NULL,
  [payload]     varbinary(max) NULL,
  [size]        int            NOT NULL,
  [sha256]      binary(32)     NULL,
  [time] AS (CASE WHEN [time_ms] BETWEEN -62135596800000 AND 253402300799999 THEN TODATETIMEOFFSET(DATEADD(MILLISECOND, [time_ms] % 86400000, DATEADD(DAY, [time_ms] / 86400000, CONVERT(datetime2(3), '1970-01-01T00:00:00', 126))), 0) END),
  [ingested_at] AS (CASE WHEN [ingested_ms] BETWEEN -62135596800000 AND 253402300799999 THEN TODATETIMEOFFSET(DATEADD(MILLISECOND, [ingested_ms] % 86400000, DATEADD(DAY, [ingested_ms] / 86400000, CONVERT(datetime2(3), '1970-01-01T00:00:00', 126))), 0) END),
  CONSTRAINT [PK_dsf_raw] PRIMARY KEY CLUSTERED ([_dsf_src], [_dsf_part], [_dsf_off]),
  CONSTRAINT [CK_dsf_raw_time_type] CHECK ([time_type] IN ('create', 'append'))
);
GO
