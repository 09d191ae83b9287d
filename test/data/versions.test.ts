import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SQL_TYPES, TABLES } from '../../src/data/contract.ts';
import { COPIES, createVersionViews, versionAttributes } from '../../src/data/versions.ts';
import { VIEWS } from '../../src/data/views.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import type { Engine, Row } from '../../src/engine/engine.ts';

/** The day the exports of these tests are read; earlier nights were on 3 January and 1 February. */
const TODAY = '2025-03-01';

describe('attributes as they were on the day', () => {
  let engine: Engine;

  beforeEach(async () => {
    engine = await openDuckDB({ threads: 1 });
    for (const name of ['account', 'contact']) {
      const columns = (TABLES.find((table) => table.name === name)?.columns ?? []).map(
        (column) => `"${column.name}" ${SQL_TYPES[column.type]}`,
      );
      await engine.execute(
        `create table ${name} (${columns.join(', ')}, known_on date, row_key varchar, source_file varchar)`,
      );
    }
    await engine.execute(`
      create table settings as select date '2025-01-04' as first_seen_on;
      create table ${COPIES} (table_name varchar, row_key varchar, column_name varchar, value varchar, seen_on date, run_number integer);
      insert into account by name
      select * from (values ('a', 'Alder', 'pro', 'Eve', 9, null),
        ('b', 'Birch', 'basic', 'Dana', 3, null),
        ('n', 'New', 'basic', 'Dana', 1, null),
        ('c', 'Cedar', 'basic', null, 4, date '2024-06-01')) as t (account_id, name, plan, csm, seats, known_on);`);
    await copy('account', 1, '2025-01-03', [
      ['a', 'name', 'Alder'],
      ['a', 'plan', 'basic'],
      ['a', 'csm', 'Dana'],
      ['a', 'seats', '5'],
      ['b', 'name', 'Birch'],
      ['b', 'plan', 'basic'],
      ['b', 'csm', 'Dana'],
      ['b', 'seats', '3'],
      ['c', 'name', 'Cedar'],
      ['c', 'plan', 'basic'],
      ['c', 'csm', 'Dana'],
    ]);
    // On 1 February a's plan had changed, and c's CSM was gone.
    await copy('account', 2, '2025-02-01', [
      ['a', 'plan', 'pro'],
      ['c', 'csm', null],
    ]);
    await createVersionViews(engine);
    for (const name of ['account_asof', 'contact_asof']) {
      await engine.execute(VIEWS.find((view) => view.name === name)?.sql ?? '');
    }
  });
  afterEach(() => engine.close());

  async function copy(table: string, run: number, day: string, cells: [string, string, string | null][]) {
    for (const [row_key, column_name, value] of cells) {
      await engine.execute(`insert into ${COPIES} values ($table, $row_key, $column_name, $value, $day::date, $run)`, {
        table,
        row_key,
        column_name,
        value,
        day,
        run,
      });
    }
  }

  const on = (day: string, id: string): Promise<Row[]> =>
    engine.rows('select plan, csm, seats from account_asof($day::date) where account_id = $id', { day, id });

  it('are those of the last copy up to the day, and of the export from the day it was read', async () => {
    await versionAttributes(engine, TODAY);
    expect(await on('2025-01-20', 'a')).toEqual([{ plan: 'basic', csm: 'Dana', seats: 5 }]);
    expect(await on('2025-02-01', 'a')).toEqual([{ plan: 'pro', csm: 'Dana', seats: 5 }]);
    expect(await on('2025-02-28', 'a')).toEqual([{ plan: 'pro', csm: 'Dana', seats: 5 }]);
    expect(await on(TODAY, 'a')).toEqual([{ plan: 'pro', csm: 'Eve', seats: 9 }]);
    // Nothing of b ever changed.
    expect(await on('2025-01-20', 'b')).toEqual(await on(TODAY, 'b'));
  });

  it('look before the first copy as in it, as far as rows without a day are known then', async () => {
    await versionAttributes(engine, TODAY);
    // settings.first_seen_on lies a day after the first copy, which is therefore the day they are known from.
    expect(await on('2025-01-03', 'a')).toEqual([{ plan: 'basic', csm: 'Dana', seats: 5 }]);
    expect(await on('2025-01-02', 'a')).toEqual([]);
    // c has a day of its own; plan and seats, which exports overwrite, still wait for the first sight.
    expect(await on('2025-01-02', 'c')).toEqual([{ plan: null, csm: 'Dana', seats: null }]);
  });

  it('can become empty, and were empty before a first value', async () => {
    await versionAttributes(engine, TODAY);
    expect(await on('2025-01-20', 'c')).toEqual([{ plan: 'basic', csm: 'Dana', seats: null }]);
    expect(await on('2025-02-10', 'c')).toEqual([{ plan: 'basic', csm: null, seats: null }]);
    expect(await on(TODAY, 'c')).toEqual([{ plan: 'basic', csm: null, seats: 4 }]);
  });

  it('of a row without a day that stands in no earlier copy are known from the day it was first seen', async () => {
    expect(await on('2025-02-28', 'n')).toHaveLength(1);
    await versionAttributes(engine, TODAY);
    expect(await on('2025-02-28', 'n')).toEqual([]);
    expect(await on(TODAY, 'n')).toHaveLength(1);
  });

  it('change nothing where nothing was copied yet', async () => {
    await engine.execute(`delete from ${COPIES}`);
    const before = await engine.rows("select * from account_asof('2025-02-01') order by account_id");
    await versionAttributes(engine, TODAY);
    expect(await engine.rows("select * from account_asof('2025-02-01') order by account_id")).toEqual(before);
    expect(before).toHaveLength(4);
  });

  it('of a column that no run copied before look as in its first copy', async () => {
    await copy('account', 2, '2025-02-01', [['a', 'industry', 'Retail']]);
    await engine.execute("update account set industry = 'Media' where account_id = 'a'");
    await versionAttributes(engine, TODAY);
    const industry = (day: string) =>
      engine.rows("select industry from account_asof($day::date) where account_id = 'a'", { day });
    expect(await industry('2025-01-20')).toEqual([{ industry: 'Retail' }]);
    expect(await industry('2025-02-10')).toEqual([{ industry: 'Retail' }]);
    expect(await industry(TODAY)).toEqual([{ industry: 'Media' }]);
  });

  it('show no change of a later day on any earlier one', async () => {
    await versionAttributes(engine, TODAY);
    const days = ['2025-01-03', '2025-01-20', '2025-02-01', '2025-02-28'];
    const read = () =>
      Promise.all(
        days.map((day) => engine.rows('select * from account_asof($day::date) order by account_id', { day })),
      );
    const before = await read();
    await engine.execute("update account set plan = 'gold', csm = 'Zed', seats = 99, country = 'FR', name = 'Renamed'");
    await versionAttributes(engine, TODAY);
    expect(await read()).toEqual(before);
  });

  it('tell apart people of one account, by both parts of their key', async () => {
    await engine.execute(`
      insert into contact by name select 'a' as account_id, 'p' as contact_id, 'champion' as role, date '2024-05-01' as known_on
      union all select 'b', 'p', 'user', date '2024-05-01'`);
    await copy('contact', 1, '2025-01-03', [
      ['a\u001fp', 'role', 'user'],
      ['b\u001fp', 'role', 'user'],
    ]);
    await versionAttributes(engine, TODAY);
    const roles = (day: string) =>
      engine.rows('select account_id, role from contact_asof($day::date) order by account_id', { day });
    expect(await roles('2025-02-01')).toEqual([
      { account_id: 'a', role: 'user' },
      { account_id: 'b', role: 'user' },
    ]);
    expect(await roles(TODAY)).toEqual([
      { account_id: 'a', role: 'champion' },
      { account_id: 'b', role: 'user' },
    ]);
  });
});
