import { describe, expect, it } from 'vitest';
import { FACT_KINDS as CONFIGURABLE } from '../../src/data/config-defaults.ts';
import { FACT_KINDS, factText } from '../../src/outreach/fact-text.ts';

describe('the words of a fact', () => {
  it('say who or which, and how many rest days are not counted', () => {
    expect(factText({ kind: 'no_use', detail: null })).toBe('no use since, after use in most weeks before');
    expect(factText({ kind: 'no_use', detail: '10' })).toBe(
      'no use since, 10 common rest days aside, after use in most weeks before',
    );
    expect(factText({ kind: 'champion_left', detail: 'Eva' })).toBe('champion Eva left');
    expect(factText({ kind: 'champion_left', detail: null })).toBe('champion left');
  });

  it('exist for every kind that can be configured, and a kind without words throws', () => {
    expect(FACT_KINDS).toEqual(expect.arrayContaining([...CONFIGURABLE]));
    for (const kind of FACT_KINDS) expect(factText({ kind, detail: null })).not.toMatch(/ {2}|^ | $/);
    expect(() => factText({ kind: 'magic', detail: null })).toThrow('no words for the fact magic');
  });
});
