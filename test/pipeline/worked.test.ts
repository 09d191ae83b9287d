import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Agent, Prediction } from '../../src/contract/agent.ts';
import type { BacktestFigure, BacktestResult } from '../../src/contract/backtest.ts';
import { commitRows } from '../../src/ledger/index.ts';
import { addDays } from '../../src/lib/dates.ts';
import { judgeGate, parseGate } from '../../src/models/gates/index.ts';
import { type BacktestOptions, replayPast } from '../../src/pipeline/backtest.ts';
import type { Workspace } from '../../src/pipeline/workspace.ts';
import { companyOf } from '../data/views-rows.ts';

const silent = { stage: () => undefined, detail: () => undefined, done: () => undefined, note: () => undefined };
const OPTIONS: BacktestOptions = {
  ...{ format: 'json', quiet: true, debug: false, color: false, width: 80, wait: 0, today: '2025-12-31' },
  progress: silent,
};
/** Ranks by days of silence alone: nothing is fitted, so that both worlds are ranked by the same rule. */
const SILENCE: Agent = {
  id: 'silence',
  title: 'Silence',
  question: 'Who is silent?',
  reads: ['account_features'],
  writes: ['silence'],
  predicts: [
    {
      ...{ name: 'silence', title: 'days of silence', table: 'silence', column: 'silent_days', direction: 'risk' },
      ...{ outcome: 'churn', kind: 'ranking' },
    } as Prediction,
  ],
  defaults: {},
  async run(context) {
    await context.write('silence', 'select account_id, days_since_last_use as silent_days from account_features');
    return { headline: '', tables: [] };
  },
};
const AS_OF = '2024-12-31';
const ACCOUNTS = Array.from({ length: 88 }, (_, i) => i);
/** The day an account in trouble leaves, unless it is kept: from 3 October 2023 to 28 August 2024. */
const endOf = (i: number) => {
  const month = 9 + (i % 11);
  return `${2023 + Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, '0')}-${String(3 + (i % 25)).padStart(2, '0')}`;
};
/** How many days before an account would leave it is called, and how many days after the call it uses the product again. */
interface Outreach {
  readonly ahead: number;
  readonly rest: number;
}
const LATE: Outreach = { ahead: 2, rest: 0 };
/** Work that bears fruit later: at one or two origins the account was called, is going to stay, and looks as bad as ever. */
const EARLY: Outreach = { ahead: 40, rest: 60 };

/**
 * Three of four accounts get into trouble, one after the other: they stop using the product 75 days before they leave. Of these
 * two of three are called. Where outreach works, the called stay and use it again.
 */
async function backtested(works: boolean, calls: 'exports' | 'ledger', { ahead, rest }: Outreach) {
  const callOf = (i: number) => addDays(endOf(i), -ahead);
  const backOf = (i: number) => addDays(callOf(i), rest);
  const isTroubled = (i: number) => i % 4 !== 0;
  const isCalled = (i: number) => i % 4 === 1 || i % 4 === 2;
  const isKept = (i: number) => works && isCalled(i);
  const days = Array.from({ length: 33 }, (_, fortnight) => addDays('2023-06-07', 14 * fortnight));
  const uses = (i: number, day: string) =>
    !isTroubled(i) || day < addDays(endOf(i), -75) || (isKept(i) && day >= backOf(i));
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
          .concat(isKept(i) ? [backOf(i)] : [])
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
    const run = await replayPast(workspace as unknown as Workspace, { ...OPTIONS, agents: [SILENCE] });
    return run.result;
  } finally {
    engine.close();
  }
}

type Figures = Awaited<ReturnType<typeof backtested>>;
const root = mkdtempSync(join(tmpdir(), 'worked-'));
let useless: Figures;
let works: Figures;
let recorded: Figures;
let uselessEarly: Figures;
let worksEarly: Figures;

beforeAll(async () => {
  useless = await backtested(false, 'exports', LATE);
  works = await backtested(true, 'exports', LATE);
  recorded = await backtested(true, 'ledger', LATE);
  uselessEarly = await backtested(false, 'exports', EARLY);
  worksEarly = await backtested(true, 'exports', EARLY);
}, 400_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

function figure({ figures }: BacktestResult, rows: BacktestFigure['rows']): BacktestFigure {
  const found = figures.filter(
    (one) => one.basis === 'leave' && one.slice === 'all' && one.metric === 'roc_auc' && one.rows === rows,
  );
  expect(found).toHaveLength(1);
  return found[0] as BacktestFigure;
}

describe('a company where outreach works', () => {
  const auc = (result: Figures, rows: BacktestFigure['rows']) => figure(result, rows).value ?? Number.NaN;

  it('loses accuracy on all rows, where the saved stand as false alarms, and none on unworked ones', () => {
    expect(auc(works, 'all')).toBeLessThan(auc(useless, 'all') - 0.03);
    expect(Math.abs(auc(works, 'unworked') - auc(useless, 'unworked'))).toBeLessThan(0.02);
  });

  it('loses none on unworked ones either where accounts had been called before the date', () => {
    expect(auc(worksEarly, 'all')).toBeLessThan(auc(uselessEarly, 'all') - 0.03);
    expect(Math.abs(auc(worksEarly, 'unworked') - auc(uselessEarly, 'unworked'))).toBeLessThan(0.02);
  });

  it('is gated on unworked rows unless the gate names others', () => {
    const vocabulary = { predictions: ['silence'], candidates: ['served'], measures: [] };
    const judged = (gate: string) => judgeGate(parseGate(gate, vocabulary), works, { min_outcomes: 10 });
    expect(judged('silence.leave:auc>=0.6')).toMatchObject({
      outcome: { rows: 'unworked', status: 'passed', found: auc(works, 'unworked') },
      warnings: [],
    });
    expect(judged('silence.leave:auc@all>=0.6').outcome).toMatchObject({ rows: 'all', found: auc(works, 'all') });
  });

  it('counts what the ledger recorded as it counts contacts of the exports', () => {
    const counts = (result: Figures, rows: BacktestFigure['rows']) => {
      const { row_count, outcome_count } = figure(result, rows);
      return { row_count, outcome_count };
    };
    expect(counts(works, 'unworked').row_count).toBeLessThan(counts(works, 'all').row_count);
    expect(counts(recorded, 'all')).toEqual(counts(works, 'all'));
    expect(counts(recorded, 'unworked')).toEqual(counts(works, 'unworked'));
  });
});
