import { didYouMean, type Catalog } from '@dsf/metadata';
import { phaseNames, type FailureFilter, type PhaseName, type StoredFailure } from '@dsf/ports';
import { Command, Option } from 'commander';
import { counted } from '../counted.ts';
import { CommandError, exitCodes } from '../exit-codes.ts';
import { failureJson, ownerName } from '../failures/failure-names.ts';
import { jsonText } from '../json-text.ts';
import { parseWhole } from '../parse-option.ts';
import { loadCatalog, withExisting, type Session } from '../session.ts';
import { tableText } from '../table.ts';

interface ListOptions {
  readonly phase?: PhaseName;
  readonly source?: string;
  readonly code?: string;
  readonly status: StoredFailure['status'] | 'all';
  readonly max: number;
  readonly json?: true;
}

const shownMax = 100;
const detailShown = 80;

const sourceId = ({ sources }: Catalog, name: string): number => {
  const found = sources.find(({ definition }) => definition.name === name);
  if (found !== undefined) return found.id;
  throw new CommandError(
    exitCodes.failure,
    `there is no source called "${name}"`,
    didYouMean(
      name,
      sources.map(({ definition }) => definition.name),
      'source yet',
    ),
  );
};

const toFilter = (catalog: Catalog, { phase, source, code, status, max }: ListOptions): FailureFilter => ({
  ...(phase === undefined ? {} : { phase }),
  ...(source === undefined ? {} : { source: sourceId(catalog, source) }),
  ...(code === undefined ? {} : { code }),
  ...(status === 'all' ? {} : { status }),
  max: max + 1,
});

const toRow = (catalog: Catalog, failure: StoredFailure) => {
  const { id, phase, code, partition, offset, attempts, lastAt, path, detail } = failure;
  const short = detail.length > detailShown ? `${detail.slice(0, detailShown)}…` : detail;
  return [
    id,
    phase,
    code,
    `${ownerName(catalog, failure)} ${partition}:${offset}`,
    attempts,
    new Date(lastAt).toISOString(),
    path === null || path === '' ? short : `${path}: ${short}`,
  ];
};

export const failuresListCommand = (session: Session): Command =>
  new Command('list')
    .description('Lists refused records, those that are open by default.')
    .addOption(new Option('--phase <phase>', 'only of this phase').choices(phaseNames))
    .option('--source <name>', 'only of this source')
    .option('--code <code>', 'only with this reason')
    .addOption(new Option('--status <status>', 'which').choices(['open', 'replaying', 'resolved', 'all']).default('open'))
    .option('--max <count>', 'list at most so many', parseWhole, shownMax)
    .option('--json', 'print one JSON object per line')
    .action((options: ListOptions) =>
      withExisting(session, async (installation) => {
        const catalog = await loadCatalog(installation);
        const found = await installation.warehouse.inspect.failures(toFilter(catalog, options));
        const shown = found.slice(0, options.max);
        if (options.json) for (const failure of shown) await session.out.line(jsonText(failureJson(catalog, failure)));
        else if (shown.length > 0) {
          await session.out.write(
            tableText(
              ['id', 'phase', 'code', 'record', 'attempts', 'last', 'detail'],
              shown.map((failure) => toRow(catalog, failure)),
            ),
          );
        }
        if (found.length > shown.length) await session.talk.line(`only the first ${counted(shown.length, 'failure')}; --max lists more`);
        else if (!options.json)
          await session.talk.line(
            shown.length === 0
              ? 'no such failure'
              : `${counted(shown.length, 'failure')}; \`dsf failures show <id>\` shows the message itself`,
          );
      }),
    );
