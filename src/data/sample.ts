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
  /**
   * No summer, no year end, no outage and no missing feed: otherwise the same company with the same luck, so that what
   * those days alone do to the lists can be told. Weekends and late rows stay. Default false.
   */
  readonly plainCalendar?: boolean;
  /**
   * Of 100 months in which a CSM sees trouble, those in which somebody reaches out, 0 … 100; half of the accounts can be
   * kept by it. The same company with the same luck otherwise, so that what outreach does can be told. Default 50.
   */
  readonly outreachPercent?: number;
  /** The same outreach keeps nobody, so that what it does can be told from whom it goes to. Default false. */
  readonly uselessOutreach?: boolean;
}

/** Which files a sample has, and how its usage export looks. */
export interface SampleForm {
  /** Only usage, tickets and subscriptions, under three id systems and with nothing but content to join them. */
  readonly threeExports: boolean;
  /** Usage as sums a day, user and feature instead of single events; not in the three-exports form. */
  readonly dailyUsage: boolean;
  /** Compress the long files: usage, tickets and the truth by month. */
  readonly gzip: boolean;
}

/** One file of the sample, and the select that fills it. */
export interface SampleFile {
  /** Path under the directory of the sample. */
  readonly file: string;
  /** Name of the select under `sample/`. */
  readonly sql: string;
}

/** Tables, views and macros built in this order, each from the ones before it. */
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
  'billing-line',
  'contact',
  'ticket',
  'desk-ticket',
  'invoice',
  'interaction',
  'survey',
  'goal',
  'milestone',
  'opportunity',
  'ask',
  'usage-month',
  'usage-event',
];

/** What the CRM and billing export; tickets and usage come beside them. */
const COMPANY_EXPORTS = [
  'accounts',
  'account-alias',
  'contacts',
  'subscriptions',
  'invoices',
  'fx',
  'interactions',
  'surveys',
  'goals',
  'milestones',
  'opportunities',
  'advocacy',
];

/** What was planted; written to a folder of its own that nothing reads. */
const TRUTHS = ['account', 'account-month', 'ticket', 'interaction', 'event'];

/** The files of a sample: the exports first, then what was planted. */
export function sampleFiles(form: SampleForm): readonly SampleFile[] {
  const exports = form.threeExports
    ? [
        { file: usageFile(form), sql: 'export-three-usage' },
        { file: ticketFile(form), sql: 'export-three-tickets' },
        { file: 'subscriptions.csv', sql: 'export-three-subscriptions' },
      ]
    : [
        ...COMPANY_EXPORTS.map((name) => ({ file: exportFile(name, form), sql: `export-${name}` })),
        { file: ticketFile(form), sql: 'export-tickets' },
        { file: usageFile(form), sql: form.dailyUsage ? 'export-usage-daily' : 'export-usage' },
      ];
  const truths = TRUTHS.map((name) => ({
    file: `truth/${fileName(name)}.csv${form.gzip && name === 'account-month' ? '.gz' : ''}`,
    sql: `truth-${name}`,
  }));
  return [...exports, ...truths];
}

function fileName(name: string): string {
  return name.replaceAll('-', '_');
}

/** Exports as long as the history, which `gzip` compresses beside usage and tickets. */
const LONG_EXPORTS = ['contacts', 'invoices', 'interactions', 'surveys'];

function exportFile(name: string, form: SampleForm): string {
  return `${fileName(name)}.csv${form.gzip && LONG_EXPORTS.includes(name) ? '.gz' : ''}`;
}

function usageFile(form: SampleForm): string {
  return form.gzip ? 'usage.csv.gz' : 'usage.csv';
}

function ticketFile(form: SampleForm): string {
  return form.gzip ? 'tickets.csv.gz' : 'tickets.csv';
}

function sqlOf(name: string): string {
  return sqlText(`${name}.sql`);
}

function sqlText(file: string): string {
  return readSql(new URL(`./sample/${file}`, import.meta.url));
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
  await engine.execute('set variable plain_calendar = $plain', { plain: options.plainCalendar === true });
  await engine.execute('set variable outreach_percent = $percent', { percent: options.outreachPercent ?? 50 });
  await engine.execute('set variable outreach_works = $works', { works: options.uselessOutreach !== true });
  await engine.execute('set variable usage_rows = $rows', { rows: accounts * options.usagePerAccount });
  for (const name of BUILD) {
    onStep?.(name);
    await engine.execute(sqlOf(name));
  }
}

/** Writes one file of a built company as CSV and returns its rows; `.gz` at the end of `path` compresses it. */
export async function writeFile(engine: Engine, sql: string, path: string): Promise<number> {
  const compression = path.endsWith('.gz') ? ', compression gzip' : '';
  const [row] = await engine.rows(`copy (${sqlOf(sql)}) to ${quoteText(path)} (format csv, header${compression})`);
  return Number(row?.Count);
}

/** The text of the `retain.yaml` that maps a full sample. */
export function sampleConfig(form: SampleForm): string {
  const usage = [
    'usage:',
    `  file: ${usageFile(form)}`,
    '  system: product',
    ...(form.dailyUsage ? ['  # Sums a day, user and feature.', '  period: day'] : []),
    '  columns:',
    '    account_id: workspace_id',
    '    user_id: user_id',
    form.dailyUsage ? '    period_start: usage_date' : '    occurred_at: occurred_at',
    '    feature: feature',
    '    event_count: event_count',
    ...(form.dailyUsage ? [] : ['    duration_seconds: duration_seconds']),
    '    error_count: error_count',
    '    # One row in twenty-five reaches the warehouse days later; until then it is not known.',
    `    known_at: ${form.dailyUsage ? 'loaded_date' : 'loaded_at'}`,
  ];
  return LONG_EXPORTS.reduce(
    (text, name) => text.replace(`file: ${name}.csv`, `file: ${exportFile(name, form)}`),
    sqlText('retain.yaml'),
  )
    .replace('{ticket_file}', ticketFile(form))
    .replace('{usage}', usage.map((line) => `  ${line}`).join('\n'));
}
