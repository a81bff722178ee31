import type { ClientConfig } from '@google-cloud/pubsub';
import { GoogleAuth, PassThroughClient } from 'google-auth-library';

/** Where Pub/Sub is and how to get in. Nothing of it is a secret: a key stands in the file that is named, and nowhere else. */
export interface PubsubConnection {
  /** Google Cloud project of the topics; without it the one that the credentials belong to. */
  readonly project?: string;
  /** `europe-west1`: its own endpoint is used, and topics that DSF makes keep their messages there. Order holds within one region only. */
  readonly region?: string;
  /** Host, and port, of an endpoint that is not Google's public one, such as Private Service Connect. */
  readonly endpoint?: string;
  /** `host:port` of an emulator: no encryption, no credentials. */
  readonly emulator?: string;
  /** Key of a service account, JSON. Without it the application default credentials: workload identity, or GOOGLE_APPLICATION_CREDENTIALS. */
  readonly keyFile?: string;
}

/** Emulators know every project; one has to be named all the same. */
const emulatorProject = 'dsf-emulator';

/** Where the connection leads, for people. */
export const placeOf = ({ project, region, endpoint, emulator }: PubsubConnection): string =>
  emulator === undefined
    ? `Pub/Sub, project ${project ?? 'of the credentials'}${endpoint === undefined && region === undefined ? '' : `, ${endpoint ?? region ?? ''}`}`
    : `the Pub/Sub emulator at ${emulator}, project ${project ?? emulatorProject}`;

/** Options of the client library. */
export const clientConfig = ({ project, region, endpoint, emulator, keyFile }: PubsubConnection): ClientConfig => {
  if (emulator !== undefined) {
    // Without a client of its own the library looks for credentials in the metadata server of the machine, for seconds, and in vain.
    const auth = new GoogleAuth({ authClient: new PassThroughClient() });
    return { projectId: project ?? emulatorProject, apiEndpoint: emulator, emulatorMode: true, auth };
  }
  const host = endpoint ?? (region === undefined ? undefined : `${region}-pubsub.googleapis.com:443`);
  return {
    // Without an endpoint the library looks for PUBSUB_EMULATOR_HOST in the environment; what to use is for the connection to say.
    apiEndpoint: host ?? 'pubsub.googleapis.com:443',
    emulatorMode: false,
    ...(project === undefined ? {} : { projectId: project }),
    ...(keyFile === undefined ? {} : { keyFilename: keyFile }),
  };
};
