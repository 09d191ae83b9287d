import { beforeAll, describe, expect, it } from 'vitest';
import { AGENTS } from '../../src/agents/index.ts';
import type { Agent, Prediction } from '../../src/contract/agent.ts';
import { type BacktestFigure, type BacktestResult, HEADLINE_METRICS } from '../../src/contract/backtest.ts';
import type { Config } from '../../src/contract/config.ts';
import type { RunReport } from '../../src/contract/report.ts';
import { defaultConfig } from '../../src/data/config.ts';
import { admitFeatures, customFeatures } from '../../src/data/custom-features.ts';
import { addDays } from '../../src/lib/dates.ts';
import { UserError } from '../../src/lib/errors.ts';
import { plainBand } from '../../src/models/bands.ts';
import { BACKTEST_LISTS } from '../../src/pipeline/backtest/report.ts';
import { adjusted, type BacktestOptions, backtest, replayPast } from '../../src/pipeline/backtest.ts';
import type { Workspace } from '../../src/pipeline/workspace.ts';
import { renderJson } from '../../src/reports/json.ts';
import { companyOf } from '../data/views-rows.ts';

const silent = { stage: () => undefined, detail: () => undefined, done: () => undefined, note: () => undefined };
const OPTIONS: BacktestOptions = {
  format: 'json',
  quiet: true,
  debug: false,
  color: false,
  width: Number.POSITIVE_INFINITY,
  wait: 0,
  today: '2025-12-31',
  progress: silent,
};
const KEY = 'account.exit_score';
const AS_OF = '2025-01-31';

/**
 * Ninety monthly accounts; every third stops using the product two months before it leaves, one after the other from June
 * on, and every third buys something more, one a week from May on. With `planted` an undated column of the account file is filled for all who ever leave.
 */
/** The day on which account 1, 4, 7, … buys. */
const boughtOn = (i: number) => addDays('2024-05-05', (7 * (i - 1)) / 3);

async function company(planted: boolean, change: Partial<Config['model']> = {}, over: Partial<Config> = {}) {
  const accounts = Array.from({ length: 90 }, (_, i) => i);
  const leaves = (i: number) => i % 3 === 0;
  const endOf = (i: number) => `2024-${String(6 + (i % 7)).padStart(2, '0')}-${String(3 + (i % 25)).padStart(2, '0')}`;
  const days = Array.from({ length: 56 }, (_, week) =>
    new Date(Date.UTC(2024, 0, 3 + 7 * week)).toISOString().slice(0, 10),
  );
  const uses = (i: number, day: string) => !leaves(i) || Date.parse(day) < Date.parse(endOf(i)) - 60 * 86_400_000;
  const { engine, config } = await companyOf(
    {
      account: accounts.map((i) => ({
        account_id: `a${i}`,
        created_date: '2024-01-01',
        csm: i % 2 === 0 ? 'Ann' : 'Bo',
      })),
      contract: [
        ...accounts.map((i) => ({
          contract_id: `c${i}`,
          account_id: `a${i}`,
          start_date: '2024-01-01',
          mrr_amount: 10 + (i % 7),
          ended_date: leaves(i) ? endOf(i) : null,
        })),
        ...accounts
          .filter((i) => i % 3 === 1)
          .map((i) => ({
            contract_id: `d${i}`,
            account_id: `a${i}`,
            start_date: boughtOn(i),
            mrr_amount: 5,
            product: 'More',
            ended_date: null,
          })),
      ],
      usage: accounts.flatMap((i) =>
        days
          .filter((day) => uses(i, day))
          .map((day) => ({
            account_id: `a${i}`,
            occurred_at: `${day} 10:00:00`,
            user_id: `u${i}`,
            event_count: 3 + (i % 4),
          })),
      ),
    },
    (base) => ({
      ...over,
      ...(planted ? { custom: { [KEY]: { table: 'account', from: 'exit_score', kind: 'attribute' } } } : {}),
      model: {
        ...base.model,
        min_outcomes: 10,
        min_months: 2,
        features: planted ? [KEY] : [],
        ...change,
      },
    }),
  );
  if (planted) {
    await engine.execute('alter table account add column custom_exit_score varchar');
    await engine.execute(
      "update account set custom_exit_score = 'x' where account_id in (select account_id from contract where ended_date is not null)",
    );
    await admitFeatures(engine, customFeatures(config));
  }
  return { engine, config };
}

