import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/lib/random.ts';
import { normalBelow } from '../../../src/models/interval.ts';
import {
  arrCalibration,
  bootstrapDifference,
  bootstrapMetric,
  brier,
  brierSkill,
  calibrationInTheLarge,
  clusteredMean,
  expectedCalibrationError,
  logLoss,
  METRICS,
  meanWithinOrigins,
  pairedDifference,
  quantileOf,
  rankByOrigin,
  rankRows,
  reliability,
} from '../../../src/models/metrics/index.ts';

const four = { score: Float64Array.from([0.8, 0.4, 0.3, 0.1]), label: Uint8Array.from([1, 1, 0, 0]) };

describe('probability metrics, worked by hand', () => {
  const ranked = rankRows(four);
  it('log loss', () => {
    expect(logLoss(ranked)).toBeCloseTo(-(Math.log(0.8) + Math.log(0.4) + Math.log(0.7) + Math.log(0.9)) / 4, 15);
    expect(logLoss(rankRows({ score: Float64Array.from([0]), label: Uint8Array.from([1]) }))).toBeCloseTo(
      36.04365338911715,
      12,
    );
  });
  it('Brier and its skill', () => {
    expect(brier(ranked)).toBeCloseTo((0.04 + 0.36 + 0.09 + 0.01) / 4, 15);
    expect(brierSkill(ranked)).toBeCloseTo(1 - 0.125 / 0.25, 15);
    expect(brierSkill(rankRows({ ...four, reference: four.score }))).toBe(0);
  });
  it('calibration in the large, by rows and by money', () => {
    expect(calibrationInTheLarge(ranked)).toBeCloseTo(0.4 - 0.5, 15);
    const money = rankRows({ ...four, amount: Float64Array.from([10, 0, 30, Number.NaN]) });
    expect(arrCalibration(money)).toBeCloseTo((10 * -0.2 + 30 * 0.3) / 40, 15);
  });
  it('ECE over two quantile bins', () => {
    // Bins {.1, .3} and {.4, .8}: |.2 − 0| and |.6 − 1|.
    expect(expectedCalibrationError(ranked, 2)).toBeCloseTo(0.3, 15);
    expect(reliability(ranked, 2).map((bin) => bin.weight)).toEqual([2, 2]);
  });
  it('ECE keeps equal scores in one bin', () => {
    const constant = rankRows({
      score: new Float64Array(10).fill(0.3),
      label: Uint8Array.from([1, 1, 1, 0, 0, 0, 0, 0, 0, 0]),
    });
    expect(expectedCalibrationError(constant, 5)).toBeCloseTo(0, 15);
    expect(reliability(constant, 5)).toHaveLength(1);
  });
});

