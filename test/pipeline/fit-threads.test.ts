import { afterAll, describe, expect, it } from 'vitest';
import { defaultConfig } from '../../src/data/config.ts';
import { dayFromNumber } from '../../src/lib/dates.ts';
import { churnRungs } from '../../src/models/churn-rungs.ts';
import { judgeReplay } from '../../src/models/ladder.ts';
import { judgeInPool, replayer, rungsOfLadder } from '../../src/models/ladder-jobs.ts';
import { joinReplays, replaySplit } from '../../src/models/replay.ts';
import { opinionOutOfTime } from '../../src/models/second-opinion.ts';
import { innerOrigins, type Panel } from '../../src/models/splits.ts';
import { fitBasis } from '../../src/pipeline/basis-fit.ts';
import type { BasisPanel } from '../../src/pipeline/panel.ts';
import { openPool } from '../../src/pipeline/pool.ts';
import { simulatePanel } from '../models/simulation.ts';

const panel: Panel = simulatePanel(4, { accounts: 160, months: 17, rate: 0.03, effect: -1.3 });
const days = [...new Set(panel.observation_date)].sort((a, b) => a - b);
const knownBy = days.at(-1) ?? 0;
const pool = openPool(2);
afterAll(() => pool.close());

describe('a ladder climbed in threads', () => {
  const splits = innerOrigins(panel, knownBy, 3);

  it('says of every date what it says here, rung by rung, dates asked for at once', async () => {
    const rungs = rungsOfLadder('churn');
    expect(rungs.map(({ name }) => name)).toEqual([
      'base_rate',
      'recent_base_rate',
      ...churnRungs()
        .map(({ name }) => name)
        .filter((name) => name !== 'base_rate'),
    ]);
    expect(splits).toHaveLength(3);
    const there = await Promise.all(splits.map(replayer(panel, 'churn', 9, pool)));
    const alone = await Promise.all(splits.map(replayer(panel, 'churn', 9)));
    for (const [k, split] of splits.entries()) {
      const here = await replaySplit(panel, rungs, split, 9);
      for (const found of [there[k], alone[k]]) {
        expect(found?.rows).toEqual(here.rows);
        expect(found?.entries.map(({ rung, ...entry }) => [rung.name, entry])).toEqual(
          here.entries.map(({ rung, ...entry }) => [rung.name, entry]),
        );
      }
    }
    const joined = joinReplays(there);
    const facts = { outcomes: 30, months: 12, origins: [] };
    expect(await judgeInPool(panel, joined, { seed: 9 }, facts, pool)).toEqual(
      judgeReplay(panel, joined, { seed: 9 }, facts),
    );
  }, 120_000);

  it('asks the second opinion at every date to the same answer', async () => {
    const here = await opinionOutOfTime(panel, splits, 0.7);
    expect(here.auc).toBeGreaterThan(0.5);
    expect(await opinionOutOfTime(panel, splits, 0.7, pool)).toEqual(here);
  }, 120_000);

  it('fits a whole basis to the same bytes, and tells the time that its own jobs took', async () => {
    const source: BasisPanel = {
      panel,
      accounts: Array.from({ length: 160 }, (_, k) => `a${k}`),
      segments: Array.from(panel.label, (_, i) => (i % 3 === 0 ? 'small' : 'large')),
      left_days: Float64Array.from(panel.label, (y) => (y === 1 ? 45 : Number.NaN)),
      unavoidable_days: new Float64Array(panel.label.length).fill(Number.NaN),
      column: () => undefined,
    };
    const base = defaultConfig('/nowhere');
    const config = { ...base, model: { ...base.model, min_outcomes: 20, min_months: 6 } };
    const asOf = dayFromNumber(knownBy);
    const [first, second] = [pool.metered(), pool.metered()];
    const there = await fitBasis(source, 'leave', config, asOf, { pool: first });
    const here = await fitBasis(source, 'leave', config, asOf);
    expect(there.verdict).toBe('model');
    expect(there.refits).toHaveLength(20);
    expect(JSON.stringify(there)).toBe(JSON.stringify(here));
    expect(first.milliseconds).toBeGreaterThan(0);
    expect(second.milliseconds).toBe(0);
  }, 120_000);
});
