// Holds the accuracy metrics and the ridge logistic regression against scikit-learn on random cases with ties, weights
// and rare outcomes, then times one million rows on both sides. Needs `npm run build` and a Python with scikit-learn:
//   python3 -m venv bench/.venv && bench/.venv/bin/pip install scikit-learn
//   node bench/peers/metrics.js [--python bench/.venv/bin/python]
// Exit code 1 when any difference passes the tolerance, 2 when the peer cannot be run.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  bootstrapMetric,
  createRandom,
  explainLogistic,
  fitLogistic,
  METRICS,
  rankRows,
} from '../../dist/models/index.js';

const CASES = 1_000;
const FITS = 100;
const BINS = 7;
const METRIC_TOLERANCE = 1e-9;
const FIT_TOLERANCE = 1e-6;
const COMPARED = ['roc_auc', 'pr_auc', 'log_loss', 'brier', 'calibration_error', 'calibration_in_the_large'];

const flag = process.argv.indexOf('--python');
const python = flag > 0 ? process.argv[flag + 1] : fileURLToPath(new URL('../.venv/bin/python', import.meta.url));
const reference = fileURLToPath(new URL('metrics.py', import.meta.url));

function ask(lines) {
  const input = `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
  const { status, stdout, stderr, error } = spawnSync(python, [reference], {
    input,
    maxBuffer: 2 ** 30,
    encoding: 'utf8',
  });
  if (status !== 0) {
    console.error(`scikit-learn could not be asked (${python}): ${error?.message ?? stderr}`);
    process.exit(2);
  }
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/**
 * Ties by rounding, probabilities of exactly 0 and 1 now and then, whole, fractional and zero weights, rare outcomes. One
 * case in eight has one class only, down to a single row; now and then the other class is there with no weight.
 */
function metricCase(random) {
  const only = [0, 1][Math.floor(random() * 16)];
  const n = (only === undefined ? 2 : 1) + Math.floor(random() * (only === undefined ? 400 : 40));
  const digits = Math.floor(random() * 4);
  const rate = [0.5, 0.2, 0.03][Math.floor(random() * 3)];
  const weights = Math.floor(random() * 3);
  const score = Array.from({ length: n }, () =>
    digits === 3 ? random() : Math.round(random() * 10 ** digits) / 10 ** digits,
  );
  const label = score.map((s) => (random() < rate * (0.5 + s) ? 1 : 0));
  if (only === undefined) [label[0], label[1]] = [1, 0];
  const weight = score.map(() => (weights === 0 ? 1 : weights === 1 ? Math.floor(random() * 4) : random() * 3));
  [weight[0], weight[1]] = [1, 1];
  const isGhost = random() < 0.5;
  if (only !== undefined) {
    label.forEach((value, i) => {
      if (!isGhost || i === 0) label[i] = only;
      else if (value !== only) weight[i] = 0;
    });
  }
  return { score, label, weight: weight.slice(0, n), bins: BINS, only };
}

function fitCase(random) {
  const n = 50 + Math.floor(random() * 400);
  const width = 1 + Math.floor(random() * 8);
  const x = Array.from({ length: width }, () => Array.from({ length: n }, () => random() * 10 - 3));
  const label = Array.from({ length: n }, (_, i) => (random() < 1 / (1 + Math.exp(1 - x[0][i] / 3)) ? 1 : 0));
  [label[0], label[1]] = [1, 0];
  const weight = label.map(() => 0.2 + random() * 3);
  return { x, label, weight, ridge: 10 ** (random() * 5 - 2) };
}

const random = createRandom(20_240_101);
const cases = Array.from({ length: CASES }, () => metricCase(random));
const answers = ask(cases);
const worst = Object.fromEntries(COMPARED.map((name) => [name, 0]));
const undefinedHere = Object.fromEntries(COMPARED.map((name) => [name, 0]));
cases.forEach((item, k) => {
  const ranked = rankRows({
    score: Float64Array.from(item.score),
    label: Uint8Array.from(item.label),
    weight: Float64Array.from(item.weight),
  });
  for (const name of COMPARED) {
    const [own, peer] = [METRICS[name].fn(ranked, { bins: BINS }), answers[k][name]];
    // Null: scikit-learn calls the metric undefined and answers NaN; so must we.
    if (peer === null && Number.isNaN(own)) {
      undefinedHere[name]++;
      continue;
    }
    const gap = peer === null ? Number.NaN : Math.abs(own - peer);
    worst[name] = Math.max(worst[name], Number.isNaN(gap) ? Number.POSITIVE_INFINITY : gap);
  }
});
let failed = false;
for (const [name, gap] of Object.entries(worst)) {
  failed ||= !(gap <= METRIC_TOLERANCE);
  console.log(
    `${name.padEnd(26)} largest difference over ${CASES} cases ${gap.toExponential(1)}; ${undefinedHere[name]} without a value on both sides`,
  );
}
const oneClass = cases.filter(({ only }) => only !== undefined).length;
console.log(`${oneClass} of the ${CASES} cases have one class only`);

const fits = Array.from({ length: FITS }, () => fitCase(random));
const fitted = ask(fits);
let gap = 0;
fits.forEach((item, k) => {
  const columns = item.x.map((values, j) => ({ name: `x${j}`, kind: 'continuous', values: Float64Array.from(values) }));
  const table = {
    columns,
    label: Uint8Array.from(item.label),
    weight: Float64Array.from(item.weight),
    account: Int32Array.from(item.label, (_, i) => i),
    observation_date: new Int32Array(item.label.length),
  };
  const { log_odds } = explainLogistic(fitLogistic(table, { ridge: item.ridge }, createRandom(1)), columns);
  log_odds.forEach((eta, i) => {
    gap = Math.max(gap, Math.abs(eta - fitted[k].log_odds[i]));
  });
});
failed ||= !(gap <= FIT_TOLERANCE);
console.log(`${'ridge logistic, log-odds'.padEnd(26)} largest difference over ${FITS} fits  ${gap.toExponential(1)}`);

const rows = 1_000_000;
const label = new Uint8Array(rows);
const score = new Float64Array(rows);
for (let i = 0; i < rows; i++) {
  score[i] = random();
  label[i] = random() < 0.2 * score[i] ? 1 : 0;
}
const time = (work) => {
  const start = performance.now();
  work();
  return performance.now() - start;
};
time(() => METRICS.roc_auc.fn(rankRows({ score, label })));
const own = time(() => METRICS.roc_auc.fn(rankRows({ score, label })));
const account = Int32Array.from(label, (_, i) => i % 50_000);
const bootstrap = time(() =>
  bootstrapMetric(METRICS.roc_auc, { score, label }, account, createRandom(1), { replicates: 100 }),
);
const script =
  'import numpy as np, time\nfrom sklearn.metrics import roc_auc_score\n' +
  `r=np.random.default_rng(1); s=r.random(${rows}); y=(r.random(${rows})<.2*s).astype(int)\n` +
  'roc_auc_score(y,s); t=time.perf_counter(); roc_auc_score(y,s); print((time.perf_counter()-t)*1000)';
const peer = Number(spawnSync(python, ['-c', script], { encoding: 'utf8' }).stdout);
console.log(
  `ROC-AUC of 1M rows: ${own.toFixed(0)} ms here, ${peer.toFixed(0)} ms in scikit-learn, ratio ${(own / peer).toFixed(2)}`,
);
console.log(`100 account-clustered bootstrap replicates of it: ${bootstrap.toFixed(0)} ms`);
process.exitCode = failed ? 1 : 0;
