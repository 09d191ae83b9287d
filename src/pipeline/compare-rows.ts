import type { CellRow, Day } from '../contract/agent.ts';
import type { BacktestFigure, BacktestResult } from '../contract/backtest.ts';
import { figureDifference } from '../models/gates/index.ts';
import type { ShownDate, Standing } from './backtest/shown.ts';

/** An account whose band differs between two configurations on one date. */
export interface BandMove {
  readonly observation_date: Day;
  readonly account_id: string;
  readonly name: string | null;
  readonly csm: string | null;
  readonly arr_amount: number | null;
  /** Null = unscored, or not active under that configuration. */
  readonly band_a: string | null;
  readonly band_b: string | null;
  readonly health_score_a: number | null;
  readonly health_score_b: number | null;
}

/** An account on the at-risk list of one date under one configuration only. */
export interface AlertMove {
  readonly observation_date: Day;
  readonly csm: string | null;
  readonly account_id: string;
  readonly change: 'added' | 'removed';
}

/** Dates both replays lived through, oldest first. */
export function commonDates(a: readonly ShownDate[], b: readonly ShownDate[]): Day[] {
  const days = new Set(b.map(({ asOf }) => asOf));
  return a.map(({ asOf }) => asOf).filter((day) => days.has(day));
}

/** Every account and date with another band under B than under A; by date, then account. */
export function bandMoves(a: readonly ShownDate[], b: readonly ShownDate[]): BandMove[] {
  return commonDates(a, b).flatMap((day) => {
    const [first, second] = [a, b].map((dates) => standingsOf(dates, day));
    const ids = [...new Set([...(first?.keys() ?? []), ...(second?.keys() ?? [])])].sort();
    return ids.flatMap((account_id): BandMove[] => {
      const [before, after] = [first?.get(account_id), second?.get(account_id)];
      const known = after ?? before;
      if (known === undefined || (before?.band ?? null) === (after?.band ?? null)) return [];
      return [
        {
          ...{ observation_date: day, account_id, name: known.name, csm: known.csm, arr_amount: known.arr_amount },
          band_a: before?.band ?? null,
          band_b: after?.band ?? null,
          health_score_a: before?.health_score ?? null,
          health_score_b: after?.health_score ?? null,
        },
      ];
    });
  });
}

/** Every account and date on the at-risk list under one of the two only; by date, person and account. */
export function alertMoves(a: readonly ShownDate[], b: readonly ShownDate[]): AlertMove[] {
  return commonDates(a, b).flatMap((observation_date) => {
    const [before, after] = [a, b].map((dates) => dates.find(({ asOf }) => asOf === observation_date));
    const moves = (
      from: ShownDate | undefined,
      to: ShownDate | undefined,
      change: AlertMove['change'],
    ): AlertMove[] => {
      const there = new Set(to?.shown);
      return (from?.shown ?? [])
        .filter((account_id) => !there.has(account_id))
        .map((account_id) => ({ observation_date, csm: from?.pools?.get(account_id) ?? null, account_id, change }));
    };
    return [...moves(after, before, 'added'), ...moves(before, after, 'removed')].sort(
      (x, y) => order(x.csm ?? '', y.csm ?? '') || order(x.account_id, y.account_id) || order(x.change, y.change),
    );
  });
}

/** Alerts of each person over all dates: shown under both, added, removed. */
export function alertsByCsm(a: readonly ShownDate[], b: readonly ShownDate[]): CellRow[] {
  const moves = alertMoves(a, b);
  const days = new Set(commonDates(a, b));
  const kept = b.flatMap(({ asOf, shown, pools }) => {
    if (!days.has(asOf)) return [];
    const before = new Set(a.find((date) => date.asOf === asOf)?.shown);
    return shown.filter((account) => before.has(account)).map((account) => pools?.get(account) ?? null);
  });
  const names = [...new Set([...moves.map(({ csm }) => csm), ...kept])].sort((x, y) => order(x ?? '', y ?? ''));
  return names.map((csm) => ({
    csm,
    kept_count: kept.filter((name) => name === csm).length,
    added_count: moves.filter((move) => move.csm === csm && move.change === 'added').length,
    removed_count: moves.filter((move) => move.csm === csm && move.change === 'removed').length,
  }));
}

/**
 * Every figure of what is served over the whole book, B − A with 90 % intervals: paired draw by draw where both were measured over
 * the same rows, else with the errors of both added in squares. Predictions without a verdict in either are left out: what has
 * too few outcomes has no accuracy to differ. Figures that differ by more than their interval come first.
 */
export function accuracyMoves(a: BacktestResult, b: BacktestResult): CellRow[] {
  const rows = a.figures.flatMap((before): CellRow[] => {
    const { prediction, basis, rows, slice, metric, candidate } = before;
    if (candidate !== 'served' || slice !== 'all' || [a, b].some((result) => isUntold(result, before))) return [];
    const after = b.figures.find(
      (figure) =>
        figure.prediction === prediction &&
        figure.basis === basis &&
        figure.rows === rows &&
        figure.slice === slice &&
        figure.metric === metric &&
        figure.candidate === candidate,
    );
    const difference = after === undefined ? null : figureDifference(after, before);
    if (difference === null || after === undefined) return [];
    const { value: change, low, high, method } = difference;
    return [
      { prediction, basis, rows, metric, value_a: before.value, value_b: after.value, change, low, high, method },
    ];
  });
  return [...rows.filter(isClear), ...rows.filter((row) => !isClear(row))];
}

/** Whether a difference lies on one side of 0 with its whole interval. */
export function isClear({ low, high }: CellRow): boolean {
  return Number(low) > 0 || Number(high) < 0;
}

/** Whether outcomes are too few to tell of the figure; the at-risk list has no verdict but that of churn. */
function isUntold({ verdicts }: BacktestResult, { prediction, basis }: BacktestFigure): boolean {
  const asked = prediction === 'at_risk' ? 'churn' : prediction;
  return verdicts.some((v) => v.prediction === asked && v.basis === basis && v.verdict === 'too_few_outcomes');
}

function standingsOf(dates: readonly ShownDate[], day: Day): ReadonlyMap<string, Standing> {
  const standings = dates.find(({ asOf }) => asOf === day)?.standings ?? [];
  return new Map(standings.map((standing) => [standing.account_id, standing]));
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
