import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CellRow } from '../../src/contract/agent.ts';
import { type BacktestResult, HEADLINE_METRICS } from '../../src/contract/backtest.ts';
import type { RunReport } from '../../src/contract/report.ts';
import { loadBeside, loadConfig } from '../../src/data/config.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import type { BacktestRun } from '../../src/pipeline/backtest.ts';
import { COMPARE_LISTS, type Compared, compare } from '../../src/pipeline/compare.ts';
import { accuracyMoves, alertMoves, alertsByCsm, bandMoves } from '../../src/pipeline/compare-rows.ts';
import { backtestResult, figure, verdict } from '../helpers/backtest.ts';
import { TemporaryCompany } from '../helpers/night.ts';
import { ROOT } from '../helpers/source.ts';

const folder = mkdtempSync(join(tmpdir(), 'retain-compare-'));
afterAll(() => rmSync(folder, { recursive: true }));

const standing = (account_id: string, band: string | null, csm = 'Ann') => ({
  ...{ account_id, name: account_id, csm, arr_amount: 100, band, health_score: null },
});

describe('what differs, worked by hand', () => {
  const a = [
    {
      asOf: '2026-01-01' as const,
      shown: ['p', 'q'],
      held: [],
      pools: new Map([
        ['p', 'Ann'],
        ['q', 'Bob'],
      ]),
      standings: [standing('p', 'red'), standing('q', 'green'), standing('r', null)],
    },
    { asOf: '2026-02-01' as const, shown: ['p'], held: [], standings: [standing('p', 'red')] },
  ];
  const b = [
    {
      asOf: '2026-01-01' as const,
      shown: ['q', 's'],
      held: [],
      pools: new Map([
        ['q', 'Bob'],
        ['s', 'Ann'],
      ]),
      standings: [standing('p', 'yellow'), standing('q', 'green'), standing('r', 'green'), standing('s', 'red')],
    },
  ];
  it('bands: changed, scored by one alone, active under one alone; unchanged ones and other dates are left out', () => {
    expect(bandMoves(a, b).map(({ account_id, band_a, band_b }) => [account_id, band_a, band_b])).toEqual([
      ['p', 'red', 'yellow'],
      ['r', null, 'green'],
      ['s', null, 'red'],
    ]);
    expect(bandMoves(a, a)).toEqual([]);
  });
  it('alerts, by person', () => {
    expect(alertMoves(a, b).map(({ csm, account_id, change }) => [csm, account_id, change])).toEqual([
      ['Ann', 'p', 'removed'],
      ['Ann', 's', 'added'],
    ]);
    expect(alertsByCsm(a, b)).toEqual([
      { csm: 'Ann', kept_count: 0, added_count: 1, removed_count: 1 },
      { csm: 'Bob', kept_count: 1, added_count: 0, removed_count: 0 },
    ]);
  });
  it('figures, paired where the rows are the same, none where outcomes are too few', () => {
    const draws = (values: number[]) => ({ rows: 'x', values });
    const one = backtestResult({ figures: [figure({ value: 0.7, draws: draws([0.6, 0.7, 0.8]) })] });
    const two = backtestResult({ figures: [figure({ value: 0.75, draws: draws([0.65, 0.75, 0.85]) })] });
    const [row] = accuracyMoves(one, two);
    expect(row).toMatchObject({ prediction: 'churn', metric: 'roc_auc', method: 'paired' });
    for (const key of ['change', 'low', 'high']) expect(row?.[key]).toBeCloseTo(0.05, 12);
    const few = { ...two, verdicts: [verdict({ verdict: 'too_few_outcomes' })] };
    expect(accuracyMoves(one, few)).toEqual([]);
  });
  it('every figure of what is served, those beyond their interval first; the list is told where churn is', () => {
    const told = (value: number, low: number, over: object) => figure({ value, standard_error: low, ...over });
    const list = { prediction: 'at_risk', metric: 'precision' };
    const one = backtestResult({
      figures: [told(0.7, 0.1, {}), told(2, 0.1, { metric: 'lift' }), told(0.2, 0.01, list)],
    });
    const two = backtestResult({
      figures: [told(0.7, 0.1, {}), told(2.5, 0.1, { metric: 'lift' }), told(0.3, 0.01, list)],
    });
    expect(accuracyMoves(one, two).map(({ metric }) => metric)).toEqual(['lift', 'precision', 'roc_auc']);
    const few = { ...two, verdicts: [verdict({ verdict: 'too_few_outcomes' })] };
    expect(accuracyMoves(one, few)).toEqual([]);
    // A rung and a slice are not what is served over the whole book.
    const others = backtestResult({ figures: [figure({ candidate: 'logistic' }), figure({ slice: 'term:long' })] });
    expect(accuracyMoves(others, others)).toEqual([]);
  });
});

async function rowsOf(report: RunReport, name: string): Promise<CellRow[]> {
  const rows: CellRow[] = [];
  for await (const chunk of report.lists.find((list) => list.name === name)?.rows ?? []) rows.push(...chunk);
  return rows;
}

