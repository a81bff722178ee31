import { groupLane, type KeyPart } from '@dsf/messages';
import type { Delivery, OutgoingMessage } from '@dsf/ports';
import { resizeTarget } from './resizing.ts';
import type { Actor } from './scheduler.ts';
import { violate, type World } from './world.ts';

/** A document as a consumer sees it. */
export interface Document {
  readonly revision: number;
  readonly id: string;
  readonly body: string | null;
}

/** Holds the published documents to what is promised about them. */
export interface Outputs {
  /** A publisher has read its lane: whatever was delivered by then, its documents may not fall behind. */
  looked(actor: Actor, lane: string): void;
  /** It has committed: until somebody else does, to read the lane again is no new beginning. */
  committed(actor: Actor, lane: string): void;
  sent(actor: Actor, topic: string, messages: readonly OutgoingMessage[]): void;
  /** What a consumer that keeps the highest revision has, by group text. */
  kept(topic: string): ReadonlyMap<string, Document>;
}

const decoder = new TextDecoder();
const headerOf = ({ headers }: Pick<OutgoingMessage, 'headers'>, name: string): string =>
  decoder.decode(headers.find(([known]) => known === name)?.[1] ?? new Uint8Array());

const documentOf = (message: Delivery | OutgoingMessage): Document => ({
  revision: Number(headerOf(message, 'ce_dsfrevision')),
  id: headerOf(message, 'ce_id'),
  body: message.body === null ? null : decoder.decode(message.body),
});

const groupTextOf = ({ key }: Pick<OutgoingMessage, 'key'>): string => decoder.decode(key ?? new Uint8Array());

/** Since a publisher last read its lane: what had been delivered by then, and what it has sent. */
interface Tenure {
  readonly floor: ReadonlyMap<string, number>;
  readonly sent: Map<string, number>;
  /** Of its lane when it last read or committed. */
  seq: number;
}

export const createOutputs = (world: World): Outputs => {
  const tenures = new Map<string, Tenure>();
  const seqOf = (lane: string): number => world.database.state.lanes.get('', lane.replace('/', '/0/'))?.seq ?? 0;
  const bodies = new Map<string, string | null>();

  const landed = (): readonly { readonly topic: string; readonly message: Delivery }[] =>
    [...world.broker.topics.values()]
      .filter(({ name }) => name.startsWith('out.'))
      .flatMap(({ name, partitions }) => partitions.flatMap(({ messages }) => messages.map((message) => ({ topic: name, message }))));

  /** Lanes that the group is or was in. */
  const lanesOf = (topic: string, group: string): readonly number[] => {
    const publication = world.activated
      .toReversed()
      .flatMap(({ catalog }) => catalog.publications)
      .find((one) => one.topic === topic);
    const key = JSON.parse(group.replace(/\]@-?\d+$/, ']')) as readonly KeyPart[];
    // While groups move, a publisher may read one that has just come to its lane.
    const target = resizeTarget(world);
    return [world.profile.lanes, ...world.lanesBefore, ...(target === null ? [] : [target])].map((lanes) =>
      groupLane(publication?.driver.name ?? '', key, lanes),
    );
  };

  return {
    committed({ name }, lane) {
      const tenure = tenures.get(`${name} ${lane}`);
      if (tenure !== undefined) tenure.seq = seqOf(lane);
    },
    looked({ name }, lane) {
      const seq = seqOf(lane);
      if (tenures.get(`${name} ${lane}`)?.seq === seq && seq > 0) return;
      const floor = new Map<string, number>();
      for (const { topic, message } of landed()) {
        const place = `${topic} ${groupTextOf(message)}`;
        floor.set(place, Math.max(floor.get(place) ?? 0, documentOf(message).revision));
      }
      tenures.set(`${name} ${lane}`, { floor, sent: new Map(), seq });
    },
    sent({ name }, topic, messages) {
      for (const message of messages) {
        const group = groupTextOf(message);
        const { revision, id, body } = documentOf(message);
        const known = bodies.get(id);
        if (known !== undefined && known !== body)
          violate(world, 'equal id, equal body', `${topic} ${group} revision ${revision} was ${known}, is ${body}`);
        bodies.set(id, body);
        const tenure = lanesOf(topic, group)
          .map((lane) => tenures.get(`${name} publish/${lane}`))
          .find((one) => one !== undefined);
        if (tenure === undefined) {
          violate(world, 'publishers own their lanes', `${name} sends ${group} to ${topic} without having claimed its lane`);
          continue;
        }
        const place = `${topic} ${group}`;
        const least = Math.max(tenure.floor.get(place) ?? 0, tenure.sent.get(place) ?? 0);
        if (revision < least) violate(world, 'revisions rise', `${name} sends revision ${revision} of ${place} after ${least}`);
        tenure.sent.set(place, revision);
      }
    },
    kept(topic) {
      const kept = new Map<string, Document>();
      for (const { topic: name, message } of landed()) {
        if (name !== topic) continue;
        const document = documentOf(message);
        const group = groupTextOf(message);
        if (document.revision >= (kept.get(group)?.revision ?? 0)) kept.set(group, document);
      }
      return kept;
    },
  };
};
