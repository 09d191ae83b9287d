import type { Cell, CellRow, TableColumn } from '../contract/agent.ts';
import type { BasisModel, ChurnModel, ModelBasis } from '../contract/churn-model.ts';
import type { ExpansionModel } from '../contract/expansion-model.ts';
import type { CommonOptions } from '../contract/options.ts';
import type { ReportList, RunReport } from '../contract/report.ts';
import type { Row } from '../engine/engine.ts';
import { UserError } from '../lib/errors.ts';
import { compareRivals, MIN_RIVAL_OUTCOMES } from '../models/champion.ts';
import { termDifferences } from '../models/shape-difference.ts';
import { storedPredictions } from './churn-model.ts';
import { basisTitle } from './model-card.ts';
import { findModel, openShelf, type StoredModel, shelfHeader } from './model-list.ts';
import { rowSource } from './report-lists.ts';

/** The bases of a model by name. */
function basesOf(model: ChurnModel | ExpansionModel): ReadonlyMap<ModelBasis, BasisModel> {
  const bases = model.kind === 'churn' ? [model.leave, model.renewal] : [model.expansion];
  return new Map(bases.map((basis) => [basis.basis, basis]));
}

function basisOf({ model }: StoredModel, name: ModelBasis): BasisModel {
  const basis = basesOf(model).get(name);
  if (basis === undefined) throw new Error(`${model.model_id} has no basis ${name}`);
  return basis;
}

/**
 * `retain model compare A B`: the paired difference on rows that both ladders predicted, and what differs between the two.
 * @throws UserError for a churn model and an expansion model
 */
export async function compareModels(options: CommonOptions, first: string, second: string): Promise<RunReport> {
  const shelf = await openShelf(options);
  const [a, b] = [findModel(shelf, first), findModel(shelf, second)];
  if (a.model.kind !== b.model.kind) {
    throw new UserError(`${a.model.model_id} and ${b.model.model_id} answer different questions`, {
      hint: 'Two churn models are compared, or two expansion models; see them with: retain model list',
    });
  }
  const bases = [...basesOf(a.model).keys()];
  const ofA = await storedPredictions(shelf, a.model.model_id);
  const ofB = await storedPredictions(shelf, b.model.model_id);
  const paired = pairedList(a, b, ofA, ofB, bases);
  const header = shelfHeader(shelf, options, `retain model compare ${a.model.model_id} ${b.model.model_id}`);
  return {
    header: { ...header, notes: [`A is ${a.model.model_id}, B is ${b.model.model_id}`] },
    lists: [
      paired,
      differenceList(a, b, bases),
      ...bases.map((basis) => termList(basisOf(a, basis), basisOf(b, basis))),
    ],
    outcomes: [],
    warnings: [],
    next: [`retain model show ${a.model.model_id}`, `retain model show ${b.model.model_id}`],
    summary: paired.headline,
  };
}

/** Why two models' probabilities cannot be set against each other at all; undefined where they can. */
function incomparable(a: StoredModel, b: StoredModel): string | undefined {
  const rule = ({ model }: StoredModel) =>
    model.kind === 'churn' ? '' : `${model.definition} of ${model.min_growth_rate} or more`;
  if (rule(a) !== rule(b)) return `not comparable: A counts ${rule(a)}, B ${rule(b)} as expansion`;
  if (a.model.churn_definition !== b.model.churn_definition) {
    return `not comparable: A counts ${a.model.churn_definition}, B ${b.model.churn_definition} as churn`;
  }
  if (a.model.horizon_days !== b.model.horizon_days) {
    return `not comparable: A looks ${a.model.horizon_days} days ahead, B ${b.model.horizon_days}`;
  }
  return undefined;
}

interface Pair {
  readonly basis: string;
  readonly account: string;
  readonly label: number;
  readonly a: number;
  readonly b: number;
}

