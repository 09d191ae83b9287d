import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CellRow } from '../../src/contract/agent.ts';
import type { CommonOptions } from '../../src/contract/options.ts';
import type { RunReport } from '../../src/contract/report.ts';
import { check } from '../../src/pipeline/check.ts';
import { init } from '../../src/pipeline/init.ts';
import { runNightly } from '../../src/pipeline/run.ts';
import { writeSample } from '../../src/pipeline/sample.ts';

const silent = { stage: () => undefined, detail: () => undefined, done: () => undefined, note: () => undefined };

let directory: string;
let options: CommonOptions;
let checked: RunReport;
let report: RunReport;

/** The sample company with nothing but usage, tickets and subscriptions, each under the ids of its own system. */
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'retain-three-'));
  options = {
    config: join(directory, 'retain.yaml'),
    format: 'table',
    quiet: true,
    debug: false,
    color: false,
    width: 100,
    wait: 0,
    today: '2026-07-01',
    progress: silent,
  };
  await writeSample({
    ...options,
    directory,
    accounts: 60,
    months: 24,
    end: '2026-06-30',
    usagePerAccount: 80,
    form: { threeExports: true, dailyUsage: false, gzip: false },
    writeConfig: true,
    force: false,
    seed: 7,
  });
  await init({ ...options, directory, config: join(directory, 'retain.yaml'), force: false });
  checked = (await check(options)).report;
  report = (await runNightly({ ...options, dry: true })).report;
}, 600_000);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function rowsOf(from: RunReport, name: string): Promise<CellRow[]> {
  const list = from.lists.find((item) => item.name === name);
  const rows: CellRow[] = [];
  for await (const chunk of list?.rows ?? []) rows.push(...chunk);
  return rows;
}

const numberOf = (row: CellRow, key: string): number => Number(row[key] ?? Number.NaN);

describe('three exports under three id systems and no account file', () => {
  it('joins at least 95 % of all rows', async () => {
    const feeds = (await rowsOf(checked, 'feeds')).filter(({ table_name }) =>
      ['usage', 'ticket', 'contract'].includes(String(table_name)),
    );
    expect(feeds).toHaveLength(3);
    const all = feeds.reduce((sum, feed) => sum + numberOf(feed, 'row_count'), 0);
    const joined = feeds.reduce(
      (sum, feed) => sum + numberOf(feed, 'row_count') * numberOf(feed, 'joined_row_rate'),
      0,
    );
    expect(joined / all).toBeGreaterThanOrEqual(0.95);
  });

  it('says in the header what each feed joins and what is not connected', () => {
    const notes = report.header.notes.join('\n');
    expect(notes).toMatch(/ticket [\d,]+ \(joins [\d.]+ % of rows, [\d.]+ % of ARR\)/);
    expect(notes).toMatch(/usage [\d,]+ \(joins [\d.]+ % of rows, [\d.]+ % of ARR\)/);
    expect(notes).toContain('not connected: interaction, survey, goal');
  });

  it('gives every list with rows, each at-risk row with a reason and a dated next step', async () => {
    expect(report.outcomes.map(({ status }) => status)).toEqual(report.outcomes.map(() => 'ok'));
    for (const name of ['health_score', 'churn_risk', 'renewal_timeline']) {
      expect((await rowsOf(report, name)).length, name).toBeGreaterThan(0);
    }
    const atRisk = await rowsOf(report, 'at_risk');
    expect(atRisk.length).toBeGreaterThan(0);
    for (const row of atRisk) {
      expect(row.reasons).not.toEqual([]);
      expect(row.next_step_due).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    }
  });

  it('scores most accounts and makes none green for lack of tickets', async () => {
    const health = await rowsOf(report, 'health_score');
    expect(health.filter(({ band }) => band !== 'unscored').length).toBeGreaterThan(health.length / 2);
    const quiet = health.filter((row) => row.support_health === null && row.health_score !== null);
    expect(quiet.length).toBeGreaterThan(0);
    for (const row of quiet) {
      // Without a support reading the score is a mean of the other components alone.
      const others = ['product_usage', 'relationship', 'business_outcomes']
        .map((key) => numberOf(row, key))
        .filter((score) => !Number.isNaN(score));
      expect(numberOf(row, 'health_score')).toBeLessThanOrEqual(Math.max(...others) + 0.5);
    }
  });
});
