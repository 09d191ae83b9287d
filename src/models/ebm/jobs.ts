import type { FeatureColumn, Pool } from '../../contract/model.ts';
import { binColumn } from './binning.ts';
import { boostMains, type MainsInput, type MainsResult } from './mains.ts';
import { boostPairs, type PairsInput, type PairsResult } from './pairs.ts';
import { inShared } from './thread-memory.ts';
import type { BinnedColumn } from './types.ts';

/** Input of the job `ebm.bins`. */
export interface BinsInput {
  readonly column: FeatureColumn;
  readonly max_bins: number;
  readonly min_level_rows: number;
}

/** Learns the bins of one column, and cuts it. */
function binShared({ column, max_bins, min_level_rows }: BinsInput): BinnedColumn {
  const { bins, values } = binColumn(column, max_bins, min_level_rows);
  return { bins, values: inShared(values) };
}

/** Work that a pool may do elsewhere, by name. Inputs and results are plain data and typed arrays. */
export const EBM_JOBS = { 'ebm.bins': binShared, 'ebm.mains': boostMains, 'ebm.pairs': boostPairs } as const;

/** Numbers in a table from which on it is worth while to send its columns to other threads. */
const MANY_NUMBERS = 500_000;
/** Columns sent ahead of each thread: enough to keep it busy, few enough to copy no large table whole. */
const AHEAD = 4;

/** Bins every column: in the pool where there are many rows, else here. */
export async function binColumns(
  columns: readonly FeatureColumn[],
  maxBins: number,
  minLevelRows: number,
  pool: Pool | undefined,
): Promise<BinnedColumn[]> {
  const rows = columns[0]?.values.length ?? 0;
  if (pool === undefined || columns.length * rows < MANY_NUMBERS) {
    return columns.map((column) => binColumn(column, maxBins, minLevelRows));
  }
  const out: BinnedColumn[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < columns.length) {
      const place = next++;
      const column = columns[place] as FeatureColumn;
      const shared = { ...column, values: inShared(column.values) };
      const input = { column: shared, max_bins: maxBins, min_level_rows: minLevelRows };
      const [binned] = await pool.map<BinsInput, BinnedColumn>('ebm.bins', [input]);
      out[place] = binned as BinnedColumn;
    }
  };
  await Promise.all(Array.from({ length: AHEAD * pool.size }, lane));
  return out;
}

/** Runs the jobs of single features, one a bag, in the pool or here. */
export async function runMains(inputs: readonly MainsInput[], pool: Pool | undefined): Promise<MainsResult[]> {
  return pool === undefined ? inputs.map(boostMains) : pool.map<MainsInput, MainsResult>('ebm.mains', inputs);
}

/** Runs the jobs of pairs, one a bag, in the pool or here. */
export async function runPairs(inputs: readonly PairsInput[], pool: Pool | undefined): Promise<PairsResult[]> {
  return pool === undefined ? inputs.map(boostPairs) : pool.map<PairsInput, PairsResult>('ebm.pairs', inputs);
}
