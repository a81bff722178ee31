CREATE TABLE [dsf].[dsf_sum__sales__00000001] (
  [_dsf_id] bigint NOT NULL IDENTITY (1, 1),
  [_dsf_hash] binary(32) NOT NULL,
  [_dsf_group] nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [_dsf_lane] int NOT NULL,
  [_dsf_revision] bigint NOT NULL,
  [_dsf_status] varchar(10) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [_dsf_reason] varchar(20) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [_dsf_version] int NOT NULL,
  [_dsf_updated_ms] bigint NOT NULL,
  [_dsf_window_start_ms] bigint NULL,
  [_dsf_window_end_ms] bigint NULL,
  [_dsf_key] nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [_dsf_measures] nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [_dsf_states] nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [country] nvarchar(400) NULL,
  [orders] bigint NULL,
  [revenue] decimal(38,12) NULL,
  CONSTRAINT [PK_dsf_sum__sales__00000001] PRIMARY KEY CLUSTERED ([_dsf_id]),
  CONSTRAINT [UQ_dsf_sum__sales__00000001] UNIQUE ([_dsf_hash]),
  CONSTRAINT [CK_dsf_sum__sales__00000001__status] CHECK ([_dsf_status] IN ('live', 'failed', 'gone'))
);

CREATE INDEX [IX_dsf_sum__sales__00000001__revision] ON [dsf].[dsf_sum__sales__00000001] ([_dsf_lane], [_dsf_revision], [_dsf_hash]);

ALTER TABLE [dsf].[dsf_sum__sales__00000001] SET (LOCK_ESCALATION = DISABLE);

CREATE VIEW [dsf].[sales] AS
  SELECT [country],
    CASE WHEN [_dsf_window_start_ms] BETWEEN -62135596800000 AND 253402300799999 THEN DATEADD(MILLISECOND, [_dsf_window_start_ms] % 86400000, DATEADD(DAY, [_dsf_window_start_ms] / 86400000, TODATETIMEOFFSET(CONVERT(datetime2(3), '1970-01-01T00:00:00', 126), 0))) END AS [window_start],
    CASE WHEN [_dsf_window_end_ms] BETWEEN -62135596800000 AND 253402300799999 THEN DATEADD(MILLISECOND, [_dsf_window_end_ms] % 86400000, DATEADD(DAY, [_dsf_window_end_ms] / 86400000, TODATETIMEOFFSET(CONVERT(datetime2(3), '1970-01-01T00:00:00', 126), 0))) END AS [window_end],
    [orders],
    [revenue],
    [_dsf_revision],
    CASE WHEN [_dsf_updated_ms] BETWEEN -62135596800000 AND 253402300799999 THEN DATEADD(MILLISECOND, [_dsf_updated_ms] % 86400000, DATEADD(DAY, [_dsf_updated_ms] / 86400000, TODATETIMEOFFSET(CONVERT(datetime2(3), '1970-01-01T00:00:00', 126), 0))) END AS [_dsf_updated_at]
  FROM [dsf].[dsf_sum__sales__00000001]
  WHERE [_dsf_status] = 'live';

UPDATE t SET [_dsf_lane] = n.[_dsf_lane], [_dsf_revision] = n.[_dsf_revision], [_dsf_status] = n.[_dsf_status], [_dsf_reason] = n.[_dsf_reason], [_dsf_version] = n.[_dsf_version], [_dsf_updated_ms] = n.[_dsf_updated_ms], [_dsf_window_end_ms] = n.[_dsf_window_end_ms], [_dsf_measures] = n.[_dsf_measures], [_dsf_states] = n.[_dsf_states], [orders] = n.[orders], [revenue] = n.[revenue]
FROM #dsf_group AS n JOIN [dsf].[dsf_sum__sales__00000001] AS t ON t.[_dsf_hash] = n.[_dsf_hash] OPTION (LOOP JOIN, FORCE ORDER);
INSERT INTO [dsf].[dsf_sum__sales__00000001] ([_dsf_hash], [_dsf_group], [_dsf_lane], [_dsf_revision], [_dsf_status], [_dsf_reason], [_dsf_version], [_dsf_updated_ms], [_dsf_window_start_ms], [_dsf_window_end_ms], [_dsf_key], [_dsf_measures], [_dsf_states], [country], [orders], [revenue])
SELECT n.[_dsf_hash], n.[_dsf_group], n.[_dsf_lane], n.[_dsf_revision], n.[_dsf_status], n.[_dsf_reason], n.[_dsf_version], n.[_dsf_updated_ms], n.[_dsf_window_start_ms], n.[_dsf_window_end_ms], n.[_dsf_key], n.[_dsf_measures], n.[_dsf_states], n.[country], n.[orders], n.[revenue]
FROM #dsf_group AS n WHERE NOT EXISTS (SELECT 1 FROM [dsf].[dsf_sum__sales__00000001] AS t WHERE t.[_dsf_hash] = n.[_dsf_hash]) OPTION (LOOP JOIN, FORCE ORDER);;
