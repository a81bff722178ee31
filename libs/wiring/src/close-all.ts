interface Closing {
  close(): Promise<void>;
}

/**
 * Closes transports, and then the database, also where one of them would not: what is left open keeps a process that has failed alive.
 * @throws what the first of them threw, when all are closed
 */
export const closeAll = async (transports: Iterable<Closing>, closeDatabase: () => Promise<void>): Promise<void> => {
  const closed = await Promise.allSettled([...transports].map((transport) => transport.close()));
  await closeDatabase();
  for (const each of closed) if (each.status === 'rejected') throw each.reason;
};
