import type { TrainingTable } from '../../contract/model.ts';
import { forkRandom, shuffle } from '../../lib/random.ts';
import { accountPlaces } from '../account-places.ts';
import { sampleAccounts } from '../splits.ts';
import type { EbmParams } from './types.ts';

/** Rows a fit looks at, and their weights. */
export interface UsedRows {
  readonly rows: Uint32Array;
  readonly weight: Float64Array;
}

/** Rows with weight, at most `max_rows` of them. */
export function usedRows(table: TrainingTable, settings: EbmParams, seed: number): UsedRows {
  const sample = sampleAccounts(table, settings.max_rows, forkRandom(seed, 'rows'));
  const kept = sample.weight.every((w) => w > 0);
  if (kept) return sample;
  const places = Uint32Array.from(sample.rows.keys()).filter((k) => (sample.weight[k] as number) > 0);
  return {
    rows: places.map((k) => sample.rows[k] as number),
    weight: Float64Array.from(places, (k) => sample.weight[k] as number),
  };
}

/** Picks the used rows of an array; undefined where those are all rows. */
export function rowTaker(
  rows: Uint32Array,
  rowCount: number,
): (<T extends Float64Array | Uint8Array | Int32Array>(values: T) => T) | undefined {
  if (rows.length === rowCount) return undefined;
  return (values) => {
    const out = values.slice(0, rows.length);
    for (let k = 0; k < rows.length; k++) out[k] = values[rows[k] as number] as number;
    return out as typeof values;
  };
}

/** Least rows of a leaf. */
export function minLeafRows(settings: EbmParams, rows: number, accounts: number): number {
  return Math.max(1, (settings.min_leaf * rows) / accounts);
}

/** Weights at mean 1, so that λ and the least hessian mean the same whatever their unit. */
export function meanOne(weight: Float64Array): Float64Array {
  const mean = weight.reduce((sum, w) => sum + w, 0) / weight.length;
  return weight.map((w) => w / mean);
}

/**
 * Rows each bag holds out: whole accounts, the same share of those with and without the outcome. The bags take turns
 * through one shuffled order, so that every account is held out about equally often.
 */
export function heldOut(account: Int32Array, label: Uint8Array, settings: EbmParams, seed: number): Uint8Array[] {
  const { places, count } = accountPlaces(account);
  const hasOutcome = new Uint8Array(count);
  for (let i = 0; i < places.length; i++) if (label[i] === 1) hasOutcome[places[i] as number] = 1;
  const strata: [number[], number[]] = [[], []];
  const accounts = Array.from({ length: count }, (_, place) => place);
  for (const place of shuffle(accounts, forkRandom(seed, 'held-out')))
    strata[hasOutcome[place] === 1 ? 0 : 1].push(place);
  return Array.from({ length: settings.bags }, (_, bag) => {
    const isOut = new Uint8Array(count);
    for (const stratum of strata) {
      // One account a stratum at least, and never the last one.
      const wanted =
        settings.held_out_rate === 0 ? 0 : Math.max(1, Math.round(settings.held_out_rate * stratum.length));
      const held = Math.min(wanted, stratum.length - 1);
      for (let k = 0; k < held; k++) isOut[stratum[(bag * held + k) % stratum.length] as number] = 1;
    }
    const out = new Uint8Array(places.length);
    for (let i = 0; i < out.length; i++) out[i] = isOut[places[i] as number] as number;
    return out;
  });
}
