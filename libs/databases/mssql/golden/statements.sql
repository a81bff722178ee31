-- a lane claims its first turn

DECLARE @lock int;
EXEC @lock = sp_getapplock @Resource = N'dsf:dsf:lanes', @LockMode = 'Shared', @LockOwner = 'Transaction';
IF @lock >= 0 INSERT INTO [dsf_state].[lane] ([phase], [source], [lane], [seq]) OUTPUT inserted.[seq] SELECT 'flatten', 0, 3, 1 WHERE NOT EXISTS (SELECT 1 FROM [dsf_state].[lane] WHERE [phase] = 'flatten' AND [source] = 0 AND [lane] = 3);


-- a lane claims its next turn

DECLARE @lock int;
EXEC @lock = sp_getapplock @Resource = N'dsf:dsf:lanes', @LockMode = 'Shared', @LockOwner = 'Transaction';
IF @lock >= 0 UPDATE [dsf_state].[lane] SET [seq] = [seq] + 1 OUTPUT inserted.[seq] WHERE [phase] = 'flatten' AND [source] = 0 AND [lane] = 3;


-- a lane is held for an intent

-- @p1 VarChar, @p2 BigInt, @p3 BigInt
DECLARE @lock int, @seq bigint = 0;
EXEC @lock = sp_getapplock @Resource = N'dsf:dsf:lanes', @LockMode = 'Shared', @LockOwner = 'Transaction';
IF @lock >= 0 BEGIN UPDATE [dsf_state].[lane] SET [seq] = [seq] WHERE [phase] = @p1 AND [source] = @p2 AND [lane] = @p3; SELECT @seq = [seq] FROM [dsf_state].[lane] WHERE [phase] = @p1 AND [source] = @p2 AND [lane] = @p3; END ELSE SET @seq = -1;
SELECT @seq;


-- a lane is loaded

-- @p1 VarChar, @p2 BigInt, @p3 BigInt
SELECT [seq], [facts] FROM [dsf_state].[lane] WHERE [phase] = @p1 AND [source] = @p2 AND [lane] = @p3;


-- progress of one position

-- @p1 VarChar, @p2 BigInt, @p3 BigInt, @p4 NVarChar, @p5 BigInt, @p6 BigInt, @p7 BigInt, @p8 BigInt, @p9 BigInt, @p10 BigInt, @p11 BigInt, @p12 BigInt, @p13 BigInt, @p14 BigInt, @p15 BigInt, @p16 BigInt, @p17 BigInt
UPDATE [dsf_state].[position] SET [next_offset] = @p7, [start_offset] = @p8, [time_ms] = @p9, [idle] = @p10, [version] = @p11, [written] = @p12, [failed] = @p13, [filtered] = @p14, [absent] = @p15, [duplicates] = @p16, [refills] = @p17
WHERE [phase] = @p1 AND [lane_source] = @p2 AND [lane] = @p3 AND [source] = @p5 AND [partition] = @p6;
IF @@ROWCOUNT = 0 INSERT INTO [dsf_state].[position] ([phase], [lane_source], [lane], [source], [partition], [next_offset], [start_offset], [time_ms], [idle], [version], [written], [failed], [filtered], [absent], [duplicates], [refills]) VALUES (@p1, @p2, @p3, @p5, @p6, @p7, @p8, @p9, @p10, @p11, @p12, @p13, @p14, @p15, @p16, @p17);


-- progress of several, and facts

-- @p1 VarChar, @p2 BigInt, @p3 BigInt, @p4 NVarChar, @p5 NVarChar
UPDATE [dsf_state].[lane] SET [facts] = @p4 WHERE [phase] = @p1 AND [source] = @p2 AND [lane] = @p3;
UPDATE p SET [next_offset] = n.[next_offset], [start_offset] = n.[start_offset], [time_ms] = n.[time_ms], [idle] = n.[idle], [version] = n.[version], [written] = n.[written], [failed] = n.[failed], [filtered] = n.[filtered], [absent] = n.[absent], [duplicates] = n.[duplicates], [refills] = n.[refills]
FROM [dsf_state].[position] AS p JOIN OPENJSON(@p5) WITH ([source] int '$[0]', [partition] int '$[1]', [next_offset] bigint '$[2]', [start_offset] bigint '$[3]', [time_ms] bigint '$[4]', [idle] bit '$[5]', [version] int '$[6]', [written] bigint '$[7]', [failed] bigint '$[8]', [filtered] bigint '$[9]', [absent] bigint '$[10]', [duplicates] bigint '$[11]', [refills] bigint '$[12]') AS n ON p.[phase] = @p1 AND p.[lane_source] = @p2 AND p.[lane] = @p3 AND p.[source] = n.[source] AND p.[partition] = n.[partition];
INSERT INTO [dsf_state].[position] ([phase], [lane_source], [lane], [source], [partition], [next_offset], [start_offset], [time_ms], [idle], [version], [written], [failed], [filtered], [absent], [duplicates], [refills])
SELECT @p1, @p2, @p3, n.[source], n.[partition], n.[next_offset], n.[start_offset], n.[time_ms], n.[idle], n.[version], n.[written], n.[failed], n.[filtered], n.[absent], n.[duplicates], n.[refills]
FROM OPENJSON(@p5) WITH ([source] int '$[0]', [partition] int '$[1]', [next_offset] bigint '$[2]', [start_offset] bigint '$[3]', [time_ms] bigint '$[4]', [idle] bit '$[5]', [version] int '$[6]', [written] bigint '$[7]', [failed] bigint '$[8]', [filtered] bigint '$[9]', [absent] bigint '$[10]', [duplicates] bigint '$[11]', [refills] bigint '$[12]') AS n WHERE NOT EXISTS (SELECT 1 FROM [dsf_state].[position] AS p WHERE p.[phase] = @p1 AND p.[lane_source] = @p2 AND p.[lane] = @p3 AND p.[source] = n.[source] AND p.[partition] = n.[partition]);


