import type { CellRow, TableColumn } from '../../contract/agent.ts';
import type { BacktestResult, BacktestVerdict } from '../../contract/backtest.ts';
import type { ReportList, RunReport } from '../../contract/report.ts';
import { longDay } from '../../lib/dates.ts';
import { LEADS, storedFigures } from '../../models/backtest-figures.ts';
import type { Backtested } from '../backtest.ts';
import { leakList } from '../model-card.ts';
import { exportsHeader } from '../run-header.ts';
import { figureOf, isUntold, listOf, type Marks, number, verdictOf } from './figure-lookup.ts';
import { forecastList } from './forecast-list.ts';
import { baseRateOrigins, servedNotes } from './served-notes.ts';
import { sliceList, timeList } from './side-lists.ts';
import { BASES } from './tables.ts';

const BASIS_WORDS: Readonly<Record<string, string>> = {
  all: 'gone within the horizon, all terms',
  leave: 'leave within the horizon (monthly, open-ended)',
  renewal: 'not renewed at the next decision',
};

/** Every list of a backtest's report, in its order. */
export const BACKTEST_LISTS: readonly string[] = [
  ...['verdicts', 'churn', 'over_time', 'slices', 'expansion', 'health', 'forecasts', 'at_risk', 'leaks'],
];

/** A backtest as lists: what each claim was worth, by rung, over time, by slice, health, the at-risk list as shown. */
export async function backtestReport(done: Backtested): Promise<RunReport> {
  const { workspace, result, left_out, leaks, lists } = done;
  const { config } = workspace;
  const { money, notes } = await exportsHeader(workspace);
  const stored: BacktestResult = { ...result, figures: storedFigures(result.figures) };
  const failed = lists.problems.filter(({ outcome }) => outcome.status === 'failed');
  return {
    header: {
      title: 'retain backtest',
      run_id: null,
      version: workspace.version,
      as_of: workspace.asOf,
      as_of_reason: workspace.asOfReason,
      seed: config.seed,
      config_hash: workspace.configHash,
      currency: money.currency,
      is_money_approximate: money.is_approximate,
      notes: [...notes, ...notesOf(result), ...left_out.map((text) => `not tested: ${text}`)],
    },
    lists: [
      verdictList(done),
      churnList(done),
      timeList(result),
      sliceList(result),
      expansionList(done),
      healthList(result),
      forecastList(done),
      atRiskList(done),
      leakList(leaks),
    ],
    outcomes: [],
    warnings: failed.map(({ asOf, outcome }) => ({
      what: `the agent ${outcome.agent} failed as of ${asOf}: ${outcome.status === 'failed' ? outcome.error : ''}`,
      consequence: 'its claims of that date are not scored',
      remedy: 'run it with: retain run --as-of that date --debug',
    })),
    next: ['retain signals', 'retain backtest --format json'],
    summary: summaryOf(result),
    data: { backtest: stored },
  };
}

function notesOf(result: BacktestResult): string[] {
  const [first] = result.origins;
  const last = result.origins.at(-1);
  return [
    first === undefined || last === undefined
      ? 'no origin could be tested'
      : `${result.origins.length} origins, ${longDay(first)} to ${longDay(last)}; each trained only on outcomes closed by its day`,
    `label: ${result.churn_definition}, horizon ${result.horizon_days} days; capacity ${result.capacity} rows a date`,
  ];
}

const ACCURACY: readonly TableColumn[] = [
  number('roc_auc', 'AUC'),
  number('roc_auc_low', 'low'),
  number('roc_auc_high', 'high'),
  { ...number('pr_auc', 'PR-AUC'), terminal: false },
  number('lift', 'lift'),
  number('lift_cap', 'at most'),
  { key: 'precision_at_capacity', label: 'precision', kind: 'rate' },
  { key: 'precision_at_capacity_by_outcomes', label: 'precision by outcomes', kind: 'rate', terminal: false },
  { key: 'recall_at_capacity', label: 'recall', kind: 'rate' },
  { key: 'arr_recall_of_perfect', label: 'ARR of perfect', kind: 'rate' },
  number('log_loss', 'log loss'),
  { ...number('brier_skill', 'Brier skill'), terminal: false },
  number('calibration_error', 'ECE'),
  { ...number('calibration_in_the_large', 'in the large'), terminal: false },
  { ...number('arr_calibration', 'ARR calibration'), terminal: false },
  { key: 'row_count', label: 'rows', kind: 'integer' },
  { key: 'outcome_count', label: 'outcomes', kind: 'integer' },
];

/** `ACCURACY` with recall at each lead that was told; in the terminal only that which was asked for. */
function accuracyOf(result: BacktestResult): readonly TableColumn[] {
  const leads = leadsIn(result).map(
    (days): TableColumn => ({
      key: `recall_at_lead_${days}`,
      label: `recall at ${days} days`,
      kind: 'rate',
      terminal: !LEADS.includes(days),
    }),
  );
  const place = ACCURACY.findIndex(({ key }) => key === 'arr_recall_of_perfect') + 1;
  return [...ACCURACY.slice(0, place), ...leads, ...ACCURACY.slice(place)];
}

