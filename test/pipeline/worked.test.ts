import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BacktestFigure, BacktestResult } from '../../src/contract/backtest.ts';
import { commitRows } from '../../src/ledger/index.ts';
import { addDays } from '../../src/lib/dates.ts';
import { type BacktestOptions, replayPast } from '../../src/pipeline/backtest.ts';
import { judgeBacktest, prepareGates } from '../../src/pipeline/gate.ts';
import type { Workspace } from '../../src/pipeline/workspace.ts';
import { companyOf } from '../data/views-rows.ts';

const silent = { stage: () => undefined, detail: () => undefined, done: () => undefined, note: () => undefined };
const OPTIONS: BacktestOptions = {
  ...{ format: 'json', quiet: true, debug: false, color: false, width: 80, wait: 0, today: '2025-12-31' },
  progress: silent,
};
const AS_OF = '2024-12-31';
const ACCOUNTS = Array.from({ length: 120 }, (_, i) => i);
/** The day an account in trouble leaves, unless it is kept: from 3 October 2023 to 28 August 2024. */
const endOf = (i: number) => {
  const month = 9 + (i % 11);
  return `${2023 + Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, '0')}-${String(3 + (i % 25)).padStart(2, '0')}`;
};
const callOf = (i: number) => addDays(endOf(i), -20);

/**
 * Three of four accounts get into trouble, one after the other: they stop using the product 75 days before they leave. Of these
 * two of three are called 20 days before. Where outreach works, the called stay and use it again from that day on.
 */
async function backtested(works: boolean, calls: 'exports' | 'ledger', more: Partial<BacktestOptions> = {}) {
  const isTroubled = (i: number) => i % 4 !== 0;
  const isCalled = (i: number) => i % 4 === 1 || i % 4 === 2;
  const isKept = (i: number) => works && isCalled(i);
  const days = Array.from({ length: 80 }, (_, week) => addDays('2023-06-07', 7 * week));
  const uses = (i: number, day: string) =>
    !isTroubled(i) || day < addDays(endOf(i), -75) || (isKept(i) && day >= callOf(i));
  const called = ACCOUNTS.filter(isCalled);
  const { engine, config } = await companyOf(
    {
      account: ACCOUNTS.map((i) => ({ account_id: `a${i}`, created_date: '2023-06-01', csm: 'Ann' })),
      contract: ACCOUNTS.map((i) => ({
        contract_id: `c${i}`,
        account_id: `a${i}`,
        start_date: '2023-06-01',
        mrr_amount: 10 + (i % 7),
        ended_date: isTroubled(i) && !isKept(i) ? endOf(i) : null,
      })),
      usage: ACCOUNTS.flatMap((i) =>
        days
          .filter((day) => uses(i, day))
          .map((day) => ({
            account_id: `a${i}`,
            occurred_at: `${day} 10:00:00`,
            user_id: `u${i}`,
            event_count: 3 + (i % 4),
          })),
      ),
      interaction:
        calls !== 'exports'
          ? []
          : called.map((i) => ({
              interaction_id: `i${i}`,
              account_id: `a${i}`,
              occurred_at: `${callOf(i)} 09:00:00`,
              channel: 'call',
            })),
    },
    (base) => ({ model: { ...base.model, min_outcomes: 10, min_months: 2 } }),
  );
  const store = mkdtempSync(join(root, 'store-'));
  const ledgerFile = join(store, 'ledger.duckdb');
  if (calls === 'ledger') {
    const [record, carried] = [called.filter((i) => i % 4 === 1), called.filter((i) => i % 4 === 2)];
    await commitRows(engine, ledgerFile, {
      decision: {
        rows: [
          ...record.map((i) => ({ decision_id: `d${i}`, decided_on: callOf(i), account_id: `a${i}`, kind: 'done' })),
          // To put an account off is not to work it.
          ...ACCOUNTS.map((i) => ({
            decision_id: `s${i}`,
            decided_on: callOf(i),
            account_id: `a${i}`,
            kind: 'snooze',
          })),
        ],
      },
      intervention: {
        rows: carried.map((i) => ({
          intervention_id: `v${i}`,
          account_id: `a${i}`,
          started_on: callOf(i),
          ended_on: callOf(i),
        })),
      },
    });
  }
  try {
    const workspace = {
      engine,
      config,
      asOf: AS_OF,
      asOfReason: 'test',
      stopped: [],
      ledgerFile,
      version: '0',
      configHash: 'h',
    };
    const run = await replayPast(workspace as unknown as Workspace, { ...OPTIONS, ...more });
    return { ...run, config };
  } finally {
    engine.close();
  }
}

function figure({ figures }: BacktestResult, wanted: Partial<BacktestFigure>): BacktestFigure {
  const marks = Object.entries({ prediction: 'churn', basis: 'leave', slice: 'all', metric: 'roc_auc', ...wanted });
  const found = figures.filter((one) => marks.every(([key, value]) => one[key as keyof BacktestFigure] === value));
  expect(found).toHaveLength(1);
  return found[0] as BacktestFigure;
}

type Run = Awaited<ReturnType<typeof backtested>>;
const root = mkdtempSync(join(tmpdir(), 'worked-'));
let useless: Run;
let works: Run;
let contacted: Run;
let recorded: Run;
/** The first origins only. */
const SHORT = { to: '2024-03-01' } as const;

beforeAll(async () => {
  useless = await backtested(false, 'exports');
  works = await backtested(true, 'exports');
  contacted = await backtested(true, 'exports', SHORT);
  recorded = await backtested(true, 'ledger', SHORT);
}, 240_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('a company where outreach works', () => {
  const auc = (run: Run, rows: 'all' | 'unworked') =>
    figure(run.result, { candidate: 'days_since_last_use', rows }).value ?? Number.NaN;

  it('loses accuracy on all rows, where the saved stand as false alarms, and none on unworked ones', () => {
    expect(auc(works, 'all')).toBeLessThan(auc(useless, 'all') - 0.02);
    expect(Math.abs(auc(works, 'unworked') - auc(useless, 'unworked'))).toBeLessThan(0.02);
  });

  it('is gated on unworked rows unless the gate names others', () => {
    const request = {
      gate: ['churn.leave.days_since_last_use:auc>=0.5', 'churn.leave.days_since_last_use:auc@all>=0.5'],
    };
    const prepared = prepareGates(works.config, request as unknown as Parameters<typeof prepareGates>[1]);
    const { report } = judgeBacktest(works.report, works.result, prepared, works.config);
    const { outcomes } = report.data.gates;
    expect(outcomes.map(({ rows, found }) => [rows, found])).toEqual([
      ['unworked', auc(works, 'unworked')],
      ['all', auc(works, 'all')],
    ]);
  });

  it('counts what the ledger recorded as it counts contacts of the exports', () => {
    const rows = (run: Run, which: 'all' | 'unworked') => {
      const { row_count, outcome_count } = figure(run.result, { candidate: 'base_rate', rows: which });
      return { row_count, outcome_count };
    };
    expect(rows(contacted, 'unworked').row_count).toBeLessThan(rows(contacted, 'all').row_count);
    expect(rows(recorded, 'all')).toEqual(rows(contacted, 'all'));
    expect(rows(recorded, 'unworked')).toEqual(rows(contacted, 'unworked'));
  });
});
