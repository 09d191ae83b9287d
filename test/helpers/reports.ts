import type { CellRow, TableColumn } from '../../src/contract/agent.ts';
import type { CardCells, Renderer, RenderOptions, ReportList, RunReport } from '../../src/contract/report.ts';

/** A row source that can be read more than once, in chunks as the engine gives them. */
export function rowsInChunks(rows: readonly CellRow[], size = 2): AsyncIterable<readonly CellRow[]> {
  return {
    async *[Symbol.asyncIterator]() {
      for (let i = 0; i < rows.length; i += size) yield rows.slice(i, i + size);
    },
  };
}

/** A list with sensible defaults around what a test is about. */
export function listOf(
  columns: readonly TableColumn[],
  rows: readonly CellRow[],
  more: Partial<ReportList> = {},
): ReportList {
  return {
    name: 'health',
    title: 'Health',
    headline: '',
    columns,
    notes: [],
    rowCount: rows.length,
    rows: rowsInChunks(rows),
    empty: 'No account has a score.',
    ...more,
  };
}

/** A report around some lists. */
export function reportOf(lists: readonly ReportList[], more: Partial<RunReport> = {}): RunReport {
  return {
    header: {
      title: 'Nightly run',
      run_id: '2024-10-01-1',
      version: '0.1.0',
      as_of: '2024-10-01',
      as_of_reason: 'last full day of usage',
      seed: 7,
      config_hash: 'c0ffee',
      currency: 'EUR',
      notes: [],
    },
    lists,
    outcomes: [],
    warnings: [],
    next: [],
    summary: '',
    ...more,
  };
}

/** Everything a renderer writes. */
export async function textOf(
  renderer: Renderer,
  report: RunReport,
  options: Partial<RenderOptions> = {},
): Promise<string> {
  let text = '';
  for await (const part of renderer(report, { format: 'table', width: 100, color: false, ...options })) text += part;
  return text;
}

const HEALTH_COLUMNS: readonly TableColumn[] = [
  { key: 'rank', label: '#', kind: 'integer' },
  { key: 'account_id', label: 'Account', kind: 'id' },
  { key: 'name', label: 'Name', kind: 'text' },
  { key: 'arr_amount', label: 'ARR', kind: 'money' },
  { key: 'health_score', label: 'Score', kind: 'score' },
  { key: 'health_band', label: 'Band', kind: 'text' },
  { key: 'adoption_rate', label: 'Adoption', kind: 'rate' },
  { key: 'churn_probability', label: 'May leave', kind: 'probability' },
  { key: 'days_in_band', label: 'In band', kind: 'integer', unit: 'days' },
  { key: 'renewal_date', label: 'Renewal', kind: 'date' },
  { key: 'is_unmatched', label: 'Unmatched', kind: 'boolean', terminal: false },
];

const HEALTH_ROWS: readonly CellRow[] = [
  {
    rank: 1,
    account_id: 'a-17',
    name: 'Müller & Söhne Präzisionswerkzeuge Gesellschaft mit beschränkter Haftung',
    arr_amount: 148_000,
    currency: 'EUR',
    health_score: 23.4,
    health_band: 'red',
    adoption_rate: 0.0741,
    churn_probability: 0.2731,
    days_in_band: 12,
    renewal_date: '2024-11-30',
    is_unmatched: false,
  },
  {
    rank: 2,
    account_id: 'a-3',
    name: '東京データ株式会社',
    arr_amount: 9_600.5,
    currency: 'USD',
    health_score: 55,
    health_band: 'yellow',
    adoption_rate: 0.42,
    churn_probability: 0.031,
    days_in_band: 140,
    renewal_date: null,
    is_unmatched: true,
  },
  {
    rank: 3,
    account_id: 'a-104',
    name: '=HYPERLINK("http://evil","x") | \u001b[31mred\u001b[0m',
    arr_amount: null,
    currency: null,
    health_score: null,
    health_band: null,
    adoption_rate: null,
    churn_probability: null,
    days_in_band: null,
    renewal_date: '2025-03-01',
    is_unmatched: null,
  },
];