describe('one class only, worked by hand', () => {
  const rows = (label: number) =>
    rankRows({
      score: Float64Array.from([0.8, 0.5, 0.5, 0.2]),
      label: new Uint8Array(4).fill(label),
      amount: Float64Array.from([40, 30, 20, 10]),
      lead_days: Float64Array.from([80, 50, 20, 10]),
    });
  /** `NaN` and numbers by metric; ranking metrics at capacity 2, lift over the top half, lead of 30 days, 2 bins. */
  const values = (label: number) =>
    Object.fromEntries(
      Object.values(METRICS).map(({ name, fn }) => [
        name,
        fn(rows(label), { capacity: 2, fraction: 0.5, lead_days: 30, bins: 2 }),
      ]),
    );
  const expectValues = (label: number, wanted: Readonly<Record<keyof typeof METRICS, number>>) => {
    const found = values(label);
    expect(Object.keys(found)).toEqual(Object.keys(METRICS));
    for (const [name, value] of Object.entries(wanted)) {
      if (Number.isNaN(value)) expect(found[name], name).toBeNaN();
      else expect(found[name], name).toBeCloseTo(value, 14);
    }
  };
  it('nobody left: what needs outcomes has no value, the rest has', () => {
    expectValues(0, {
      roc_auc: Number.NaN,
      pr_auc: Number.NaN,
      lift: Number.NaN,
      precision_at_capacity: 0,
      precision_at_capacity_by_outcomes: 0,
      recall_at_capacity: Number.NaN,
      arr_recall: Number.NaN,
      arr_recall_of_perfect: Number.NaN,
      recall_at_lead: Number.NaN,
      log_loss: -(Math.log(0.2) + 2 * Math.log(0.5) + Math.log(0.8)) / 4,
      brier: (0.64 + 0.25 + 0.25 + 0.04) / 4,
      brier_skill: Number.NaN,
      // Bins {.2, .5, .5} and {.8}: 3/4 · .4 + 1/4 · .8.
      calibration_error: 0.5,
      calibration_in_the_large: 0.5,
      arr_calibration: (40 * 0.8 + 30 * 0.5 + 20 * 0.5 + 10 * 0.2) / 100,
    });
  });
  it('everybody left', () => {
    expectValues(1, {
      roc_auc: Number.NaN,
      pr_auc: 1,
      lift: 1,
      precision_at_capacity: 1,
      precision_at_capacity_by_outcomes: 1,
      recall_at_capacity: 0.5,
      // 40 and half of the tied 30 + 20, of 100.
      arr_recall: 0.65,
      arr_recall_of_perfect: 0.65 / 0.7,
      // Two are 30 days ahead: the first stands on the list, of the second half.
      recall_at_lead: 0.75,
      log_loss: -(Math.log(0.8) + 2 * Math.log(0.5) + Math.log(0.2)) / 4,
      brier: (0.04 + 0.25 + 0.25 + 0.64) / 4,
      brier_skill: Number.NaN,
      calibration_error: 0.5,
      calibration_in_the_large: -0.5,
      arr_calibration: -(40 * 0.2 + 30 * 0.5 + 20 * 0.5 + 10 * 0.8) / 100,
    });
  });
  it('a reference that was wrong makes skill measurable again', () => {
    const ranked = rankRows({
      score: Float64Array.from([0.1, 0.1]),
      label: new Uint8Array(2),
      reference: Float64Array.from([0.2, 0.2]),
    });
    expect(brierSkill(ranked)).toBeCloseTo(1 - 0.01 / 0.04, 14);
  });
});

describe('within-origin mean', () => {
  it('weighs dates by their outcomes and does not see the base rate of the date', () => {
    const rows = {
      score: Float64Array.from([0.9, 0.8, 0.7, 0.2, 0.1, 0.3]),
      label: Uint8Array.from([1, 1, 0, 0, 1, 0]),
    };
    const origins = rankByOrigin(rows, Int32Array.from([1, 1, 1, 2, 2, 2]));
    // First date: AUC 1 with two outcomes; second: 0 with one.
    expect(meanWithinOrigins(origins, METRICS.roc_auc)).toBeCloseTo(2 / 3, 15);
  });
});

describe('precision over several dates', () => {
  const rows = {
    score: Float64Array.from([0.9, 0.8, 0.7, 0.2, 0.1, 0.3, 0.4]),
    label: Uint8Array.from([1, 1, 0, 0, 0, 0, 1]),
  };
  const date = Int32Array.from([1, 1, 1, 2, 2, 2, 3]);

  it('is the share of listed rows, also of dates on which nobody left', () => {
    // Two places a date, one on the last: 2 of 2, 0 of 2, 1 of 1.
    expect(meanWithinOrigins(rankByOrigin(rows, date), METRICS.precision_at_capacity, { capacity: 2 })).toBeCloseTo(
      3 / 5,
      15,
    );
    const interval = bootstrapMetric(
      METRICS.precision_at_capacity,
      rows,
      Int32Array.from([0, 1, 2, 3, 4, 5, 6]),
      createRandom(1),
      {
        origin: date,
        capacity: 2,
      },
    );
    expect(interval.value).toBeCloseTo(3 / 5, 15);
    // Weighted by outcomes the date without any would not count: 1, always.
    expect(interval.low).toBeLessThan(0.5);
  });
});

