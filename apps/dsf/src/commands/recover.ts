import { recoverLanes } from '@dsf/runtime';
import { Command } from 'commander';
import { jsonText } from '../json-text.ts';
import { withExisting, type Session } from '../session.ts';

export const recoverCommand = (session: Session): Command =>
  new Command('recover')
    .summary('go on after an older database was restored')
    .description(
      'For a database that is older than its topics (services stop with delivery.database-older). Stop all services, restore, recover, start. Messages that the lost database had sent are deleted, revisions rise above all that were ever published, and every group is published again. Sources are read on from where the restored database stands. Killed half-way, run it again.',
    )
    .option('--json', 'print what was done as JSON')
    .action(({ json = false }: { readonly json?: boolean }) =>
      withExisting(session, async ({ warehouse, metadata, internal, clock }) => {
        const seq = await recoverLanes({ warehouse, metadata, internal, clock });
        if (json) return session.out.line(jsonText({ seq }));
        await session.talk.line(`revisions go on above ${seq}; start the services, which publish every group again`);
      }),
    );
