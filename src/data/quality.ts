import type { Config } from '../contract/config.ts';
import { type Engine, quoteName } from '../engine/engine.ts';
import { readSqlFolder } from '../engine/sql-files.ts';
import type { Day } from '../lib/dates.ts';
import { TABLES } from './contract.ts';
import { CHECKS, type Check } from './quality/checks.ts';

/** One thing that is wrong or doubtful in the exports. */
export interface QualityFinding {
  readonly id: string;
  readonly table: string;
  /** `error`: lists built on it would mislead; `warning`: kept and flagged; `info`: worth knowing. */
  readonly severity: 'error' | 'warning' | 'info';
  /** One sentence with the counts in it. */
  readonly message: string;
  readonly rows: number;
  /** Share of the table's rows, 0–1. */
  readonly row_rate: number;
  /** ARR of the accounts it touches, as the views take it, in the reporting currency. */
  readonly arr_amount: number;
  /** Share of all ARR, 0–1. */
  readonly arr_rate: number;
  readonly remedy: string;
  /** ARR both ways, where open contracts overlap. */
  readonly arr_both_ways?: ArrBothWays;
}

/** What the open contracts of a day add up to, in the reporting currency, by what overlapping ones mean. */
export interface ArrBothWays {
  /** All added. */
  readonly summed_amount: number;
  /** The newest alone of each account (and product). */
  readonly newest_amount: number;
  /** As every list takes it. */
  readonly taken_amount: number;
  /** The two readings differ by more than a fifth and no person chose: every amount rests on a guess. */
  readonly is_doubtful: boolean;
}

const SQL = readSqlFolder(new URL('./quality/', import.meta.url));

/**
 * Compares the ingested tables with themselves and each other. Nothing is removed: rows that cannot be true are kept
 * and told, in rows and in the ARR of the accounts they touch. Also fills `feed.joined_arr_rate`: the share of ARR
 * whose accounts have at least one row in the feed.
 * Needs the canonical tables, `settings` and the views.
 * @returns findings, errors first, then by ARR and rows
 */
export async function assessQuality(engine: Engine, config: Config, asOf: Day): Promise<QualityFinding[]> {
  const money = await assessMoney(engine, config, asOf);
  await engine.materialise('quality.usage_account', sqlOf('usage_account'), { as_of: asOf });
  const totals = await readTotals(engine);
  const findings: QualityFinding[] = [];
  for (const check of CHECKS) {
    if (!totals.rows.has(check.table)) continue;
    const found = await measure(engine, sqlOf(check.id), asOf, totals, check.table);
    if (found.rows > 0) findings.push(await finding(check, found, engine, asOf));
  }
  findings.push(...(await unjoinedFindings(engine, totals)), ...(await feedFindings(engine, totals)), ...money);
  const order = ['error', 'warning', 'info'];
  return findings.sort(
    (a, b) =>
      order.indexOf(a.severity) - order.indexOf(b.severity) ||
      b.arr_amount - a.arr_amount ||
      b.rows - a.rows ||
      (a.id < b.id ? -1 : a.id > b.id ? 1 : a.table < b.table ? -1 : 1),
  );
}

/**
 * What every header says of the exports and no row of usage is needed for: the finding on overlapping contracts (ARR both
 * ways), if there is one, and `feed.joined_arr_rate`. Needs what `assessQuality` needs, which does this too.
 */
export async function assessMoney(engine: Engine, config: Config, asOf: Day): Promise<QualityFinding[]> {
  await engine.execute('create schema if not exists quality');
  for (const name of ['arr_account', 'open_contract']) {
    await engine.materialise(`quality.${name}`, sqlOf(name), { as_of: asOf });
  }
  await fillJoinedArr(engine);
  return await arrFinding(engine, config, await readTotals(engine));
}

interface Totals {
  /** Rows of each mapped table. */
  readonly rows: ReadonlyMap<string, number>;
  readonly arr: number;
}

interface Measured {
  readonly rows: number;
  readonly row_rate: number;
  readonly arr_amount: number;
  readonly arr_rate: number;
  readonly accounts: number;
}

function sqlOf(name: string): string {
  const sql = SQL.get(name);
  if (sql === undefined) throw new Error(`there is no quality/${name}.sql`);
  return sql;
}

