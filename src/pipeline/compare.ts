import { existsSync } from 'node:fs';
import type { CellRow, TableColumn } from '../contract/agent.ts';
import type { Config } from '../contract/config.ts';
import type { ReportList, RunReport, Warning } from '../contract/report.ts';
import { loadBeside } from '../data/config.ts';
import { UserError } from '../lib/errors.ts';
import { shellWord } from '../lib/shell.ts';
import { adjusted, type BacktestOptions, type BacktestRun, replayPast } from './backtest.ts';
import {
  accuracyMoves,
  alertMoves,
  alertsByCsm,
  type BandMove,
  bandMoves,
  commonDates,
  isClear,
} from './compare-rows.ts';
import { rowSource } from './report-lists.ts';
import { findConfig, openWorkspace, withFlags } from './workspace.ts';

/** Two configurations and the flags of a backtest. */
export interface CompareOptions extends BacktestOptions {
  readonly first: string;
  readonly second: string;
}

/** Both replays and what differs. */
export interface Compared {
  readonly report: RunReport;
  readonly a: BacktestRun;
  readonly b: BacktestRun;
}

/**
 * Replays two configurations over the same origins and says what differs: accounts and ARR that change band, alerts added
 * and removed for each person, headline figures with the paired interval of their difference. The second is replayed as of
 * the first's day, with its seed. Writes to no ledger.
 *
 * @throws UserError when the two count other outcomes (horizon, churn definition)
 */
export async function compare(options: CompareOptions): Promise<Compared> {
  const { first, second } = options;
  const one = adjusted(findConfig({ ...options, config: first }), options);
  const { config, isPart } = existsSync(second)
    ? loadBeside(second, first)
    : { config: findConfig({ ...options, config: second }), isPart: false };
  const two = { ...adjusted(withFlags(config, options), options), seed: one.seed };
  checkQuestion(one, two, options);
  const a = await lived(first, one, options);
  const { as_of, from, to, origins } = a.result;
  const sameDates = origins.length === 0 ? {} : { from, to, origins: origins.length };
  const b = await lived(second, two, { ...options, asOf: as_of, ...sameDates });
  return { report: reportOf(options, a, b, isPart), a, b };
}

async function lived(name: string, config: Config, options: CompareOptions): Promise<BacktestRun> {
  options.progress.note(`replaying ${name}`);
  const workspace = await openWorkspace({ ...options, config: options.first }, () => config);
  try {
    return await replayPast(workspace, { ...options, keepStandings: true });
  } finally {
    workspace.close();
  }
}

function checkQuestion(a: Config, b: Config, { first, second }: CompareOptions): void {
  for (const key of ['horizon_days', 'definition'] as const) {
    if (a.churn[key] === b.churn[key]) continue;
    throw new UserError(`${first} has churn.${key} ${a.churn[key]}, ${second} has ${b.churn[key]}`, {
      hint: 'Two configurations are compared on the same outcomes: give both the same value.',
    });
  }
}

const BANDS: readonly TableColumn[] = [
  { key: 'observation_date', label: 'origin', kind: 'date' },
  { key: 'account_id', label: 'account', kind: 'text' },
  { key: 'name', label: 'name', kind: 'text' },
  { key: 'csm', label: 'CSM', kind: 'text' },
  { key: 'arr_amount', label: 'ARR', kind: 'money' },
  { key: 'band_a', label: 'band A', kind: 'text' },
  { key: 'band_b', label: 'band B', kind: 'text' },
  { key: 'health_score_a', label: 'score A', kind: 'number' },
  { key: 'health_score_b', label: 'score B', kind: 'number' },
];
const MOVES: readonly TableColumn[] = [
  { key: 'observation_date', label: 'origin', kind: 'date' },
  { key: 'band_a', label: 'band A', kind: 'text' },
  { key: 'band_b', label: 'band B', kind: 'text' },
  { key: 'account_count', label: 'accounts', kind: 'integer' },
  { key: 'arr_amount', label: 'ARR', kind: 'money' },
];
const ALERTS: readonly TableColumn[] = [
  { key: 'observation_date', label: 'origin', kind: 'date' },
  { key: 'csm', label: 'CSM', kind: 'text' },
  { key: 'account_id', label: 'account', kind: 'text' },
  { key: 'change', label: 'change', kind: 'text' },
];
const BY_CSM: readonly TableColumn[] = [
  { key: 'csm', label: 'CSM', kind: 'text' },
  { key: 'kept_count', label: 'under both', kind: 'integer' },
  { key: 'added_count', label: 'added by B', kind: 'integer' },
  { key: 'removed_count', label: 'removed by B', kind: 'integer' },
];
const ACCURACY: readonly TableColumn[] = [
  { key: 'prediction', label: 'prediction', kind: 'text', isName: true },
  { key: 'basis', label: 'basis', kind: 'text' },
  { key: 'rows', label: 'rows', kind: 'text' },
  { key: 'metric', label: 'metric', kind: 'text', isName: true, wraps: true },
  { key: 'value_a', label: 'A', kind: 'number', digits: 3 },
  { key: 'value_b', label: 'B', kind: 'number', digits: 3 },
  { key: 'change', label: 'B − A', kind: 'number', digits: 3 },
  { key: 'low', label: 'low', kind: 'number', digits: 3 },
  { key: 'high', label: 'high', kind: 'number', digits: 3 },
  { key: 'method', label: 'compared', kind: 'text' },
];

