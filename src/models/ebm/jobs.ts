import type { FeatureColumn, Pool } from '../../contract/model.ts';
import { applyBins, binColumn, type CutsInput, learnSampleCuts, sampleValues } from './binning.ts';
import { boostMains, type MainsInput, type MainsResult } from './mains.ts';
import { boostPairs, type PairsInput, type PairsResult } from './pairs.ts';
import type { BinnedColumn, ContinuousBins } from './types.ts';

/** Work that a pool may do elsewhere, by name. Inputs and results are plain data and typed arrays. */
export const EBM_JOBS = { 'ebm.cuts': learnSampleCuts, 'ebm.mains': boostMains, 'ebm.pairs': boostPairs } as const;

/** Numbers in a table from which on it is worth while to send samples of its columns to other threads. */
const MANY_NUMBERS = 500_000;

/**
 * Bins every column. Most of that time goes into sorting samples: with a pool and many rows that is done there, column by
 * column, and a column is cut here as soon as its cuts are known.
 */
export async function binColumns(
  columns: readonly FeatureColumn[],
  maxBins: number,
  minLevelRows: number,
  pool: Pool | undefined,
): Promise<BinnedColumn[]> {
  const numbers = columns.length * (columns[0]?.values.length ?? 0);
  if (pool === undefined || numbers < MANY_NUMBERS) {
    return columns.map((column) => binColumn(column, maxBins, minLevelRows));
  }
  return Promise.all(
    columns.map(async (column) => {
      if (column.kind === 'nominal') return binColumn(column, maxBins, minLevelRows);
      const input = { name: column.name, sample: sampleValues(column.values, true), max_bins: maxBins };
      const [bins] = await pool.map<CutsInput, ContinuousBins>('ebm.cuts', [input]);
      if (bins === undefined) throw new Error(`the pool gave no cuts of ${column.name}`);
      return { bins, values: applyBins(bins, column) };
    }),
  );
}

/** Runs the jobs of single features, one a bag, in the pool or here. */
export async function runMains(inputs: readonly MainsInput[], pool: Pool | undefined): Promise<MainsResult[]> {
  return pool === undefined ? inputs.map(boostMains) : pool.map<MainsInput, MainsResult>('ebm.mains', inputs);
}

/** Runs the jobs of pairs, one a bag, in the pool or here. */
export async function runPairs(inputs: readonly PairsInput[], pool: Pool | undefined): Promise<PairsResult[]> {
  return pool === undefined ? inputs.map(boostPairs) : pool.map<PairsInput, PairsResult>('ebm.pairs', inputs);
}
