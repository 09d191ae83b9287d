import type { TrainingTable } from '../contract/model.ts';
import { UserError } from '../lib/errors.ts';
import { clamp, logit, sigmoid } from '../lib/numbers.ts';
import { forkRandom } from '../lib/random.ts';
import type { PlattCalibration } from './calibration.ts';
import { normalQuantile } from './interval.ts';
import { PROBABILITY_FLOOR } from './metrics/probability.ts';
import { clustersOf, drawCounts } from './metrics/replicates.ts';
import type { Rung } from './rungs.ts';

export interface RefitOptions {
  readonly seed: number;
  /** Default 20. */
  readonly refits?: number;
  /** Default 0.9. */
  readonly level?: number;
  /** The accepted calibration, applied to every refit as it is to the model. */
  readonly calibration?: PlattCalibration | undefined;
}

/** Interval of each row's probability under redrawn training accounts. */
export interface RefitInterval {
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** Standard deviation of the log-odds over the refits. */
  readonly log_odds_se: Float64Array;
  readonly refits: number;
}

/**
 * How much each probability depends on which accounts happened to be in the training table: the whole fit (encoding, λ,
 * everything) is repeated on redrawn accounts, and the interval is normal on the log-odds around the model's own answer,
 * with the spread of the refits. It holds the doubt about the fit, not that about the future. Works for every rung.
 */
export async function refitInterval(
  rung: Rung,
  train: TrainingTable,
  rows: TrainingTable,
  probability: Float64Array,
  options: RefitOptions,
): Promise<RefitInterval> {
  const { seed, refits = 20, level = 0.9, calibration = { intercept: 0, slope: 1 } } = options;
  const clusters = clustersOf(train.account);
  const n = probability.length;
  const sum = new Float64Array(n);
  const squares = new Float64Array(n);
  let done = 0;
  // A draw without one class is redrawn; a table where that keeps happening has no interval worth the name.
  for (let draw = 0; draw < 2 * refits && done < refits; draw++) {
    const random = forkRandom(seed, `refit:${rung.name}:${draw}`);
    const counts = drawCounts(clusters.count, random);
    const weight = train.weight.map((w, i) => w * (counts[clusters.of[i] as number] as number));
    const predicted = await predictions(rung, { ...train, weight }, rows, random);
    if (predicted === undefined) continue;
    done++;
    for (let i = 0; i < n; i++) {
      const gap = calibration.intercept + calibration.slope * oddsOf(predicted[i]) - oddsOf(probability[i]);
      sum[i] = (sum[i] as number) + gap;
      squares[i] = (squares[i] as number) + gap * gap;
    }
  }
  const z = normalQuantile((1 + level) / 2);
  const log_odds_se = squares.map((square, i) =>
    done < 2 ? Number.NaN : Math.sqrt(Math.max(0, square - (sum[i] as number) ** 2 / done) / (done - 1)),
  );
  const at = (sign: number) => log_odds_se.map((se, i) => sigmoid(oddsOf(probability[i]) + sign * z * se));
  return { low: at(-1), high: at(1), log_odds_se, refits: done };
}

async function predictions(
  rung: Rung,
  train: TrainingTable,
  rows: TrainingTable,
  random: () => number,
): Promise<Float64Array | undefined> {
  try {
    const fitted = await rung.fit(train, random);
    return 'skipped' in fitted ? undefined : fitted.predict(rows);
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

function oddsOf(probability: number | undefined): number {
  return logit(clamp(probability ?? Number.NaN, PROBABILITY_FLOOR, 1 - PROBABILITY_FLOOR));
}
