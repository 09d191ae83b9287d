// How fast the glass box is beside interpret's EBM, and by itself.
//
//   npm run build && node bench/speed.js [--sizes 5000x20,100000x40] [--repeat 3] [--jobs 2] [--bags 8]
//     [--parts fit,step,workers,score] [--python bench/.venv/bin/python] [--check]
//
// 1000000x20 is the largest size that is asked for; it takes minutes and is therefore not among the defaults. Both sides
// get the same rows, bags, pairs, bins, rounds (no early stopping) and cores, in turn, each fit in a new process whose
// start and first fit are not counted; ratios are of medians. bench/README.md says what each line means. `--check` ends
// with 1 when a limit is passed, 2 when interpret cannot be asked.
import { spawn } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createRandom, ebm, METRICS, predictBinned, rankRows } from '../dist/models/index.js';
import { stopwatch } from './speed/stopwatch.js';
import { syntheticTable, writeTable } from './speed/synthetic.js';

/** Most that a fit may take of interpret's time, by rows. */
const LIMITS = [
  { rows: 5_000, ratio: 0.5 },
  { rows: Number.POSITIVE_INFINITY, ratio: 1 },
];
const MAX_STEP_NS = 6;
const MIN_WORKERS_GAIN = 1.7;
const MAX_SCORE_SECONDS = 0.5;
const PAIRS = 10;
/** Rounds by rows: enough that boosting and not start-up is timed, few enough that a run ends. */
const roundsOf = (rows) => (rows <= 10_000 ? 500 : rows <= 200_000 ? 100 : 50);

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '5000x20,100000x40' },
    repeat: { type: 'string', default: '3' },
    jobs: { type: 'string', default: '2' },
    bags: { type: 'string', default: '8' },
    parts: { type: 'string', default: 'fit,step,workers,score' },
    python: { type: 'string', default: fileURLToPath(new URL('.venv/bin/python', import.meta.url)) },
    check: { type: 'boolean', default: false },
  },
});
const repeat = Number(values.repeat);
const jobs = Number(values.jobs);
const bags = Number(values.bags);
const parts = values.parts.split(',');
const OUT = fileURLToPath(new URL('out/speed/', import.meta.url));
const PEER = fileURLToPath(new URL('peers/time_interpret.py', import.meta.url));
const OURS = fileURLToPath(new URL('speed/fit.js', import.meta.url));
let failed = false;

const load = () => loadavg()[0].toFixed(1);
const two = (value, width = 0) => value.toFixed(2).padStart(width);
console.log(`node ${process.versions.node}, ${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores`);
console.log(
  `load of the machine before: ${load()}; "others": cores that other work took meanwhile. Where it took some,`,
);
console.log('wall seconds are no verdict; CPU seconds leave out the time spent waiting for a core');
if (parts.includes('fit')) {
  console.log(`\nfit, seconds, medians of ${repeat}; ${bags} bags, ${PAIRS} pairs, ${jobs} jobs`);
  console.log(
    'rows × columns        rounds   retain   interpret  ratio  limit      CPU   interpret  ratio   others (both)  AUC in training (both)',
  );
  for (const size of values.sizes.split(',')) await compareFits(size);
}
if (parts.includes('step')) await stepTime();
if (parts.includes('workers')) await workersGain();
if (parts.includes('score')) await scoring();
console.log(`\nload of the machine after: ${load()}`);
if (values.check && failed) process.exitCode = 1;