describe('precision by outcomes over several dates', () => {
  it('counts a date as often as accounts left: not at all where none did', () => {
    const rows = {
      score: Float64Array.from([0.9, 0.8, 0.7, 0.2, 0.1, 0.9, 0.8, 0.7]),
      label: Uint8Array.from([1, 1, 0, 0, 0, 1, 0, 0]),
    };
    const origins = rankByOrigin(rows, Int32Array.from([1, 1, 1, 2, 2, 3, 3, 3]));
    // Two places a date: 2 of 2 with two outcomes, 0 of 2 with none, 1 of 2 with one.
    const mean = meanWithinOrigins(origins, METRICS.precision_at_capacity_by_outcomes, { capacity: 2 });
    expect(mean).toBeCloseTo((2 * 1 + 1 * 0.5) / 3, 15);
    expect(meanWithinOrigins(origins, METRICS.precision_at_capacity, { capacity: 2 })).toBeCloseTo(3 / 6, 15);
  });
});

describe('the interval of a mean', () => {
  const interval = (rate: number) => {
    const random = createRandom(3);
    const label = Uint8Array.from({ length: 300 }, () => (random() < rate ? 1 : 0));
    const rows = { score: Float64Array.from(label, () => rate * (0.5 + random())), label };
    const account = Int32Array.from(label.keys());
    const found = bootstrapMetric(METRICS.brier, rows, account, createRandom(4), {
      replicates: 2000,
      keep_draws: true,
    });
    const draws = [...(found.draws ?? [])].map(Number).sort((a, b) => a - b);
    return { ...found, plain: { low: quantileOf(draws, 0.05), high: quantileOf(draws, 0.95) } };
  };

  it('stands higher than plain percentiles where a few rows carry most of it', () => {
    const { low, high, plain } = interval(0.02);
    expect(low).toBeGreaterThan(plain.low);
    expect(high).toBeGreaterThan(plain.high);
  });

  it('is that of plain percentiles where nothing is skewed', () => {
    const { low, high, plain, standard_error } = interval(0.45);
    expect(Math.abs(low - plain.low)).toBeLessThan(0.15 * standard_error);
    expect(Math.abs(high - plain.high)).toBeLessThan(0.15 * standard_error);
  });
});

describe('the interval of the calibration error', () => {
  it('holds its own value, and 0 where every probability is true', () => {
    const random = createRandom(5);
    let covered = 0;
    for (let company = 0; company < 60; company++) {
      const score = Float64Array.from({ length: 400 }, () => 0.6 * random() ** 2);
      const label = Uint8Array.from(score, (p) => (random() < p ? 1 : 0));
      const account = Int32Array.from({ length: 400 }, (_, i) => i % 100);
      const { value, low, high } = bootstrapMetric(METRICS.calibration_error, { score, label }, account, random, {
        replicates: 100,
      });
      expect(low).toBeLessThanOrEqual(value);
      expect(high).toBeGreaterThanOrEqual(value);
      if (low === 0) covered++;
    }
    // Percentiles alone, of draws that are inflated once more, never reach 0.
    expect(covered).toBeGreaterThanOrEqual(51);
  });

  it('still tells a score that is far off from a true one', () => {
    const random = createRandom(6);
    const score = new Float64Array(2000).fill(0.3);
    const label = Uint8Array.from(score, () => (random() < 0.1 ? 1 : 0));
    const account = Int32Array.from(score.keys());
    const { low, high } = bootstrapMetric(METRICS.calibration_error, { score, label }, account, random);
    expect(low).toBeGreaterThan(0.17);
    expect(high).toBeLessThan(0.23);
  });
});

