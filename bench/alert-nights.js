// Whether dips that everybody shares flood the at-risk lists: a year of weekly readings over the sample company, new
// alerts in weeks of the summer dip, the year's end, outages and the missing feed against those of ordinary weeks.
//
//   npm run build && node bench/alert-nights.js [--data DIR] [--twin DIR] [--from DAY] [--check]
//
// The supervisor is given all the capacity it asks for, so that what would be new is counted, not what fits.
//
// What else falls into those weeks (who leaves, which decisions and goals are due) is no dip's doing, and with three weeks
// of a year end it does not average out. `--twin` names the same sample written with `--plain-calendar`: its same weeks
// are what these would have been without the dips. Both are read by the one model fitted on DIR: one fitted on the twin
// ranks differently in every week, ordinary ones too, which is no doing of the dips. --check holds the ratio to an
// ordinary week all the same.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { AGENTS } from '../dist/agents/index.js';
import { readState } from '../dist/ledger/index.js';
import { addDays } from '../dist/lib/dates.js';
import { agentSettings } from '../dist/pipeline/agent-settings.js';
import { arbitrate, supervisorSettings } from '../dist/pipeline/arbitration.js';
import { fitChurn } from '../dist/pipeline/churn-training.js';
import { rememberDate } from '../dist/pipeline/remember.js';
import { replay } from '../dist/pipeline/replay.js';
import { reviseLastReading } from '../dist/pipeline/revision.js';
import { moneyStyle } from '../dist/pipeline/run-header.js';
import { openWorkspace } from '../dist/pipeline/workspace.js';
import { EMPTY_STATE } from '../dist/supervisor/index.js';

const MAX_RATIO = 1.2;

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    twin: { type: 'string' },
    from: { type: 'string' },
    check: { type: 'boolean', default: false },
  },
});
const root = fileURLToPath(new URL('../', import.meta.url));
const data = values.data ?? join(root, 'fixtures/sample');
const events = readEvents(join(data, 'truth/event.csv'));
if (values.twin !== undefined && readEvents(join(values.twin, 'truth/event.csv')).length > 0)
  throw new Error(`${values.twin} has dips of its own: write it with retain sample --plain-calendar`);
const { weeks: counted, model } = await live(data, values.from);
const twin = values.twin === undefined ? undefined : await live(values.twin, values.from, model);
if (twin !== undefined && twin.weeks.map(({ day }) => day).join() !== counted.map(({ day }) => day).join())
  throw new Error(`${values.twin} has other weeks than ${data}`);

for (const [index, { day, opened, kind }] of counted.entries()) {
  const without = twin === undefined ? '' : `${String(twin.weeks[index]?.opened).padStart(5)} without dips`;
  console.log(`${day}  ${String(opened).padStart(3)} new${without}  ${kind}`);
}
const ordinaryWeeks = openedIn(counted, 'ordinary');
const ordinary = mean(ordinaryWeeks);
console.log(
  `\nmodel: ${model.leave.verdict} / ${model.renewal.verdict}; ${counted.length} weeks; ordinary week: ${ordinary.toFixed(2)} new alerts`,
);
if (twin !== undefined)
  console.log(`without dips: same weeks: ${mean(openedIn(twin.weeks, 'ordinary')).toFixed(2)} new alerts`);
let worst = 0;
let worstToTwin = 0;
for (const kind of ['summer', 'year_end', 'outage', 'missing_feed']) {
  const these = openedIn(counted, kind);
  if (these.length === 0) continue;
  const ratio = mean(these) / ordinary;
  worst = Math.max(worst, ratio);
  console.log(
    `${kind}: ${these.length} weeks, ${mean(these).toFixed(2)} new a week, ${ratio.toFixed(2)} x ordinary (${interval(these, ordinaryWeeks)})`,
  );
  const elsewhere = reasonRates(counted, 'ordinary');
  console.log(
    `  by reason, new a week here and in an ordinary one: ${byReason(reasonRates(counted, kind), elsewhere)}`,
  );
  if (twin === undefined) continue;
  const without = openedIn(twin.weeks, kind);
  const toTwin = mean(these) / mean(without);
  worstToTwin = Math.max(worstToTwin, toTwin);
  console.log(
    `  the same weeks without dips: ${mean(without).toFixed(2)} new a week; ${toTwin.toFixed(2)} x (${sum(these)} alerts to ${sum(without)})`,
  );
  const same = reasonRates(twin.weeks, kind);
  console.log(`  by reason, new a week here and without dips: ${byReason(reasonRates(counted, kind), same)}`);
}
console.log(`worst ${worst.toFixed(2)} x an ordinary week, limit ${MAX_RATIO} x`);
if (twin !== undefined) console.log(`worst ${worstToTwin.toFixed(2)} x the same weeks without dips`);
if (values.check && worst > MAX_RATIO) process.exitCode = 1;

