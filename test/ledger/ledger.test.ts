import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { readSqlFolder } from '../../src/engine/sql-files.ts';
import {
  beginDate,
  commitRows,
  commitRun,
  emptyState,
  exists,
  keepWork,
  LEDGER_TABLES,
  LEDGER_VIEW_NAMES,
  listRuns,
  type RunRecord,
  readList,
  readRun,
  readState,
  SCHEMA_VERSION,
  type StatePart,
} from '../../src/ledger/index.ts';
import { UserError } from '../../src/lib/errors.ts';

let folder: string;
let file: string;
let engine: Engine;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ledger-'));
  file = join(folder, 'store', 'ledger.duckdb');
  engine = await openDuckDB({ threads: 1 });
  await engine.execute('create schema finding');
});

afterEach(() => {
  engine.close();
  rmSync(folder, { recursive: true, force: true });
});

function record(run_id: string, as_of: string, parts: Partial<RunRecord> = {}): RunRecord {
  return {
    run: {
      run_id,
      as_of,
      as_of_reason: 'last full day of usage',
      started_at: '2024-10-02T01:00:00Z',
      version: '0.1.0',
      seed: 7,
      config_hash: 'c0ffee',
      config: { version: 1 },
      inputs: [{ file: 'usage.csv', sha256: 'ab' }],
      status: 'ok',
      summary: '3 accounts at risk',
    },
    dates: [as_of],
    tables: {},
    lists: [],
    ...parts,
  };
}

function reading(as_of: string, account_id: string, health_score: number) {
  return { as_of, account_id, health_score, band: health_score < 50 ? 'red' : 'green' };
}

async function readings(asOf: string) {
  return engine.rows(`select as_of, account_id, health_score from readings_asof('${asOf}'::date) order by all`);
}

describe('a ledger that is not there', () => {
  test('reads as an empty one with every table and view', async () => {
    const info = await readState(engine, file, ['health_reading'], { asOf: '2024-10-01' });
    expect(info.lastRunNumber).toBe(0);
    expect(exists(file)).toBe(false);
    for (const name of Object.keys(LEDGER_TABLES)) {
      expect(await engine.rows(`select count(*) as n from state.${name}`)).toEqual([{ n: 0 }]);
    }
    for (const name of LEDGER_VIEW_NAMES) {
      expect(await engine.rows(`select count(*) as n from ${name}('2024-10-01'::date)`)).toEqual([{ n: 0 }]);
    }
    expect(await listRuns(engine, file)).toEqual([]);
    expect(await readRun(engine, file, 'last')).toBeUndefined();
    expect(await readList(engine, file, 'r1', 'health')).toBeUndefined();
  });
});

