import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type AclEntry, type Admin } from 'kafkajs';

/** What names of the resources begin with that a user may use. */
export interface Allowed {
  readonly topics?: string;
  readonly groups?: string;
  readonly transactions?: string;
  /** In these ways alone, as Kafka calls them. Default: in every way. */
  readonly operations?: readonly ('ALTER' | 'ALTER_CONFIGS' | 'CREATE' | 'DESCRIBE' | 'DESCRIBE_CONFIGS' | 'READ' | 'WRITE')[];
}

const types = {
  topics: kafkajs.AclResourceTypes.TOPIC,
  groups: kafkajs.AclResourceTypes.GROUP,
  transactions: kafkajs.AclResourceTypes.TRANSACTIONAL_ID,
} as const;

const waitMsMax = 10_000;

/** The controller has an ACL a moment before the broker, which refuses until then. */
const untilKnown = async (admin: Admin, one: AclEntry): Promise<void> => {
  const giveUpAt = Date.now() + waitMsMax;
  while ((await admin.describeAcls(one)).resources.length === 0) {
    if (Date.now() > giveUpAt) throw new Error(`the broker has no ACL of ${one.principal} for ${one.resourceName} after ${waitMsMax} ms`);
    await delay(20);
  }
};

/** Gives a user of the broker ACLs; they are in force when it resolves. @param address - where no login is needed */
export const allowOnKafka = async (address: string, user: string, { topics, groups, transactions, operations }: Allowed): Promise<void> => {
  const admin = new kafkajs.Kafka({ brokers: [address], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  const acl = Object.entries({ topics, groups, transactions }).flatMap(([kind, resourceName]) =>
    resourceName === undefined
      ? []
      : (operations ?? (['ALL'] as const)).map((operation) => ({
          ...{ principal: `User:${user}`, host: '*', resourceName, resourceType: types[kind as keyof typeof types] },
          operation: kafkajs.AclOperationTypes[operation],
          permissionType: kafkajs.AclPermissionTypes.ALLOW,
          resourcePatternType: kafkajs.ResourcePatternTypes.PREFIXED,
        })),
  );
  await admin.createAcls({ acl });
  for (const one of acl) await untilKnown(admin, one);
  await admin.disconnect();
};
