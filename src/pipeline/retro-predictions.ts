import type { Day } from '../contract/agent.ts';
import type { ChurnBasis } from '../contract/churn-model.ts';
import type { Config } from '../contract/config.ts';
import type { Columnar, Engine } from '../engine/engine.ts';
import { dayFromNumber } from '../lib/dates.ts';
import { forkRandom } from '../lib/random.ts';
import {
  calibrationByDate,
  calibrationRecord,
  leaverCount,
  listRecord,
  rankingRecord,
  type TrackRows,
} from '../models/track-record.ts';

/** One prediction of past runs against what happened, for one basis. Figures are null where too few left to judge. */
export interface PredictionRecord {
  readonly prediction: 'churn_probability' | 'health_score' | 'at_risk_list';
  readonly churn_basis: ChurnBasis;
  readonly verdict:
    | 'beyond_chance'
    | 'not_beyond_chance'
    | 'too_high'
    | 'too_low'
    | 'too_few_outcomes'
    | 'nothing_predicted';
  readonly sentence: string;
  readonly date_count: number;
  readonly row_count: number;
  readonly outcome_count: number;
  readonly outcomes_needed: number;
  readonly auc: number | null;
  readonly auc_low: number | null;
  readonly auc_high: number | null;
  readonly expected_count: number | null;
  readonly observed_count: number | null;
  readonly observed_over_expected: number | null;
  readonly observed_over_expected_low: number | null;
  readonly observed_over_expected_high: number | null;
  /** Of the list: the share of its rows that left, over that of all accounts of the same dates. */
  readonly list_rate: number | null;
  readonly list_over_base: number | null;
  readonly list_over_base_low: number | null;
  readonly list_over_base_high: number | null;
}

/** Expected and observed outcomes of one past date. */
export interface DateRecord {
  readonly churn_basis: ChurnBasis;
  readonly as_of: Day;
  readonly row_count: number;
  readonly expected_count: number;
  readonly observed_count: number;
  readonly low: number;
  readonly high: number;
  readonly is_outside: boolean;
}

/** Probabilities of models that asked the question of today's configuration; the others told something else. */
const ROWS = `
  with asked as (
    select distinct model_id from state.model
    where kind = 'churn' and json_extract_string(model, '$.churn_definition') = $definition
      and ($basis = 'renewal' or cast(json_extract_string(model, '$.horizon_days') as integer) = $horizon)
  )
  select p.observation_date, p.account_id, p.label, r.health_score, s.churn_probability,
    case when exists (
      select 1 from alerts_asof($as_of::date) as a
      where a.account_id = p.account_id and a.kind = 'alert'
        and p.observation_date between a.opened_on and a.shown_on
    ) then 1 else 0 end as is_listed
  from main.panel as p
  join readings_asof($as_of::date) as r on r.account_id = p.account_id and r.as_of = p.observation_date
  left join scores_asof($as_of::date) as s
    on s.account_id = p.account_id and s.as_of = p.observation_date and s.basis = p.churn_basis
    and s.model_id in (select model_id from asked)
  where p.churn_basis = $basis and p.label is not null and p.closed_on <= $as_of::date
    and not (p.label = 1 and p.is_unavoidable)
  order by p.observation_date, p.account_id`;

/** What runs predicted on past dates against the outcomes that have closed by `asOf`. */
export async function judgePredictions(
  engine: Engine,
  config: Config,
  asOf: Day,
): Promise<{ readonly records: PredictionRecord[]; readonly dates: DateRecord[] }> {
  const records: PredictionRecord[] = [];
  const dates: DateRecord[] = [];
  for (const basis of ['leave', 'renewal'] as const) {
    const { definition, horizon_days } = config.churn;
    const read = await engine.columns(ROWS, { as_of: asOf, basis, definition, horizon: horizon_days });
    if (read.rowCount === 0) continue;
    const rows = trackRows(read);
    const probability = read.number('churn_probability');
    const context = { rows, basis, config };
    records.push(
      probabilityRecord(context, probability),
      healthRecord(context, read.number('health_score')),
      atRiskRecord(context, Uint8Array.from(read.number('is_listed'))),
    );
    for (const { observation_date, ...date } of calibrationByDate(rows, probability)) {
      dates.push({ churn_basis: basis, as_of: dayFromNumber(observation_date), ...date });
    }
  }
  return { records, dates };
}

/** Rows that have a value: only of these can the prediction be judged, and only their outcomes count. */
export function withValue(
  rows: TrackRows,
  values: Float64Array,
): { readonly rows: TrackRows; readonly values: Float64Array } {
  const held = Int32Array.from(values.keys()).filter((row) => !Number.isNaN(values[row]));
  return {
    rows: {
      ...rows,
      label: Uint8Array.from(held, (row) => rows.label[row] as number),
      account: Int32Array.from(held, (row) => rows.account[row] as number),
      observation_date: Int32Array.from(held, (row) => rows.observation_date[row] as number),
    },
    values: Float64Array.from(held, (row) => values[row] as number),
  };
}

/** Rows read with `account_id`, `observation_date` and `label`, accounts numbered in the order of their ids. */
export function trackRows(read: Columnar): TrackRows {
  const ids = read.text('account_id').map((id) => id ?? '');
  const place = new Map([...new Set(ids)].sort().map((id, index) => [id, index]));
  return {
    label: Uint8Array.from(read.number('label')),
    account: Int32Array.from(ids, (id) => place.get(id) ?? -1),
    accountCount: place.size,
    observation_date: Int32Array.from(read.number('observation_date')),
  };
}