-- the ends of ingest

-- @p1 VarChar, @p2 BigInt
SELECT [source], [partition], [next_offset], [start_offset], [time_ms], [idle], [version], [written], [failed], [filtered], [absent], [duplicates], [refills] FROM [dsf_state].[position] WHERE [phase] = @p1 AND [lane_source] = @p2 ORDER BY [partition];


-- a lane is moved

-- @p1 BigInt, @p2 NVarChar, @p3 VarChar, @p4 BigInt, @p5 BigInt, @p6 BigInt
UPDATE [dsf_state].[lane] SET [seq] = @p1, [facts] = @p2 WHERE [phase] = @p3 AND [source] = @p4 AND [lane] = @p5 AND [seq] < @p6;

-- @p1 VarChar, @p2 BigInt, @p3 BigInt
DELETE FROM [dsf_state].[position] WHERE [phase] = @p1 AND [lane_source] = @p2 AND [lane] = @p3;

-- @p1 BigInt
DELETE FROM [dsf_state].[lane_instance] WHERE [lane] = @p1;

-- @p1 BigInt, @p2 NVarChar
INSERT INTO [dsf_state].[lane_instance] ([lane], [instance]) VALUES (@p1, @p2);


-- failures are merged

CREATE TABLE #dsf_failure ([phase] varchar(10) COLLATE Latin1_General_100_BIN2 NOT NULL, [_dsf_src] int NOT NULL, [_dsf_part] int NOT NULL, [_dsf_off] bigint NOT NULL, [scope] nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL, [code] varchar(100) COLLATE Latin1_General_100_BIN2 NOT NULL, [path] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [detail] nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL, [version] int NOT NULL, [at] datetimeoffset(3) NOT NULL);

UPDATE f SET [code] = n.[code], [path] = n.[path], [detail] = n.[detail], [version] = n.[version],
  [attempts] = f.[attempts] + 1, [last_at] = n.[at], [status] = 'open'
FROM #dsf_failure AS n JOIN [dsf_state].[failure] AS f ON f.[_dsf_src] = n.[_dsf_src] AND f.[_dsf_part] = n.[_dsf_part] AND f.[_dsf_off] = n.[_dsf_off] AND f.[phase] = n.[phase] AND f.[scope] = n.[scope] OPTION (LOOP JOIN, FORCE ORDER);
INSERT INTO [dsf_state].[failure] ([phase], [_dsf_src], [_dsf_part], [_dsf_off], [scope], [code], [path], [detail], [version], [first_at], [last_at])
SELECT n.[phase], n.[_dsf_src], n.[_dsf_part], n.[_dsf_off], n.[scope], n.[code], n.[path], n.[detail], n.[version], n.[at], n.[at]
FROM #dsf_failure AS n WHERE NOT EXISTS (SELECT 1 FROM [dsf_state].[failure] AS f WHERE f.[_dsf_src] = n.[_dsf_src] AND f.[_dsf_part] = n.[_dsf_part] AND f.[_dsf_off] = n.[_dsf_off] AND f.[phase] = n.[phase] AND f.[scope] = n.[scope]) OPTION (LOOP JOIN, FORCE ORDER);
DROP TABLE #dsf_failure;


-- failures are resolved

-- @p1 DateTimeOffset, @p2 BigInt, @p3 BigInt, @p4 BigInt, @p5 VarChar, @p6 BigInt, @p7 NVarChar
UPDATE [dsf_state].[failure] SET [status] = 'resolved', [last_at] = @p1 WHERE [_dsf_src] = @p2 AND [_dsf_part] = @p3 AND [_dsf_off] = @p4 AND [phase] = @p5 AND LEFT([scope], @p6) = @p7 AND [status] <> 'resolved';


-- failures of a record

-- @p1 BigInt, @p2 BigInt, @p3 BigInt
SELECT [phase], [_dsf_src], [_dsf_part], [_dsf_off], [scope], [code], [path], [detail], [version] FROM [dsf_state].[failure] WHERE [_dsf_src] = @p1 AND [_dsf_part] = @p2 AND [_dsf_off] = @p3 AND [status] <> 'resolved' ORDER BY [phase], [scope];


-- the lowest failure

-- @p1 BigInt, @p2 BigInt
SELECT MIN([_dsf_off]) FROM [dsf_state].[failure] WHERE [_dsf_src] = @p1 AND [_dsf_part] = @p2 AND [phase] IN ('flatten', 'summarise') AND [status] <> 'resolved' AND [code] <> 'summarise.frozen';


-- failures are found

-- @p1 BigInt, @p2 NVarChar, @p3 VarChar, @p4 BigInt, @p5 VarChar, @p6 VarChar
SELECT TOP (@p1) [phase], [_dsf_src], [_dsf_part], [_dsf_off], [scope], [code], [path], [detail], [version], [id], [attempts], [first_at], [last_at], [status] FROM [dsf_state].[failure] WHERE [id] IN (SELECT [id] FROM OPENJSON(@p2) WITH ([id] bigint '$.id')) AND [phase] = @p3 AND [_dsf_src] = @p4 AND [code] = @p5 AND [status] = @p6 ORDER BY [id];


