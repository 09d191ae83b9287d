import type { CellRow, TableColumn } from '../../contract/agent.ts';
import type { BacktestResult } from '../../contract/backtest.ts';
import type { ReportList } from '../../contract/report.ts';
import { figureOf, isUntold, listOf, number } from './figure-lookup.ts';
import { BASES } from './tables.ts';

/** Who is shown over time and by slice, beside each other. */
const SIDE: readonly (readonly [string, string, string])[] = [
  ['churn', 'served', 'as shown'],
  ['churn', 'base_rate', 'base rate'],
  ['churn', 'ebm', 'glass box'],
  ['churn', 'logistic', 'logistic'],
  ['health', 'served', 'health'],
  ['churn', 'decision_proximity', 'decision proximity'],
  ['churn', 'best_single_rule', 'best rule'],
];

/** AUC of each with its interval. Where outcomes are too few for an interval no value is told either; `data` has it all the same. */
function sideBySide(result: BacktestResult, basis: string, slice: string): CellRow {
  const cells = SIDE.flatMap(([prediction, candidate]) => {
    const figure = isUntold(result, prediction, basis)
      ? undefined
      : figureOf(result, { prediction, candidate, basis, slice, metric: 'roc_auc' });
    const told = figure === undefined || figure.low === null || figure.high === null ? undefined : figure;
    const key = `${prediction}_${candidate}`;
    return [
      [key, told?.value ?? null],
      [`${key}_low`, told?.low ?? null],
      [`${key}_high`, told?.high ?? null],
    ] as const;
  });
  const base = figureOf(result, { prediction: 'churn', candidate: 'base_rate', basis, slice, metric: 'roc_auc' });
  return { ...Object.fromEntries(cells), row_count: base?.row_count ?? 0, outcome_count: base?.outcome_count ?? 0 };
}

/** Whose interval stands in machine formats and in Markdown; that of what was shown is told everywhere, the others by `data`. */
const ENDS_BESIDE: ReadonlySet<string> = new Set(['churn_ebm', 'health_served']);

const SIDE_COLUMNS: readonly TableColumn[] = [
  ...SIDE.flatMap(([prediction, candidate, label]) => {
    const key = `${prediction}_${candidate}`;
    if (key === 'churn_served') return [number(key, label), number(`${key}_low`, 'low'), number(`${key}_high`, 'high')];
    if (!ENDS_BESIDE.has(key)) return [number(key, label)];
    const ends = (['low', 'high'] as const).map((side) => number(`${key}_${side}`, `${side} (${label})`));
    return [number(key, label), ...ends.map((column) => ({ ...column, terminal: false }))];
  }),
  { key: 'row_count', label: 'rows', kind: 'integer' },
  { key: 'outcome_count', label: 'outcomes', kind: 'integer' },
];

const INTERVAL_NOTE =
  '90 % interval by account; – where so few left, or stayed, that there is none: what is told without an interval tells nothing';

function slicesOf(result: BacktestResult, kinds: readonly string[]): string[] {
  const slices = [...new Set(result.figures.map(({ slice }) => slice))];
  return kinds.flatMap((kind) => slices.filter((slice) => slice.startsWith(`${kind}:`)).sort());
}

/** Who ranked how well, at each origin. */
export function timeList(result: BacktestResult): ReportList {
  const rows = slicesOf(result, ['origin']).map(
    (slice): CellRow => ({ origin: slice.slice(7), ...sideBySide(result, 'all', slice) }),
  );
  return listOf(
    {
      name: 'over_time',
      title: 'Over time, all terms',
      headline: isUntold(result, 'churn', 'all')
        ? 'too few left at the origins for an AUC of churn'
        : 'AUC at each origin',
      columns: [{ key: 'origin', label: 'origin', kind: 'date' }, ...SIDE_COLUMNS],
      notes: [INTERVAL_NOTE],
    },
    rows,
  );
}

/** The same among accounts of one kind. */
export function sliceList(result: BacktestResult): ReportList {
  const rows = BASES.flatMap((basis) =>
    slicesOf(result, ['term', 'decision', 'segment']).map((slice): CellRow => {
      const [kind = '', ...value] = slice.split(':');
      return { basis, slice: kind, value: value.join(':'), ...sideBySide(result, basis, slice) };
    }),
  ).filter((row) => Number(row['row_count']) > 0);
  const segments = new Set(rows.filter((row) => row['slice'] === 'segment').map((row) => row['value']));
  return listOf(
    {
      name: 'slices',
      title: 'By term, decision and segment',
      headline: BASES.every((basis) => isUntold(result, 'churn', basis))
        ? 'too few left at the origins for an AUC of churn'
        : 'AUC of those ranked among their own kind',
      columns: [
        { key: 'basis', label: 'basis', kind: 'text' },
        { key: 'slice', label: 'slice', kind: 'text' },
        { key: 'value', label: 'value', kind: 'text' },
        ...SIDE_COLUMNS,
      ],
      notes: [
        INTERVAL_NOTE,
        ...(segments.size > 1 && segments.has('all')
          ? ['segment all: accounts whose own segment holds too few to be one, not the whole book']
          : []),
        'decision outside: the decision lies beyond the horizon, and knowing the term end earns nothing there: the churn model speaks of none of them apart (all terms), so its AUC is .5 by construction',
      ],
    },
    rows,
  );
}
