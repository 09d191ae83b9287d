import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import type { Engine } from '../../src/engine/engine.ts';

describe('columns appended to a table', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openDuckDB({ threads: 1 });
  });
  afterAll(() => engine.close());

  it('come back as they were, over several chunks, whatever is missing', async () => {
    await engine.execute(
      'create table kept (place integer, amount double, count bigint, name varchar, day date, is_open boolean)',
    );
    const rows = 5000;
    const place = Int32Array.from({ length: rows }, (_, i) => i);
    const amount = Float64Array.from(place, (i) => (i % 7 === 0 ? Number.NaN : i / 3));
    const count = Array.from(place, (i) => (i % 5 === 0 ? null : i * 1_000_000_007));
    const name = Array.from(place, (i) =>
      i % 11 === 0 ? null : i % 3 === 0 ? '' : `Ærø “${i}” 日本 ${'x'.repeat(i % 40)}`,
    );
    const day = Array.from(place, (i) => (i % 13 === 0 ? null : i % 2 === 0 ? '1969-12-31' : '2024-02-29'));
    const isOpen = Array.from(place, (i) => (i % 17 === 0 ? null : i % 2 === 0));
    await engine.append('kept', { is_open: isOpen, day, name, count, amount, place });

    const back = await engine.columns('select * from kept order by place');
    expect(back.rowCount).toBe(rows);
    expect([...back.number('place')]).toEqual([...place]);
    expect([...back.number('amount')]).toEqual([...amount]);
    expect([...back.number('count')]).toEqual(count.map((value) => value ?? Number.NaN));
    expect(back.text('name')).toEqual(name);
    expect(back.text('day')).toEqual(day);
    expect([...back.number('is_open')]).toEqual(isOpen.map((value) => (value === null ? Number.NaN : Number(value))));
    // A double read as text: null where it is missing.
    expect(back.text('amount').slice(0, 2)).toEqual([null, String(1 / 3)]);
  });

  it('may be none', async () => {
    await engine.execute('create table empty (name varchar)');
    await engine.append('empty', { name: [] });
    expect((await engine.columns('select * from empty')).rowCount).toBe(0);
  });
});