describe('a run', () => {
  test('comes back as it was written, and leaves one file', async () => {
    await engine.execute(
      `create table finding.health as select 1 as rank, 'a' as account_id, 41.5::double as health_score`,
    );
    const number = await commitRun(
      engine,
      file,
      record('r1', '2024-10-01', {
        tables: { health_reading: { rows: [reading('2024-10-01', 'a', 41.5)] } },
        lists: [{ name: 'health' }],
      }),
    );
    expect(number).toBe(1);
    expect(readdirSync(join(folder, 'store'))).toEqual(['ledger.duckdb']);
    expect(await readRun(engine, file, 'last')).toEqual({
      run_id: 'r1',
      run_number: 1,
      as_of: '2024-10-01',
      as_of_reason: 'last full day of usage',
      started_at: '2024-10-02T01:00:00Z',
      version: '0.1.0',
      seed: 7,
      config_hash: 'c0ffee',
      config: { version: 1 },
      inputs: [{ file: 'usage.csv', sha256: 'ab' }],
      report: null,
      status: 'ok',
      summary: '3 accounts at risk',
      superseded_by: null,
      lists: ['health'],
    });
    expect(await readList(engine, file, 'r1', 'health')).toBe(1);
    expect(await engine.rows('select * from state.list_health')).toEqual([
      { rank: 1, account_id: 'a', health_score: 41.5 },
    ]);
    await readState(engine, file, ['health_reading'], { asOf: '2024-10-02' });
    expect(await readings('2024-10-02')).toEqual([{ as_of: '2024-10-01', account_id: 'a', health_score: 41.5 }]);
  });

  test('of a date done before replaces its readings and keeps the history of runs', async () => {
    const write = (id: string, as_of: string, rows: ReturnType<typeof reading>[]) =>
      commitRun(engine, file, record(id, as_of, { tables: { health_reading: { rows } } }));
    await write('r1', '2024-10-01', [reading('2024-10-01', 'a', 40), reading('2024-10-01', 'b', 60)]);
    await write('r2', '2024-10-02', [reading('2024-10-02', 'a', 42)]);
    await write('r3', '2024-10-01', [reading('2024-10-01', 'a', 44)]);
    await readState(engine, file, ['health_reading'], { asOf: '2024-10-02' });
    expect(await readings('2024-10-02')).toEqual([{ as_of: '2024-10-01', account_id: 'a', health_score: 44 }]);
    await readState(engine, file, ['health_reading'], { asOf: '2024-10-02', includeAsOf: true });
    expect(await readings('2024-10-02')).toEqual([
      { as_of: '2024-10-01', account_id: 'a', health_score: 44 },
      { as_of: '2024-10-02', account_id: 'a', health_score: 42 },
    ]);
    const runs = await listRuns(engine, file);
    expect(runs.map((run) => [run.run_id, run.superseded_by])).toEqual([
      ['r3', null],
      ['r2', null],
      ['r1', 'r3'],
    ]);
  });

  test('over several dates supersedes each of them', async () => {
    await commitRun(
      engine,
      file,
      record('r1', '2024-10-15', {
        dates: ['2024-10-01', '2024-10-08', '2024-10-15'],
        tables: {
          health_reading: { rows: ['2024-10-01', '2024-10-08', '2024-10-15'].map((day) => reading(day, 'a', 50)) },
        },
      }),
    );
    await commitRun(
      engine,
      file,
      record('r2', '2024-10-08', { tables: { health_reading: { rows: [reading('2024-10-08', 'a', 55)] } } }),
    );
    await readState(engine, file, ['health_reading'], { asOf: '2024-10-15', includeAsOf: true });
    expect((await readings('2024-10-15')).map((row) => row.health_score)).toEqual([50, 55, 50]);
  });

  test('computed from a state that is no longer the last is refused', async () => {
    const { lastRunNumber } = await readState(engine, file, [], { asOf: '2024-10-02' });
    await commitRun(engine, file, record('r1', '2024-10-01', { basedOn: lastRunNumber }));
    await expect(commitRun(engine, file, record('r2', '2024-10-02', { basedOn: lastRunNumber }))).rejects.toThrow(
      /Another run \(r1, as of 2024-10-01\)/,
    );
    expect((await listRuns(engine, file)).map((run) => run.run_id)).toEqual(['r1']);
  });

  test('that brings a column the table lacks is a bug, not a silent loss', async () => {
    await expect(
      commitRun(engine, file, record('r1', '2024-10-01', { tables: { alert_event: { rows: [{ no_such: 1 }] } } })),
    ).rejects.toThrow('alert_event of the ledger has no column no_such');
    expect(await listRuns(engine, file)).toEqual([]);
  });

  test('adds the columns of configured measures', async () => {
    await commitRun(
      engine,
      file,
      record('r1', '2024-10-01', { tables: { health_reading: { rows: [reading('2024-10-01', 'a', 40)] } } }),
    );
    await engine.execute(
      `create table own as select '2024-10-02'::date as as_of, 'a' as account_id, 0.25::double as custom_login_rate`,
    );
    await commitRun(
      engine,
      file,
      record('r2', '2024-10-02', { tables: { health_reading: { select: 'select * from own' } } }),
    );
    await readState(engine, file, ['health_reading'], { asOf: '2024-10-03' });
    expect(await engine.rows('select as_of, custom_login_rate from state.health_reading order by as_of')).toEqual([
      { as_of: '2024-10-01', custom_login_rate: null },
      { as_of: '2024-10-02', custom_login_rate: 0.25 },
    ]);
  });
});