function pairedList(
  a: StoredModel,
  b: StoredModel,
  ofA: readonly Row[],
  ofB: readonly Row[],
  bases: readonly ModelBasis[],
): ReportList {
  const fault = incomparable(a, b);
  const { pairs, changed } = fault === undefined ? pairUp(ofA, ofB) : { pairs: [], changed: 0 };
  const rows = (bases.length > 1 ? ['all', ...bases] : bases).flatMap((basis): CellRow[] => {
    const own = pairs.filter((pair) => basis === 'all' || pair.basis === basis);
    const figures = compareRivals({
      account: own.map(({ account }) => account),
      label: own.map(({ label }) => label),
      champion: own.map((pair) => pair.a),
      challenger: own.map((pair) => pair.b),
    });
    if (figures === undefined) return [];
    const { difference, difference_se } = figures;
    const sure = Math.abs(difference) > 1.645 * difference_se;
    return [
      {
        basis,
        row_count: figures.row_count,
        account_count: figures.account_count,
        outcome_count: figures.outcome_count,
        a_log_loss: figures.champion_log_loss,
        b_log_loss: figures.challenger_log_loss,
        difference,
        difference_se,
        verdict: sure ? (difference > 0 ? 'A is better' : 'B is better') : 'no difference beyond chance',
      },
    ];
  });
  const few = `not compared: fewer than ${MIN_RIVAL_OUTCOMES} accounts with the outcome stand on the ${pairs.length} rows that both ladders predicted out of time`;
  const whole = rows[0];
  const words =
    whole === undefined
      ? (fault ?? few)
      : `${String(whole['verdict'])} out of time: log loss of B less that of A is ${Number(whole['difference']).toPrecision(2)} ± ${Number(whole['difference_se']).toPrecision(2)} on ${String(whole['row_count'])} rows`;
  return {
    name: 'paired',
    title: 'The same rows, out of time',
    headline: words,
    columns: PAIRED_COLUMNS,
    notes: [
      'each row was predicted by a fit on what had closed by its date; above 0: A is better; standard errors over accounts; beyond chance: one-sided 5 %',
      ...(changed === 0
        ? []
        : [`${changed} rows are left out because their outcome differs between the two: the exports were corrected`]),
    ],
    rowCount: rows.length,
    rows: rowSource(rows),
    empty: fault ?? few,
  };
}

function pairUp(ofA: readonly Row[], ofB: readonly Row[]): { pairs: Pair[]; changed: number } {
  const key = (row: Row) => `${String(row['basis'])}|${String(row['origin'])}|${String(row['account_id'])}`;
  const before = new Map(ofA.map((row) => [key(row), row]));
  let changed = 0;
  const pairs = ofB.flatMap((row): Pair[] => {
    const other = before.get(key(row));
    if (other === undefined) return [];
    if (other['label'] !== row['label']) {
      changed++;
      return [];
    }
    return [
      {
        basis: String(row['basis']),
        account: String(row['account_id']),
        label: Number(row['label']),
        a: Number(other['churn_probability']),
        b: Number(row['churn_probability']),
      },
    ];
  });
  return { pairs, changed };
}

