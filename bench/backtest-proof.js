// Whether the backtest's replay finds anything where nothing is: the labels of ChurnSim's CRM vendor are shuffled within
// each observation date, every link to every feature is gone, and the rungs are fitted and tested at 12 monthly origins
// as `retain backtest` does it (one shared fit a date, AUC within origins, intervals by redrawn accounts).
//
//   npm run build && node bench/backtest-proof.js --data DIR [--seeds 50] [--rungs logistic,best_single_rule] [--check]
//     [--kept FILE] [--at-most N]
//
// `--kept` keeps each shuffle's answer in a file and takes those of its rungs that stand there already, so that a long run can be
// broken off and taken up again; `--at-most` shuffles so often in this call and ends, with 3 where some are still to come.
//
// Wanted: mean AUC over the seeds within .01 of .5, and the 95 % interval covers .5 in at least nine of ten.
// `--check` ends with 1 where it is not so. DIR holds the ChurnSim files; without it the bench says so and ends with 2.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  bootstrapMetric,
  churnRungs,
  createRandom,
  forkRandom,
  joinReplays,
  METRICS,
  permuteWithinDates,
  replaySplit,
  rollingOrigins,
  sharedReplays,
} from '../dist/models/index.js';
import { openPool } from '../dist/pipeline/pool.js';
import { hasChurnSim, readChurnSim } from './accuracy/churnsim.js';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    seeds: { type: 'string', default: '50' },
    rungs: { type: 'string', default: 'logistic,best_single_rule' },
    check: { type: 'boolean', default: false },
    kept: { type: 'string' },
    'at-most': { type: 'string', default: 'Infinity' },
  },
});
if (values.data === undefined || !hasChurnSim(values.data)) {
  console.error('this bench needs the ChurnSim files: give their folder with --data');
  process.exit(2);
}
const wanted = values.rungs.split(',');
const unknown = wanted.filter((name) => !churnRungs().some((rung) => rung.name === name));
if (unknown.length > 0) {
  console.error(`no rung ${unknown.join(', ')}: --rungs takes ${churnRungs().map(({ name }) => name)}`);
  process.exit(2);
}
const seeds = Number(values.seeds);
const kept = new Map();
if (values.kept !== undefined && existsSync(values.kept)) {
  for (const line of readFileSync(values.kept, 'utf8').trim().split('\n')) {
    const { seed, rung, value, covered } = JSON.parse(line);
    kept.set(`${seed} ${rung}`, { value, covered });
  }
}
let left = Number(values['at-most']);
const { panel, splits } = await readChurnSim(values.data);
const origins = splits.map(({ origin }) => origin);
const pool = openPool();
const rungs = churnRungs(pool).filter(({ name }) => name === 'base_rate' || wanted.includes(name));
const found = new Map(wanted.map((name) => [name, { sum: 0, squares: 0, covered: 0 }]));
/** Notes what one shuffle of one rung gave. */
function count(rung, { value, covered }) {
  const entry = found.get(rung);
  entry.sum += value;
  entry.squares += value ** 2;
  entry.covered += covered;
}

for (let seed = 1; seed <= seeds; seed++) {
  if (wanted.every((rung) => kept.has(`${seed} ${rung}`))) {
    for (const rung of wanted) count(rung, kept.get(`${seed} ${rung}`));
    continue;
  }
  if (left-- <= 0) {
    await pool.close();
    process.exit(3);
  }
  const label = permuteWithinDates(panel.label, panel.observation_date, forkRandom(seed, 'shuffle'));
  const shuffled = { ...panel, label };
  const replay = sharedReplays(shuffled, (split) => replaySplit(shuffled, rungs, split, seed));
  const replays = [];
  for (const split of rollingOrigins(shuffled, { origins })) replays.push(await replay(split));
  const joined = joinReplays(replays);
  const pick = (from) => Int32Array.from(joined.rows, (row) => from[row]);
  for (const { rung, probability } of joined.rungs) {
    if (!found.has(rung.name)) continue;
    const rows = { score: probability, label: Uint8Array.from(pick(label)) };
    const options = { origin: pick(panel.observation_date), level: 0.95, replicates: 500 };
    const auc = bootstrapMetric(METRICS.roc_auc, rows, pick(panel.account), createRandom(seed), options);
    const answer = { value: auc.value, covered: auc.low <= 0.5 && auc.high >= 0.5 ? 1 : 0 };
    count(rung.name, answer);
    if (values.kept !== undefined) {
      appendFileSync(values.kept, `${JSON.stringify({ seed, rung: rung.name, ...answer })}\n`);
    }
  }
}
await pool.close();
console.log(`${panel.label.length} rows, ${origins.length} origins, ${seeds} shuffles of the labels within each date`);
for (const [name, { sum, squares, covered }] of found) {
  const mean = sum / seeds;
  const error = Math.sqrt((squares / seeds - mean ** 2) / Math.max(1, seeds - 1));
  console.log(
    `${name.padEnd(20)} mean AUC ${mean.toFixed(4)} ± ${error.toFixed(4)} (standard error over seeds), 95 % interval covers .5 in ${covered} of ${seeds}`,
  );
  if (values.check && (Math.abs(mean - 0.5) > 0.01 || covered < 0.9 * seeds)) process.exitCode = 1;
}
