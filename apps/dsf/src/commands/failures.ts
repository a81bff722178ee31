import { Command } from 'commander';
import type { Session } from '../session.ts';
import { failuresListCommand } from './failures-list.ts';
import { failuresReplayCommand } from './failures-replay.ts';
import { failuresShowCommand } from './failures-show.ts';

export const failuresCommand = (session: Session): Command =>
  new Command('failures')
    .summary('list, show and replay records that were refused')
    .description('Records that a phase refused. They are stored with the reason, and can be run again from raw when the cause is mended.')
    .addCommand(failuresListCommand(session))
    .addCommand(failuresShowCommand(session))
    .addCommand(failuresReplayCommand(session));
