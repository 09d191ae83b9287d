// Whether the intervals that a backtest prints hold what they promise on companies whose truth is known: each draw is a company
// of `retain sample` with a seed of its own, scored at 12 monthly origins, its figures made by the code of `retain backtest`.
//
//   npm run build && node bench/interval-coverage.js [--draws 120] [--accounts 250] [--months 30] [--population 20000]
//     [--replicates 500] [--from 1] [--check]
//
// Two scores are tested. `planted`: the generator's own probability of leaving within three months. `foggy`: the same
// probability pushed too high and blurred by noise of the account and of the row, so that it ranks less well and is wrongly
// calibrated. Neither is fitted, so what a figure should be hangs on the generator alone.
//
// The truth of a figure is no average of what is tested. In one large company of another seed every outcome is redrawn by its
// planted probability, in books as large as the companies tested: `truth` is the mean figure of a book, over all that luck
// decides. Beside it `limit`: the figure of the large company as one book, each row twice, as left with its planted probability
// as weight and as stayed with the rest, so that no outcome need be drawn. (Of metrics that look at so many rows of a list, the
// list is as large a part of it as of a small book.) Where the two differ, the metric itself hangs on the size of a book, and the
// mean of such books is asked for; but of the calibration error the limit, which is what it is to tell: a small book inflates it.
//
// An interval is at 90 %; `--check` ends with 1 where one covers its truth in fewer than 85 or more than 99 of 100 draws.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { figuresOf } from '../dist/models/backtest-figures.js';
import { createRandom, forkRandom, METRICS, meanWithinOrigins, rankByOrigin, rankRows } from '../dist/models/index.js';
import { writeSample } from '../dist/pipeline/sample.js';

const { values } = parseArgs({
  options: {
    draws: { type: 'string', default: '120' },
    accounts: { type: 'string', default: '250' },
    months: { type: 'string', default: '30' },
    population: { type: 'string', default: '20000' },
    replicates: { type: 'string', default: '500' },
    from: { type: 'string', default: '1' },
    check: { type: 'boolean', default: false },
  },
});
const [draws, accounts, months, population, replicates, from] = [
  values.draws,
  values.accounts,
  values.months,
  values.population,
  values.replicates,
  values.from,
].map(Number);
const LAST_DAY = '2026-06-30';
const ORIGINS = 12;
const CAPACITY_SHARE = 1 / 25;
const REDRAWN = 5;
const SHOWN = [
  'roc_auc',
  'pr_auc',
  'lift',
  'precision_at_capacity',
  'recall_at_capacity',
  'log_loss',
  'brier',
  'brier_skill',
  'calibration_error',
  'calibration_in_the_large',
];

/** The rows of one company at its last dates whose three months are over: one an account that is still there. */
async function company(count, seed) {
  const directory = mkdtempSync(join(tmpdir(), 'retain-coverage-'));
  try {
    const silent = { stage() {}, detail() {}, done() {}, note() {} };
    const form = { threeExports: true, dailyUsage: false, gzip: false };
    const shared = { format: 'table', quiet: true, debug: false, color: false, width: 100, wait: 0, progress: silent };
    const sample = { directory, accounts: count, months, end: LAST_DAY, usagePerAccount: 1, form, force: true };
    await writeSample({ ...shared, ...sample, seed, today: LAST_DAY, writeConfig: false });
    return rowsOf(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function table(file) {
  const [head, ...lines] = readFileSync(file, 'utf8').trim().split('\n');
  const names = head.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, k) => [names[k], cell])));
}

