import type { Explanation, FeatureColumn, FittedModel, Pool, Random, TrainingTable } from '../contract/model.ts';
import { logit } from '../lib/numbers.ts';
import { accountWeights } from './account-weights.ts';
import { LIGHT_EBM } from './churn-rungs.ts';
import { type EbmModel, ebm, explainEbm, logOddsEbm } from './ebm/index.ts';
import { explainLogistic, fitLogistic, type LogisticModel } from './logistic.ts';
import { applyRule, bestRule, type Rule } from './rule.ts';
import { compositesOf, EXPANSION_COLUMNS, LADDER_COLUMNS } from './rungs.ts';
import { untreated, withoutTreatment, withTreatment } from './treatment.ts';

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
  ...EXPANSION_COLUMNS,
};

/** What a refit takes from the fit it repeats, and what may help it. */
export interface ServingOptions {
  readonly pool?: Pool | undefined;
  /**
   * The serving model whose fit is repeated on other accounts: its ridge strength and its pairs are kept, and a glass box
   * is fitted as on the ladder (`LIGHT_EBM`).
   */
  readonly repeats?: FittedModel | undefined;
}

/** Fits the rung of that name for serving, as plain JSON that explains itself. */
export async function fitServing(
  rung: string,
  table: TrainingTable,
  random: Random,
  { pool, repeats }: ServingOptions = {},
): Promise<FittedModel> {
  const composites = compositesOf();
  const columns = table.columns.filter((column) => !composites.includes(column.name));
  if (rung === 'best_single_rule') return fitRule(untreated({ ...table, columns }));
  return withoutTreatment(await fitModel(rung, { ...table, columns }, table, random, { pool, repeats }));
}

/** The rungs that learn the treatment with a column of its own. `columns` of `table` are those without the composites. */
async function fitModel(
  rung: string,
  table: TrainingTable,
  whole: TrainingTable,
  random: Random,
  { pool, repeats }: ServingOptions,
): Promise<FittedModel> {
  if (rung === 'logistic') {
    const ridge = repeats?.kind === 'logistic' ? (repeats as LogisticModel).ridge : ('auto' as const);
    return fitLogistic(withTreatment({ ...table, weight: accountWeights(table) }), { ridge }, random);
  }
  if (rung === 'ebm') {
    const params =
      repeats?.kind === 'ebm'
        ? { ...ebm.defaults, ...LIGHT_EBM, min_outcomes: 1, pairs: pairsOf(repeats as EbmModel) }
        : ebm.defaults;
    return ebm.fit(withTreatment({ ...table, weight: accountWeights(table) }), params, random, pool);
  }
  const column = whole.columns.find(({ name }) => name === ONE_COLUMN[rung]);
  if (column === undefined) throw new Error(`no serving form for the rung ${rung}`);
  return fitLogistic(withTreatment({ ...table, columns: [column] }), { ridge: 1 }, random);
}

/** The pairs of a fitted glass box, by name. */
function pairsOf(model: EbmModel): [string, string][] {
  return model.terms.flatMap(({ features: [first, second] }): [string, string][] => {
    const names = [model.features[first]?.name, second === undefined ? undefined : model.features[second]?.name];
    return names[0] === undefined || names[1] === undefined ? [] : [[names[0], names[1]]];
  });
}

function fitRule(table: TrainingTable): RuleModel {
  const rule = bestRule(table);
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
  if (model.kind === 'ebm') return explainEbm(model as EbmModel, columns);
  if (model.kind === 'rule') {
    const { rule, intercept } = model as RuleModel;
    const log_odds = applyRule(rule, columns).map(logit);
    return { intercept, terms: [rule.feature], contributions: [log_odds.map((value) => value - intercept)], log_odds };
  }
  throw new Error(`no explanation for a model of kind ${model.kind}`);
}

/** Log-odds of any serving rung, the same bytes as `explainServing` gives, without taking them apart. */
export function logOddsServing(model: FittedModel, columns: readonly FeatureColumn[]): Float64Array {
  return model.kind === 'ebm' ? logOddsEbm(model as EbmModel, columns) : explainServing(model, columns).log_odds;
}
