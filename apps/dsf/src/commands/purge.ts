import { rawLane } from '@dsf/messages';
import { didYouMean } from '@dsf/metadata';
import type { PurgedRows, Request } from '@dsf/ports';
import { Command, InvalidArgumentError, Option } from 'commander';
import { CommandError, exitCodes } from '../exit-codes.ts';
import { jsonText } from '../json-text.ts';
import { loadCatalog, withExisting, type Session } from '../session.ts';

interface PurgeOptions {
  /** UTC ms, given the time now. */
  readonly before: (now: number) => number;
  readonly rows: readonly PurgedRows[];
  readonly json?: true;
}

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A moment, or an age counted from now. @throws InvalidArgumentError */
const parseBefore = (text: string): PurgeOptions['before'] => {
  const [, amount, unit = ''] = /^([1-9]\d{0,5})(m|h|d)$/.exec(text) ?? [];
  if (amount !== undefined) return (now) => now - Number(amount) * (unitMs[unit] ?? 0);
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(time))
    throw new InvalidArgumentError('It must be a time such as 2026-01-31 or 2026-01-31T12:00:00Z, or an age such as 90d.');
  return () => time;
};

const parseRows = (text: string): readonly PurgedRows[] => {
  if (text === 'raw') return ['raw'];
  if (text === 'rows') return ['flat'];
  if (text === 'both') return ['raw', 'flat'];
  throw new InvalidArgumentError('It must be raw, rows or both.');
};

export const purgeCommand = (session: Session): Command =>
  new Command('purge')
    .summary('delete old messages and rows of a source')
    .description(
      'Asks the flattener to delete raw messages, or root and child rows, whose broker timestamp is older than a time. Nothing goes that is still needed: by a phase that has not had it, an open request, or a failure that is not resolved. Groups that were made of rows which are gone keep their numbers and are never computed again.',
    )
    .argument('<source>', 'name of the source')
    .addOption(
      new Option('--before <time>', 'a time such as 2026-01-31T12:00:00Z, or an age such as 90d')
        .argParser(parseBefore)
        .makeOptionMandatory(),
    )
    .addOption(new Option('--rows <which>', 'raw messages, rows of tables, or both').argParser(parseRows).makeOptionMandatory())
    .option('--json', 'print what was asked as JSON')
    .action((name: string, { before, rows, json }: PurgeOptions) =>
      withExisting(session, async (installation) => {
        const until = before(installation.clock.now());
        const { sources, settings } = await loadCatalog(installation);
        const source = sources.find(({ definition }) => definition.name === name);
        if (source === undefined) {
          const names = sources.map(({ definition }) => definition.name);
          throw new CommandError(exitCodes.failure, `there is no source called "${name}"`, didYouMean(name, names, 'source yet'));
        }
        const positions = await installation.warehouse.inspect.positions();
        const partitions = positions.filter((one) => one.phase === 'flatten' && one.source === source.id).map(({ partition }) => partition);
        const requests = partitions.flatMap((partition) =>
          rows.map((kind): Omit<Request, 'id'> => {
            const at = { source: source.id, partition };
            return {
              lane: { phase: 'flatten', source: 0, lane: rawLane(at, settings.lanes) },
              body: { kind: 'purge', ...at, rows: kind, before: until },
            };
          }),
        );
        await installation.warehouse.request(requests, installation.clock.now());
        if (json) return session.out.line(jsonText({ source: name, before: new Date(until).toISOString(), requests: requests.length }));
        if (requests.length === 0) return session.talk.line(`nothing of ${name} was flattened yet, so there is nothing to delete`);
        await session.talk.line(
          `asked to delete what ${name} has from before ${new Date(until).toISOString()}; a running flattener does it between two batches (\`dsf run\` starts one), as far as nothing needs it`,
        );
        await session.talk.line('`dsf status` shows what is open, `dsf tables` what is left');
      }),
    );