function rowsOf(directory) {
  const left = new Map(
    table(join(directory, 'truth/account.csv')).map((row) => [row.account_id, row.churn_decided_date]),
  );
  const known = table(join(directory, 'truth/account_month.csv')).filter((row) => row.churn_probability !== '');
  const dates = [...new Set(known.map(({ month }) => month))].sort().slice(-ORIGINS);
  const rows = known.filter(({ month }) => dates.includes(month));
  const ids = [...new Set(rows.map(({ account_id }) => account_id))].sort();
  const place = new Map(ids.map((id, k) => [id, k]));
  const day = (text) => Date.parse(text) / 86_400_000;
  const until = (month) => {
    const [year, number] = month.split('-').map(Number);
    return new Date(Date.UTC(year, number + 2, 1)).toISOString().slice(0, 10);
  };
  return {
    ids,
    account: Int32Array.from(rows, ({ account_id }) => place.get(account_id)),
    origin: Int32Array.from(rows, ({ month }) => day(month)),
    probability: Float64Array.from(rows, ({ churn_probability }) => Number(churn_probability)),
    label: Uint8Array.from(rows, ({ account_id, month }) => {
      const decided = left.get(account_id);
      return decided !== '' && decided >= month && decided < until(month) ? 1 : 0;
    }),
    lead_days: Float64Array.from(rows, ({ account_id, month }) => {
      const decided = left.get(account_id);
      return decided === '' ? Number.NaN : day(decided) - day(month);
    }),
  };
}

/** The scores under test, by name. The fog hangs on the row alone, not on its outcome. */
function scoresOf({ account, probability, ids }, seed) {
  const random = forkRandom(seed, 'fog');
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const own = Float64Array.from(ids, () => 0.7 * normal());
  const foggy = probability.map((p, i) => {
    const odds = Math.log((p + 0.004) / (1 - p + 0.004)) + 0.4 + own[account[i]] + 0.5 * normal();
    return 1 / (1 + Math.exp(-odds));
  });
  return { planted: probability, foggy };
}

/** What each metric is where nothing hangs on luck: every row left and stayed, weighted by the planted probability. */
function limitOf(rows, score, reference) {
  const n = score.length;
  const twice = (pick) => Float64Array.from({ length: 2 * n }, (_, k) => pick(k % n, k < n ? 1 : 0));
  const doubled = {
    score: twice((i) => score[i]),
    label: twice((_, y) => y),
    weight: twice((i, y) => (y === 1 ? rows.probability[i] : 1 - rows.probability[i])),
    reference: twice(() => reference),
  };
  const origin = Int32Array.from(twice((i) => rows.origin[i]));
  const byOrigin = rankByOrigin(doubled, origin);
  const ranked = rankRows(doubled);
  const capacity = CAPACITY_SHARE * population;
  return SHOWN.map((name) => {
    const metric = METRICS[name];
    return metric.kind === 'ranking'
      ? meanWithinOrigins(byOrigin, metric, { capacity })
      : metric.fn(ranked, { capacity });
  });
}

function figures(rows, scores, reference, seed, times = replicates) {
  const blank = new Float64Array(rows.label.length).fill(Number.NaN);
  return figuresOf(
    {
      prediction: 'churn',
      basis: 'all',
      ...rows,
      worked: new Uint8Array(rows.label.length),
      amount: blank,
      reference: new Float64Array(rows.label.length).fill(reference),
      slices: {},
      candidates: Object.entries(scores).map(([name, score]) => ({ name, score, kind: 'probability', isMain: true })),
    },
    { capacity: Math.round(CAPACITY_SHARE * accounts), seed, replicates: times },
  ).filter(({ rows: which, slice }) => which === 'all' && slice === 'all');
}

/** The mean figure of a book of `accounts` accounts of the large company, outcomes redrawn by their planted probabilities. */
function bookTruth(rows, scores, reference) {
  const random = createRandom(11);
  const order = Int32Array.from(rows.ids.keys());
  for (let k = order.length - 1; k > 0; k--) {
    const other = Math.floor(random() * (k + 1));
    [order[k], order[other]] = [order[other], order[k]];
  }
  // Accounts of a company that never have a row (prospects, trials) make its books as much smaller.
  const size = Math.round((accounts * rows.ids.length) / population);
  const sums = Object.fromEntries(Object.keys(scores).map((name) => [name, SHOWN.map(() => [0, 0])]));
  for (let book = 0; (book + 1) * size <= order.length; book++) {
    const mine = new Set(order.subarray(book * size, (book + 1) * size));
    const index = [...rows.label.keys()].filter((row) => mine.has(rows.account[row]));
    const pick = (values, kind) => kind.from(index, (row) => values[row]);
    const given = Object.fromEntries(Object.entries(scores).map(([name, score]) => [name, pick(score, Float64Array)]));
    const probability = pick(rows.probability, Float64Array);
    for (let time = 0; time < REDRAWN; time++) {
      const drawn = {
        ids: rows.ids,
        account: pick(rows.account, Int32Array),
        origin: pick(rows.origin, Int32Array),
        label: Uint8Array.from(probability, (p) => (random() < p ? 1 : 0)),
        lead_days: new Float64Array(index.length),
      };
      for (const { candidate, metric, value } of figures(drawn, given, reference, 0, 0)) {
        const at = SHOWN.indexOf(metric);
        if (at < 0 || value === null) continue;
        sums[candidate][at][0] += value;
        sums[candidate][at][1]++;
      }
    }
  }
  return Object.fromEntries(
    Object.entries(sums).map(([name, found]) => [name, found.map(([sum, count]) => sum / count)]),
  );
}

