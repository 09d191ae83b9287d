import type { TrainingTable } from '../contract/model.ts';

/**
 * Weights under which an account that has been there for long does not outweigh the others: an account's k-th row by
 * date counts 1/√k, times its own weight; the whole is scaled to keep its sum. Thirty-six rows of one account then count
 * about as much as eleven first ones.
 *
 * The weight of a row looks back only. Dividing by how many rows the account has in all would look ahead: who leaves
 * soon has few rows, so every leaver would weigh more than a stayer with the same past, and every probability would come
 * out too high.
 */
export function accountWeights(table: Pick<TrainingTable, 'account' | 'observation_date' | 'weight'>): Float64Array {
  const { account, observation_date, weight } = table;
  const order = Array.from(account.keys()).sort(
    (a, b) => (observation_date[a] as number) - (observation_date[b] as number) || a - b,
  );
  const seen = new Map<number, { rows: number; last: number }>();
  const out = new Float64Array(weight.length);
  let before = 0;
  let after = 0;
  for (const row of order) {
    const own = weight[row] as number;
    if (!(own > 0)) continue;
    const date = observation_date[row] as number;
    const entry = seen.get(account[row] as number) ?? { rows: 0, last: Number.NEGATIVE_INFINITY };
    // Several rows of one date stand side by side: each counts as the first of that date would.
    if (date !== entry.last) entry.rows++;
    entry.last = date;
    seen.set(account[row] as number, entry);
    out[row] = own / Math.sqrt(entry.rows);
    before += own;
    after += out[row] as number;
  }
  return after > 0 ? out.map((value) => (value * before) / after) : out;
}