-- a replay is asked for

-- @p1 BigInt, @p2 BigInt, @p3 BigInt
UPDATE [dsf_state].[failure] SET [status] = 'replaying' WHERE [_dsf_src] = @p1 AND [_dsf_part] = @p2 AND [_dsf_off] = @p3 AND [status] = 'open' AND [phase] <> 'publish';


-- requests are read

-- @p1 BigInt, @p2 VarChar, @p3 BigInt, @p4 BigInt
SELECT TOP (@p1) [id], [body] FROM [dsf_state].[request] WHERE [phase] = @p2 AND [source] = @p3 AND [lane] = @p4 AND [closed_at] IS NULL ORDER BY [id];


-- requests are closed

-- @p1 DateTimeOffset, @p2 NVarChar
UPDATE r SET [closed_at] = @p1 FROM OPENJSON(@p2) WITH ([id] bigint '$.id') AS n JOIN [dsf_state].[request] AS r ON r.[id] = n.[id] WHERE r.[closed_at] IS NULL OPTION (LOOP JOIN, FORCE ORDER);


-- the lowest replay

-- @p1 BigInt, @p2 BigInt
SELECT MIN(CONVERT(bigint, JSON_VALUE([body], '$.offset'))) FROM [dsf_state].[request] WHERE [phase] = 'flatten' AND [closed_at] IS NULL AND [kind] = 'replay' AND CONVERT(int, JSON_VALUE([body], '$.source')) = @p1 AND CONVERT(int, JSON_VALUE([body], '$.partition')) = @p2;


-- raw rows are read

-- @p1 BigInt, @p2 BigInt, @p3 BigInt, @p4 BigInt, @p5 BigInt
SELECT TOP (@p1) [_dsf_off], [time_ms], [time_type], [ingested_ms], [key], [headers], [payload] FROM [dsf].[dsf_raw] WHERE [_dsf_src] = @p2 AND [_dsf_part] = @p3 AND [_dsf_off] >= @p4 AND [_dsf_off] < @p5 ORDER BY [_dsf_off];


-- raw rows are purged

-- @p1 BigInt, @p2 BigInt, @p3 BigInt, @p4 BigInt, @p5 BigInt
SELECT [_dsf_off] FROM [dsf].[dsf_raw] WHERE [_dsf_src] = @p1 AND [_dsf_part] = @p2 AND [_dsf_off] >= @p3 AND [_dsf_off] < @p4 ORDER BY [_dsf_off] OFFSET @p5 ROWS FETCH NEXT 1 ROWS ONLY;

-- @p1 BigInt, @p2 BigInt, @p3 BigInt, @p4 BigInt, @p5 BigInt
DELETE TOP (@p1) FROM [dsf].[dsf_raw] WITH (ROWLOCK) WHERE [_dsf_src] = @p2 AND [_dsf_part] = @p3 AND [_dsf_off] >= @p4 AND [_dsf_off] < @p5 OPTION (LOOP JOIN);


-- rows of a record are deleted

-- @p1 BigInt, @p2 BigInt, @p3 BigInt
DELETE FROM [dsf].[orders__items] WHERE [_dsf_src] = @p1 AND [_dsf_part] = @p2 AND [_dsf_off] = @p3 OPTION (LOOP JOIN);

-- @p1 BigInt, @p2 BigInt, @p3 BigInt
DELETE FROM [dsf].[orders] WHERE [_dsf_src] = @p1 AND [_dsf_part] = @p2 AND [_dsf_off] = @p3 OPTION (LOOP JOIN);


-- rows are read

-- @p1 BigInt, @p2 BigInt, @p3 BigInt, @p4 BigInt, @p5 BigInt
SELECT DISTINCT [_dsf_off] FROM [dsf].[orders] WHERE [_dsf_src] = @p1 AND [_dsf_part] = @p2 AND [_dsf_off] >= @p3 AND [_dsf_off] < @p4 ORDER BY [_dsf_off] OFFSET @p5 ROWS FETCH NEXT 1 ROWS ONLY;

-- @p1 BigInt, @p2 BigInt, @p3 BigInt, @p4 BigInt
SELECT [_dsf_off], [_dsf_row], [_dsf_time_ms], [_dsf_ingested_ms], [_dsf_list_idx], [_dsf_list_idx2], [_dsf_shape] FROM [dsf].[orders] WHERE [_dsf_src] = @p1 AND [_dsf_part] = @p2 AND [_dsf_off] >= @p3 AND [_dsf_off] < @p4 ORDER BY [_dsf_off], [_dsf_row];

-- @p1 BigInt, @p2 BigInt, @p3 BigInt, @p4 BigInt
SELECT [_dsf_off], [_dsf_row], [_dsf_parent_row], [_dsf_list_idx], [_dsf_list_idx2], [_dsf_shape] FROM [dsf].[orders__items] WHERE [_dsf_src] = @p1 AND [_dsf_part] = @p2 AND [_dsf_off] >= @p3 AND [_dsf_off] < @p4 ORDER BY [_dsf_off], [_dsf_row];


-- rows are purged

