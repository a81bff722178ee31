import { didYouMean } from '@dsf/metadata';
import { Command } from 'commander';
import { CommandError, exitCodes } from '../exit-codes.ts';
import { jsonText } from '../json-text.ts';
import { loadCatalog, withExisting, type Session } from '../session.ts';

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
        const { drivers, settings } = await loadCatalog(installation);
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
        await installation.warehouse.request(requests, installation.clock.now());
        if (json) return session.out.line(jsonText({ driver: name, instance, requests: requests.length }));
        await session.talk.line(
          `asked ${settings.lanes} lanes to rebuild ${instance}; a running summariser does it between two batches (\`dsf run\` starts one), \`dsf status\` shows what is open`,
        );
      }),
    );
