import { describe, expect, it } from 'vitest';
import type { HealthSettings } from '../../src/contract/config.ts';
import { DEFAULT_HEALTH } from '../../src/data/config-defaults.ts';

import type { HealthCalibration } from '../../src/models/health-calibration.ts';
import { scaleNotes } from '../../src/models/scale-notes.ts';
import { scoreHealth } from '../../src/models/scorecard.ts';

const none: HealthCalibration = { schema_version: 1, frozen_on: '2024-01-01', measures: {} };
const measure = (weight: number) => ({ weight, method: 'threshold' as const, worst: 0, best: 1 });
const settings: HealthSettings = {
  ...DEFAULT_HEALTH,
  min_coverage: 0,
  components: { all: { weight: 1, combine: 'mean', measures: { use: measure(1), roi: measure(1) } } },
};

/** Ten red, ten yellow and twenty green accounts by use alone (0.3, 0.5, 0.9); `roi` of each by its place. */
function sentence(roi: (i: number) => number, card = settings): string | null {
  return notes(roi, card).find((note) => note.includes('lowers the whole book')) ?? null;
}

function notes(roi: (i: number) => number, card: HealthSettings): string[] {
  const accounts = Array.from({ length: 40 }, (_, i) => i);
  const rows = {
    account: accounts.map((i) => `a${i}`),
    segment: accounts.map(() => 'all'),
    tenure_days: new Float64Array(40).fill(400),
    values: {
      use: Float64Array.from(accounts, (i) => (i < 10 ? 0.3 : i < 20 ? 0.5 : 0.9)),
      roi: Float64Array.from(accounts, roi),
    },
    connected: {},
  };
  return scaleNotes(rows, scoreHealth(rows, card, none), card, none);
}

describe('measures at the foot of their scale', () => {
  // With roi 0.1 for all: (30 + 10) ÷ 2 = 20, (50 + 10) ÷ 2 = 30 and (90 + 10) ÷ 2 = 50, so that half is red.
  it('are named with the bands as they are and as they would be without', () => {
    expect(sentence(() => 0.1)).toBe(
      'roi (100 %): most accounts score below 20, so it tells few apart and lowers the whole book: by score 50 % are red and 0 % green, ' +
        'without it 25 % are red and 50 % green; hold against peers (method: peer), or set worst and best to what can be reached',
    );
  });

  it('are none where half of the accounts or fewer stand there, or too few have a reading', () => {
    expect(sentence((i) => (i < 20 ? 0.1 : 0.8))).toBeNull();
    expect(sentence((i) => (i < 21 ? 0.1 : 0.8))).toContain('roi (53 %)');
    expect(sentence((i) => (i < 29 ? 0.1 : Number.NaN))).toBeNull();
    expect(sentence((i) => (i < 30 ? 0.1 : Number.NaN))).toContain('roi (100 %)');
  });

  it('do not count where they weigh nothing', () => {
    const light = { ...settings.components.all, weight: 1, combine: 'mean' as const };
    const components = { all: { ...light, measures: { use: measure(1), roi: measure(0) } } };
    expect(sentence(() => 0.1, { ...settings, components })).toBeNull();
  });
});

describe('a book that stands in one band', () => {
  // roi 1 for all: scores 65, 75 and 95, of which thirty in forty are green; from 60 on green, all are.
  it('is told where the bands tell hardly anyone apart', () => {
    expect(notes(() => 1, settings)).toEqual([]);
    expect(notes(() => 1, { ...settings, bands: { red: 40, green: 60 } })).toEqual([
      '100 % of the scored accounts are green by score: the bands tell hardly anyone apart; move health.bands, or hold measures against peers (method: peer)',
    ]);
  });
});
