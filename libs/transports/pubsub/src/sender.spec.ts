import { fakeClock } from '@dsf/testing';
import { expect, it } from 'vitest';
import { framedFormat } from './message-format.ts';
import type { PubsubClient } from './pubsub-client.ts';
import { missingMsMax } from './pubsub-failure.ts';
import { makeSender } from './sender.ts';

const setUp = () => {
  const clock = fakeClock();
  const server = { isThere: true };
  const publisher = {
    publishMessage: async () => {
      if (server.isThere) return '1';
      throw Object.assign(new Error('5 NOT_FOUND: Topic not found'), { code: 5 });
    },
    resumePublishing: () => undefined,
  };
  const client = { clock, place: 'here', publisher: () => publisher } as unknown as PubsubClient;
  const sender = makeSender(client, framedFormat);
  const send = () => sender.send('points', [{ partition: 0, key: null, headers: [], body: new Uint8Array(1) }]);
  return { clock, server, send };
};

it('says at once that a topic is missing to which nothing was ever sent', async () => {
  const { server, send } = setUp();
  server.isThere = false;
  await expect(send()).rejects.toMatchObject({ kind: 'fatal', code: 'transport.topic-missing' });
});

it('waits half a minute for a topic that was deleted while it was in use, each time anew', async () => {
  const { clock, server, send } = setUp();
  for (let round = 0; round < 2; round += 1) {
    await send();
    server.isThere = false;
    await expect(send()).rejects.toMatchObject({ kind: 'retry', code: 'transport.topic-missing' });
    await clock.advance(missingMsMax - 1);
    await expect(send()).rejects.toMatchObject({ kind: 'retry' });
    server.isThere = true;
  }
  await send();
  server.isThere = false;
  await expect(send()).rejects.toMatchObject({ kind: 'retry' });
  await clock.advance(missingMsMax);
  await expect(send()).rejects.toMatchObject({ kind: 'fatal', message: expect.stringContaining('does not exist') });
});
