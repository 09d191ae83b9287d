import { describe, expect, it } from 'vitest';
import type { CellRow } from '../../src/contract/agent.ts';
import type { ReportList } from '../../src/contract/report.ts';
import { sliceList, timeList } from '../../src/pipeline/backtest/side-lists.ts';
import { backtestResult, figure, verdict } from '../helpers/backtest.ts';

async function rowsOf(list: ReportList): Promise<CellRow[]> {
  const rows: CellRow[] = [];
  for await (const chunk of list.rows) rows.push(...chunk);
  return rows;
}

const at = (slice: string, over: Parameters<typeof figure>[0] = {}) => [
  figure({ slice, ...over }),
  figure({ slice, candidate: 'base_rate', value: 0.5, low: 0.5, high: 0.5, ...over }),
];

describe('figures over time and by slice', () => {
  it('stand with their interval, and not at all where too few left for one', async () => {
    const figures = [
      ...at('origin:2025-04-01'),
      ...at('origin:2025-07-01', { value: 1, low: null, high: null, outcome_count: 3 }),
    ];
    const list = timeList(backtestResult({ figures }));
    expect(await rowsOf(list)).toMatchObject([
      { origin: '2025-04-01', churn_served: 0.78, churn_served_low: 0.74, churn_served_high: 0.82, outcome_count: 120 },
      { origin: '2025-07-01', churn_served: null, churn_served_low: null, churn_base_rate: null, outcome_count: 3 },
    ]);
    // On a terminal the interval of what was shown; of the others in the machine formats.
    const seen = list.columns.filter(({ terminal }) => terminal !== false).map(({ key }) => key);
    expect(seen.slice(0, 5)).toEqual([
      'origin',
      'churn_served',
      'churn_served_low',
      'churn_served_high',
      'churn_base_rate',
    ]);
    expect(list.columns.map(({ key }) => key)).toContain('churn_ebm_low');
  });

  it('say so where too few left to tell any', () => {
    const few = (basis: 'all' | 'leave' | 'renewal') => verdict({ basis, verdict: 'too_few_outcomes' });
    const result = backtestResult({
      verdicts: [few('all'), few('leave'), few('renewal')],
      figures: at('origin:2025-04-01'),
    });
    for (const list of [timeList(result), sliceList(result)]) expect(list.headline).toMatch(/^too few left/);
    expect(timeList(backtestResult()).headline).toBe('AUC at each origin');
  });

  it('say that a segment "all" beside others is not the whole book', () => {
    const notes = (...segments: string[]) =>
      sliceList(backtestResult({ figures: segments.flatMap((name) => at(`segment:${name}`)) })).notes.join(' ');
    expect(notes('Basic', 'all')).toContain('segment all: accounts whose own segment holds too few');
    expect(notes('all')).not.toContain('segment all');
  });
});
