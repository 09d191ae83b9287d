/** Rows of a panel with a text column; all arrays are equally long. */
export interface KindRows {
  readonly kinds: readonly (string | null)[];
  readonly label: Uint8Array;
  /** Days since 1970-01-01. */
  readonly observation_date: Int32Array;
  readonly closed_on: Int32Array;
}

/** Rows at the rate of all that every kind's rate is mixed with, so that a rare kind is not its own label. */
const PRIOR_ROWS = 20;

/**
 * Text as a number: the outcome rate of the row's kind over the rows whose label had closed by the row's own date, drawn
 * toward the rate of all by 20 rows. What closes later shapes nothing, so that the rate is no leak. `NaN` where the text is
 * missing or nothing had closed yet.
 */
export function ratesOfKinds({ kinds, label, observation_date, closed_on }: KindRows): Float64Array {
  const out = new Float64Array(kinds.length).fill(Number.NaN);
  const byDate = Array.from(kinds.keys()).sort((a, b) => at(observation_date, a) - at(observation_date, b) || a - b);
  const byClose = Array.from(kinds.keys()).sort((a, b) => at(closed_on, a) - at(closed_on, b) || a - b);
  const tally = new Map<string, { rows: number; outcomes: number }>();
  const all = { rows: 0, outcomes: 0 };
  let next = 0;
  for (const row of byDate) {
    const date = at(observation_date, row);
    for (; next < byClose.length && at(closed_on, byClose[next] as number) <= date; next++) {
      const closed = byClose[next] as number;
      const kind = kinds[closed];
      if (kind === null || kind === undefined) continue;
      const own = tally.get(kind) ?? { rows: 0, outcomes: 0 };
      own.rows++;
      all.rows++;
      own.outcomes += label[closed] as number;
      all.outcomes += label[closed] as number;
      tally.set(kind, own);
    }
    const kind = kinds[row];
    if (kind === null || kind === undefined || all.rows === 0) continue;
    const own = tally.get(kind) ?? { rows: 0, outcomes: 0 };
    out[row] = (own.outcomes + PRIOR_ROWS * (all.outcomes / all.rows)) / (own.rows + PRIOR_ROWS);
  }
  return out;
}

function at(values: Int32Array, row: number): number {
  return values[row] as number;
}