describe('the interval of the ARR calibration', () => {
  /** A book of accounts, three dates each, that leave by their own probabilities; amounts are far from even. */
  const book = (random: () => number) => {
    const accounts = Array.from({ length: 120 }, (_, id) => {
      const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
      const probability = 0.3 * random() ** 2;
      return { id, amount: Math.exp(1.5 * normal), probability, label: random() < probability ? 1 : 0 };
    });
    const rows = accounts.flatMap((account) => [account, account, account]);
    return {
      account: Int32Array.from(rows, ({ id }) => id),
      score: Float64Array.from(rows, ({ probability }) => probability),
      label: Uint8Array.from(rows, ({ label }) => label),
      amount: Float64Array.from(rows, ({ amount }) => amount),
    };
  };

  it('holds the truth of nine in ten books whose probabilities are true, where plain percentiles do not', () => {
    const random = createRandom(8);
    const held = { told: 0, plain: 0 };
    const books = 200;
    for (let k = 0; k < books; k++) {
      const { account, ...rows } = book(random);
      const options = { replicates: 100, keep_draws: true };
      const { value, low, high, draws } = bootstrapMetric(METRICS.arr_calibration, rows, account, random, options);
      expect(low).toBeLessThanOrEqual(value);
      expect(high).toBeGreaterThanOrEqual(value);
      if (low <= 0 && high >= 0) held.told++;
      const sorted = [...(draws ?? [])].map(Number).sort((a, b) => a - b);
      if (quantileOf(sorted, 0.05) <= 0 && quantileOf(sorted, 0.95) >= 0) held.plain++;
    }
    // Three standard errors of 90 % over 200 books are 6.4 %.
    expect(held.told / books).toBeGreaterThan(0.85);
    expect(held.told / books).toBeLessThan(0.99);
    expect(held.plain / books).toBeLessThan(0.85);
  });

  it('tells probabilities that are twice too high from true ones', () => {
    const random = createRandom(9);
    const rows = Array.from({ length: 3000 }, () => ({ amount: 1 + random(), label: random() < 0.1 ? 1 : 0 }));
    const { low, high } = bootstrapMetric(
      METRICS.arr_calibration,
      {
        score: new Float64Array(3000).fill(0.2),
        label: Uint8Array.from(rows, ({ label }) => label),
        amount: Float64Array.from(rows, ({ amount }) => amount),
      },
      Int32Array.from(rows.keys()),
      random,
    );
    expect(low).toBeGreaterThan(0.08);
    expect(high).toBeLessThan(0.12);
  });

  it('is none where nobody left', () => {
    const rows = { score: Float64Array.of(0.1, 0.2), label: Uint8Array.of(0, 0), amount: Float64Array.of(5, 7) };
    const { low, high } = bootstrapMetric(METRICS.arr_calibration, rows, Int32Array.of(0, 1), createRandom(1));
    expect([low, high]).toEqual([Number.NaN, Number.NaN]);
  });
});

describe('the interval of an AUC', () => {
  it('is missed as often on the one side as on the other where most leavers stand high', () => {
    const random = createRandom(12);
    const missed = { above: 0, below: 0 };
    // Leavers score above 0 with the normal of mean 2.2, three in ten with mean 0: AUC = .7 Φ(2.2/√2) + .3 · .5.
    const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const truth = 0.7 * normalBelow(2.2 / Math.SQRT2) + 0.3 * 0.5;
    const books = 400;
    for (let k = 0; k < books; k++) {
      const label = Uint8Array.from({ length: 150 }, (_, i) => (i < 15 ? 1 : 0));
      const score = Float64Array.from(label, (y) => normal() + (y === 1 && random() < 0.7 ? 2.2 : 0));
      const account = Int32Array.from(label.keys());
      const { low, high } = bootstrapMetric(METRICS.roc_auc, { score, label }, account, random, { replicates: 200 });
      if (low > truth) missed.above++;
      if (high < truth) missed.below++;
    }
    // A gate on auc.low claims that one in twenty lies above: three standard errors over 400 books are 3.3 %.
    expect(missed.above / books).toBeLessThan(0.083);
    expect((missed.above + missed.below) / books).toBeLessThan(0.15);
  });
});