async function readTotals(engine: Engine): Promise<Totals> {
  const feeds = await engine.rows('select table_name, row_count from feed order by table_name');
  const [arr] = await engine.rows('select coalesce(sum(arr_amount), 0) as arr_amount from quality.arr_account');
  return {
    rows: new Map(feeds.map((feed) => [String(feed.table_name), Number(feed.row_count)])),
    arr: Number(arr?.arr_amount),
  };
}

async function measure(engine: Engine, sql: string, asOf: Day, totals: Totals, table: string): Promise<Measured> {
  const [row] = await engine.rows(
    `with hit as (${sql}), touched as (select account_id, sum(row_count) as row_count from hit group by account_id)
     select coalesce(sum(touched.row_count), 0) as row_count, count(touched.account_id) as account_count, coalesce(sum(arr.arr_amount), 0) as arr_amount
     from touched left join quality.arr_account as arr on arr.account_id = touched.account_id`,
    sql.includes('$as_of') ? { as_of: asOf } : undefined,
  );
  return measured(Number(row?.row_count), Number(row?.arr_amount), Number(row?.account_count), totals, table);
}

function measured(rows: number, arr: number, accounts: number, totals: Totals, table: string): Measured {
  const all = totals.rows.get(table) ?? 0;
  return {
    rows,
    row_rate: all === 0 ? 0 : rows / all,
    arr_amount: arr,
    arr_rate: totals.arr === 0 ? 0 : arr / totals.arr,
    accounts,
  };
}

async function finding(check: Check, found: Measured, engine: Engine, asOf: Day): Promise<QualityFinding> {
  const detail = check.detail === undefined ? '' : await detailOf(engine, check.detail, asOf);
  const { accounts, ...numbers } = found;
  return {
    id: check.id,
    table: check.table,
    severity: check.severity,
    message: `${count(found.rows)} ${check.words} (${percent(found.row_rate)} of ${check.table} rows, ${count(accounts)} accounts)${detail}`,
    ...numbers,
    remedy: check.remedy,
  };
}

async function detailOf(engine: Engine, sql: string, asOf: Day): Promise<string> {
  const rows = await engine.rows(sql, { as_of: asOf });
  return rows.length === 0 ? '' : `: ${rows.map((row) => String(Object.values(row)[0])).join(', ')}`;
}

/** Rows that belong to no account, for each mapped table that names accounts. */
async function unjoinedFindings(engine: Engine, totals: Totals): Promise<QualityFinding[]> {
  const findings: QualityFinding[] = [];
  for (const [table, all] of totals.rows) {
    const hasAccount = TABLES.some(
      (item) => item.name === table && item.columns.some((column) => column.name === 'account_id'),
    );
    if (!hasAccount || all === 0) continue;
    const [row] = await engine.rows(`select count(*) - count(account_id) as row_count from ${quoteName(table)}`);
    const { accounts: _none, ...numbers } = measured(Number(row?.row_count), 0, 0, totals, table);
    if (numbers.rows === 0) continue;
    findings.push({
      id: 'orphan_rows',
      table,
      severity: 'warning',
      message: `${count(numbers.rows)} ${table} rows (${percent(numbers.row_rate)}) belong to no account of the account or contract export and are not used`,
      ...numbers,
      remedy: `rejects/${table}.csv lists their ids; join them with an account_alias file, or correct the id column.`,
    });
  }
  return findings;
}

