import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const javaMin = 17;
const defaultVersion = '3.9.1';
const fetchMsMax = 280_000;
/** Where packets are lost instead of refused, Maven would wait for a minute, four times over. */
const connectMsMax = 10_000;

const javaVersion = (): number => {
  const { stderr, status } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  return status === 0 ? Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0) : 0;
};

/** `DSF_TEST_KAFKA`: the `host:port` of a broker to use; `DSF_TEST_KAFKA_VERSION`: of the one to fetch and start instead. */
export type KafkaEnvironment = Readonly<Record<string, string | undefined>>;

/** From 4.0 on the console programs stand in a package of their own. */
const packages = (version: string): readonly string[] => (version.startsWith('3.') ? ['kafka_2.13'] : ['kafka_2.13', 'kafka-tools']);

const project = (version: string): string => `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>dsf.test</groupId><artifactId>broker</artifactId><version>1</version>
  <dependencies>
    ${packages(version)
      .map(
        (name) =>
          `<dependency><groupId>org.apache.kafka</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`,
      )
      .join('\n    ')}
  </dependencies>
</project>
`;

const shelf = (): string => join(homedir(), '.cache', 'dsf');
const folderOf = (version: string): string => join(shelf(), `kafka-${version}`);
const versionOf = (environment: KafkaEnvironment): string => environment['DSF_TEST_KAFKA_VERSION'] || defaultVersion;

const download = async (version: string, work: string): Promise<void> => {
  await writeFile(join(work, 'pom.xml'), project(version));
  const copy = ['org.apache.maven.plugins:maven-dependency-plugin:copy-dependencies', '-DoutputDirectory=lib', '-DincludeScope=runtime'];
  const limit = `-Daether.connector.connectTimeout=${connectMsMax}`;
  await run('mvn', ['-q', '-B', limit, ...copy], { cwd: work, timeout: fetchMsMax });
};

const fetchKafka = async (version: string): Promise<string> => {
  const folder = folderOf(version);
  if (existsSync(folder)) return folder;
  await mkdir(shelf(), { recursive: true });
  const work = await mkdtemp(join(tmpdir(), 'dsf-kafka-fetch-'));
  try {
    await download(version, work);
    // Copied beside its place and then renamed: two runs at once never see half of it.
    const part = await mkdtemp(join(shelf(), 'part-'));
    await cp(join(work, 'lib'), part, { recursive: true });
    await rename(part, folder).catch(async (error: unknown) => {
      if (!existsSync(folder)) throw error;
      await rm(part, { recursive: true });
    });
  } finally {
    await rm(work, { recursive: true });
  }
  return folder;
};

/** Folder with the jars of Apache's broker, of the version that `DSF_TEST_KAFKA_VERSION` names; fetched from Maven Central the first time, some 45 MB. */
export const kafkaJars = (environment: KafkaEnvironment): Promise<string> => fetchKafka(versionOf(environment));

/** The cause at the end of what Maven says first: artifacts and addresses of many words stand before it. */
const reasonOf = (error: unknown): string => {
  const said = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
  const line = /\[ERROR\] (.*?)( -> \[Help|$)/m.exec(said)?.[1] ?? (error instanceof Error ? error.message : String(error));
  return line.split(': ').at(-1) ?? line;
};

/** By version. Tried once for all specs of a process: without a network each try takes its time. */
const tries = new Map<string, Promise<string | null>>();

const whyNotFetched = (version: string): Promise<string | null> => {
  const tried =
    tries.get(version) ??
    fetchKafka(version).then(
      () => null,
      (error: unknown) => `Kafka ${version} cannot be fetched with Maven; or give DSF_TEST_KAFKA=host:port: ${reasonOf(error)}`,
    );
  tries.set(version, tried);
  return tried;
};

const isNamed = (environment: KafkaEnvironment): boolean => (environment['DSF_TEST_KAFKA_VERSION'] ?? '') !== '';
const isGiven = (environment: KafkaEnvironment): boolean => (environment['DSF_TEST_KAFKA'] ?? '') !== '';

/** Why there can be no broker here; null when there can. Fetches it where it is not there yet. */
export const whyNoKafka = async (environment: KafkaEnvironment): Promise<string | null> => {
  if (isGiven(environment)) return null;
  const java = javaVersion();
  if (java < javaMin)
    return `Kafka needs Java ${javaMin} or higher, or DSF_TEST_KAFKA=host:port; ${java === 0 ? 'there is no Java' : `Java is ${java}`}`;
  const version = versionOf(environment);
  if (existsSync(folderOf(version))) return null;
  if (spawnSync('mvn', ['-version']).status !== 0)
    return 'Kafka is fetched with Maven (mvn), which is not there; or give DSF_TEST_KAFKA=host:port';
  // A version that was asked for by name and cannot be had is a failure, which `startKafka` finds.
  return isNamed(environment) ? null : whyNotFetched(version);
};

/** Why there can be no broker that tests stop, freeze, or log in to; null when there can. */
export const whyNoOwnKafka = async (environment: KafkaEnvironment): Promise<string | null> =>
  isGiven(environment) ? 'it needs a broker of its own: unset DSF_TEST_KAFKA' : whyNoKafka(environment);