-- @p1 BigInt, @p2 BigInt, @p3 BigInt, @p4 BigInt, @p5 BigInt
SELECT DISTINCT [_dsf_off] FROM [dsf].[orders] WHERE [_dsf_src] = @p1 AND [_dsf_part] = @p2 AND [_dsf_off] >= @p3 AND [_dsf_off] < @p4 ORDER BY [_dsf_off] OFFSET @p5 ROWS FETCH NEXT 1 ROWS ONLY;

-- @p1 BigInt, @p2 BigInt, @p3 BigInt, @p4 BigInt
SELECT COUNT_BIG(DISTINCT [_dsf_off]) FROM [dsf].[orders] WHERE [_dsf_src] = @p1 AND [_dsf_part] = @p2 AND [_dsf_off] >= @p3 AND [_dsf_off] < @p4;

-- @p1 BigInt, @p2 BigInt, @p3 BigInt, @p4 BigInt, @p5 BigInt
DELETE TOP (@p1) FROM [dsf].[orders__items] WITH (ROWLOCK) WHERE [_dsf_src] = @p2 AND [_dsf_part] = @p3 AND [_dsf_off] >= @p4 AND [_dsf_off] < @p5 OPTION (LOOP JOIN);

-- @p1 BigInt, @p2 BigInt, @p3 BigInt, @p4 BigInt, @p5 BigInt
DELETE TOP (@p1) FROM [dsf].[orders] WITH (ROWLOCK) WHERE [_dsf_src] = @p2 AND [_dsf_part] = @p3 AND [_dsf_off] >= @p4 AND [_dsf_off] < @p5 OPTION (LOOP JOIN);


-- the version of the tables is held

SELECT [version] FROM [dsf_state].[flat_schema] WITH (HOLDLOCK) WHERE [id] = 1;


-- groups are written

CREATE TABLE #dsf_group ([_dsf_hash] binary(32) NOT NULL, [_dsf_group] nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL, [_dsf_lane] int NOT NULL, [_dsf_revision] bigint NOT NULL, [_dsf_status] varchar(10) COLLATE Latin1_General_100_BIN2 NOT NULL, [_dsf_reason] varchar(20) COLLATE Latin1_General_100_BIN2 NOT NULL, [_dsf_version] int NOT NULL, [_dsf_updated_ms] bigint NOT NULL, [_dsf_window_start_ms] bigint NULL, [_dsf_window_end_ms] bigint NULL, [_dsf_key] nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL, [_dsf_measures] nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL, [_dsf_states] nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL, [country] nvarchar(400) COLLATE DATABASE_DEFAULT NULL, [orders] bigint NULL);

UPDATE t SET [_dsf_lane] = n.[_dsf_lane], [_dsf_revision] = n.[_dsf_revision], [_dsf_status] = n.[_dsf_status], [_dsf_reason] = n.[_dsf_reason], [_dsf_version] = n.[_dsf_version], [_dsf_updated_ms] = n.[_dsf_updated_ms], [_dsf_window_end_ms] = n.[_dsf_window_end_ms], [_dsf_measures] = n.[_dsf_measures], [_dsf_states] = n.[_dsf_states], [orders] = n.[orders]
FROM #dsf_group AS n JOIN [dsf].[dsf_sum__sales__00000001] AS t ON t.[_dsf_hash] = n.[_dsf_hash] OPTION (LOOP JOIN, FORCE ORDER);
INSERT INTO [dsf].[dsf_sum__sales__00000001] ([_dsf_hash], [_dsf_group], [_dsf_lane], [_dsf_revision], [_dsf_status], [_dsf_reason], [_dsf_version], [_dsf_updated_ms], [_dsf_window_start_ms], [_dsf_window_end_ms], [_dsf_key], [_dsf_measures], [_dsf_states], [country], [orders])
SELECT n.[_dsf_hash], n.[_dsf_group], n.[_dsf_lane], n.[_dsf_revision], n.[_dsf_status], n.[_dsf_reason], n.[_dsf_version], n.[_dsf_updated_ms], n.[_dsf_window_start_ms], n.[_dsf_window_end_ms], n.[_dsf_key], n.[_dsf_measures], n.[_dsf_states], n.[country], n.[orders]
FROM #dsf_group AS n WHERE NOT EXISTS (SELECT 1 FROM [dsf].[dsf_sum__sales__00000001] AS t WHERE t.[_dsf_hash] = n.[_dsf_hash]) OPTION (LOOP JOIN, FORCE ORDER);
DROP TABLE #dsf_group;


-- groups are read

-- @p1 NVarChar
SELECT [_dsf_group], [_dsf_revision], [_dsf_status], [_dsf_reason], [_dsf_version], [_dsf_updated_ms], [_dsf_window_start_ms], [_dsf_window_end_ms], [_dsf_key], [_dsf_measures], [_dsf_states] FROM (SELECT CONVERT(binary(32), [hex], 2) AS [hash] FROM OPENJSON(@p1) WITH ([hex] char(64) '$.h')) AS n JOIN [dsf].[dsf_sum__sales__00000001] AS t ON t.[_dsf_hash] = n.[hash] OPTION (LOOP JOIN, FORCE ORDER);


-- groups are paged

