-- The view validate as in 0009, but that an empty retention is a problem like others, and no longer ends the whole question with an error (537).
DROP VIEW [$(schema)_config].[validate];
GO
CREATE VIEW [$(schema)_config].[validate] AS
-- Names
SELECT CONVERT(nvarchar(10), N'error') AS [severity], CONVERT(nvarchar(100), N'metadata.row-invalid') AS [code], CONVERT(nvarchar(1000), N'table ' + n.[table] + N', row ''' + n.[name] + N'''') AS [place],
  CONVERT(nvarchar(max), N'the name holds other than letters, digits, _ and -, in parts joined by dots; each part starts with a letter') AS [message],
  CONVERT(nvarchar(max), N'Rename it.') AS [hint], CONVERT(datetimeoffset(3), NULL) AS [seen_at]
FROM (
  SELECT N'source' AS [table], [name] COLLATE DATABASE_DEFAULT AS [name] FROM [$(schema)_config].[source]
  UNION ALL SELECT N'driver', [name] COLLATE DATABASE_DEFAULT FROM [$(schema)_config].[driver]
  UNION ALL SELECT N'publication', [name] COLLATE DATABASE_DEFAULT FROM [$(schema)_config].[publication]
  UNION ALL SELECT N'connection', [name] COLLATE DATABASE_DEFAULT FROM [$(schema)_config].[connection]
) AS n
WHERE n.[name] COLLATE Latin1_General_100_BIN2 LIKE N'%[^A-Za-z0-9_.-]%' OR (N'.' + n.[name]) COLLATE Latin1_General_100_BIN2 LIKE N'%.[^A-Za-z]%' OR n.[name] LIKE N'%.'
UNION ALL
SELECT N'error', N'metadata.row-invalid', N'table ' + n.[table] + N', row ''' + n.[driver] + N''', ''' + n.[name] + N'''',
  N'the name of a column starts with a letter, and goes on with letters, digits and _', N'Rename it.', NULL
FROM (
  SELECT N'driver_key' AS [table], [driver] COLLATE DATABASE_DEFAULT AS [driver], [name] COLLATE DATABASE_DEFAULT AS [name] FROM [$(schema)_config].[driver_key]
  UNION ALL SELECT N'measure', [driver] COLLATE DATABASE_DEFAULT, [name] COLLATE DATABASE_DEFAULT FROM [$(schema)_config].[measure]
) AS n
WHERE n.[name] COLLATE Latin1_General_100_BIN2 NOT LIKE N'[A-Za-z]%' OR n.[name] COLLATE Latin1_General_100_BIN2 LIKE N'%[^A-Za-z0-9_]%'
-- Sources
UNION ALL
SELECT N'error', N'metadata.row-invalid', N'table source, row ''' + [name] COLLATE DATABASE_DEFAULT + N''', column start',
  N'''' + [start] COLLATE DATABASE_DEFAULT + N''' is no place to begin', N'Write earliest, latest, a time such as 2026-01-31T00:00:00Z, or offsets such as 0:120,1:44.', NULL
FROM [$(schema)_config].[source]
WHERE [start] NOT IN ('earliest', 'latest') AND [start] NOT LIKE '[0-9]%:[0-9]%' AND [start] NOT LIKE '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T%'
UNION ALL
SELECT N'error', N'metadata.row-invalid', N'table source, row ''' + r.[name] + N''', column ' + r.[column],
  N'''' + r.[kept] + N''' is no duration', N'Write a number and m, h or d, for example 90d.', NULL
FROM (
  SELECT [name] COLLATE DATABASE_DEFAULT AS [name], N'retention_raw' AS [column], [retention_raw] COLLATE DATABASE_DEFAULT AS [kept] FROM [$(schema)_config].[source]
  UNION ALL SELECT [name] COLLATE DATABASE_DEFAULT, N'retention_rows', [retention_rows] COLLATE DATABASE_DEFAULT FROM [$(schema)_config].[source]
) AS r
WHERE r.[kept] COLLATE Latin1_General_100_BIN2 NOT LIKE N'[1-9]%[mhd]' OR LEN(r.[kept]) NOT BETWEEN 2 AND 7 OR PATINDEX(N'%[^0-9]%', r.[kept] COLLATE Latin1_General_100_BIN2) <> LEN(r.[kept])
UNION ALL
SELECT N'error', N'name.reserved', N'table source, row ''' + [name] COLLATE DATABASE_DEFAULT + N'''', N'the table would be named like one of DSF''s own', N'Choose a name that does not start with dsf_ or _dsf_.', NULL
FROM [$(schema)_config].[source]
WHERE REPLACE(LOWER(COALESCE([table_name] COLLATE DATABASE_DEFAULT, REPLACE([name] COLLATE DATABASE_DEFAULT, N'.', N'_'))), N'_', N'.') LIKE N'dsf.%' OR REPLACE(LOWER(COALESCE([table_name] COLLATE DATABASE_DEFAULT, REPLACE([name] COLLATE DATABASE_DEFAULT, N'.', N'_'))), N'_', N'.') LIKE N'.dsf.%'
UNION ALL
SELECT N'error', N'name.table-collision', MAX(t.[place]), N'several definitions would have the table ''' + t.[table] + N'''', N'Rename one of them, or give the source another table_name.', NULL
FROM (
  SELECT N'table source, row ''' + [name] COLLATE DATABASE_DEFAULT + N'''' AS [place], LOWER(COALESCE([table_name] COLLATE DATABASE_DEFAULT, REPLACE([name] COLLATE DATABASE_DEFAULT, N'.', N'_'))) AS [table] FROM [$(schema)_config].[source]
  UNION ALL SELECT N'table driver, row ''' + [name] COLLATE DATABASE_DEFAULT + N'''', LOWER(REPLACE([name] COLLATE DATABASE_DEFAULT, N'.', N'_')) FROM [$(schema)_config].[driver]
) AS t
GROUP BY t.[table] HAVING COUNT(*) > 1
-- Connections of sources and publications
UNION ALL
SELECT N'error', CASE WHEN u.[transport] = N'local' THEN N'connection.unused' WHEN u.[connection] IS NULL THEN N'connection.missing' ELSE N'connection.unknown' END,
  N'table ' + u.[table] + N', row ''' + u.[name] + N''', column connection',
  CASE WHEN u.[transport] = N'local' THEN N'the local log has no connection' WHEN u.[connection] IS NULL THEN N'transport ' + u.[transport] + N' needs a connection' ELSE N'there is no connection named ''' + u.[connection] + N'''' END,
  N'Name a row of the table connection, or set transport to local and connection to NULL.', NULL
FROM (
  SELECT N'source' AS [table], [name] COLLATE DATABASE_DEFAULT AS [name], [transport] COLLATE DATABASE_DEFAULT AS [transport], [connection] COLLATE DATABASE_DEFAULT AS [connection] FROM [$(schema)_config].[source]
  UNION ALL SELECT N'publication', [name] COLLATE DATABASE_DEFAULT, [transport] COLLATE DATABASE_DEFAULT, [connection] COLLATE DATABASE_DEFAULT FROM [$(schema)_config].[publication]
) AS u
WHERE (u.[transport] IN (N'kafka', N'pubsub') AND NOT EXISTS (SELECT 1 FROM [$(schema)_config].[connection] AS c WHERE c.[name] COLLATE Latin1_General_100_BIN2 = u.[connection] COLLATE Latin1_General_100_BIN2))
  OR (u.[transport] = N'local' AND u.[connection] IS NOT NULL)
UNION ALL
SELECT N'error', N'connection.kind', N'table ' + u.[table] + N', row ''' + u.[name] + N''', column connection', N'connection ''' + u.[connection] + N''' leads to ' + c.[kind] COLLATE DATABASE_DEFAULT + N', not to ' + u.[transport], N'Name a connection of that kind.', NULL
FROM (
  SELECT N'source' AS [table], [name] COLLATE DATABASE_DEFAULT AS [name], [transport] COLLATE DATABASE_DEFAULT AS [transport], [connection] COLLATE DATABASE_DEFAULT AS [connection] FROM [$(schema)_config].[source]
  UNION ALL SELECT N'publication', [name] COLLATE DATABASE_DEFAULT, [transport] COLLATE DATABASE_DEFAULT, [connection] COLLATE DATABASE_DEFAULT FROM [$(schema)_config].[publication]
) AS u JOIN [$(schema)_config].[connection] AS c ON c.[name] COLLATE Latin1_General_100_BIN2 = u.[connection] COLLATE Latin1_General_100_BIN2
WHERE u.[transport] IN (N'kafka', N'pubsub') AND c.[kind] COLLATE DATABASE_DEFAULT <> u.[transport]
UNION ALL
SELECT N'error', N'metadata.row-invalid', N'table ' + u.[table] + N', row ''' + u.[name] + N''', column transport', N'there is no transport ''' + u.[transport] + N'''', N'Write local, kafka or pubsub.', NULL
FROM (
  SELECT N'source' AS [table], [name] COLLATE DATABASE_DEFAULT AS [name], [transport] COLLATE DATABASE_DEFAULT AS [transport] FROM [$(schema)_config].[source]
  UNION ALL SELECT N'publication', [name] COLLATE DATABASE_DEFAULT, [transport] COLLATE DATABASE_DEFAULT FROM [$(schema)_config].[publication]
) AS u
WHERE u.[transport] NOT IN (N'local', N'kafka', N'pubsub')
UNION ALL
SELECT N'error', N'topic.partitions', MAX(t.[place]), N'the topic ''' + t.[topic] COLLATE DATABASE_DEFAULT + N''' has several numbers of partitions', N'Give sources and publications of one topic the same number.', NULL
FROM (
  SELECT N'table source, row ''' + [name] COLLATE DATABASE_DEFAULT + N''', column partitions' AS [place], COALESCE([topic] COLLATE Latin1_General_100_BIN2, [name] COLLATE Latin1_General_100_BIN2) COLLATE Latin1_General_100_BIN2 AS [topic], [partitions] FROM [$(schema)_config].[source] WHERE [transport] = 'local'
  UNION ALL SELECT N'table publication, row ''' + [name] COLLATE DATABASE_DEFAULT + N''', column partitions', COALESCE([topic] COLLATE Latin1_General_100_BIN2, [name] COLLATE Latin1_General_100_BIN2) COLLATE Latin1_General_100_BIN2, [partitions] FROM [$(schema)_config].[publication] WHERE [transport] = 'local'
) AS t
GROUP BY t.[topic] HAVING MIN(t.[partitions]) < MAX(t.[partitions])
-- Drivers
UNION ALL
SELECT N'error', N'driver.no-inputs', N'table driver, row ''' + d.[name] COLLATE DATABASE_DEFAULT + N'''', N'the driver reads nothing', N'Insert a row into driver_input.', NULL
FROM [$(schema)_config].[driver] AS d WHERE NOT EXISTS (SELECT 1 FROM [$(schema)_config].[driver_input] AS i WHERE i.[driver] = d.[name])
UNION ALL
SELECT N'error', N'driver.no-measures', N'table driver, row ''' + d.[name] COLLATE DATABASE_DEFAULT + N'''', N'the driver has no measures', N'Insert at least one row into measure, such as orders: count.', NULL
FROM [$(schema)_config].[driver] AS d WHERE NOT EXISTS (SELECT 1 FROM [$(schema)_config].[measure] AS m WHERE m.[driver] = d.[name])
UNION ALL
SELECT N'error', N'metadata.row-invalid', N'table driver, row ''' + d.[name] + N''', column window_size', N'''' + d.[size] COLLATE DATABASE_DEFAULT + N''' is no duration', N'Write a number and ms, s, m, h or d, for example 15m.', NULL
FROM (SELECT [name] COLLATE DATABASE_DEFAULT AS [name], [window_size] COLLATE Latin1_General_100_BIN2 AS [size], PATINDEX('%[^0-9]%', [window_size] + 'x') AS [unit] FROM [$(schema)_config].[driver] WHERE [window_size] IS NOT NULL) AS d
WHERE d.[size] NOT LIKE N'[1-9]%' OR d.[unit] > 7 OR SUBSTRING(d.[size], d.[unit], 20) NOT IN ('ms', 's', 'm', 'h', 'd')
UNION ALL
SELECT N'error', N'driver.expression-unknown', N'table driver_expression, row ''' + e.[driver] COLLATE DATABASE_DEFAULT + N''', ''' + e.[name] COLLATE DATABASE_DEFAULT + N'''', N'it is neither a key nor a measure of the driver', N'Correct the name, or insert the key or the measure.', NULL
FROM [$(schema)_config].[driver_expression] AS e
WHERE NOT EXISTS (SELECT 1 FROM [$(schema)_config].[driver_key] AS k WHERE k.[driver] = e.[driver] AND k.[name] = e.[name])
  AND NOT EXISTS (SELECT 1 FROM [$(schema)_config].[measure] AS m WHERE m.[driver] = e.[driver] AND m.[name] = e.[name])
UNION ALL
SELECT N'error', N'driver.key-null', N'table driver_expression, row ''' + e.[driver] COLLATE DATABASE_DEFAULT + N''', ''' + e.[name] COLLATE DATABASE_DEFAULT + N'''', N'a key cannot be left out of an input', N'Give an expression; N''''''unknown'''''' is one.', NULL
FROM [$(schema)_config].[driver_expression] AS e JOIN [$(schema)_config].[driver_key] AS k ON k.[driver] = e.[driver] AND k.[name] = e.[name] WHERE e.[expression] IS NULL
UNION ALL
SELECT N'error', N'driver.column-collision', N'table driver, row ''' + MAX(c.[driver]) + N'''', N'its table would have several columns ''' + MAX(c.[name]) + N'''', N'Names of keys and measures are compared without case; rename one.', NULL
FROM (
  SELECT [driver] COLLATE DATABASE_DEFAULT AS [driver], [name] COLLATE DATABASE_DEFAULT AS [name] FROM [$(schema)_config].[driver_key]
  UNION ALL SELECT [driver] COLLATE DATABASE_DEFAULT, [name] COLLATE DATABASE_DEFAULT FROM [$(schema)_config].[measure]
) AS c
GROUP BY LOWER(c.[driver]), LOWER(c.[name]) HAVING COUNT(*) > 1
UNION ALL
SELECT N'warning', N'measure.unknown', N'table measure, row ''' + m.[driver] + N''', ''' + m.[name] + N'''', N'no measure ''' + m.[function] + N''' is built in', N'Built in: count, count_if, sum, avg, min, max, first, last, list, distinct. One of your own must be in DSF_MEASURES.', NULL
FROM (SELECT [driver] COLLATE DATABASE_DEFAULT AS [driver], [name] COLLATE DATABASE_DEFAULT AS [name], LTRIM(RTRIM(COALESCE([function] COLLATE DATABASE_DEFAULT, SUBSTRING([short] COLLATE DATABASE_DEFAULT, 1, CHARINDEX(N'(', [short] + N'(') - 1)))) AS [function] FROM [$(schema)_config].[measure]) AS m
WHERE m.[function] COLLATE Latin1_General_100_BIN2 NOT IN (N'count', N'count_if', N'sum', N'avg', N'min', N'max', N'first', N'last', N'list', N'distinct')
UNION ALL
SELECT N'error', N'measure.argument-missing', N'table measure, row ''' + m.[driver] COLLATE DATABASE_DEFAULT + N''', ''' + m.[name] COLLATE DATABASE_DEFAULT + N'''', N'the measure needs to know what to work on', N'Write it as in sum(total), or fill the column of.', NULL
FROM [$(schema)_config].[measure] AS m
WHERE (m.[short] IN (N'count_if', N'sum', N'avg', N'min', N'max', N'first', N'last', N'list', N'distinct') OR (m.[function] IN (N'count_if', N'sum', N'avg', N'min', N'max', N'first', N'last', N'list', N'distinct') AND m.[of] IS NULL))
  AND NOT EXISTS (SELECT 1 FROM [$(schema)_config].[driver_expression] AS e WHERE e.[driver] = m.[driver] AND e.[name] = m.[name])
-- What the services found when they last looked
UNION ALL
SELECT p.[severity] COLLATE DATABASE_DEFAULT, p.[code] COLLATE DATABASE_DEFAULT, p.[place] COLLATE DATABASE_DEFAULT, p.[message] COLLATE DATABASE_DEFAULT, p.[hint] COLLATE DATABASE_DEFAULT, a.[answered_at]
FROM [$(schema)_config].[activation] AS a
CROSS APPLY OPENJSON(a.[problems]) WITH ([severity] nvarchar(10) '$.severity', [code] nvarchar(100) '$.code', [place] nvarchar(1000) '$.place', [message] nvarchar(max) '$.message', [hint] nvarchar(max) '$.hint') AS p
WHERE a.[id] = (SELECT MAX(b.[id]) FROM [$(schema)_config].[activation] AS b WHERE b.[answered_at] IS NOT NULL)
UNION ALL
SELECT N'waiting', N'activation.waiting', N'table activation, row ' + CONVERT(nvarchar(20), a.[id]), N'no service has taken it up yet', N'Start a summariser (dsf run, or the service), or use dsf activate.', a.[asked_at]
FROM [$(schema)_config].[activation] AS a WHERE a.[answered_at] IS NULL;
GO
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'What is wrong with the definitions as they stand: seen_at NULL, seen now; else found by a service at that time', @level0type = N'SCHEMA', @level0name = N'$(schema)_config', @level1type = N'VIEW', @level1name = N'validate';
GO