describe('lists', () => {
  async function commitList(run_id: string, as_of: string, select: string) {
    await engine.materialise('finding.renewal', select);
    await commitRun(engine, file, record(run_id, as_of, { lists: [{ name: 'renewal' }] }));
  }

  test('take new columns and wider types', async () => {
    await commitList('r1', '2024-10-31', `select 1::integer as rank, 5::integer as days`);
    await commitList('r2', '2024-11-30', `select 1::integer as rank, 5.5::double as days, 'x' as note`);
    await commitList('r3', '2024-12-31', `select 1::integer as rank, 'soon' as days`);
    await readList(engine, file, 'r1', 'renewal');
    expect(await engine.rows('select * from state.list_renewal')).toEqual([{ rank: 1, days: '5.0' }]);
    await readList(engine, file, 'r3', 'renewal');
    expect(await engine.rows('select * from state.list_renewal')).toEqual([{ rank: 1, days: 'soon' }]);
  });

  test('are kept for the last run and the last date of each month', async () => {
    for (const day of ['2024-09-10', '2024-09-29', '2024-10-01', '2024-10-02', '2024-10-03']) {
      await commitList(day, day, 'select 1 as rank');
    }
    const kept: string[] = [];
    for (const run of await listRuns(engine, file)) {
      if ((await readList(engine, file, run.run_id, 'renewal')) !== undefined) kept.push(run.run_id);
    }
    expect(kept).toEqual(['2024-10-03', '2024-09-29']);
    await commitList('again', '2024-09-12', 'select 1 as rank');
    expect(await readList(engine, file, 'again', 'renewal')).toBe(1);
    expect(await readList(engine, file, '2024-10-03', 'renewal')).toBe(1);
  });

  test('that are empty are lists all the same', async () => {
    await commitList('r1', '2024-10-31', 'select 1::integer as rank, true as is_new where false');
    expect(await readList(engine, file, 'r1', 'renewal')).toBe(0);
    expect((await engine.describe('select * from state.list_renewal')).map((column) => column.name)).toEqual([
      'rank',
      'is_new',
    ]);
    expect((await readRun(engine, file, 'r1'))?.lists).toEqual(['renewal']);
  });

  test('marked to stay, stay', async () => {
    await engine.execute('create table finding.at_risk as select 1 as rank');
    for (const day of ['2024-10-01', '2024-10-02', '2024-10-03']) {
      await commitRun(engine, file, record(day, day, { lists: [{ name: 'at_risk', keep: 'always' }] }));
    }
    expect(await readList(engine, file, '2024-10-01', 'at_risk')).toBe(1);
  });

  test('contributions stay for the last run, month ends and accounts shown', async () => {
    for (const day of ['2024-10-01', '2024-10-02']) {
      const select = `select date '${day}' as as_of, unnest(['a', 'b']) as account_id, 'intercept' || chr(31) || 'tenure_days' as terms,
        [-1.5, 0.5] as contributions, chr(31) || '40' as term_values`;
      const shown = { as_of: day, account_id: 'b', alert_id: 'b:1', event: 'shown', event_on: day };
      await commitRun(
        engine,
        file,
        record(day, day, { tables: { contribution: { select }, alert_event: { rows: [shown] } } }),
      );
    }
    await readState(engine, file, ['contribution'], { asOf: '2024-10-03' });
    expect(await engine.rows('select as_of, account_id from state.contribution order by all')).toEqual([
      { as_of: '2024-10-01', account_id: 'b' },
      { as_of: '2024-10-02', account_id: 'a' },
      { as_of: '2024-10-02', account_id: 'b' },
    ]);
  });
});

describe('a ledger of version 2, with a row for each contribution', () => {
  test('has one row an account after the next run, and gives the terms as they were', async () => {
    const migrations = [...readSqlFolder(new URL('../../src/ledger/migrations/', import.meta.url)).values()];
    mkdirSync(join(folder, 'store'));
    await engine.execute(`attach '${file}' as ledger`);
    for (const sql of migrations.slice(0, 2)) await engine.execute(sql);
    await engine.execute(`create table ledger.schema_version as select 2::integer as version;
      insert into ledger.run_date (run_id, run_number, as_of, is_replayed) values ('r1', 1, '2024-10-31', false);
      insert into ledger.run by name select 'r1' as run_id, 1 as run_number, date '2024-10-31' as as_of, '' as as_of_reason,
        timestamp '2024-11-01' as started_at, '0' as version, 1 as seed, '' as config_hash, '{}' as config, '[]' as inputs,
        'ok' as status, '' as summary;
      insert into ledger.contribution values
        ('r1', '2024-10-31', 'a', 'tenure_days', 0.25, '40'), ('r1', '2024-10-31', 'a', 'intercept', -2, null),
        ('r1', '2024-10-31', 'b', 'tenure_days', 0.5, 'missing'), ('r1', '2024-10-31', 'b', 'intercept', -2, null);
      detach ledger`);
    await commitRun(engine, file, record('r2', '2024-11-01'));
    await readState(engine, file, ['contribution'], { asOf: '2024-11-02' });
    expect(await engine.rows('select account_id, terms from state.contribution order by account_id')).toEqual([
      { account_id: 'a', terms: 'intercept\u001ftenure_days' },
      { account_id: 'b', terms: 'intercept\u001ftenure_days' },
    ]);
    expect(
      await engine.rows(
        "select account_id, term, contribution, value from contributions_asof(date '2024-11-02') order by account_id, term",
      ),
    ).toEqual([
      { account_id: 'a', term: 'intercept', contribution: -2, value: null },
      { account_id: 'a', term: 'tenure_days', contribution: 0.25, value: '40' },
      { account_id: 'b', term: 'intercept', contribution: -2, value: null },
      { account_id: 'b', term: 'tenure_days', contribution: 0.5, value: 'missing' },
    ]);
  });
});