-- @p1 BigInt, @p2 BigInt, @p3 BigInt, @p4 BigInt, @p5 BigInt, @p6 VarBinary
SELECT TOP (@p1) [_dsf_group], [_dsf_revision], [_dsf_status], [_dsf_reason], [_dsf_version], [_dsf_updated_ms], [_dsf_window_start_ms], [_dsf_window_end_ms], [_dsf_key], [_dsf_measures], [_dsf_states] FROM [dsf].[dsf_sum__sales__00000001] WHERE [_dsf_lane] = @p2 AND [_dsf_revision] >= @p3 AND [_dsf_revision] < @p4 AND ([_dsf_revision] > @p5 OR [_dsf_hash] > @p6) ORDER BY [_dsf_revision], [_dsf_hash];


-- groups move to another lane

CREATE TABLE #dsf_place ([hash] binary(32) NOT NULL, [lane] int NOT NULL);

UPDATE t SET [_dsf_lane] = n.[lane] FROM #dsf_place AS n JOIN [dsf].[dsf_sum__sales__00000001] AS t ON t.[_dsf_hash] = n.[hash] OPTION (LOOP JOIN, FORCE ORDER);
DROP TABLE #dsf_place;


-- groups freeze

CREATE TABLE #dsf_frozen ([instance] nvarchar(140) COLLATE Latin1_General_100_BIN2 NOT NULL, [hash] binary(32) NOT NULL, [group_text] nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL);

INSERT INTO [dsf_state].[frozen_group] ([instance], [group_hash], [group_text]) SELECT n.[instance], n.[hash], n.[group_text] FROM #dsf_frozen AS n WHERE NOT EXISTS (SELECT 1 FROM [dsf_state].[frozen_group] AS f WHERE f.[instance] = n.[instance] AND f.[group_hash] = n.[hash]) OPTION (LOOP JOIN, FORCE ORDER);
DROP TABLE #dsf_frozen;


-- frozen groups are read

-- @p1 NVarChar, @p2 NVarChar
SELECT f.[group_text] FROM (SELECT CONVERT(binary(32), [hex], 2) AS [hash] FROM OPENJSON(@p1) WITH ([hex] char(64) '$.h')) AS n JOIN [dsf_state].[frozen_group] AS f ON f.[group_hash] = n.[hash] WHERE f.[instance] = @p2 OPTION (LOOP JOIN, FORCE ORDER);


-- an instance gets its table

-- @p1 NVarChar
SELECT [instance], [driver], [table_name], [key_columns], [measure_columns], [windowed] FROM [dsf_state].[driver_instance] WHERE [instance] = @p1;

-- @p1 NVarChar
DECLARE @lock int; EXEC @lock = sp_getapplock @Resource = @p1, @LockMode = 'Exclusive', @LockOwner = 'Transaction'; SELECT @lock;

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
  CONSTRAINT [PK_dsf_sum__sales__00000001] PRIMARY KEY CLUSTERED ([_dsf_id]),
  CONSTRAINT [UQ_dsf_sum__sales__00000001] UNIQUE ([_dsf_hash]),
  CONSTRAINT [CK_dsf_sum__sales__00000001__status] CHECK ([_dsf_status] IN ('live', 'failed', 'gone'))
);

CREATE INDEX [IX_dsf_sum__sales__00000001__revision] ON [dsf].[dsf_sum__sales__00000001] ([_dsf_lane], [_dsf_revision], [_dsf_hash]);

ALTER TABLE [dsf].[dsf_sum__sales__00000001] SET (LOCK_ESCALATION = DISABLE);

EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Groups of driver instance sales@00000001; read them through the view of the driver', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'dsf_sum__sales__00000001';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Number of the row; new groups append', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'dsf_sum__sales__00000001', @level2type = N'COLUMN', @level2name = N'_dsf_id';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'SHA-256 of _dsf_group, by which a group is found', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'dsf_sum__sales__00000001', @level2type = N'COLUMN', @level2name = N'_dsf_hash';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Key and window as text', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'dsf_sum__sales__00000001', @level2type = N'COLUMN', @level2name = N'_dsf_group';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Lane of summarise that owns the group', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'dsf_sum__sales__00000001', @level2type = N'COLUMN', @level2name = N'_dsf_lane';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Rises with each change of the group and never restarts', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'dsf_sum__sales__00000001', @level2type = N'COLUMN', @level2name = N'_dsf_revision';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'live; failed: shows no number until it is computed again; gone: every row of it was corrected away', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'dsf_sum__sales__00000001', @level2type = N'COLUMN', @level2name = N'_dsf_status';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Why it changed last: update, late, correction, rebuild or retract', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'dsf_sum__sales__00000001', @level2type = N'COLUMN', @level2name = N'_dsf_reason';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Version of the definitions that changed it last', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'dsf_sum__sales__00000001', @level2type = N'COLUMN', @level2name = N'_dsf_version';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'When it changed last, UTC ms', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'dsf_sum__sales__00000001', @level2type = N'COLUMN', @level2name = N'_dsf_updated_ms';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Start of the window, UTC ms', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'dsf_sum__sales__00000001', @level2type = N'COLUMN', @level2name = N'_dsf_window_start_ms';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'End of the window, UTC ms; not in it any more', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'dsf_sum__sales__00000001', @level2type = N'COLUMN', @level2name = N'_dsf_window_end_ms';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Key, exactly, as JSON', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'dsf_sum__sales__00000001', @level2type = N'COLUMN', @level2name = N'_dsf_key';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Measures, exactly, as JSON', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'dsf_sum__sales__00000001', @level2type = N'COLUMN', @level2name = N'_dsf_measures';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'What DSF goes on computing from, as JSON', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'dsf_sum__sales__00000001', @level2type = N'COLUMN', @level2name = N'_dsf_states';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Part of the key of the group', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'dsf_sum__sales__00000001', @level2type = N'COLUMN', @level2name = N'country';

