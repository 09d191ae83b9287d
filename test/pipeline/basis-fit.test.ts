import { describe, expect, it } from 'vitest';
import { defaultConfig } from '../../src/data/config.ts';
import { dayFromNumber } from '../../src/lib/dates.ts';
import { churnRungs } from '../../src/models/churn-rungs.ts';
import { replaySplit, sharedReplays, wholeLadder } from '../../src/models/replay.ts';
import { closedBy, fitBasis } from '../../src/pipeline/basis-fit.ts';
import { type BasisPanel, NEVER_CLOSED } from '../../src/pipeline/panel.ts';
import { simulatePanel } from '../models/simulation.ts';

/** A company whose every seventh row never closes: it is predicted and nothing else. */
function source(): BasisPanel {
  const panel = simulatePanel(4, { accounts: 160, months: 17, rate: 0.03, effect: -1.3 });
  const accounts = Array.from({ length: Math.max(...panel.account) + 1 }, (_, k) => `a${String(k).padStart(4, '0')}`);
  const left_days = Float64Array.from(panel.label, (y) => (y === 1 ? 45 : Number.NaN));
  return {
    panel: { ...panel, closed_on: panel.closed_on.map((day, i) => (i % 7 === 3 ? NEVER_CLOSED : day)) },
    accounts,
    segments: Array.from(panel.label, (_, i) => (i % 3 === 0 ? 'small' : 'large')),
    left_days,
    unavoidable_days: new Float64Array(panel.label.length).fill(Number.NaN),
    column: (name) => panel.columns.find((column) => column.name === name),
  };
}

describe('a basis fitted as of an earlier day from a panel that goes on after it', () => {
  const whole = source();
  const base = defaultConfig('/nowhere');
  const config = { ...base, model: { ...base.model, min_outcomes: 20, min_months: 6 } };
  const days = [...new Set(whole.panel.observation_date)].sort((a, b) => a - b);
  const asOf = dayFromNumber(days.at(-2) ?? 0);

  it('is what training on that day gives, byte for byte, serving model and refits with it', async () => {
    const known = closedBy(whole, days.at(-2) ?? 0);
    expect(known.panel.label.length).toBeLessThan(whole.panel.label.length);
    expect(known.accounts.length).toBeLessThan(whole.accounts.length);
    const trained = await fitBasis(known, 'leave', config, asOf);
    expect(trained.verdict).toBe('model');
    expect(trained.refits).toHaveLength(20);
    const rungs = wholeLadder(churnRungs());
    const replay = sharedReplays(whole.panel, (split) => replaySplit(whole.panel, rungs, split, config.seed));
    const replayed = await fitBasis(whole, 'leave', config, asOf, { replay });
    expect(JSON.stringify(replayed)).toBe(JSON.stringify(trained));
  }, 120_000);

  it('does not change with what happened later', async () => {
    const day = days.at(-2) ?? 0;
    const later = whole.panel.closed_on.map((closed) => (closed > day ? 1 : 0));
    const label = whole.panel.label.map((y, i) => (later[i] === 1 ? 1 - y : y));
    const changed = { ...whole, panel: { ...whole.panel, label } };
    expect(JSON.stringify(await fitBasis(changed, 'leave', config, asOf))).toBe(
      JSON.stringify(await fitBasis(whole, 'leave', config, asOf)),
    );
  }, 120_000);
});
