import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/lib/random.ts';
import {
  bootstrapMetric,
  bootstrapMetrics,
  clustersOf,
  drawCounts,
  METRICS,
  type Metric,
  meanWithinOrigins,
  rankByOrigin,
  rankRows,
  type ScoredRows,
  sharedDraws,
} from '../../../src/models/metrics/index.ts';
import { drawsOf, statisticsOf } from '../../../src/models/metrics/replicates.ts';

const ALL: readonly Metric[] = Object.values(METRICS);
const PROBABILITY = ALL.filter(({ kind }) => kind === 'probability');
const RANKING = ALL.filter(({ kind }) => kind === 'ranking');
const options = { capacity: 3 };

/** Rows of several accounts on several dates, ties and zero weights among them. */
const books = fc
  .array(
    fc.record({
      s: fc.integer({ min: 0, max: 9 }),
      y: fc.boolean(),
      w: fc.integer({ min: 0, max: 2 }),
      a: fc.integer({ min: 0, max: 40 }),
      account: fc.integer({ min: 3, max: 9 }),
      origin: fc.integer({ min: 1, max: 3 }),
      times: fc.integer({ min: 0, max: 3 }),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((rows) => ({
    rows: {
      score: Float64Array.from(rows, ({ s }) => s / 12 + 0.05),
      label: Uint8Array.from(rows, ({ y }) => (y ? 1 : 0)),
      weight: Float64Array.from(rows, ({ w }) => w),
      amount: Float64Array.from(rows, ({ a }) => a),
      lead_days: Float64Array.from(rows, ({ a }) => 3 * a),
      reference: Float64Array.from(rows, ({ a }) => 0.1 + a / 100),
    },
    account: Int32Array.from(rows, ({ account }) => account),
    origin: Int32Array.from(rows, ({ origin }) => origin),
    // How often each account is drawn: by its first row, so that a draw is one number an account.
    times: new Map(rows.toReversed().map(({ account, times }) => [account, times])),
  }));

/** Every row as often as its account is drawn. */
function copied<T extends ArrayLike<number>>(
  values: T,
  account: Int32Array,
  times: ReadonlyMap<number, number>,
): number[] {
  return Array.from(account).flatMap((id, row) => new Array(times.get(id) ?? 0).fill(values[row]));
}

function copiedRows(rows: ScoredRows, account: Int32Array, times: ReadonlyMap<number, number>): ScoredRows {
  const copy = (values: ArrayLike<number> | undefined) => Float64Array.from(copied(values ?? [], account, times));
  return {
    score: copy(rows.score),
    label: copy(rows.label),
    weight: copy(rows.weight),
    amount: copy(rows.amount),
    lead_days: copy(rows.lead_days),
    reference: copy(rows.reference),
  };
}

function near(a: number, b: number): boolean {
  return (Number.isNaN(a) && Number.isNaN(b)) || a === b || Math.abs(a - b) <= 1e-10 * Math.max(1, Math.abs(b));
}

describe('metrics of a draw of accounts', () => {
  it('are those of the rows copied as often as their account was drawn, over all rows', () => {
    fc.assert(
      fc.property(books, ({ rows, account, times }) => {
        const clusters = clustersOf(account);
        const counts = Uint16Array.from([...new Set(account)], (id) => times.get(id) ?? 0);
        const into = new Float64Array(PROBABILITY.length);
        statisticsOf(PROBABILITY, rows, clusters, options, undefined)(counts, into);
        const ranked = rankRows(copiedRows(rows, account, times));
        // Where no row is left, or no weight, a mean is no number either way.
        return PROBABILITY.every((metric, k) => near(into[k] as number, metric.fn(ranked, options)));
      }),
    );
  });

  it('are the same within dates: all metrics together, and the AUC in its own single pass', () => {
    fc.assert(
      fc.property(books, ({ rows, account, origin, times }) => {
        const clusters = clustersOf(account);
        const counts = Uint16Array.from([...new Set(account)], (id) => times.get(id) ?? 0);
        const into = new Float64Array(RANKING.length);
        statisticsOf(RANKING, rows, clusters, options, origin)(counts, into);
        const alone = new Float64Array(1);
        statisticsOf([METRICS.roc_auc], rows, clusters, options, origin)(counts, alone);
        const drawn = rankByOrigin(copiedRows(rows, account, times), Int32Array.from(copied(origin, account, times)));
        const auc = RANKING.findIndex(({ name }) => name === 'roc_auc');
        return (
          near(alone[0] as number, into[auc] as number) &&
          RANKING.every((metric, k) => near(into[k] as number, meanWithinOrigins(drawn, metric, options)))
        );
      }),
    );
  });

  it('without a draw are those of the rows as they are, to the last bit', () => {
    fc.assert(
      fc.property(books, ({ rows, account }) => {
        const into = new Float64Array(PROBABILITY.length);
        statisticsOf(PROBABILITY, rows, clustersOf(account), options, undefined)(undefined, into);
        const ranked = rankRows(rows);
        return PROBABILITY.every((metric, k) => Object.is(into[k], metric.fn(ranked, options)));
      }),
    );
  });
});

describe('shared draws', () => {
  it('are those of a source of its own for every number of accounts, whoever asks first and for how many', () => {
    const shared = sharedDraws(() => createRandom(3));
    const late = shared(5, 4).slice();
    shared(7, 0);
    const random = createRandom(3);
    const own = Array.from({ length: 6 }, () => drawCounts(5, random));
    expect(late).toEqual(own[4]);
    expect(own.map((_, r) => shared(5, r))).toEqual(own);
  });

  it('give the intervals that each metric has alone', () => {
    const random = createRandom(8);
    const n = 120;
    const rows: ScoredRows = {
      score: Float64Array.from({ length: n }, () => 0.02 + 0.9 * random()),
      label: Uint8Array.from({ length: n }, (_, i) => (i % 7 === 0 ? 1 : 0)),
    };
    const account = Int32Array.from({ length: n }, (_, i) => i % 31);
    const chosen = [METRICS.brier, METRICS.log_loss, METRICS.calibration_error];
    const together = bootstrapMetrics(
      chosen,
      rows,
      account,
      sharedDraws(() => createRandom(2)),
      { replicates: 80 },
    );
    const alone = chosen.map((metric) => bootstrapMetric(metric, rows, account, createRandom(2), { replicates: 80 }));
    expect(together).toEqual(alone);
    expect(bootstrapMetrics([], rows, account, drawsOf(createRandom(1)))).toEqual([]);
  });
});
