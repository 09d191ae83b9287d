// The panel of ChurnSim's CRM vendor (25 kinds of usage events, plans, add-ons, terms of 1, 6 and 12 months), on the
// protocol whose reachable figures are known: snapshots on the 1st of each month, one label for all terms (churn by
// contract chain within the horizon), 12 monthly origins, each fitted on labels closed by then. The configuration is what
// `retain init` writes.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dayNumber, monthStart } from '../../dist/lib/dates.js';
import { nominalColumn } from '../../dist/models/feature-column.js';
import { rollingOrigins } from '../../dist/models/index.js';
import { DERIVED } from '../../dist/pipeline/derived.js';
import { clearDate, materialiseDate } from '../../dist/pipeline/relations.js';
import { planRelations } from '../../dist/pipeline/replay.js';
import { openWorkspace } from '../../dist/pipeline/workspace.js';

export const FIRST = '2022-02-01';
const FIRST_ORIGIN = '2022-11-01';
export const LAST = '2023-10-01';
/** Terms at least this long are a decision of their own; shorter ones are month-to-month. */
export const LONG_TERM_DAYS = 90;
/** Columns of the snapshot that no model may see. */
const FRAME = new Set([
  'observation_date',
  'account_id',
  'segment',
  'churn_basis',
  'own_term_days',
  'label',
  'closed_on',
]);
const QUIET = { stage() {}, detail() {}, done() {}, note() {} };
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** One date's accounts: features, days of the term they are in, and whether they left within the horizon. */
const SNAPSHOT = `
  with outcome as (
    select account_id,
      max(case when decided_on > $as_of::date then 1 else 0 end) as has_left,
      max(case when decided_on <= $as_of::date and (returned_on is null or returned_on > $as_of::date) then 1 else 0 end)
        as had_left
    from main.known_outcome
    where decided_on <= $as_of::date + $horizon
    group by account_id
  )
  select $as_of::date as observation_date, feature.*, state.term_days as own_term_days,
    case
      when outcome.has_left = 1 then 1
      when outcome.had_left = 1 then null
      -- Ended inside the horizon and, at the end of the export, still within its grace: neither stayed nor left.
      when ending.end_on <= $as_of::date + $horizon and $as_of::date + $horizon + $grace > $known_by::date then null
      else 0
    end as label,
    $as_of::date + $horizon + $grace as closed_on
  from account_features($as_of::date) as feature
  join account_state($as_of::date) as state on state.account_id = feature.account_id
  left join outcome on outcome.account_id = feature.account_id
  left join main.known_end as ending on ending.account_id = feature.account_id`;

/** Accounts of the date with a fact about their use. */
const CHANGES = `
  select count(*) as readings, count(change.changed) as changed, coalesce(sum(change.dropped), 0) as dropped
  from dated.account_state as state
  left join (
    select account_id, 1 as changed, max(case when effect < 0 then 1 else 0 end) as dropped
    from dated.usage_change where is_fact group by account_id
  ) as change on change.account_id = state.account_id
  where state.status = 'active'`;

const KNOWN_END = `
  select account_id, max(coalesce(end_on, date '9999-12-31')) as end_on
  from contract_term($day::date) group by account_id`;

/** Whether `directory` holds the export. */
export function hasChurnSim(directory) {
  return existsSync(join(directory, 'subscriptions.csv'));
}

/**
 * Builds the panel of the export in `directory`: `panel` (a table of models with `closed_on`), `termDays` of each row,
 * the twelve `splits`, `censored` rows whose label is not closed, the configured `horizonDays`, the day `asOf` that the
 * labels are known by, and `seen`: account-readings, and those with a change of use beyond chance.
 */
export async function readChurnSim(directory) {
  const place = join(ROOT, 'bench/out/accuracy-churnsim');
  mkdirSync(place, { recursive: true });
  const init = spawnSync(
    process.execPath,
    [
      join(ROOT, 'bin/retain.js'),
      'init',
      resolve(directory),
      '--force',
      '--quiet',
      '--output',
      join(place, 'init.txt'),
    ],
    { cwd: place, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  if (init.status !== 0) throw new Error(`retain init ended with ${init.status} on ${directory}`);
  const workspace = await openWorkspace({
    config: join(place, 'retain.yaml'),
    store: join(place, 'store'),
    format: 'table',
    quiet: true,
    debug: false,
    color: false,
    width: 100,
    wait: 5,
    today: '2100-01-01',
    progress: QUIET,
  });
  try {
    const { engine, config, asOf } = workspace;
    const dates = [];
    for (let day = FIRST; day <= LAST; day = monthStart(day, 1)) dates.push(day);
    const seen = await buildSnapshots(engine, config, asOf);
    const read = await readPanel(engine);
    const origins = dates.filter((day) => day >= FIRST_ORIGIN).map(dayNumber);
    const splits = rollingOrigins(read.panel, { origins });
    return { ...read, splits, seen, asOf, horizonDays: config.churn.horizon_days };
  } finally {
    workspace.close();
  }
}

/**
 * `main.snapshot`: features of every date as known that day, labels as known at the end of the export. Returns how many
 * account-readings, up to the last month, held a change of use beyond chance, and how many a drop.
 */
async function buildSnapshots(engine, config, asOf) {
  const { horizon_days, grace_days } = config.churn;
  const relations = planRelations(['account_features', 'account_state', 'usage_change']);
  const seen = { readings: 0, changed: 0, dropped: 0 };
  await clearDate(engine);
  await engine.materialise('main.known_outcome', 'select * from outcome_asof($day::date)', { day: asOf });
  await engine.materialise('main.known_end', KNOWN_END, { day: asOf });
  for (let date = FIRST; date <= asOf; date = monthStart(date, 1)) {
    await materialiseDate(engine, date, relations, DERIVED, config);
    const [row] = await engine.rows(CHANGES);
    for (const key of Object.keys(seen)) seen[key] += Number(row[key]);
    if (date > LAST) continue;
    const into = date === FIRST ? 'create or replace table main.snapshot as' : 'insert into main.snapshot by name';
    const bindings = { as_of: date, horizon: horizon_days, grace: grace_days, known_by: asOf };
    await engine.execute(`${into} ${SNAPSHOT}`, bindings);
  }
  await clearDate(engine);
  return seen;
}

/** The snapshots with a label as the panel a model learns from. */
async function readPanel(engine) {
  const rows = await engine.columns(
    'select * from main.snapshot where label is not null order by observation_date, account_id',
  );
  const [left] = await engine.rows('select count(*) as n from main.snapshot where label is null');
  const ids = rows.text('account_id');
  const number = new Map([...new Set(ids)].sort().map((id, index) => [id, index]));
  const columns = rows.info
    .filter(({ name }) => !FRAME.has(name))
    .map(({ name, type }) =>
      type === 'VARCHAR'
        ? nominalColumn(name, rows.text(name))
        : { name, kind: 'continuous', values: rows.number(name) },
    )
    .filter(({ values }) => new Set(values).size > 1);
  return {
    censored: Number(left.n),
    termDays: rows.number('own_term_days'),
    panel: {
      columns,
      label: Uint8Array.from(rows.number('label')),
      weight: new Float64Array(rows.rowCount).fill(1),
      account: Int32Array.from(ids, (id) => number.get(id)),
      observation_date: Int32Array.from(rows.number('observation_date')),
      closed_on: Int32Array.from(rows.number('closed_on')),
    },
  };
}
