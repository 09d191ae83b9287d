import type {
  Agent,
  AgentContext,
  ColumnData,
  ColumnSet,
  Finding,
  FindingTable,
  TableColumn,
} from '../contract/agent.ts';
import type { HealthSettings } from '../contract/config.ts';
import { DEFAULT_HEALTH } from '../data/config-defaults.ts';
import { addDays, daysBetween } from '../lib/dates.ts';
import { type Band, decideBand, type HealthOverride, rollUp } from '../models/bands.ts';
import { extendOwnNorms, freezeCalibration, type HealthCalibration } from '../models/health-calibration.ts';
import { type ChangeParts, decomposeChange, type HealthReading } from '../models/health-change.ts';
import { MEASURE_DIRECTIONS } from '../models/health-measures.ts';
import { scaleNotes } from '../models/scale-notes.ts';
import { type HealthRows, type HealthScores, measureNames, scoreHealth } from '../models/scorecard.ts';
import { explainUnscored } from '../models/unscored.ts';
import { HEALTH_PREDICTION } from './predictions.ts';

/** What the health agent is given: the scorecard, the frozen peers, and what the last reading was scored with. */
export interface HealthAgentSettings {
  readonly health: HealthSettings;
  /** Frozen peers; undefined on the very first date, which freezes them. */
  readonly calibration: HealthCalibration | undefined;
  /** Scorecard and peers of the last reading; undefined = the same as now. */
  readonly previous: { readonly health: HealthSettings; readonly calibration: HealthCalibration } | undefined;
}

const LIST_COLUMNS: readonly TableColumn[] = [
  { key: 'rank', label: '#', kind: 'integer' },
  { key: 'account_id', label: 'account', kind: 'id' },
  { key: 'name', label: 'name', kind: 'text' },
  { key: 'csm', label: 'CSM', kind: 'text' },
  { key: 'segment', label: 'segment', kind: 'text', terminal: false },
  { key: 'arr_amount', label: 'ARR', kind: 'money' },
  { key: 'health_score', label: 'health', kind: 'score' },
  { key: 'band', label: 'band', kind: 'text' },
  { key: 'band_basis', label: 'band from', kind: 'text', terminal: false },
  { key: 'band_days', label: 'days in band', kind: 'integer' },
  { key: 'change', label: 'change', kind: 'number' },
  { key: 'lowest_measure', label: 'lowest measure', kind: 'text', isName: true },
  { key: 'behaviour_change', label: 'behaviour', kind: 'number', terminal: false },
  { key: 'configuration_change', label: 'configuration', kind: 'number', terminal: false },
  { key: 'coverage_change', label: 'coverage', kind: 'number', terminal: false },
  { key: 'data_revision_change', label: 'data revision', kind: 'number', terminal: false },
  { key: 'product_usage', label: 'usage', kind: 'score' },
  { key: 'support_health', label: 'support', kind: 'score' },
  { key: 'relationship', label: 'relation', kind: 'score' },
  { key: 'business_outcomes', label: 'outcomes', kind: 'score' },
  { key: 'coverage_rate', label: 'coverage', kind: 'rate' },
  { key: 'why_unscored', label: 'why unscored', kind: 'text' },
  { key: 'feed_coverage_rate', label: 'feeds', kind: 'rate', terminal: false },
  { key: 'compared_with', label: 'last reading', kind: 'date', terminal: false },
];

const COMPONENTS: ReadonlySet<string> = new Set(Object.keys(DEFAULT_HEALTH.components));

/** Health of every active account: the score, its band with hysteresis, and what moved since the last reading. */
export const health: Agent<HealthAgentSettings> = {
  id: 'health',
  title: 'Health score',
  question: 'How is each account doing, and what moved?',
  reads: ['account_state', 'health_measures', 'fact', 'readings_asof', 'overrides_asof', 'health_measures_revised'],
  writes: ['health_score', 'health_measure', 'health_reading', 'health_calibration', 'health_unscored'],
  predicts: [HEALTH_PREDICTION],
  defaults: { health: DEFAULT_HEALTH, calibration: undefined, previous: undefined },
  async run(context, settings): Promise<Finding> {
    const book = await context.columns(ACCOUNTS);
    const rows = readRows(book, measureNames(settings.health));
    const peers = extendCalibration(settings.calibration, rows, context.asOf);
    const calibration = extendOwnNorms(peers, await readHistory(context, rows, settings.health));
    const scores = scoreHealth(rows, settings.health, calibration);
    const bands = await readBands(context, book, scores, settings.health);
    const change = await readChange(context, rows, scores, settings, calibration);
    const unscored = explainUnscored(rows, scores, settings.health);
    await context.writeColumns('health_unscored', {
      account_id: { type: 'VARCHAR', values: rows.account },
      why_unscored: { type: 'VARCHAR', values: unscored.why },
    });
    await writeTables(context, rows, scores, bands, change, settings.health);
    await context.writeColumns('health_calibration', {
      frozen_on: { type: 'VARCHAR', values: [calibration.frozen_on] },
      calibration: { type: 'VARCHAR', values: [JSON.stringify(calibration)] },
    });
    const notes = [unscored.summary, ...scaleNotes(rows, scores, settings.health, calibration)];
    return summarise(rows, scores, bands, settings.health, notes);
  },
};

