-- What a lane is about to write in another database: stored before it is written there, and gone with the transaction that counts it. Always empty
-- where rows rest in this database.
CREATE TABLE [$(schema)_state].[intent] (
  [phase]  varchar(10)    COLLATE Latin1_General_100_BIN2 NOT NULL,
  [source] int            NOT NULL,
  [lane]   int            NOT NULL,
  [body]   varbinary(max) NOT NULL,
  CONSTRAINT [PK_intent] PRIMARY KEY CLUSTERED ([phase], [source], [lane]),
  CONSTRAINT [CK_intent_phase] CHECK ([phase] IN ('ingest', 'flatten', 'summarise', 'publish'))
);
GO
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'What a lane is about to write in another database; gone when it is written and counted', @level0type = N'SCHEMA', @level0name = N'$(schema)_state', @level1type = N'TABLE', @level1name = N'intent';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Phase of the lane', @level0type = N'SCHEMA', @level0name = N'$(schema)_state', @level1type = N'TABLE', @level1name = N'intent', @level2type = N'COLUMN', @level2name = N'phase';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'For ingest, else 0', @level0type = N'SCHEMA', @level0name = N'$(schema)_state', @level1type = N'TABLE', @level1name = N'intent', @level2type = N'COLUMN', @level2name = N'source';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Number of the lane', @level0type = N'SCHEMA', @level0name = N'$(schema)_state', @level1type = N'TABLE', @level1name = N'intent', @level2type = N'COLUMN', @level2name = N'lane';
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'What the lane has decided, zstd', @level0type = N'SCHEMA', @level0name = N'$(schema)_state', @level1type = N'TABLE', @level1name = N'intent', @level2type = N'COLUMN', @level2name = N'body';
GO
