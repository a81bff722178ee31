import { definitionsSchema, freshSnapshot, withLanes, type Definitions, type Snapshot } from '@dsf/metadata';
import { catalogBehind, Failure, type Activation, type MetadataStore, type VersionInfo } from '@dsf/ports';

/** Config tables and versions in memory, shared by the handles that are opened on them. */
export interface MemoryConfig {
  tables: Definitions;
  /** Data has flowed: only a resize may change the number of lanes. */
  lanesFixed: boolean;
  readonly versions: { readonly snapshot: Snapshot; readonly info: VersionInfo }[];
  /** Ends of the transactions that hold the version in force: none comes into force before. */
  readonly holds: Set<Promise<void>>;
}

export const createMemoryConfig = (): MemoryConfig => ({
  tables: definitionsSchema.parse({}),
  lanesFixed: false,
  versions: [],
  holds: new Set(),
});

/** Until `end`, no version comes into force. @throws Failure `retry` `catalog.behind` when another one is than `version` */
export const holdVersion = ({ versions, holds }: MemoryConfig, version: number, end: Promise<void>): void => {
  if (versions.length !== version) throw catalogBehind(version, versions.length);
  holds.add(end);
  void end.then(() => holds.delete(end));
};

/** Where a test may come between a caller and the store. */
export interface MetadataHooks {
  before(call: string): Promise<void>;
}

const noHooks: MetadataHooks = { before: async () => undefined };

type Change = Parameters<MetadataStore['activate']>[0];

const activate = (config: MemoryConfig, change: Change): Activation => {
  const { lanes } = change;
  const tables = change.definitions ?? config.tables;
  const definitions = lanes === undefined ? tables : { ...tables, settings: { ...tables.settings, lanes } };
  const current = config.versions.length;
  const before = config.versions.at(-1)?.snapshot ?? null;
  const snapshot = lanes === undefined || before === null ? freshSnapshot(before, definitions) : withLanes(before, lanes);
  if (before !== null && JSON.stringify(snapshot) === JSON.stringify(before)) {
    config.tables = definitions;
    return { kind: 'unchanged', version: current };
  }
  const [fixed, wanted] = [before?.definitions.settings.lanes, definitions.settings.lanes];
  if (config.lanesFixed && fixed !== wanted && lanes === undefined) {
    const at = ['settings', 'lanes'];
    return {
      kind: 'refused',
      problems: [{ code: 'settings.lanes-fixed', message: `the number of lanes is ${fixed}`, hint: '', at, severity: 'error' }],
    };
  }
  const version = current + 1;
  const { catalog, problems } = change.check(snapshot, version);
  if (catalog === null || problems.some(({ severity }) => severity === 'error')) return { kind: 'refused', problems };
  config.tables = definitions;
  config.versions.push({ snapshot, info: { version, activatedAt: change.now, comment: change.comment } });
  return { kind: 'activated', version };
};

/** A handle on config tables in memory. It knows no SQL, so what people write past DSF cannot be tried here. */
export const openMemoryMetadata = (config: MemoryConfig, hooks: MetadataHooks = noHooks): MetadataStore => {
  const call = async <T>(name: string, work: () => T): Promise<T> => {
    await hooks.before(name);
    return work();
  };
  return {
    currentVersion: () => call('currentVersion', () => config.versions.length),
    loadVersion: (version) =>
      call('loadVersion', () => {
        const found = config.versions[version - 1];
        if (found === undefined) throw new Failure('fatal', 'metadata.version-missing', `there is no version ${version}`, { version });
        return found.snapshot;
      }),
    history: () => call('history', () => config.versions.map(({ info }) => info)),
    readTables: () => call('readTables', () => ({ definitions: config.tables, problems: [] })),
    writeTables: (definitions) =>
      call('writeTables', () => {
        config.tables = definitions;
      }),
    async activate(change) {
      await hooks.before('activate');
      while (config.holds.size > 0) {
        await Promise.all(config.holds);
        await hooks.before('activate');
      }
      return activate(config, change);
    },
    close: async () => undefined,
  };
};