/** A year of weekly readings of one sample, by its own model or one given: what was new in each week and what opened it. */
async function live(directory, firstDay, given) {
  const quiet = { stage() {}, detail() {}, done() {}, note() {} };
  const workspace = await openWorkspace({
    config: join(directory, 'retain.yaml'),
    store: join(root, 'bench/out/alert-nights'),
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
  const from = firstDay ?? addDays(asOf, -54 * 7);
  const dates = [];
  for (let day = from; day <= asOf; day = addDays(day, 7)) dates.push(day);
  await readState(engine, join(root, 'bench/out/alert-nights/none.duckdb'), [], { asOf: from });
  const model = given ?? (await fitChurn(engine, config, from));
  await reviseLastReading(workspace);
  const money = await moneyStyle(workspace, []);
  let state = EMPTY_STATE;
  /** @type {{ day: string, opened: number, kind: string, reasons: Map<string, number> }[]} */
  const weeks = [];
  await replay({
    engine,
    config,
    agents: AGENTS,
    dates,
    given: ['health_measures_revised'],
    modelFor: (agent) => (agent.needsModel === true ? model : undefined),
    settingsFor: (agent) =>
      agentSettings(agent, config, { health: { calibration: undefined, previous: undefined }, money }),
    decide: async ({ asOf: day }) => {
      const settings = supervisorSettings(config, [], {});
      const result = await arbitrate(engine, state, day, {
        ...settings,
        rows_per_csm: 1_000_000,
        new_per_week: 1_000_000,
        assumed_days: Number.MAX_SAFE_INTEGER,
      });
      state = result.state;
      const constants = { config_hash: 'bench', calibration_id: null, model_id: model.model_id };
      const readings = /** @type {const} */ (['health_reading', 'churn_score', 'fact_reading']);
      await rememberDate(engine, 'bench', day, false, constants, readings);
      const opened = new Set(result.events.filter(({ event }) => event === 'opened').map(({ alert_id }) => alert_id));
      const reasons = new Map();
      for (const { alert_id, reason } of state.alerts)
        if (opened.has(alert_id)) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      weeks.push({ day, opened: opened.size, kind: kindOf(day), reasons });
    },
  });
  engine.close();
  // The first weeks fill an empty list.
  return { weeks: weeks.slice(4), model };
}

function readEvents(file) {
  if (!existsSync(file)) throw new Error(`${file} is absent: give the folder of a sample with --data`);
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))
    .map(([kind = '', first = '', last = '']) => ({ kind, first, last }))
    .filter(({ kind }) => ['summer', 'year_end', 'outage', 'missing_feed'].includes(kind));
}

/** A reading counts for an event from its first day until its days have left the 28-day window again. */
function kindOf(day) {
  const hit = events.find(({ first, last }) => day >= first && day <= addDays(last, 7));
  return hit?.kind ?? 'ordinary';
}

/** 95 % interval of the ratio of two weekly means: the spread between weeks, on the logarithm. */
function interval(these, others) {
  const variance = (values) => {
    const centre = mean(values);
    // Few weeks say little about their own spread; counts vary at least as Poisson's do.
    const own = values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / Math.max(1, values.length - 1);
    return Math.max(own, centre) / values.length / centre ** 2;
  };
  const middle = Math.log(mean(these) / mean(others));
  const half = 1.96 * Math.sqrt(variance(these) + variance(others));
  return `95 % ${Math.exp(middle - half).toFixed(2)} to ${Math.exp(middle + half).toFixed(2)}`;
}

/** New alerts of each week of a kind. */
function openedIn(weeks, kind) {
  return weeks.filter((week) => week.kind === kind).map(({ opened }) => opened);
}

/** What opened the alerts of the weeks of a kind: new ones a week, by reason. */
function reasonRates(weeks, kind) {
  const these = weeks.filter((week) => week.kind === kind);
  const sums = new Map();
  for (const { reasons } of these) for (const [reason, n] of reasons) sums.set(reason, (sums.get(reason) ?? 0) + n);
  return new Map([...sums].map(([reason, n]) => [reason, n / these.length]));
}

/** Two such tables side by side, the most frequent first. */
function byReason(here, elsewhere) {
  return [...new Set([...here.keys(), ...elsewhere.keys()])]
    .sort((a, b) => (here.get(b) ?? 0) - (here.get(a) ?? 0) || (a < b ? -1 : 1))
    .map((reason) => `${reason} ${(here.get(reason) ?? 0).toFixed(1)} / ${(elsewhere.get(reason) ?? 0).toFixed(1)}`)
    .join(', ');
}

function mean(values) {
  return values.length === 0 ? 0 : sum(values) / values.length;
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}