describe('a ledger of version 3, whose forecasts nobody wrote', () => {
  test('keeps forecasts after the next run, of each date the current ones', async () => {
    const migrations = [...readSqlFolder(new URL('../../src/ledger/migrations/', import.meta.url)).values()];
    mkdirSync(join(folder, 'store'));
    await engine.execute(`attach '${file}' as ledger`);
    for (const sql of migrations.slice(0, 3)) await engine.execute(sql);
    await engine.execute('create table ledger.schema_version as select 3::integer as version; detach ledger');
    // A command that only reads, such as a retro, comes before the run that brings the file up to date.
    await readState(engine, file, ['forecast'], { asOf: '2024-11-02', includeAsOf: true });
    expect(await engine.rows('select * from state.forecast')).toEqual([]);
    const said = (day: string, account_id: string | null, amount: number) => ({
      ...{ as_of: day, forecast: 'renewal_arr', account_id, amount, expected_amount: amount / 2 },
      ...{ level: 0.8, horizon_days: 90, currency: 'USD' },
    });
    const write = (run_id: string, day: string, rows: readonly ReturnType<typeof said>[]) =>
      commitRun(engine, file, record(run_id, day, { tables: { forecast: { rows } } }));
    await write('r1', '2024-11-01', [said('2024-11-01', null, 10), said('2024-11-01', 'a', 10)]);
    await write('r2', '2024-11-02', [said('2024-11-02', null, 20), said('2024-11-02', 'a', 20)]);
    // The first date again: a has no decision due any more.
    await write('r3', '2024-11-01', [said('2024-11-01', null, 30), said('2024-11-01', 'b', 30)]);
    await readState(engine, file, ['forecast'], { asOf: '2024-11-02', includeAsOf: true });
    expect(
      await engine.rows(
        'select run_id, as_of, account_id, amount, expected_amount from state.forecast order by as_of, account_id nulls first',
      ),
    ).toEqual([
      { run_id: 'r3', as_of: '2024-11-01', account_id: null, amount: 30, expected_amount: 15 },
      { run_id: 'r3', as_of: '2024-11-01', account_id: 'b', amount: 30, expected_amount: 15 },
      { run_id: 'r2', as_of: '2024-11-02', account_id: null, amount: 20, expected_amount: 10 },
      { run_id: 'r2', as_of: '2024-11-02', account_id: 'a', amount: 20, expected_amount: 10 },
    ]);
  });
});

