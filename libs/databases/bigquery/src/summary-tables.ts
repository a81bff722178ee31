import { driverView, instanceTable, nameColumns, type InstanceLayout } from '@dsf/ports';
import { baseName, physicalName, sqlType, type PhysicalColumn, type TableShape } from './dialect.ts';

/*
 * One table per driver instance, to which each change of a group is appended.
 */

export type SummaryShape = InstanceLayout & {
  readonly base: string;
  readonly view: string;
};

/** As the other databases name it. */
export const viewOfDriver = (driver: string): string => physicalName(driverView(driver));

export const shapeOf = ({ instance, driver, keys, measures, windowed }: InstanceLayout): SummaryShape => {
  const view = instanceTable(viewOfDriver(driver), instance);
  return {
    ...{ instance, driver, view, windowed },
    base: baseName(view.slice('dsf_'.length)),
    ...nameColumns({ key: keys.map(physicalName), measures: measures.map(({ name, type }) => ({ name: physicalName(name), type })) }),
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
