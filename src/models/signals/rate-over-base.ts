import type { Random } from '../../contract/model.ts';
import { poissonInterval } from '../interval.ts';
import { clustersOf, drawCounts, quantileOf } from '../metrics/index.ts';

/** Rows of which some are held in a group (a band, a list). All arrays are equally long. */
export interface HeldRows {
  readonly label: Uint8Array;
  readonly account: Int32Array;
  readonly observation_date: Int32Array;
  readonly is_held: Uint8Array;
}

/** Outcome rate of the held rows over the rate of all rows of their dates, with its 90 % interval. */
export interface RateOverBase {
  readonly rate: number;
  readonly base_rate: number;
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

const DRAWS = 1000;
/** Fewer held accounts with the outcome than this tell too little of how far draws may lie. */
const FEW = 10;

/**
 * What held rows did against all rows of the same dates: `base_rate` is the mean of the dates' rates, each counting as many
 * times as it has held rows. The interval redraws whole accounts (1000 times). Where fewer than ten held accounts had the
 * outcome it is at least as wide as the exact one of their number: none of five accounts is not "never". Null where nothing is held or no row of
 * their dates has the outcome.
 */
export function rateOverBase(rows: HeldRows, random: Random): RateOverBase | null {
  const clusters = clustersOf(rows.account);
  const dates = new Map([...new Set(rows.observation_date)].map((date, index) => [date, index]));
  const dateOf = Int32Array.from(rows.observation_date, (date) => dates.get(date) ?? 0);
  const found = ratesOf(rows, clusters.of, dateOf, dates.size, undefined);
  if (!Number.isFinite(found.ratio)) return null;
  const counts = new Uint16Array(clusters.count);
  const draws: number[] = [];
  for (let draw = 0; draw < DRAWS; draw++) {
    drawCounts(clusters.count, random, counts);
    const { ratio } = ratesOf(rows, clusters.of, dateOf, dates.size, counts);
    if (Number.isFinite(ratio)) draws.push(ratio);
  }
  draws.sort((a, b) => a - b);
  const [low, high] = [quantileOf(draws, 0.05), quantileOf(draws, 0.95)];
  const few = fewBounds(rows, found);
  if (few === null) return { ...found, low, high };
  return { ...found, low: Math.min(low, few.low, found.ratio), high: Math.max(high, few.high, found.ratio) };
}

/** The bounds of so few held accounts with the outcome, over how many were due; null where they are not few. */
function fewBounds(
  { label, account, is_held }: HeldRows,
  { base_rate }: Pick<RateOverBase, 'base_rate'>,
): { low: number; high: number } | null {
  const all = new Set<number>();
  const held = new Set<number>();
  let outcomeRows = 0;
  let heldRows = 0;
  label.forEach((value, row) => {
    heldRows += is_held[row] as number;
    if (value !== 1) return;
    outcomeRows++;
    all.add(account[row] as number);
    if (is_held[row] === 1) held.add(account[row] as number);
  });
  if (held.size >= FEW) return null;
  // Rows of one account with the outcome are one event.
  const due = (base_rate * heldRows * all.size) / outcomeRows;
  const { low, high } = poissonInterval(held.size);
  return { low: low / due, high: high / due };
}

function ratesOf(
  { label, is_held }: HeldRows,
  clusterOf: Int32Array,
  dateOf: Int32Array,
  dateCount: number,
  counts: Uint16Array | undefined,
): { rate: number; base_rate: number; ratio: number } {
  const all = new Float64Array(dateCount);
  const outcomes = new Float64Array(dateCount);
  const held = new Float64Array(dateCount);
  let hits = 0;
  for (let row = 0; row < label.length; row++) {
    const times = counts === undefined ? 1 : (counts[clusterOf[row] as number] as number);
    const date = dateOf[row] as number;
    const hit = times * (label[row] as number);
    all[date] = (all[date] as number) + times;
    outcomes[date] = (outcomes[date] as number) + hit;
    if (is_held[row] !== 1) continue;
    held[date] = (held[date] as number) + times;
    hits += hit;
  }
  let total = 0;
  let expected = 0;
  for (let date = 0; date < dateCount; date++) {
    total += held[date] as number;
    if ((all[date] as number) > 0) {
      expected += ((held[date] as number) * (outcomes[date] as number)) / (all[date] as number);
    }
  }
  return { rate: hits / total, base_rate: expected / total, ratio: hits / expected };
}
