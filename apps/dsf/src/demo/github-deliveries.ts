import { hash } from 'node:crypto';
import { createRequire } from 'node:module';
import type { Header } from '@dsf/messages';
import type { NewMessage } from '../send-messages.ts';

/** One webhook call of GitHub. */
export interface GithubDelivery extends NewMessage {
  /** What GitHub calls `X-GitHub-Delivery`: the same for the same call. */
  readonly id: string;
}

interface WebhookExamples {
  readonly name: string;
  readonly examples: readonly { readonly repository?: { readonly full_name?: string } }[];
}

export const deliveryHeader = 'x-github-delivery';

const require = createRequire(import.meta.url);
const encoder = new TextEncoder();
const header = (name: string, value: string): Header => [name, encoder.encode(value)];

const toDelivery = (name: string, example: WebhookExamples['examples'][number], place: number): GithubDelivery => {
  const json = JSON.stringify(example);
  const id = hash('sha256', `${name}\n${place}\n${json}`, 'hex').slice(0, 32);
  const repository = example.repository?.full_name;
  return {
    id,
    key: repository === undefined ? null : encoder.encode(repository),
    headers: [header('x-github-event', name), header(deliveryHeader, id)],
    body: encoder.encode(json),
  };
};

/** Real payloads that the package @octokit/webhooks-examples collects, kinds mixed as in a live stream; always the same, in the same order. */
export const githubDeliveries = (): readonly GithubDelivery[] => {
  // Of the package's two megabytes, only what a call carries is used.
  const kinds = require('@octokit/webhooks-examples') as readonly WebhookExamples[];
  const rounds = Math.max(...kinds.map(({ examples }) => examples.length));
  const deliveries: GithubDelivery[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, examples } of kinds) {
      const example = examples[round];
      if (example !== undefined) deliveries.push(toDelivery(name, example, round));
    }
  }
  return deliveries;
};
