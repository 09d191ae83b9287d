import { UserError } from '../../lib/errors.ts';
import { clamp } from '../../lib/numbers.ts';
import { MOST_LEAVES } from './leaf-search.ts';
import type { EbmParams } from './types.ts';

/** What the defaults reach, and why they are what they are: docs/ebm.md. */
export const EBM_DEFAULTS: EbmParams = {
  max_bins: 256,
  pair_bins: 20,
  bags: 8,
  held_out_rate: 0.15,
  learning_rate: 0.04,
  max_rounds: 5000,
  max_pair_rounds: 5000,
  smoothing_rounds: 100,
  pair_smoothing_rounds: 10,
  greedy_rounds: 10,
  early_stopping_rounds: 50,
  early_stopping_tolerance: 1e-5,
  max_leaves: 2,
  min_leaf: 4,
  min_hessian: 0.01,
  l2: 0,
  nominal_smoothing: 10,
  pairs: 10,
  monotone: {},
  min_outcomes: 10,
  pair_outcomes: 50,
  pair_proof: 6,
  full_outcomes: 500,
  max_rows: 1_000_000,
};

/** Fewest pair bins that small data are left with. */
const FEWEST_PAIR_BINS = 8;

const WHOLE_FROM: readonly (readonly [keyof EbmParams, number, number])[] = [
  ['max_bins', 4, 256],
  ['pair_bins', 3, 64],
  ['bags', 1, 1000],
  ['max_rounds', 1, Number.POSITIVE_INFINITY],
  ['max_pair_rounds', 1, Number.POSITIVE_INFINITY],
  ['smoothing_rounds', 0, Number.POSITIVE_INFINITY],
  ['pair_smoothing_rounds', 0, Number.POSITIVE_INFINITY],
  ['greedy_rounds', 0, Number.POSITIVE_INFINITY],
  ['early_stopping_rounds', 0, Number.POSITIVE_INFINITY],
  ['max_leaves', 2, MOST_LEAVES],
  ['max_rows', 1, Number.POSITIVE_INFINITY],
];
const NUMBER_FROM: readonly (readonly [keyof EbmParams, number, number])[] = [
  ['held_out_rate', 0, 0.5],
  ['learning_rate', 1e-6, 1],
  ['early_stopping_tolerance', 0, Number.POSITIVE_INFINITY],
  ['min_leaf', 0, Number.POSITIVE_INFINITY],
  ['min_hessian', 1e-12, Number.POSITIVE_INFINITY],
  ['l2', 0, Number.POSITIVE_INFINITY],
  ['nominal_smoothing', 0, Number.POSITIVE_INFINITY],
  ['pair_proof', 0, Number.POSITIVE_INFINITY],
];

/** The settings with defaults laid under them. Throws `UserError` naming the first one out of range. */
export function completeSettings(params: Partial<EbmParams>): EbmParams {
  const settings: EbmParams = { ...EBM_DEFAULTS, ...params };
  for (const [names, isWhole] of [
    [WHOLE_FROM, true],
    [NUMBER_FROM, false],
  ] as const) {
    for (const [name, low, high] of names) {
      const value = settings[name];
      const isNumber = typeof value === 'number' && (isWhole ? Number.isInteger(value) || value === high : true);
      if (isNumber && value >= low && value <= high) continue;
      const range = high === Number.POSITIVE_INFINITY ? `at least ${low}` : `from ${low} to ${high}`;
      throw new UserError(`The setting ${name} of the glass-box model is ${String(value)}.`, {
        hint: `Give a${isWhole ? ' whole' : ''} number ${range}.`,
      });
    }
  }
  return settings;
}

/**
 * The settings as used for this many accounts with the outcome (or without, where those are fewer). Single features keep
 * their bins: early stopping restrains them, and a coarse cut would lose what stands at a fine one.
 */
export function shrinkSettings(settings: EbmParams, outcomes: number): { settings: EbmParams; shrunk: string[] } {
  if (outcomes >= settings.full_outcomes) return { settings: { ...settings, pair_proof: 0 }, shrunk: [] };
  const share = outcomes / settings.full_outcomes;
  // A bag with few outcomes stops early: as many random rounds as with many would leave no step that sought its cut.
  const smoothing_rounds = Math.round(share * settings.smoothing_rounds);
  const pair_smoothing_rounds = Math.round(share * settings.pair_smoothing_rounds);
  const fewest = Math.min(FEWEST_PAIR_BINS, settings.pair_bins);
  // From half of the full outcomes on, fewer pair bins are no better.
  const pair_bins = Math.round(clamp(2 * share * settings.pair_bins, fewest, settings.pair_bins));
  const shrunk =
    pair_bins === settings.pair_bins
      ? []
      : [`${pair_bins} bins in pairs: ${outcomes} outcomes, fewer than ${settings.full_outcomes / 2}`];
  const reduced = { ...settings, smoothing_rounds, pair_smoothing_rounds, pair_bins };
  const looksForPairs = typeof settings.pairs === 'number' && settings.pairs > 0;
  if (!looksForPairs || outcomes >= settings.pair_outcomes) {
    return { settings: reduced, shrunk };
  }
  shrunk.push(`no pairs: ${outcomes} outcomes, fewer than ${settings.pair_outcomes}`);
  return { settings: { ...reduced, pairs: 0 }, shrunk };
}