/** One size: both sides in turn, then the medians. */
async function compareFits(size) {
  const [rows, width] = size.split('x').map(Number);
  const rounds = roundsOf(rows);
  const table = syntheticTable(rows, width);
  const place = `${OUT}${size}`;
  writeTable(place, table);
  const ours = { rows, width, jobs, params: ourParams(rounds, PAIRS) };
  const theirs = { rows, width, jobs, params: peerParams(rounds, PAIRS) };
  const own = [];
  const peer = [];
  for (let i = 0; i < repeat; i++) {
    own.push(await askOurs(ours));
    peer.push(await askPeer(place, theirs));
  }
  const [mine, other, myCpu, otherCpu] = ['seconds', 'cpu'].flatMap((of) =>
    [own, peer].map((all) => medianOf(all, of)),
  );
  const limit = LIMITS.find((item) => rows <= item.rows).ratio;
  failed ||= mine / other > limit;
  console.log(
    [
      `${rows} × ${width}`.padEnd(20),
      String(rounds).padStart(8),
      two(mine, 9),
      two(other, 10),
      two(mine / other, 7),
      limit.toFixed(1).padStart(7),
      two(myCpu, 9),
      two(otherCpu, 10),
      two(myCpu / otherCpu, 7),
      `${othersOf(own)}, ${othersOf(peer)}`.padStart(16),
      `  ${[own, peer].map(([answer]) => aucOf(answer.probability, table.label).toFixed(4)).join(', ')}`,
    ].join(''),
  );
}

/** CPU time of one row in one step of one feature: what more rounds cost, so that nothing else is in it. */
async function stepTime() {
  const [rows, width, few, many] = [100_000, 20, 20, 120];
  const trained = rows * 0.85;
  const steps = (many - few) * width * trained;
  const place = `${OUT}${rows}x${width}`;
  writeTable(place, syntheticTable(rows, width));
  const perStep = async (cpuOf) => {
    const gaps = [];
    for (let i = 0; i < repeat; i++) gaps.push((await cpuOf(many)) - (await cpuOf(few)));
    return (median(gaps) * 1e9) / steps;
  };
  const own = await perStep(async (rounds) => {
    const params = { ...ourParams(rounds, 0), bags: 1, greedy_rounds: 0 };
    return (await askOurs({ rows, width, jobs: 1, params })).cpu;
  });
  const peer = await perStep(async (rounds) => {
    const params = { ...peerParams(rounds, 0), outer_bags: 1, greedy_ratio: 0 };
    return (await askPeer(place, { rows, width, jobs: 1, params })).cpu;
  });
  failed ||= own > MAX_STEP_NS;
  console.log(
    `\ninner loop, ${rows} × ${width}, one bag, one thread: ${two(own)} ns per sample-step (limit ${MAX_STEP_NS}); ` +
      `interpret ${two(peer)} ns`,
  );
}

/**
 * What a second thread gains, and beside it what the machine gives: two processes with one thread each fit side by side,
 * and share nothing. No program can gain more than they do. All three in turn, so that other work strikes them alike.
 */
async function workersGain() {
  const [rows, width, rounds] = [100_000, 20, 100];
  const job = (workers) => ({ rows, width, jobs: workers, params: ourParams(rounds, 0) });
  const fits = { one: [], two: [], apart: [] };
  for (let i = 0; i < repeat; i++) {
    fits.one.push(await askOurs(job(1)));
    fits.two.push(await askOurs(job(2)));
    const [a, b] = await Promise.all([askOurs(job(1)), askOurs(job(1))]);
    const seconds = (a.seconds + b.seconds) / 2;
    fits.apart.push({
      seconds,
      cpu: (a.cpu + b.cpu) / 2,
      others: Math.max(0, (a.others + b.others - a.cpu - b.cpu) / 2),
    });
  }
  const [one, both, apart] = [fits.one, fits.two, fits.apart].map((all) => medianOf(all, 'seconds'));
  const gain = one / both;
  failed ||= gain < MIN_WORKERS_GAIN;
  const said = (all) =>
    `${two(medianOf(all, 'seconds'))} s (CPU ${two(medianOf(all, 'cpu'))}, others ${othersOf(all)})`;
  console.log(
    `\ntwo workers, ${rows} × ${width}, ${bags} bags, ${rounds} rounds, medians of ${repeat}: ${said(fits.two)}, one ${said(fits.one)}: ` +
      `${two(gain)} × (at least ${MIN_WORKERS_GAIN})`,
  );
  console.log(
    `what two cores of this machine give: two processes that share nothing, one thread each, took ${said(fits.apart)} a fit: ` +
      `${two((2 * one) / apart)} × of one`,
  );
  if (gain < MIN_WORKERS_GAIN && (2 * one) / apart < MIN_WORKERS_GAIN)
    console.log(
      'the machine itself gives less than is asked for (other work, or cores that share one): no verdict on the threads',
    );
}

