import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeOnKafka, realClock, startKafka, whyNoOwnKafka, type KafkaBroker } from '@dsf/testing';
import { openKafkaTransport, type KafkaTransport } from '@dsf/transport-kafka';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { repository } from './specs/dsf-process.ts';

// The names of its topics may be taken on a broker of someone else.
const reason = await whyNoOwnKafka(process.env);

/** Commands of the page, and what it shows that they print; nothing where it shows nothing. */
interface Step {
  readonly commands: string;
  readonly shown: readonly string[];
}

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');

/** The page leaves out how many rows there are, which it shows. */
const isCount = (line: string): boolean => /^\d+ rows?$/.test(line);

/** `$` begins a command in a block that shows output; a block of shell is commands alone. */
const stepsOf = (section: string): readonly Step[] =>
  [...section.matchAll(/^```(\w*)\n(.*?)^```$/gms)].flatMap(([, kind = '', text = '']): readonly Step[] => {
    if (kind === 'sh') return [{ commands: text, shown: [] }];
    return text
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const [commands = '', ...shown] = linesOf(part);
        return { commands, shown };
      });
  });

const create = /^kafka-topics\.sh --bootstrap-server localhost:9092 --create --topic (\S+) --partitions (\d+)$/gm;
const mark = '--- step ---';

/** Runs the steps in one shell, as a reader would. @returns what each printed */
const runAll = async (steps: readonly Step[], folder: string): Promise<readonly string[]> => {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const npx = join(bin, 'npx');
  writeFileSync(
    npx,
    `#!/bin/sh\nshift\nexec "${process.execPath}" --conditions=@dsf/source "${join(repository, 'apps/dsf/bin/dsf.mjs')}" "$@"\n`,
  );
  chmodSync(npx, 0o755);
  const script = steps.map(({ commands }) => `${commands}\necho '${mark}'\n`).join('');
  const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}` };
  // What a terminal shows is both outputs.
  const child = spawn('bash', ['-e', '-o', 'pipefail', '-c', `exec 2>&1\n${script}`], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const [code] = (await once(child, 'close')) as [number | null];
  expect(code, printed).toBe(0);
  return printed.split(`${mark}\n`).slice(0, -1);
};

const revision = /"revision":(\d+)/;
const isDocument = (line: string): boolean => line.startsWith('{"revision"');
const withoutRevision = (line: string): string => line.replace(revision, '"revision":n');
const revisionOf = (line: string): number => Number(revision.exec(line)?.[1]);

/**
 * Documents may have other revisions, which rise; and be one where both messages came in one batch. The messages have no key, so that they are in
 * partitions of their own, and either may come first.
 * @param totals - of the messages, as they are sent
 */
const expectDocuments = (printed: readonly string[], shown: readonly string[], totals: readonly string[]): void => {
  const [first = '', last] = shown.map(withoutRevision);
  const early = totals.map((total) => first.replace(/"revenue":"[^"]*"/, `"revenue":"${total}"`));
  expect(early).toContain(first);
  const got = printed.map(withoutRevision);
  expect(got.at(-1)).toBe(last);
  expect([[], ...early.map((document) => [document])]).toContainEqual(got.slice(0, -1));
  const revisions = printed.map(revisionOf);
  expect(revisions).toEqual([...new Set(revisions)].toSorted((a, b) => a - b));
};

describeOnKafka(reason, 'the section On Kafka of README.md', () => {
  let broker: KafkaBroker;
  let direct: KafkaTransport;
  let folder = '';
  beforeAll(async () => {
    broker = await startKafka(process.env);
    direct = openKafkaTransport({ connection: { brokers: [broker.address] }, clock: realClock });
    folder = mkdtempSync(join(tmpdir(), 'dsf-readme-'));
  }, 300_000);
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await direct.close();
    await broker.close();
  });

  it('works as it stands there, and prints what it shows', async () => {
    const section = /^## On Kafka$(.*?)^## /ms.exec(readFileSync(join(repository, 'README.md'), 'utf8'))?.[1] ?? '';
    // Kafka's own program is not among the jars of each version: DSF's client makes the topics that it would make.
    const topics = [...section.matchAll(create)].map(([, topic = '', partitions]) => ({ topic, partitions: Number(partitions) }));
    expect(topics).toHaveLength(2);
    for (const { topic, partitions } of topics) await direct.ensureTopic(topic, partitions);
    const steps = stepsOf(section.replaceAll(create, '').replaceAll('localhost:9092', broker.address));
    const printed = (await runAll(steps, folder)).map(linesOf);
    const showing = steps.flatMap(({ shown }, at) => (shown.length === 0 ? [] : [{ shown, printed: printed[at] ?? [] }]));
    expect(showing).toHaveLength(3);
    const totals = [...section.matchAll(/"total":([\d.]+)/g)].map(([, total = '']) => total);
    for (const { shown, printed } of showing) {
      if (shown.every(isDocument)) expectDocuments(printed, shown, totals);
      else expect(printed.filter((line) => !isCount(line))).toEqual(shown);
    }
    const planned = printed.at(-1)?.join('\n') ?? '';
    const lanes = Number(/, (\d+) lanes$/m.exec(planned)?.[1]);
    for (const topic of ['dsf.raw', 'dsf.points', 'dsf.summary']) {
      expect(planned).toContain(`+ ${topic}  partitions ${lanes}, `);
      expect(await direct.partitionCount(topic)).toBe(lanes);
    }
  });
});
