import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { DateCache, programHash } from '../../src/data/date-cache.ts';
import { VIEWS } from '../../src/data/views.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { emptyState, LEDGER_VIEW_NAMES } from '../../src/ledger/index.ts';
import { listRelations } from '../../src/pipeline/backtest/shown.ts';
import { buildPanel } from '../../src/pipeline/panel.ts';
import { openWorkspace, type Workspace } from '../../src/pipeline/workspace.ts';

const TINY = fileURLToPath(new URL('../../fixtures/tiny', import.meta.url));
const DATES = ['2024-09-01', '2024-10-01'];
const KEPT = '2024-10-01';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A copy of fixtures/tiny that may be changed, and an empty store. */
function company(): { data: string; store: string } {
  const folder = mkdtempSync(join(tmpdir(), 'retain-dates-'));
  folders.push(folder);
  cpSync(TINY, join(folder, 'data'), { recursive: true });
  return { data: join(folder, 'data'), store: join(folder, 'store') };
}

function entries(store: string): string[] {
  return readdirSync(join(store, 'cache', 'dates')).sort();
}

interface Built {
  /** Every row of every table of the panel and of the relations kept of one date. */
  readonly rows: string;
  /** Dates that were computed. */
  readonly computed: number;
  readonly notes: readonly string[];
}

async function build(
  { data, store }: { data: string; store: string },
  {
    dates = DATES,
    use = (workspace: Workspace) => workspace.dates,
    together,
  }: { dates?: string[]; use?: (workspace: Workspace) => DateCache | undefined; together?: number } = {},
): Promise<Built> {
  const notes: string[] = [];
  const progress = {
    stage: () => undefined,
    detail: () => undefined,
    done: () => undefined,
    note: (text: string) => void notes.push(text),
  };
  const workspace = await openWorkspace({
    ...{ format: 'json', quiet: true, debug: false, color: false, width: 80, wait: 0, today: '2025-02-01' },
    ...{ data, store, progress },
  });
  const { engine, config } = workspace;
  try {
    await emptyState(engine);
    let computed = 0;
    const counting = (one: Engine): Engine => {
      const execute = one.execute.bind(one);
      one.execute = async (sql, bindings) => {
        await execute(sql, bindings);
        if (sql.includes('create or replace table dated."account_state"')) computed += 1;
        if (!sql.includes('create or replace table dates."account_state"')) return;
        const [standing] = await one.rows('select count(*) as date_count from dates.standing');
        computed += Number(standing?.['date_count']);
      };
      return one;
    };
    // A date is computed through two ways into the engine; either may come upon the relation first.
    const beside = counting(engine).beside.bind(engine);
    engine.beside = (work, signal) => beside((second) => work(counting(second)), signal);
    await buildPanel(engine, config, dates, workspace.asOf, undefined, {
      scorecard: true,
      keep: { dates: new Set([KEPT]), relations: listRelations() },
      cache: use(workspace),
      together,
    });
    const tables = ['main.panel', 'main.panel_fact', 'main.panel_health'].concat(
      listRelations().map((name) => `kept.${name}`),
    );
    const out: string[] = [];
    for (const table of tables) {
      const columns = await engine.describe(`select * from ${table}`);
      out.push(
        table,
        JSON.stringify(columns),
        JSON.stringify(await engine.rows(`select * from ${table} order by all`)),
      );
    }
    return { rows: out.join('\n'), computed, notes };
  } finally {
    workspace.close();
  }
}

