import type { CellRow, TableColumn } from '../contract/agent.ts';
import type { BasisModel, ChurnModel, LeakRecord } from '../contract/churn-model.ts';
import type { CommonOptions } from '../contract/options.ts';
import type { ReportList, RunReport } from '../contract/report.ts';
import { commitRows, readState } from '../ledger/index.ts';
import { longDay } from '../lib/dates.ts';
import { fitInPool, modelRow } from './churn-model.ts';
import { rowSource } from './report-lists.ts';
import { headerNotes } from './run-header.ts';
import { openWorkspace } from './workspace.ts';

const LADDER_COLUMNS: readonly TableColumn[] = [
  { key: 'rung', label: 'rung', kind: 'text', isName: true },
  { key: 'status', label: 'status', kind: 'text', terminal: false },
  { key: 'log_loss', label: 'log loss', kind: 'number' },
  { key: 'gain', label: 'gain over base', kind: 'number' },
  { key: 'gain_se', label: '± se', kind: 'number' },
  { key: 'p_value', label: 'p (family)', kind: 'number' },
  { key: 'auc', label: 'AUC', kind: 'number' },
  { key: 'auc_low', label: 'low', kind: 'number' },
  { key: 'auc_high', label: 'high', kind: 'number' },
  { key: 'is_taken', label: 'taken', kind: 'boolean' },
  { key: 'note', label: 'note', kind: 'text' },
];

const FACT_COLUMNS: readonly TableColumn[] = [
  { key: 'kind', label: 'fact', kind: 'text', isName: true },
  { key: 'holder_count', label: 'accounts held it', kind: 'integer' },
  { key: 'holder_outcome_count', label: 'of them left', kind: 'integer' },
  { key: 'expected_outcome_count', label: 'due at the rate of the rest', kind: 'number' },
  { key: 'holder_rate', label: 'rate of holders', kind: 'rate' },
  { key: 'other_rate', label: 'rate of the rest', kind: 'rate' },
  { key: 'is_demoted', label: 'no longer red', kind: 'boolean' },
];

/** Fits the churn model as of the day in hand, keeps it in the ledger and prints its ladder. */
export async function train(options: CommonOptions): Promise<RunReport> {
  const workspace = await openWorkspace(options);
  const { engine, asOf, config, configHash, ledgerFile } = workspace;
  await readState(engine, ledgerFile, ['decision'], { asOf, waitSeconds: options.wait });
  options.progress.stage(`training as of ${asOf}`);
  const model = await fitInPool(workspace, asOf, { ...options, onLeak: 'refuse' });
  options.progress.done();
  await commitRows(
    engine,
    ledgerFile,
    { model: { rows: [modelRow(model, configHash)] } },
    { waitSeconds: options.wait },
  );
  const [settings] = await engine.rows('select currency from settings');
  return {
    header: {
      title: 'retain train',
      run_id: null,
      version: workspace.version,
      as_of: asOf,
      as_of_reason: workspace.asOfReason,
      seed: config.seed,
      config_hash: configHash,
      currency: typeof settings?.['currency'] === 'string' ? settings['currency'] : null,
      notes: [
        ...(await headerNotes(workspace)),
        `model ${model.model_id}, label: ${config.churn.definition}, horizon ${config.churn.horizon_days} days`,
      ],
    },
    lists: [
      ladderList(model.leave, 'leave within the horizon'),
      ladderList(model.renewal, 'not renewed at the next decision'),
      factList(model),
      leakList(model.leaks),
    ],
    outcomes: [],
    warnings: [],
    next: ['retain run', 'retain churn'],
    summary: `${model.leave.sentence} Renewals: ${model.renewal.sentence}`,
  };
}

function ladderList(basis: BasisModel, title: string): ReportList {
  const span =
    basis.first_on === null || basis.last_on === null
      ? ''
      : `, ${longDay(basis.first_on)} to ${longDay(basis.last_on)}`;
  return {
    name: `ladder_${basis.basis}`,
    title: `Ladder: ${title}`,
    headline: basis.sentence,
    columns: LADDER_COLUMNS,
    notes: [
      `${basis.row_count} closed rows${span}; ${basis.outcome_count} accounts with the outcome; base rate ${(basis.base_rate * 100).toFixed(1)} % a row`,
      ...(basis.calibration === null
        ? []
        : [
            `calibrated: intercept ${basis.calibration.intercept.toFixed(3)}, slope ${basis.calibration.slope.toFixed(3)}`,
          ]),
    ],
    rowCount: basis.ladder.length,
    rows: rowSource(basis.ladder),
    empty: 'no rung was compared',
  };
}

function factList(model: ChurnModel): ReportList {
  return {
    name: 'fact_records',
    title: 'Red facts against what happened',
    headline: `${model.facts.filter((fact) => fact.is_demoted).length} of ${model.facts.length} red facts lost their red`,
    columns: FACT_COLUMNS,
    notes: [
      'every account counts once, at the first date it held the fact, against the accounts of that date without it; a fact loses its red when ten or more of its holders were due to leave and no more than were due did',
    ],
    rowCount: model.facts.length,
    rows: rowSource(model.facts.map((fact) => ({ ...fact }) as CellRow)),
    empty: 'no red fact was held on any observation date',
  };
}

/** What is done about a column or feature that knows the outcome. */
const TREATMENTS: Readonly<Record<LeakRecord['treatment'], string>> = {
  left_out: 'left out of the model',
  allowed: 'let into the model by --allow-leak or model.allow_leak',
  hidden: 'hidden until known: no day sees it before it happened',
  warned: 'never a feature; look at where it comes from',
};

/** What the leak audit found and what is done about it. */
export function leakList(leaks: readonly LeakRecord[]): ReportList {
  const count = (treatment: LeakRecord['treatment']) => leaks.filter((leak) => leak.treatment === treatment).length;
  return {
    name: 'leaks',
    title: 'Columns that know the outcome',
    headline:
      leaks.length === 0
        ? 'the leak audit found no column that knows the outcome'
        : `the leak audit found ${leaks.length}: ${count('left_out')} left out of the model, ${count('allowed')} let into it, ${count('hidden')} hidden until known, ${count('warned')} to look at`,
    columns: [
      { key: 'name', label: 'column or feature', kind: 'text' },
      { key: 'treatment', label: 'what is done', kind: 'text' },
      { key: 'message', label: 'why', kind: 'text' },
    ],
    notes: [],
    rowCount: leaks.length,
    rows: rowSource(leaks.map((leak) => ({ ...leak, treatment: TREATMENTS[leak.treatment] }))),
    empty: 'none',
  };
}
