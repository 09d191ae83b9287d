import type { FeatureColumn, FittedModel, TrainingTable } from '../contract/model.ts';
import { encode } from './design.ts';
import type { EbmBag, EbmModel, EbmTerm } from './ebm/types.ts';
import type { LogisticModel } from './logistic.ts';

/** Name of the column that tells whether somebody acted on the account; no feature may be called so. */
export const TREATMENT = 'is_treated';

/** Accounts with the outcome that were due among the treated at the rate of the others, and that the others had. */
const MIN_OUTCOMES = 10;

/**
 * Whether a table can tell what acting does: at the share of untreated accounts that had the outcome, ten of the treated
 * accounts were due to have it, and ten of the untreated had it. With fewer, an effect is not told from nothing and the
 * treatment is left out. Accounts are counted once on each side that they have a row on.
 */
export function tellsTreatment({ treatment, label, account, weight }: TrainingTable): boolean {
  if (treatment === undefined) return false;
  const treated = new Set<number>();
  const others = new Set<number>();
  const outcomes = new Set<number>();
  for (let i = 0; i < label.length; i++) {
    if (!((weight[i] as number) > 0)) continue;
    const id = account[i] as number;
    if (treatment[i] === 1) treated.add(id);
    else {
      others.add(id);
      if (label[i] === 1) outcomes.add(id);
    }
  }
  return outcomes.size >= MIN_OUTCOMES && (treated.size * outcomes.size) / others.size >= MIN_OUTCOMES;
}

/**
 * The table with the treatment as its last column where it tells something, else as it is. A model fitted on it must go
 * through `withoutTreatment` before it predicts anything.
 */
export function withTreatment(table: TrainingTable): TrainingTable {
  const { treatment, columns } = table;
  if (treatment === undefined || !tellsTreatment(table)) return table;
  const column: FeatureColumn = { name: TREATMENT, kind: 'continuous', values: Float64Array.from(treatment) };
  return { ...table, columns: [...columns, column] };
}

/** Rows that nobody acted on, for what has no columns to learn an effect with: their weight stays, that of the others is 0. */
export function untreated<T extends TrainingTable>(table: T): T {
  const { treatment, weight } = table;
  if (treatment === undefined || !tellsTreatment(table)) return table;
  return { ...table, weight: weight.map((w, i) => (treatment[i] === 1 ? 0 : w)) };
}

/**
 * A fitted model with the treatment set to none for good: what the column adds at 0 goes into the intercept, and the column
 * and its term are gone. Predictions and contributions are those of the fitted model for rows without treatment, and no
 * reason can name it. A model that was fitted without the column comes back as it is.
 */
export function withoutTreatment<T extends FittedModel>(model: T): T {
  if (!model.feature_names.includes(TREATMENT)) return model;
  if (model.kind === 'logistic') return logisticWithout(model as unknown as LogisticModel) as unknown as T;
  if (model.kind === 'ebm') return ebmWithout(model as unknown as EbmModel) as unknown as T;
  throw new Error(`a model of kind ${model.kind} cannot give up its treatment`);
}

function logisticWithout(model: LogisticModel): LogisticModel {
  const none: FeatureColumn = { name: TREATMENT, kind: 'continuous', values: new Float64Array(1) };
  const own = model.features.filter(({ name }) => name === TREATMENT);
  const atNone = own.flatMap((feature) =>
    encode(feature, none).map((design, d) => (feature.coefficients[d] as number) * (design[0] as number)),
  );
  return Object.freeze({
    ...model,
    intercept: atNone.reduce((sum, part) => sum + part, model.intercept),
    features: Object.freeze(model.features.filter(({ name }) => name !== TREATMENT)),
    feature_names: Object.freeze(model.feature_names.filter((name) => name !== TREATMENT)),
  });
}

/** The column stands last among the features and in no pair (`fitTable`): places of the others do not move. */
function ebmWithout(model: EbmModel): EbmModel {
  const place = model.feature_names.indexOf(TREATMENT);
  const feature = model.features[place];
  const term = model.terms.findIndex(({ name }) => name === TREATMENT);
  if (place !== model.features.length - 1 || feature?.kind !== 'continuous' || term < 0) {
    throw new Error('the treatment does not stand last and alone in the glass box');
  }
  const bin = 1 + feature.cuts.filter((cut) => cut <= 0).length;
  const others = <T>(list: readonly T[]): readonly T[] => Object.freeze(list.filter((_, t) => t !== term));
  const { scores } = model.terms[term] as EbmTerm;
  return Object.freeze({
    ...model,
    intercept: rounded(model.intercept + (scores[bin] as number), 6),
    features: Object.freeze(model.features.slice(0, -1)),
    feature_names: Object.freeze(model.feature_names.slice(0, -1)),
    terms: others(model.terms),
    bags: Object.freeze(
      model.bags.map((bag): EbmBag => {
        const atNone = bag.scores[term]?.[bin] ?? 0;
        return Object.freeze({ ...bag, intercept: rounded(bag.intercept + atNone, 4), scores: others(bag.scores) });
      }),
    ),
  });
}

function rounded(value: number, digits: number): number {
  const scaled = Math.round(value * 10 ** digits) / 10 ** digits;
  return scaled === 0 ? 0 : scaled;
}
