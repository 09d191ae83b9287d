import type { Day } from '../contract/agent.ts';
import type { ChurnModel } from '../contract/churn-model.ts';
import { PANEL_KEYS } from '../data/panel.ts';
import type { Columnar, Engine } from '../engine/engine.ts';
import { benjaminiHochberg } from '../models/change.ts';
import { type Drift, dateDispersion, populationDrift } from '../models/drift.ts';
import { nominalColumn } from '../models/feature-column.ts';

/** How far one feature of the population has moved since the model learnt. */
export interface DriftRecord extends Omit<Drift, 'before_mean' | 'now_mean'> {
  readonly feature: string;
  /** The serving model reads it. */
  readonly is_in_model: boolean;
  readonly q_value: number;
  readonly verdict: 'shifted' | 'within_chance';
  readonly before_mean: number | null;
  readonly now_mean: number | null;
}

const FALSE_RATE = 0.05;

/** Rows the model speaks for: a renewal only once its decision is near. Both sides alike, or selection looks like drift. */
const SPOKEN_FOR = `(churn_basis = 'leave' or decision_days_left between 1 and $lead)`;

/**
 * Population drift of every feature between the dates the last model learnt from (rows whose label had closed by its day)
 * and `asOf`, with false calls controlled over all features. `leadDays`: days before a decision from which the renewal model
 * speaks. Needs `main.panel` over both. Shifted first, then by PSI over its threshold. Constant features are left out.
 */
export async function judgeDrift(
  engine: Engine,
  model: ChurnModel,
  asOf: Day,
  leadDays: number,
): Promise<DriftRecord[]> {
  const before = await engine.columns(
    `select * from main.panel
     where observation_date <= $learnt::date and closed_on <= $learnt::date and label is not null and ${SPOKEN_FOR}
     order by observation_date, account_id`,
    { learnt: model.as_of, lead: leadDays },
  );
  const now = await engine.columns(
    `select * from main.panel where observation_date = $as_of::date and ${SPOKEN_FOR} order by account_id`,
    { as_of: asOf, lead: leadDays },
  );
  const used = new Set(model.feature_names);
  const ids = before.text('account_id').map((id) => id ?? '');
  const place = new Map([...new Set(ids)].sort().map((id, index) => [id, index]));
  const beforeAccount = Int32Array.from(ids, (id) => place.get(id) ?? -1);
  const dates = before.number('observation_date');
  const keys = new Set<string>(PANEL_KEYS);
  const found = before.info
    .filter(({ name }) => !keys.has(name))
    .map(({ name, type }) => {
      const isNominal = type === 'VARCHAR';
      const sides = isNominal ? kinds(before, now, name) : [before.number(name), now.number(name)];
      const [then = new Float64Array(0), today = new Float64Array(0)] = sides;
      const dispersion = dateDispersion(byDate(then, dates), isNominal);
      const input = { before: then, beforeAccount, now: today, isNominal, dispersion };
      return { feature: name, is_in_model: used.has(name), drift: populationDrift(input) };
    })
    .filter(({ drift }) => !Number.isNaN(drift.psi));
  const q = benjaminiHochberg(Float64Array.from(found, ({ drift }) => drift.p_value));
  const finite = (value: number) => (Number.isFinite(value) ? value : null);
  return found
    .map(({ feature, is_in_model, drift }, i): DriftRecord => {
      const q_value = q[i] as number;
      return {
        ...drift,
        feature,
        is_in_model,
        q_value,
        verdict: q_value <= FALSE_RATE ? 'shifted' : 'within_chance',
        before_mean: finite(drift.before_mean),
        now_mean: finite(drift.now_mean),
      };
    })
    .sort(
      (a, b) =>
        Number(b.verdict === 'shifted') - Number(a.verdict === 'shifted') ||
        b.psi / b.psi_threshold - a.psi / a.psi_threshold ||
        (a.feature < b.feature ? -1 : 1),
    );
}

/** Dates of the past that are held against each other, the latest. */
const MOST_DATES = 13;

/** Values of each of the latest dates, oldest first; rows come in order of date. */
function byDate(values: Float64Array, dates: Float64Array): Float64Array[] {
  const out: Float64Array[] = [];
  for (let start = 0; start < dates.length; ) {
    let end = start;
    while (end < dates.length && dates[end] === dates[start]) end++;
    out.push(values.slice(start, end));
    start = end;
  }
  return out.slice(-MOST_DATES);
}

/** Text of both sides as the places of one list of kinds. */
function kinds(before: Columnar, now: Columnar, name: string): Float64Array[] {
  const { values } = nominalColumn(name, [...before.text(name), ...now.text(name)]);
  return [values.slice(0, before.rowCount), values.slice(before.rowCount)];
}
