import type { CellRow, TableColumn } from '../contract/agent.ts';
import type { BasisModel, ChurnModel, LeakRecord } from '../contract/churn-model.ts';
import type { ReportHeader, ReportList, Warning } from '../contract/report.ts';
import { longDay } from '../lib/dates.ts';
import { shapeBar, topShapes } from '../models/term-shapes.ts';
import { type ModelLimit, notFor } from './model-limits.ts';
import { TREATED_DAYS } from './panel.ts';
import { rowSource } from './report-lists.ts';
import { headerNotes } from './run-header.ts';
import type { Workspace } from './workspace.ts';

/** What a card says beside the model itself; kept in the ledger with it. */
export interface CardFrame {
  readonly version: string;
  readonly as_of_reason: string;
  readonly config_hash: string;
  readonly currency: string | null;
  /** What was read and how much of it joins. */
  readonly notes: readonly string[];
  readonly inputs: readonly { readonly file: string; readonly bytes: number; readonly sha256: string }[];
  /** Days after which a run fits a new model. */
  readonly max_age_days: number;
}

/** What is known of the exports when a model is fitted; `notes`: what the header says of them, where that is known already. */
export async function cardFrame(workspace: Workspace, notes?: readonly string[]): Promise<CardFrame> {
  const [settings] = await workspace.engine.rows('select currency from settings');
  return {
    version: workspace.version,
    as_of_reason: workspace.asOfReason,
    config_hash: workspace.configHash,
    currency: typeof settings?.['currency'] === 'string' ? settings['currency'] : null,
    notes: notes ?? (await headerNotes(workspace)),
    inputs: workspace.ingested.inputs.map(({ file, bytes, sha256 }) => ({ file, bytes, sha256 })),
    max_age_days: workspace.config.model.max_age_days,
  };
}

/** Header of a report about one model. */
export function cardHeader(model: ChurnModel, frame: CardFrame, title: string, notes: readonly string[]): ReportHeader {
  return {
    title,
    run_id: null,
    version: frame.version,
    as_of: model.as_of,
    as_of_reason: frame.as_of_reason,
    seed: model.seed,
    config_hash: frame.config_hash,
    currency: frame.currency,
    notes: [
      ...frame.notes,
      `model ${model.model_id}, label: ${model.churn_definition}, horizon ${model.horizon_days} days`,
      ...[model.leave, model.renewal].flatMap(treatmentNote),
      ...notes,
    ],
  };
}

function treatmentNote({ basis, evidence }: BasisModel): string[] {
  const { treated_account_count: treated } = evidence;
  if (treated === undefined) return [];
  return [
    `${basisTitle(basis)}: ${treated} accounts were acted on within ${TREATED_DAYS} days of a date; probabilities and figures are those of accounts that nobody acts on`,
  ];
}

/** The question of a basis in words. */
export function basisTitle(basis: BasisModel['basis']): string {
  if (basis === 'expansion') return 'pays for more at the horizon';
  return basis === 'leave' ? 'leave within the horizon' : 'not renewed at the next decision';
}

/** The lists of a model card, in their order. */
export function cardLists(model: ChurnModel, frame: CardFrame): ReportList[] {
  const bases = [model.leave, model.renewal];
  return [
    dataList(bases, frame, [
      `label: the decision to leave under ${model.churn_definition}; leave: within ${model.horizon_days} days of the date; renewal: by the end of the term and grace`,
    ]),
    ladderList(model.leave),
    ladderList(model.renewal),
    figureList(bases),
    shapeList(model.leave),
    shapeList(model.renewal),
    factList(model),
    leakList(model.leaks),
    limitList(notFor(model, frame.max_age_days)),
  ];
}

/** What a reader of the card must not miss: a second opinion that differs, a leak that was let in. */
export function cardWarnings(model: ChurnModel): Warning[] {
  return [
    ...opinionWarnings([model.leave, model.renewal]),
    ...allowedNames(model.leaks).map((name) => ({
      what: `${name} knows the outcome and was let into the model`,
      consequence: 'accuracy is overstated, and probabilities of accounts that have not left yet are too low',
      remedy: `train again without --allow-leak ${name} and without it in model.features`,
    })),
  ];
}

