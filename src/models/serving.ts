import type { Explanation, FeatureColumn, FittedModel, Random, TrainingTable } from '../contract/model.ts';
import { logit } from '../lib/numbers.ts';
import { explainLogistic, fitLogistic, type LogisticModel } from './logistic.ts';
import { applyRule, bestRule, type Rule } from './rule.ts';
import { LADDER_COLUMNS } from './rungs.ts';

/** The best single rule as a model that can be stored and served. */
export interface RuleModel extends FittedModel {
  readonly kind: 'rule';
  readonly rule: Rule;
  /** Log-odds of the training side's base rate: what the one contribution is measured from. */
  readonly intercept: number;
}

const ONE_COLUMN: Readonly<Record<string, string>> = {
  decision_proximity: LADDER_COLUMNS.decision_proximity,
  days_since_last_use: LADDER_COLUMNS.days_since_last_use,
  health_score: LADDER_COLUMNS.health_score,
  csm_call: LADDER_COLUMNS.csm_call,
};

/** Columns that are rungs of their own and no features of the logistic rung. */
const COMPOSITES: readonly string[] = [LADDER_COLUMNS.health_score, LADDER_COLUMNS.csm_call];

/**
 * Fits the rung of that name for serving: the same fit as on the ladder, as plain JSON that explains itself.
 * @param ridge λ of the logistic rung where it is already known (refits of the same panel), else chosen by folds
 */
export function fitServing(rung: string, table: TrainingTable, random: Random, ridge?: number): FittedModel {
  if (rung === 'logistic') {
    const columns = table.columns.filter((column) => !COMPOSITES.includes(column.name));
    return fitLogistic({ ...table, columns }, ridge === undefined ? {} : { ridge }, random);
  }
  if (rung === 'best_single_rule') return fitRule(table);
  const column = table.columns.find(({ name }) => name === ONE_COLUMN[rung]);
  if (column === undefined) throw new Error(`no serving form for the rung ${rung}`);
  return fitLogistic({ ...table, columns: [column] }, { ridge: 1 }, random);
}

function fitRule(table: TrainingTable): RuleModel {
  const columns = table.columns.filter((column) => !COMPOSITES.includes(column.name));
  const rule = bestRule({ ...table, columns });
  if (rule === undefined) throw new Error('no single rule stands on this table');
  let outcomes = 0;
  let rows = 0;
  for (let i = 0; i < table.label.length; i++) {
    outcomes += (table.weight[i] as number) * (table.label[i] as number);
    rows += table.weight[i] as number;
  }
  return Object.freeze({
    kind: 'rule',
    schema_version: 1,
    feature_names: [rule.feature],
    rule,
    intercept: logit((outcomes + 0.5) / (rows + 1)),
  });
}

/** Log-odds of any serving rung taken apart. Throws for a kind that cannot explain itself. */
export function explainServing(model: FittedModel, columns: readonly FeatureColumn[]): Explanation {
  if (model.kind === 'logistic') return explainLogistic(model as LogisticModel, columns);
  if (model.kind === 'rule') {
    const { rule, intercept } = model as RuleModel;
    const log_odds = applyRule(rule, columns).map(logit);
    return { intercept, terms: [rule.feature], contributions: [log_odds.map((value) => value - intercept)], log_odds };
  }
  throw new Error(`no explanation for a model of kind ${model.kind}`);
}
