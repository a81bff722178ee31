import type { Broker } from 'kafkajs/src/cluster/index.js';

const coordinatorTypes = { group: 0, transaction: 1 } as const;
type Kind = keyof typeof coordinatorTypes;

/**
 * Which broker coordinates a group or the transactions of an id. Remembered, since asking each time would double the requests of each
 * commit; whoever is told otherwise forgets it. kafkajs's own search keeps the broker's reason to itself, such as a missing ACL.
 */
export const makeCoordinators = (broker: (nodeId: number) => Promise<Broker>, someBroker: (topic: string) => Promise<Broker>) => {
  const known = new Map<string, number>();
  return {
    find: async (kind: Kind, id: string, topic: string): Promise<Broker> => {
      const node = known.get(`${kind} ${id}`);
      const there = node === undefined ? null : await broker(node).catch(() => null);
      if (there !== null) return there;
      const asked = await someBroker(topic);
      const { coordinator } = await asked.findGroupCoordinator({ groupId: id, coordinatorType: coordinatorTypes[kind] });
      known.set(`${kind} ${id}`, coordinator.nodeId);
      return broker(coordinator.nodeId);
    },
    forget: (id: string): void => {
      for (const kind of Object.keys(coordinatorTypes)) known.delete(`${kind} ${id}`);
    },
    forgetAll: (): void => known.clear(),
  };
};
