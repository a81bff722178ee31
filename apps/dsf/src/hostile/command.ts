import { Readable, Writable } from 'node:stream';
import { embeddedSettings, parseConfig, parseInternal } from '@dsf/config';
import { explainError } from '../explain-error.ts';
import { createOutput, type Output } from '../output.ts';
import { createProgram } from '../program.ts';

/** What a shell would have seen. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A stream that keeps what is written to it, and is no terminal. */
const capture = (): { readonly output: Output; readonly text: () => string } => {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk);
      done();
    },
  });
  // Commands use nothing of a terminal where `isTTY` is not set.
  const output = createOutput(stream as unknown as NodeJS.WriteStream, {});
  return { output, text: () => Buffer.concat(chunks).toString() };
};

/** Runs `dsf …` in this process, as main.ts does, on the installation in `home`. */
export const runCommand = async (home: string, args: readonly string[]): Promise<Ran> => {
  const [out, talk] = [capture(), capture()];
  const session = {
    home,
    config: () => parseConfig(embeddedSettings, {}),
    wantsHttp: false,
    measures: null,
    internal: () => parseInternal({}),
    environment: {},
    debug: false,
    input: Readable.from([]),
    out: out.output,
    talk: talk.output,
    drainOnSignal: () => new AbortController().signal,
  };
  let code = 0;
  try {
    await createProgram(session).parseAsync(['node', 'dsf', ...args]);
  } catch (error) {
    const { exitCode, message, hint } = explainError(error);
    if (message !== null) await talk.output.line(`error: ${message}`);
    if (hint !== null) await talk.output.line(`hint:  ${hint}`);
    code = exitCode;
  }
  return { code, stdout: out.text(), stderr: talk.text() };
};
