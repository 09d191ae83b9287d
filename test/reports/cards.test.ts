import { Chalk } from 'chalk';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CellRow } from '../../src/contract/agent.ts';
import { CARD_LINES, cardLines, reasonText } from '../../src/reports/cards.ts';
import { textWidth } from '../../src/reports/text-width.ts';

const chalk = new Chalk({ level: 0 });
const lines = (row: CellRow, width = 100): string[] => cardLines(row, 1, { width, currency: 'EUR', chalk });

describe('cardLines', () => {
  it('takes at most eight lines, whatever the row, and none wider than the page', () => {
    const text = fc.option(fc.string({ unit: 'grapheme', maxLength: 200 }), { nil: null });
    const day = fc.option(fc.constantFrom('2024-10-01', '2024-02-29', 'soon'), { nil: null });
    const number = fc.option(fc.double({ min: -1e7, max: 1e7, noNaN: true }), { nil: null });
    const reason = fc.record({
      text: fc.string({ maxLength: 150 }),
      fact_on: day,
      now: number,
      past: number,
      peer: text,
    });
    const row = fc.record({
      account_id: fc.stringMatching(/^[a-z0-9-]{1,18}$/),
      ...{ name: text, may: fc.constantFrom('leave', 'shrink', null), arr_amount: number, currency: text },
      ...{ decision_date: day, decision_days: fc.option(fc.integer({ min: -999, max: 999 }), { nil: null }) },
      ...{ on_list_since: day, reasons: fc.array(reason, { maxLength: 5 }), change: text, last_contact: text },
      ...{ whom_to_call: text, next_step: text, next_step_due: day, under_way: text, profile: text, alert_id: text },
      ...{ churn_probability: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: null }), base_rate: number },
    });
    fc.assert(
      fc.property(row, fc.integer({ min: 80, max: 120 }), (cells, width) => {
        const printed = lines(cells, width);
        expect(printed.length).toBeLessThanOrEqual(CARD_LINES);
        for (const line of printed) expect(textWidth(line)).toBeLessThanOrEqual(width);
      }),
      { numRuns: 500 },
    );
  });

  it('lets the name give way, never amount or date', () => {
    const [head] = lines(
      {
        account_id: 'a-17',
        name: 'Müller & Söhne Präzisionswerkzeuge Gesellschaft mit beschränkter Haftung',
        ...{ arr_amount: 148_000, may: 'leave', decision_date: '2024-11-30', decision_days: 60 },
      },
      80,
    );
    expect(head).toBe(' 1. Müller & Sö… (a-17) · EUR 148,000 ARR · may leave · by 30 Nov 2024 (60 days)');
  });

  it('leaves out what is not known', () => {
    expect(lines({ account_id: 'a-3' })).toEqual([' 1. a-3']);
    expect(lines({ account_id: 'a-3', decision_date: '2024-09-20', decision_days: -1, alert_id: 'al-3' })).toEqual([
      ' 1. a-3 · was due 20 Sep 2024 (1 day ago)',
      '    [ ] done  [ ] snooze  [ ] disagree   al-3',
    ]);
  });

  it('tells a probability only beside its base rate', () => {
    const row = { account_id: 'a', churn_probability: 0.26, base_rate: 0.05 };
    expect(lines(row)[1]).toBe('    about 1 in 4 (base rate 1 in 20)');
    expect(lines({ ...row, churn_probability: null })).toHaveLength(1);
  });
});

describe('reasonText', () => {
  it('gives the dated fact with now, own past and peers', () => {
    const reason = { text: 'no use', fact_on: '2024-08-29', now: 0, past: 212.4, peer: 180, unit: 'events' };
    expect(reasonText(reason)).toBe('no use (29 Aug 2024): now 0 events, own past 212, peers 180');
    expect(reasonText({ ...reason, now: null, past: null, peer: null })).toBe('no use (29 Aug 2024)');
    expect(reasonText({ ...reason, fact_on: null, now: 'weekly', past: 0.256, peer: 1.25, unit: null })).toBe(
      'no use: now weekly, own past 0.26, peers 1.3',
    );
  });
});
