import type { CellRow } from '../contract/agent.ts';
import type { Config } from '../contract/config.ts';
import type { ReportList } from '../contract/report.ts';
import type { Engine } from '../engine/engine.ts';
import { forkRandom } from '../lib/random.ts';
import { leaverCount, listRecord, rankingRecord, type TrackRows } from '../models/track-record.ts';
import { rowSource } from './report-lists.ts';
import { trackRows, withValue } from './retro-predictions.ts';

/** What one group of accounts of past readings did about paying for more. Rates are null where too few grew to judge. */
export interface GrowthRecord {
  /** A health band, `unscored`, or `at_risk_list`. */
  readonly stood: string;
  readonly verdict: 'more_often' | 'less_often' | 'within_chance' | 'too_few_outcomes';
  readonly row_count: number;
  readonly account_count: number;
  /** Accounts of the group that grew after some reading of it. */
  readonly grown_count: number;
  readonly growth_rate: number | null;
  /** The rate of all accounts of the same dates. */
  readonly base_rate: number | null;
  readonly growth_over_base: number | null;
  readonly growth_over_base_low: number | null;
  readonly growth_over_base_high: number | null;
}

/** What past readings said of accounts that grew afterwards. */
export interface GrowthFindings {
  readonly records: readonly GrowthRecord[];
  /** Distinct accounts that grew, of any group. */
  readonly grown_count: number;
  /** Of these, with a health score beforehand. */
  readonly scored_count: number;
  /** Chance that an account that grew stood higher in health than one of the same date that did not; null where too few grew. */
  readonly health_auc: { readonly value: number; readonly low: number; readonly high: number } | null;
}

const GROUPS = ['green', 'yellow', 'red', 'unscored', 'at_risk_list'] as const;

const ROWS = `
  select p.observation_date, p.account_id, p.expansion_label as label, coalesce(r.band, 'unscored') as band, r.health_score,
    case when exists (
      select 1 from alerts_asof($as_of::date) as a
      where a.account_id = p.account_id and a.kind = 'alert'
        and p.observation_date between a.opened_on and a.shown_on
    ) then 1 else 0 end as is_listed
  from main.panel as p
  join readings_asof($as_of::date) as r on r.account_id = p.account_id and r.as_of = p.observation_date
  where p.expansion_label is not null and p.expansion_closed_on <= $as_of::date
  order by p.observation_date, p.account_id`;

/**
 * Who grew (`label_expansion`) by `asOf`, by where past readings had them: whether a good band goes with growth, and whether
 * accounts on the at-risk list grew all the same. Needs `main.panel` with labels of growing over the dates of readings.
 */
export async function judgeGrowth(engine: Engine, config: Config, asOf: string): Promise<GrowthFindings> {
  const read = await engine.columns(ROWS, { as_of: asOf });
  const rows = trackRows(read);
  const band = read.text('band');
  const isListed = read.number('is_listed');
  const grown_count = leaverCount(rows);
  const isEnough = grown_count >= config.model.min_outcomes;
  const records = GROUPS.map((stood) =>
    recordOf(
      rows,
      stood,
      Uint8Array.from(band, (own, row) =>
        stood === 'at_risk_list' ? (isListed[row] as number) : Number(own === stood),
      ),
      isEnough,
      config.seed,
    ),
  );
  const scored = withValue(rows, read.number('health_score'));
  const scored_count = leaverCount(scored.rows);
  const auc = scored_count >= config.model.min_outcomes ? rankingRecord(scored.rows, scored.values) : null;
  return {
    records: records.filter(({ row_count }) => row_count > 0),
    grown_count,
    scored_count,
    health_auc: auc === null ? null : { value: auc.value, low: auc.low, high: auc.high },
  };
}

/** The record of the rows that are held. Its rates are those of rows, its interval by account. */
export function recordOf(
  rows: TrackRows,
  stood: string,
  isHeld: Uint8Array,
  isEnough: boolean,
  seed: number,
): GrowthRecord {
  const held = [...isHeld.keys()].filter((row) => isHeld[row] === 1);
  const accounts = (chosen: readonly number[]) => new Set(chosen.map((row) => rows.account[row])).size;
  const counted = {
    stood,
    row_count: held.length,
    account_count: accounts(held),
    grown_count: accounts(held.filter((row) => rows.label[row] === 1)),
  };
  const found =
    isEnough && held.length > 0 ? listRecord(rows, isHeld, forkRandom(seed, `retro growth ${stood}`)) : null;
  return {
    ...counted,
    verdict:
      found === null
        ? 'too_few_outcomes'
        : found.low > 1
          ? 'more_often'
          : found.high < 1
            ? 'less_often'
            : 'within_chance',
    growth_rate: found?.rate ?? null,
    base_rate: found?.base_rate ?? null,
    growth_over_base: found?.ratio ?? null,
    growth_over_base_low: found?.low ?? null,
    growth_over_base_high: found?.high ?? null,
  };
}

/** Growth by where past readings had the accounts, as a list. `rule`: what counts as growing. */
export function growthList(
  { records, grown_count, scored_count, health_auc }: GrowthFindings,
  rule: string,
  needed: number,
): ReportList {
  const figures = (value: number) => value.toFixed(2);
  const headline =
    grown_count < needed
      ? `too few outcomes: ${grown_count} of ${needed} accounts that grew`
      : health_auc === null
        ? `${grown_count} accounts grew; ${scored_count === 0 ? 'none of them' : `${scored_count} of them, too few,`} had a health score`
        : `${scored_count} accounts with a health score grew; those that did stood ${health_auc.low > 0.5 ? 'higher in health' : health_auc.high < 0.5 ? 'lower in health' : 'neither higher nor lower in health'} than others of the same date (AUC ${figures(health_auc.value)}, ${figures(health_auc.low)} to ${figures(health_auc.high)})`;
  return {
    name: 'growth',
    title: 'Who grew, and how they stood before',
    headline,
    columns: [
      { key: 'stood', label: 'stood', kind: 'text', isName: true },
      { key: 'verdict', label: 'grew', kind: 'text', isName: true },
      { key: 'account_count', label: 'accounts', kind: 'integer' },
      { key: 'grown_count', label: 'grew', kind: 'integer' },
      { key: 'row_count', label: 'rows', kind: 'integer', terminal: false },
      { key: 'growth_rate', label: 'rate', kind: 'rate' },
      { key: 'base_rate', label: 'rate of all', kind: 'rate' },
      { key: 'growth_over_base', label: '÷ all', kind: 'number' },
      { key: 'growth_over_base_low', label: 'low', kind: 'number' },
      { key: 'growth_over_base_high', label: 'high', kind: 'number' },
    ],
    notes: [
      `grew: ${rule}; rows are accounts at dates whose label has closed, an account counts in each group that it stood in; intervals by account (90 %)`,
    ],
    rowCount: records.length,
    rows: rowSource(records.map((record) => ({ ...record }) as CellRow)),
    empty: 'no label of growing has closed since a reading',
  };
}
