-- The readable times of raw rows: the offset belongs to the moment that days are added to, which is worked out once, and no longer to each row. The values are
-- the same. Only metadata changes; where an index of yours stands on one of them, all stays as it was.
IF NOT EXISTS (
  SELECT 1 FROM sys.index_columns AS i JOIN sys.columns AS c ON c.object_id = i.object_id AND c.column_id = i.column_id
  WHERE c.object_id = OBJECT_ID(N'[$(schema)].[dsf_raw]') AND c.name IN (N'time', N'ingested_at')
)
BEGIN
  ALTER TABLE [$(schema)].[dsf_raw] DROP COLUMN [time];
  ALTER TABLE [$(schema)].[dsf_raw] ADD [time] AS (CASE WHEN [time_ms] BETWEEN -62135596800000 AND 253402300799999 THEN DATEADD(MILLISECOND, [time_ms] % 86400000, DATEADD(DAY, [time_ms] / 86400000, TODATETIMEOFFSET(CONVERT(datetime2(3), '1970-01-01T00:00:00', 126), 0))) END);
  EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'time_ms as a moment; NULL outside the years 1 to 9999', @level0type = N'SCHEMA', @level0name = N'$(schema)', @level1type = N'TABLE', @level1name = N'dsf_raw', @level2type = N'COLUMN', @level2name = N'time';
  ALTER TABLE [$(schema)].[dsf_raw] DROP COLUMN [ingested_at];
  ALTER TABLE [$(schema)].[dsf_raw] ADD [ingested_at] AS (CASE WHEN [ingested_ms] BETWEEN -62135596800000 AND 253402300799999 THEN DATEADD(MILLISECOND, [ingested_ms] % 86400000, DATEADD(DAY, [ingested_ms] / 86400000, TODATETIMEOFFSET(CONVERT(datetime2(3), '1970-01-01T00:00:00', 126), 0))) END);
  EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'ingested_ms as a moment; NULL outside the years 1 to 9999', @level0type = N'SCHEMA', @level0name = N'$(schema)', @level1type = N'TABLE', @level1name = N'dsf_raw', @level2type = N'COLUMN', @level2name = N'ingested_at';
END;
GO