/** Days of warning that a recall was told at, ascending. */
function leadsIn({ figures }: BacktestResult): number[] {
  const told = figures.flatMap(({ metric }) => /^recall_at_lead_(\d+)$/.exec(metric)?.[1] ?? []);
  return [...new Set([...LEADS, ...told.map(Number)])].sort((a, b) => a - b);
}

/** Cells of `columns`, which are `accuracyOf` the result. */
function accuracyRow(result: BacktestResult, columns: readonly TableColumn[], wanted: Marks): CellRow {
  const auc = figureOf(result, { ...wanted, metric: 'roc_auc' });
  if (isUntold(result, wanted.prediction ?? '', wanted.basis ?? '')) {
    return { row_count: auc?.row_count ?? 0, outcome_count: auc?.outcome_count ?? 0 };
  }
  const values = columns.map(({ key }) => [key, figureOf(result, { ...wanted, metric: key })?.value ?? null] as const);
  return {
    ...Object.fromEntries(values),
    roc_auc_low: auc?.low ?? null,
    roc_auc_high: auc?.high ?? null,
    lift_cap: figureOf(result, { ...wanted, metric: 'lift' })?.cap ?? null,
    row_count: auc?.row_count ?? 0,
    outcome_count: auc?.outcome_count ?? 0,
  };
}

/** A model that beats the base rate may not have been on any list yet: then the figures beside the verdict are the base rate's. */
function shownNote({ verdict, prediction, basis }: BacktestVerdict, fits: Backtested['fits']): string {
  if (verdict !== 'signal' || (prediction !== 'churn' && prediction !== 'expansion')) return '';
  const count = baseRateOrigins(fits, prediction, basis);
  return count === 0 ? '' : ` As shown it is the base rate at ${count} of ${fits.length} origins.`;
}

function verdictList({ result, fits }: Backtested): ReportList {
  const rows = result.verdicts.map((verdict): CellRow => {
    const { prediction, basis, outcome_count } = verdict;
    const of = (rows: string) =>
      isUntold(result, prediction, basis)
        ? undefined
        : figureOf(result, { prediction, basis, rows, candidate: 'served', metric: 'roc_auc' });
    return {
      prediction,
      basis,
      verdict: verdict.verdict,
      roc_auc: of('all')?.value ?? null,
      roc_auc_low: of('all')?.low ?? null,
      roc_auc_high: of('all')?.high ?? null,
      roc_auc_unworked: of('unworked')?.value ?? null,
      roc_auc_unworked_low: of('unworked')?.low ?? null,
      roc_auc_unworked_high: of('unworked')?.high ?? null,
      outcome_count,
      sentence: `${verdict.sentence}${shownNote(verdict, fits)}`,
    };
  });
  return listOf(
    {
      name: 'verdicts',
      title: 'What may be claimed',
      headline: verdictOf(result, 'churn', 'all')?.sentence ?? '',
      columns: [
        { key: 'prediction', label: 'prediction', kind: 'text', isName: true },
        { key: 'basis', label: 'basis', kind: 'text' },
        { key: 'verdict', label: 'verdict', kind: 'text', isName: true },
        number('roc_auc', 'AUC as shown'),
        number('roc_auc_low', 'low'),
        number('roc_auc_high', 'high'),
        number('roc_auc_unworked', 'AUC unworked'),
        { ...number('roc_auc_unworked_low', 'low (unworked)'), terminal: false },
        { ...number('roc_auc_unworked_high', 'high (unworked)'), terminal: false },
        { key: 'outcome_count', label: 'outcomes', kind: 'integer' },
        { key: 'sentence', label: 'why', kind: 'text', wraps: true },
      ],
      notes: [
        ...BASES.map((basis) => `${basis}: ${BASIS_WORDS[basis]}`),
        'expansion is asked of everybody at once, whatever the term',
        'renewal is the likelihood in the renewal list; what is claimed of its ARR stands under "Forecasts of amounts"',
      ],
    },
    rows,
  );
}

function churnList({ result, rungs, fits }: Backtested): ReportList {
  const columns = accuracyOf(result);
  const names = ['served', ...rungs.filter(({ fitted }) => fitted > 0).map(({ name }) => name)];
  const rows = BASES.flatMap((basis) =>
    names.map(
      (candidate): CellRow => ({
        basis,
        candidate,
        ...accuracyRow(result, columns, { prediction: 'churn', basis, candidate }),
      }),
    ),
  ).filter((row) => Number(row['row_count']) > 0);
  const served = (basis: 'leave' | 'renewal') => fits.filter(({ model }) => model[basis].rung !== null).length;
  const skipped = rungs.filter(({ fitted }) => fitted === 0);
  return listOf(
    {
      name: 'churn',
      title: 'Churn by rung',
      headline:
        fits.length === 0
          ? 'no origin could be tested'
          : `a rung had earned its place by ${served('leave')} of ${fits.length} origins (leave) and ${served('renewal')} (renewal); elsewhere "served" is the base rate`,
      columns: [
        { key: 'basis', label: 'basis', kind: 'text' },
        { key: 'candidate', label: 'who', kind: 'text', isName: true, wraps: true },
        ...columns,
      ],
      notes: [
        'AUC, lift and recall: mean within origins by their outcomes; precision: share of the rows listed; 90 % interval by account; "at most": what perfect knowledge reaches',
        ...servedNotes(fits),
        ...skipped.map(({ title, reason }) => `${title}: ${reason ?? 'not fitted'}`),
      ],
    },
    rows,
  );
}

