import type { Config } from '../contract/config.ts';
import type { Feed, RejectCount } from './ingest.ts';
import type { QualityFinding } from './quality.ts';

/** A limit of the configuration that the exports pass: `run` stops, `check` ends with exit code 1. */
export interface PassedLimit {
  readonly key: 'quality.max_rejected_rate' | 'quality.max_affected_arr_rate';
  /** The share found and the share allowed, 0–1. */
  readonly rate: number;
  readonly limit: number;
  /** One clause: what passes which limit by how much. */
  readonly message: string;
  readonly remedy: string;
}

/** Tables that every list rests on; rejects of the others lower what is known of some accounts and are told. */
const MAIN_FEEDS: ReadonlySet<string> = new Set(['account', 'contract', 'mrr_month', 'usage', 'ticket']);

/**
 * The limits of `quality` that the exports pass, in the order of the data contract. `max_rejected_rate` holds, for each
 * main feed, its unreadable rows ÷ all its rows; repeats of a key and rows of accounts unknown here are not among
 * them: of the first the newest is used, of the second the header tells the share. `max_affected_arr_rate` holds the share of
 * ARR that each finding of severity `error` touches. A share equal to its limit passes nothing.
 */
export function passedLimits(
  config: Pick<Config, 'quality'>,
  feeds: readonly Feed[],
  rejects: readonly RejectCount[],
  findings: readonly QualityFinding[],
): PassedLimit[] {
  const { max_rejected_rate, max_affected_arr_rate } = config.quality;
  const passed: PassedLimit[] = [];
  for (const { table, row_count } of feeds) {
    const count = rejects.find((item) => item.table === table);
    if (count === undefined || !MAIN_FEEDS.has(table)) continue;
    const all = row_count + count.rows;
    const rate = all === 0 ? 0 : count.unreadable / all;
    if (rate <= max_rejected_rate) continue;
    passed.push({
      key: 'quality.max_rejected_rate',
      rate,
      limit: max_rejected_rate,
      message: `${count.unreadable.toLocaleString('en-US')} of ${all.toLocaleString('en-US')} ${table} rows (${percent(rate)}) cannot be read, ${over(rate, max_rejected_rate)} quality.max_rejected_rate (${max_rejected_rate}) allows`,
      remedy: `See rejects/${table}.csv and mend the export, or raise quality.max_rejected_rate.`,
    });
  }
  for (const { id, table, severity, arr_rate, message, remedy } of findings) {
    if (severity !== 'error' || arr_rate <= max_affected_arr_rate) continue;
    passed.push({
      key: 'quality.max_affected_arr_rate',
      rate: arr_rate,
      limit: max_affected_arr_rate,
      message: `the error ${id} in ${table} touches ${percent(arr_rate)} of ARR, ${over(arr_rate, max_affected_arr_rate)} quality.max_affected_arr_rate (${max_affected_arr_rate}) allows: ${message}`,
      remedy: `${remedy.replace(/\.$/, '')}, or raise quality.max_affected_arr_rate.`,
    });
  }
  return passed;
}

function over(rate: number, limit: number): string {
  const points = ((rate - limit) * 100).toFixed(1);
  return `${points === '0.0' ? 'less than 0.1' : points} points more than`;
}

function percent(rate: number): string {
  return `${(rate * 100).toFixed(1)} %`;
}
