import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realClock, transportContract, type TransportHarness } from '@dsf/testing';
import { openLocalTransport } from './local-transport.ts';

const makeHarness = async (): Promise<TransportHarness> => {
  const folder = await mkdtemp(join(tmpdir(), 'dsf-log-'));
  const config = { file: join(folder, 'log.db'), memberTimeoutMs: 1500, messageBytesMax: 8_000_000 };
  const open = () => openLocalTransport({ ...config, clock: realClock });
  return {
    open,
    remote: { module: new URL('local-transport.ts', import.meta.url).href, factory: 'openLocalTransport', config },
    memberTimeoutMs: config.memberTimeoutMs,
    trim: async (topic, partition, before) => {
      const transport = await open();
      await transport.trim(topic, partition, before);
      await transport.close();
    },
    close: () => rm(folder, { recursive: true }),
  };
};

transportContract('the local transport', makeHarness);
