import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TABLES } from '../../src/data/contract.ts';
import { shadow, viewClosure } from '../../src/data/standing.ts';
import { orderViews, VIEW_NAMES, VIEWS } from '../../src/data/views.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { messageOf } from '../../src/lib/errors.ts';
import { companyOf } from './views-rows.ts';

const view = (name: string, body: string) => `create or replace macro ${name}(as_of) as table ${body}`;

describe('the order of views', () => {
  it('puts a view after those it calls, whatever their names and comments say', () => {
    const ordered = orderViews(
      new Map([
        ['a', view('a', 'select * from c(as_of) -- not b(as_of)')],
        ['b', view('b', "select 'a(as_of)' as text")],
        ['c', view('c', 'select * from b (as_of)')],
      ]),
    );
    expect(ordered.map(({ name }) => name)).toEqual(['b', 'c', 'a']);
    expect(ordered.map(({ dependencies }) => dependencies)).toEqual([[], ['b'], ['c']]);
  });

  it('refuses circles, other names and views without a date', () => {
    const circle = new Map([
      ['a', view('a', 'select * from b(as_of)')],
      ['b', view('b', 'select * from a(as_of)')],
    ]);
    expect(() => orderViews(circle)).toThrow('circle: a → b → a');
    expect(() => orderViews(new Map([['a', view('b', 'select 1')]]))).toThrow('must create the macro a');
    expect(() => orderViews(new Map([['a', 'create or replace macro a(day) as table select 1']]))).toThrow(
      'must be as_of',
    );
  });
});

describe('every view', () => {
  /** What EXPLAIN answered; each view is planned over tables of the views below it, as a run does. */
  const plans = new Map<string, string>();
  let engine: Engine | undefined;
  beforeAll(async () => {
    engine = (await companyOf({})).engine;
    await engine.execute('create schema dated');
    const standing = new Set(
      viewClosure(VIEWS.filter(({ parameters }) => parameters.length === 1).map(({ name }) => name)),
    );
    for (const { name, parameters } of VIEWS) {
      const select = `select * from ${name}(${parameters.map(() => "date '2024-06-30'").join(', ')})`;
      try {
        const plan = await engine.rows(`explain ${select}`);
        plans.set(name, JSON.stringify(plan));
        if (!standing.has(name)) continue;
        await engine.materialise(`dated.${name}`, select);
        await shadow(engine, name, '2024-06-30');
      } catch (error) {
        plans.set(name, `failed: ${messageOf(error)}`);
      }
    }
  });
  afterAll(() => engine?.close());

  it('has an as-of view below it for each table of the contract', () => {
    for (const table of TABLES) expect(VIEW_NAMES).toContain(`${table.name}_asof`);
  });

  it.each(VIEWS.map(({ name }) => name))('%s binds and plans, and says grain, key and as-of first', (name) => {
    expect(plans.get(name)).toContain('physical_plan');
    const found = VIEWS.find((item) => item.name === name);
    const heads = (found?.sql ?? '').split('\n').filter((line) => line.startsWith('-- '));
    for (const word of ['grain', 'key', 'as-of'])
      expect(heads.some((line) => line.startsWith(`-- ${word}: `))).toBe(true);
  });

  it('reads canonical tables only through their as-of views', () => {
    const tables = TABLES.map(({ name }) => name).join('|');
    const direct = new RegExp(`\\b(?:from|join)\\s+(${tables})\\b(?!\\s*\\()`, 'i');
    const offenders = VIEWS.filter(({ name }) => !TABLES.some((table) => name === `${table.name}_asof`))
      .filter(({ sql }) => {
        const own = [...sql.matchAll(/(\w+)\s+as\s+(?:materialized\s+)?\(/g)].map((match) => match[1]);
        const match = direct.exec(sql.replaceAll(/--[^\n]*/g, ''));
        return match !== null && !own.includes(match[1]);
      })
      .map(({ name }) => name);
    expect(offenders).toEqual([]);
  });
});
