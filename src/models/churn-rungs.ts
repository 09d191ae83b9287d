import type { Pool } from '../contract/model.ts';
import { type EbmParams, ebmRung } from './ebm/index.ts';
import { baselineRungs, type Rung } from './rungs.ts';

/**
 * The glass box as it is fitted at every date of a ladder and for the entry interval: half the bags, fewer bins and
 * pairs and larger steps than the one that serves, in a fraction of its time. What it says of the serving one errs on the side
 * of less. A quarter of the accounts is held out because a dozen outcomes tell badly when to stop: on made-up companies of
 * fifty to a hundred outcomes its gain over the base rate was then further from chance.
 */
export const LIGHT_EBM: Partial<EbmParams> = {
  bags: 4,
  held_out_rate: 0.25,
  max_bins: 32,
  pair_bins: 12,
  pairs: 3,
  learning_rate: 0.1,
  max_rounds: 400,
  max_pair_rounds: 100,
  smoothing_rounds: 20,
  pair_smoothing_rounds: 5,
  early_stopping_rounds: 20,
};

/** The whole ladder: `baselineRungs`, and the glass box above them. */
export function churnRungs(pool?: Pool): Rung[] {
  return [...baselineRungs(), ebmRung(LIGHT_EBM, pool)];
}
