/**
 * Exit codes that tell a script what is wrong with the way to a cluster; of the services and of `dsf`, documented in docs/cli.md and
 * docs/operations.md, so these numbers never change.
 */
const byFailure: Readonly<Record<string, number>> = {
  'transport.host-unknown': 10,
  'transport.login': 11,
  'transport.secret': 11,
  'transport.tls': 11,
  'transport.tls-file': 11,
  'transport.topic-missing': 12,
  'transport.partitions': 12,
  'transport.partition-missing': 12,
  'transport.denied-topic': 13,
  'transport.denied-group': 13,
  'transport.denied-cluster': 13,
  'transport.denied-transaction': 13,
};

/** @param code - of a Failure. @returns null where the way that it ended says enough */
export const exitCodeOf = (code: string): number | null => byFailure[code] ?? null;
