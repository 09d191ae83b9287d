import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FeatureColumn } from '../../../src/contract/model.ts';
import { fitTable } from '../../../src/models/ebm/fit.ts';
import { createRandom, fitEbm } from '../../../src/models/index.ts';
import { openPool } from '../../../src/pipeline/pool.ts';
import { samplePanel } from '../../contract/model-contract.ts';
import { ROOT } from '../../helpers/source.ts';

const WORKER = join(ROOT, 'dist/pipeline/pool-worker.js');

beforeAll(() => {
  const sources = readdirSync(join(ROOT, 'src/models/ebm')).map((name) => join(ROOT, 'src/models/ebm', name));
  const newest = Math.max(...sources.map((path) => statSync(path).mtimeMs));
  if (existsSync(WORKER) && statSync(WORKER).mtimeMs >= newest) return;
  spawnSync(process.execPath, [join(ROOT, 'build.js')], { stdio: 'ignore' });
});

/** A column of three levels. */
function plan(rows: number, random: () => number): FeatureColumn {
  const values = Float64Array.from({ length: rows }, () => Math.floor(3 * random()));
  return { name: 'plan', kind: 'nominal', values, categories: ['basic', 'pro', 'team'] };
}

describe('openPool', () => {
  const one = openPool(1);
  const two = openPool(2);
  afterAll(() => Promise.all([one.close(), two.close()]));

  it('changes no byte of a model, with one worker, with two, or without', async () => {
    const params = { bags: 3, pairs: 2, pair_outcomes: 0, pair_proof: 0, max_bins: 64 };
    const weight = Float64Array.from({ length: 600 }, (_, i) => 1 + (i % 3));
    for (const table of [samplePanel(4), { ...samplePanel(5), weight }]) {
      const here = JSON.stringify(await fitEbm(table, params, { seed: 3 }));
      expect(JSON.parse(here).terms).toHaveLength(7);
      expect(JSON.stringify(await fitEbm(table, params, { seed: 3, pool: one }))).toBe(here);
      expect(JSON.stringify(await fitEbm(table, params, { seed: 3, pool: two }))).toBe(here);
      expect(JSON.stringify(await fitEbm(table, params, { seed: 4, pool: two }))).not.toBe(here);
    }
  });

  it('changes no byte where a large table is binned in the threads', async () => {
    const random = createRandom(6);
    const rows = 70_000;
    const columns: FeatureColumn[] = Array.from({ length: 8 }, (_, j) => ({
      name: `x${j}`,
      kind: 'continuous',
      values: Float64Array.from({ length: rows }, () => (random() < 0.05 ? Number.NaN : random() ** 2 * 100 - 0.5)),
    }));
    columns.push(plan(rows, random));
    const table = {
      columns,
      label: Uint8Array.from({ length: rows }, (_, i) =>
        Number(random() < ((columns[0]?.values[i] ?? 0) > 30 ? 0.3 : 0.1)),
      ),
      weight: new Float64Array(rows).fill(1),
      account: Int32Array.from({ length: rows }, (_, i) => i >> 1),
      observation_date: new Int32Array(rows),
    };
    const params = { bags: 2, pairs: 0, max_rounds: 3 };
    const jobs: string[] = [];
    const watched = {
      size: 2,
      map<I, O>(job: string, inputs: readonly I[]): Promise<O[]> {
        jobs.push(job);
        return two.map<I, O>(job, inputs);
      },
    };
    const here = JSON.stringify(await fitTable(table, params, { seed: 3 }));
    expect(JSON.stringify(await fitTable(table, params, { seed: 3, pool: watched }))).toBe(here);
    expect(jobs).toEqual([...Array.from({ length: 9 }, () => 'ebm.bins'), 'ebm.mains']);
  });

  it('passes on what a job throws, and goes on', async () => {
    await expect(one.map('no-such-job', [1])).rejects.toThrow('no job is called no-such-job');
    await expect(two.map('ebm.mains', [{}, {}, {}])).rejects.toThrow();
    expect(await fitEbm(samplePanel(4), { bags: 2 }, { pool: two })).toMatchObject({ kind: 'ebm' });
  });

  it('refuses work after it was closed', async () => {
    const pool = openPool(1);
    await pool.close();
    await expect(pool.map('ebm.mains', [{}])).rejects.toThrow('the pool is closed');
  });

  it.each([
    ['a flag of the JavaScript engine', ['--max-old-space-size=2000'], 'begin'],
    ['a program given as text', ['--input-type=module'], 'wait'],
  ])('starts its threads under %s', (_, flags, when) => {
    const program = `
      import('${join(ROOT, 'dist/pipeline/pool.js')}').then(async ({ openPool }) => {
        const pool = openPool(2);
        if (${JSON.stringify(when)} === 'begin') pool.begin();
        const told = await pool.map('no-such-job', [1]).catch(({ message }) => message);
        await pool.close();
        console.log(told);
      });`;
    const run = spawnSync(process.execPath, [...flags, '-e', program], { encoding: 'utf8' });
    expect(run.stderr).toBe('');
    expect(run.stdout.trim()).toBe('no job is called no-such-job');
  });
});
