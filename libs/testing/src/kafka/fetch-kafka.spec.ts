import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { whyNoKafka, whyNoOwnKafka } from './fetch-kafka.ts';

describe('a broker for tests', () => {
  let folder = '';
  const program = (name: string, script: string): void => {
    const file = join(folder, 'bin', name);
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dsf-fetch-kafka-'));
    mkdirSync(join(folder, 'bin'));
    vi.stubEnv('HOME', folder);
    vi.stubEnv('PATH', join(folder, 'bin'));
    program('java', `echo 'openjdk version "21.0.1"' >&2`);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });

  it('is the one that is given, which nobody stops or freezes', async () => {
    const environment = { DSF_TEST_KAFKA: 'elsewhere:9092' };
    expect(await whyNoKafka(environment)).toBeNull();
    expect(await whyNoOwnKafka(environment)).toContain('unset DSF_TEST_KAFKA');
  });

  it('needs a Java that is new enough', async () => {
    program('java', `echo 'openjdk version "11.0.2"' >&2`);
    expect(await whyNoKafka({})).toContain('Java is 11');
    rmSync(join(folder, 'bin', 'java'));
    expect(await whyNoOwnKafka({})).toContain('there is no Java');
  });

  it('is not fetched again, nor is Maven needed, once it is there', async () => {
    expect(await whyNoKafka({})).toContain('Maven (mvn), which is not there');
    mkdirSync(join(folder, '.cache/dsf/kafka-3.9.1'), { recursive: true });
    program('mvn', `: > ${join(folder, 'called')}`);
    expect(await whyNoKafka({})).toBeNull();
    expect(existsSync(join(folder, 'called'))).toBe(false);
  });

  it('is told why it cannot be fetched, once', async () => {
    const turns = join(folder, 'turns');
    program(
      'mvn',
      `[ "$1" = -version ] && exit 0\necho x >> ${turns}\necho '[ERROR] a plugin: a jar: Connection refused -> [Help 1]'\nexit 1`,
    );
    for (const why of [await whyNoKafka({}), await whyNoOwnKafka({})])
      expect(why).toBe('Kafka 3.9.1 cannot be fetched with Maven; or give DSF_TEST_KAFKA=host:port: Connection refused');
    expect(readFileSync(turns, 'utf8')).toBe('x\n');
    // Whoever asks for a version by name is not to be content without it.
    expect(await whyNoKafka({ DSF_TEST_KAFKA_VERSION: '4.1.0' })).toBeNull();
  });
});