/** Names of what the leak audit found and a person let in. */
export function allowedNames(leaks: readonly LeakRecord[]): string[] {
  return [...new Set(leaks.filter(({ treatment }) => treatment === 'allowed').map(({ name }) => name))];
}

/** Second opinions that differ. */
export function opinionWarnings(bases: readonly BasisModel[]): Warning[] {
  return bases.flatMap(({ basis, evidence }): Warning[] =>
    evidence.second_opinion?.is_warning === true
      ? [
          {
            what: `${basisTitle(basis)}: ${evidence.second_opinion.sentence.replace(/\.$/, '')}`,
            consequence: 'the figures of the logistic rung are less sure than their intervals say',
            remedy: 'the other rungs do not rest on it',
          },
        ]
      : [],
  );
}

/** What the bases learnt from; `labels` says what counts as the outcome. */
export function dataList(
  bases: readonly BasisModel[],
  frame: CardFrame,
  labels: readonly string[],
  name = 'data',
): ReportList {
  const rows = bases.flatMap((basis): CellRow[] => {
    const { evidence } = basis;
    if (basis.row_count === 0 || basis.first_on === null || basis.last_on === null) return [];
    const [shortest, longest] = evidence.closing_days ?? [0, 0];
    return [
      {
        basis: basis.basis,
        row_count: basis.row_count,
        account_count: evidence.account_count,
        outcome_count: basis.outcome_count,
        base_rate: basis.base_rate,
        first_on: basis.first_on,
        last_on: basis.last_on,
        closing_days: shortest === longest ? `${shortest}` : `${shortest} to ${longest}`,
        origin_count: evidence.origins.length,
        first_origin: evidence.origins[0] ?? null,
        last_origin: evidence.origins.at(-1) ?? null,
        feature_count: evidence.features.length,
        data_hash: evidence.data_hash.slice(0, 16),
      },
    ];
  });
  const files = frame.inputs.map(({ file, bytes, sha256 }) => `${file} (${bytes} bytes, ${sha256.slice(0, 12)})`);
  return {
    name,
    title: 'Data, label and split',
    headline: `${rows.reduce((sum, row) => sum + Number(row['row_count']), 0)} closed rows, an account and date each`,
    columns: DATA_COLUMNS,
    notes: [
      ...labels,
      'split: every rung is fitted on what had closed by a date and predicts that date; the gap between the two is the days to closing',
      ...(files.length === 0 ? [] : [`files: ${files.join('; ')}`]),
    ],
    rowCount: rows.length,
    rows: rowSource(rows),
    empty: 'no closed history: nothing could be learnt',
  };
}

/** Every rung of a basis with its figures out of time. */
export function ladderList(basis: BasisModel): ReportList {
  const span =
    basis.first_on === null || basis.last_on === null
      ? ''
      : `, ${longDay(basis.first_on)} to ${longDay(basis.last_on)}`;
  const { evidence, calibration } = basis;
  return {
    name: `ladder_${basis.basis}`,
    title: `Ladder: ${basisTitle(basis.basis)}`,
    headline: basis.sentence,
    columns: LADDER_COLUMNS,
    notes: [
      `${basis.row_count} closed rows${span}; ${basis.outcome_count} accounts with the outcome; base rate ${(basis.base_rate * 100).toFixed(1)} % a row`,
      ...(evidence.second_opinion === null ? [] : [evidence.second_opinion.sentence]),
      ...(basis.rung === null ? [] : [evidence.calibration_sentence]),
      ...(calibration === null
        ? []
        : [`calibrated: intercept ${calibration.intercept.toFixed(3)}, slope ${calibration.slope.toFixed(3)}`]),
    ],
    rowCount: basis.ladder.length,
    rows: rowSource(basis.ladder),
    empty: 'no rung was compared',
  };
}

