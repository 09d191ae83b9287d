// Whether the intervals that a backtest prints hold what they promise on companies whose truth is known: each draw is a company
// of `retain sample` with a seed of its own, scored at 12 monthly origins, its figures made by the code of `retain backtest`.
//
//   npm run build && node bench/interval-coverage.js [--draws 120] [--accounts 250] [--months 30] [--population 20000]
//     [--replicates 500] [--from 1] [--kept DIR] [--check]
//
// Two scores are tested. `planted`: the generator's own probability of leaving within three months. `foggy`: the same
// probability pushed too high and blurred by noise of the account and of the row, so that it ranks less well and is wrongly
// calibrated. Neither is fitted, so what a figure should be hangs on the generator alone. Figures of the whole book, of the parts
// by plan (all plans counted together), and of the list of each date (`listed`: the first rows by score as the list shown).
//
// The truth of a figure is no average of what is tested. In one large company of another seed every outcome is redrawn by its
// planted probability, in books as large as the companies tested: `truth` is the mean figure of a book, over all that luck
// decides. Figures that follow an account through the dates (recall at a lead, recall and repeat rate of the list) take the
// outcomes that this company had, because redrawn rows tell no story. Beside it `limit`: the figure of the large company as one
// book, each row twice, as left with its planted probability as weight and as stayed with the rest, so that no outcome need be
// drawn. (Of metrics that look at so many rows of a list, the list is as large a part of it as of a small book.) Where the two
// differ, the metric itself hangs on the size of a book, and the mean of such books is asked for; but of the calibration error
// the limit, which is what it is to tell: a small book inflates it.
//
// `--kept` keeps the rows of each company in a folder and takes those that stand there: writing companies takes most of the time.
//
// An interval is at 90 %; `--check` ends with 1 where one covers its truth in fewer than 85 or more than 99 of 100 draws.
import { parseArgs } from 'node:util';
import { figuresOf } from '../dist/models/backtest-figures.js';
import { createRandom, forkRandom, METRICS, meanWithinOrigins, rankByOrigin, rankRows } from '../dist/models/index.js';
import { listedFigures } from '../dist/pipeline/backtest/listed.js';
import { company } from './interval-coverage/company.js';

