import { describe, expect, it } from 'vitest';
import { parseBacktest } from '../../src/data/backtest-file.ts';
import { UserError } from '../../src/lib/errors.ts';
import { backtestResult, figure } from '../helpers/backtest.ts';

function stored(backtest: unknown): string {
  return JSON.stringify({ schema_version: 1, header: { title: 'retain backtest' }, data: { backtest } });
}

function fault(text: string): string {
  try {
    parseBacktest(text, '--baseline b.json');
  } catch (error) {
    if (error instanceof UserError) return `${error.message} | ${error.hint}`;
    throw error;
  }
  return 'no error';
}

describe('a stored backtest', () => {
  it('comes back as it was', () => {
    const result = backtestResult({ figures: [figure({ draws: { rows: 'r', values: [0.5, null] } })] });
    expect(parseBacktest(stored(result), 'b.json')).toEqual(result);
  });

  it('may hold keys of later versions', () => {
    expect(parseBacktest(stored({ ...backtestResult(), novelty: 1 }), 'b.json')).toEqual(backtestResult());
  });

  it.each([
    ['', '--baseline b.json is not JSON ('],
    [stored(backtestResult()).slice(0, 200), '--baseline b.json is not JSON ('],
    ['[1, 2]', 'is no report of retain, not a stored backtest | Store one with: retain backtest --save FILE.'],
    ['null', 'is no report of retain'],
    [JSON.stringify({ header: { title: 'retain train' }, lists: [] }), 'is the report of retain train, not a stored'],
    [stored({ ...backtestResult(), schema_version: 99 }), 'a newer version of retain (schema 99; this one reads 2)'],
    [stored({ ...backtestResult(), schema_version: undefined }), 'another version of retain (schema undefined'],
    [stored({ ...backtestResult(), origins: ['soon'] }), 'data.backtest.origins.0 cannot be read: must be a day'],
    [stored({ ...backtestResult(), as_of: '2026-02-30' }), 'data.backtest.as_of cannot be read: must be a day'],
    [
      stored(backtestResult({ figures: [figure({ value: 'x' as never })] })),
      'data.backtest.figures.0.value cannot be read',
    ],
  ])('%.30s… is refused with a sentence', (text, sentence) => {
    expect(fault(text)).toContain(sentence);
  });
});
