import { compareKeys, compareText } from './order.ts';

/** An account that may take a row of a CSM's list. */
export interface Candidate {
  readonly account_id: string;
  readonly rank_key: readonly number[];
  /** Did not enter today and only waits to be closed: after those who did. */
  readonly is_quiet: boolean;
  /** Never shown before: would open an alert. */
  readonly is_new: boolean;
  /** New or worse since the last list. */
  readonly is_fresh: boolean;
}

export interface Filled<C> {
  /** The rows, in the list's order. */
  readonly shown: readonly C[];
  readonly overNewBudget: readonly C[];
  readonly overCapacity: readonly C[];
}

/** The list's order: those who entered today, by rank key; ties by account_id, so it is total. */
export function compareCandidates(a: Candidate, b: Candidate): number {
  return (
    Number(a.is_quiet) - Number(b.is_quiet) ||
    compareKeys(a.rank_key, b.rank_key) ||
    compareText(a.account_id, b.account_id)
  );
}

/**
 * Fills one CSM's list. Of `rows`, half (rounded down) are kept for fresh candidates; kept rows that find none go to
 * the rest. Of new candidates only the first `newLeft` take part at all.
 */
export function fillList<C extends Candidate>(
  candidates: readonly C[],
  capacity: { readonly rows: number; readonly newLeft: number },
): Filled<C> {
  const ordered = [...candidates].sort(compareCandidates);
  const overNewBudget = new Set(ordered.filter((candidate) => candidate.is_new).slice(Math.max(0, capacity.newLeft)));
  const eligible = ordered.filter((candidate) => !overNewBudget.has(candidate));
  const kept = eligible.filter((candidate) => candidate.is_fresh).slice(0, Math.floor(capacity.rows / 2));
  const chosen = new Set(kept);
  for (const candidate of eligible) {
    if (chosen.size >= capacity.rows) break;
    chosen.add(candidate);
  }
  return {
    shown: eligible.filter((candidate) => chosen.has(candidate)),
    overNewBudget: [...overNewBudget],
    overCapacity: eligible.filter((candidate) => !chosen.has(candidate)),
  };
}
