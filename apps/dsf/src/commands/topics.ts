import { Command } from 'commander';
import type { Session } from '../session.ts';
import { topicsApplyCommand } from './topics-apply.ts';
import { topicsPlanCommand } from './topics-plan.ts';
import { topicsResizeCommand } from './topics-resize.ts';

export const topicsCommand = (session: Session): Command =>
  new Command('topics')
    .summary('make the internal topics on a cluster, and change how many lanes there are')
    .description('The topics between the services (dsf.raw, dsf.points, dsf.summary). Each has as many partitions as there are lanes.')
    .addCommand(topicsPlanCommand(session))
    .addCommand(topicsApplyCommand(session))
    .addCommand(topicsResizeCommand(session));
