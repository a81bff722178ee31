import { hash } from 'node:crypto';
import type { Tools } from '@dsf/ports';

/** What pure code may use of the platform. */
export const platformTools: Tools = {
  sha256: (bytes) => hash('sha256', bytes, 'buffer'),
};
