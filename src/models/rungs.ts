import type { FittedModel, Model, Pool, Random, TrainingTable } from '../contract/model.ts';
import { UserError } from '../lib/errors.ts';
import { accountWeights } from './account-weights.ts';
import { type LogisticParams, logistic } from './logistic.ts';
import { applyRule, bestRule } from './rule.ts';
import { untreated, withoutTreatment, withTreatment } from './treatment.ts';

/** A rung that has learnt. */
export interface FittedRung {
  /** Probabilities in (0, 1), one per row of the table; its labels are not read. */
  predict(rows: TrainingTable): Float64Array;
}

/** A rung that cannot stand on this table, and why, one clause. */
export interface SkippedRung {
  readonly skipped: string;
}

/** One way to predict, from the base rate up. A new rung is one object of this shape. */
export interface Rung {
  /** snake_case. */
  readonly name: string;
  /** For people, lower case: "logistic regression". */
  readonly title: string;
  /** Lower is simpler; a simpler rung wins where it is as good. */
  readonly complexity: number;
  /** Says the same of everybody: what the others are held against, and never taken. */
  readonly isBase?: true;
  /**
   * Knows only what the outcome is a share of: a rung is taken only where it beats this one too, beyond chance, and this one
   * never is.
   */
  readonly isFloor?: true;
  fit(train: TrainingTable, random: Random): Promise<FittedRung | SkippedRung> | FittedRung | SkippedRung;
}

/** The outcome rate of the training side for everyone, (outcomes + ½) ÷ (rows + 1): knows nothing but the past. */
export const baseRateRung: Rung = {
  name: 'base_rate',
  title: 'base rate',
  complexity: 0,
  isBase: true,
  fit(given) {
    const train = untreated(given);
    let outcomes = 0.5;
    let rows = 1;
    for (let i = 0; i < train.label.length; i++) {
      outcomes += (train.weight[i] as number) * (train.label[i] as number);
      rows += train.weight[i] as number;
    }
    const rate = outcomes / rows;
    return { predict: (table) => new Float64Array(table.label.length).fill(rate) };
  },
};

/** Days of the training side, up to its newest date, that count as recent. */
const RECENT_DAYS = 92;
/** Rows' worth of the whole that the recent rate is drawn toward. */
const RECENT_PRIOR = 30;

/**
 * The outcome rate of the newest three months of the training side for everyone, (outcomes + 30 · whole rate) ÷ (rows +
 * 30). Where a base rate drifts, a model whose features grow with time follows it and would look better than the rate of
 * all years while telling no account from another.
 */
export const recentBaseRateRung: Rung = {
  name: 'recent_base_rate',
  title: 'base rate of the last three months',
  complexity: 0.5,
  isBase: true,
  fit(given, random) {
    const train = untreated(given);
    const newest = train.observation_date.reduce((most, date) => Math.max(most, date), Number.NEGATIVE_INFINITY);
    const whole = baseRateRung.fit(train, random) as FittedRung;
    let outcomes = 0;
    let rows = 0;
    for (let i = 0; i < train.label.length; i++) {
      if ((train.observation_date[i] as number) <= newest - RECENT_DAYS) continue;
      outcomes += (train.weight[i] as number) * (train.label[i] as number);
      rows += train.weight[i] as number;
    }
    return {
      predict: (table) => whole.predict(table).map((rate) => (outcomes + RECENT_PRIOR * rate) / (rows + RECENT_PRIOR)),
    };
  },
};

/** The best yes/no rule on one feature. */
export const bestSingleRuleRung: Rung = {
  name: 'best_single_rule',
  title: 'best single rule',
  complexity: 2,
  fit(train) {
    const rule = bestRule(untreated(train));
    if (rule === undefined) return { skipped: 'no split leaves enough rows on both sides' };
    return { predict: (table) => applyRule(rule, table.columns) };
  },
};

/** λ of the one-column rungs: a single standardised slope needs next to no restraint. */
const ONE_COLUMN: Partial<LogisticParams> = { ridge: 1 };

