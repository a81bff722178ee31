import { Command } from 'commander';
import { deliveryJson, documentJson } from '../delivery-json.ts';
import { findTopic } from '../find-topic.ts';
import { readTopic, type Reading, type Span } from '../read-topic.ts';
import type { Target } from '../send-messages.ts';
import { loadCatalog, withExisting, type Session } from '../session.ts';
import { watchTopic } from '../watch-topic.ts';

interface ConsumeOptions {
  readonly fromBeginning?: true;
  readonly untilEnd?: true;
  readonly json?: true;
}

const spansOf = async ({ transport, topic, partitions }: Target, { fromBeginning, untilEnd }: ConsumeOptions): Promise<readonly Span[]> => {
  const spans: Span[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const { start, end } = await transport.bounds(topic, partition);
    spans.push({ from: fromBeginning ? start : end, to: untilEnd ? end : Infinity });
  }
  return spans;
};

export const consumeCommand = (session: Session): Command =>
  new Command('consume')
    .summary('print the messages of a publication or topic')
    .description(
      'Prints messages as they come, one JSON object per line, until Ctrl-C. It reads beside everybody else and changes nothing.',
    )
    .argument('<publication-or-topic>', 'name of a publication, source or topic')
    .option('--from-beginning', 'start with the oldest message that is there; on Pub/Sub the topic has to keep its messages')
    .option('--until-end', 'end with the newest message that is there now; on Pub/Sub, when none has come for 5 seconds')
    .option('--json', 'print the whole envelope: partition, offset, time, key, every header, body')
    .action((word: string, options: ConsumeOptions) =>
      withExisting(session, async (installation) => {
        const target = await findTopic(installation, await loadCatalog(installation), word);
        const toJson = options.json ? deliveryJson : documentJson;
        const reading: Reading = {
          each: (partition, delivery) => session.out.line(toJson(partition, delivery)),
          stop: session.drainOnSignal(),
        };
        const { transport, topic } = target;
        if (transport.watch === undefined) return readTopic(target, await spansOf(target, options), reading);
        const { fromBeginning = false, untilEnd: untilQuiet = false } = options;
        await watchTopic({ transport, topic, fromBeginning, untilQuiet }, installation.clock, reading);
      }),
    );