-- @p1 NVarChar, @p2 NVarChar, @p3 NVarChar, @p4 NVarChar, @p5 NVarChar, @p6 BigInt
INSERT INTO [dsf_state].[driver_instance] ([instance], [driver], [table_name], [key_columns], [measure_columns], [windowed]) VALUES (@p1, @p2, @p3, @p4, @p5, @p6);

-- @p1 NVarChar
SELECT [name], [instance] FROM [dsf_state].[summary_view] WHERE [driver] = @p1;

-- @p1 NVarChar
SELECT TOP (1) 1 FROM [dsf_state].[lane_instance] WHERE [instance] = @p1;

DROP VIEW IF EXISTS [dsf].[sales];

CREATE VIEW [dsf].[sales] AS
  SELECT [country],
    [_dsf_revision],
    CASE WHEN [_dsf_updated_ms] BETWEEN -62135596800000 AND 253402300799999 THEN DATEADD(MILLISECOND, [_dsf_updated_ms] % 86400000, DATEADD(DAY, [_dsf_updated_ms] / 86400000, TODATETIMEOFFSET(CONVERT(datetime2(3), '1970-01-01T00:00:00', 126), 0))) END AS [_dsf_updated_at]
  FROM [dsf].[dsf_sum__sales__00000001]
  WHERE [_dsf_status] = 'live';

EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'One row per group of the driver sales; its columns are those of dsf_sum__sales__00000001', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'VIEW', @level1name = N'sales';

-- @p1 NVarChar, @p2 NVarChar
UPDATE [dsf_state].[summary_view] SET [instance] = @p1 WHERE [driver] = @p2;


-- an instance goes live

-- @p1 NVarChar
DECLARE @lock int; EXEC @lock = sp_getapplock @Resource = @p1, @LockMode = 'Exclusive', @LockOwner = 'Transaction'; SELECT @lock;

-- @p1 BigInt, @p2 NVarChar, @p3 BigInt, @p4 NVarChar
INSERT INTO [dsf_state].[lane_instance] ([lane], [instance]) SELECT @p1, @p2 WHERE NOT EXISTS (SELECT 1 FROM [dsf_state].[lane_instance] WHERE [lane] = @p3 AND [instance] = @p4);

-- @p1 NVarChar
SELECT [name], [instance] FROM [dsf_state].[summary_view] WHERE [driver] = @p1;

-- @p1 NVarChar
SELECT TOP (1) 1 FROM [dsf_state].[lane] AS l WITH (READUNCOMMITTED) WHERE l.[phase] = 'summarise' AND l.[lane] < COALESCE(CONVERT(int, JSON_VALUE(l.[facts], '$.lanes')), l.[lane] + 1) AND NOT EXISTS (SELECT 1 FROM [dsf_state].[lane_instance] AS i WHERE i.[lane] = l.[lane] AND i.[instance] = @p1) OPTION (LOOP JOIN, FORCE ORDER);

DROP VIEW IF EXISTS [dsf].[sales];

CREATE VIEW [dsf].[sales] AS
  SELECT [country],
    CASE WHEN [_dsf_window_start_ms] BETWEEN -62135596800000 AND 253402300799999 THEN DATEADD(MILLISECOND, [_dsf_window_start_ms] % 86400000, DATEADD(DAY, [_dsf_window_start_ms] / 86400000, TODATETIMEOFFSET(CONVERT(datetime2(3), '1970-01-01T00:00:00', 126), 0))) END AS [window_start],
    CASE WHEN [_dsf_window_end_ms] BETWEEN -62135596800000 AND 253402300799999 THEN DATEADD(MILLISECOND, [_dsf_window_end_ms] % 86400000, DATEADD(DAY, [_dsf_window_end_ms] / 86400000, TODATETIMEOFFSET(CONVERT(datetime2(3), '1970-01-01T00:00:00', 126), 0))) END AS [window_end],
    [orders],
    [_dsf_revision],
    CASE WHEN [_dsf_updated_ms] BETWEEN -62135596800000 AND 253402300799999 THEN DATEADD(MILLISECOND, [_dsf_updated_ms] % 86400000, DATEADD(DAY, [_dsf_updated_ms] / 86400000, TODATETIMEOFFSET(CONVERT(datetime2(3), '1970-01-01T00:00:00', 126), 0))) END AS [_dsf_updated_at]
  FROM [dsf].[dsf_sum__sales__00000001]
  WHERE [_dsf_status] = 'live';

EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'One row per group of the driver sales; its columns are those of dsf_sum__sales__00000001', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'VIEW', @level1name = N'sales';

-- @p1 NVarChar, @p2 NVarChar
UPDATE [dsf_state].[summary_view] SET [instance] = @p1 WHERE [driver] = @p2;


-- an instance ends

-- @p1 BigInt, @p2 NVarChar
DELETE FROM [dsf_state].[lane_instance] WHERE [lane] = @p1 AND [instance] = @p2;


-- an intent is taken

-- @p1 VarChar, @p2 BigInt, @p3 BigInt
SELECT [body] FROM [dsf_state].[intent] WHERE [phase] = @p1 AND [source] = @p2 AND [lane] = @p3;


-- messages are read

