import type { Backlog } from '@dsf/ports';

/** What Cloud Monitoring is asked about. */
export interface BacklogQuestion {
  readonly project: string;
  /** Short name, or path when it belongs to another project. */
  readonly subscription: string;
  /** UTC ms. */
  readonly now: number;
}

/** GET with the credentials of the client. @returns the body, parsed */
export type Ask = (url: string) => Promise<unknown>;

/** Counted once a minute, to be seen up to two minutes later: https://cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-pubsub */
const metric = 'pubsub.googleapis.com/subscription/num_undelivered_messages';
const lookBackMs = 600_000;

interface Point {
  readonly interval?: { readonly endTime?: string };
  /** Integers of 64 bits are text in JSON. */
  readonly value?: { readonly int64Value?: string };
}

const newestOf = (body: unknown): Point | undefined =>
  (body as { readonly timeSeries?: readonly { readonly points?: readonly Point[] }[] }).timeSeries?.[0]?.points?.[0];

const ownerOf = (subscription: string, project: string): readonly [project: string, name: string] => {
  const [, owner, name] = /^projects\/([^/]+)\/subscriptions\/([^/]+)$/.exec(subscription) ?? [];
  return owner === undefined || name === undefined ? [project, subscription] : [owner, name];
};

/** The API of Pub/Sub has no such number. @returns null when nothing was counted in the last ten minutes */
export const readBacklog = async (ask: Ask, { project, subscription, now }: BacklogQuestion): Promise<Backlog | null> => {
  const [owner, name] = ownerOf(subscription, project);
  const url = new URL(`https://monitoring.googleapis.com/v3/projects/${encodeURIComponent(owner)}/timeSeries`);
  url.searchParams.set('filter', `metric.type = "${metric}" AND resource.labels.subscription_id = ${JSON.stringify(name)}`);
  url.searchParams.set('interval.startTime', new Date(now - lookBackMs).toISOString());
  url.searchParams.set('interval.endTime', new Date(now).toISOString());
  const point = newestOf(await ask(url.href));
  const at = Date.parse(point?.interval?.endTime ?? '');
  const messages = Number(point?.value?.int64Value);
  return Number.isFinite(at) && Number.isFinite(messages) ? { messages, at } : null;
};
