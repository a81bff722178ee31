import { expect, it } from 'vitest';
import { createLogger } from './logger.ts';

const setUp = () => {
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', service: 'test', destination: { write: (line) => void lines.push(line) } });
  return { logger, said: () => lines.join('') };
};

it('never writes a secret or a payload, wherever a driver has put it', () => {
  const { logger, said } = setUp();
  const error = Object.assign(new Error('login failed'), { code: 'ELOGIN', config: { password: 'hunter2' }, payload: 'hunter2' });
  logger.error({ err: error }, 'no login');
  logger.warn({ password: 'hunter2', facts: { token: 'hunter2', connection: { clientSecret: 'hunter2' } }, body: 'hunter2' }, 'facts');
  expect(said()).not.toContain('hunter2');
  expect(said()).toContain('[redacted]');
  expect(said()).toContain('ELOGIN');
});

it('writes whatever was thrown, also when it is no error', () => {
  const { logger, said } = setUp();
  logger.error({ err: 'just a text' }, 'odd');
  expect(said()).toContain('just a text');
});
