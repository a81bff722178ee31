import { createReadStream } from 'node:fs';
import type { Header } from '@dsf/messages';
import { pathSegments } from '@dsf/metadata';
import { Command, InvalidArgumentError } from 'commander';
import { counted } from '../counted.ts';
import { CommandError, exitCodes } from '../exit-codes.ts';
import { findTopic } from '../find-topic.ts';
import { keyReader } from '../message-key.ts';
import { createMessageSender, type NewMessage, type Target } from '../send-messages.ts';
import { loadCatalog, withExisting, type Session } from '../session.ts';
import { LineTooLongError, splitLines } from '../split-lines.ts';

interface ProduceOptions {
  readonly key?: string;
  readonly header: readonly Header[];
}

/** Bytes read from the input at once: with its lines, all that is held in memory. */
const chunkBytes = 1024 * 1024;
const encoder = new TextEncoder();

const addHeader = (text: string, headers: readonly Header[]): readonly Header[] => {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Write it as name=value.');
  return [...headers, [text.slice(0, at), encoder.encode(text.slice(at + 1))]];
};

const parsePath = (path: string): string => {
  if (path === '' || pathSegments(path).join('.') !== path) throw new InvalidArgumentError('Write a path such as id or customer.id.');
  return path;
};

const openInput = (session: Session, file: string): AsyncIterable<Uint8Array> =>
  file === '-' ? session.input : createReadStream(file, { highWaterMark: chunkBytes });

const inputFailed = (file: string, error: unknown): CommandError | null => {
  if (!(error instanceof Error && 'syscall' in error && 'code' in error)) return null;
  const words = error.code === 'ENOENT' ? 'there is no such file' : error.code === 'EISDIR' ? 'it is a folder' : error.message;
  return new CommandError(exitCodes.failure, `${file} cannot be read: ${words}`);
};

/** Sends each line as one message, byte by byte as it is; what is wrong with it is for the pipeline to say. */
const produce = async (session: Session, target: Target, file: string, options: ProduceOptions): Promise<void> => {
  const sender = createMessageSender(target);
  const readKey = options.key === undefined ? null : keyReader(options.key);
  let keyless = 0;
  const toMessage = (body: Uint8Array): NewMessage => {
    const key = readKey?.(body) ?? null;
    if (key === null) keyless += 1;
    return { key, headers: options.header, body };
  };
  const account = (): string => `${counted(sender.sent().messages, 'message')} sent to ${target.topic}`;
  try {
    for await (const lines of splitLines(openInput(session, file), target.transport.capabilities.messageBytesMax))
      await sender.send(lines.map(toMessage));
  } catch (error) {
    if (sender.sent().messages > 0)
      await session.talk.line(`${account()} before it stopped; sending the whole input again would repeat them`);
    if (error instanceof LineTooLongError)
      throw new CommandError(exitCodes.failure, `${file === '-' ? 'standard input' : file}: ${error.message}`);
    throw inputFailed(file, error) ?? error;
  }
  await session.talk.line(account());
  if (readKey !== null && keyless > 0)
    await session.talk.line(`${counted(keyless, 'message')} had no single value at ${options.key ?? ''} and went without a key`);
};

export const produceCommand = (session: Session): Command =>
  new Command('produce')
    .summary('send each line of a file or of standard input as one message')
    .description(
      'Sends each line of a file, or of standard input, as one message to a source or topic: byte by byte as it is, in order, as it comes.',
    )
    .argument('<source-or-topic>', 'name of a source, or of a topic')
    .argument('[file]', 'file to read; - is standard input', '-')
    .option('--key <path>', 'where in the message its key is; messages with one key stay in order', parsePath)
    .option('--header <name=value>', 'header for every message; may be repeated', addHeader, [])
    .action((word: string, file: string, options: ProduceOptions) =>
      withExisting(session, async (installation) =>
        produce(session, await findTopic(installation, await loadCatalog(installation), word), file, options),
      ),
    );
