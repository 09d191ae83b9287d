import type { CellRow, ColumnSet } from '../contract/agent.ts';
import type { BasisModel, ChurnBasis, ChurnModel } from '../contract/churn-model.ts';
import type { FeatureColumn } from '../contract/model.ts';
import { type ChurnScores, scoreBasis } from './churn-model.ts';
import { nominalColumn } from './feature-column.ts';

/** Per basis: which rows of the book it serves, and what it says of them. */
export interface ScoredBasis {
  readonly basis: BasisModel;
  /** Places in the book. */
  readonly rows: Int32Array;
  readonly columns: readonly FeatureColumn[];
  readonly scores: ChurnScores;
}

/** What is at stake with one account of the book, and what speaks for acting on it. */
export interface ChurnRisk {
  /** Place in the book. */
  readonly row: number;
  readonly account_id: string;
  /** Reporting currency; null when unknown. */
  readonly arr_amount: number | null;
  readonly decision_days: number | null;
  readonly basis: ChurnBasis;
  readonly model: BasisModel | undefined;
  /** With its 90 % interval over account-clustered refits; null where no rung earned it. */
  readonly churn_probability: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** Of 30 and of 180 days, in the same order; null where not earned, and for renewals, which have no horizon. */
  readonly probability_30d: number | null;
  readonly probability_180d: number | null;
  readonly base_rate: number | null;
  readonly shrink_loss_amount: number | null;
  /** ARR × probability of leaving + shrink loss × probability of staying; null without a probability. */
  readonly expected_loss_amount: number | null;
  /** The larger part of the expected loss. */
  readonly may: 'leave' | 'shrink';
  /** `probability`, then the kinds of its red facts; empty = the account does not enter at-risk. */
  readonly entered_by: readonly string[];
  /** Distinct kinds of facts, and of red ones. */
  readonly fact_count: number;
  readonly red_fact_count: number;
}

/** Facts of each account, those that count most first. */
export type FactsByAccount = ReadonlyMap<string, readonly CellRow[]>;

/**
 * Scores the accounts of a book (columns `scored_basis`, null = outside what the models learnt, and the features) with
 * the rung of their basis; a basis without one scores nobody.
 */
export function scoreBook(
  book: ColumnSet,
  model: ChurnModel | undefined,
  isNominal: (feature: string) => boolean,
): ScoredBasis[] {
  if (model === undefined) return [];
  const basisOf = book.text('scored_basis');
  return (['leave', 'renewal'] as const)
    .map((name) => model[name])
    .filter((basis) => basis.served !== null)
    .map((basis) => {
      const rows = Int32Array.from(basisOf.flatMap((name, i) => (name === basis.basis ? [i] : [])));
      // A refit may rest on other features than the rung that serves.
      const names = [...new Set([basis.served, ...basis.refits].flatMap((fit) => fit?.feature_names ?? []))].sort();
      const columns = names.map((name) => featureColumn(book, name, isNominal(name), rows));
      return { basis, rows, columns, scores: scoreBasis(basis, columns, model.horizon_days) };
    });
}

/** A feature of some rows of the book, as a model reads it. */
function featureColumn(book: ColumnSet, name: string, isNominal: boolean, rows: Int32Array): FeatureColumn {
  if (isNominal) {
    const texts = book.text(name);
    return nominalColumn(
      name,
      Array.from(rows, (row) => texts[row] ?? null),
    );
  }
  const values = book.number(name);
  return { name, kind: 'continuous', values: Float64Array.from(rows, (row) => values[row] as number) };
}

/**
 * Groups facts, in the order given, by account. A demoted kind (its holders did not churn more than the rest) is shown
 * but no longer red, and stands after what still is.
 */
export function groupFacts(rows: readonly CellRow[], demoted: ReadonlySet<string>): FactsByAccount {
  const byAccount = new Map<string, CellRow[]>();
  const judged = rows.map((row) => (demoted.has(String(row['kind'])) ? { ...row, is_red: false } : row));
  const redFirst = [...judged.filter(isRed), ...judged.filter((row) => !isRed(row))];
  for (const fact of redFirst) {
    const account = String(fact['account_id']);
    const list = byAccount.get(account);
    if (list === undefined) byAccount.set(account, [fact]);
    else list.push(fact);
  }
  return byAccount;
}