const ACCOUNTS = `
  select h.*, s.name, s.csm, s.arr_amount, s.parent_account_id, s.is_unmatched,
    coalesce(f.red_count, 0) > 0 as has_red_fact
  from health_measures as h
  join account_state as s on s.account_id = h.account_id
  left join (select account_id, count(*) as red_count from fact where is_red or kind = 'no_use' group by account_id) as f
    on f.account_id = h.account_id
  order by h.account_id`;

function texts(book: ColumnSet, name: string): string[] {
  return book.text(name).map((value) => value ?? '');
}

function readRows(book: ColumnSet, measures: readonly string[]): HealthRows {
  const standard = measures.filter((name) => MEASURE_DIRECTIONS[name] !== undefined);
  return {
    account: texts(book, 'account_id'),
    segment: texts(book, 'segment'),
    tenure_days: book.number('tenure_days'),
    values: Object.fromEntries(standard.map((name) => [name, book.number(name)])),
    connected: Object.fromEntries(
      standard.map((name) => [name, Uint8Array.from(book.number(`${name}_connected`), (flag) => (flag === 1 ? 1 : 0))]),
    ),
  };
}

/**
 * Peers stay frozen, so that history stays comparable; a measure whose feed came later has no peers yet and is frozen
 * on the day it first has values.
 */
function extendCalibration(frozen: HealthCalibration | undefined, rows: HealthRows, asOf: string): HealthCalibration {
  const missing = Object.entries(rows.values).filter(
    ([name, values]) =>
      (frozen?.measures[name]?.whole.length ?? 0) === 0 && values.some((value) => !Number.isNaN(value)),
  );
  if (frozen !== undefined && missing.length === 0) return frozen;
  const fresh = freezeCalibration({ frozen_on: asOf, segment: rows.segment, values: Object.fromEntries(missing) });
  return { ...fresh, measures: { ...frozen?.measures, ...fresh.measures } };
}

/** Earlier readings of the measures that some scorecard holds against the account's own history. */
async function readHistory(context: AgentContext, rows: HealthRows, settings: HealthSettings) {
  const names = measureNames(settings, 'own_history').filter((name) => rows.values[name] !== undefined);
  if (names.length === 0) return {};
  const past = await context.columns(
    `select account_id, ${names.join(', ')} from readings_asof where as_of < $today::date order by account_id, as_of`,
    { today: context.asOf },
  );
  const account = texts(past, 'account_id');
  return Object.fromEntries(names.map((name) => [name, { account, values: past.number(name) }]));
}

interface Bands {
  /** Score after the roll-up of children, as shown. */
  readonly score: Float64Array;
  readonly band: Band[];
  readonly computed: Band[];
  readonly basis: string[];
  readonly since: string[];
}

const LAST_READING = `
  select account_id, as_of, band, computed_band, band_since, health_score
  from (select *, row_number() over (partition by account_id order by as_of desc) as age from readings_asof)
  where age = 1 order by account_id`;

async function readBands(
  context: AgentContext,
  book: ColumnSet,
  scores: HealthScores,
  settings: HealthSettings,
): Promise<Bands> {
  const last = new Map((await context.rows(LAST_READING)).map((row) => [String(row['account_id']), row]));
  const overrides = new Map(
    (await context.rows("select * from overrides_asof where field = 'band' order by account_id")).map((row) => [
      String(row['account_id']),
      readOverride(row),
    ]),
  );
  const accounts = texts(book, 'account_id');
  const place = new Map(accounts.map((account, i) => [account, i]));
  const parent = Int32Array.from(book.text('parent_account_id'), (id) => (id === null ? -1 : (place.get(id) ?? -1)));
  const score = rollUp(scores.health_score, book.number('arr_amount'), parent, settings.parent_rollup);
  const hasRedFact = book.number('has_red_fact');
  const out: Bands = { score, band: [], computed: [], basis: [], since: [] };
  for (const [i, account] of accounts.entries()) {
    const before = last.get(account);
    const result = decideBand(
      {
        score: score[i] as number,
        previous: (before?.['computed_band'] ?? undefined) as Band | undefined,
        has_red_fact: hasRedFact[i] === 1,
        override: overrides.get(account),
        as_of: context.asOf,
      },
      settings,
    );
    out.band.push(result.band);
    out.computed.push(result.computed);
    out.basis.push(result.basis);
    out.since.push(before?.['band'] === result.band ? String(before['band_since']) : context.asOf);
  }
  return out;
}

