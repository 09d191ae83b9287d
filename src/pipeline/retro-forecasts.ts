import { AGENTS } from '../agents/index.ts';
import type { AmountForecast, CellRow, Day } from '../contract/agent.ts';
import type { Config } from '../contract/config.ts';
import type { ReportList } from '../contract/report.ts';
import { BOUND_DAYS, type Engine } from '../engine/engine.ts';
import { addDays, dayFromNumber, dayNumber } from '../lib/dates.ts';
import { type BacktestBook, readBook, rowKey, waitDays } from './backtest/book.ts';
import { type ForecastDate, forecastFigures, judgeForecast } from './backtest/forecasts.ts';
import { rowSource } from './report-lists.ts';

/** What one past run's forecast of an amount came to. Amounts are in the reporting currency. */
export interface ForecastRecord {
  readonly forecast: string;
  readonly as_of: Day;
  /** The last day it speaks of. */
  readonly until: Day;
  /**
   * `not_closed_yet`: the outcome of an account may still come (`closes_on`); `cannot_be_judged`: every outcome that will ever be
   * known is, and that of an account is not among them.
   */
  readonly verdict: 'inside' | 'below' | 'above' | 'not_closed_yet' | 'cannot_be_judged';
  readonly source: 'model' | 'base_rate' | 'mixed' | null;
  readonly is_replayed: boolean;
  readonly account_count: number;
  /** Of these, accounts whose outcome is known. */
  readonly closed_count: number;
  readonly amount: number;
  readonly expected_amount: number;
  readonly amount_low: number;
  readonly amount_high: number;
  /** Probability that the range claimed to hold with. */
  readonly level: number;
  /** Null until every outcome is known. */
  readonly came_amount: number | null;
  /** (expected − came) ÷ amount; null also where too few outcomes are known of all dates together. */
  readonly arr_bias: number | null;
  /** The day on which the last outcome closes. */
  readonly closes_on: Day | null;
}

/** A declared forecast over all dates that are judged. Figures are null where too few outcomes are known. */
export interface ForecastSummary {
  readonly title: string;
  readonly outcome: AmountForecast['outcome'];
  readonly level: number;
  readonly date_count: number;
  /** Dates whose every outcome is known, and how many of them lay inside the range. */
  readonly closed_count: number;
  readonly inside_count: number;
  /** Most closed dates whose windows share no day: more are no independent tries. */
  readonly apart_count: number;
  readonly outcome_count: number;
  readonly bias: { readonly value: number; readonly low: number; readonly high: number } | null;
}

/** Past forecasts against what came. */
export interface ForecastFindings {
  readonly records: readonly ForecastRecord[];
  readonly summaries: readonly ForecastSummary[];
  /** Forecasts that are left out because they were told in another currency, for another horizon or under another churn definition than today's. */
  readonly changed_count: number;
}

/** A forecast as the ledger keeps it. */
interface Kept extends ForecastDate {
  readonly isReplayed: boolean;
  readonly source: ForecastRecord['source'];
  readonly level: number;
  readonly horizon_days: number;
  readonly amount: number;
  readonly expected: number;
}

// Of replayed weeks the run may be of a later day than the one in hand: then it is not in `state`, nor its configuration.
const ROWS = `
  select f.as_of, f.account_id, f.amount, f.expected_amount, f.amount_low, f.amount_high, f.source, f.level, f.horizon_days, d.is_replayed
  from state.forecast as f
  join state.run_date as d on d.run_id = f.run_id and d.as_of = f.as_of
  left join state.run as u on u.run_id = f.run_id
  where f.forecast = $forecast and d.superseded_by is null and f.currency is not distinct from (select currency from settings)
    and f.horizon_days = $horizon
    and coalesce(json_extract_string(u.config, '$.churn.definition'), $definition) = $definition
    and f.as_of in (select day from ${BOUND_DAYS})
  order by f.as_of, f.account_id nulls first`;

/**
 * What runs forecast on past dates against what came, by the rules of a backtest (`judgeForecast`). Needs `main.panel` over `dates`.
 */
