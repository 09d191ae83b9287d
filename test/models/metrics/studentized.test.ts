import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/lib/random.ts';
import { quantileOf } from '../../../src/models/metrics/bootstrap.ts';
import { drawCounts } from '../../../src/models/metrics/replicates.ts';
import { Studentized } from '../../../src/models/metrics/studentized.ts';

/** One row an account; draws of `replicates`, and the plain percentiles of their means beside the bootstrap-t. */
function intervals(values: Float64Array, replicates: number, random: () => number) {
  const n = values.length;
  const clusters = { of: Int32Array.from(values.keys()), count: n };
  const mean = new Studentized(values, clusters, new Float64Array(n).fill(1));
  const means: number[] = [];
  for (let r = 0; r < replicates; r++) {
    const counts = drawCounts(n, random);
    mean.add(counts);
    means.push(values.reduce((sum, value, i) => sum + value * (counts[i] as number), 0) / n);
  }
  means.sort((a, b) => a - b);
  const value = values.reduce((sum, one) => sum + one, 0) / n;
  return {
    value,
    told: mean.interval(value, 0.9),
    plain: { low: quantileOf(means, 0.05), high: quantileOf(means, 0.95) },
  };
}

describe('the bootstrap-t of a mean', () => {
  it('covers the mean of a skewed quantity where plain percentiles do not', () => {
    const random = createRandom(4);
    const held = { told: 0, plain: 0 };
    const samples = 400;
    for (let k = 0; k < samples; k++) {
      // Log-normal with sigma 1: mean e^½.
      const values = Float64Array.from({ length: 20 }, () =>
        Math.exp(Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())),
      );
      const { told, plain } = intervals(values, 200, random);
      const truth = Math.exp(0.5);
      if (told.low <= truth && told.high >= truth) held.told++;
      if (plain.low <= truth && plain.high >= truth) held.plain++;
    }
    // Three standard errors of 90 % over 400 samples are 4.5 %.
    expect(held.told / samples).toBeGreaterThan(0.85);
    expect(held.plain / samples).toBeLessThan(0.85);
  });
  it('holds the value and never passes the rows', () => {
    const values = Float64Array.of(0, 0, 0, 0, 0, 0, 0, 1);
    const { value, told } = intervals(values, 300, createRandom(2));
    expect(told.low).toBeLessThanOrEqual(value);
    expect(told.high).toBeGreaterThanOrEqual(value);
    expect(told.low).toBeGreaterThanOrEqual(0);
    expect(told.high).toBeLessThanOrEqual(1);
  });
  it('is none where no draw varies', () => {
    const { told } = intervals(new Float64Array(5).fill(0.3), 50, createRandom(2));
    expect([told.low, told.high]).toEqual([Number.NaN, Number.NaN]);
  });
});
