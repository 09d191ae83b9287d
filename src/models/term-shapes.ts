import type { FittedModel } from '../contract/model.ts';
import type { EbmFeature, EbmModel, EbmTerm } from './ebm/index.ts';
import type { LogisticFeature, LogisticModel } from './logistic.ts';
import type { RuleModel } from './serving.ts';

/** One stretch of a term's shape: neighbouring bins put together until they hold enough rows to be read. */
export interface ShapeStretch {
  readonly term: string;
  /** "< 3", "3 to 10", "≥ 10", a level, "missing"; of a pair both, joined by " and ". */
  readonly bin: string;
  /** Log-odds added, mean over the stretch by training weight. */
  readonly contribution: number;
  /** Its standard error over accounts; null where the model has none. */
  readonly standard_error: number | null;
  /** Share of the training weight, 0–1; null where the model does not keep it. */
  readonly weight_share: number | null;
}

/** Stretches of a single feature and of one side of a pair. */
const STRETCHES = 6;
const PAIR_STRETCHES = 3;

/** The shapes of the strongest terms of any serving rung, strongest first; a rung of one feature has one. */
export function topShapes(model: FittedModel, terms: number): ShapeStretch[] {
  if (model.kind === 'ebm') {
    const { features, terms: all } = model as EbmModel;
    const strongest = [...all].sort((a, b) => b.importance - a.importance || (a.name < b.name ? -1 : 1));
    return strongest.slice(0, terms).flatMap((term) => shapeOf(term, features));
  }
  if (model.kind === 'logistic') {
    const strongest = [...(model as LogisticModel).features].sort(
      (a, b) => reach(b) - reach(a) || (a.name < b.name ? -1 : 1),
    );
    return strongest.slice(0, terms).flatMap(lineOf);
  }
  if (model.kind === 'rule') {
    const { rule, intercept } = model as RuleModel;
    const odds = (rate: number) => Math.log(rate / (1 - rate)) - intercept;
    const common = { term: rule.feature, standard_error: null, weight_share: null };
    return [
      { ...common, bin: rule.text, contribution: odds(rule.rate_yes) },
      { ...common, bin: 'otherwise', contribution: odds(rule.rate_no) },
    ];
  }
  return [];
}

/** Some bins of a term together: which, and how they are called. */
interface Stretch {
  readonly bins: readonly number[];
  readonly text: string;
}

function shapeOf(term: EbmTerm, features: readonly EbmFeature[]): ShapeStretch[] {
  const all = term.weights.reduce((sum, weight) => sum + weight, 0);
  const [first, second] = term.features.map((place) => features[place]) as [EbmFeature, EbmFeature | undefined];
  const summed = (cells: readonly number[], text: string): ShapeStretch[] => {
    const weight = cells.reduce((sum, cell) => sum + (term.weights[cell] ?? 0), 0);
    if (weight === 0) return [];
    const mean = (values: readonly number[]) =>
      cells.reduce((sum, cell) => sum + (term.weights[cell] ?? 0) * (values[cell] ?? 0), 0) / weight;
    return [
      {
        term: term.name,
        bin: text,
        contribution: mean(term.scores),
        // As if the bins erred together: the wide side.
        standard_error: mean(term.standard_errors),
        weight_share: weight / all,
      },
    ];
  };
  if (second === undefined) {
    return stretches(first, term.weights, STRETCHES).flatMap(({ bins, text }) => summed(bins, text));
  }
  const [lines, columns] = [first.pair_groups ?? [], second.pair_groups ?? []];
  const width = Math.max(...columns) + 1;
  const weightOf = (groups: readonly number[], isLine: boolean) => {
    // The weight of a group is shared out to its bins, of which only the sum is read.
    const sizes = groups.map((group) => groups.filter((other) => other === group).length);
    return groups.map((group, bin) => {
      const cells = term.weights.filter((_, cell) => (isLine ? Math.floor(cell / width) : cell % width) === group);
      return cells.reduce((sum, weight) => sum + weight, 0) / (sizes[bin] ?? 1);
    });
  };
  const across = stretches(second, weightOf(columns, false), PAIR_STRETCHES, columns);
  return stretches(first, weightOf(lines, true), PAIR_STRETCHES, lines).flatMap((line) =>
    across.flatMap((column) => {
      const cells = line.bins.flatMap((a) => column.bins.map((b) => (lines[a] ?? 0) * width + (columns[b] ?? 0)));
      return summed([...new Set(cells)], `${first.name} ${line.text} and ${second.name} ${column.text}`);
    }),
  );
}

