import { readStatus, readWaiting, type SourceStatus, type Status, type Waiting } from '@dsf/wiring';
import { Command } from 'commander';
import { counted } from '../counted.ts';
import { jsonText } from '../json-text.ts';
import { withExisting, type Session } from '../session.ts';
import { tableText, type TableCell } from '../table.ts';

const columns = ['', 'phase', 'received', 'written', 'failed', 'filtered', 'duplicates', 'refills', 'lag', 'behind', 'version'];

const seconds = (lag: number, lagSeconds: number): string =>
  lag === 0 ? '-' : `${lagSeconds < 10 ? lagSeconds.toFixed(1) : Math.round(lagSeconds)} s`;

const rowsOf = ({ name, phases }: SourceStatus): readonly (readonly TableCell[])[] =>
  phases.map(({ phase, received, written, failed, filtered, duplicates, refills, lag, lagSeconds, version }, index) => [
    index === 0 ? name : '',
    phase,
    received,
    written,
    failed,
    filtered,
    duplicates,
    refills,
    lag,
    seconds(lag, lagSeconds),
    version,
  ]);

const verdict = ({ version, idle, openFailures, openRequests }: Status): string =>
  [
    version === 0 ? 'nothing is defined yet' : `version ${version} is in force`,
    idle ? 'everything that was sent has come through' : 'there is work to do',
    ...(openFailures > 0 ? [`${counted(openFailures, 'open failure')} (\`dsf failures list\`)`] : []),
    ...(openRequests > 0 ? [counted(openRequests, 'open request')] : []),
  ].join('; ');

const waitingText = ({ source, messages, at, reason }: Waiting): string =>
  messages === null || at === null
    ? `how much waits for ${source} is not known: ${reason ?? ''}`
    : `${counted(messages, 'message')} waited for ${source} at ${new Date(at).toISOString()}`;

export const statusCommand = (session: Session): Command =>
  new Command('status')
    .summary('show how far every source has come')
    .description(
      'Shows, for each source and publication and each phase, what was received, written, refused and filtered, and what still waits.',
    )
    .option('--json', 'print all of it as one JSON object')
    .action(({ json = false }: { readonly json?: boolean }) =>
      withExisting(session, async (installation) => {
        const status = await readStatus(installation);
        const waiting = await readWaiting(installation);
        if (json) return session.out.line(jsonText({ ...status, waiting }));
        await session.out.write(tableText(columns, [...status.sources, ...status.publications].flatMap(rowsOf)));
        for (const one of waiting) await session.talk.line(waitingText(one));
        await session.talk.line(verdict(status));
      }),
    );