describe('dated copies of overwritten values', () => {
  async function see(run_id: string, as_of: string, seen_on: string, values: string) {
    await engine.execute(
      `create or replace table main.account as select * from (values ${values}) as v(account_id, plan, seats)`,
    );
    await commitRun(
      engine,
      file,
      record(run_id, as_of, {
        seen_on,
        values: [{ table: 'account', key: ['account_id'], columns: ['plan', 'seats'] }],
      }),
    );
  }

  test('are appended only on change and answer for a past day', async () => {
    await see('r1', '2024-10-01', '2024-10-02', `('a', 'pro', 5), ('b', null, 3)`);
    await see('r2', '2024-10-02', '2024-10-03', `('a', 'pro', 5), ('b', null, 3)`);
    await see('r3', '2024-10-03', '2024-10-04', `('a', 'basic', 5), ('b', null, null)`);
    await readState(engine, file, ['value_copy'], { asOf: '2024-12-31' });
    expect(await engine.rows('select count(*) as n from state.value_copy')).toEqual([{ n: 5 }]);
    const on = (day: string) =>
      engine.rows(`select row_key, column_name, value from values_asof('${day}'::date) order by all`);
    expect(await on('2024-10-01')).toEqual([]);
    expect(await on('2024-10-03')).toEqual([
      { row_key: 'a', column_name: 'plan', value: 'pro' },
      { row_key: 'a', column_name: 'seats', value: '5' },
      { row_key: 'b', column_name: 'seats', value: '3' },
    ]);
    expect(await on('2024-10-04')).toEqual([
      { row_key: 'a', column_name: 'plan', value: 'basic' },
      { row_key: 'a', column_name: 'seats', value: '5' },
      { row_key: 'b', column_name: 'seats', value: null },
    ]);
  });

  test('a past as-of date does not make a value known in the past', async () => {
    await see('r1', '2023-01-01', '2024-10-02', `('a', 'pro', 5)`);
    await readState(engine, file, ['value_copy'], { asOf: '2024-10-01' });
    expect(await engine.rows('select * from state.value_copy')).toEqual([]);
  });
});

describe('as-of views', () => {
  test('show alerts as they stood and records by their own day', async () => {
    const alert = (as_of: string, state: string) => ({
      ...{ as_of, alert_id: 'a:20241001', account_id: 'a', kind: 'alert', state, opened_on: '2024-10-01' },
    });
    await commitRun(
      engine,
      file,
      record('r1', '2024-10-01', { tables: { alert: { rows: [alert('2024-10-01', 'open')] } } }),
    );
    await commitRun(
      engine,
      file,
      record('r2', '2024-10-08', { tables: { alert: { rows: [alert('2024-10-08', 'resolved')] } } }),
    );
    const base = { account_id: 'a', author: 'Ann', reason: 'knows better' };
    await commitRows(engine, file, {
      decision: { rows: [{ decision_id: 'd1', decided_on: '2024-10-03', account_id: 'a', kind: 'done' }] },
      override_record: {
        rows: [
          {
            ...base,
            override_id: 'o1',
            said_on: '2024-10-02',
            expires_on: '2024-10-20',
            field: 'band',
            value: 'green',
          },
          { ...base, override_id: 'o2', said_on: '2024-10-05', expires_on: '2024-10-09', field: 'band', value: 'red' },
        ],
      },
      csm_call: { rows: [{ call_id: 'c1', account_id: 'a', said_on: '2024-10-04', kind: 'sentiment', value: '-2' }] },
    });
    await readState(engine, file, ['alert', 'decision', 'override_record', 'csm_call'], { asOf: '2024-12-31' });
    const one = (sql: string) => engine.rows(sql);
    expect(await one(`select state from alerts_asof('2024-10-07'::date)`)).toEqual([{ state: 'open' }]);
    expect(await one(`select state from alerts_asof('2024-10-08'::date)`)).toEqual([{ state: 'resolved' }]);
    expect(await one(`select decision_id from decisions_asof('2024-10-02'::date)`)).toEqual([]);
    expect(await one(`select decision_id from decisions_asof('2024-10-03'::date)`)).toEqual([{ decision_id: 'd1' }]);
    expect(await one(`select value from overrides_asof('2024-10-04'::date)`)).toEqual([{ value: 'green' }]);
    expect(await one(`select value from overrides_asof('2024-10-08'::date)`)).toEqual([{ value: 'red' }]);
    // The last word counts: when it runs out, the one it replaced does not come back.
    expect(await one(`select value from overrides_asof('2024-10-10'::date)`)).toEqual([]);
    expect(await one(`select call_id from calls_asof('2024-10-04'::date)`)).toEqual([{ call_id: 'c1' }]);
  });

  test('tell what people did to accounts, and for how long, as known of the day', async () => {
    const decision = (decision_id: string, kind: string) => ({
      ...{ decision_id, kind, decided_on: '2024-10-03', account_id: kind },
    });
    const intervention = (intervention_id: string, started_on: string, ended_on: string | null) => ({
      ...{ intervention_id, account_id: intervention_id, started_on, ended_on },
    });
    await commitRows(engine, file, {
      decision: {
        rows: [
          ...['done', 'approve', 'edit', 'snooze', 'disagree', 'reject', 'reopen'].map((kind) => decision(kind, kind)),
          // The same account twice on a day is worked once.
          { ...decision('again', 'done') },
        ],
      },
      intervention: {
        rows: [
          intervention('over', '2024-10-01', '2024-10-02'),
          intervention('running', '2024-10-02', null),
          intervention('later', '2024-10-09', null),
        ],
      },
    });
    await readState(engine, file, ['decision', 'intervention'], { asOf: '2024-10-08' });
    await keepWork(engine, '2024-10-08', 'main.work');
    await emptyState(engine);
    expect(await engine.rows('select * from main.work order by account_id')).toEqual([
      { account_id: 'approve', first_on: '2024-10-03', last_on: '2024-10-03' },
      { account_id: 'done', first_on: '2024-10-03', last_on: '2024-10-03' },
      { account_id: 'edit', first_on: '2024-10-03', last_on: '2024-10-03' },
      { account_id: 'over', first_on: '2024-10-01', last_on: '2024-10-02' },
      { account_id: 'running', first_on: '2024-10-02', last_on: '2024-10-08' },
    ]);
  });

  test('see the rows a replay adds to the state', async () => {
    await readState(engine, file, ['health_reading'], { asOf: '2024-10-01' });
    await beginDate(engine, 'r1', '2024-10-01');
    await engine.execute(
      `insert into state.health_reading by name select 'r1' as run_id, '2024-10-01'::date as as_of, 'a' as account_id, 50 as health_score`,
    );
    expect(await readings('2024-10-01')).toEqual([{ as_of: '2024-10-01', account_id: 'a', health_score: 50 }]);
  });
});

