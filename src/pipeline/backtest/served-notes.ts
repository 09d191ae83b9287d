import type { ChurnBasis } from '../../contract/churn-model.ts';
import type { OriginFit } from './fits.ts';

const WORDS: Readonly<Record<ChurnBasis, string>> = { leave: 'leave', renewal: 'renewals' };

/**
 * Why what the lists would have shown (`served`) is not what the best rung says: for each basis, the origins at which no rung had
 * earned its place, by the verdict that was given there, with the verdict's own sentence at the last of them. Empty where a
 * rung served at every origin.
 */
export function servedNotes(fits: readonly Pick<OriginFit, 'asOf' | 'model'>[]): string[] {
  return (['leave', 'renewal'] as const).flatMap((basis) => {
    const of = (verdict: string) => fits.filter(({ model }) => model[basis].verdict === verdict);
    const [few, none] = [of('too_few_outcomes'), of('no_signal')];
    if (few.length + none.length === 0) return [];
    const served = fits.find(({ model }) => model[basis].rung !== null);
    const reasons = [
      ...why(few, basis, 'outcomes or history were too few'),
      ...why(none, basis, 'no model beat the base rate'),
    ];
    const since = served === undefined ? 'a rung served at none' : `a rung first served at ${served.asOf}`;
    return [
      `${WORDS[basis]}: served is the base rate at ${few.length + none.length} of ${fits.length} origins, because a list claims a probability only once it is earned: ${reasons.join('; ')}; ${since}`,
    ];
  });
}

/**
 * At how many origins what the lists would have shown was the base rate alone, because no rung had earned its place by then: of a
 * churn basis, of all terms where neither basis had one, or of growing.
 */
export function baseRateOrigins(
  fits: readonly Pick<OriginFit, 'model' | 'expansion'>[],
  prediction: 'churn' | 'expansion',
  basis: ChurnBasis | 'all',
): number {
  const isEarned = ({ model, expansion }: Pick<OriginFit, 'model' | 'expansion'>): boolean => {
    if (prediction === 'expansion') return typeof expansion?.model.rung === 'string';
    const bases = basis === 'all' ? (['leave', 'renewal'] as const) : [basis];
    return bases.some((name) => model[name].rung !== null);
  };
  return fits.filter((fit) => !isEarned(fit)).length;
}

function why(fits: readonly Pick<OriginFit, 'asOf' | 'model'>[], basis: ChurnBasis, what: string): string[] {
  const last = fits.at(-1);
  if (last === undefined) return [];
  return [`at ${fits.length} ${what} (${last.asOf}: ${last.model[basis].sentence.replace(/\.$/, '')})`];
}
