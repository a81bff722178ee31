import { once } from 'node:events';
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

/** Node leaves `isTTY` out where it is not one. */
const isTerminal = (stream: { readonly isTTY?: boolean }): boolean => stream.isTTY === true;

/** Whether to colour, by the rules of NO_COLOR, FORCE_COLOR and the kind of terminal. */
const takesColours = (stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): boolean => {
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false;
  if (env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '') return env['FORCE_COLOR'] !== '0';
  return isTerminal(stream) && stream.hasColors(env);
};

export const createOutput = (stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Output => {
  const write = async (text: string): Promise<void> => {
    if (!stream.write(text)) await once(stream, 'drain');
  };
  return {
    isTerminal: isTerminal(stream),
    paint: new Ansis(takesColours(stream, env) ? 1 : 0),
    write,
    line: (text) => write(`${text}\n`),
    stream,
  };
};
