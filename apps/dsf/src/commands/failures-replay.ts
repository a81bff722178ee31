import { rawLane } from '@dsf/messages';
import type { FailureFilter, Request, StoredFailure } from '@dsf/ports';
import type { Installation } from '@dsf/wiring';
import { Command, InvalidArgumentError, Option } from 'commander';
import { counted } from '../counted.ts';
import { CommandError, exitCodes } from '../exit-codes.ts';
import { jsonText } from '../json-text.ts';
import { parseWhole } from '../parse-option.ts';
import { loadCatalog, withExisting, type Session } from '../session.ts';

interface ReplayOptions {
  readonly all?: true;
  readonly code?: string;
  readonly json?: true;
}

/** Failures replayed by one call; the rest waits for the next. */
const replayMax = 100_000;
/** Requests written in one transaction. */
const requestsMax = 5000;

const parseIds = (text: string, before: readonly number[] = []): readonly number[] => [...before, parseWhole(text)];

const chooseFilter = (ids: readonly number[], { all, code }: ReplayOptions): FailureFilter => {
  const chosen = [ids.length > 0, all === true, code !== undefined].filter(Boolean).length;
  if (chosen !== 1) throw new InvalidArgumentError('say which: numbers of failures, or --all, or --code <code>');
  if (ids.length > 0) return { ids, max: ids.length };
  return { status: 'open', ...(code === undefined ? {} : { code }), max: replayMax };
};

/** One request per record, whatever number of its failures it mends. */
const toRequests = (failures: readonly StoredFailure[], lanes: number): readonly Omit<Request, 'id'>[] => {
  const requests = new Map<string, Omit<Request, 'id'>>();
  for (const { source, partition, offset } of failures) {
    const lane = { phase: 'flatten', source: 0, lane: rawLane({ source, partition }, lanes) } as const;
    requests.set(`${source}:${partition}:${offset}`, { lane, body: { kind: 'replay', source, partition, offset } });
  }
  return [...requests.values()];
};

const find = async ({ warehouse }: Installation, ids: readonly number[], options: ReplayOptions): Promise<readonly StoredFailure[]> => {
  const found = await warehouse.inspect.failures(chooseFilter(ids, options));
  const missing = ids.filter((id) => found.every((failure) => failure.id !== id));
  if (missing.length > 0)
    throw new CommandError(exitCodes.failure, `there is no failure ${missing.join(', ')}`, '`dsf failures list` lists them');
  return found;
};

export const failuresReplayCommand = (session: Session): Command =>
  new Command('replay')
    .description('Asks for refused records to be run again from raw, under the definitions in force. Replaying twice changes nothing.')
    .argument('[id...]', 'numbers of failures', parseIds)
    .addOption(new Option('--all', 'all that are open').conflicts('code'))
    .option('--code <code>', 'all open ones with this reason')
    .option('--json', 'print what was asked as JSON')
    .action((ids: readonly number[], options: ReplayOptions) =>
      withExisting(session, async (installation) => {
        const found = await find(installation, ids, options);
        const open = found.filter(({ status }) => status !== 'resolved');
        // A refused document has no raw row to run again: publish sends the group's current state as soon as it can.
        const records = open.filter(({ phase }) => phase !== 'publish');
        const { settings } = await loadCatalog(installation);
        const requests = toRequests(records, settings.lanes);
        for (let from = 0; from < requests.length; from += requestsMax) {
          await installation.warehouse.request(requests.slice(from, from + requestsMax), installation.clock.now());
        }
        if (options.json)
          return session.out.line(jsonText({ failures: records.length, records: requests.length, skipped: found.length - records.length }));
        if (open.length > records.length)
          await session.talk.line(
            `${counted(open.length - records.length, 'refused document')} cannot be replayed: a change of the group or of the publication sends it again`,
          );
        if (requests.length === 0) return session.talk.line('there is nothing to replay');
        await session.talk.line(
          `asked for ${counted(requests.length, 'record')} to be run again; a running flattener does it between two batches (\`dsf run\` starts one)`,
        );
        await session.talk.line('watch it with `dsf failures list --status all` and `dsf status`');
        if (found.length === replayMax) await session.talk.line(`there may be more: run it again when these are done`);
      }),
    );