describe('reading', () => {
  test('takes only the days asked for of a long table', async () => {
    for (const day of ['2024-10-01', '2024-10-02', '2024-10-03']) {
      const row = { as_of: day, account_id: 'a', agent: 'x', kind: 'task', reason: 'y', outcome: 'planned' };
      await commitRun(engine, file, record(day, day, { tables: { plan_action: { rows: [row] } } }));
    }
    await readState(engine, file, ['plan_action'], {
      asOf: '2024-10-03',
      part: { plan_action: { since: '2024-10-02' } },
    });
    expect(await engine.rows('select as_of from state.plan_action')).toEqual([{ as_of: '2024-10-02' }]);
  });

  describe('a part of a long table', () => {
    // a is read every day, b stops on the second, c is read once again by a run that superseded the first of the third.
    const days = ['2024-10-01', '2024-10-02', '2024-10-03', '2024-10-04'];
    const scores: Record<string, number[]> = { a: [1, 2, 3, 4], b: [10, 20] };
    beforeEach(async () => {
      for (const [k, day] of days.entries()) {
        const rows = Object.entries(scores).flatMap(([id, all]) =>
          all[k] === undefined ? [] : [{ ...reading(day, id, all[k]), roi_rate: k / 4 }],
        );
        await commitRun(engine, file, record(`r${k}`, day, { tables: { health_reading: { rows } } }));
      }
      const again = [{ ...reading('2024-10-03', 'a', 33), roi_rate: 0.5 }];
      await commitRun(engine, file, record('again', '2024-10-03', { tables: { health_reading: { rows: again } } }));
    });
    const read = async (part: StatePart, asOf = '2024-10-05') => {
      await readState(engine, file, ['alert', 'health_reading'], { asOf, part: { health_reading: part } });
      return engine.rows(
        'select as_of::varchar as as_of, account_id, health_score, roi_rate from state.health_reading order by account_id, as_of',
      );
    };
    const row = (as_of: string, account_id: string, health_score: number | null, roi_rate: number) => ({
      ...{ as_of, account_id, health_score, roi_rate },
    });

    test('is the newest reading of each account, of whatever day', async () => {
      expect(await read({ newestBy: 'account_id' })).toEqual([
        row('2024-10-04', 'a', 4, 0.75),
        row('2024-10-02', 'b', 20, 0.25),
      ]);
      expect(await read({ newestBy: 'account_id' }, '2024-10-04')).toEqual([
        row('2024-10-03', 'a', 33, 0.5),
        row('2024-10-02', 'b', 20, 0.25),
      ]);
    });

    test('is the newest up to a day', async () => {
      expect(await read({ newestBy: 'account_id', upTo: '2024-10-01' })).toEqual([
        row('2024-10-01', 'a', 1, 0),
        row('2024-10-01', 'b', 10, 0),
      ]);
    });

    test('has named columns of older readings and nothing else of them; a column that no reading has yet is none', async () => {
      expect(await read({ newestBy: 'account_id', history: ['roi_rate', 'not_yet_measured'] })).toEqual([
        row('2024-10-01', 'a', null, 0),
        row('2024-10-02', 'a', null, 0.25),
        row('2024-10-03', 'a', null, 0.5),
        row('2024-10-04', 'a', 4, 0.75),
        row('2024-10-01', 'b', null, 0),
        row('2024-10-02', 'b', 20, 0.25),
      ]);
    });

    test('is what has a value, and a match in a table read before', async () => {
      const alert = {
        as_of: '2024-10-04',
        alert_id: 'b:1',
        account_id: 'b',
        kind: 'alert',
        state: 'open',
        opened_on: '2024-10-01',
        entered_on: '2024-10-01',
      };
      await commitRun(engine, file, record('alerted', '2024-10-04', { tables: { alert: { rows: [alert] } } }));
      expect(await read({ having: { band: 'red', account_id: 'b' } })).toEqual([
        row('2024-10-01', 'b', 10, 0),
        row('2024-10-02', 'b', 20, 0.25),
      ]);
      expect(
        await read({ matching: { table: 'alert', on: { account_id: 'account_id', as_of: 'entered_on' } } }),
      ).toEqual([row('2024-10-01', 'b', 10, 0)]);
    });
  });

  test('leaves tables that were not asked for empty', async () => {
    const row = { as_of: '2024-10-01', account_id: 'a', kind: 'no_use' };
    await commitRun(engine, file, record('r1', '2024-10-01', { tables: { fact_reading: { rows: [row] } } }));
    await readState(engine, file, [], { asOf: '2024-10-02' });
    expect(await engine.rows('select * from state.fact_reading')).toEqual([]);
  });
});