/** Every list of a comparison's report, in its order. */
export const COMPARE_LISTS: readonly string[] = ['accuracy', 'band_moves', 'alerts_by_csm', 'bands', 'alerts'];

/** The comparison as a command: the same two over the same past. */
export function commandOf(
  options: Pick<CompareOptions, 'first' | 'second' | 'asOf' | 'from' | 'to' | 'every' | 'origins' | 'horizon'>,
): string {
  const { first, second, asOf, from, to, every, origins, horizon } = options;
  const flags = Object.entries({ 'as-of': asOf, from, to, every, origins, horizon }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name} ${value}`],
  );
  return ['retain compare', shellWord(first), shellWord(second), ...flags].join(' ');
}

function reportOf(options: CompareOptions, a: BacktestRun, b: BacktestRun, isPart: boolean): RunReport {
  const { first, second } = options;
  const again = commandOf(options);
  const dates = commonDates(a.dates, b.dates);
  const bands = bandMoves(a.dates, b.dates);
  const alerts = alertMoves(a.dates, b.dates);
  const accuracy = accuracyMoves(a.result, b.result);
  const last = dates.at(-1);
  const latest = bands.filter((move) => move.observation_date === last);
  const people = new Set(bands.map(({ account_id }) => account_id)).size;
  const added = alerts.filter(({ change }) => change === 'added').length;
  const some = (count: number, one: string, more: string) => `${count} ${count === 1 ? one : more}`;
  const isScored = [a, b].some(({ dates }) =>
    dates.some(({ standings }) => standings?.some(({ band }) => band !== null) === true),
  );
  const told = !isScored
    ? 'no account has a band under either'
    : `${some(people, 'account changes', 'accounts change')} band at some origin, ${latest.length} at the last (${last ?? 'none'})`;
  const alertsTold = `${some(added, 'alert', 'alerts')} added and ${alerts.length - added} removed over ${some(dates.length, 'origin', 'origins')}`;
  const clear = accuracy.filter(isClear).length;
  const accuracyTold =
    accuracy.length === 0
      ? 'no prediction has outcomes enough under both to compare its accuracy'
      : `${clear} of ${accuracy.length} figures differ by more than their 90 % interval`;
  return {
    header: {
      ...a.report.header,
      title: 'retain compare',
      notes: [
        `A is ${first}, B is ${second}${isPart ? ', which maps no table and is laid over A' : ''}; seed and as-of date are those of A`,
        ...a.report.header.notes,
      ],
    },
    lists: [
      list('accuracy', 'Accuracy', accuracyTold, ACCURACY, accuracy, [
        'change is B − A; paired: the same accounts redrawn in both. Where nothing differs one figure in ten leaves its interval by luck',
      ]),
      list('band_moves', 'Accounts and ARR that change band', told, MOVES, sums(bands), []),
      list('alerts_by_csm', 'Alerts by CSM', alertsTold, BY_CSM, alertsByCsm(a.dates, b.dates), []),
      list(
        'bands',
        'Accounts with another band',
        told,
        BANDS,
        bands.map((move) => ({ ...move })),
        ['no band: unscored, or not active under that configuration'],
      ),
      list(
        'alerts',
        'Accounts on one at-risk list only',
        alertsTold,
        ALERTS,
        alerts.map((move) => ({ ...move })),
        [],
      ),
    ],
    outcomes: [],
    warnings: otherDates(a, b),
    next: [['bands', people] as const, ['alerts', alerts.length] as const].flatMap(([name, count]) =>
      count === 0 ? [] : [`${again} --list ${name} --format csv`],
    ),
    summary: `${told}; ${alertsTold}; ${accuracyTold}.`,
  };
}

/** Moves added up by date and pair of bands; unknown ARR adds nothing. */
function sums(moves: readonly BandMove[]): CellRow[] {
  const groups = new Map<string, BandMove[]>();
  for (const move of moves) {
    const key = JSON.stringify([move.observation_date, move.band_a, move.band_b]);
    groups.set(key, [...(groups.get(key) ?? []), move]);
  }
  return [...groups.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, group]) => ({
      observation_date: group[0]?.observation_date ?? null,
      band_a: group[0]?.band_a ?? null,
      band_b: group[0]?.band_b ?? null,
      account_count: group.length,
      // Cents, so that the order of accounts cannot change the sum.
      arr_amount: group.reduce((sum, { arr_amount }) => sum + Math.round((arr_amount ?? 0) * 100), 0) / 100,
    }));
}

function otherDates(a: BacktestRun, b: BacktestRun): Warning[] {
  if (a.result.origins.join() === b.result.origins.join()) return [];
  const both = commonDates(a.dates, b.dates).length;
  return [
    {
      what: `A was replayed at ${a.result.origins.length} dates, B at ${b.result.origins.length}; ${both} are the same`,
      consequence: 'bands and alerts are compared on those, figures are not paired',
      remedy: 'give --from and --to so that both have closed outcomes before the first date',
    },
  ];
}

function list(
  name: string,
  title: string,
  headline: string,
  columns: readonly TableColumn[],
  rows: readonly CellRow[],
  notes: readonly string[],
): ReportList {
  return {
    name,
    title,
    headline,
    columns,
    notes,
    rowCount: rows.length,
    rows: rowSource(rows),
    empty: name === 'accuracy' ? 'nothing to compare' : 'no difference',
  };
}
