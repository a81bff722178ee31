import { once } from 'node:events';
import type { WriteStream } from 'node:tty';
import { Ansis } from 'ansis';

/** One of the two streams that a command writes to. */
export interface Output {
  readonly isTerminal: boolean;
  /** Colours as this stream takes them; plain text where it takes none. */
  readonly paint: Ansis;
  /** Resolves when the stream takes more, so that a slow reader slows us down instead of filling the memory. */
  write(text: string): Promise<void>;
  line(text: string): Promise<void>;
  readonly stream: NodeJS.WriteStream;
}

/** Whether to colour, by the rules of NO_COLOR, FORCE_COLOR and the kind of terminal. */
const takesColours = (stream: NodeJS.WriteStream & Partial<Pick<WriteStream, 'hasColors'>>, env: NodeJS.ProcessEnv): boolean => {
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false;
  if (env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '') return env['FORCE_COLOR'] !== '0';
  return stream.isTTY && stream.hasColors?.(env) === true;
};

export const createOutput = (stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Output => {
  const write = async (text: string): Promise<void> => {
    if (!stream.write(text)) await once(stream, 'drain');
  };
  return {
    isTerminal: stream.isTTY,
    paint: new Ansis(takesColours(stream, env) ? 1 : 0),
    write,
    line: (text) => write(`${text}\n`),
    stream,
  };
};
