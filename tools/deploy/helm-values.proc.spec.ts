import { expect, it } from 'vitest';
import { good, wrong } from './chart-values.ts';
import { describeCharts } from './charts.ts';

describeCharts('the values of the chart', ({ major, helm }) => {
  it('is rendered by the Helm that it says', async () => {
    expect(await helm.version()).toMatch(new RegExp(`^v${major}\\.`));
  });

  it.each(Object.entries(good))('passes the strict linter with %s', async (_what, values) => {
    const { ok, said } = await helm.lint(values);
    expect(ok, said).toBe(true);
  });

  it.each(wrong)('refuses %s, and names it', async (_what, values, names) => {
    const { ok, said } = await helm.template(values);
    expect(ok).toBe(false);
    for (const name of names) expect(said).toContain(name);
  });

  it('tells what to do next', async () => {
    const saidOf = async (file: string, values?: object): Promise<string> => {
      const given = { base: file, ...(values === undefined ? {} : { values }) };
      return (await (major === 3 ? helm.renderedNotes(given) : helm.notes(given))).said;
    };
    const said = await saidOf('on-premise');
    expect(said).toContain('dsf apply');
    expect(said).toContain('rows are there, too; internal topics are on Kafka');
    expect(await saidOf('google-cloud')).toContain('rows are in BigQuery; internal topics are on Google Cloud Pub/Sub');
    expect(await saidOf('trial')).toContain('This is a trial');
    expect(await saidOf('on-premise', { console: { enabled: true } })).toContain('exec deploy/dsf-console -- dsf topics apply');
  });
});
