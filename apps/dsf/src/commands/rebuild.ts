import { didYouMean } from '@dsf/metadata';
import { planRebuild, type RebuildPlan } from '@dsf/summariser';
import { Command } from 'commander';
import { CommandError, exitCodes } from '../exit-codes.ts';
import { jsonText } from '../json-text.ts';
import { loadCatalog, withExisting, type Session } from '../session.ts';

/** Which way it goes; where the database has no statement for it, there is nothing to say. */
const wayOf = (plan: RebuildPlan, lanes: number): readonly string[] => {
  if (plan.by === 'statement')
    return [
      `each lane computes its groups by one statement in BigQuery, about ${plan.bytes.toLocaleString('en')} bytes scanned each time, ${(plan.bytes * lanes).toLocaleString('en')} in all; where rows have values of other types than their columns, page by page instead`,
    ];
  if (plan.by === 'unknown') return [`by one statement in BigQuery or page by page, as the summariser finds: ${plan.why}`];
  return plan.why === null ? [] : [`page by page through the summariser, not by one statement in BigQuery: ${plan.why}`];
};

export const rebuildCommand = (session: Session): Command =>
  new Command('rebuild')
    .summary('compute a driver’s groups again from the rows')
    .description(
      'Asks the summariser to fold all groups of a driver again from the flat rows. Groups whose numbers differ are corrected and published again.',
    )
    .argument('<driver>', 'name of the driver')
    .option('--json', 'print what was asked as JSON')
    .action((name: string, { json = false }: { readonly json?: boolean }) =>
      withExisting(session, async (installation) => {
        const catalog = await loadCatalog(installation);
        const { drivers, settings } = catalog;
        const driver = drivers.find((candidate) => candidate.name === name);
        if (driver === undefined) {
          throw new CommandError(
            exitCodes.failure,
            `there is no driver called "${name}"`,
            didYouMean(
              name,
              drivers.map((one) => one.name),
              'driver yet',
            ),
          );
        }
        const { instance } = driver;
        const requests = Array.from(
          { length: settings.lanes },
          (_, lane) => ({ lane: { phase: 'summarise', source: 0, lane }, body: { kind: 'rebuild', instance } }) as const,
        );
        const plan = await planRebuild(installation, catalog, driver);
        await installation.warehouse.request(requests, installation.clock.now());
        if (json) return session.out.line(jsonText({ driver: name, instance, requests: requests.length, ...plan }));
        await session.talk.line(
          `asked ${settings.lanes} lanes to rebuild ${instance}; a running summariser does it between two batches (\`dsf run\` starts one), \`dsf status\` shows what is open`,
        );
        for (const line of wayOf(plan, settings.lanes)) await session.talk.line(line);
      }),
    );