/**
 * The risk of every account of the book. An account enters at-risk by probability (at least `entryFactor` times the base
 * rate of its basis and segment, with the lower end of its interval above that base rate) or by a red fact.
 */
export function assessRisks(
  book: ColumnSet,
  scored: readonly ScoredBasis[],
  model: ChurnModel | undefined,
  facts: FactsByAccount,
  entryFactor: number,
): ChurnRisk[] {
  const segments = book.text('segment');
  const bases = book.text('churn_basis');
  const arr = book.number('state_arr_amount');
  const days = book.number('state_decision_days');
  const seats = book.number('state_seats');
  const peak = book.number('peak_active_users_84d');
  const place = new Map<number, { from: ScoredBasis; at: number }>();
  for (const from of scored) for (const [at, row] of from.rows.entries()) place.set(row, { from, at });
  return book.text('account_id').map((account, row): ChurnRisk => {
    const basis = (bases[row] ?? 'leave') as ChurnBasis;
    const hit = place.get(row);
    const money = known(arr[row]);
    const probability = hit === undefined ? null : known(hit.from.scores.churn_probability[hit.at]);
    const base = hit === undefined ? null : baseRate(hit.from.basis, segments[row] ?? '');
    const low = hit === undefined ? null : known(hit.from.scores.low[hit.at]);
    const shrink = shrinkLoss(money, known(seats[row]), known(peak[row]));
    const leaving = probability === null || money === null ? null : probability * money;
    const staying = shrink === null ? 0 : (1 - (probability ?? 0)) * shrink;
    const isLikely =
      probability !== null && base !== null && low !== null && probability >= entryFactor * base && low > base;
    const own = facts.get(account ?? '') ?? [];
    const red = [...new Set(own.filter(isRed).map((fact) => String(fact['kind'])))].sort();
    return {
      row,
      account_id: account ?? '',
      arr_amount: money,
      decision_days: known(days[row]),
      basis,
      model: model?.[basis],
      churn_probability: probability,
      low,
      high: hit === undefined ? null : known(hit.from.scores.high[hit.at]),
      probability_30d: hit === undefined ? null : known(hit.from.scores.horizons.get(30)?.[hit.at]),
      probability_180d: hit === undefined ? null : known(hit.from.scores.horizons.get(180)?.[hit.at]),
      base_rate: base,
      shrink_loss_amount: shrink,
      // Without an earned probability of leaving, nothing is multiplied.
      expected_loss_amount: leaving === null ? null : leaving + staying,
      may: leaving !== null && staying > leaving ? 'shrink' : 'leave',
      entered_by: isLikely ? ['probability', ...red] : red,
      fact_count: new Set(own.map((fact) => fact['kind'])).size,
      red_fact_count: red.length,
    };
  });
}

/** Whether a fact alone lets its account enter at-risk. */
export function isRed(fact: CellRow): boolean {
  return fact['is_red'] === true;
}

/** Null for what the engine gave as missing (`NaN`). */
export function known(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value;
}

function baseRate(basis: BasisModel, segment: string): number {
  return basis.segment_base_rates[segment] ?? basis.base_rate;
}

/** ARR of seats beyond peak use of twelve weeks plus a fifth, at the account's own price a seat. */
function shrinkLoss(arr: number | null, seats: number | null, peak: number | null): number | null {
  if (arr === null || seats === null || peak === null || seats <= 0) return null;
  const unused = seats - Math.ceil(peak * 1.2);
  return unused > 0 ? (arr * unused) / seats : null;
}

/**
 * What the supervisor orders alerts by, smaller first: greatest expected loss where a model serves, accounts whose basis
 * has none after them; without any model decision date, number of independent facts, ARR.
 */
export function riskKey(risk: ChurnRisk, hasForecast: boolean): number[] {
  const byFacts = [risk.decision_days ?? Number.MAX_VALUE, -risk.fact_count, -(risk.arr_amount ?? 0)];
  if (!hasForecast) return byFacts;
  if (risk.expected_loss_amount === null) return [0, ...byFacts];
  return [-risk.expected_loss_amount, -(risk.churn_probability ?? 0)];
}
