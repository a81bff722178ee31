import kafkajs from 'kafkajs';

/** How the members of a group of Kafka call themselves, as its coordinator has it. @param address - where no login is needed */
export const readGroupMembers = async (address: string, group: string): Promise<readonly string[]> => {
  const admin = new kafkajs.Kafka({ brokers: [address], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const { groups } = await admin.describeGroups([group]);
    return groups.flatMap(({ members }) => members.map(({ clientId }) => clientId));
  } finally {
    await admin.disconnect();
  }
};
