import { describe, expect, it } from 'vitest';
import { createTable, flatColumns, physicalName, quoteName, quoteText } from './dialect.ts';

describe('names of BigQuery', () => {
  it('stay where BigQuery takes them, and get the hash of what they were where it does not', () => {
    expect(physicalName('order_total')).toBe('order_total');
    expect(physicalName('größe')).toMatch(/^x_gr_+o_+e_[0-9a-f]{8}$|^x_gro_e_[0-9a-f]{8}$|^x_\w+_[0-9a-f]{8}$/);
    expect(physicalName('größe')).not.toBe(physicalName('grösse'));
    for (const name of ['_PARTITIONTIME', '_table_suffix', '1st', '`; DROP TABLE x', 'a'.repeat(400)]) {
      expect(physicalName(name)).toMatch(/^x_[A-Za-z0-9_]+$/);
      expect(physicalName(name).length).toBeLessThanOrEqual(300);
    }
  });

  it('and texts are never more than that', () => {
    expect(() => quoteName('a`b')).toThrow('letters');
    expect(quoteText("it's a \\ and\na \0")).toBe("'it\\'s a \\\\ and\\na \\x00'");
  });
});

describe('a table of BigQuery', () => {
  it('is partitioned by the day of ingest, clustered by coordinates, and described', () => {
    const columns = flatColumns({
      ...{ id: 1, source: 1, path: '', name: 'orders', parent: null },
      columns: [{ id: 1, path: 'total', name: 'total', type: 'decimal', role: 'value' }],
    });
    const ddl = createTable('dsf', {
      name: 'dsf_base_orders',
      about: 'Root rows',
      columns,
      cluster: ['_dsf_src', '_dsf_part', '_dsf_off'],
    });
    expect(ddl).toContain('PARTITION BY _dsf_day\nCLUSTER BY `_dsf_src`, `_dsf_part`, `_dsf_off`');
    expect(ddl).toContain("`total` BIGNUMERIC(38, 12) OPTIONS(description='Value of total')");
  });
});
