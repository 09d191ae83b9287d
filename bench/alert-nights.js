// Whether dips that everybody shares flood the at-risk lists: a year of weekly readings over the sample company, new
// alerts in weeks of the summer dip, the year's end, outages and the missing feed against those of ordinary weeks.
//
//   npm run build && node bench/alert-nights.js [--data DIR] [--from DAY] [--check]
//
// The supervisor is given all the capacity it asks for, so that what would be new is counted, not what fits.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { AGENTS } from '../dist/agents/index.js';
import { readState } from '../dist/ledger/index.js';
import { addDays } from '../dist/lib/dates.js';
import { arbitrate, supervisorSettings } from '../dist/pipeline/arbitration.js';
import { fitChurn } from '../dist/pipeline/churn-training.js';
import { rememberDate } from '../dist/pipeline/remember.js';
import { replay } from '../dist/pipeline/replay.js';
import { reviseLastReading } from '../dist/pipeline/revision.js';
import { openWorkspace } from '../dist/pipeline/workspace.js';
import { EMPTY_STATE } from '../dist/supervisor/index.js';

const MAX_RATIO = 1.2;

const { values } = parseArgs({
  options: { data: { type: 'string' }, from: { type: 'string' }, check: { type: 'boolean', default: false } },
});
const root = fileURLToPath(new URL('../', import.meta.url));
const data = values.data ?? join(root, 'fixtures/sample');
const events = readEvents(join(data, 'truth/event.csv'));
const quiet = { stage() {}, detail() {}, done() {}, note() {} };
const workspace = await openWorkspace({
  config: join(data, 'retain.yaml'),
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
const from = values.from ?? addDays(asOf, -54 * 7);
const dates = [];
for (let day = from; day <= asOf; day = addDays(day, 7)) dates.push(day);
await readState(engine, join(root, 'bench/out/alert-nights/none.duckdb'), [], { asOf: from });
const model = await fitChurn(engine, config, from);
await reviseLastReading(workspace);
let state = EMPTY_STATE;
/** @type {{ day: string, opened: number, kind: string }[]} */
const weeks = [];
await replay({
  engine,
  config,
  agents: AGENTS,
  dates,
  given: ['health_measures_revised'],
  modelFor: (agent) => (agent.needsModel === true ? model : undefined),
  settingsFor: (agent) =>
    agent.id === 'health'
      ? { health: config.health, calibration: undefined, previous: undefined }
      : agent.id === 'renewal'
        ? config.renewal
        : agent.defaults,
  decide: async ({ asOf: day }) => {
    const settings = supervisorSettings(config, [], {});
    const result = await arbitrate(engine, state, day, {
      ...settings,
      rows_per_csm: 1_000_000,
      new_per_week: 1_000_000,
      assumed_days: Number.MAX_SAFE_INTEGER,
    });
    state = result.state;
    await rememberDate(engine, 'bench', day, false, {
      config_hash: 'bench',
      calibration_id: null,
      model_id: model.model_id,
    });
    weeks.push({ day, opened: result.events.filter(({ event }) => event === 'opened').length, kind: kindOf(day) });
  },
});

// The first weeks fill an empty list.
const counted = weeks.slice(4);
for (const { day, opened, kind } of counted) console.log(`${day}  ${String(opened).padStart(3)} new  ${kind}`);
const ordinary = mean(counted.filter(({ kind }) => kind === 'ordinary').map(({ opened }) => opened));
console.log(
  `\nmodel: ${model.leave.verdict} / ${model.renewal.verdict}; ${counted.length} weeks; ordinary week: ${ordinary.toFixed(2)} new alerts`,
);
let worst = 0;
for (const kind of ['summer', 'year_end', 'outage', 'missing_feed']) {
  const these = counted.filter((week) => week.kind === kind).map(({ opened }) => opened);
  if (these.length === 0) continue;
  const ratio = mean(these) / ordinary;
  worst = Math.max(worst, ratio);
  console.log(`${kind}: ${these.length} weeks, ${mean(these).toFixed(2)} new a week, ${ratio.toFixed(2)} x ordinary`);
}
console.log(`worst ${worst.toFixed(2)} x, limit ${MAX_RATIO} x`);
if (values.check && worst > MAX_RATIO) process.exitCode = 1;

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

function mean(values) {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
