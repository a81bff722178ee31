import kafkajs from 'kafkajs';

/** What names of the resources begin with that a user may use in every way. */
export interface Allowed {
  readonly topics?: string;
  readonly groups?: string;
  readonly transactions?: string;
}

const types = {
  topics: kafkajs.AclResourceTypes.TOPIC,
  groups: kafkajs.AclResourceTypes.GROUP,
  transactions: kafkajs.AclResourceTypes.TRANSACTIONAL_ID,
} as const;

/** Gives a user of the broker ACLs. @param address - where no login is needed */
export const allowOnKafka = async (address: string, user: string, { topics, groups, transactions }: Allowed): Promise<void> => {
  const admin = new kafkajs.Kafka({ brokers: [address], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  const acl = Object.entries({ topics, groups, transactions }).flatMap(([kind, resourceName]) =>
    resourceName === undefined
      ? []
      : [
          {
            ...{ principal: `User:${user}`, host: '*', resourceName, resourceType: types[kind as keyof typeof types] },
            operation: kafkajs.AclOperationTypes.ALL,
            permissionType: kafkajs.AclPermissionTypes.ALLOW,
            resourcePatternType: kafkajs.ResourcePatternTypes.PREFIXED,
          },
        ],
  );
  await admin.createAcls({ acl });
  await admin.disconnect();
};
