import { databaseMigrations } from '@dsf/wiring';
import { Command } from 'commander';
import { jsonText } from '../json-text.ts';
import type { Session } from '../session.ts';
import { tableText } from '../table.ts';

interface MigrateOptions {
  readonly dryRun?: true;
}

const statusCommand = (session: Session): Command =>
  new Command('status')
    .summary('show which numbered files the database has')
    .option('--json', 'print one JSON object per line')
    .action(async ({ json = false }: { readonly json?: boolean }) => {
      const states = await (await databaseMigrations(session.environment)).states();
      if (json) {
        for (const state of states) await session.out.line(jsonText(state));
        return;
      }
      const rows = states.map(({ name, state, appliedAt, appliedBy, reason }) => [
        name,
        state,
        appliedAt === null ? '' : new Date(appliedAt).toISOString(),
        appliedBy ?? '',
        reason ?? '',
      ]);
      await session.out.write(tableText(['file', 'state', 'when', 'by', 'why'], rows));
    });

export const migrateCommand = (session: Session): Command =>
  new Command('migrate')
    .summary('make or bring up to date the tables of SQL Server')
    .description(
      'Applies the numbered files of deploy/sql/mssql that the database lacks, each once and whole; again, or from two places at once, does no harm. The embedded database does this by itself.',
    )
    .option('--dry-run', 'print the statements, to be run with sqlcmd -b -I, and change nothing')
    .action(async ({ dryRun }: MigrateOptions) => {
      const migrations = await databaseMigrations(session.environment);
      if (dryRun) return session.out.write(await migrations.script());
      const steps = await migrations.apply();
      for (const { name, outcome, reason } of steps) await session.talk.line(`${outcome} ${name}${reason === null ? '' : `: ${reason}`}`);
      if (steps.length === 0) await session.talk.line('the database has everything already');
    })
    .addCommand(statusCommand(session));
