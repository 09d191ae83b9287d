import { createRandom, type Random } from '../../src/lib/random.ts';
import type { ChangeBook } from '../../src/models/change.ts';

/** A made-up book of accounts whose use wanders but does not change. */
export interface Simulation {
  readonly accounts: number;
  readonly seed: number;
  readonly windows?: number;
  /** Median of the accounts' mean count per window, spread over about two decades. */
  readonly level?: number;
  /** Standard deviation of the log level from window to window, itself differing between accounts. */
  readonly noise?: number;
  /** Autocorrelation of that wandering from window to window. */
  readonly memory?: number;
  /** Smallest gamma shape of the counts: the smaller, the more they come in clusters (variance m + m² ÷ shape). */
  readonly shape?: number;
  /** Size of the dip that all accounts of a segment share in some windows. */
  readonly sharedDip?: number;
  /** Standard deviation of accounts' own yearly seasons. */
  readonly season?: number;
  /** Every so-manyth account loses this share of its use in the newest window. */
  readonly dropEvery?: number;
  readonly dropRate?: number;
  readonly knownDays?: (account: number) => number;
}

const SEGMENTS = 3;

/** Clustered counts: negative binomial around a level that wanders as a first-order autoregression. */
export function simulateBook(options: Simulation): ChangeBook & { readonly isPlanted: Uint8Array } {
  const { accounts, windows = 14, level = 60, noise = 0.15, memory = 0.5, shape = 15 } = options;
  const random = createRandom(options.seed);
  const values = new Float64Array(accounts * windows);
  const segment = new Int32Array(accounts);
  const knownDays = new Float64Array(accounts);
  const isPlanted = new Uint8Array(accounts);
  for (let i = 0; i < accounts; i++) {
    segment[i] = i % SEGMENTS;
    knownDays[i] = options.knownDays?.(i) ?? windows * 28;
    isPlanted[i] = options.dropEvery !== undefined && i % options.dropEvery === 0 ? 1 : 0;
    const base = Math.log(level) + 1.2 * normal(random);
    const spread = noise * Math.exp(0.4 * normal(random));
    const size = shape * (1 + 4 * random());
    const own = (options.season ?? 0) * normal(random);
    let wander = normal(random) * spread;
    for (let k = windows - 1; k >= 0; k--) {
      wander = memory * wander + Math.sqrt(1 - memory * memory) * spread * normal(random);
      const shared = k % 5 === (segment[i] as number) ? (options.sharedDip ?? 0) : 0;
      const seasonal = k % 13 === 0 ? own : 0;
      const planted = k === 0 && isPlanted[i] === 1 ? Math.log(1 - (options.dropRate ?? 0.6)) : 0;
      const mean = Math.exp(base + wander + shared + seasonal + planted);
      values[i * windows + k] = poisson((mean * gamma(size, random)) / size, random);
    }
  }
  return {
    accountCount: accounts,
    windowCount: windows,
    segment,
    knownDays,
    metrics: [{ metric: 'event_count', values }],
    isPlanted,
  };
}

export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Marsaglia and Tsang, for a shape of at least 1. */
function gamma(shape: number, random: Random): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(random);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

function poisson(mean: number, random: Random): number {
  if (mean > 200) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
  const limit = Math.exp(-mean);
  let product = random();
  let count = 0;
  while (product > limit) {
    product *= random();
    count++;
  }
  return count;
}
