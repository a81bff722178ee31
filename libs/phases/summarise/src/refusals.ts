import type { Coordinates, Point } from '@dsf/messages';
import type { RecordFailure } from '@dsf/ports';

export interface Refusals {
  readonly list: readonly RecordFailure[];
  add(at: Coordinates & { readonly point: Point }, code: string, detail: string): void;
}

/**
 * The batch's refusals. Two inputs of a driver may refuse the same row number of a record, from different tables: the second and further
 * ones get a number in their scope, so that each is a failure of its own.
 */
export const collectRefusals = (version: number): Refusals => {
  const list: RecordFailure[] = [];
  const seen = new Map<string, number>();
  return {
    list,
    add: ({ point, source, partition, offset }, code, detail) => {
      const row = `${point.instance}/${point.row}`;
      const place = `${source}:${partition}:${offset}:${row}`;
      const before = seen.get(place) ?? 0;
      seen.set(place, before + 1);
      const scope = before === 0 ? row : `${row}.${before}`;
      list.push({ phase: 'summarise', source, partition, offset, scope, code, path: null, detail, version });
    },
  };
};