interface Judged {
  readonly rows: TrackRows;
  readonly basis: ChurnBasis;
  readonly config: Config;
}

function blank({ rows, basis, config }: Judged, prediction: PredictionRecord['prediction']): PredictionRecord {
  const outcome_count = leaverCount(rows);
  const outcomes_needed = config.model.min_outcomes;
  return {
    prediction,
    churn_basis: basis,
    verdict: 'too_few_outcomes',
    sentence: `too few outcomes: ${outcome_count} of ${outcomes_needed} accounts`,
    date_count: new Set(rows.observation_date).size,
    row_count: rows.label.length,
    outcome_count,
    outcomes_needed,
    auc: null,
    auc_low: null,
    auc_high: null,
    expected_count: null,
    observed_count: null,
    observed_over_expected: null,
    observed_over_expected_low: null,
    observed_over_expected_high: null,
    list_rate: null,
    list_over_base: null,
    list_over_base_low: null,
    list_over_base_high: null,
  };
}

function probabilityRecord(judged: Judged, said: Float64Array): PredictionRecord {
  const { basis, config } = judged;
  const { rows, values: probability } = withValue(judged.rows, said);
  const found = calibrationRecord(rows, probability, forkRandom(config.seed, `retro calibration ${basis}`));
  if (found === null) {
    return {
      ...blank(judged, 'churn_probability'),
      verdict: 'nothing_predicted',
      sentence: 'no probability was printed: no model had earned one for this label',
    };
  }
  const record = blank({ ...judged, rows }, 'churn_probability');
  // How many left and how many were expected are counts, not a verdict: they stand in any case.
  const counted = { ...record, expected_count: found.expected_count, observed_count: found.observed_count };
  if (record.outcome_count < record.outcomes_needed) return counted;
  const auc = rankingRecord(rows, probability);
  const verdict =
    found.low > 1 ? 'too_low' : found.high < 1 ? 'too_high' : auc.low > 0.5 ? 'beyond_chance' : 'not_beyond_chance';
  const span = `${found.low.toFixed(2)} to ${found.high.toFixed(2)}`;
  const words = {
    too_low: `more left than the probabilities said, ${found.observed_over_expected.toFixed(2)} times as many (${span})`,
    too_high: `fewer left than the probabilities said, ${found.observed_over_expected.toFixed(2)} times as many (${span})`,
    beyond_chance: `no more and no fewer left than the probabilities said, within chance (${span} times), and they rank beyond chance`,
    not_beyond_chance: `no more and no fewer left than the probabilities said, within chance (${span} times), but they do not rank beyond chance`,
  };
  return {
    ...counted,
    verdict,
    sentence: words[verdict],
    auc: auc.value,
    auc_low: auc.low,
    auc_high: auc.high,
    observed_over_expected: found.observed_over_expected,
    observed_over_expected_low: found.low,
    observed_over_expected_high: found.high,
  };
}

function healthRecord(judged: Judged, given: Float64Array): PredictionRecord {
  const { rows, values: score } = withValue(judged.rows, given);
  if (score.length === 0) {
    const record = blank(judged, 'health_score');
    return { ...record, verdict: 'nothing_predicted', sentence: 'no account had a health score' };
  }
  const record = blank({ ...judged, rows }, 'health_score');
  if (record.outcome_count < record.outcomes_needed) return record;
  const auc = rankingRecord(
    rows,
    score.map((value) => -value),
  );
  const isBeyond = auc.low > 0.5;
  return {
    ...record,
    verdict: isBeyond ? 'beyond_chance' : 'not_beyond_chance',
    sentence: isBeyond
      ? 'accounts that left stood lower than others of the same date'
      : 'accounts that left did not stand lower than others of the same date beyond chance',
    auc: auc.value,
    auc_low: auc.low,
    auc_high: auc.high,
  };
}

function atRiskRecord(judged: Judged, isListed: Uint8Array): PredictionRecord {
  const { rows, basis, config } = judged;
  const record = blank(judged, 'at_risk_list');
  const listed = isListed.reduce((sum, flag) => sum + flag, 0);
  if (listed === 0) return { ...record, verdict: 'nothing_predicted', sentence: 'no account of this basis was listed' };
  const observed_count = isListed.reduce((sum, flag, row) => sum + flag * (rows.label[row] as number), 0);
  const counted = { ...record, observed_count };
  if (record.outcome_count < record.outcomes_needed) return counted;
  const found = listRecord(rows, isListed, forkRandom(config.seed, `retro list ${basis}`));
  if (found === null) return counted;
  const isBeyond = found.low > 1;
  return {
    ...counted,
    verdict: isBeyond ? 'beyond_chance' : 'not_beyond_chance',
    sentence: `listed accounts left ${found.ratio.toFixed(1)} times as often as all (${found.low.toFixed(1)} to ${found.high.toFixed(1)})${isBeyond ? '' : ', which is not beyond chance'}`,
    list_rate: found.rate,
    list_over_base: found.ratio,
    list_over_base_low: found.low,
    list_over_base_high: found.high,
  };
}