-- @p1 NVarChar, @p2 BigInt
SELECT m.[message_id] FROM OPENJSON(@p1) WITH ([id] nvarchar(200) '$.id') AS j JOIN [dsf_state].[message] AS m ON m.[message_id] = j.[id] COLLATE Latin1_General_100_BIN2 WHERE m.[source] = @p2 OPTION (LOOP JOIN, FORCE ORDER);


-- messages are forgotten

-- @p1 BigInt, @p2 BigInt, @p3 BigInt, @p4 BigInt
DELETE TOP (@p1) FROM [dsf_state].[message] WHERE [source] = @p2 AND [partition] = @p3 AND [time] < @p4;


-- a version is held

DECLARE @lock int, @version int = -1;
EXEC @lock = sp_getapplock @Resource = N'dsf:dsf:version', @LockMode = 'Shared', @LockOwner = 'Transaction';
IF @lock >= 0 SELECT @version = COALESCE(MAX([version]), 0) FROM [dsf_config].[version];
SELECT @version;


-- a version comes into force

DECLARE @lock int;
EXEC @lock = sp_getapplock @Resource = N'dsf:dsf:version', @LockMode = 'Exclusive', @LockOwner = 'Transaction';
SELECT @lock;


-- a table and a column are added, another widens

SELECT [version] FROM [dsf_state].[flat_schema] WHERE [id] = 1;

SELECT [table_id], [id], [path], [name], [type], [role], [column_name], [column_type], [exact_column] FROM [dsf_state].[flat_column] ORDER BY [table_id], [ordinal];

SELECT [id], [source], [path], [name], [parent], [table_name] FROM [dsf_state].[flat_table] ORDER BY [id];

-- @p1 NVarChar, @p2 NVarChar
SELECT 1 FROM sys.objects AS o JOIN sys.schemas AS s ON s.schema_id = o.schema_id WHERE s.name = @p1 AND LOWER(o.name) = LOWER(@p2);

-- @p1 BigInt, @p2 NVarChar, @p3 VarBinary, @p4 NVarChar, @p5 NVarChar, @p6 BigInt
INSERT INTO [dsf_state].[flat_table] ([source], [path], [path_hash], [name], [table_name], [parent]) OUTPUT inserted.[id] VALUES (@p1, @p2, @p3, @p4, @p5, @p6);

-- @p1 BigInt, @p2 BigInt, @p3 NVarChar, @p4 NVarChar, @p5 VarChar, @p6 VarChar, @p7 NVarChar, @p8 VarChar
INSERT INTO [dsf_state].[flat_column] ([table_id], [ordinal], [path], [name], [type], [role], [column_name], [column_type]) OUTPUT inserted.[id] VALUES (@p1, @p2, @p3, @p4, @p5, @p6, @p7, @p8);

-- @p1 NVarChar, @p2 NVarChar
SELECT COALESCE(SUM(p.[rows]), 0) FROM sys.partitions AS p JOIN sys.objects AS o ON o.object_id = p.object_id JOIN sys.schemas AS s ON s.schema_id = o.schema_id WHERE s.name = @p1 AND o.name = @p2 AND p.index_id IN (0, 1);

-- @p1 NVarChar, @p2 NVarChar, @p3 NVarChar
SELECT TOP (1) 1 FROM sys.index_columns AS i JOIN sys.columns AS c ON c.object_id = i.object_id AND c.column_id = i.column_id JOIN sys.objects AS o ON o.object_id = c.object_id JOIN sys.schemas AS s ON s.schema_id = o.schema_id WHERE s.name = @p1 AND o.name = @p2 AND c.name = @p3;

-- @p1 VarChar, @p2 BigInt
UPDATE [dsf_state].[flat_column] SET [type] = 'decimal', [column_type] = @p1 WHERE [id] = @p2;

UPDATE [dsf_state].[flat_schema] SET [version] = [version] + 1 WHERE [id] = 1;

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

-- @p1 NVarChar, @p2 VarChar, @p3 BigInt, @p4 NVarChar
INSERT INTO [dsf_state].[table_change] ([table_name], [cost], [deferred], [statement]) VALUES (@p1, @p2, @p3, @p4);

ALTER TABLE [dsf].[orders__items] SET (LOCK_ESCALATION = DISABLE);
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Rows of items in messages of source 1', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'orders__items';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Source of the record; its name is in the table name of the definitions', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'orders__items', @level2type = N'COLUMN', @level2name = N'_dsf_src';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Partition of the source', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'orders__items', @level2type = N'COLUMN', @level2name = N'_dsf_part';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Offset of the record in its partition', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'orders__items', @level2type = N'COLUMN', @level2name = N'_dsf_off';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Number of the row among those of this record in this table, in the order of the message', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'orders__items', @level2type = N'COLUMN', @level2name = N'_dsf_row';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Version of the definitions that made the row', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'orders__items', @level2type = N'COLUMN', @level2name = N'_dsf_version';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'_dsf_row of the row in the parent table', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'orders__items', @level2type = N'COLUMN', @level2name = N'_dsf_parent_row';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Place in the list, from 0; NULL: not in a list', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'orders__items', @level2type = N'COLUMN', @level2name = N'_dsf_list_idx';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Place in the inner list, where lists hold lists', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'orders__items', @level2type = N'COLUMN', @level2name = N'_dsf_list_idx2';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'What the row was made of, where its columns do not tell: null, object or list', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'orders__items', @level2type = N'COLUMN', @level2name = N'_dsf_shape';

ALTER TABLE [dsf].[orders] ADD [b] nvarchar(400) NULL;

