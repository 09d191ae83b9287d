import { median } from 'simple-statistics';
import type { SignalRecord } from '../../contract/signals.ts';
import type { Signal, SignalBook } from './register.ts';
import type { Strata } from './strata.ts';

/** Share of a date's rows that the risky zone holds. */
const ZONE = 0.1;
/** A tie group that reaches past the tenth is taken whole up to this share; beyond it nobody could act on it. */
const MOST = 0.2;

/**
 * Which rows stand in the signal's risky zone: below `zone_below` where it has one, else in the riskiest tenth of their
 * date. Equal values stand or fall together: a tie group that begins within the tenth is in it as long as the zone stays
 * below a fifth of the date's rows.
 */
export function riskyZone(
  signal: Pick<Signal, 'values' | 'zone_below'>,
  risk: Float64Array,
  strata: Strata,
): Uint8Array {
  const zone = new Uint8Array(risk.length);
  if (signal.zone_below !== undefined) {
    const below = signal.zone_below;
    return zone.map((_, row) => ((signal.values[row] as number) < below ? 1 : 0));
  }
  for (const group of strata.groups) {
    const rows = group.filter((row) => !Number.isNaN(risk[row]));
    rows.sort((a, b) => (risk[b] as number) - (risk[a] as number) || a - b);
    for (let start = 0; start < rows.length && start < ZONE * rows.length; ) {
      let end = start + 1;
      while (end < rows.length && risk[rows[end] as number] === risk[rows[start] as number]) end++;
      if (end > Math.max(1, MOST * rows.length)) break;
      for (let i = start; i < end; i++) zone[rows[i] as number] = 1;
      start = end;
    }
  }
  return zone;
}

/**
 * How early the zone warned: of each decision to leave, the days from the first date in the zone, at most `lookback` days
 * before it, to the decision. `caught_rate` is the share of decisions with such a date, of all seen within the
 * lookback; `others_caught_rate` the share of accounts without a decision that stood in the zone within as long
 * before their last date: what chance alone would catch.
 */
export function leadOf(
  book: Pick<SignalBook, 'account' | 'observation_date' | 'left_days'>,
  zone: Uint8Array,
  lookback: number,
): Pick<SignalRecord, 'lead_days' | 'caught_rate' | 'others_caught_rate'> {
  const decisions = new Map<string, number>();
  const last = new Map<number, number>();
  const leavers = new Set<number>();
  book.account.forEach((account, row) => {
    const date = book.observation_date[row] as number;
    const left = book.left_days[row] as number;
    last.set(account, Math.max(last.get(account) ?? date, date));
    if (Number.isNaN(left)) return;
    leavers.add(account);
    if (left > lookback) return;
    const key = `${account} ${date + left}`;
    decisions.set(key, Math.max(decisions.get(key) ?? 0, zone[row] === 1 ? left : 0));
  });
  const others = new Map<number, boolean>();
  book.account.forEach((account, row) => {
    if (leavers.has(account)) return;
    const isWithin = (book.observation_date[row] as number) > (last.get(account) as number) - lookback;
    others.set(account, (others.get(account) ?? false) || (isWithin && zone[row] === 1));
  });
  const leads = [...decisions.values()].filter((days) => days > 0);
  return {
    lead_days: leads.length === 0 ? null : median(leads),
    caught_rate: decisions.size === 0 ? null : leads.length / decisions.size,
    others_caught_rate: others.size === 0 ? null : [...others.values()].filter(Boolean).length / others.size,
  };
}
