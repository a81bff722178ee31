import { Failure, type FailureFacts, type FailureKind } from '@dsf/ports';

/** What is deleted may be made again at once; what stays away is for a person to make. */
export const missingMsMax = 30_000;

/** What an operation was about, for the message. */
export interface FailureContext {
  /** Where the connection leads, in words. */
  readonly place: string;
  readonly topic?: string;
  readonly subscription?: string;
}

interface Verdict {
  readonly kind: FailureKind;
  readonly code: string;
  readonly text: (context: FailureContext, reason: string, remedy: string | undefined) => string;
}

const thing = ({ topic, subscription }: FailureContext): string =>
  subscription === undefined ? (topic === undefined ? 'what was asked for' : `topic "${topic}"`) : `subscription "${subscription}"`;
const retry = (code: string, what: string): Verdict => ({
  kind: 'retry',
  code,
  text: ({ place }, reason) => `${what} (${place}): ${reason}`,
});
const away = retry('transport.unavailable', 'Pub/Sub cannot be reached');

/** Codes of gRPC: https://grpc.io/docs/guides/status-codes/ */
const codes = {
  cancelled: 1,
  invalid: 3,
  deadline: 4,
  notFound: 5,
  exists: 6,
  denied: 7,
  exhausted: 8,
  precondition: 9,
  aborted: 10,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

const missing: Verdict = {
  kind: 'fatal',
  code: 'transport.topic-missing',
  text: (context, _reason, remedy) =>
    `${thing(context)} does not exist in ${context.place}: ${remedy ?? `make it (gcloud pubsub ${context.subscription === undefined ? 'topics' : 'subscriptions'} create), or correct the name`}`,
};

const denied: Verdict = {
  kind: 'fatal',
  code: 'transport.denied',
  text: (context, reason) =>
    `the credentials may not use ${thing(context)} in ${context.place}: to read it needs roles/pubsub.subscriber on the subscription, to write roles/pubsub.publisher on the topic, to look at either roles/pubsub.viewer (${reason})`,
};

const login: Verdict = {
  kind: 'fatal',
  code: 'transport.login',
  text: ({ place }, reason) =>
    `${place} has no credentials that it accepts: use workload identity, or name the key file of a service account in GOOGLE_APPLICATION_CREDENTIALS (${reason})`,
};

const verdicts: ReadonlyMap<number, Verdict> = new Map<number, Verdict>([
  [codes.cancelled, away],
  [codes.deadline, away],
  [codes.unavailable, away],
  [codes.internal, away],
  [codes.aborted, away],
  [codes.exhausted, retry('transport.quota', 'a quota is used up')],
  [codes.notFound, missing],
  [codes.denied, denied],
  [codes.unauthenticated, login],
  [
    codes.precondition,
    { kind: 'fatal', code: 'transport.precondition', text: (context, reason) => `${context.place} refuses ${thing(context)}: ${reason}` },
  ],
  [
    codes.invalid,
    { kind: 'fatal', code: 'transport.topic-invalid', text: (context, reason) => `${context.place} refuses ${thing(context)}: ${reason}` },
  ],
]);

/** gRPC's number of an error; null for errors of other kinds. */
const grpcCode = (error: unknown): number | null =>
  error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : null;

export const isMissing = (error: unknown): boolean => grpcCode(error) === codes.notFound;
export const isThere = (error: unknown): boolean => grpcCode(error) === codes.exists;

/** What google-auth-library says when it finds neither a key nor a metadata server. */
const isLogin = (message: string): boolean =>
  message.includes('default credentials') || message.includes('Unable to detect a Project Id') || message.includes('invalid_grant');

/** When its time is over the library says so, and names the answer that it had tried again: that one says why. */
const lastCode = (error: unknown, reason: string): number | null => {
  const code = grpcCode(error);
  const tried = code === codes.deadline ? /retrying error Error: (\d+) /.exec(reason)?.[1] : undefined;
  return tried === undefined ? code : Number(tried);
};

const verdictOf = (error: unknown, reason: string): Verdict => {
  const known = verdicts.get(lastCode(error, reason) ?? 0);
  if (known !== undefined) return known;
  if (isLogin(reason)) return login;
  const system = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (system === 'ENOENT' || system === 'EACCES') return login;
  if (/^E[A-Z_]+$/.test(system)) return away;
  return { kind: 'fatal', code: 'transport.failed', text: ({ place }) => `${place} failed: ${reason}` };
};

/** Says in DSF's words what went wrong. Failures pass unchanged. @param remedy - what to do about a topic that is missing */
export const asTransportFailure = (error: unknown, context: FailureContext, remedy?: string): Failure => {
  if (error instanceof Failure) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const { kind, code, text } = verdictOf(error, reason);
  const grpc = grpcCode(error);
  const facts: FailureFacts = { ...context, ...(grpc === null ? {} : { grpc }) };
  return new Failure(kind, code, text(context, reason, remedy), facts, { cause: error });
};
