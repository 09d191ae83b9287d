import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/lib/random.ts';
import { type FigureTable, figuresOf, type ScoredCandidate } from '../../src/models/backtest-figures.ts';
import { bootstrapMetric, METRICS } from '../../src/models/metrics/index.ts';
import { joinReplays, replaySplit, sharedReplays, wholeLadder } from '../../src/models/replay.ts';
import { baselineRungs } from '../../src/models/rungs.ts';
import { type Panel, rollingOrigins } from '../../src/models/splits.ts';
import { simulatePanel } from './simulation.ts';

/** The rows of a panel as a table of figures. */
function tableOf(panel: Panel, rows: Uint32Array, candidates: readonly ScoredCandidate[]): FigureTable {
  const pick = (values: ArrayLike<number>) => Int32Array.from(rows, (row) => values[row] as number);
  const blank = new Float64Array(rows.length).fill(Number.NaN);
  return {
    prediction: 'churn',
    basis: 'leave',
    label: Uint8Array.from(pick(panel.label)),
    account: pick(panel.account),
    ids: Array.from({ length: Math.max(...panel.account) + 1 }, (_, k) => `a${k}`),
    origin: pick(panel.observation_date),
    worked: new Uint8Array(rows.length),
    amount: blank,
    lead_days: blank,
    reference: new Float64Array(rows.length).fill(0.1),
    slices: {},
    candidates,
  };
}

describe('labels shuffled within each date', () => {
  it('leave nothing to rank by: logistic regression over rolling origins has AUC .5', async () => {
    let sum = 0;
    let covered = 0;
    const seeds = 30;
    for (let seed = 0; seed < seeds; seed++) {
      const panel = simulatePanel(seed, { accounts: 150, months: 12, rate: 0.04, effect: -1, permuted: true });
      const rungs = wholeLadder(baselineRungs({}, { ridge: 30 }));
      const replay = sharedReplays(panel, (split) => replaySplit(panel, rungs, split, seed));
      const splits = rollingOrigins(panel).slice(-6);
      const joined = joinReplays(await Promise.all(splits.map(replay)));
      const score = joined.rungs.find(({ rung }) => rung.name === 'logistic')?.probability;
      if (score === undefined) throw new Error('no logistic rung');
      const table = tableOf(panel, joined.rows, []);
      const { value, low, high } = bootstrapMetric(
        METRICS.roc_auc,
        { score, label: table.label },
        table.account,
        createRandom(seed),
        {
          origin: table.origin,
          level: 0.95,
          replicates: 300,
        },
      );
      sum += value;
      if (low <= 0.5 && 0.5 <= high) covered++;
    }
    // Thirty small companies: the mean has a standard error of about .005 (50 of real size: bench/backtest-proof.js).
    expect(Math.abs(sum / seeds - 0.5)).toBeLessThan(0.015);
    expect(covered).toBeGreaterThanOrEqual(25);
  }, 60_000);
});

describe('worked accounts', () => {
  it('lower the accuracy on all rows and not that on unworked ones, where outreach saves accounts', () => {
    const panel = simulatePanel(3, { accounts: 900, months: 12, rate: 0.04, effect: -1.2 });
    const score = panel.columns.find(({ name }) => name === 'usage')?.values;
    if (score === undefined) throw new Error('no usage');
    const random = createRandom(11);
    // A third of the accounts in trouble are called, on the toss of a coin, and half of the called stay.
    const limit = score.toSorted()[Math.floor(0.7 * score.length)] as number;
    const worked = Uint8Array.from(score, (value) => (value > limit && random() < 1 / 3 ? 1 : 0));
    const label = panel.label.map((y, i) => (worked[i] === 1 && random() < 0.5 ? 0 : y));
    const rows = Uint32Array.from(panel.label.keys());
    const candidate: ScoredCandidate = { name: 'served', kind: 'ranking', isMain: true, score };
    const figures = (table: FigureTable) => figuresOf(table, { capacity: 20, seed: 1, replicates: 50 });
    const auc = (given: ReturnType<typeof figures>, on: 'all' | 'unworked') =>
      given.find((figure) => figure.metric === 'roc_auc' && figure.rows === on)?.value ?? Number.NaN;
    const before = auc(figures(tableOf(panel, rows, [candidate])), 'all');
    const after = figures({ ...tableOf({ ...panel, label }, rows, [candidate]), worked });
    expect(auc(after, 'all')).toBeLessThan(before - 0.02);
    expect(Math.abs(auc(after, 'unworked') - before)).toBeLessThan(0.02);
  });
});

describe('intervals', () => {
  const company = { accounts: 150, months: 10, rate: 0.04, effect: -1 } as const;
  const metrics = ['roc_auc', 'lift', 'precision_at_capacity', 'log_loss', 'brier'] as const;

  /** Figures of who knows the usage of a simulated company: the score is right, only the company is small. */
  function measure(seed: number, replicates: number) {
    const panel = simulatePanel(seed, company);
    const usage = panel.columns.find(({ name }) => name === 'usage')?.values;
    if (usage === undefined) throw new Error('no usage');
    // The column is −usage; three months of exposure at the monthly odds of the simulation.
    const score = usage.map((low) => 1 - (1 - 1 / (1 + Math.exp(3.178 - low))) ** 3);
    const rows = Uint32Array.from(panel.label.keys());
    const candidate: ScoredCandidate = { name: 'served', kind: 'probability', isMain: true, score };
    const figures = figuresOf(tableOf(panel, rows, [candidate]), { capacity: 10, seed, replicates });
    return metrics.map((metric) => figures.find((figure) => figure.metric === metric));
  }

  it('of 90 % cover the truth in 85 to 99 of 100 companies, for each metric', () => {
    const truth = new Float64Array(metrics.length);
    const many = 250;
    for (let seed = 0; seed < many; seed++) {
      measure(10_000 + seed, 0).forEach((figure, k) => {
        truth[k] = (truth[k] as number) + (figure?.value ?? 0) / many;
      });
    }
    const draws = 120;
    const covered = new Float64Array(metrics.length);
    for (let seed = 0; seed < draws; seed++) {
      measure(seed, 200).forEach((figure, k) => {
        const { low, high } = figure ?? {};
        if (
          typeof low === 'number' &&
          typeof high === 'number' &&
          low <= (truth[k] as number) &&
          (truth[k] as number) <= high
        ) {
          covered[k] = (covered[k] as number) + 1;
        }
      });
    }
    for (const [k, metric] of metrics.entries()) {
      const share = (covered[k] as number) / draws;
      expect(share, `${metric} covered in ${share}`).toBeGreaterThanOrEqual(0.85);
      expect(share, `${metric} covered in ${share}`).toBeLessThanOrEqual(0.99);
    }
  }, 240_000);
});