function readOverride(row: Readonly<Record<string, unknown>>): HealthOverride {
  return {
    band: String(row['value']) as HealthOverride['band'],
    reason: String(row['reason']),
    author: String(row['author']),
    set_on: String(row['said_on']),
    expires_on: String(row['expires_on']),
  };
}

interface Change extends ChangeParts {
  /** Day of the reading compared with, by account; null where there is none. */
  readonly comparedWith: readonly (string | null)[];
}

/** The last reading old enough to count as another one. */
const PREVIOUS = `
  with last as (select max(as_of) as as_of from readings_asof where as_of <= $before::date)
  select b.account_id, p.as_of as read_on, p.segment as old_segment, b.tenure_days, p.*, r.*
  from health_measures as b
  left join (select * from readings_asof where as_of = (select as_of from last)) as p on p.account_id = b.account_id
  left join health_measures_revised as r on r.account_id = b.account_id and r.revised_on = p.as_of
  order by b.account_id`;

async function readChange(
  context: AgentContext,
  rows: HealthRows,
  scores: HealthScores,
  settings: HealthAgentSettings,
  calibration: HealthCalibration,
): Promise<Change> {
  const names = Object.keys(rows.values);
  const stored = names.map((name) => `p.${name}`).join(', ');
  const revised = names.map((name) => `r.${name} as ${name}_revised`).join(', ');
  const sql = PREVIOUS.replace('p.*, r.*', `p.health_score, r.revised_on, ${stored}, ${revised}`);
  const before = await context.columns(sql, { before: addDays(context.asOf, -1) });
  const readOn = before.text('read_on');
  const revisedOn = before.text('revised_on');
  const elapsed = readOn.map((day) => (day === null ? 0 : daysBetween(day, context.asOf)));
  const segment = before.text('old_segment').map((value, i) => value ?? rows.segment[i] ?? '');
  const tenure_days = rows.tenure_days.map((days, i) => days - (elapsed[i] ?? 0));
  const values = Object.fromEntries(names.map((name) => [name, before.number(name)]));
  const reading: HealthReading = { segment, tenure_days, values, connected: {} };
  const recomputed: HealthReading = {
    ...reading,
    values: Object.fromEntries(
      names.map((name) => {
        const again = before.number(`${name}_revised`);
        const old = values[name] as Float64Array;
        return [name, old.map((value, i) => (revisedOn[i] === null ? value : (again[i] as number)))];
      }),
    ),
  };
  const yardstick = { settings: settings.health, calibration };
  const parts = decomposeChange({
    account: rows.account,
    stored: reading,
    recomputed,
    current: { segment: rows.segment, tenure_days: rows.tenure_days, values: rows.values, connected: rows.connected },
    old_yardstick:
      settings.previous === undefined
        ? { settings: settings.health, calibration: settings.calibration ?? calibration }
        : { settings: settings.previous.health, calibration: settings.previous.calibration },
    new_yardstick: yardstick,
  });
  const oldScore = before.number('health_score');
  // Only a score that was shown then and is shown now can have changed.
  const both = (part: Float64Array) =>
    part.map((value, i) => (Number.isNaN(oldScore[i]) || Number.isNaN(scores.health_score[i]) ? Number.NaN : value));
  return {
    change: both(parts.change),
    behaviour: both(parts.behaviour),
    configuration: both(parts.configuration),
    coverage: both(parts.coverage),
    data_revision: both(parts.data_revision),
    comparedWith: readOn,
  };
}

