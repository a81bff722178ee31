import type { Environment } from '@dsf/config';
import type { ConnectionDefinition } from '@dsf/metadata';
import type { PubsubConnection } from '@dsf/transport-pubsub';

/** An emulator in place of Google Cloud, named as Google's own tools name it; null: none. */
export const pubsubEmulator = (environment: Environment): string | null => {
  const address = environment['PUBSUB_EMULATOR_HOST'];
  return address === undefined || address === '' ? null : address;
};

/** What a definition of a connection comes to. It names no secret: credentials are found as Google's own tools find them, or in the key file. */
export const pubsubConnection = (
  { project, region, endpoint, credentials_file }: ConnectionDefinition,
  environment: Environment,
): PubsubConnection => {
  const emulator = pubsubEmulator(environment);
  return {
    ...(project === undefined ? {} : { project }),
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials_file === undefined ? {} : { keyFile: credentials_file }),
    ...(emulator === null ? {} : { emulator }),
  };
};