/** How good the probabilities of the bases are, out of time; `much` is what a too high mean sees too much of. */
export function figureList(bases: readonly BasisModel[], name = 'figures', much = 'risk'): ReportList {
  const rows = bases.flatMap((basis): CellRow[] => {
    const { figures } = basis.evidence;
    if (figures === null) return [];
    const { calibration_error: error, calibration_in_the_large: large, ...rest } = figures;
    return [
      {
        basis: basis.basis,
        rung: basis.rung ?? 'base_rate',
        ...rest,
        calibration_error: error.value,
        calibration_error_low: error.low,
        calibration_error_high: error.high,
        calibration_in_the_large: large.value,
        calibration_in_the_large_low: large.low,
        calibration_in_the_large_high: large.high,
      },
    ];
  });
  return {
    name,
    title: 'How good the probabilities are, out of time',
    headline: 'of the rung taken, or of the base rate where none was; before calibration',
    columns: FIGURE_COLUMNS,
    notes: [
      `skill: Brier score against the base rate known at each date, above 0 is better; ECE: mean distance of probability and outcome rate over ten bins of equal size; in the large: mean probability less outcome rate, above 0 sees too much ${much}; intervals 90 %, whole accounts drawn`,
    ],
    rowCount: rows.length,
    rows: rowSource(rows),
    empty: 'nothing was predicted out of time',
  };
}

/** Terms whose shapes are drawn. */
const DRAWN_TERMS = 6;

