import { expect, it } from 'vitest';
import { bigQueryName, openBigQueryService, whyNoBigQuery } from './bigquery-server.ts';

const setUp = (stuck = 0) => {
  const made: (readonly [name: string, options: object])[] = [];
  const deleted: string[] = [];
  const service = {
    createDataset: async (name: string, options: object) => void made.push([name, options]),
    dataset: (name: string) => ({
      async delete(options: { readonly force: boolean }) {
        if (made.findIndex(([one]) => one === name) < stuck) throw new Error('not now');
        deleted.push(`${name} ${options.force}`);
      },
    }),
  } as unknown as Parameters<typeof openBigQueryService>[0];
  const environment = { HOME: '/home/ada', GOOGLE_APPLICATION_CREDENTIALS: '/key.json', OTHER: 'x' };
  return { made, deleted, server: openBigQueryService(service, environment, { project: 'p-1', location: 'EU' }) };
};

it('runs against the service where a project is named, whatever else is asked for', () => {
  expect(whyNoBigQuery({ DSF_TEST_GCP_PROJECT: 'p-1' })).toBeNull();
  expect(bigQueryName({ DSF_TEST_GCP_PROJECT: 'p-1', DSF_TEST_BIGQUERY: 'emulator' })).toBe('BigQuery (the service, project p-1)');
  expect(whyNoBigQuery({ DSF_TEST_GCP_PROJECT: '' })).toContain('DSF_TEST_GCP_PROJECT names no project');
});

it('gives each caller a dataset of its own, whose tables go by themselves, and the credentials alone of the environment', async () => {
  const { made, server } = setUp();
  const [one, other] = [await server.fresh(), await server.fresh()];
  expect(one).toMatchObject({ HOME: '/home/ada', GOOGLE_APPLICATION_CREDENTIALS: '/key.json', DSF_BIGQUERY_PROJECT: 'p-1' });
  expect(one).not.toHaveProperty('OTHER');
  expect(one['DSF_BIGQUERY_DATASET']).toMatch(/^dsf_test_\d+_[0-9a-f]{8}$/);
  expect(one['DSF_BIGQUERY_DATASET']).not.toBe(other['DSF_BIGQUERY_DATASET']);
  expect(made[0]).toEqual([one['DSF_BIGQUERY_DATASET'], { location: 'EU', defaultTableExpirationMs: '86400000', labels: { dsf: 'test' } }]);
});

it('deletes all of them with what is in them, also where one cannot be, and says so', async () => {
  const { made, deleted, server } = setUp(1);
  for (let left = 3; left > 0; left -= 1) await server.fresh();
  await expect(server.stop()).rejects.toThrow('not now');
  expect(deleted).toEqual(made.slice(1).map(([name]) => `${name} true`));
  await expect(server.stop()).resolves.toBeUndefined();
});
