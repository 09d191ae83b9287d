import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/data/config.ts';
import type { Feed, RejectCount } from '../../src/data/ingest.ts';
import type { QualityFinding } from '../../src/data/quality.ts';
import { passedLimits } from '../../src/data/quality-limits.ts';

const configOf = (quality: string) => parseConfig(`version: 1\ndata: .\nquality: ${quality}\n`, 'retain.yaml');
const feed = (table: string, row_count: number): Feed => ({
  table,
  row_count,
  first_on: null,
  last_on: null,
  joined_row_rate: 1,
});
const count = (table: string, unreadable: number, repeats = 0): RejectCount => ({
  table,
  rows: unreadable + repeats,
  unreadable,
  cells: 0,
  unjoined: 0,
});
const finding = (severity: QualityFinding['severity'], arr_rate: number): QualityFinding => ({
  id: 'date_order',
  table: 'contract',
  severity,
  message: 'contract.start_date is probably swapped',
  rows: 40,
  row_rate: 1,
  arr_amount: 1000,
  arr_rate,
  remedy: 'Set date_order.',
});

describe('passedLimits', () => {
  it('holds unreadable rows of all rows of a main feed against the limit, to the point', () => {
    // 94 rows stayed and 6 could not be read: 6 of 100, a point above the default 5 %.
    const [limit, ...more] = passedLimits(configOf('{}'), [feed('usage', 94)], [count('usage', 6)], []);
    expect(more).toEqual([]);
    expect(limit).toMatchObject({ key: 'quality.max_rejected_rate', rate: 0.06, limit: 0.05 });
    expect(limit?.message).toBe(
      '6 of 100 usage rows (6.0 %) cannot be read, 1.0 points more than quality.max_rejected_rate (0.05) allows',
    );
    expect(passedLimits(configOf('{}'), [feed('usage', 95)], [count('usage', 5)], [])).toEqual([]);
    expect(passedLimits(configOf('{ max_rejected_rate: 0.06 }'), [feed('usage', 94)], [count('usage', 6)], [])).toEqual(
      [],
    );
  });

  it('counts neither repeats nor the feeds no list rests on', () => {
    expect(passedLimits(configOf('{}'), [feed('ticket', 50)], [count('ticket', 0, 50)], [])).toEqual([]);
    expect(passedLimits(configOf('{}'), [feed('survey', 1)], [count('survey', 9)], [])).toEqual([]);
    // Repeats are rows of the file all the same: 6 of 94 + 20 + 6 is the limit.
    expect(passedLimits(configOf('{}'), [feed('ticket', 94)], [count('ticket', 6, 20)], [])).toEqual([]);
  });

  it('holds the ARR that an error touches, not a warning', () => {
    const [limit] = passedLimits(configOf('{}'), [], [], [finding('error', 0.35)]);
    expect(limit?.message).toContain(
      'touches 35.0 % of ARR, 15.0 points more than quality.max_affected_arr_rate (0.2)',
    );
    expect(limit?.remedy).toBe('Set date_order, or raise quality.max_affected_arr_rate.');
    expect(passedLimits(configOf('{}'), [], [], [finding('error', 0.2), finding('warning', 1)])).toEqual([]);
    expect(passedLimits(configOf('{ max_affected_arr_rate: 1 }'), [], [], [finding('error', 1)])).toEqual([]);
  });
});
