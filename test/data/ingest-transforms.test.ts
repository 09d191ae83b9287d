import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ColumnMapping } from '../../src/contract/config.ts';
import type { ColumnType } from '../../src/data/contract.ts';
import { type CellContext, cellExpression } from '../../src/data/transforms.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import type { Engine, Value } from '../../src/engine/engine.ts';

const UTC: CellContext = { dateOrder: undefined, sourceZone: 'UTC', zone: 'UTC' };
let engine: Engine;

beforeAll(async () => {
  engine = await openDuckDB({ threads: 1 });
});
afterAll(() => engine.close());

async function cell(
  value: string,
  type: ColumnType,
  mapping: ColumnMapping = {},
  by: string | null = null,
  context: Partial<CellContext> = {},
): Promise<Value> {
  const sql = cellExpression(mapping, type, 'r', 'b', { ...UTC, ...context });
  const [row] = await engine.rows(
    `select ${sql} as v from (select cast($value as varchar) as r, cast($by as varchar) as b)`,
    { value, by },
  );
  return row?.v ?? null;
}

describe('cells', () => {
  it.each<[string, ColumnType, Value]>([
    ['2024-01-05T23:00:00-05:00', 'timestamp', '2024-01-06T04:00:00Z'],
    ['2024-01-05 10:00:00.123 +0200', 'timestamp', '2024-01-05T08:00:00.123Z'],
    ['2024-01-05 10:00:00 UTC', 'timestamp', '2024-01-05T10:00:00Z'],
    ['February 19, 2023, 8:14 AM', 'timestamp', '2023-02-19T08:14:00Z'],
    ['05-Jan-24', 'date', '2024-01-05'],
    ['20240105', 'date', '2024-01-05'],
    ['2024-02', 'date', '2024-02-01'],
    ['2024/2', 'date', '2024-02-01'],
    ['2024-13', 'date', null],
    ['2024', 'date', null],
    ['01-02-24', 'date', null],
    ['2024-02-30', 'date', null],
    ['9999-12-31', 'date', null],
    ['1.234,50', 'money', 1234.5],
    ['$1,234.50', 'money', 1234.5],
    ['€ 99', 'money', 99],
    ['1,23,4', 'money', null],
    ['99999999999999999999', 'integer', null],
    ['5.0', 'integer', 5],
    ['yes', 'boolean', true],
    ['0', 'boolean', false],
    ['maybe', 'boolean', null],
    [' A1 ', 'id', 'A1'],
  ])('%s as %s is %s', async (value, type, expected) => {
    expect(await cell(value, type)).toBe(expected);
  });

  it('of a bare month stand for its last day where something ended in it', async () => {
    const sql = cellExpression({}, 'date', 'r', undefined, UTC, 'last');
    const [row] = await engine.rows(`select ${sql} as v from (select '2024-02' as r)`);
    expect(row?.['v']).toBe('2024-02-29');
  });

  it.each<[string, ColumnType, ColumnMapping, string | null, Value]>([
    ['1999', 'money', { transform: 'cents' }, null, 19.99],
    ['1999', 'money', { transform: 'minor_units' }, 'JPY', 1999],
    ['1999', 'money', { transform: 'minor_units' }, 'kwd', 1.999],
    ['1999', 'money', { transform: 'minor_units' }, 'usd', 19.99],
    ['1704448800', 'timestamp', { transform: 'epoch_seconds' }, null, '2024-01-05T10:00:00Z'],
    ['1704448800123', 'timestamp', { transform: 'epoch_millis' }, null, '2024-01-05T10:00:00.123Z'],
    ['90', 'timestamp', { transform: 'minutes_after' }, '2024-01-05 10:00:00', '2024-01-05T11:30:00Z'],
    ['1.5', 'timestamp', { transform: 'hours_after' }, '2024-01-05', '2024-01-05T01:30:00Z'],
    ['15', 'rate', { transform: 'percent' }, null, 0.15],
    ['1200', 'money', { transform: 'per_interval_month' }, 'annual', 100],
    ['1200', 'money', { transform: ['cents', 'per_interval_month'] }, '3', 4],
    ['1200', 'money', { transform: 'annual_to_monthly' }, null, 100],
    ['12', 'text', { transform: 'months_to_billing_period' }, null, 'year'],
    // Salesforce's own example of a 15-character id and its 18-character form.
    ['001A0000006Vm9r', 'id', { transform: 'salesforce_id' }, null, '001A0000006Vm9rIAC'],
    ['001A0000006Vm9rIAC', 'id', { transform: 'salesforce_id' }, null, '001A0000006Vm9rIAC'],
    ['Ann@Acme.COM', 'text', { transform: 'email_domain' }, null, 'acme.com'],
    ['ABC', 'text', { transform: 'lowercase' }, null, 'abc'],
    ['true', 'boolean', { transform: 'not' }, null, false],
    ['Closed Won', 'text', { values: { 'closed won': 'won' } }, null, 'won'],
  ])('%s as %s through %j by %s is %s', async (value, type, mapping, by, expected) => {
    expect(await cell(value, type, mapping, by)).toBe(expected);
  });

  it('reads numeric dates in the order of the file and year-first ones in any', async () => {
    expect(await cell('05/01/2024', 'date', {}, null, { dateOrder: 'dmy' })).toBe('2024-01-05');
    expect(await cell('05/01/24 2:05 PM', 'timestamp', {}, null, { dateOrder: 'mdy' })).toBe('2024-05-01T14:05:00Z');
    expect(await cell('2024-01-05', 'date', {}, null, { dateOrder: 'mdy' })).toBe('2024-01-05');
    expect(await cell('13/02/2024', 'date', {}, null, { dateOrder: 'mdy' })).toBe(null);
    // Their fifth character is a stroke, as in a date that begins with the year.
    for (const type of ['date', 'timestamp'] as const) {
      expect(String(await cell('2/10/21', type, {}, null, { dateOrder: 'mdy' })).slice(0, 10)).toBe('2021-02-10');
      expect(String(await cell('2/10/21', type, {}, null, { dateOrder: 'dmy' })).slice(0, 10)).toBe('2021-10-02');
      expect(String(await cell('20/1/21', type, {}, null, { dateOrder: 'dmy' })).slice(0, 10)).toBe('2021-01-20');
    }
  });

  it('moves clocks without an offset from the file to the configuration, dates without a clock never', async () => {
    const zones = { sourceZone: 'America/New_York', zone: 'Europe/Berlin' };
    expect(await cell('2024-01-05 23:00:00', 'date', {}, null, zones)).toBe('2024-01-06');
    expect(await cell('2024-01-05', 'date', {}, null, zones)).toBe('2024-01-05');
    expect(await cell('2024-01-05T23:30:00Z', 'date', {}, null, zones)).toBe('2024-01-06');
  });
});