/** One million accounts through 40 shapes and 10 pairs: from bins, as the engine hands them over, and from doubles. */
async function scoring() {
  const [rows, width] = [1_000_000, 40];
  const small = syntheticTable(20_000, width);
  const params = { ...ebm.defaults, bags: 2, max_rounds: 50, max_pair_rounds: 20, pairs: PAIRS };
  const model = await ebm.fit(small, params, createRandom(1));
  const random = createRandom(2);
  const binned = model.features.map((feature) => {
    const count = feature.cuts.length + 2;
    return { bins: feature, values: Uint8Array.from({ length: rows }, () => Math.floor(random() * count)) };
  });
  const { columns } = syntheticTable(rows, width, 3);
  const timed = async (work) => {
    const times = [];
    // The first pass compiles and is not counted.
    for (let i = 0; i <= repeat; i++) times.push(await stopwatch(work));
    return times.slice(1);
  };
  const fromBins = await timed(() => predictBinned(model, binned));
  const fromDoubles = await timed(() => ebm.predict(model, columns));
  const said = (times) =>
    `${medianOf(times, 'seconds').toFixed(3)} s (CPU ${medianOf(times, 'cpu').toFixed(3)}, others ${othersOf(times)})`;
  for (const times of [fromBins, fromDoubles]) failed ||= medianOf(times, 'seconds') > MAX_SCORE_SECONDS;
  console.log(
    `\nscoring ${rows} accounts × ${model.terms.length} terms to probabilities, one thread, medians of ${repeat} (limit ` +
      `${MAX_SCORE_SECONDS} s for each): ${said(fromBins)} from bins, ${said(fromDoubles)} from doubles, binning included`,
  );
}

function ourParams(rounds, pairs) {
  const stop = { early_stopping_rounds: 0, max_rounds: rounds, max_pair_rounds: rounds };
  return { bags, pairs, max_bins: 256, pair_bins: 32, ...stop };
}

/** What is ours by default, as interpret calls it. Its rounds count steps as ours do: those that only look are not counted. */
function peerParams(rounds, pairs) {
  const stop = { early_stopping_rounds: 0, max_rounds: rounds };
  const { learning_rate, max_leaves, smoothing_rounds, pair_smoothing_rounds, greedy_rounds } = ebm.defaults;
  return {
    outer_bags: bags,
    interactions: pairs,
    max_bins: 256,
    max_interaction_bins: 32,
    learning_rate,
    max_leaves,
    smoothing_rounds,
    interaction_smoothing_rounds: pair_smoothing_rounds,
    greedy_ratio: greedy_rounds,
    ...stop,
  };
}

function askOurs(job) {
  return ask(process.execPath, [OURS, JSON.stringify(job)], 'the fit failed');
}

function askPeer(place, job) {
  return ask(values.python, [PEER, place, JSON.stringify(job)], 'interpret cannot be asked');
}

function ask(command, args, complaint) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr']) {
      child[stream].setEncoding('utf8').on('data', (text) => {
        said[stream] += text;
      });
    }
    const giveUp = (why) => {
      console.error(`${complaint} (${command}): ${why}`);
      process.exit(2);
    };
    child.on('error', (error) => giveUp(error.message));
    child.on('close', (code) => (code === 0 ? resolve(JSON.parse(said.stdout)) : giveUp(said.stderr.slice(-2000))));
  });
}

function aucOf(probability, label) {
  const score = Float64Array.from(probability);
  return METRICS.roc_auc.fn(rankRows({ score, label: label.slice(0, score.length) }));
}

/** Cores that other work took, on median. */
function othersOf(answers) {
  return two(median(answers.map(({ others, seconds }) => others / seconds)));
}

function medianOf(answers, of) {
  return median(answers.map((answer) => answer[of]));
}

function median(times) {
  const sorted = times.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
}
