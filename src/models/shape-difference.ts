import type { FittedModel } from '../contract/model.ts';
import type { EbmFeature, EbmModel, EbmTerm } from './ebm/index.ts';
import { explainLogistic, type LogisticFeature, type LogisticModel } from './logistic.ts';
import type { RuleModel } from './serving.ts';

/** How a term differs between two models. */
export interface TermDifference {
  readonly term: string;
  /**
   * How far the term moves a row, in log-odds: on average in a glass box, by one standard deviation in a logistic regression;
   * null where a model has no such term or keeps no such figure.
   */
  readonly importance_a: number | null;
  readonly importance_b: number | null;
  /**
   * Largest distance of the two shapes and the value it is at: over all values of two glass boxes; of two logistic regressions
   * one standard deviation around their means, over all levels, and for missing values. Null for models of different kinds.
   */
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
    return new Map(live.map((feature) => [feature.name, deviationOf(feature)]));
  }
  if (model?.kind === 'rule') return new Map([[(model as RuleModel).rule.feature, null]]);
  return new Map();
}

/** Standard deviation, over the rows trained on, of what a feature of a logistic regression adds. */
function deviationOf(feature: LogisticFeature): number {
  const { coefficients } = feature;
  if (feature.kind === 'continuous') {
    const [slope, indicator] =
      feature.scale > 0 ? [coefficients[0] ?? 0, coefficients[1] ?? 0] : [0, coefficients[0] ?? 0];
    return Math.sqrt((1 - feature.missing_rate) * (slope ** 2 + feature.missing_rate * indicator ** 2));
  }
  const shares = [
    ...feature.levels.map(({ share }) => share),
    ...(feature.rare_share === null ? [] : [feature.rare_share]),
  ];
  const over = (value: (i: number) => number) => shares.reduce((sum, share, i) => sum + share * value(i), 0);
  const mean = over((i) => coefficients[i] ?? 0);
  return Math.sqrt(over((i) => ((coefficients[i] ?? 0) - mean) ** 2));
}

/** Distance of two lines of one feature, or of what its levels add. */
function lineGap(a: LogisticModel, b: LogisticModel, term: string) {
  const features = [a, b].flatMap((model) => model.features.filter(({ name }) => name === term));
  const [one, two] = features;
  if (one === undefined || two === undefined || one.kind !== two.kind) return { largest_gap: null, gap_at: null };
  const categories = [...new Set(features.flatMap((feature) => levelsOf(feature)))];
  const points = [
    Number.NaN,
    ...(one.kind === 'nominal' ? categories.keys() : features.flatMap((feature) => aroundMean(feature))),
  ];
  const added = [a, b].map((model) => {
    const columns = model.features.map(({ kind, name }) => ({
      ...(kind === 'nominal' ? { kind, categories: name === term ? categories : [] } : { kind }),
      name,
      values: name === term ? Float64Array.from(points) : new Float64Array(points.length).fill(Number.NaN),
    }));
    const { terms, contributions } = explainLogistic(model, columns);
    return contributions[terms.indexOf(term)] ?? new Float64Array(points.length);
  });
  const gaps = points.map((_, i) => Math.abs((added[0]?.[i] ?? 0) - (added[1]?.[i] ?? 0)));
  const largest_gap = Math.max(...gaps);
  const point = points[gaps.indexOf(largest_gap)] ?? Number.NaN;
  if (Number.isNaN(point)) return { largest_gap, gap_at: 'missing' };
  return {
    largest_gap,
    gap_at: one.kind === 'nominal' ? (categories[point] ?? '') : String(Number(point.toPrecision(4))),
  };
}

function levelsOf(feature: LogisticFeature): string[] {
  return feature.kind === 'nominal' ? feature.levels.flatMap(({ level }) => (level === null ? [] : [level])) : [];
}

/** One standard deviation below the mean, and above it, within what was seen. */
function aroundMean(feature: LogisticFeature): number[] {
  if (feature.kind === 'nominal') return [];
  const { mean, scale, low, high, transform } = feature;
  return [-1, 1].map((side) => {
    const x = Math.min(Math.max(mean + side * scale, low), high);
    return transform === 'log' ? Math.sign(x) * Math.expm1(Math.abs(x)) : x;
  });
}

/** Distance of two shapes of one feature at the values where either has a step. */
function shapeGap(a: FittedModel | null, b: FittedModel | null, term: string) {
  const none = { largest_gap: null, gap_at: null };
  if (a?.kind === 'logistic' && b?.kind === 'logistic') return lineGap(a as LogisticModel, b as LogisticModel, term);
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