function expansionList({ result, growth, fits }: Backtested): ReportList {
  const columns = accuracyOf(result);
  const names = ['served', ...growth.filter(({ fitted }) => fitted > 0).map(({ name }) => name)];
  const rows = names
    .map(
      (candidate): CellRow => ({
        candidate,
        ...accuracyRow(result, columns, { prediction: 'expansion', basis: 'all', candidate }),
      }),
    )
    .filter((row) => Number(row['row_count']) > 0);
  const served = fits.filter(({ expansion }) => (expansion?.model.rung ?? null) !== null).length;
  return listOf(
    {
      name: 'expansion',
      title: 'Expansion by rung',
      headline: verdictOf(result, 'expansion', 'all')?.sentence ?? 'no expansion model was tested',
      columns: [{ key: 'candidate', label: 'who', kind: 'text', isName: true, wraps: true }, ...ACCURACY],
      notes: [
        `outcome: ${result.rules?.['expansion'] ?? ''}; no list shows it yet`,
        ...(fits.length === 0
          ? []
          : [
              `a rung had earned its place by ${served} of ${fits.length} origins; elsewhere "served" is the base rate`,
            ]),
        ...growth
          .filter(({ fitted }) => fitted === 0)
          .map(({ title, reason }) => `${title}: ${reason ?? 'not fitted'}`),
      ],
    },
    rows,
  );
}

function healthList(result: BacktestResult): ReportList {
  const columns = accuracyOf(result);
  const names = [
    ...new Set(result.figures.filter(({ prediction }) => prediction === 'health').map(({ candidate }) => candidate)),
  ];
  const rows = BASES.flatMap((basis) =>
    names.map(
      (candidate): CellRow => ({
        basis,
        candidate: candidate === 'served' ? 'health_score' : candidate,
        ...accuracyRow(result, columns, { prediction: 'health', basis, candidate }),
      }),
    ),
  ).filter((row) => Number(row['row_count']) > 0);
  return listOf(
    {
      name: 'health',
      title: 'Health score and its components',
      headline: verdictOf(result, 'health', 'all')?.sentence ?? 'no health score was tested',
      columns: [
        { key: 'basis', label: 'basis', kind: 'text' },
        { key: 'candidate', label: 'who', kind: 'text', isName: true, wraps: true },
        ...columns.filter(({ key }) => !/loss|brier|calibration/.test(key)),
      ],
      notes: ['risk = 100 − score; accounts without a score (too little coverage) are left out'],
    },
    rows,
  );
}

function atRiskList({ result, listed }: Backtested): ReportList {
  const told = isUntold(result, 'churn', 'all') ? [] : listed.figures;
  const rows = told.map(
    ({ metric, value, low, high, row_count, outcome_count }): CellRow => ({
      metric,
      value,
      low,
      high,
      row_count,
      outcome_count,
    }),
  );
  const missed = listed.missed.map(({ why, count }) => `${count} by ${why.replaceAll('_', ' ')}`).join(', ');
  return listOf(
    {
      name: 'at_risk',
      title: 'The at-risk list as it would have been shown',
      headline: `alert budget and hysteresis in force over ${result.origins.length} dates, nobody acting on them`,
      columns: [
        { key: 'metric', label: 'measure', kind: 'text', isName: true },
        number('value', 'value'),
        number('low', 'low'),
        number('high', 'high'),
        { key: 'row_count', label: 'rows', kind: 'integer' },
        { key: 'outcome_count', label: 'outcomes', kind: 'integer' },
      ],
      notes: missed === '' ? [] : [`left and were held back from the list to the end: ${missed}`],
    },
    rows,
  );
}

function summaryOf(result: BacktestResult): string {
  const churn = verdictOf(result, 'churn', 'all');
  if (churn === undefined) return 'nothing was tested';
  if (churn.verdict !== 'signal') return `${churn.sentence} No accuracy is claimed.`;
  const auc = (candidate: string) => {
    const figure = figureOf(result, { prediction: 'churn', candidate, basis: 'all', metric: 'roc_auc' });
    return figure === undefined || figure.value === null
      ? 'no AUC'
      : `AUC ${figure.value.toFixed(3)} (${figure.low?.toFixed(3) ?? '–'} to ${figure.high?.toFixed(3) ?? '–'})`;
  };
  const glassBox = figureOf(result, { prediction: 'churn', candidate: 'ebm', basis: 'all', metric: 'roc_auc' });
  const parts = [
    `as shown ${auc('served')}`,
    ...(glassBox === undefined ? [] : [`glass box ${auc('ebm')}`]),
    `knowing only base rates ${auc('base_rate')}`,
  ];
  return `Churn over all terms, ${result.origins.length} origins: ${parts.join(', ')}. ${churn.sentence}`;
}
