import { Command } from 'commander';
import { parseWhole } from '../parse-option.ts';
import { withExisting, type Session } from '../session.ts';
import { lookAtTopics, sayTopics, type TopicsOptions } from '../topics/look-at-topics.ts';

export const topicsPlanCommand = (session: Session): Command =>
  new Command('plan')
    .description('Says what `dsf topics apply` would make and change, and changes nothing.')
    .option('--replication <copies>', 'copies of each message, instead of DSF_INTERNAL_REPLICATION', parseWhole)
    .option('--json', 'print the plan as JSON')
    .action((options: TopicsOptions) =>
      withExisting(session, async (installation) =>
        sayTopics(session, await lookAtTopics(session, installation, options), options.json === true),
      ),
    );
