import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const javaMin = 17;
const fetchMsMax = 280_000;

const javaVersion = (): number => {
  const { stderr, status } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  return status === 0 ? Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0) : 0;
};

/** `DSF_TEST_KAFKA`: the `host:port` of a broker to use; `DSF_TEST_KAFKA_VERSION`: of the one to fetch and start instead. */
export type KafkaEnvironment = Readonly<Record<string, string | undefined>>;

/** Why there can be no broker here; null when there can. */
export const whyNoKafka = (environment: KafkaEnvironment): string | null => {
  if ((environment['DSF_TEST_KAFKA'] ?? '') !== '') return null;
  const java = javaVersion();
  if (java < javaMin)
    return `Kafka needs Java ${javaMin} or higher, or DSF_TEST_KAFKA=host:port; ${java === 0 ? 'there is no Java' : `Java is ${java}`}`;
  if (spawnSync('mvn', ['-version']).status !== 0)
    return 'Kafka is fetched with Maven (mvn), which is not there; or give DSF_TEST_KAFKA=host:port';
  return null;
};

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

/** Folder with the jars of Apache's broker; fetched from Maven Central the first time, some 45 MB. */
export const fetchKafka = async (version: string): Promise<string> => {
  const shelf = join(homedir(), '.cache', 'dsf');
  const folder = join(shelf, `kafka-${version}`);
  if (existsSync(folder)) return folder;
  await mkdir(shelf, { recursive: true });
  const work = await mkdtemp(join(tmpdir(), 'dsf-kafka-fetch-'));
  await writeFile(join(work, 'pom.xml'), project(version));
  await run('mvn', ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=lib', '-DincludeScope=runtime'], {
    cwd: work,
    timeout: fetchMsMax,
  });
  // Copied beside its place and then renamed: two runs at once never see half of it.
  const part = await mkdtemp(join(shelf, 'part-'));
  await cp(join(work, 'lib'), part, { recursive: true });
  await rename(part, folder).catch(async (error: unknown) => {
    if (!existsSync(folder)) throw error;
    await rm(part, { recursive: true });
  });
  await rm(work, { recursive: true });
  return folder;
};