/** Stopped feeds, dates that look read in the wrong order, and feeds that hold the same twice. */
async function feedFindings(engine: Engine, totals: Totals): Promise<QualityFinding[]> {
  const findings: QualityFinding[] = [];
  const stopped = await engine.rows(
    'select table_name, row_count, last_on from feed where is_stopped order by table_name',
  );
  for (const feed of stopped) {
    const table = String(feed.table_name);
    const { accounts: _none, ...numbers } = measured(Number(feed.row_count), totals.arr, 0, totals, table);
    findings.push({
      id: 'stopped_feed',
      table,
      severity: 'warning',
      message: `the ${table} feed stopped on ${feed.last_on}: its measures are stale and open no alert`,
      ...numbers,
      remedy: 'Export it again up to the as-of date.',
    });
  }
  for (const row of await engine.rows(sqlOf('date_order'))) {
    const table = String(row.table_name);
    const { accounts: _none, ...numbers } = measured(Number(row.row_count), totals.arr, 0, totals, table);
    findings.push({
      id: 'date_order',
      table,
      severity: 'error',
      message: `${table}.${row.column_name} holds no day of the month above 12 in ${count(numbers.rows)} rows: day and month are probably swapped`,
      ...numbers,
      remedy: `Set date_order: of the ${table} file the other way round (dmy or mdy).`,
    });
  }
  if ((totals.rows.get('usage') ?? 0) > 0) {
    const twins = await engine.rows(sqlOf('twin_feed'));
    const [users] =
      twins.length === 0
        ? []
        : await engine.rows(
            'select coalesce(sum(arr.arr_amount), 0) as arr_amount from quality.arr_account as arr where arr.account_id in (select account_id from quality.usage_account where account_id is not null)',
          );
    for (const row of twins) {
      const { accounts: _none, ...numbers } = measured(
        Number(row.row_count),
        Number(users?.arr_amount),
        0,
        totals,
        'usage',
      );
      findings.push({
        id: 'twin_feed',
        table: 'usage',
        severity: 'error',
        message: `${row.file} and ${row.other_file} hold the same events at two grains: all use is counted twice`,
        ...numbers,
        remedy: 'Map only the finer of the two files.',
      });
    }
  }
  return findings;
}

/** ARR of overlapping open contracts both ways; the two differ by more than 20 %: every money column is uncertain. */
async function arrFinding(engine: Engine, config: Config, totals: Totals): Promise<QualityFinding[]> {
  const [row] = await engine.rows(sqlOf('arr_both_ways'));
  const [overlap] = await engine.rows(
    `select coalesce(sum(row_count), 0) as row_count from (${sqlOf('overlapping_contract')})`,
  );
  const [summed, newest, rows] = [Number(row?.summed_amount), Number(row?.newest_amount), Number(overlap?.row_count)];
  if (rows === 0) return [];
  const { accounts: _none, ...numbers } = measured(rows, totals.arr, 0, totals, 'contract');
  const taken =
    config.contract.overlap === 'sum'
      ? 'they are added (contract.overlap: sum)'
      : 'a later contract of the same product or plan replaces the earlier one (contract.overlap: supersede)';
  return [
    {
      id: 'overlapping_contract',
      table: 'contract',
      severity: summed > newest * 1.2 ? 'warning' : 'info',
      message: `${count(rows)} open contracts stand beside a newer one of the same account: ARR is ${money(summed)} when all are added, ${money(newest)} when only the newest counts, ${money(totals.arr)} as taken; ${taken}`,
      ...numbers,
      remedy: 'Set contract.overlap to sum or supersede, or map ended_date of replaced contracts.',
      arr_both_ways: {
        summed_amount: summed,
        newest_amount: newest,
        taken_amount: totals.arr,
        is_doubtful: config.contract.overlap !== 'sum' && summed > newest * 1.2,
      },
    },
  ];
}

/** Share of ARR whose accounts have a row in each feed, into `feed.joined_arr_rate`. */
async function fillJoinedArr(engine: Engine): Promise<void> {
  const feeds = await engine.rows('select table_name from feed order by table_name');
  for (const feed of feeds) {
    const table = String(feed.table_name);
    if (!TABLES.some((item) => item.name === table && item.columns.some((column) => column.name === 'account_id')))
      continue;
    const source = table === 'usage' ? 'usage_span' : quoteName(table);
    await engine.execute(
      `update feed set joined_arr_rate = (
         select coalesce(sum(case when account_id in (select account_id from ${source} where account_id is not null) then arr_amount else 0 end) / nullif(sum(arr_amount), 0), 0)
         from quality.arr_account) where table_name = $table`,
      { table },
    );
  }
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function percent(rate: number): string {
  return `${(rate * 100).toFixed(rate > 0 && rate < 0.01 ? 2 : 0)} %`;
}

function money(amount: number): string {
  return amount >= 1e6 ? `${(amount / 1e6).toFixed(1)}M` : Math.round(amount).toLocaleString('en-US');
}
