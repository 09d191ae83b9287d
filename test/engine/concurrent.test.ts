import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import type { Engine, Row } from '../../src/engine/engine.ts';

const ROWS = 50_000;
const ALL = 'select i, name from many order by i';

describe('statements started before the one before them was read', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openDuckDB({ threads: 1 });
    await engine.execute(
      `create table many as select i, 'a longer name, kept out of line ' || i as name from range(${ROWS}) as t(i)`,
    );
  });
  afterAll(() => engine.close());

  it('each get all of their rows, whichever way they are read', async () => {
    const [rows, columns, few, described, stood] = await Promise.all([
      engine.rows(ALL),
      engine.columns(ALL),
      engine.rows('select i from many where i < 3 order by i'),
      engine.describe('select name from many'),
      engine.materialise('copy', 'select * from many').then(() => engine.rows('select count(*) as n from copy')),
    ]);
    expect(rows).toHaveLength(ROWS);
    expect([columns.rowCount, columns.number('i')[ROWS - 1]]).toEqual([ROWS, ROWS - 1]);
    expect(few).toEqual([{ i: 0 }, { i: 1 }, { i: 2 }]);
    expect(described).toEqual([{ name: 'name', type: 'VARCHAR' }]);
    expect(stood).toEqual([{ n: ROWS }]);
  });

  it('do not cut a stream short, whose reader waits for them', async () => {
    const read: Row[] = [];
    for await (const chunk of engine.stream(ALL)) {
      read.push(...chunk);
      expect(await engine.rows("select repeat('x', 100000) as x from range(3)")).toHaveLength(3);
      await engine.execute('create or replace table beside (name varchar)');
      await engine.append('beside', { name: chunk.map(({ name }) => String(name)) });
    }
    expect(read).toHaveLength(ROWS);
    expect(read.every(({ i, name }, place) => i === place && name === `a longer name, kept out of line ${place}`)).toBe(
      true,
    );
  });

  it('and two streams side by side are both whole', async () => {
    const one = engine.stream(ALL)[Symbol.asyncIterator]();
    const two = engine.stream(ALL)[Symbol.asyncIterator]();
    let [first, second] = [0, 0];
    for (;;) {
      const [a, b] = await Promise.all([one.next(), two.next()]);
      first += a.done === true ? 0 : a.value.length;
      second += b.done === true ? 0 : b.value.length;
      if (a.done === true && b.done === true) break;
    }
    expect([first, second]).toEqual([ROWS, ROWS]);
  });

  it('are answered after a stream that was left, and after one that nobody goes on reading', async () => {
    for await (const _chunk of engine.stream(ALL)) break;
    await engine.stream(ALL)[Symbol.asyncIterator]().next();
    expect(await engine.rows('select count(*) as n from many')).toEqual([{ n: ROWS }]);
  });

  it('fail alone: the others are answered', async () => {
    const [wrong, right] = await Promise.allSettled([engine.rows('select nothing from many'), engine.rows(ALL)]);
    expect(wrong.status).toBe('rejected');
    expect(right.status === 'fulfilled' ? right.value.length : 0).toBe(ROWS);
  });
});

describe('a query that fails after a million rows', () => {
  it('is an error, not a result without the rest', async () => {
    const engine = await openDuckDB({ threads: 1 });
    try {
      const sql = "select case when i < 1000000 then i else error('row 1000000') end as i from range(1000001) as t(i)";
      await expect(engine.rows(sql)).rejects.toThrow('row 1000000');
      await expect(engine.columns(sql)).rejects.toThrow('row 1000000');
      await expect(engine.stream(sql)[Symbol.asyncIterator]().next()).rejects.toThrow('row 1000000');
    } finally {
      engine.close();
    }
  });
});

describe('a second way into the same data', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openDuckDB({ threads: 1 });
  });
  afterAll(() => engine.close());

  it('shares tables, and keeps its variables and temporary macros to itself', async () => {
    await engine.execute('create table shared as select 1 as one');
    await engine.execute("set variable day = 'here'");
    const there = await engine.beside(async (second) => {
      await second.execute("set variable day = 'there'; create temp macro own() as table select 2 as two");
      await second.execute('create table made as from own()');
      return second.rows("select getvariable('day') as day, one from shared");
    });
    expect(there).toEqual([{ day: 'there', one: 1 }]);
    expect(await engine.rows("select getvariable('day') as day, two from made")).toEqual([{ day: 'here', two: 2 }]);
    await expect(engine.rows('from own()')).rejects.toThrow(/own/);
  });

  it('answers while the first is at work', async () => {
    let isDone = false;
    const long = engine.rows('select count(*) as n from range(400000000) as t(i) where hash(i) % 7 = 1').finally(() => {
      isDone = true;
    });
    const [row] = await engine.beside((second) => second.rows('select one from shared'));
    expect([row?.['one'], isDone]).toEqual([1, false]);
    await long;
  });

  it('is broken off by its signal, and ends only when its statements have', async () => {
    const stop = new AbortController();
    const long = engine.beside(async (second) => {
      const running = second.execute(
        'create table never as select count(*) as n from range(4000000000) as t(i) where hash(i) % 7 = 1',
      );
      stop.abort();
      await running;
    }, stop.signal);
    await expect(long).rejects.toThrow(/interrupt/i);
    const left = engine.beside(async (second) => {
      second.execute('create table late as select count(*) as n from range(30000000) as t(i)').catch(() => undefined);
      throw new Error('something else failed');
    });
    await expect(left).rejects.toThrow('something else failed');
    expect(await engine.rows('select n from late')).toEqual([{ n: 30_000_000 }]);
    await expect(engine.beside(async () => 1, stop.signal)).rejects.toThrow();
  });
});
