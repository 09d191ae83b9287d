import type { FittedModel } from '../contract/model.ts';
import type { EbmFeature, EbmModel, EbmTerm } from './ebm/index.ts';
import type { LogisticModel } from './logistic.ts';
import type { RuleModel } from './serving.ts';

/** How a term differs between two models. */
export interface TermDifference {
  readonly term: string;
  /** How far the term moves a row on average, in log-odds; null where a model has no such term or keeps no such figure. */
  readonly importance_a: number | null;
  readonly importance_b: number | null;
  /** Largest distance of the two shapes over all values, and the value; null unless both are glass boxes and have the term. */
  readonly largest_gap: number | null;
  readonly gap_at: string | null;
}

/** Terms of either model, those of the largest importance first. */
export function termDifferences(a: FittedModel | null, b: FittedModel | null): TermDifference[] {
  const [first, second] = [importances(a), importances(b)];
  const names = [...new Set([...first.keys(), ...second.keys()])];
  const most = (name: string) => Math.max(first.get(name) ?? 0, second.get(name) ?? 0);
  return names
    .sort((x, y) => most(y) - most(x) || (x < y ? -1 : 1))
    .map((term) => ({
      term,
      importance_a: first.get(term) ?? null,
      importance_b: second.get(term) ?? null,
      ...shapeGap(a, b, term),
    }));
}

function importances(model: FittedModel | null): Map<string, number | null> {
  if (model?.kind === 'ebm')
    return new Map((model as EbmModel).terms.map(({ name, importance }) => [name, importance]));
  if (model?.kind === 'logistic') {
    const { features } = model as LogisticModel;
    const live = features.filter(({ coefficients }) => coefficients.some((value) => value !== 0));
    return new Map(live.map(({ name }) => [name, null]));
  }
  if (model?.kind === 'rule') return new Map([[(model as RuleModel).rule.feature, null]]);
  return new Map();
}

/** Distance of two shapes of one feature at the values where either has a step. */
function shapeGap(a: FittedModel | null, b: FittedModel | null, term: string) {
  const none = { largest_gap: null, gap_at: null };
  if (a?.kind !== 'ebm' || b?.kind !== 'ebm') return none;
  const shapes = [a, b].map((model) => shapeNamed(model as EbmModel, term));
  const [one, two] = shapes;
  if (one === undefined || two === undefined || one.feature.kind !== two.feature.kind) return none;
  const points = pointsOf([one.feature, two.feature]);
  let largest_gap = 0;
  let gap_at = 'missing';
  for (const point of points) {
    const gap = Math.abs(scoreAt(one, point) - scoreAt(two, point));
    if (gap > largest_gap) [largest_gap, gap_at] = [gap, String(point)];
  }
  return { largest_gap, gap_at };
}

interface Shape {
  readonly term: EbmTerm;
  readonly feature: EbmFeature;
}

function shapeNamed(model: EbmModel, name: string): Shape | undefined {
  const term = model.terms.find((candidate) => candidate.name === name && candidate.features.length === 1);
  const feature = term === undefined ? undefined : model.features[term.features[0]];
  return term === undefined || feature === undefined ? undefined : { term, feature };
}

/** Values where either shape may turn: below the first cut, at every cut; every level. */
function pointsOf(features: readonly EbmFeature[]): (number | string)[] {
  const cuts = features.flatMap((feature) => (feature.kind === 'continuous' ? feature.cuts : []));
  const levels = features.flatMap((feature) => (feature.kind === 'nominal' ? feature.levels : []));
  const below = cuts.length === 0 ? [] : [Math.min(...cuts) - 1];
  return [...below, ...new Set(cuts), ...new Set(levels)];
}

function scoreAt({ term, feature }: Shape, point: number | string): number {
  if (feature.kind === 'nominal') {
    const place = feature.levels.indexOf(String(point));
    return term.scores[place < 0 ? feature.levels.length + 1 : place + 1] ?? 0;
  }
  return term.scores[1 + feature.cuts.filter((cut) => cut <= Number(point)).length] ?? 0;
}