export async function judgeForecasts(
  engine: Engine,
  config: Config,
  asOf: Day,
  dates: readonly Day[],
): Promise<ForecastFindings> {
  const records: ForecastRecord[] = [];
  const summaries: ForecastSummary[] = [];
  const bound = { dates: dates.join(',') };
  const [all] = await engine.rows(
    `select count(*) filter (where account_id is null) as n from state.forecast
     where as_of in (select day from ${BOUND_DAYS})`,
    bound,
  );
  if (Number(all?.['n'] ?? 0) === 0) return { records, summaries, changed_count: 0 };
  const book = await readBook(engine, config, dates, asOf);
  for (const forecast of AGENTS.flatMap((agent) => agent.forecasts ?? [])) {
    const horizon = horizonOf(forecast, config);
    const { definition } = config.churn;
    const rows = await engine.rows(ROWS, { ...bound, forecast: forecast.name, horizon, definition });
    const kept = keptDates(rows);
    if (kept.size === 0) continue;
    const found = judgeKept(book, forecast, kept, { config, asOf });
    records.push(...found.records);
    summaries.push(found.summary);
  }
  return { records, summaries, changed_count: Number(all?.['n']) - records.length };
}

/** How far a forecast looks under this configuration. */
function horizonOf({ outcome }: AmountForecast, { churn, expansion }: Config): number {
  return outcome === 'expansion' ? expansion.horizon_days : churn.horizon_days;
}

function keptDates(rows: readonly CellRow[]): Map<Day, Kept> {
  const dates = new Map<Day, Kept>();
  const byDay = new Map<Day, CellRow[]>();
  for (const row of rows) {
    const day = String(row['as_of']);
    const own = byDay.get(day);
    if (own === undefined) byDay.set(day, [row]);
    else own.push(row);
  }
  for (const [day, own] of byDay) {
    const book = own.find((row) => row['account_id'] === null);
    if (book === undefined) continue;
    const lines = own.filter((row) => row !== book);
    const sources = new Set(lines.map((row) => row['source']));
    const [source] = sources;
    dates.set(day, {
      accounts: lines.map((row) => ({
        account_id: String(row['account_id']),
        amount: Number(row['amount']),
        expected: Number(row['expected_amount']),
      })),
      low: Number(book['amount_low']),
      high: Number(book['amount_high']),
      amount: Number(book['amount']),
      expected: Number(book['expected_amount']),
      level: Number(book['level']),
      horizon_days: Number(book['horizon_days']),
      isReplayed: book['is_replayed'] === true,
      source: sources.size > 1 ? 'mixed' : source === 'model' || source === 'base_rate' ? source : null,
    });
  }
  return dates;
}

/** One declared forecast over the dates on which the ledger keeps it. */
export function judgeKept(
  book: BacktestBook,
  forecast: AmountForecast,
  kept: ReadonlyMap<Day, Kept>,
  { config, asOf }: { readonly config: Config; readonly asOf: Day },
): { readonly records: ForecastRecord[]; readonly summary: ForecastSummary } {
  const figures = forecastFigures(book, { forecast, dates: new Map(kept) }, config.seed);
  const bias = figures.find(({ metric }) => metric === 'arr_bias');
  const outcome_count = bias?.outcome_count ?? 0;
  const isEnough = outcome_count >= config.model.min_outcomes;
  const records = [...kept].map(([day, said]): ForecastRecord => {
    const { known, came, amount, unknown, verdict } = judgeForecast(book, forecast, day, said);
    const closes = unknown.map((account) => closesOn(book, forecast, day, account, config));
    const last = Math.max(...closes.filter((close) => close > dayNumber(asOf)));
    const isOpen = Number.isFinite(last);
    return {
      forecast: forecast.name,
      as_of: day,
      until: addDays(day, said.horizon_days),
      verdict: verdict ?? (isOpen ? 'not_closed_yet' : 'cannot_be_judged'),
      source: said.source,
      is_replayed: said.isReplayed,
      account_count: said.accounts.length,
      closed_count: known.length,
      amount: said.amount,
      expected_amount: said.expected,
      amount_low: said.low,
      amount_high: said.high,
      level: said.level,
      came_amount: verdict === null ? null : came,
      arr_bias: verdict === null || !isEnough ? null : (said.expected - came) / amount,
      closes_on: isOpen ? dayFromNumber(last) : null,
    };
  });
  const closed = records.filter(({ came_amount }) => came_amount !== null);
  const { value = null, low = null, high = null } = bias ?? {};
  return {
    records,
    summary: {
      title: forecast.title,
      outcome: forecast.outcome,
      level: records.at(-1)?.level ?? forecast.level,
      date_count: records.length,
      closed_count: closed.length,
      inside_count: closed.filter(({ verdict }) => verdict === 'inside').length,
      apart_count: apartCount(closed),
      outcome_count,
      bias: !isEnough || value === null || low === null || high === null ? null : { value, low, high },
    },
  };
}

