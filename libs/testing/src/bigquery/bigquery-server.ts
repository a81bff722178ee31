import { randomBytes } from 'node:crypto';
import { BigQuery } from '@google-cloud/bigquery';
import { startBigQueryEmulator, whyNoEmulator } from './bigquery-emulator.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * BigQuery for tests: the service itself where `DSF_TEST_GCP_PROJECT` names a project of Google Cloud, with application default credentials; else
 * an emulator where `DSF_TEST_BIGQUERY` is `emulator`.
 */
export interface BigQueryServer {
  readonly isService: boolean;
  /** REST endpoint of an emulator; null of the service. */
  readonly restUrl: string | null;
  /** DSF_WAREHOUSE and DSF_BIGQUERY_… with a dataset that nothing has used. */
  fresh(): Promise<Readonly<Record<string, string>>>;
  /** Deletes the datasets. */
  stop(): Promise<void>;
}

const projectOf = (environment: Environment): string | null => environment['DSF_TEST_GCP_PROJECT'] || null;

/** For the name of a suite: what it runs against. */
export const bigQueryName = (environment: Environment): string =>
  projectOf(environment) === null ? 'BigQuery (an emulator)' : `BigQuery (the service, project ${projectOf(environment)})`;

/** Why the suites on BigQuery cannot run here; null when they can. Installs an emulator where that is asked for. */
export const whyNoBigQuery = (environment: Environment): string | null =>
  projectOf(environment) === null ? whyNoEmulator(environment) : null;

/** What a run that was cut short has left behind goes by itself. */
const expireMs = 86_400_000;

const datasetName = (): string => `dsf_test_${Date.now()}_${randomBytes(4).toString('hex')}`;

/** What Google's libraries look for; processes of a test see no more of the environment than they are given. */
const credentialNames = [
  'GOOGLE_APPLICATION_CREDENTIALS',
  'GOOGLE_CLOUD_QUOTA_PROJECT',
  'CLOUDSDK_CONFIG',
  'HOME',
  'HTTPS_PROXY',
  'NO_PROXY',
];

/** @param service - makes and deletes datasets */
export const openBigQueryService = (
  service: Pick<BigQuery, 'createDataset' | 'dataset'>,
  environment: Environment,
  { project, location }: { readonly project: string; readonly location: string },
): BigQueryServer => {
  const made: string[] = [];
  const credentials = Object.fromEntries(
    credentialNames.flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
  return {
    isService: true,
    restUrl: null,
    async fresh() {
      const dataset = datasetName();
      await service.createDataset(dataset, { location, defaultTableExpirationMs: String(expireMs), labels: { dsf: 'test' } });
      made.push(dataset);
      const chosen = { DSF_BIGQUERY_PROJECT: project, DSF_BIGQUERY_LOCATION: location, DSF_BIGQUERY_DATASET: dataset };
      return { ...credentials, DSF_WAREHOUSE: 'bigquery', ...chosen };
    },
    async stop() {
      const gone = await Promise.allSettled(made.splice(0).map((dataset) => service.dataset(dataset).delete({ force: true })));
      for (const one of gone) if (one.status === 'rejected') throw one.reason;
    },
  };
};

const openEmulator = async (): Promise<BigQueryServer> => {
  const emulator = await startBigQueryEmulator();
  return {
    isService: false,
    restUrl: emulator.environment['DSF_BIGQUERY_EMULATOR_REST'] ?? null,
    fresh: async () => ({ ...emulator.environment, DSF_BIGQUERY_DATASET: datasetName() }),
    stop: () => emulator.stop(),
  };
};

export const startBigQuery = async (environment: Environment): Promise<BigQueryServer> => {
  const project = projectOf(environment);
  if (project === null) return openEmulator();
  const location = environment['DSF_TEST_GCP_LOCATION'] || 'EU';
  return openBigQueryService(new BigQuery({ projectId: project, location }), environment, { project, location });
};