/**
 * Neighbouring bins put together into about `count` stretches of equal weight; missing apart. Bins of one `group` stay
 * together.
 */
function stretches(
  feature: EbmFeature,
  weights: readonly number[],
  count: number,
  groups: readonly number[] = weights.map((_, bin) => bin),
): Stretch[] {
  const missing: Stretch = { bins: [0], text: 'missing' };
  if (feature.kind === 'nominal') {
    const known = feature.levels.map((level, i): Stretch => ({ bins: [i + 1], text: `is ${level}` }));
    const strongest = known
      .toSorted((a, b) => (weights[b.bins[0] ?? 0] ?? 0) - (weights[a.bins[0] ?? 0] ?? 0))
      .slice(0, count);
    return [...known.filter((level) => strongest.includes(level)), missing];
  }
  const { cuts } = feature;
  const bins = Array.from({ length: cuts.length + 1 }, (_, i) => i + 1);
  const all = bins.reduce((sum, bin) => sum + (weights[bin] ?? 0), 0);
  const runs: number[][] = [[]];
  let reached = 0;
  for (const bin of bins) {
    const run = runs.at(-1) ?? [];
    const isNewGroup = groups[bin] !== groups[run.at(-1) ?? -1];
    if (run.length > 0 && isNewGroup && reached >= (all * runs.length) / count) runs.push([bin]);
    else run.push(bin);
    reached += weights[bin] ?? 0;
  }
  const named = runs.map((run): Stretch => {
    const low = cuts[(run[0] ?? 1) - 2];
    const high = cuts[(run.at(-1) ?? 1) - 1];
    if (low === undefined) return { bins: run, text: high === undefined ? 'any value' : `below ${rounded(high)}` };
    return { bins: run, text: high === undefined ? `from ${rounded(low)}` : `${rounded(low)} to ${rounded(high)}` };
  });
  return [...named, missing];
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** Largest log-odds that a feature of the logistic rung moves by, over two standard deviations or its levels. */
function reach({ kind, coefficients }: LogisticFeature): number {
  return coefficients.reduce((most, value) => Math.max(most, Math.abs(value) * (kind === 'continuous' ? 2 : 1)), 0);
}

/** A line at one standard deviation below and above its mean; the levels of a nominal feature. */
function lineOf(feature: LogisticFeature): ShapeStretch[] {
  const common = { term: feature.name, standard_error: null };
  if (feature.kind === 'nominal') {
    const names = [
      ...feature.levels.map(({ level, share }) => ({ bin: level === null ? 'missing' : `is ${level}`, share })),
      ...(feature.rare_share === null ? [] : [{ bin: 'another level', share: feature.rare_share }]),
    ];
    // Columns are centred: what a level adds is told from the average row.
    const average = names.reduce((sum, { share }, i) => sum + share * (feature.coefficients[i] ?? 0), 0);
    return names.map(({ bin, share }, i) => ({
      ...common,
      bin,
      contribution: (feature.coefficients[i] ?? average) - average,
      weight_share: share,
    }));
  }
  const { mean, scale, transform, low, high, missing_rate } = feature;
  const raw = (x: number) => (transform === 'log' ? Math.sign(x) * Math.expm1(Math.abs(x)) : x);
  const slope = scale > 0 ? (feature.coefficients[0] ?? 0) : 0;
  const indicator = feature.coefficients[scale > 0 ? 1 : 0];
  const known = -missing_rate * (indicator ?? 0);
  const at = [-1, 0, 1].map((steps) => {
    const value = Math.min(Math.max(mean + steps * scale, low), high);
    return {
      ...common,
      bin: `at ${rounded(raw(value))}`,
      contribution: known + (scale > 0 ? (slope * (value - mean)) / scale : 0),
      weight_share: null,
    };
  });
  return indicator === undefined
    ? at
    : [...at, { ...common, bin: 'missing', contribution: known + indicator, weight_share: missing_rate }];
}

/** Signs on each side of the line that a contribution is drawn at. */
const HALF = 12;

/** A contribution as a bar to the left (less risk) or right (more) of a line; `most` fills a side. */
export function shapeBar(contribution: number, most: number): string {
  const length = most > 0 ? Math.min(HALF, Math.round((Math.abs(contribution) / most) * HALF)) : 0;
  const left = contribution < 0 ? '█'.repeat(length) : '';
  const right = contribution < 0 ? '' : '█'.repeat(length);
  return `${left.padStart(HALF, '·')}│${right.padEnd(HALF, '·')}`;
}