/** Day on which an account's outcome closes; −∞ where nothing is asked of it any more. */
function closesOn(book: BacktestBook, { outcome }: AmountForecast, day: Day, account: string, config: Config): number {
  const at = book.place.get(rowKey(dayNumber(day), account));
  if (at === undefined) return Number.NEGATIVE_INFINITY;
  if (outcome === 'churn') return dayNumber(day) + waitDays(config);
  if (outcome === 'expansion') return dayNumber(day) + config.expansion.horizon_days + config.churn.grace_days;
  const closed = book.closed_on[at] as number;
  return book.basis[at] === 'renewal' && !Number.isNaN(closed) ? closed : Number.NEGATIVE_INFINITY;
}

/** Of windows in the order of their days, the most that share no day. */
function apartCount(windows: readonly ForecastRecord[]): number {
  let count = 0;
  let end = '';
  for (const { as_of, until } of windows) {
    if (as_of < end) continue;
    count += 1;
    end = until;
  }
  return count;
}

const HAPPENED: Readonly<Record<AmountForecast['outcome'], string>> = {
  not_renewed: 'did not renew',
  churn: 'left',
  expansion: 'grew',
};

function sentenceOf(summary: ForecastSummary, needed: number): string {
  const { title, level, date_count, closed_count, inside_count, apart_count, outcome_count, outcome, bias } = summary;
  const dates = (count: number) => `${count} ${count === 1 ? 'date' : 'dates'}`;
  if (closed_count === 0)
    return `${title}: told on ${dates(date_count)}, and not every outcome of any of them is known yet`;
  const overlap =
    apart_count === closed_count ? '' : ` (windows overlap: at most ${apart_count} of them without a day in common)`;
  const held = `${title}: what came lay inside the range on ${inside_count} of ${dates(closed_count)}, meant to on ${100 * level} % of them${overlap}`;
  if (bias === null) {
    return `${held}; too few outcomes for a bias: ${outcome_count} of ${needed} accounts that ${HAPPENED[outcome]}`;
  }
  const percent = (value: number) => (100 * value).toFixed(1);
  const way = bias.low > 0 ? 'too hopeful' : bias.high < 0 ? 'too gloomy' : 'no bias beyond chance';
  return `${held}; bias ${percent(bias.value)} % of the amount at stake (${percent(bias.low)} to ${percent(bias.high)}): ${way}`;
}

/** Past forecasts as a list; `needed`: outcomes without which no bias is told. */
export function forecastList(
  { records, summaries, changed_count }: ForecastFindings,
  needed: number,
  top?: number,
): ReportList {
  const rows = records.map((record) => ({ ...record }) as CellRow);
  return {
    name: 'forecasts',
    title: 'Forecasts of amounts against what came',
    headline: summaries.map((summary) => sentenceOf(summary, needed)).join('; '),
    columns: [
      { key: 'forecast', label: 'forecast', kind: 'text', isName: true, terminal: false },
      { key: 'as_of', label: 'told on', kind: 'date' },
      { key: 'until', label: 'until', kind: 'date' },
      { key: 'account_count', label: 'accounts', kind: 'integer', terminal: false },
      { key: 'closed_count', label: 'known', kind: 'integer', terminal: false },
      { key: 'amount', label: 'at stake', kind: 'money' },
      { key: 'expected_amount', label: 'expected', kind: 'money' },
      { key: 'amount_low', label: 'low', kind: 'money' },
      { key: 'amount_high', label: 'high', kind: 'money' },
      { key: 'level', label: 'meant to hold', kind: 'rate', terminal: false },
      { key: 'came_amount', label: 'came', kind: 'money' },
      { key: 'verdict', label: 'it lay', kind: 'text', isName: true },
      { key: 'arr_bias', label: 'bias', kind: 'rate' },
      { key: 'closes_on', label: 'closes', kind: 'date' },
      { key: 'source', label: 'by', kind: 'text', isName: true, terminal: false },
      { key: 'is_replayed', label: 'replayed', kind: 'boolean', terminal: false },
    ],
    notes: [
      'at stake: what decided in the window, at the amounts of that day; bias: (expected − came) ÷ at stake, above 0 it was too hopeful, its interval by account (90 %); dates whose windows overlap are no independent tries',
      ...(changed_count === 0
        ? []
        : [
            `${changed_count} more were told in another currency, for another horizon, under another churn definition or by no agent of today, and are not judged`,
          ]),
    ],
    rowCount: rows.length,
    rows: rowSource(top === undefined ? rows : rows.slice(0, top)),
    empty: 'no run before has kept a forecast: none is told where outcomes are too few, and earlier versions kept none',
  };
}
