import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { closeAll } from './close-all.ts';

const closing = (closed: string[], name: string, ms = 0) => ({
  close: async () => {
    await sleep(ms);
    closed.push(name);
  },
});

it('closes the database when all transports are closed', async () => {
  const closed: string[] = [];
  await closeAll([closing(closed, 'slow', 20), closing(closed, 'fast')], closing(closed, 'database').close);
  expect(closed).toEqual(['fast', 'slow', 'database']);
});

it('closes all of them where one would not, and then says why', async () => {
  const closed: string[] = [];
  const broken = { close: () => Promise.reject(new Error('the broker is gone')) };
  const all = closeAll([broken, closing(closed, 'other', 20)], closing(closed, 'database').close);
  await expect(all).rejects.toThrow('the broker is gone');
  expect(closed).toEqual(['other', 'database']);
});
