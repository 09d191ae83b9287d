import type { MainsResult } from './mains.ts';
import type { PairsResult } from './pairs.ts';

/**
 * Standard errors by which pairs lowered the held-out log loss of the bags: mean over the bags of what it was after single
 * features less what it is after pairs, by its spread ÷ √bags. 0 with fewer than two bags or nothing held out: nothing is
 * shown then. It is no test at its face value. Each bag stopped where its own loss was least, and all helped to choose the
 * pairs, so that labels without any tie reach 2 to 4 (docs/ebm.md): ask for more.
 */
export function pairProof(
  mains: readonly Pick<MainsResult, 'held_out_log_loss'>[],
  pairs: readonly Pick<PairsResult, 'held_out_log_loss'>[],
): number {
  const gains = pairs.map((bag, k) => (mains[k]?.held_out_log_loss ?? 0) - (bag.held_out_log_loss ?? 0));
  const count = gains.length;
  if (count < 2) return 0;
  const mean = gains.reduce((sum, gain) => sum + gain, 0) / count;
  if (!(mean > 0)) return 0;
  const squares = gains.reduce((sum, gain) => sum + (gain - mean) ** 2, 0);
  return mean / Math.sqrt(squares / (count - 1) / count);
}

/** What `training.shrunk` says of pairs without proof. */
export function unproven(proof: number, needed: number): string {
  return `no pairs: held-out log loss fell by ${proof.toFixed(1)} standard errors, ${needed} are needed with few outcomes`;
}