describe('what a date came to, from the cache', () => {
  it('is the same rows, columns and types as computed, and nothing is computed again', async () => {
    const place = company();
    const without = await build(place, { use: () => undefined });
    const cold = await build(place);
    const warm = await build(place);
    expect(without.computed).toBe(2);
    expect(cold.computed).toBe(2);
    const oneByOne = await build(place, { use: () => undefined, together: 0 });
    expect(oneByOne.computed).toBe(2);
    expect(oneByOne.rows).toBe(without.rows);
    expect(warm.computed).toBe(0);
    expect(without.rows.length).toBeGreaterThan(10_000);
    expect(cold.rows).toBe(without.rows);
    expect(warm.rows).toBe(without.rows);
    expect(warm.notes).toEqual([]);
    // Of three dates the two known ones are read, one is computed.
    const more = await build(place, { dates: [...DATES, '2024-12-01'] });
    expect(more.computed).toBe(1);
  }, 240_000);

  it.each([
    ['a past row of an export', (data: string) => edit(data, 'usage.csv', /,\d+$/m, ',777')],
    ['a setting that views read', (data: string) => append(data, 'renewal:\n  lead_days: 77\n')],
    ['a kind of fact', (data: string) => append(data, 'facts:\n  no_use: { enabled: true, red: false }\n')],
  ])(
    'is computed again after a change of %s',
    async (_, change) => {
      const place = company();
      await build(place);
      const before = entries(place.store).length;
      change(place.data);
      const changed = await build(place);
      expect(changed.computed).toBe(2);
      expect(entries(place.store)).toHaveLength(2 * before);
      const fresh = await build({ ...place, store: `${place.store}-fresh` });
      expect(changed.rows).toBe(fresh.rows);
    },
    60_000,
  );

  it('is not computed again after a change of what only judges results', async () => {
    const place = company();
    await build(place);
    append(place.data, 'capacity: { rows_per_csm: 3, new_per_week: 1 }\ngates: [auc>=0.1]\n');
    expect((await build(place)).computed).toBe(0);
  }, 240_000);

  it('is told and computed again where a file is damaged, or its notes are cut off', async () => {
    const place = company();
    const whole = await build(place);
    const folder = (at: number) =>
      join(place.store, 'cache', 'dates', entries(place.store).filter((name) => name.startsWith('panel-'))[at] ?? '');
    const file = join(folder(0), 'panel.parquet');
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 255;
    writeFileSync(file, bytes);
    const notes = join(folder(1), 'entry.json');
    writeFileSync(notes, readFileSync(notes).subarray(0, 30));
    const again = await build(place);
    expect(again.computed).toBe(2);
    expect(again.rows).toBe(whole.rows);
    expect(again.notes).toHaveLength(2);
    expect(again.notes.join()).toContain('panel is damaged');
    expect((await build(place)).computed).toBe(0);
  }, 240_000);

  it('holds for two runs that write at once', async () => {
    const place = company();
    await build(place, { dates: ['2024-08-01', KEPT] });
    const both = await Promise.all([build(place), build(place)]);
    expect(both[0]?.rows).toBe(both[1]?.rows);
    const warm = await build(place);
    expect(warm).toEqual({ rows: both[0]?.rows, computed: 0, notes: [] });
    expect(entries(place.store).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  }, 240_000);
});

function edit(data: string, file: string, pattern: RegExp, by: string): void {
  const path = join(data, file);
  const before = readFileSync(path, 'utf8');
  const after = before.replace(pattern, by);
  if (after === before) throw new Error(`${file} was not changed`);
  writeFileSync(path, after);
}

function append(data: string, text: string): void {
  const path = join(data, 'retain.yaml');
  writeFileSync(path, `${readFileSync(path, 'utf8')}\n${text}`);
}

describe('the folder of the cache', () => {
  const ground = async (engine: Awaited<ReturnType<typeof openDuckDB>>) => ({
    engine,
    config: (await import('../../src/data/config.ts')).defaultConfig('/nowhere'),
    inputs: [],
  });
  async function opened(options: { keepBytes?: number; program?: string; directory?: string; plan?: string } = {}) {
    const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'retain-dates-'));
    folders.push(directory);
    const engine = await openDuckDB({ threads: 1 });
    const { createEmptyTables } = await import('../../src/data/tables.ts');
    const { createSettings } = await import('../../src/data/settings.ts');
    await createEmptyTables(engine);
    const config = (await ground(engine)).config;
    await createSettings(engine, config);
    await (await import('../../src/data/versions.ts')).createVersionViews(engine);
    if (options.plan !== undefined)
      await engine.execute(`insert into account (account_id, plan) values ('a', '${options.plan}')`);
    const notes: string[] = [];
    const cache = new DateCache({ note: (text) => notes.push(text), ...options, directory });
    await cache.open(await ground(engine));
    return { cache, engine, directory, notes };
  }
  const age = (directory: string, name: string, days: number) => {
    const then = new Date(Date.now() - days * 86_400_000);
    for (const path of [join(directory, name, 'used'), join(directory, name)]) utimesSync(path, then, then);
  };

  it('keeps what Parquet cannot hold as it is, in its own type', async () => {
    const { cache, engine } = await opened();
    const select =
      "select 170141183460469231731687303715884105727::hugeint as h, interval 3 days as i, 'x' as t, 1.5::decimal(38,4) as d, date '2024-02-29' as day";
    await cache.put(engine, 'panel', '2024-01-01', [], { odd: select });
    const known = await cache.find('panel', '2024-01-01');
    const back = known?.select('odd') ?? '';
    expect(await engine.describe(back)).toEqual(await engine.describe(select));
    const [row] = await engine.rows(`select * from (${back}) intersect all select * from (${select})`);
    expect(row).toBeDefined();
    engine.close();
  });

  it('lets another program, date, kind or horizon find nothing', async () => {
    const { cache, engine, directory } = await opened({ program: 'one' });
    await cache.put(engine, 'panel', '2024-01-01', ['x'], { a: 'select 1 as a' });
    expect(await cache.find('panel', '2024-01-01', ['x'])).toBeDefined();
    for (const [kind, day, more] of [
      ['lists', '2024-01-01', ['x']],
      ['panel', '2024-01-02', ['x']],
      ['panel', '2024-01-01', ['y']],
    ] as const)
      expect(await cache.find(kind, day, more)).toBeUndefined();
    const other = await opened({ program: 'two', directory });
    expect(await other.cache.find('panel', '2024-01-01', ['x'])).toBeUndefined();
    const same = await opened({ program: 'one', directory });
    expect(await same.cache.find('panel', '2024-01-01', ['x'])).toBeDefined();
    // Attributes come from the ledger's copies as well as from the export.
    const renamed = await opened({ program: 'one', directory, plan: 'gold' });
    expect(await renamed.cache.find('panel', '2024-01-01', ['x'])).toBeUndefined();
    for (const { engine: one } of [{ engine }, other, same, renamed]) one.close();
  });

  it('deletes what was not used for a week, and beyond its room what was used longest ago', async () => {
    const { cache, engine, directory } = await opened();
    const days = ['2024-01-01', '2024-02-01', '2024-03-01', '2024-04-01'];
    for (const day of days) await cache.put(engine, 'panel', day, [], { a: 'select range as a from range(5000)' });
    mkdirSync(join(directory, 'part-dead.tmp'));
    const names = readdirSync(directory)
      .filter((name) => name.startsWith('panel'))
      .sort();
    age(directory, names[0] ?? '', 8);
    age(directory, names[1] ?? '', 6);
    age(directory, names[2] ?? '', 0.5);
    const then = new Date(Date.now() - 8 * 86_400_000);
    utimesSync(join(directory, 'part-dead.tmp'), then, then);
    // A run that used none of them.
    const later = await opened({ directory });
    later.cache.prune();
    expect(readdirSync(directory).sort()).toEqual(names.slice(1));
    const narrow = await opened({ directory, keepBytes: 1 });
    narrow.cache.prune();
    expect(readdirSync(directory)).toEqual([names[3]]);
    for (const { engine: one } of [{ engine }, later, narrow]) one.close();
  });

  it('says what could not be written, and goes on', async () => {
    const { cache, engine, directory, notes } = await opened();
    rmSync(directory, { recursive: true });
    writeFileSync(directory, 'in the way');
    await cache.put(engine, 'panel', '2024-01-01', [], { a: 'select 1 as a' });
    expect(notes.join()).toContain('could not be kept');
    engine.close();
  });
});

describe('the views that dates are made of', () => {
  it('read nothing of the ledger but the copies of attributes, which the key holds', () => {
    const reads = VIEWS.flatMap(({ name, sql }) => {
      const code = sql.replaceAll(/--[^\n]*/g, '');
      const found = LEDGER_VIEW_NAMES.filter((view) => new RegExp(`\\b${view}\\s*\\(`).test(code));
      return [...found, ...(/\b(from|join)\s+state\./i.test(code) ? ['state'] : [])].map(
        (read) => `${name} reads ${read}`,
      );
    });
    expect(reads).toEqual([]);
    expect(VIEWS.length).toBeGreaterThan(50);
  });
});

describe('the hash of the program', () => {
  it('changes with the text of a view', () => {
    const root = mkdtempSync(join(tmpdir(), 'retain-program-'));
    folders.push(root);
    cpSync(fileURLToPath(new URL('../../src/data/views', import.meta.url)), join(root, 'data', 'views'), {
      recursive: true,
    });
    const before = programHash(root);
    expect(programHash(root)).toBe(before);
    edit(join(root, 'data', 'views'), 'usage_window.sql', /28/, '27');
    expect(programHash(root)).not.toBe(before);
  });
});
