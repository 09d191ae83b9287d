import { describe, expect, it } from 'vitest';
import type { BacktestFigure } from '../../src/contract/backtest.ts';
import { type FigureTable, figuresOf } from '../../src/models/backtest-figures.ts';

const DAY = 19_000;

/** Two dates of five accounts; outcomes of a and b on the first, of b on the second. */
function table(over: Partial<FigureTable> = {}): FigureTable {
  return {
    prediction: 'churn',
    basis: 'all',
    label: Uint8Array.of(1, 1, 0, 0, 0, 1, 0, 0, 0),
    account: Int32Array.of(0, 1, 2, 3, 4, 1, 2, 3, 4),
    ids: ['a', 'b', 'c', 'd', 'e'],
    origin: Int32Array.of(DAY, DAY, DAY, DAY, DAY, DAY + 30, DAY + 30, DAY + 30, DAY + 30),
    worked: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0),
    amount: Float64Array.of(100, 300, 50, 50, 50, 300, 50, 50, 50),
    lead_days: Float64Array.of(20, 70, NaN, NaN, NaN, 40, NaN, NaN, NaN),
    reference: new Float64Array(9).fill(0.2),
    slices: { term: ['long', 'monthly', 'monthly', 'monthly', 'monthly', 'monthly', 'monthly', 'monthly', 'monthly'] },
    candidates: [
      {
        name: 'served',
        kind: 'probability',
        isMain: true,
        // First date: a, c, b, then d = e. Second: c first, then b, then d = e.
        score: Float64Array.of(0.9, 0.3, 0.5, 0.1, 0.1, 0.4, 0.6, 0.1, 0.1),
      },
    ],
    ...over,
  };
}

const options = { capacity: 2, seed: 1, replicates: 60, slice_replicates: 20 };

function get(figures: readonly BacktestFigure[], metric: string, over: Partial<BacktestFigure> = {}) {
  const marks = Object.entries({ rows: 'all', slice: 'all', metric, ...over });
  const found = figures.filter((figure) =>
    marks.every(([key, value]) => figure[key as keyof BacktestFigure] === value),
  );
  expect(found).toHaveLength(1);
  return found[0] as BacktestFigure;
}