const CARDS: readonly CardCells[] = [
  {
    account_id: 'a-17',
    name: 'Müller & Söhne',
    csm: 'Jane Roe',
    may: 'leave',
    arr_amount: 148_000,
    decision_date: '2024-11-30',
    decision_days: 60,
    on_list_since: '2024-09-17',
    churn_probability: 0.2731,
    base_rate: 0.052,
    reasons: [
      { text: 'no use', fact_on: '2024-08-29', now: 0, past: 212.4, peer: 180, unit: 'events in 28 days' },
      { text: 'champion left (Ada Berg)', fact_on: '2024-09-02', now: null, past: null, peer: null },
      { text: 'tickets above own norm', fact_on: '2024-09-30', now: 7, past: 1.5, peer: 2, unit: 'open' },
      { text: 'a fourth reason that is not printed', fact_on: null, now: null, past: null, peer: null },
    ],
    change: 'up from 5th, champion left',
    last_contact: '2024-08-01',
    whom_to_call: 'Max Kurz, executive, +49 30 1234',
    next_step: 'Call the executive sponsor about the unused licences',
    next_step_due: '2024-10-04',
    under_way: 'ticket 4711 open with support',
    profile: 'manufacturing · DE · enterprise · customer for 3 years',
    alert_id: 'al-17-leave',
  },
  {
    account_id: 'a-3',
    name: 'a-3',
    csm: 'Jane Roe',
    may: 'shrink',
    arr_amount: 9_600.5,
    currency: 'USD',
    decision_date: '2024-09-20',
    decision_days: -11,
    on_list_since: null,
    churn_probability: null,
    base_rate: null,
    reasons: [{ text: 'term ended and still in use', fact_on: '2024-09-20', now: null, past: null, peer: null }],
    change: null,
    last_contact: 'none on record',
    whom_to_call: null,
    next_step: 'Send the renewal',
    next_step_due: null,
    under_way: null,
    profile: null,
    alert_id: 'al-3-shrink',
  },
];

/** A report with every kind of cell, both layouts, an empty list and each outcome of an agent. */
export function wholeReport(): RunReport {
  const cards = CARDS.map((card) => ({ ...card }) as unknown as CellRow);
  return reportOf(
    [
      listOf(HEALTH_COLUMNS, HEALTH_ROWS, {
        headline: '3 accounts, 1 red, EUR 148,000 of ARR below the boundary.',
        notes: ['Bands: red below 40, green from 70; 3 points beyond a boundary are needed to leave a band.'],
      }),
      listOf([{ key: 'account_id', label: 'Account', kind: 'id' }], [], {
        name: 'notice_given',
        title: 'Notice given',
        empty: 'No account has given notice.',
      }),
      listOf(
        [
          { key: 'account_id', label: 'Account', kind: 'id' },
          { key: 'arr_amount', label: 'ARR', kind: 'money' },
          { key: 'reasons', label: 'Why', kind: 'list' },
          { key: 'next_step', label: 'Next step', kind: 'text' },
        ],
        cards,
        { name: 'at_risk', title: 'At risk', layout: 'cards', headline: '2 accounts, 1 new this week.' },
      ),
    ],
    {
      outcomes: [
        {
          agent: 'health',
          status: 'ok',
          finding: { headline: 'x', tables: [], warnings: ['12 accounts are unscored'] },
        },
        { agent: 'onboarding', status: 'skipped', reason: 'no account started in the last 90 days' },
        { agent: 'expansion', status: 'failed', error: 'view seats: column seats not found' },
      ],
      warnings: [
        {
          what: 'the ticket feed stopped on 12 Sep 2024',
          consequence: 'support measures keep their last good value',
          remedy: 'export the tickets again, or set exported_at',
        },
      ],
      next: ['retain account a-17', 'retain health --format csv --output health.csv'],
      summary: '2 accounts at risk, EUR 157,600 of ARR; the first decision was due on 20 Sep 2024.',
    },
  );
}
