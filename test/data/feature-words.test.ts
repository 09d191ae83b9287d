import { describe, expect, it } from 'vitest';
import { featureSentence, ownPast, valueText } from '../../src/data/feature-words.ts';
import { FEATURES } from '../../src/data/features.ts';

const values = (given: Readonly<Record<string, number>>) => (name: string) => given[name] ?? null;

describe('a feature in words', () => {
  it('says values in their unit', () => {
    expect(valueText({ unit: 'rate' }, 0.456)).toBe('46 %');
    expect(valueText({ unit: 'log ratio' }, Math.log(0.55))).toBe('about 45 % down');
    expect(valueText({ unit: 'log ratio' }, Math.log(1.2))).toBe('about 20 % up');
    expect(valueText({ unit: 'yes or no' }, 0)).toBe('no');
    expect([62, 12.34, 1.26, 0.0123].map((value) => valueText({ unit: 'days' }, value))).toEqual([
      '62',
      '12',
      '1.3',
      '0.012',
    ]);
  });

  it('finds the mean of the windows before from the ratio', () => {
    // 12 events now; 40, 44 and 39 before: mean 41, ratio ln(13 ÷ 42).
    const own = values({ event_count_28d: 12, event_log_ratio_28d: Math.log(13 / 42) });
    expect(ownPast('event_count_28d', own)).toBe(41);
    expect(ownPast('ticket_count_90d', own)).toBeNull();
    expect(ownPast('event_count_28d', values({ event_count_28d: 12 }))).toBeNull();
    const sentence = '12 events in 28 days, was 41; peers 55';
    expect(featureSentence('event_count_28d', own, values({ event_count_28d: 55 }))).toBe(sentence);
    expect(featureSentence('event_log_ratio_28d', own, values({ event_count_28d: 55 }))).toBe(sentence);
  });

  it('has a sentence for every feature that can be a reason, missing values too', () => {
    for (const { name } of FEATURES.filter(({ actionable }) => actionable)) {
      expect(featureSentence(name, values({ [name]: 1 }), values({}))).not.toMatch(/[[\]{}]|log ratio/);
      expect(featureSentence(name, values({}), values({}))).toMatch(/: nothing recorded$/);
    }
  });
});
