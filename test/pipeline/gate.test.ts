import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { BacktestResult } from '../../src/contract/backtest.ts';
import type { RunReport } from '../../src/contract/report.ts';
import { parseConfig } from '../../src/data/config.ts';
import { type GateRequest, judgeBacktest, prepareGates } from '../../src/pipeline/gate.ts';
import { RENDERERS } from '../../src/reports/index.ts';
import { backtestResult, figure, verdict } from '../helpers/backtest.ts';

const folder = mkdtempSync(join(tmpdir(), 'retain-gate-'));
afterAll(() => rmSync(folder, { recursive: true }));

const BARE: RunReport = {
  header: {
    ...{ title: 'retain backtest', run_id: null, version: '0.1.0', as_of: '2026-06-30', as_of_reason: 'asked for' },
    ...{ seed: 1, config_hash: 'abc', currency: null, notes: [] },
  },
  lists: [],
  outcomes: [],
  warnings: [],
  next: [],
  summary: 'done.',
};

function judge(request: GateRequest, result: BacktestResult = backtestResult(), yaml = '') {
  const config = parseConfig(`churn: { definition: cancel_request }\n${yaml}`, join(folder, 'retain.yaml'));
  return judgeBacktest(BARE, result, prepareGates(config, request), config);
}

async function rendered(report: RunReport, format: 'table' | 'json' | 'markdown' | 'csv'): Promise<string> {
  let text = '';
  for await (const piece of RENDERERS[format](report, { format, width: 120, color: false })) text += piece;
  return text;
}

async function store(name: string, result: BacktestResult): Promise<string> {
  const file = join(folder, name);
  writeFileSync(file, await rendered(judge({}, result).report, 'json'));
  return file;
}

describe('gates of a backtest', () => {
  it('earn 0 when all hold, 1 when one falls or cannot be judged', () => {
    expect(judge({ gate: ['auc>=0.75', 'ece<=0.05'] })).toMatchObject({
      exitCode: 0,
      report: { summary: '2 of 2 gates hold. done.' },
    });
    expect(judge({ gate: ['auc>=0.75', 'auc>=0.9'] })).toMatchObject({
      exitCode: 1,
      report: { summary: '1 of 2 gates fell. done.' },
    });
    expect(judge({ gate: ['lift>=2'] }).exitCode).toBe(1);
    expect(judge({})).toMatchObject({ exitCode: 0, report: { lists: [], summary: 'done.' } });
  });

  it('come from gates:, whose place --gate takes', () => {
    const yaml = 'gates: [auc>=0.75, auc>=0.9]';
    expect(judge({}, undefined, yaml).report.data.gates.outcomes.map(({ status }) => status)).toEqual([
      'passed',
      'failed',
    ]);
    expect(judge({ gate: ['auc>=0.7'] }, undefined, yaml).exitCode).toBe(0);
    expect(judge({}, undefined, 'gates: auc>=0.9').exitCode).toBe(1);
  });

  it('are refused before any work, with the place they stand in', () => {
    expect(() => judge({ gate: ['aux>=0.75'] })).toThrow("--gate 'aux>=0.75', character 1: aux is not a metric");
    expect(() => judge({}, undefined, 'gates: [auc>=0.7, chrun:auc>=0.7]')).toThrow(
      "retain.yaml, gates, item 2 'chrun:auc>=0.7', character 1: chrun is not a prediction; did you mean churn?",
    );
    expect(() => judge({ baseline: join(folder, 'none.json') })).toThrow(/--baseline .*none\.json cannot be read/);
  });

  it('know forecasts of amounts, whatever their outcomes, by their distance from 0', () => {
    const of = (metric: string, value: number) =>
      figure({ prediction: 'renewal_arr', basis: 'renewal', metric, value, low: null, high: null, outcome_count: 3 });
    const figures = [of('arr_bias', -0.04), of('interval_coverage', 0.75)];
    const result = backtestResult({ figures, verdicts: [] });
    const gates = (bias: number) => [`renewal_arr:arr_bias<=${bias}`, 'renewal_arr:interval_coverage>=0.7'];
    expect(judge({ gate: gates(0.05) }, result)).toMatchObject({ exitCode: 0, report: { warnings: [] } });
    expect(judge({ gate: gates(0.03) }, result).exitCode).toBe(1);
    expect(() => judge({ gate: ['churn:arr_bias<=0.05'] })).toThrow('arr_bias is not a metric');
  });

  it('know rungs, components and the measures of the list as shown', () => {
    const listed = figure({ prediction: 'at_risk', metric: 'precision', value: 0.3 });
    const result = backtestResult({ figures: [listed], verdicts: [] });
    expect(judge({ gate: ['at_risk:precision>=0.25'] }, result).exitCode).toBe(0);
    for (const gate of ['churn.glass_box:auc>=.6', 'health.product_usage:auc>=.6', 'vs:health_score.auc>0']) {
      expect(() => judge({ gate: [gate] })).not.toThrow();
    }
  });

  it('warn once where they rest on all rows', () => {
    const result = backtestResult({
      figures: [figure(), figure({ rows: 'unworked', row_count: 9, outcome_count: 3 })],
    });
    const { report } = judge({ gate: ['auc>=0.7', 'auc>=0.7'] }, result);
    expect(report.warnings).toHaveLength(1);
    expect(judge({ gate: ['auc>=0.7'], gateRows: 'all' }, result).report.warnings).toEqual([]);
  });

  it('stand first in the table, in Markdown and in JSON, fallen ones with how much', async () => {
    const { report } = judge({ gate: ['auc>=0.85'] });
    expect(await rendered(report, 'table')).toMatch(/Gates[\s\S]*auc>=0\.85 +failed +0\.85 +0\.8/);
    expect(await rendered(report, 'markdown')).toMatch(/\| auc>=0\.85 \| failed \| 0\.85 \| 0\.8\S* \| -0\.05\S* \|/);
    const document = JSON.parse(await rendered(report, 'json'));
    expect(document.data.gates).toEqual({
      schema_version: 1,
      outcomes: report.data.gates.outcomes,
      baseline: null,
    });
    expect(document.data.backtest).toEqual(backtestResult());
  });
});

describe('a baseline', () => {
  it('is what JSON stores; the same again has not dropped', async () => {
    const { exitCode, report } = judge({ baseline: await store('same.json', backtestResult()) });
    expect(exitCode).toBe(0);
    expect(report.lists.map(({ name, rowCount }) => [name, rowCount])).toEqual([['baseline', 4]]);
    expect(report.summary).toBe(
      'Baseline: 0 of 4 figures fell significantly below the baseline (0 paired, one-sided 5 % over all of them). done.',
    );
  });

  it('earns 1 on a significant drop only', async () => {
    const stored = await store(
      'high.json',
      backtestResult({ figures: [figure({ value: 0.9 })], verdicts: [verdict()] }),
    );
    expect(judge({ baseline: stored }, backtestResult({ figures: [figure({ value: 0.86 })] })).exitCode).toBe(0);
    const fallen = judge({ baseline: stored }, backtestResult({ figures: [figure({ value: 0.7 })] }));
    expect(fallen.exitCode).toBe(1);
    expect(fallen.report.data.gates.baseline).toMatchObject([{ status: 'dropped', method: 'independent' }]);
  });

  it('that counts other outcomes is refused before any work', async () => {
    const other = await store('other.json', backtestResult({ horizon_days: 60 }));
    expect(() => judge({ baseline: other })).toThrow(/counts outcomes within 60 days, this configuration within 90/);
  });
});