-- @p1 NVarChar, @p2 VarChar, @p3 BigInt, @p4 NVarChar
INSERT INTO [dsf_state].[table_change] ([table_name], [cost], [deferred], [statement]) VALUES (@p1, @p2, @p3, @p4);

EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Value of b', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'orders', @level2type = N'COLUMN', @level2name = N'b';

ALTER TABLE [dsf].[orders] ALTER COLUMN [total] decimal(38,12);

-- @p1 NVarChar, @p2 VarChar, @p3 BigInt, @p4 NVarChar
INSERT INTO [dsf_state].[table_change] ([table_name], [cost], [deferred], [statement]) VALUES (@p1, @p2, @p3, @p4);


-- a column grows

SELECT [version] FROM [dsf_state].[flat_schema] WHERE [id] = 1;

SELECT [table_id], [id], [path], [name], [type], [role], [column_name], [column_type], [exact_column] FROM [dsf_state].[flat_column] ORDER BY [table_id], [ordinal];

SELECT [id], [source], [path], [name], [parent], [table_name] FROM [dsf_state].[flat_table] ORDER BY [id];

-- @p1 NVarChar, @p2 NVarChar, @p3 NVarChar
SELECT TOP (1) 1 FROM sys.index_columns AS i JOIN sys.columns AS c ON c.object_id = i.object_id AND c.column_id = i.column_id JOIN sys.objects AS o ON o.object_id = c.object_id JOIN sys.schemas AS s ON s.schema_id = o.schema_id WHERE s.name = @p1 AND o.name = @p2 AND c.name = @p3;

-- @p1 VarChar, @p2 BigInt
UPDATE [dsf_state].[flat_column] SET [column_type] = @p1 WHERE [id] = @p2;

UPDATE [dsf_state].[flat_schema] SET [version] = [version] + 1 WHERE [id] = 1;

ALTER TABLE [dsf].[orders] ALTER COLUMN [note] nvarchar(4000);

-- @p1 NVarChar, @p2 VarChar, @p3 BigInt, @p4 NVarChar
INSERT INTO [dsf_state].[table_change] ([table_name], [cost], [deferred], [statement]) VALUES (@p1, @p2, @p3, @p4);


-- an exact column is added

SELECT [version] FROM [dsf_state].[flat_schema] WHERE [id] = 1;

SELECT [table_id], [id], [path], [name], [type], [role], [column_name], [column_type], [exact_column] FROM [dsf_state].[flat_column] ORDER BY [table_id], [ordinal];

SELECT [id], [source], [path], [name], [parent], [table_name] FROM [dsf_state].[flat_table] ORDER BY [id];

-- @p1 NVarChar, @p2 BigInt
UPDATE [dsf_state].[flat_column] SET [exact_column] = @p1 WHERE [id] = @p2;

UPDATE [dsf_state].[flat_schema] SET [version] = [version] + 1 WHERE [id] = 1;

ALTER TABLE [dsf].[orders] ADD [total__exact] nvarchar(max) NULL;

-- @p1 NVarChar, @p2 VarChar, @p3 BigInt, @p4 NVarChar
INSERT INTO [dsf_state].[table_change] ([table_name], [cost], [deferred], [statement]) VALUES (@p1, @p2, @p3, @p4);

EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Exact text of total, where that column cannot hold it; else NULL', @level0type = N'SCHEMA', @level0name = N'dsf', @level1type = N'TABLE', @level1name = N'orders', @level2type = N'COLUMN', @level2name = N'total__exact';


-- definitions change

CREATE TABLE #dsf_config ([id] int NULL, [lanes] int NULL);

UPDATE t SET [id] = n.[id], [lanes] = n.[lanes] FROM [dsf_config].[setting] AS t JOIN #dsf_config AS n ON t.[id] = n.[id];
DROP TABLE #dsf_config;

CREATE TABLE #dsf_config ([name] nvarchar(max) COLLATE Latin1_General_CI_AS NULL, [position] int NULL, [transport] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [connection] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [topic] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [partitions] int NULL, [start] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [table_name] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [tombstones] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [filter] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [key_column] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [names] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [detect] bit NULL, [depth_max] int NULL, [objects] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [lists] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [sample] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [retention_raw] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [retention_rows] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL);

INSERT INTO [dsf_config].[source] ([name], [position], [transport], [connection], [topic], [partitions], [start], [table_name], [tombstones], [filter], [key_column], [names], [detect], [depth_max], [objects], [lists], [sample], [retention_raw], [retention_rows]) SELECT n.[name], n.[position], n.[transport], n.[connection], n.[topic], n.[partitions], n.[start], n.[table_name], n.[tombstones], n.[filter], n.[key_column], n.[names], n.[detect], n.[depth_max], n.[objects], n.[lists], n.[sample], n.[retention_raw], n.[retention_rows] FROM #dsf_config AS n;
DROP TABLE #dsf_config;

CREATE TABLE #dsf_config ([name] nvarchar(max) COLLATE Latin1_General_CI_AS NULL, [position] int NULL, [transport] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [connection] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [topic] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [partitions] int NULL, [start] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [table_name] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [tombstones] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [filter] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [key_column] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [names] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [detect] bit NULL, [depth_max] int NULL, [objects] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [lists] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [sample] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [retention_raw] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [retention_rows] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL);

DELETE t FROM [dsf_config].[source] AS t JOIN #dsf_config AS n ON t.[name] = n.[name];
DROP TABLE #dsf_config;