const started = performance.now();
const large = await company(population, 4_000_000_000);
const largeScores = scoresOf(large, createRandom(1)() * 2 ** 31);
const rate = large.probability.reduce((sum, p) => sum + p, 0) / large.probability.length;
const limits = Object.fromEntries(
  Object.entries(largeScores).map(([name, score]) => [name, limitOf(large, score, rate)]),
);
const truths = bookTruth(large, largeScores, rate);
for (const name of Object.keys(truths)) {
  truths[name][SHOWN.indexOf('calibration_error')] = limits[name][SHOWN.indexOf('calibration_error')];
}
console.log(
  `one company of ${population} accounts: ${large.label.length} rows, ${(100 * rate).toFixed(2)} % leave within three months by their planted probabilities, ${((100 * large.label.reduce((sum, y) => sum + y, 0)) / large.label.length).toFixed(2)} % did`,
);
const tally = new Map();
let outcomes = 0;
for (let seed = from; seed < from + draws; seed++) {
  const rows = await company(accounts, seed);
  outcomes += new Set(rows.account.filter((_, i) => rows.label[i] === 1)).size;
  for (const figure of figures(rows, scoresOf(rows, seed), rate, seed)) {
    const at = SHOWN.indexOf(figure.metric);
    if (at < 0) continue;
    const key = `${figure.candidate} ${figure.metric}`;
    const entry = tally.get(key) ?? {
      told: 0,
      covered: 0,
      below: 0,
      above: 0,
      sum: 0,
      squares: 0,
      width: 0,
      outside: 0,
    };
    tally.set(key, entry);
    if (figure.value === null || figure.low === null || figure.high === null) continue;
    const truth = truths[figure.candidate][at];
    entry.told++;
    entry.sum += figure.value;
    entry.squares += figure.value ** 2;
    entry.width += figure.high - figure.low;
    if (figure.high < truth) entry.below++;
    else if (figure.low > truth) entry.above++;
    else entry.covered++;
    if (figure.value < figure.low || figure.value > figure.high) entry.outside++;
  }
}
console.log(
  `${draws} companies of ${accounts} accounts (seeds ${from} to ${from + draws - 1}), ${ORIGINS} monthly origins, on average ${(outcomes / draws).toFixed(1)} accounts that left; 90 % intervals of ${replicates} draws of accounts`,
);
console.log(
  `${'score and metric'.padEnd(34)}${['limit', 'truth', 'mean', 'sd', 'width', 'covered', 'too low', 'too high', 'off'].map((word) => word.padStart(9)).join('')}`,
);
for (const [key, { told, covered, below, above, sum, squares, width, outside }] of tally) {
  const [candidate, metric] = key.split(' ');
  const mean = sum / told;
  const numbers = [
    limits[candidate][SHOWN.indexOf(metric)],
    truths[candidate][SHOWN.indexOf(metric)],
    mean,
    Math.sqrt(Math.max(0, squares / told - mean ** 2)),
    width / told,
    covered / told,
    below / told,
    above / told,
  ].map((number) => number.toFixed(4));
  const share = covered / told;
  const isHeld = share >= 0.85 && share <= 0.99;
  console.log(
    `${key.padEnd(34)}${[...numbers, String(outside)].map((text) => text.padStart(9)).join('')}${isHeld ? '' : '  OUTSIDE 85–99 %'}`,
  );
  if (values.check && !isHeld) process.exitCode = 1;
}
console.log(
  `too low, too high: the whole interval lies below, above the truth; off: the value lies outside its own interval`,
);
console.log(`${((performance.now() - started) / 1000).toFixed(0)} s`);