/** The strongest terms as plots; `more` is what lies to the right. */
export function shapeList(basis: BasisModel, more = 'more risk'): ReportList {
  const slope = basis.calibration?.slope ?? 1;
  const shapes = basis.served === null ? [] : topShapes(basis.served, DRAWN_TERMS);
  const most = shapes.reduce((largest, { contribution }) => Math.max(largest, Math.abs(slope * contribution)), 0);
  const rows = shapes.map(({ term, bin, contribution, standard_error, weight_share }): CellRow => {
    const value = slope * contribution;
    const error = standard_error === null ? null : slope * standard_error;
    return { term, bin, contribution: value, standard_error: error, weight_share, shape: shapeBar(value, most) };
  });
  return {
    name: `shapes_${basis.basis}`,
    title: `What the model does with its strongest terms: ${basisTitle(basis.basis)}`,
    headline: `log-odds that a value adds; to the right ${more}, ${most.toFixed(2)} at the edge`,
    columns: SHAPE_COLUMNS,
    notes: ['standard errors are over accounts, of the fit alone; all terms: the model’s JSON file'],
    rowCount: rows.length,
    rows: rowSource(rows),
    empty: 'no rung serves',
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
export function leakList(leaks: readonly LeakRecord[], name = 'leaks'): ReportList {
  const count = (treatment: LeakRecord['treatment']) => leaks.filter((leak) => leak.treatment === treatment).length;
  return {
    name,
    title: 'Columns that know the outcome',
    headline:
      leaks.length === 0
        ? 'the leak audit found no column that knows the outcome'
        : `the leak audit found ${leaks.length}: ${count('left_out')} left out of the model, ${count('allowed')} let into it, ${count('hidden')} hidden until known, ${count('warned')} to look at`,
    columns: [
      { key: 'name', label: 'column or feature', kind: 'text' },
      { key: 'treatment', label: 'what is done', kind: 'text', wraps: true },
      { key: 'message', label: 'why', kind: 'text', wraps: true },
    ],
    notes: [],
    rowCount: leaks.length,
    rows: rowSource(leaks.map((leak) => ({ ...leak, treatment: TREATMENTS[leak.treatment] }))),
    empty: 'none',
  };
}

/** What a model is not good for. */
export function limitList(limits: readonly ModelLimit[], name = 'not_for'): ReportList {
  const rows = limits.map((row) => ({ ...row }) as CellRow);
  return {
    name,
    title: 'What not to use it for',
    headline: `${rows.length} limits, the first of them from these data`,
    columns: [
      { key: 'use', label: 'not for', kind: 'text', wraps: true },
      { key: 'why', label: 'because', kind: 'text', wraps: true },
    ],
    notes: [],
    rowCount: rows.length,
    rows: rowSource(rows),
    empty: 'none',
  };
}

const DATA_COLUMNS: readonly TableColumn[] = [
  { key: 'basis', label: 'basis', kind: 'text', isName: true },
  { key: 'row_count', label: 'rows', kind: 'integer' },
  { key: 'account_count', label: 'accounts', kind: 'integer' },
  { key: 'outcome_count', label: 'with the outcome', kind: 'integer' },
  { key: 'base_rate', label: 'base rate', kind: 'rate' },
  { key: 'first_on', label: 'from', kind: 'date' },
  { key: 'last_on', label: 'to', kind: 'date' },
  { key: 'closing_days', label: 'days to closing', kind: 'text' },
  { key: 'origin_count', label: 'dates compared on', kind: 'integer' },
  { key: 'first_origin', label: 'first', kind: 'date', terminal: false },
  { key: 'last_origin', label: 'last', kind: 'date', terminal: false },
  { key: 'feature_count', label: 'features', kind: 'integer' },
  { key: 'data_hash', label: 'hash of the rows', kind: 'text' },
];

const LADDER_COLUMNS: readonly TableColumn[] = [
  { key: 'rung', label: 'rung', kind: 'text', isName: true },
  { key: 'status', label: 'status', kind: 'text', terminal: false },
  { key: 'log_loss', label: 'log loss', kind: 'number', digits: 4 },
  { key: 'gain', label: 'gain over base', kind: 'number', digits: 4 },
  { key: 'gain_se', label: '± se', kind: 'number', digits: 4 },
  { key: 'p_value', label: 'p (family)', kind: 'number', digits: 4 },
  { key: 'auc', label: 'AUC', kind: 'number', digits: 3 },
  { key: 'auc_low', label: 'low', kind: 'number', digits: 3 },
  { key: 'auc_high', label: 'high', kind: 'number', digits: 3 },
  { key: 'is_taken', label: 'taken', kind: 'boolean' },
  { key: 'note', label: 'note', kind: 'text', wraps: true },
];

const FIGURE_COLUMNS: readonly TableColumn[] = [
  { key: 'basis', label: 'basis', kind: 'text', isName: true },
  { key: 'rung', label: 'rung', kind: 'text', isName: true },
  { key: 'row_count', label: 'rows', kind: 'integer' },
  { key: 'account_count', label: 'accounts', kind: 'integer', terminal: false },
  { key: 'outcome_count', label: 'with the outcome', kind: 'integer' },
  { key: 'outcome_rate', label: 'outcome rate', kind: 'number', digits: 4, terminal: false },
  { key: 'mean_probability', label: 'mean probability', kind: 'number', digits: 4, terminal: false },
  { key: 'log_loss', label: 'log loss', kind: 'number', digits: 4 },
  { key: 'base_log_loss', label: 'base rate’s', kind: 'number', digits: 4 },
  { key: 'brier', label: 'Brier', kind: 'number', digits: 4 },
  { key: 'brier_skill', label: 'skill', kind: 'number', digits: 3 },
  { key: 'calibration_error', label: 'ECE', kind: 'number', digits: 4 },
  { key: 'calibration_error_low', label: 'low', kind: 'number', digits: 4 },
  { key: 'calibration_error_high', label: 'high', kind: 'number', digits: 4 },
  { key: 'calibration_in_the_large', label: 'in the large', kind: 'number', digits: 4 },
  { key: 'calibration_in_the_large_low', label: 'low', kind: 'number', digits: 4 },
  { key: 'calibration_in_the_large_high', label: 'high', kind: 'number', digits: 4 },
];

const SHAPE_COLUMNS: readonly TableColumn[] = [
  { key: 'term', label: 'term', kind: 'text', isName: true },
  { key: 'bin', label: 'value', kind: 'text' },
  { key: 'contribution', label: 'log-odds', kind: 'number', digits: 3 },
  { key: 'standard_error', label: '± se', kind: 'number', digits: 3 },
  { key: 'weight_share', label: 'of the rows', kind: 'rate' },
  { key: 'shape', label: 'less risk │ more', kind: 'text' },
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