describe('records outside a run', () => {
  test('that are there already are left as they are', async () => {
    const model = (verdict: string) => ({
      model: {
        rows: [{ model_id: 'm1', as_of: '2024-10-01', basis: 'leave', kind: 'logistic', verdict, model: { w: [0.1] } }],
      },
    });
    await commitRows(engine, file, model('first'));
    await commitRows(engine, file, model('second'));
    await readState(engine, file, ['model'], { asOf: '2024-10-01' });
    expect(await engine.rows('select verdict, model::varchar as model from state.model')).toEqual([
      { verdict: 'first', model: '{"w":[0.1]}' },
    ]);
  });

  test('a number keeps every bit', async () => {
    await commitRows(engine, file, {
      intervention: {
        rows: [{ intervention_id: 'i', account_id: 'a', started_on: '2024-10-01', cost_amount: 0.1 + 0.2 }],
      },
    });
    await readState(engine, file, ['intervention'], { asOf: '2024-10-01' });
    expect(await engine.rows('select cost_amount from state.intervention')).toEqual([{ cost_amount: 0.1 + 0.2 }]);
  });
});

describe('a ledger that cannot be used', () => {
  test('a file that is no ledger is named', async () => {
    const wrong = join(folder, 'wrong.duckdb');
    writeFileSync(wrong, 'account_id,name\n'.repeat(1000));
    for (const attempt of [listRuns(engine, wrong), commitRun(engine, wrong, record('r1', '2024-10-01'))]) {
      await expect(attempt).rejects.toThrow(UserError);
      await expect(attempt).rejects.toThrow('is not a ledger of retain');
    }
  });

  test('a newer version is refused', async () => {
    await commitRun(engine, file, record('r1', '2024-10-01'));
    await engine.execute(
      `attach '${file}' as newer; update newer.schema_version set version = ${SCHEMA_VERSION + 1}; detach newer`,
    );
    await expect(readState(engine, file, [], { asOf: '2024-10-01' })).rejects.toThrow(/written by a newer retain/);
    await expect(commitRun(engine, file, record('r2', '2024-10-02'))).rejects.toThrow(/written by a newer retain/);
  });

  test('a folder in its way is told', async () => {
    const blocked = join(folder, 'blocked');
    writeFileSync(blocked, '');
    await expect(commitRun(engine, join(blocked, 'ledger.duckdb'), record('r1', '2024-10-01'))).rejects.toThrow(
      UserError,
    );
  });
});