async function writeTables(
  context: AgentContext,
  rows: HealthRows,
  scores: HealthScores,
  bands: Bands,
  change: Change,
  settings: HealthSettings,
): Promise<void> {
  const double = (values: Float64Array): ColumnData => ({ type: 'DOUBLE', values });
  const text = (values: readonly (string | null)[]): ColumnData => ({ type: 'VARCHAR', values });
  await context.writeColumns('health_reading', {
    account_id: text(rows.account),
    segment: text(rows.segment),
    health_score: double(bands.score),
    band: text(bands.band),
    computed_band: text(bands.computed),
    band_since: { type: 'DATE', values: bands.since },
    band_basis: text(bands.basis),
    coverage_rate: double(scores.coverage_rate),
    feed_coverage_rate: double(scores.feed_coverage_rate),
    change: double(change.change),
    behaviour_change: double(change.behaviour),
    configuration_change: double(change.configuration),
    coverage_change: double(change.coverage),
    data_revision_change: double(change.data_revision),
    compared_with: { type: 'DATE', values: change.comparedWith },
    lowest_measure: text(lowestMeasures(rows, scores)),
    ...Object.fromEntries(Object.entries(scores.components).map(([name, values]) => [name, double(values)])),
    ...Object.fromEntries(Object.entries(rows.values).map(([name, values]) => [name, double(values)])),
    ...Object.fromEntries(Object.entries(scores.measures).map(([name, values]) => [`${name}_score`, double(values)])),
  });
  const components = Object.keys(settings.components);
  await context.write(
    'health_score',
    `select row_number() over (order by
         case r.band when 'red' then 0 when 'yellow' then 1 when 'unscored' then 2 else 3 end,
         coalesce(s.arr_amount, 0) desc, r.health_score, r.account_id) as rank,
       r.account_id, s.name, s.csm, r.segment, s.arr_amount, round(r.health_score, 1) as health_score, r.band,
       r.band_basis, $as_of::date - r.band_since as band_days, round(r.change, 1) as change,
       round(r.behaviour_change, 1) as behaviour_change, round(r.configuration_change, 1) as configuration_change,
       round(r.coverage_change, 1) as coverage_change, round(r.data_revision_change, 1) as data_revision_change,
       ${components.map((name) => `round(r.${name}, 0) as ${name}`).join(', ')},
       round(r.coverage_rate, 3) as coverage_rate, round(r.feed_coverage_rate, 3) as feed_coverage_rate,
       r.lowest_measure, u.why_unscored, r.compared_with
     from health_reading as r join account_state as s on s.account_id = r.account_id
     join health_unscored as u on u.account_id = r.account_id`,
    { as_of: context.asOf },
  );
  await writeMeasures(context, rows, settings);
}

/** One row an account and measure: the tree that `retain account` prints. */
async function writeMeasures(context: AgentContext, rows: HealthRows, settings: HealthSettings): Promise<void> {
  const selects = Object.entries(settings.components).flatMap(([component, { weight, measures }]) =>
    Object.entries(measures)
      .filter(([name]) => rows.values[name] !== undefined)
      .map(
        ([name, measure]) =>
          `select account_id, '${component}' as component, ${weight} as component_weight, '${name}' as measure,
             ${measure.weight} as measure_weight, ${name} as measure_value, ${name}_score as measure_score
           from health_reading`,
      ),
  );
  await context.write(
    'health_measure',
    `select * from (${selects.join(' union all ')}) order by account_id, component, measure`,
  );
}

function lowestMeasures(rows: HealthRows, scores: HealthScores): (string | null)[] {
  const names = Object.keys(scores.measures);
  return rows.account.map((_, i) => {
    let lowest: string | null = null;
    let least = 60;
    for (const name of names) {
      const score = scores.measures[name]?.[i] ?? Number.NaN;
      if (score < least) {
        least = score;
        lowest = name;
      }
    }
    return lowest;
  });
}

function summarise(
  rows: HealthRows,
  scores: HealthScores,
  bands: Bands,
  settings: HealthSettings,
  notes: readonly (string | null)[],
): Finding {
  const count = (band: Band) => bands.band.filter((value) => value === band).length;
  const table: FindingTable = {
    name: 'health_score',
    title: 'Health',
    columns: LIST_COLUMNS.filter(({ key }) => !COMPONENTS.has(key) || key in settings.components),
    order: ['rank'],
    notes: [
      `score 0–100, high is good; green from ${settings.bands.green}, red below ${settings.bands.red}, ${settings.hysteresis} points to leave a band; a red fact or 30 days without use is never green`,
      `feed coverage ${percent(mean(scores.feed_coverage_rate))} of the scorecard's weight; below ${percent(settings.min_coverage)} own coverage an account is unscored`,
      ...notes.filter((note) => note !== null),
    ],
  };
  return {
    headline: `${count('red')} red, ${count('yellow')} yellow, ${count('green')} green, ${count('unscored')} unscored of ${rows.account.length} active accounts`,
    tables: [table],
  };
}

function mean(values: Float64Array): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function percent(rate: number): string {
  return `${Math.round(rate * 100)} %`;
}
