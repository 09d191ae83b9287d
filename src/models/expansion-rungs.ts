import type { Pool, TrainingTable } from '../contract/model.ts';
import { LIGHT_EBM } from './churn-rungs.ts';
import { ebmRung } from './ebm/index.ts';
import { logistic } from './logistic.ts';
import { baselineRungs, columnRung, EXPANSION_COLUMNS, type FittedRung, modelRung, type Rung } from './rungs.ts';

/** Rungs of the churn ladder that say nothing of growing. */
const CHURN_ONLY: ReadonlySet<string> = new Set(['days_since_last_use']);

/** What an account pays for today: growth is counted as a share of it. */
const SIZE_COLUMNS: ReadonlySet<string> = new Set(['arr_amount', 'seats', 'line_count']);

/**
 * What today's money, seats and lines alone say: a small account gains a tenth more easily, and one that has just shrunk or
 * bought little returns to its mean. That ranks accounts in any book, also in one made up at random, and tells nothing of
 * readiness: every other rung must beat it. The mean of a logistic regression and a glass box, so that neither kind of rung
 * beats it by its form alone.
 */
function accountSizeRung(pool: Pool | undefined): Rung {
  const title = 'account size alone';
  const rungs = [modelRung(logistic, {}, { title, complexity: 0 }), ebmRung({ ...LIGHT_EBM, pairs: 0 }, pool)];
  return {
    name: 'account_size',
    title,
    complexity: 0.7,
    isFloor: true,
    async fit(train: TrainingTable, random) {
      const columns = train.columns.filter(({ name }) => SIZE_COLUMNS.has(name));
      if (columns.length === 0) return { skipped: 'no size is known' };
      const fitted: FittedRung[] = [];
      for (const rung of rungs) {
        const one = await rung.fit({ ...train, columns }, random);
        if (!('skipped' in one)) fitted.push(one);
      }
      if (fitted.length === 0) return { skipped: 'too few outcomes for a model' };
      return {
        predict: (rows) => {
          const said = fitted.map((one) => one.predict(rows));
          return Float64Array.from(rows.label, (_, i) => {
            const sum = said.reduce((total, probability) => total + (probability[i] as number), 0);
            return sum / said.length;
          });
        },
      };
    },
  };
}

/**
 * The ladder of the expansion model: account size as its floor, seat use alone (who has run out of seats buys more), and
 * the rungs of the churn ladder but for days since last use.
 */
export function expansionRungs(pool?: Pool): Rung[] {
  return [
    accountSizeRung(pool),
    columnRung('seat_use', 'seat use alone', 1, EXPANSION_COLUMNS.seat_use),
    ...baselineRungs().filter(({ name }) => !CHURN_ONLY.has(name)),
    ebmRung(LIGHT_EBM, pool),
  ];
}
