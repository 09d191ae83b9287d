import { UserError } from '../../lib/errors.ts';
import { rowsFingerprint } from '../backtest-figures.ts';

/** Accounts in a sketch, at most. */
const SKETCHED = 64;
/** So few accounts may all have left since. */
const TOO_FEW = 8;

/**
 * A sketch of a set of accounts: fingerprints of their ids, the lowest 64. The same accounts are drawn from any set that holds them, so
 * that two snapshots of one company share most of theirs, and two companies none; it tells no id.
 */
export function accountSketch(ids: readonly string[]): string[] {
  const prints = new Set(ids.map((id) => rowsFingerprint([id], 0)));
  return [...prints].sort().slice(0, SKETCHED);
}

/**
 * @param sketch of the accounts tested in a stored backtest
 * @param ids every account of the exports at hand
 * @param file as the user wrote it
 * @throws UserError where none of them is in these exports: figures of two companies would be compared as a before and an after
 */
export function checkSameCompany(sketch: readonly string[], ids: readonly string[], file: string): void {
  const here = new Set(ids.map((id) => rowsFingerprint([id], 0)));
  if (sketch.length < TOO_FEW || sketch.some((print) => here.has(print))) return;
  throw new UserError(
    `--baseline ${file} is of another company: none of ${sketch.length} accounts tested there is in these exports`,
    { hint: 'Give the baseline of this company, or store a new one with --save.' },
  );
}
