import type { Day } from '../contract/agent.ts';
import { type Engine, quoteText } from '../engine/engine.ts';
import { readSql } from '../engine/sql-files.ts';
import { monthStart } from '../lib/dates.ts';

/** What a synthetic company is made from. The same values give the same bytes, whatever the machine's threads. */
export interface SampleOptions {
  /** Accounts in the CRM, 50 … 2,000,000. */
  readonly accounts: number;
  /** 0 … 2^32 − 1. */
  readonly seed: number;
  /** Calendar months of history up to and with the month of `lastDay`, 24 … 60. */
  readonly months: number;
  /** Last day of every export. */
  readonly lastDay: Day;
  /** Rows of the usage export an account, over the whole history, on average. */
  readonly usagePerAccount: number;
}

/** One file of the sample, and the select that fills it. */
export interface SampleFile {
  /** Path under the directory of the sample. */
  readonly file: string;
  /** Name of the select under `sample/`. */
  readonly sql: string;
}

/** Tables and macros built in this order, each from the ones before it. */
const BUILD = [
  'random',
  'words',
  'phrases',
  'season',
  'calendar',
  'company',
  'latent',
  'life',
  'churn',
  'activity',
  'subscription',
  'contact',
  'ticket',
  'usage-month',
  'usage-event',
];

/** What a company exports: the CRM, billing, the help desk, the product. */
export const EXPORTS: readonly SampleFile[] = ['accounts', 'subscriptions', 'tickets', 'usage'].map(exportFile);

function exportFile(name: string): SampleFile {
  return { file: `${name.replaceAll('-', '_')}.csv`, sql: `export-${name}` };
}

function sqlOf(name: string): string {
  return readSql(new URL(`./sample/${name}.sql`, import.meta.url));
}

/** Builds the company's tables in the current schema of `engine`. */
export async function buildCompany(
  engine: Engine,
  options: SampleOptions,
  onStep?: (step: string) => void,
): Promise<void> {
  // Files are compared byte for byte, so the order of rows must not depend on the threads.
  await engine.execute('set preserve_insertion_order = true');
  // Joins stay as written, the small side on the right: the left side's order is the order of the file.
  await engine.execute("set disabled_optimizers = 'join_order,build_side_probe_side'");
  const { accounts, months, seed, lastDay } = options;
  await engine.execute('set variable seed = $seed', { seed });
  await engine.execute('set variable account_count = $accounts', { accounts });
  await engine.execute('set variable month_count = $months', { months });
  await engine.execute('set variable first_day = $day::date', { day: monthStart(lastDay, 1 - months) });
  await engine.execute('set variable last_day = $day::date', { day: lastDay });
  await engine.execute('set variable usage_rows = $rows', { rows: accounts * options.usagePerAccount });
  for (const name of BUILD) {
    onStep?.(name);
    await engine.execute(sqlOf(name));
  }
}

/** Writes one file of a built company as CSV; `.gz` at the end of `path` compresses it. */
export async function writeFile(engine: Engine, sql: string, path: string): Promise<void> {
  const compression = path.endsWith('.gz') ? ', compression gzip' : '';
  await engine.execute(`copy (${sqlOf(sql)}) to ${quoteText(path)} (format csv, header${compression})`);
}
