import type { DatabaseConfig } from '@dsf/config';
import type { BigQueryConfig } from '@dsf/database-bigquery';

/** The settings in the words of the adapter. */
export const bigQueryConfig = (config: DatabaseConfig): BigQueryConfig => {
  const { bigQueryEmulatorRest: restUrl, bigQueryEmulatorGrpc: grpc } = config;
  const [grpcHost = '', grpcPort = ''] = grpc?.split(':') ?? [];
  return {
    project: config.bigQueryProject ?? '',
    dataset: config.bigQueryDataset,
    location: config.bigQueryLocation ?? '',
    queryTimeoutMs: config.bigQueryQueryTimeoutMs,
    appendTimeoutMs: config.bigQueryAppendTimeoutMs,
    ...(restUrl === null ? {} : { emulator: { restUrl, grpcHost, grpcPort: Number(grpcPort) } }),
  };
};