function differenceList(a: StoredModel, b: StoredModel, bases: readonly ModelBasis[]): ReportList {
  const rows: CellRow[] = [];
  const add = (what: string, of: (stored: StoredModel) => Cell) => {
    const [left, right] = [of(a), of(b)];
    rows.push({ what, a: left, b: right, is_different: left !== right });
  };
  add('as of', ({ model }) => model.as_of);
  add('churn definition', ({ model }) => model.churn_definition);
  add('horizon in days', ({ model }) => String(model.horizon_days));
  add('seed', ({ model }) => String(model.seed));
  add('configuration', ({ frame }) => frame.config_hash);
  add('files read', ({ frame }) => fileHash(frame.inputs));
  add('leaks let in', ({ model }) =>
    listed(model.leaks.flatMap((leak) => (leak.treatment === 'allowed' ? leak.name : []))),
  );
  for (const basis of bases) {
    const of = (pick: (model: BasisModel) => Cell) => (stored: StoredModel) => pick(basisOf(stored, basis));
    add(
      `${basis}: verdict`,
      of(({ verdict }) => verdict.replaceAll('_', ' ')),
    );
    add(
      `${basis}: rung`,
      of(({ rung }) => rung ?? 'none'),
    );
    add(
      `${basis}: closed rows`,
      of(({ row_count }) => String(row_count)),
    );
    add(
      `${basis}: accounts with the outcome`,
      of(({ outcome_count }) => String(outcome_count)),
    );
    add(
      `${basis}: base rate`,
      of(({ base_rate }) => `${(100 * base_rate).toFixed(2)} %`),
    );
    add(
      `${basis}: calibration`,
      of(({ calibration }) =>
        calibration === null
          ? 'none'
          : `${calibration.intercept.toFixed(3)} + ${calibration.slope.toFixed(3)} × log-odds`,
      ),
    );
    add(
      `${basis}: hash of the rows`,
      of(({ evidence }) => evidence.data_hash.slice(0, 16)),
    );
    add(
      `${basis}: log loss out of time, own rows`,
      of(({ evidence }) => evidence.figures?.log_loss.toFixed(4) ?? 'none'),
    );
    const features = (stored: StoredModel) => new Set(basisOf(stored, basis).evidence.features);
    const [left, right] = [features(a), features(b)];
    add(`${basis}: features the other lacks`, (stored) =>
      listed([...(stored === a ? left : right)].filter((name) => !(stored === a ? right : left).has(name))),
    );
  }
  const different = rows.filter(({ is_different }) => is_different === true).length;
  return {
    name: 'differences',
    title: 'What differs',
    headline: `${different} of ${rows.length} differ`,
    columns: DIFFERENCE_COLUMNS,
    notes: [],
    rowCount: rows.length,
    rows: rowSource(rows),
    empty: 'nothing',
  };
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : [...new Set(names)].join(', ');
}

/** The files of a training in a few characters: equal ones read equal bytes. */
function fileHash(inputs: StoredModel['frame']['inputs']): string {
  return `${inputs.length} files, ${inputs.map(({ sha256 }) => sha256.slice(0, 2)).join('')}`;
}

function termList(a: BasisModel, b: BasisModel): ReportList {
  const rows = termDifferences(a.served, b.served).map((row) => ({ ...row }) as CellRow);
  return {
    name: `terms_${a.basis}`,
    title: `Terms: ${basisTitle(a.basis)}`,
    headline:
      'importance: how far a term moves an account on average, in log-odds (of a logistic regression: one standard deviation); gap: the largest distance of the two shapes',
    columns: TERM_COLUMNS,
    notes: [],
    rowCount: rows.length,
    rows: rowSource(rows),
    empty: 'neither serves this basis',
  };
}

const PAIRED_COLUMNS: readonly TableColumn[] = [
  { key: 'basis', label: 'basis', kind: 'text', isName: true },
  { key: 'row_count', label: 'rows', kind: 'integer' },
  { key: 'account_count', label: 'accounts', kind: 'integer' },
  { key: 'outcome_count', label: 'with the outcome', kind: 'integer' },
  { key: 'a_log_loss', label: 'log loss A', kind: 'number', digits: 4 },
  { key: 'b_log_loss', label: 'B', kind: 'number', digits: 4 },
  { key: 'difference', label: 'B − A', kind: 'number', digits: 5 },
  { key: 'difference_se', label: '± se', kind: 'number', digits: 5 },
  { key: 'verdict', label: 'verdict', kind: 'text' },
];

const DIFFERENCE_COLUMNS: readonly TableColumn[] = [
  { key: 'what', label: 'what', kind: 'text' },
  { key: 'a', label: 'A', kind: 'text', wraps: true },
  { key: 'b', label: 'B', kind: 'text', wraps: true },
  { key: 'is_different', label: 'differs', kind: 'boolean' },
];

const TERM_COLUMNS: readonly TableColumn[] = [
  { key: 'term', label: 'term', kind: 'text', isName: true },
  { key: 'importance_a', label: 'importance A', kind: 'number', digits: 3 },
  { key: 'importance_b', label: 'B', kind: 'number', digits: 3 },
  { key: 'largest_gap', label: 'largest gap', kind: 'number', digits: 3 },
  { key: 'gap_at', label: 'at', kind: 'text' },
];
