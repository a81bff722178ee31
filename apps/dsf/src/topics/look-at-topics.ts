import { parseConfig, topicsSettings } from '@dsf/config';
import type { TopicAdministration } from '@dsf/ports';
import { topics } from '@dsf/runtime';
import type { Installation } from '@dsf/wiring';
import { CommandError, exitCodes } from '../exit-codes.ts';
import { loadCatalog, type Session } from '../session.ts';
import { planLines, planTopic, wantedShape, type TopicPlan } from './plan-topics.ts';

export interface TopicsOptions {
  readonly replication?: number;
  readonly json?: true;
}

/** The internal topics as they are and as they should be. */
export interface TopicsAsTheyAre {
  /** Null where the transport makes its topics itself. */
  readonly administration: TopicAdministration | null;
  readonly lanes: number;
  readonly plans: readonly TopicPlan[];
}

/** The number of partitions stands in the definitions alone (delivery, Scale); copies and retention come from the environment. */
export const lookAtTopics = async (session: Session, installation: Installation, options: TopicsOptions): Promise<TopicsAsTheyAre> => {
  const { version, settings } = await loadCatalog(installation);
  if (version === 0) {
    throw new CommandError(
      exitCodes.failure,
      'nothing is defined yet, and the number of partitions stands in the definitions',
      'define `settings: { lanes: … }`, sources and drivers with `dsf apply <path>`',
    );
  }
  const { lanes } = settings;
  const administration = installation.internal.administration ?? null;
  if (administration === null) return { administration, lanes, plans: [] };
  const { replication, retentionMs } = parseConfig(topicsSettings, session.environment);
  const wanted = wantedShape({ lanes, retentionMs, replication: options.replication ?? replication });
  const plans: TopicPlan[] = [];
  for (const topic of Object.values(topics))
    plans.push(planTopic(topic, await administration.describe(topic), administration.fit?.(topic, wanted) ?? wanted));
  return { administration, lanes, plans };
};

/** Says it to people, or to a program. */
export const sayTopics = async (session: Session, { administration, lanes, plans }: TopicsAsTheyAre, json: boolean): Promise<void> => {
  if (json) {
    const shown = plans.map(({ topic, ...plan }) => ({ topic: administration?.nameOf(topic) ?? topic, ...plan }));
    return session.out.line(JSON.stringify({ place: administration?.place ?? 'the local log', lanes, topics: shown }));
  }
  if (administration === null)
    return session.out.line('the internal topics are in the local log, which makes them when they are needed: there is nothing to do');
  await session.out.line(`${administration.place}, ${lanes} lanes`);
  for (const plan of plans) for (const line of planLines(plan, administration.nameOf(plan.topic))) await session.out.line(line);
};
