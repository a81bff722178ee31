import { Command } from 'commander';
import { activateCommand } from './commands/activate.ts';
import { applyCommand, planCommand } from './commands/apply.ts';
import { consumeCommand } from './commands/consume.ts';
import { demoCommand } from './commands/demo.ts';
import { exportCommand } from './commands/export.ts';
import { failuresCommand } from './commands/failures.ts';
import { initCommand } from './commands/init.ts';
import { migrateCommand } from './commands/migrate.ts';
import { produceCommand } from './commands/produce.ts';
import { purgeCommand } from './commands/purge.ts';
import { queryCommand } from './commands/query.ts';
import { rebuildCommand } from './commands/rebuild.ts';
import { recoverCommand } from './commands/recover.ts';
import { rollbackCommand } from './commands/rollback.ts';
import { runCommand } from './commands/run.ts';
import { schemaCommand } from './commands/schema.ts';
import { statusCommand } from './commands/status.ts';
import { tablesCommand } from './commands/tables.ts';
import { topicsCommand } from './commands/topics.ts';
import { validateCommand } from './commands/validate.ts';
import { versionsCommand } from './commands/versions.ts';
import type { Session } from './session.ts';

const groups = {
  'Start:': [demoCommand, initCommand, migrateCommand],
  'Define:': [validateCommand, planCommand, applyCommand, activateCommand, exportCommand, versionsCommand, rollbackCommand, schemaCommand],
  'Run:': [topicsCommand, runCommand, produceCommand, consumeCommand],
  'Look:': [statusCommand, tablesCommand, queryCommand],
  'Mend:': [failuresCommand, rebuildCommand, purgeCommand, recoverCommand],
} as const;

/** Errors are thrown instead of ending the process, and everything that is said goes through the session's streams. */
const prepare = (command: Command, session: Session): void => {
  const { out, talk } = session;
  command
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError('(--help says more)')
    .configureOutput({
      writeOut: (text) => void out.write(text),
      writeErr: (text) => void talk.write(text),
      outputError: (text, write) => write(talk.paint.red('error:') + text.replace(/^error:/, '')),
      getOutHasColors: () => out.paint.level > 0,
      getErrHasColors: () => talk.paint.level > 0,
    });
  for (const child of command.commands) prepare(child, session);
};

/** All of `dsf`. */
export const createProgram = (session: Session): Command => {
  const program = new Command('dsf')
    .description('The Data Streaming Framework: nested messages in, relational tables and live summaries out.')
    .helpCommand('help [command]', 'explain a command')
    .addHelpText(
      'after',
      '\nThe installation is in DSF_HOME (default: .dsf in the current folder). Exit codes: 0 done, 1 failed, 2 wrong usage, 3 definitions refused,\n4 busy or away, 5 a service stopped;\nof a cluster: 10 no such host, 11 login refused, 12 topic missing, 13 not allowed. Data goes to standard output, everything else to standard error.',
    );
  for (const [heading, commands] of Object.entries(groups)) {
    for (const make of commands) program.addCommand(make(session).helpGroup(heading));
  }
  prepare(program, session);
  return program;
};
