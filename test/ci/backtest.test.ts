import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BacktestReport } from '../../src/contract/backtest.ts';
import { ROOT } from '../helpers/source.ts';
import { parseXml } from '../helpers/xml.ts';

const folder = mkdtempSync(join(tmpdir(), 'retain-ci-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Every measure of use scored upside down: much use is bad health. */
const INVERTED = `
health:
  components:
    product_usage:
      measures:
        feature_adoption_rate: { method: threshold, worst: 0.6, best: 0 }
        engagement_rate: { worst: 0.7, best: 0 }
        usage_trend: { worst: 0.2, best: -0.7 }
`;

interface Job {
  readonly code: number | null;
  readonly log: string;
  readonly data: BacktestReport['data'];
  readonly junit: ReturnType<typeof parseXml>;
  readonly annotations: readonly string[];
  readonly summary: string;
}

/** Runs the workflow script as a runner does and reads what it would upload. */
function job(...config: string[]): Job {
  const { status, stdout, stderr } = spawnSync('test/ci/backtest.sh', [folder, ...config], {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' },
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  return {
    code: status,
    log: stdout + stderr,
    data: JSON.parse(read('backtest.json')).data,
    junit: parseXml(read('backtest.xml')),
    annotations: read('annotations.txt').trim().split('\n'),
    summary: read('summary.md'),
  };
}

describe('the backtest job on the sample company', () => {
  let good: Job;
  let bad: Job;
  beforeAll(() => {
    good = job();
    const config = join(folder, 'inverted.yaml');
    writeFileSync(config, readFileSync(join(ROOT, 'fixtures/sample/retain.yaml'), 'utf8') + INVERTED);
    bad = job(config);
  }, 900_000);

  it('passes: every gate holds', () => {
    expect(good.code, good.log).toBe(0);
    expect(good.data.gates.outcomes.map(({ status }) => status)).toEqual(Array(4).fill('passed'));
    expect(good.junit.attributes['failures']).toBe('0');
    expect(good.annotations.filter((line) => line.startsWith('::error'))).toEqual([]);
    expect(good.annotations.at(-1)).toBe('::notice title=retain%3A gates::4 of 4 gates hold');
    expect(good.summary).toContain('4 of 4 gates hold.');
  });

  it('fails with 1 where the measures of use are scored upside down', () => {
    expect(bad.code, bad.log).toBe(1);
    const fallen = bad.data.gates.outcomes.filter(({ status }) => status !== 'passed').map(({ gate }) => gate);
    expect(fallen).toContain('health.product_usage:auc>=0.55');
    expect(fallen).not.toContain('ece<=0.1');
    const errors = bad.annotations.filter((line) => line.startsWith('::error'));
    for (const gate of fallen) expect(errors.some((line) => line.includes(`::${gate}: `))).toBe(true);
    const cases = bad.junit.children.flatMap(({ children }) => children.filter(({ name }) => name === 'testcase'));
    const failed = cases.filter(({ children }) => children.some(({ name }) => name === 'failure'));
    expect(failed.map(({ attributes }) => attributes['name'])).toEqual(expect.arrayContaining(fallen));
    expect(bad.junit.attributes['failures']).toBe(String(failed.length));
    expect(bad.summary).toMatch(/health\.product.*usage:auc>=0\.55 \| failed/);
  });

  it('finds the health score below the baseline of the good call, paired on the same rows', () => {
    const lines = bad.data.gates.baseline ?? [];
    const health = lines.find(
      ({ prediction, metric, basis }) => `${prediction} ${basis} ${metric}` === 'health all roc_auc',
    );
    expect(health).toMatchObject({ method: 'paired', status: 'dropped' });
    expect(health?.change).toBeLessThan(0);
  });
});
