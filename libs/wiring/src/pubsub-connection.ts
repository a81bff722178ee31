import type { Environment } from '@dsf/config';

/** An emulator in place of Google Cloud, named as Google's own tools name it; null: none. */
export const pubsubEmulator = (environment: Environment): string | null => {
  const address = environment['PUBSUB_EMULATOR_HOST'];
  return address === undefined || address === '' ? null : address;
};
