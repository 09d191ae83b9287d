import type { HealthSettings } from '../../contract/config.ts';
import { plainBand } from '../bands.ts';
import { type ClusteredMean, logLosses, pairedDifference, quantileOf } from '../metrics/index.ts';

/** Closed rows of all bases, account by date, with every measure as scored. All arrays are equally long. */
export interface ProposalRows {
  readonly label: Uint8Array;
  /** 0 … accountCount − 1. */
  readonly account: Int32Array;
  readonly accountCount: number;
  /** Days since 1970-01-01. */
  readonly observation_date: Int32Array;
  readonly closed_on: Int32Array;
  /** Rows of one basis are compared with each other alone. */
  readonly basis: Uint8Array;
  readonly segment: readonly string[];
  readonly tenure_days: Float64Array;
  readonly has_red_fact: Uint8Array;
  /** 0–100 of each measure, `NaN` = missing. */
  readonly measure_scores: Readonly<Record<string, Float64Array>>;
}

/** Boundaries that were tried, and what they save. */
export interface BandProposal {
  readonly from: HealthSettings['bands'];
  readonly to: HealthSettings['bands'];
  /** Log loss saved on the later part by telling accounts apart by the proposed bands, nats a row; null where none is tried. */
  readonly gain: (ClusteredMean & { readonly low: number; readonly high: number }) | null;
  readonly is_proposed: boolean;
}

/** A change must gain this many of its own paired standard errors where it is fitted. */
export const ENOUGH = 1;
const Z90 = 1.6448536269514722;
/** Shares of the earlier part that may stand below each boundary: a red band nobody could work is no band. */
const RED_SHARES = [0.02, 0.05, 0.1, 0.15, 0.2, 0.25] as const;
const GREEN_SHARES = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8] as const;
/** Rows at the rate of all that a band's rate is drawn toward. */
const PRIOR_ROWS = 20;

/** Boundaries whose three rates, learnt on the earlier part, lose least there; judged on the later part. */
export function proposeBands(
  rows: ProposalRows,
  score: Float64Array,
  from: HealthSettings['bands'],
  isEarly: (row: number) => boolean,
  isLater: (row: number) => boolean,
): BandProposal {
  const scored = Int32Array.from(score.keys()).filter((row) => !Number.isNaN(score[row]));
  const early = scored.filter(isEarly);
  const later = scored.filter(isLater);
  const lossOf = (bands: HealthSettings['bands'], on: Int32Array) =>
    logLosses(
      bandRates(rows, score, bands, early, on),
      Uint8Array.from(on, (row) => rows.label[row] as number),
    );
  const account = (on: Int32Array) => Int32Array.from(on, (row) => rows.account[row] as number);
  const before = lossOf(from, early);
  let to = from;
  let most = 0;
  for (const bands of boundaries(score, early)) {
    const gain = pairedDifference(before, lossOf(bands, early), account(early));
    if (gain.mean < ENOUGH * gain.standard_error || !(gain.mean > most)) continue;
    to = bands;
    most = gain.mean;
  }
  if (to === from || later.length === 0) return { from, to: from, gain: null, is_proposed: false };
  const gain = pairedDifference(lossOf(from, later), lossOf(to, later), account(later));
  const reach = Z90 * gain.standard_error;
  const full = { ...gain, low: gain.mean - reach, high: gain.mean + reach };
  return { from, to, gain: full, is_proposed: full.low > 0 };
}

/** Boundaries in whole points below which the shares of the earlier part stand; the score may use any part of 0–100. */
function boundaries(score: Float64Array, early: Int32Array): HealthSettings['bands'][] {
  const sorted = Array.from(early, (row) => score[row] as number).sort((a, b) => a - b);
  const cut = (share: number) => Math.round(quantileOf(sorted, share));
  const pairs = RED_SHARES.flatMap((red) => GREEN_SHARES.map((green) => ({ red: cut(red), green: cut(green) })));
  const usable = pairs.filter(({ red, green }) => red > 0 && green <= 100 && red < green);
  return [...new Map(usable.map((bands) => [`${bands.red} ${bands.green}`, bands])).values()];
}

/** Outcome rate of each row's band and basis on `early`, drawn toward the basis's rate, for the rows `on`. */
function bandRates(
  rows: ProposalRows,
  score: Float64Array,
  bands: HealthSettings['bands'],
  early: Int32Array,
  on: Int32Array,
): Float64Array {
  const tally = new Map<string, { rows: number; outcomes: number }>();
  const add = (key: string, label: number) => {
    const entry = tally.get(key) ?? { rows: 0, outcomes: 0 };
    entry.rows++;
    entry.outcomes += label;
    tally.set(key, entry);
  };
  const keyOf = (row: number) => {
    const plain = plainBand(score[row] as number, bands);
    const band = plain === 'green' && rows.has_red_fact[row] === 1 ? 'yellow' : plain;
    return `${rows.basis[row]} ${band}`;
  };
  for (const row of early) {
    add(keyOf(row), rows.label[row] as number);
    add(String(rows.basis[row]), rows.label[row] as number);
  }
  return Float64Array.from(on, (row) => {
    const all = tally.get(String(rows.basis[row])) ?? { rows: 0, outcomes: 0 };
    const base = (all.outcomes + 0.5) / (all.rows + 1);
    const own = tally.get(keyOf(row)) ?? { rows: 0, outcomes: 0 };
    return (own.outcomes + PRIOR_ROWS * base) / (own.rows + PRIOR_ROWS);
  });
}
