import type { ColumnType } from '@dsf/metadata';
import type { InstanceLayout } from '@dsf/ports';
import { baseName, physicalName, sqlType, type PhysicalColumn, type TableShape } from './dialect.ts';

/*
 * One table per driver instance, to which each change of a group is appended.
 */

export interface SummaryShape {
  readonly instance: string;
  readonly driver: string;
  readonly base: string;
  readonly view: string;
  readonly keys: readonly string[];
  readonly measures: readonly { readonly name: string; readonly type: ColumnType }[];
  readonly windowed: boolean;
}

/** As the other databases name it. */
export const driverView = (driver: string): string => physicalName(driver.replaceAll('.', '_'));

const taken = ['window_start', 'window_end'];

/** BigQuery compares column names without case. */
const distinctNames = (names: readonly string[]): readonly string[] => {
  const used = new Set(taken);
  return names.map(physicalName).map((name) => {
    let candidate = name;
    for (let suffix = 2; used.has(candidate.toLowerCase()); suffix += 1) candidate = `${name}_${suffix}`;
    used.add(candidate.toLowerCase());
    return candidate;
  });
};

export const shapeOf = ({ instance, driver, keys, measures, windowed }: InstanceLayout): SummaryShape => {
  const names = distinctNames([...keys, ...measures.map(({ name }) => name)]);
  const view = `dsf_sum__${driverView(driver)}__${instance.slice(instance.lastIndexOf('@') + 1)}`;
  return {
    ...{ instance, driver, view, windowed },
    base: baseName(view.slice('dsf_'.length)),
    keys: names.slice(0, keys.length),
    measures: measures.map(({ name, type }, index) => ({ name: names[keys.length + index] ?? name, type })),
  };
};

const system: readonly PhysicalColumn[] = [
  { name: '_dsf_group', type: 'STRING', about: 'Key and window as one text' },
  { name: '_dsf_lane', type: 'INT64', about: 'Lane that computes the group' },
  { name: '_dsf_revision', type: 'INT64', about: 'Rises with every change of the group: the highest counts' },
  { name: '_dsf_status', type: 'STRING', about: 'live; failed: shows no number until it is recomputed; gone: has no rows left' },
  { name: '_dsf_reason', type: 'STRING', about: 'Why it changed: update, late, correction, rebuild, retract' },
  { name: '_dsf_version', type: 'INT64', about: 'Version of the definitions' },
  { name: '_dsf_updated_at', type: 'TIMESTAMP', about: 'When it was computed' },
  { name: 'window_start', type: 'TIMESTAMP', about: 'Begin of the window; NULL without one' },
  { name: 'window_end', type: 'TIMESTAMP', about: 'End of the window, not part of it' },
  { name: '_dsf_key', type: 'STRING', about: 'Key, exactly, as JSON' },
  { name: '_dsf_measures', type: 'STRING', about: 'Measures, exactly, as JSON' },
  { name: '_dsf_day', type: 'DATE', about: 'Day on which it was computed, UTC: the partition' },
];

export const summaryColumns = ({ keys, measures }: SummaryShape): readonly PhysicalColumn[] => [
  ...system,
  ...keys.map((name): PhysicalColumn => ({ name, type: 'STRING', about: 'Part of the key, as text' })),
  ...measures.map(({ name, type }): PhysicalColumn => ({
    name,
    type: sqlType(type),
    about: 'Measure; NULL where its type cannot hold it',
  })),
];

export const summaryTable = (shape: SummaryShape): TableShape => ({
  name: shape.base,
  about: `Every change of a group of ${shape.instance}; read ${shape.view} or the view of the driver instead`,
  columns: summaryColumns(shape),
  cluster: ['_dsf_group'],
});
