import { Failure, type Delivery, type OutgoingMessage } from '@dsf/ports';
import { append, type MemoryTopic, type TransportHooks } from '../memory-transport-broker.ts';
import { count, tell, type World } from './world.ts';
import type { Watchers, Worker } from './worker.ts';

/** Topics that DSF sends to itself; what the runtime must cope with there, an adapter must keep away from outputs. */
export const isInternal = (topic: string): boolean => topic.startsWith('dsf.');
const isOutput = (topic: string): boolean => topic.startsWith('out.');

const away = (): Failure => new Failure('retry', 'transport.unavailable', 'the broker did not answer');

/** Cuts the body short, so that nobody can read it, or only its frame. */
const truncated = (message: OutgoingMessage, length: number): OutgoingMessage => ({
  ...message,
  body: message.body?.slice(0, length) ?? null,
});

const withoutPartition = (messages: readonly OutgoingMessage[], partition: number): readonly OutgoingMessage[] =>
  messages.filter((message) => message.partition !== partition);

/** Lets a send to an internal topic do what brokers and clients do to messages. @throws Failure `retry` */
const landInternal = (
  world: World,
  worker: Worker,
  send: { readonly topic: MemoryTopic; readonly messages: readonly OutgoingMessage[] },
): void => {
  const { dice, profile, broker, scheduler, nature } = world;
  const { topic, messages } = send;
  const note = (what: string): void => {
    count(world, `send ${what}`);
    tell(world, worker.actor.name, `send to ${topic.name} ${what}`);
  };
  if (dice.chance(profile.sendLate)) {
    note('lands late, is tried again');
    scheduler.later(nature, dice.between(1, 3000), { what: 'a late send lands', work: () => append(broker, topic, messages) });
    throw away();
  }
  if (dice.chance(profile.sendLosesPartition)) {
    note('resolves without one partition');
    return append(broker, topic, withoutPartition(messages, dice.pick(messages).partition));
  }
  if (dice.chance(profile.sendTruncated)) {
    note('lands unreadable');
    return append(
      broker,
      topic,
      messages.map((message) => (dice.chance(0.5) ? truncated(message, dice.below(60)) : message)),
    );
  }
  if (dice.chance(profile.sendTwice)) {
    note('lands twice');
    append(broker, topic, messages);
  }
  append(broker, topic, messages);
};

/** What a send goes through on its way to any topic. @throws Failure `retry` */
const land = (world: World, worker: Worker, send: { readonly topic: MemoryTopic; readonly messages: readonly OutgoingMessage[] }): void => {
  const { dice, profile, broker } = world;
  const { topic, messages } = send;
  if (messages.length === 0) return;
  if (dice.chance(profile.sendFails)) throw away();
  if (dice.chance(profile.sendInPart)) {
    append(broker, topic, messages.slice(0, dice.below(messages.length)));
    tell(world, worker.actor.name, `send to ${topic.name} lands in part, is tried again`);
    throw away();
  }
  if (isInternal(topic.name)) landInternal(world, worker, send);
  else append(broker, topic, messages);
  if (dice.chance(profile.sendAnswerLost)) {
    tell(world, worker.actor.name, `send to ${topic.name} lands, its answer is lost`);
    throw away();
  }
};

/** What a read of an internal topic gives: messages again, in another order, not all of them. */
const disturb = (world: World, taken: readonly Delivery[]): readonly Delivery[] => {
  const { dice } = world;
  switch (dice.below(3)) {
    case 0:
      return [...taken, ...taken.slice(dice.below(taken.length))];
    case 1: {
      const at = dice.below(taken.length);
      return [...taken.slice(at), ...taken.slice(0, at)];
    }
    default:
      return taken.filter(() => dice.chance(0.7));
  }
};

/** What can go wrong between a process and the broker. */
export const transportHooks = (world: World, worker: Worker, { outputs, ranges }: Watchers): TransportHooks => {
  const { scheduler, dice } = world;
  const { actor, sending, members } = worker;
  const isAway = (): boolean => scheduler.now() < world.away.broker;
  return {
    async before(call) {
      await scheduler.step(actor, call);
      if (isAway() && call !== 'leave' && call !== 'feeds') throw away();
    },
    async land(topic, messages) {
      if (isInternal(topic.name)) ranges.sent(actor, topic.name, messages);
      if (isOutput(topic.name)) outputs.sent(actor, topic.name, messages);
      const send = { topic, messages };
      sending.add(send);
      await scheduler.step(actor, `send ${messages.length} to ${topic.name}`);
      sending.delete(send);
      if (isAway()) throw away();
      land(world, worker, send);
      await scheduler.step(actor, 'hears of its send');
    },
    deliver: (topic, taken) =>
      taken.length > 0 && isInternal(topic.name) && dice.chance(world.profile.readDisturbed) ? disturb(world, taken) : taken,
    revoke: (revoked) => scheduler.later(actor, 0, { what: 'hears that a partition is taken away', work: revoked }),
    joined: (member) => void members.add(member),
  };
};