describe('a part of a configuration, as proposals are', () => {
  it('is laid over the first, and differs by what it says alone', () => {
    const [base, part] = [join(folder, 'whole.yaml'), join(folder, 'proposals-part.yaml')];
    writeFileSync(
      base,
      `version: 1
data: exports
churn: { definition: cancel_request, horizon_days: 60 }
capacity: { rows_per_csm: 7 }
health: { components: { relationship: { weight: 10 } } }
tables:
  account: { file: accounts.csv, columns: { account_id: id } }
`,
    );
    writeFileSync(part, 'version: 1\nhealth: { components: { support_health: { weight: 0 } } }\n');
    const { config, isPart } = loadBeside(part, base);
    const alone = loadConfig(base);
    expect(isPart).toBe(true);
    expect(config.health.components['support_health']?.weight).toBe(0);
    expect(config.health.components['relationship']?.weight).toBe(10);
    expect({ ...config, health: alone.health }).toEqual(alone);
    expect(loadBeside(base, part)).toEqual({ config: alone, isPart: false });
    writeFileSync(part, 'version: 1\nhealth: { componets: {} }\n');
    expect(() => loadBeside(part, base)).toThrow(/proposals-part\.yaml.*componets/);
  });

  it('can be replayed with the command that a proposal names', async () => {
    const tiny = new TemporaryCompany();
    try {
      const part = join(tiny.folder, 'proposals.yaml');
      writeFileSync(part, 'version: 1\ncapacity: { rows_per_csm: 3 }\n');
      const first = join(tiny.folder, 'retain.yaml');
      const { report } = await compare({ ...tiny.options('json'), first, second: part });
      expect(report.header.notes[0]).toContain(`B is ${part}, which maps no table and is laid over A`);
      expect(report.summary).toContain('no account has a band under either');
    } finally {
      tiny.remove();
    }
  }, 300_000);
});

describe('two configurations of the sample company', () => {
  let compared: Compared;
  beforeAll(async () => {
    const sample = readFileSync(join(ROOT, 'fixtures/sample/retain.yaml'), 'utf8');
    const [first, second] = [join(folder, 'a.yaml'), join(folder, 'b.yaml')];
    writeFileSync(first, sample);
    writeFileSync(
      second,
      `${sample}\nhealth: { components: { product_usage: { weight: 0 } } }\ncapacity: { rows_per_csm: 4 }\n`,
    );
    const silent = { stage: () => undefined, detail: () => undefined, done: () => undefined, note: () => undefined };
    compared = await compare({
      ...{
        first,
        second,
        to: '2025-04-30' as const,
        origins: 2,
        data: join(ROOT, 'fixtures/sample'),
        store: join(folder, 'store'),
      },
      ...{ format: 'json', quiet: true, debug: false, color: false, width: 80, wait: 1, today: '2026-07-10' },
      progress: silent,
    });
  }, 900_000);

  it('have the lists that --list is checked against', () => {
    expect(compared.report.lists.map(({ name }) => name)).toEqual(COMPARE_LISTS);
  });

  it('say in their header how much of ARR each feed joins', () => {
    expect(
      compared.report.header.notes.some((note) => /usage [\d,]+ \(joins \d.* of rows, \d.* of ARR\)/.test(note)),
    ).toBe(true);
  });

  it('compare the list as shown, draw by draw over the same book', async () => {
    const rows = await rowsOf(compared.report, 'accuracy');
    const precision = rows.find((row) => row['prediction'] === 'at_risk' && row['metric'] === 'precision');
    if (precision !== undefined) expect(precision['method']).toBe('paired');
    // The drawn figures of a file are the headline ones alone.
    const { figures } = compared.a.result;
    expect(figures.some(({ metric, draws }) => metric === 'lift' && draws !== undefined)).toBe(true);
    const stored = compared.a.report.data?.['backtest'] as unknown as BacktestResult;
    const drawn = new Set(stored.figures.filter(({ draws }) => draws !== undefined).map(({ metric }) => metric));
    expect([...drawn].sort()).toEqual([...HEADLINE_METRICS].sort());
  });

  it('are told apart in exactly the accounts and alerts that a query over both replays finds', async () => {
    const { report, a, b } = compared;
    expect(a.result.origins).toEqual(b.result.origins);
    expect(a.result.origins).toHaveLength(2);
    const engine = await openDuckDB({});
    try {
      const write = (name: string, rows: readonly object[]) => {
        const file = join(folder, name);
        writeFileSync(file, rows.map((row) => JSON.stringify(row)).join('\n'));
        return `read_ndjson('${file}', columns = {day: 'varchar', id: 'varchar', band: 'varchar', shown: 'boolean'})`;
      };
      const book = ({ dates }: BacktestRun) =>
        dates.flatMap(({ asOf, shown, standings = [] }) => [
          ...standings.map(({ account_id, band }) => ({ day: asOf, id: account_id, band, shown: false })),
          ...shown.map((id) => ({ day: asOf, id, band: null, shown: true })),
        ]);
      const [one, two] = [write('a.ndjson', book(a)), write('b.ndjson', book(b))];
      const bands = await engine.rows(
        `select day, id, x.band as a, y.band as b from (from ${one} where not shown) as x
         full join (from ${two} where not shown) as y using (day, id)
         where x.band is distinct from y.band order by day, id`,
      );
      const told = await rowsOf(report, 'bands');
      expect(bands.length).toBeGreaterThan(10);
      expect(told.map((row) => [row['observation_date'], row['account_id'], row['band_a'], row['band_b']])).toEqual(
        bands.map((row) => [row['day'], row['id'], row['a'], row['b']]),
      );
      const alerts = await engine.rows(
        `select day, id, 'removed' as change from (select day, id from ${one} where shown except select day, id from ${two} where shown)
         union all
         select day, id, 'added' from (select day, id from ${two} where shown except select day, id from ${one} where shown)
         order by day, id, change`,
      );
      const moved = await rowsOf(report, 'alerts');
      expect(alerts.length).toBeGreaterThan(0);
      expect(moved.map((row) => `${row['observation_date']} ${row['account_id']} ${row['change']}`).sort()).toEqual(
        alerts.map((row) => `${row['day']} ${row['id']} ${row['change']}`).sort(),
      );
      const sums = await rowsOf(report, 'band_moves');
      expect(sums.reduce((sum, row) => sum + Number(row['account_count']), 0)).toBe(bands.length);
    } finally {
      engine.close();
    }
  });
});