/** One feature alone, read by a logistic curve with an indicator for missing: what sorting by that column can do. */
export function columnRung(name: string, title: string, complexity: number, column: string): Rung {
  return {
    name,
    title,
    complexity,
    async fit(train, random) {
      const found = train.columns.find((candidate) => candidate.name === column);
      if (found === undefined) return { skipped: `no column ${column}` };
      if (!found.values.some((value) => Number.isFinite(value))) return { skipped: `${column} is always missing` };
      const table = withTreatment({ ...train, columns: [found] });
      const fitted = withoutTreatment(await logistic.fit(table, { ...logistic.defaults, ...ONE_COLUMN }, random));
      return { predict: (rows) => logistic.predict(fitted, rows.columns) };
    },
  };
}

export interface ModelRungOptions {
  readonly name?: string;
  readonly title: string;
  readonly complexity: number;
  /** Columns that are other rungs' own (a composite score, a person's call) and no feature of the model. */
  readonly exclude?: readonly string[];
  readonly pool?: Pool | undefined;
}

/**
 * Any model of the contract as a rung. It learns with `accountWeights`; what it predicts is judged with the table's own.
 * A model that refuses a table (too few outcomes for it) is skipped there with its own sentence.
 */
export function modelRung<P, F extends FittedModel>(
  model: Model<P, F>,
  params: Partial<P>,
  options: ModelRungOptions,
): Rung {
  const { name = model.kind, title, complexity, exclude = [], pool } = options;
  return {
    name,
    title,
    complexity,
    async fit(train, random) {
      const columns = train.columns.filter((column) => !exclude.includes(column.name));
      if (columns.length === 0) return { skipped: 'no features' };
      const table = withTreatment({ ...train, columns, weight: accountWeights(train) });
      try {
        const fitted = withoutTreatment(await model.fit(table, { ...model.defaults, ...params }, random, pool));
        return { predict: (rows) => model.predict(fitted, rows.columns) };
      } catch (error) {
        if (error instanceof UserError) return { skipped: error.message };
        throw error;
      }
    },
  };
}

/** Columns that the one-column rungs read. */
export interface LadderColumns {
  readonly decision_proximity: string;
  readonly days_since_last_use: string;
  readonly health_score: string;
  readonly csm_call: string;
}

export const LADDER_COLUMNS: LadderColumns = {
  decision_proximity: 'decision_days',
  days_since_last_use: 'days_since_last_use',
  health_score: 'health_score',
  csm_call: 'csm_sentiment_value',
};

/** Columns that the one-column rungs of the expansion ladder read. */
export const EXPANSION_COLUMNS = { seat_use: 'seat_use_rate_28d' } as const;

/**
 * The baseline ladder, simplest first: base rate, decision proximity, days since last use, CSM call, best single rule,
 * health score, logistic regression. Health score and CSM call are rungs of their own and no features of the others above
 * them, so that the table shows what each adds. A rung whose column is absent is skipped by name.
 */
export function baselineRungs(names: Partial<LadderColumns> = {}, params: Partial<LogisticParams> = {}): Rung[] {
  const columns = { ...LADDER_COLUMNS, ...names };
  return [
    baseRateRung,
    columnRung('decision_proximity', 'days to the decision alone', 1, columns.decision_proximity),
    columnRung('days_since_last_use', 'days since last use alone', 1, columns.days_since_last_use),
    columnRung('csm_call', 'the CSM’s call', 1, columns.csm_call),
    withoutColumns(bestSingleRuleRung, compositesOf(names)),
    columnRung('health_score', 'health score', 3, columns.health_score),
    modelRung(logistic, params, {
      title: 'logistic regression',
      complexity: 5,
      exclude: compositesOf(names),
    }),
  ];
}

/** Columns that are rungs of their own and no features of the rungs above them. */
export function compositesOf(names: Partial<LadderColumns> = {}): readonly string[] {
  const { health_score, csm_call } = { ...LADDER_COLUMNS, ...names };
  return [health_score, csm_call];
}

function withoutColumns(rung: Rung, exclude: readonly string[]): Rung {
  return {
    ...rung,
    fit: (train, random) =>
      rung.fit({ ...train, columns: train.columns.filter((column) => !exclude.includes(column.name)) }, random),
  };
}
