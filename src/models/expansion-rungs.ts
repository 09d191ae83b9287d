import type { Pool } from '../contract/model.ts';
import { LIGHT_EBM } from './churn-rungs.ts';
import { ebmRung } from './ebm/index.ts';
import { baselineRungs, columnRung, EXPANSION_COLUMNS, type Rung } from './rungs.ts';

/** Rungs of the churn ladder that say nothing of growing. */
const CHURN_ONLY: ReadonlySet<string> = new Set(['days_since_last_use']);

/**
 * The ladder of the expansion model: seat use alone (who has run out of seats buys more), an open opportunity alone, and the
 * rungs of the churn ladder but for days since last use.
 */
export function expansionRungs(pool?: Pool): Rung[] {
  return [
    columnRung('seat_use', 'seat use alone', 1, EXPANSION_COLUMNS.seat_use),
    columnRung('open_opportunity', 'open opportunities alone', 1, EXPANSION_COLUMNS.open_opportunity),
    ...baselineRungs().filter(({ name }) => !CHURN_ONLY.has(name)),
    ebmRung(LIGHT_EBM, pool),
  ];
}