async function run(
  planted: boolean,
  more: Partial<BacktestOptions> = {},
  change: Partial<Config['model']> = {},
  over: Partial<Config> = {},
) {
  const { engine, config } = await company(planted, change, over);
  try {
    const workspace = {
      engine,
      config,
      asOf: AS_OF,
      asOfReason: 'test',
      stopped: [],
      ledgerFile: '/nowhere/ledger.duckdb',
      version: '0',
      configHash: 'hash',
    };
    return await replayPast(workspace as unknown as Workspace, { ...OPTIONS, ...more });
  } finally {
    engine.close();
  }
}

async function text(report: RunReport): Promise<string> {
  let out = '';
  for await (const part of renderJson(report, { format: 'json', width: Number.POSITIVE_INFINITY, color: false }))
    out += part;
  return out;
}

function find(result: BacktestResult, wanted: Partial<BacktestFigure>): BacktestFigure | undefined {
  const marks = Object.entries({ basis: 'all', rows: 'all', slice: 'all', metric: 'roc_auc', ...wanted });
  return result.figures.find((figure) => marks.every(([key, value]) => figure[key as keyof BacktestFigure] === value));
}

type Run = Awaited<ReturnType<typeof run>>;
let plain: Run;
let planted: Run;

beforeAll(async () => {
  plain = await run(false);
  planted = await run(true);
}, 360_000);

describe('a column that only the future fills', () => {
  it('is flagged, and the figures are those of the same company without it', async () => {
    const leaks = planted.report.lists.find(({ name }) => name === 'leaks');
    const rows = [];
    for await (const page of leaks?.rows ?? []) rows.push(...page);
    expect(rows.filter(({ name }) => name === KEY).map(({ treatment }) => treatment)).toContain(
      'left out of the model',
    );
    expect(find(planted.result, { prediction: 'churn', candidate: 'logistic' })?.value).toBeLessThan(0.99);
    expect(planted.result.figures).toEqual(plain.result.figures);
    expect(planted.result.verdicts).toEqual(plain.result.verdicts);
  });

  it('would have been seen in the figures, had it been let in', async () => {
    const letIn = await run(true, {}, { allow_leak: [KEY] });
    const auc = (given: Run) => find(given.result, { prediction: 'churn', candidate: 'best_single_rule' })?.value ?? 0;
    expect(auc(letIn)).toBeGreaterThan(auc(plain) + 0.02);
  }, 240_000);
});

describe('what is tested', () => {
  it('is every date whose outcomes are closed, with every declared claim, rung and component', () => {
    const { result } = plain;
    // 90 days of horizon and 30 of grace before 31 January 2025, and a closed outcome before the first.
    expect(result.origins.at(-1)).toBe('2024-10-01');
    expect(result.origins.length).toBeGreaterThanOrEqual(2);
    expect(result).toMatchObject({ from: result.origins[0], to: '2024-10-01', horizon_days: 90, capacity: 20 });
    const of = (prediction: string) => [
      ...new Set(result.figures.filter((figure) => figure.prediction === prediction).map(({ candidate }) => candidate)),
    ];
    expect(of('churn')).toEqual(expect.arrayContaining(['served', 'base_rate', 'days_since_last_use', 'logistic']));
    expect(of('health')).toEqual(expect.arrayContaining(['served', 'product_usage']));
    expect(of('at_risk')).toEqual(['served']);
    expect(result.verdicts.map(({ prediction, basis }) => `${prediction} ${basis}`)).toEqual([
      'health all',
      'health leave',
      'health renewal',
      'churn all',
      'churn leave',
      'churn renewal',
      'renewal renewal',
      'expansion all',
    ]);
    expect(of('expansion')).toEqual(expect.arrayContaining(['served', 'base_rate', 'account_size', 'logistic']));
    expect(result.rules?.['expansion']).toMatch(/^90 days after the date the account pays 10 % more/);
  });

  it('sees use that stops before the end, which base rates cannot', () => {
    const { result } = plain;
    const silentDays = find(result, { prediction: 'churn', candidate: 'days_since_last_use', basis: 'leave' });
    expect(silentDays?.value).toBeGreaterThan(0.7);
    const base = find(result, { prediction: 'churn', candidate: 'base_rate', basis: 'leave' });
    expect(base?.value).toBe(0.5);
    expect(find(result, { prediction: 'churn', candidate: 'base_rate', metric: 'lift', basis: 'leave' })?.value).toBe(
      1,
    );
    expect(find(result, { prediction: 'churn', candidate: 'base_rate', metric: 'brier_skill' })?.value).toBeCloseTo(
      0,
      12,
    );
  });

  it('counts rows and outcomes by hand', () => {
    const { result } = plain;
    const first = result.origins[0] ?? '';
    // Leavers still there at an origin and gone within 90 days of it, by their dates alone.
    const ends = Array.from({ length: 30 }, (_, k) => 3 * k).map(
      (i) => `2024-${String(6 + (i % 7)).padStart(2, '0')}-${String(3 + (i % 25)).padStart(2, '0')}`,
    );
    const last = new Date(Date.parse(first) + 90 * 86_400_000).toISOString().slice(0, 10);
    const slice = find(result, { prediction: 'churn', candidate: 'base_rate', slice: `origin:${first}` });
    expect(slice?.outcome_count).toBe(ends.filter((end) => end > first && end <= last).length);
    expect(slice?.row_count).toBe(60 + ends.filter((end) => end > first).length);
    // Who leaves within the horizon has not grown: everybody who is there at the origin is asked.
    const grown = find(result, { prediction: 'expansion', candidate: 'base_rate', slice: `origin:${first}` });
    const bought = Array.from({ length: 30 }, (_, k) => boughtOn(3 * k + 1));
    expect(grown?.outcome_count).toBe(bought.filter((day) => day > first && day <= last).length);
    expect(grown?.row_count).toBe(slice?.row_count);
  });
});

