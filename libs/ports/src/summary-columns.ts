/** Lower-case names that columns have already. */
type Taken = ReadonlySet<string>;

/** Finds a name for a column beside those that are taken. */
export type FreeName = (wanted: string, taken: Taken) => string;

/** Every view of a driver has them. */
const windowColumns = ['window_start', 'window_end'];

/** Databases compare names without case, so a measure `Country` beside a key `country` becomes `Country_2`. */
export const freeName: FreeName = (wanted, taken) => {
  let candidate = wanted;
  for (let suffix = 2; taken.has(candidate.toLowerCase()); suffix += 1) candidate = `${wanted}_${suffix}`;
  return candidate;
};

/** Key parts and measures of a driver instance under names that can stand beside each other, in their order. */
export const nameColumns = <Measure extends { readonly name: string }>(
  { key, measures }: { readonly key: readonly string[]; readonly measures: readonly Measure[] },
  free: FreeName = freeName,
): { readonly keys: readonly string[]; readonly measures: readonly Measure[] } => {
  const taken = new Set(windowColumns);
  const take = (wanted: string): string => {
    const name = free(wanted, taken);
    taken.add(name.toLowerCase());
    return name;
  };
  return { keys: key.map(take), measures: measures.map((measure) => ({ ...measure, name: take(measure.name) })) };
};

/** A driver's name as the name of its view: dots are no part of a table's name. */
export const driverView = (driver: string): string => driver.replaceAll('.', '_');

/** The name of an instance's table. */
export const instanceTable = (driver: string, instance: string): string =>
  `dsf_sum__${driverView(driver)}__${instance.slice(instance.lastIndexOf('@') + 1)}`;
