import { Command } from 'commander';
import { counted } from '../counted.ts';
import { parseWhole } from '../parse-option.ts';
import { withExisting, type Session } from '../session.ts';
import { lookAtTopics, sayTopics, type TopicsOptions } from '../topics/look-at-topics.ts';

export const topicsApplyCommand = (session: Session): Command =>
  new Command('apply')
    .description(
      'Makes the internal topics that are missing and mends the settings of those that are there. It never makes a topic smaller, and deletes nothing. Run again, it does nothing.',
    )
    .option('--replication <copies>', 'copies of each message, instead of DSF_INTERNAL_REPLICATION', parseWhole)
    .option('--json', 'print what was done as JSON')
    .action((options: TopicsOptions) =>
      withExisting(session, async (installation) => {
        const found = await lookAtTopics(session, installation, options);
        await sayTopics(session, found, options.json === true);
        const { administration, plans } = found;
        if (administration === null) return;
        for (const { topic, action, is, wanted } of plans) {
          if (action === 'make') await administration.create(topic, wanted);
          if (action === 'change' && is !== null) await administration.change(topic, is, wanted);
        }
        const done = (action: string): number => plans.filter((plan) => plan.action === action).length;
        await session.talk.line(`${counted(done('make'), 'topic')} made, ${done('change')} changed`);
      }),
    );