describe('the lists are lived through', () => {
  it('remembers the reading before: with a hysteresis of 100 points no account ever leaves its first band', async () => {
    const { health, facts } = defaultConfig('/nowhere');
    // A red fact caps the band whatever it was before: here no fact speaks.
    const silent = Object.fromEntries(Object.keys(facts).map((kind) => [kind, { enabled: false, red: false }]));
    const over = { health: { ...health, hysteresis: 100 }, facts: silent };
    const { dates } = await run(false, { keepStandings: true }, {}, over);
    const bands = new Map<string, Set<string>>();
    let held = 0;
    for (const { account_id, band, health_score } of dates.flatMap(({ standings }) => standings ?? [])) {
      if (band === null || health_score === null) continue;
      bands.set(account_id, (bands.get(account_id) ?? new Set()).add(band));
      if (plainBand(health_score, health.bands) !== band) held++;
    }
    expect([...bands].filter(([, { size }]) => size > 1)).toEqual([]);
    expect(held).toBeGreaterThan(5);
  }, 120_000);
});

describe('each origin sees only what was known then', () => {
  it('gives earlier origins the same figures when the later ones are not there', async () => {
    const last = plain.result.origins.at(-2);
    const short = await run(false, { to: last ?? '' });
    expect(short.result.origins).toEqual(plain.result.origins.slice(0, -1));
    const churn = short.result.figures.filter(({ prediction }) => prediction === 'churn');
    const kept = new Set(churn.map(({ candidate }) => candidate));
    const slices = ({ result }: Run) =>
      result.figures.filter(
        ({ prediction, candidate, slice }) =>
          prediction === 'churn' && kept.has(candidate) && slice.startsWith('origin:') && slice <= `origin:${last}`,
      );
    expect(slices(short).length).toBeGreaterThanOrEqual(10);
    expect(slices(short)).toEqual(slices(plain));
  }, 240_000);
});

/** An agent nobody knows of: how long an account has been silent, and that all of its ARR stays. */
const NINTH: Agent = {
  id: 'ninth',
  title: 'Silence',
  question: 'Who is silent?',
  reads: ['account_features'],
  writes: ['silence', 'silence_arr'],
  predicts: [
    {
      ...{ name: 'silence', title: 'days of silence', table: 'silence', column: 'silent_days', direction: 'risk' },
      ...{ outcome: 'churn', kind: 'ranking' },
    } as Prediction,
  ],
  forecasts: [
    {
      ...{ name: 'kept_arr', title: 'ARR that stays', table: 'silence_arr', amount: 'arr', expected: 'arr' },
      ...({ low: 'low', high: 'high', level: 0.8, outcome: 'churn', comes: 'without' } as const),
    },
  ],
  defaults: {},
  async run(context) {
    await context.write('silence', 'select account_id, days_since_last_use as silent_days from account_features');
    await context.write(
      'silence_arr',
      `select account_id, arr_amount as arr, null as low, null as high from account_features
       union all select null, sum(arr_amount), 0, sum(arr_amount) from account_features`,
    );
    return { headline: '', tables: [] };
  },
};

