import { resolve } from 'node:path';
import { embeddedSettings, parseConfig, parseInternal } from '@dsf/config';
import { createProgram } from './program.ts';
import { explainError } from './explain-error.ts';
import { createOutput } from './output.ts';
import type { Session } from './session.ts';

const { env, stdin, stdout, stderr } = process;
const isSet = (variable: string): boolean => (env[variable] ?? '').trim() !== '';
const debug = isSet('DSF_DEBUG') && env['DSF_DEBUG'] !== '0';

// Whoever reads our output may stop reading at any time (`dsf query … | head`): that is their right and no error.
for (const stream of [stdout, stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}

/** Exit codes of a process that a signal ended, as shells report them. */
const signalCodes = { SIGINT: 130, SIGTERM: 143 } as const;

let draining: AbortSignal | null = null;
const drainOnSignal = (): AbortSignal => {
  if (draining !== null) return draining;
  const drain = new AbortController();
  draining = drain.signal;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (drain.signal.aborted) process.exit(signalCodes[signal]);
      drain.abort();
    });
  }
  return drain.signal;
};

const session: Session = {
  home: resolve(parseConfig({ home: embeddedSettings.home }, env).home),
  config: () => parseConfig(embeddedSettings, env),
  wantsHttp: isSet(embeddedSettings.httpPort.variable),
  measures: parseConfig({ measures: embeddedSettings.measures }, env).measures,
  internal: () => parseInternal(env),
  environment: env,
  debug,
  input: stdin,
  out: createOutput(stdout, env),
  talk: createOutput(stderr, env),
  drainOnSignal,
};

try {
  await createProgram(session).parseAsync(process.argv);
} catch (error) {
  const { exitCode, message, hint, unexpected } = explainError(error);
  const { paint } = session.talk;
  if (message !== null) await session.talk.line(`${paint.red('error:')} ${message}`);
  if (hint !== null && !(unexpected && debug)) await session.talk.line(`${paint.dim('hint:')}  ${hint}`);
  if (debug && error instanceof Error && message !== null) await session.talk.line(error.stack ?? '');
  process.exitCode = exitCode;
}