describe('clustered inference', () => {
  it('mean and error of three accounts, worked by hand', () => {
    // Accounts {1, 3}, {2}, {6}: mean 3; residual sums −2, −1, 3: √(3/2 · 14) ÷ 4.
    const { mean, standard_error } = clusteredMean(Float64Array.from([1, 3, 2, 6]), Int32Array.from([5, 5, 6, 7]));
    expect(mean).toBe(3);
    expect(standard_error).toBeCloseTo(Math.sqrt(1.5 * 14) / 4, 15);
  });
  it('is the ordinary standard error when every account has one row', () => {
    const values = Float64Array.from([1, 4, 2, 9, 5]);
    const { standard_error } = clusteredMean(values, Int32Array.from([0, 1, 2, 3, 4]));
    expect(standard_error).toBeCloseTo(Math.sqrt(9.7 / 5), 12);
  });
  it('pairs rows: a shared shift cancels', () => {
    const a = Float64Array.from([1, 5, 9, 2]);
    const { mean, standard_error } = pairedDifference(
      a,
      a.map((x) => x - 0.5),
      Int32Array.from([0, 1, 2, 3]),
    );
    expect([mean, standard_error]).toEqual([0.5, 0]);
  });
  it('bootstrap: seeded, near the analytic error, as wide as the accounts are few', () => {
    const random = createRandom(1);
    const n = 2000;
    const label = Uint8Array.from({ length: n }, () => (random() < 0.3 ? 1 : 0));
    const score = Float64Array.from(label, (y) => random() * 0.5 + 0.2 * y);
    const account = Int32Array.from({ length: n }, (_, i) => i);
    const one = bootstrapMetric(METRICS.brier, { score, label }, account, createRandom(7));
    expect(bootstrapMetric(METRICS.brier, { score, label }, account, createRandom(7))).toEqual(one);
    const loss = score.map((s, i) => (s - (label[i] as number)) ** 2);
    expect(one.standard_error / clusteredMean(loss, account).standard_error).toBeGreaterThan(0.9);
    expect(one.standard_error / clusteredMean(loss, account).standard_error).toBeLessThan(1.1);
    // Every row four times under its own account tells nothing new.
    const four = (values: ArrayLike<number>) => Float64Array.from({ length: 4 * n }, (_, i) => values[i % n] as number);
    const same = bootstrapMetric(
      METRICS.brier,
      { score: four(score), label: four(label) },
      Int32Array.from(four(account)),
      createRandom(7),
    );
    expect(same.standard_error).toBeCloseTo(one.standard_error, 12);
  });
  it('bootstrap hands its draws back: paired, they are the bootstrap of the difference', () => {
    const random = createRandom(5);
    const label = Uint8Array.from({ length: 300 }, () => (random() < 0.3 ? 1 : 0));
    const score = Float64Array.from(label, (y) => random() + 0.4 * y);
    const nearly = score.map((s) => s + 0.1 * random());
    const account = Int32Array.from({ length: 300 }, (_, i) => i % 100);
    const drawn = (of: Float64Array, replicates: number) =>
      bootstrapMetric(METRICS.roc_auc, { score: of, label }, account, createRandom(9), {
        keep_draws: true,
        replicates,
      });
    const [a, b] = [drawn(score, 200), drawn(nearly, 80)];
    expect(a.draws).toHaveLength(200);
    expect(drawn(score, 80).draws).toEqual(a.draws?.slice(0, 80));
    const pairs = b.draws?.map((value, i) => (a.draws?.[i] ?? Number.NaN) - (value ?? Number.NaN)) ?? [];
    const whole = bootstrapDifference(METRICS.roc_auc, { score, label }, nearly, account, createRandom(9), {
      replicates: 80,
    });
    expect(
      quantileOf(
        pairs.toSorted((x, y) => x - y),
        0.05,
      ),
    ).toBeCloseTo(whole.low, 4);
    expect(bootstrapMetric(METRICS.roc_auc, { score, label }, account, createRandom(9))).not.toHaveProperty('draws');
  });
  it('bootstrap of a difference is narrower than of its parts', () => {
    const random = createRandom(2);
    const label = Uint8Array.from({ length: 500 }, () => (random() < 0.3 ? 1 : 0));
    const score = Float64Array.from(label, (y) => random() + 0.4 * y);
    const account = Int32Array.from({ length: 500 }, (_, i) => i);
    const origin = Int32Array.from({ length: 500 }, (_, i) => i % 4);
    const nearly = score.map((s) => s + 0.01 * random());
    const difference = bootstrapDifference(METRICS.roc_auc, { score, label }, nearly, account, createRandom(3), {
      origin,
    });
    const alone = bootstrapMetric(METRICS.roc_auc, { score, label }, account, createRandom(3), { origin });
    expect(difference.high - difference.low).toBeLessThan((alone.high - alone.low) / 4);
    expect(alone.low).toBeLessThan(alone.value);
    expect(alone.high).toBeGreaterThan(alone.value);
  });
  it('quantiles are type 7', () => {
    expect(quantileOf([1, 2, 3, 4], 0.25)).toBe(1.75);
  });
});
