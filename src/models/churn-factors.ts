import type { Explanation } from '../contract/model.ts';

/** Between the two names of a pair term. */
const PAIR = ' × ';

/** Features that a term speaks of: one, or the two of a pair. */
export function featuresOfTerm(term: string): readonly string[] {
  return term.split(PAIR);
}

/** What each feature adds to each row's log-odds; with the intercept they add up as the terms do. */
export interface Factors {
  readonly names: readonly string[];
  readonly contributions: readonly Float64Array[];
}

/**
 * An explanation by feature: a term of one feature whole, a pair half to each of its two. Halves are the Shapley values of
 * a purified pair, whose own parts already stand in the single terms.
 */
export function factorsOf(explanation: Explanation): Factors {
  const names: string[] = [];
  const contributions: Float64Array[] = [];
  const place = new Map<string, Float64Array>();
  explanation.terms.forEach((term, j) => {
    const features = featuresOfTerm(term);
    const values = explanation.contributions[j] ?? new Float64Array(0);
    for (const name of features) {
      let sum = place.get(name);
      if (sum === undefined) {
        sum = new Float64Array(values.length);
        place.set(name, sum);
        names.push(name);
        contributions.push(sum);
      }
      for (let i = 0; i < values.length; i++) sum[i] = (sum[i] as number) + (values[i] as number) / features.length;
    }
  });
  return { names, contributions };
}
