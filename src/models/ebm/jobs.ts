import type { Pool } from '../../contract/model.ts';
import { boostMains, type MainsInput, type MainsResult } from './mains.ts';
import { boostPairs, type PairsInput, type PairsResult } from './pairs.ts';

/** Work that a pool may do elsewhere, by name. Inputs and results are plain data and typed arrays. */
export const EBM_JOBS = { 'ebm.mains': boostMains, 'ebm.pairs': boostPairs } as const;

/** Runs the jobs of single features, one a bag, in the pool or here. */
export async function runMains(inputs: readonly MainsInput[], pool: Pool | undefined): Promise<MainsResult[]> {
  return pool === undefined ? inputs.map(boostMains) : pool.map<MainsInput, MainsResult>('ebm.mains', inputs);
}

/** Runs the jobs of pairs, one a bag, in the pool or here. */
export async function runPairs(inputs: readonly PairsInput[], pool: Pool | undefined): Promise<PairsResult[]> {
  return pool === undefined ? inputs.map(boostPairs) : pool.map<PairsInput, PairsResult>('ebm.pairs', inputs);
}
