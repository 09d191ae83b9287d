import { describe, expect, it } from 'vitest';
import { createProgress } from '../../src/reports/progress.ts';

function recorded(isTerminal: boolean, quiet = false) {
  let written = '';
  let time = 0;
  const progress = createProgress({
    write: (text) => {
      written += text;
    },
    isTerminal,
    columns: () => 40,
    now: () => time,
    quiet,
  });
  return { progress, written: () => written, wait: (ms: number) => (time += ms) };
}

describe('progress', () => {
  it('is one line a stage with its seconds where there is no terminal', () => {
    const { progress, written, wait } = recorded(false);
    progress.stage('ingest');
    progress.detail('usage.csv');
    progress.detail('tickets.csv');
    wait(1234);
    progress.stage('features');
    progress.note('model is 40 days old: fitting a new one');
    wait(500);
    progress.done();
    progress.done();
    expect(written()).toBe('ingest: tickets.csv (1.2 s)\nmodel is 40 days old: fitting a new one\nfeatures (0.5 s)\n');
  });

  it('is one line that is drawn over on a terminal, gone at the end', () => {
    const { progress, written, wait } = recorded(true);
    progress.stage('ingest');
    wait(100);
    progress.detail('a file with a name that is far too long for this terminal.csv');
    progress.detail('not drawn: too soon');
    progress.done();
    const parts = written().split('\r\u001b[2K');
    expect(parts).toEqual(['', 'ingest (0.0 s)', 'ingest: a file with a name that is far…', '']);
    expect(written()).not.toContain('\n');
  });

  it('keeps notes on lines of their own', () => {
    const { progress, written } = recorded(true);
    progress.stage('ingest');
    progress.note('12 rows rejected\u001b[31m');
    expect(written()).toContain('\r\u001b[2K12 rows rejected\n\r\u001b[2Kingest');
  });

  it('says nothing when quiet', () => {
    const { progress, written } = recorded(true, true);
    progress.stage('ingest');
    progress.note('x');
    progress.done();
    expect(written()).toBe('');
  });
});