const { values } = parseArgs({
  options: {
    draws: { type: 'string', default: '120' },
    accounts: { type: 'string', default: '250' },
    months: { type: 'string', default: '30' },
    population: { type: 'string', default: '20000' },
    replicates: { type: 'string', default: '500' },
    from: { type: 'string', default: '1' },
    kept: { type: 'string' },
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
const END = '2026-06-30';
const ORIGINS = 12;
const CAPACITY_SHARE = 1 / 25;
const CAPACITY = Math.round(CAPACITY_SHARE * accounts);
const REDRAWN = 5;
const size = (count) => ({ accounts: count, months, end: END, origins: ORIGINS });

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
function limitsOf(rows, score, reference) {
  const n = score.length;
  const twice = (pick) => Float64Array.from({ length: 2 * n }, (_, k) => pick(k % n, k < n ? 1 : 0));
  const doubled = {
    score: twice((i) => score[i]),
    label: twice((_, y) => y),
    weight: twice((i, y) => (y === 1 ? rows.probability[i] : 1 - rows.probability[i])),
    amount: twice((i) => rows.amount[i]),
    reference: twice(() => reference),
  };
  const byOrigin = rankByOrigin(doubled, Int32Array.from(twice((i) => rows.origin[i])));
  const ranked = rankRows(doubled);
  const capacity = CAPACITY_SHARE * population;
  const asked = Object.values(METRICS).filter(({ needs }) => !needs.includes('lead_days'));
  return new Map(
    asked.map((metric) => [
      metric.name,
      metric.kind === 'ranking' ? meanWithinOrigins(byOrigin, metric, { capacity }) : metric.fn(ranked, { capacity }),
    ]),
  );
}

/** A figure under test: who, where, what; parts of the book are counted together by their kind. */
const keyOf = ({ candidate, slice, metric }) => `${candidate} ${slice === 'all' ? '' : 'by plan: '}${metric}`;
/** The same with the part itself, whose truth is its own. */
const partOf = ({ candidate, slice, metric }) => `${candidate} ${slice} ${metric}`;

/** Every figure of a company: of the book, its parts and its lists. No interval where nothing is redrawn (`times` 0). */
function figuresFor(rows, scores, reference, seed, times) {
  const candidates = Object.entries(scores).map(([name, score]) => ({
    name,
    score,
    kind: 'probability',
    isMain: true,
  }));
  const table = {
    ...{ prediction: 'churn', basis: 'all', ...rows, candidates },
    worked: new Uint8Array(rows.label.length),
    reference: new Float64Array(rows.label.length).fill(reference),
    slices: { segment: rows.plan },
  };
  const options = { capacity: CAPACITY, seed, replicates: times, slice_replicates: times === 0 ? 0 : 200 };
  const figures = figuresOf(table, options).filter((figure) => figure.rows === 'all');
  return [...figures, ...Object.entries(scores).flatMap(([name, score]) => listsOf(rows, score, name, seed))];
}

/** The lists of all dates, the first rows by score as what was shown, told as the backtest tells its at-risk list. */
function listsOf(rows, score, candidate, seed) {
  const ids = Array.from(rows.account, (account) => rows.ids[account]);
  const book = {
    account_id: ids,
    ids: [...new Set(ids)].sort(),
    origin: rows.origin,
    all_label: Float64Array.from(rows.label),
    left_days: rows.lead_days,
    place: new Map(ids.map((id, i) => [`${rows.origin[i]} ${id}`, i])),
  };
  const dates = [...new Set(rows.origin)]
    .sort((a, b) => a - b)
    .map((origin) => ({
      asOf: new Date(origin * 86_400_000).toISOString().slice(0, 10),
      shown: [...rows.label.keys()]
        .filter((i) => rows.origin[i] === origin)
        .sort((a, b) => score[b] - score[a])
        .slice(0, CAPACITY)
        .map((i) => ids[i]),
      held: [],
    }));
  return listedFigures(book, dates, seed).figures.map((figure) => ({
    ...figure,
    candidate,
    metric: `listed: ${figure.metric}`,
  }));
}

/** Whether a figure tells of accounts through the dates, so that its truth needs outcomes that are one story. */
const isStory = ({ metric }) => /^listed: (recall|repeat_rate)|^recall_at_lead/.test(metric);

/** The mean figure of a book of `accounts` accounts of the large company, by `partOf`. */
function truthsOf(rows, scores, reference) {
  const random = createRandom(11);
  const order = Int32Array.from(rows.ids.keys());
  for (let k = order.length - 1; k > 0; k--) {
    const other = Math.floor(random() * (k + 1));
    [order[k], order[other]] = [order[other], order[k]];
  }
  // Accounts of a company that never have a row (prospects, trials) make its books as much smaller.
  const size = Math.round((accounts * rows.ids.length) / population);
  const sums = new Map();
  const add = (figure) => {
    if (figure.value === null) return;
    const sum = sums.get(partOf(figure)) ?? { value: 0, count: 0 };
    sums.set(partOf(figure), { value: sum.value + figure.value, count: sum.count + 1 });
  };
  for (let book = 0; (book + 1) * size <= order.length; book++) {
    const mine = new Set(order.subarray(book * size, (book + 1) * size));
    const index = [...rows.label.keys()].filter((row) => mine.has(rows.account[row]));
    const pick = (column) => column.constructor.from(index, (row) => column[row]);
    const own = {
      ...Object.fromEntries(Object.entries(rows).map(([name, column]) => [name, pick(column)])),
      ids: rows.ids,
    };
    const given = Object.fromEntries(Object.entries(scores).map(([name, score]) => [name, pick(score)]));
    for (const figure of figuresFor(own, given, reference, 0, 0)) if (isStory(figure)) add(figure);
    for (let time = 0; time < REDRAWN; time++) {
      const label = Uint8Array.from(own.probability, (p) => (random() < p ? 1 : 0));
      for (const figure of figuresFor({ ...own, label }, given, reference, 0, 0)) if (!isStory(figure)) add(figure);
    }
  }
  return new Map([...sums].map(([part, { value, count }]) => [part, value / count]));
}

const started = performance.now();
const large = await company(size(population), 4_000_000_000, values.kept);
const largeScores = scoresOf(large, createRandom(1)() * 2 ** 31);
const rate = large.probability.reduce((sum, p) => sum + p, 0) / large.probability.length;
const limits = new Map(Object.entries(largeScores).map(([name, score]) => [name, limitsOf(large, score, rate)]));
const truths = truthsOf(large, largeScores, rate);
for (const [name, limit] of limits) truths.set(`${name} all calibration_error`, limit.get('calibration_error'));
console.log(
  `one company of ${population} accounts: ${large.label.length} rows, ${(100 * rate).toFixed(2)} % leave within three months by their planted probabilities, ${((100 * large.label.reduce((sum, y) => sum + y, 0)) / large.label.length).toFixed(2)} % did`,
);
const tally = new Map();
let outcomes = 0;
for (let seed = from; seed < from + draws; seed++) {
  const rows = await company(size(accounts), seed, values.kept);
  outcomes += new Set(rows.account.filter((_, i) => rows.label[i] === 1)).size;
  for (const figure of figuresFor(rows, scoresOf(rows, seed), rate, seed, replicates)) {
    const truth = truths.get(partOf(figure));
    if (figure.value === null || figure.low === null || figure.high === null || truth === undefined) continue;
    const none = {
      told: 0,
      covered: 0,
      below: 0,
      above: 0,
      sum: 0,
      squares: 0,
      width: 0,
      outside: 0,
      truth: 0,
      leavers: 0,
    };
    const entry = tally.get(keyOf(figure)) ?? none;
    tally.set(keyOf(figure), entry);
    entry.told++;
    entry.sum += figure.value;
    entry.truth += truth;
    entry.squares += (figure.value - truth) ** 2;
    entry.width += figure.high - figure.low;
    entry.leavers += figure.outcome_count;
    if (figure.high < truth) entry.below++;
    else if (figure.low > truth) entry.above++;
    else entry.covered++;
    if (figure.value < figure.low || figure.value > figure.high) entry.outside++;
  }
}
console.log(
  `${draws} companies of ${accounts} accounts (seeds ${from} to ${from + draws - 1}), ${ORIGINS} monthly origins, on average ${(outcomes / draws).toFixed(1)} accounts that left; 90 % intervals of ${replicates} draws of accounts (parts: 200)`,
);
const words = [
  'limit',
  'truth',
  'mean',
  'error',
  'width',
  'covered',
  'too low',
  'too high',
  'off',
  'figures',
  'leavers',
];
console.log(`${'score and figure'.padEnd(44)}${words.map((word) => word.padStart(9)).join('')}`);
for (const [key, entry] of tally) {
  const [candidate, ...metric] = key.split(' ');
  const { told, covered, below, above, outside } = entry;
  const share = covered / told;
  const limit = limits.get(candidate).get(metric.join(' '));
  const numbers = [entry.truth / told, entry.sum / told, Math.sqrt(entry.squares / told), entry.width / told];
  const cells = [
    limit === undefined ? '–' : limit.toFixed(4),
    ...[...numbers, share, below / told, above / told].map((number) => number.toFixed(4)),
    ...[outside, told].map(String),
    (entry.leavers / told).toFixed(1),
  ];
  const isHeld = share >= 0.85 && share <= 0.99;
  console.log(`${key.padEnd(44)}${cells.map((text) => text.padStart(9)).join('')}${isHeld ? '' : '  OUTSIDE 85–99 %'}`);
  if (values.check && !isHeld) process.exitCode = 1;
}
console.log(
  'error: root mean square of value − truth; too low, too high: the whole interval lies below, above the truth; off: the value lies outside its own interval; leavers: accounts with the outcome, on average',
);
console.log(`${((performance.now() - started) / 1000).toFixed(0)} s`);