describe('an agent that joins', () => {
  it('is scored by what it declares, with no edit here, and changes no figure of another', async () => {
    const joined = await run(false, { agents: [...AGENTS, NINTH] });
    const own = ['silence', 'kept_arr'];
    const others = ({ result }: Run) => result.figures.filter(({ prediction }) => !own.includes(prediction));
    expect(others(joined)).toEqual(plain.result.figures);
    const auc = (prediction: string, candidate: string) =>
      find(joined.result, { prediction, candidate, basis: 'leave' })?.value;
    // The rung of the same feature ranks as it does, but where few had closed its slope may have been of the other sign.
    expect(auc('silence', 'served')).toBeGreaterThan(0.7);
    expect(joined.result.verdicts.filter(({ prediction }) => prediction === 'silence')).toMatchObject([
      { basis: 'all', verdict: 'signal', sentence: expect.stringContaining('days of silence ranks') },
      { basis: 'leave', verdict: 'signal' },
      { basis: 'renewal', verdict: 'too_few_outcomes' },
    ]);
    const amount = (metric: string) => find(joined.result, { prediction: 'kept_arr', metric });
    // Whoever leaves within the horizon takes its ARR along; of the whole book nothing was thought to.
    const rows = joined.result.figures.find(
      ({ prediction, candidate, basis, slice, metric }) =>
        `${prediction} ${candidate} ${basis} ${slice} ${metric}` === 'churn base_rate all all roc_auc',
    );
    expect(amount('arr_bias')).toMatchObject({ row_count: rows?.row_count, outcome_count: rows?.outcome_count });
    expect(amount('arr_bias')?.value).toBeGreaterThan(0.02);
    expect(amount('arr_bias')?.value).toBeLessThan(0.3);
    expect(amount('interval_coverage')).toMatchObject({ value: 1, row_count: joined.result.origins.length });
    expect(amount('interval_width')?.value).toBeCloseTo(1, 12);
    const list = joined.report.lists.find(({ name }) => name === 'forecasts');
    expect(list?.headline).toContain('ARR that stays: made at');
  }, 60_000);
});

describe('the report', () => {
  it('has the lists that --list is checked against', () => {
    expect(plain.report.lists.map(({ name }) => name)).toEqual(BACKTEST_LISTS);
  });

  it('is the same bytes again, carries the whole result, and times go nowhere into it', async () => {
    const again = await run(false);
    expect(await text(again.report)).toBe(await text(plain.report));
    const parsed = JSON.parse(await text(plain.report)) as { data: { backtest: BacktestResult } };
    // Draws beyond those of the headline metrics serve a comparison in memory and are not stored.
    const figures = plain.result.figures.map(({ draws, ...figure }) =>
      draws !== undefined && HEADLINE_METRICS.some((name) => name === figure.metric) ? { ...figure, draws } : figure,
    );
    expect(parsed.data.backtest).toEqual(JSON.parse(JSON.stringify({ ...plain.result, figures })));
    expect(parsed.data.backtest.figures.some(({ draws }) => draws !== undefined)).toBe(true);
    expect(parsed.data.backtest.schema_version).toBe(2);
  }, 240_000);

  it('claims nothing where outcomes are too few', async () => {
    const few = await run(false, {}, { min_outcomes: 40 });
    expect(few.result.verdicts.map(({ verdict }) => verdict)).toEqual(
      few.result.verdicts.map(() => 'too_few_outcomes'),
    );
    expect(few.report.summary).toMatch(
      /^Too few outcomes for a verdict: \d+ accounts .* 40 needed\. No accuracy is claimed\.$/,
    );
  }, 240_000);

  it('says so where no date can be tested, and is no error', async () => {
    const none = await run(false, { from: '2024-12-01' });
    expect(none.result).toMatchObject({ origins: [], figures: [] });
    expect(none.report.summary).toContain('no date has closed outcomes before it');
    expect(none.report.header.notes.join('\n')).toContain('not tested: 2024-12-01, 2025-01-01');
  });

  it('refuses a lead that no outcome lies as far ahead of, horizon or decision', () => {
    const config = defaultConfig('/nowhere');
    expect(config.renewal.lead_days).toBe(180);
    expect(() => adjusted(config, { ...OPTIONS, lead: 180 })).not.toThrow();
    expect(() => adjusted(config, { ...OPTIONS, lead: 181 })).toThrow('--lead 181 is further ahead than any outcome');
    expect(() => adjusted(config, { ...OPTIONS, lead: 181, horizon: 200 })).not.toThrow();
  });

  it('refuses days that stand the wrong way round', async () => {
    await expect(backtest({ ...OPTIONS, from: '2024-09-01', to: '2024-08-01' })).rejects.toBeInstanceOf(UserError);
  });
});
