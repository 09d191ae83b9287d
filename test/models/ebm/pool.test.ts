import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fitEbm } from '../../../src/models/index.ts';
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
});
