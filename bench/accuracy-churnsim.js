// How well the logistic rung ranks accounts of ChurnSim's CRM vendor (25 kinds of usage events, plans, add-ons, terms
// of 1, 6 and 12 months), on the protocol whose reachable figures are known: snapshots on the 1st of each month, one
// label for all terms (churn by contract chain within the horizon), 12 monthly origins, each fitted on labels closed by
// then, mean of the AUCs within the origins.
//
//   npm run build && node bench/accuracy-churnsim.js --data DIR [--check]
//
// DIR holds accounts.csv, subscriptions.csv, usage_daily.csv.gz and usage_weekly.csv; without it the bench says so and
// ends with 2. The configuration is what `retain init` writes. `--check` ends with 1 below 0.73 over all terms.
//
// Rows of 6- and 12-month terms are mostly won by knowing the term end, so that they and the monthly ones are also
// printed apart: ranked within their own group by the one model that was fitted on all.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { dayFromNumber, dayNumber, monthStart } from '../dist/lib/dates.js';
import { nominalColumn } from '../dist/models/feature-column.js';
import {
  baselineRungs,
  bootstrapMetric,
  createRandom,
  forkRandom,
  METRICS,
  rankByOrigin,
  rollingOrigins,
  takePanelRows,
} from '../dist/models/index.js';
import { DERIVED } from '../dist/pipeline/derived.js';
import { clearDate, materialiseDate } from '../dist/pipeline/relations.js';
import { planRelations } from '../dist/pipeline/replay.js';
import { openWorkspace } from '../dist/pipeline/workspace.js';

const FIRST = '2022-02-01';
const FIRST_ORIGIN = '2022-11-01';
const LAST = '2023-10-01';
const REQUIRED = 0.73;
/** Terms at least this long are a decision of their own; shorter ones are month-to-month. */
const LONG_TERM_DAYS = 90;
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

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    check: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
  },
});
if (values.data === undefined || !existsSync(join(values.data, 'subscriptions.csv'))) {
  console.error(
    values.data === undefined
      ? 'this bench needs the ChurnSim files: give their folder with --data'
      : `the ChurnSim files are absent: there is no ${join(values.data, 'subscriptions.csv')}; give their folder with --data`,
  );
  process.exit(2);
}
const seed = Number(values.seed);
const root = fileURLToPath(new URL('../', import.meta.url));
const place = join(root, 'bench/out/accuracy-churnsim');
mkdirSync(place, { recursive: true });
const init = spawnSync(
  process.execPath,
  [
    join(root, 'bin/retain.js'),
    'init',
    resolve(values.data),
    '--force',
    '--quiet',
    '--output',
    join(place, 'init.txt'),
  ],
  { cwd: place, stdio: ['ignore', 'ignore', 'inherit'] },
);
if (init.status !== 0) process.exit(2);

const quiet = { stage() {}, detail() {}, done() {}, note() {} };
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
  progress: quiet,
});
const { engine, config, asOf } = workspace;

const dates = [];
for (let day = FIRST; day <= LAST; day = monthStart(day, 1)) dates.push(day);
const seen = await buildSnapshots();
const panel = await readPanel();
const termDays = panel.termDays;
const splits = rollingOrigins(panel.table, {
  origins: dates.filter((day) => day >= FIRST_ORIGIN).map(dayNumber),
});
const rung = baselineRungs().find(({ name }) => name === 'logistic');
if (rung === undefined) throw new Error('the ladder has no logistic rung');
const score = new Float64Array(panel.table.label.length).fill(Number.NaN);
for (const { origin, train, test } of splits) {
  const fitted = await rung.fit(takePanelRows(panel.table, train), forkRandom(seed, `${rung.name}:${origin}`));
  if ('skipped' in fitted)
    throw new Error(`the logistic rung was skipped at ${dayFromNumber(origin)}: ${fitted.skipped}`);
  fitted.predict(takePanelRows(panel.table, test)).forEach((probability, i) => {
    score[test[i]] = probability;
  });
}
const tested = splits.flatMap(({ test }) => [...test]);

const churned = new Set(tested.filter((i) => panel.table.label[i] === 1).map((i) => panel.table.account[i]));
console.log(
  `${panel.table.label.length} account-snapshots ${FIRST} … ${LAST}, ${panel.table.columns.length} features; ` +
    `churn by contract chain within ${config.churn.horizon_days} days, labels known by ${asOf}`,
);
console.log(
  `${splits.length} origins ${dayFromNumber(splits[0].origin)} … ${dayFromNumber(splits.at(-1).origin)}, ` +
    `${tested.length} rows, ${churned.size} accounts that left, ${panel.censored} rows left out because their label is not closed`,
);
console.log(
  '\nlogistic rung           AUC within origins   90 % by account   plain mean   rows  outcomes  accounts that left',
);
const all = report('all terms', tested);
report(
  'monthly terms',
  tested.filter((i) => termDays[i] < LONG_TERM_DAYS),
);
report(
  '6- and 12-month terms',
  tested.filter((i) => termDays[i] >= LONG_TERM_DAYS),
);
console.log(
  '\nAUC within origins: each origin ranked by itself, averaged by its outcomes; plain mean: every origin counts the same.',
);
console.log(`required over all terms: ${REQUIRED}`);
console.log(
  `\nchanges of use beyond chance: ${seen.changed} of ${seen.readings} account-readings ${FIRST} … ${asOf} ` +
    `(${((100 * seen.changed) / seen.readings).toFixed(2)} %), of them drops, the red facts: ${seen.dropped}; at most 2 % wanted`,
);
workspace.close();
if (values.check && !(all >= REQUIRED)) process.exitCode = 1;

/** Prints one group's line and returns its AUC. */
function report(title, rows) {
  const pick = (from) => rows.map((i) => from[i]);
  const scored = {
    score: Float64Array.from(pick(score)),
    label: Uint8Array.from(pick(panel.table.label)),
  };
  const account = Int32Array.from(pick(panel.table.account));
  const origin = Int32Array.from(pick(panel.table.observation_date));
  const interval = bootstrapMetric(METRICS.roc_auc, scored, account, createRandom(seed), { origin, replicates: 1000 });
  const each = rankByOrigin(scored, origin)
    .map(({ ranked }) => METRICS.roc_auc.fn(ranked))
    .filter((value) => !Number.isNaN(value));
  const outcomes = scored.label.reduce((sum, label) => sum + label, 0);
  const left = new Set(account.filter((_, i) => scored.label[i] === 1)).size;
  const mean = each.reduce((sum, value) => sum + value, 0) / each.length;
  console.log(
    [
      title.padEnd(24),
      interval.value.toFixed(3).padStart(16),
      `${interval.low.toFixed(3)}–${interval.high.toFixed(3)}`.padStart(18),
      mean.toFixed(3).padStart(13),
      String(rows.length).padStart(7),
      String(outcomes).padStart(10),
      String(left).padStart(20),
    ].join(''),
  );
  return interval.value;
}

/**
 * `main.snapshot`: features of every date as known that day, labels as known at the end of the export. Returns how many
 * account-readings, up to the last month, held a change of use beyond chance, and how many a drop.
 */
async function buildSnapshots() {
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
async function readPanel() {
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
    table: {
      columns,
      label: Uint8Array.from(rows.number('label')),
      weight: new Float64Array(rows.rowCount).fill(1),
      account: Int32Array.from(ids, (id) => number.get(id)),
      observation_date: Int32Array.from(rows.number('observation_date')),
      closed_on: Int32Array.from(rows.number('closed_on')),
    },
  };
}