describe('figures of a backtest', () => {
  const figures = figuresOf(table(), options);

  it('are means within dates, weighted by the outcomes of the date, of precision by the rows listed', () => {
    // First date: pairs a > 3 of 3, b > 2 of 3: 5 of 6. Second: b > 2 of 3. Two outcomes and one.
    expect(get(figures, 'roc_auc').value).toBeCloseTo((2 * (5 / 6) + 2 / 3) / 3, 12);
    // Two places a date: a and c (1 of 2), c and b (1 of 2).
    expect(get(figures, 'precision_at_capacity').value).toBeCloseTo(0.5, 12);
    expect(get(figures, 'precision_at_capacity_by_outcomes').value).toBeCloseTo((2 * 0.5 + 1 * 0.5) / 3, 12);
    // 1 of 2 outcomes, 1 of 1.
    expect(get(figures, 'recall_at_capacity').value).toBeCloseTo((2 * 0.5 + 1) / 3, 12);
    // 100 of 400, where perfect knowledge has all; 300 of 300.
    expect(get(figures, 'arr_recall_of_perfect').value).toBeCloseTo((2 * 0.25 + 1) / 3, 12);
  });

  it('say what perfect knowledge reaches', () => {
    // Two of two places, one of two places: three of four.
    expect(get(figures, 'precision_at_capacity').cap).toBeCloseTo(3 / 4, 12);
    expect(get(figures, 'recall_at_capacity').cap).toBe(1);
    // A tenth of 5 (4) rows holds half (0.4) a row: lift 1 ÷ the base rate.
    expect(get(figures, 'lift').cap).toBeCloseTo((2 * (5 / 2) + 4) / 3, 12);
    expect(get(figures, 'roc_auc').cap).toBeNull();
  });

  it('measure probabilities over all rows, against the base rate known', () => {
    const p = [0.9, 0.3, 0.5, 0.1, 0.1, 0.4, 0.6, 0.1, 0.1];
    const y = [1, 1, 0, 0, 0, 1, 0, 0, 0];
    const brier = p.reduce((sum, value, i) => sum + (value - (y[i] ?? 0)) ** 2, 0) / 9;
    const base = y.reduce((sum, value) => sum + (0.2 - value) ** 2, 0) / 9;
    expect(get(figures, 'brier').value).toBeCloseTo(brier, 12);
    expect(get(figures, 'brier_skill').value).toBeCloseTo(1 - brier / base, 12);
    expect(get(figures, 'calibration_in_the_large').value).toBeCloseTo(3.1 / 9 - 3 / 9, 12);
  });

  it('of a slice that holds every row are those of the whole, interval and all', () => {
    const accounts = Array.from({ length: 24 }, (_, id) => id);
    const all = (value: string) => accounts.map(() => value);
    const one = figuresOf(
      {
        ...table(),
        label: Uint8Array.from(accounts, (id) => (id % 3 === 0 ? 1 : 0)),
        account: Int32Array.from(accounts),
        ids: accounts.map((id) => `n${String(id).padStart(2, '0')}`),
        origin: new Int32Array(24).fill(DAY),
        worked: new Uint8Array(24),
        amount: new Float64Array(24).fill(1),
        lead_days: new Float64Array(24).fill(20),
        reference: new Float64Array(24).fill(0.2),
        slices: { term: all('monthly'), decision: accounts.map((id) => (id < 20 ? 'inside' : 'outside')) },
        candidates: [
          {
            ...{ name: 'served', kind: 'probability', isMain: true },
            score: Float64Array.from(accounts, (id) => ((id * 7) % 24) / 24),
          },
        ],
      },
      options,
    );
    const { slice: _whole, draws: _draws, cap: _cap, ...told } = get(one, 'roc_auc');
    expect(told.low).not.toBeNull();
    expect(get(one, 'roc_auc', { slice: 'term:monthly' })).toEqual({ ...told, slice: 'term:monthly', cap: null });
    // The same measures as of any other slice, and no more.
    const measures = (slice: string) => one.filter((figure) => figure.slice === slice).map(({ metric }) => metric);
    expect(measures('term:monthly')).toEqual(measures('decision:inside'));
  });

  it('tell no interval of fewer than five accounts with the outcome, and keep the draws', () => {
    expect(get(figures, 'roc_auc')).toMatchObject({ outcome_count: 2, low: null, high: null, standard_error: null });
    expect(get(figures, 'roc_auc').draws?.values).toHaveLength(60);
    // Six accounts more, each once at the first date, five of them with the outcome.
    const accounts = Array.from({ length: 12 }, (_, id) => id);
    const label = Uint8Array.from(accounts, (id) => (id % 2 === 0 && id > 1 ? 1 : 0));
    const many = figuresOf(
      {
        ...table(),
        label,
        account: Int32Array.from(accounts),
        ids: accounts.map((id) => `n${String(id).padStart(2, '0')}`),
        origin: new Int32Array(12).fill(20_000),
        worked: new Uint8Array(12),
        amount: new Float64Array(12).fill(10),
        lead_days: new Float64Array(12).fill(40),
        reference: new Float64Array(12).fill(0.4),
        slices: {},
        candidates: [
          {
            name: 'served',
            score: Float64Array.from(accounts, (id) => ((id * 7) % 12) / 12),
            kind: 'probability',
            isMain: true,
          },
        ],
      },
      options,
    );
    expect(get(many, 'roc_auc').outcome_count).toBe(5);
    expect(get(many, 'roc_auc').low).not.toBeNull();
    expect(get(many, 'log_loss').high).not.toBeNull();
  });

  it('give recall at a lead by account', () => {
    // 30 days ahead: only b counts (70 and 40 days); it stands third, then second of two places.
    expect(get(figures, 'recall_at_lead_30')).toMatchObject({ value: 1, outcome_count: 1, low: null });
    // 60 days ahead only its first date counts, where it stood third.
    expect(get(figures, 'recall_at_lead_60')).toMatchObject({ value: 0, outcome_count: 1 });
    expect(get(figures, 'recall_at_lead_90')).toMatchObject({ value: null, outcome_count: 0 });
    // 45 days ahead, asked for: again its first date alone; the others are not told.
    const asked = figuresOf(table(), { ...options, leads: [45] });
    expect(get(asked, 'recall_at_lead_45')).toMatchObject({ value: 0, outcome_count: 1 });
    expect(asked.some(({ metric }) => metric === 'recall_at_lead_30')).toBe(false);
  });

  it('tell rows and outcome accounts, and slices of each kind', () => {
    expect(get(figures, 'roc_auc')).toMatchObject({ row_count: 9, outcome_count: 2 });
    expect(get(figures, 'roc_auc', { slice: 'term:monthly' })).toMatchObject({ row_count: 8, outcome_count: 1 });
    // One row, one class: no AUC, and no made-up one.
    expect(get(figures, 'roc_auc', { slice: 'term:long' })).toMatchObject({ value: null, low: null, row_count: 1 });
    expect(figures.filter(({ slice, metric }) => slice !== 'all' && metric === 'precision_at_capacity')).toEqual([]);
  });

  it('repeat themselves for unworked rows where nobody was worked, and leave worked ones out', () => {
    const same = (rows: 'all' | 'unworked') =>
      figures.filter((figure) => figure.rows === rows && figure.slice === 'all').map(({ rows: _, ...rest }) => rest);
    expect(same('unworked')).toEqual(same('all'));
    // c was worked at both dates: b now stands first at the second date and second at the first.
    const worked = figuresOf(table({ worked: Uint8Array.of(0, 0, 1, 0, 0, 0, 1, 0, 0) }), options);
    expect(get(worked, 'roc_auc', { rows: 'unworked' })).toMatchObject({ value: 1, row_count: 7, outcome_count: 2 });
    expect(get(worked, 'roc_auc').value).toBe(get(figures, 'roc_auc').value);
  });

  it('leave out rows of which nothing is claimed, and share ties', () => {
    const score = Float64Array.of(NaN, 5, 5, 5, 5, 5, 5, 5, NaN);
    const tied = figuresOf(table({ candidates: [{ name: 'served', kind: 'ranking', isMain: true, score }] }), options);
    expect(get(tied, 'roc_auc')).toMatchObject({ value: 0.5, row_count: 7, outcome_count: 1 });
    expect(get(tied, 'lift').value).toBe(1);
    expect(tied.some(({ metric }) => metric === 'log_loss')).toBe(false);
  });

  it('draw the same accounts for every candidate over the same rows, so that differences are paired', () => {
    const [served] = table().candidates;
    if (served === undefined) throw new Error('no candidate');
    const two = figuresOf(table({ candidates: [served, { ...served, name: 'twin', isMain: false }] }), options);
    const of = (candidate: string) => get(two, 'roc_auc', { candidate });
    expect(of('served').draws?.values).toHaveLength(60);
    expect(of('twin').draws?.values).toEqual(of('served').draws?.values.slice(0, 20));
    expect(of('twin').draws?.rows).toBe(of('served').draws?.rows);
    const other = figuresOf(table({ label: Uint8Array.of(1, 0, 1, 0, 0, 1, 0, 0, 0) }), options);
    expect(get(other, 'roc_auc').draws?.rows).not.toBe(of('served').draws?.rows);
  });
});
