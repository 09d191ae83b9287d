// Whether saved accounts spoil the figures a gate rests on: companies of `retain sample` in which CSMs answer every trouble they
// see, half of the accounts can be kept by it, and the same companies, luck and all, in which the same outreach keeps nobody.
// Both go through `retain backtest`. On all rows a saved account is a false alarm; on unworked ones nobody was saved.
//
//   npm run build && node bench/worked.js [--seeds 6] [--from 1] [--accounts 800] [--months 30] [--kept DIR] [--check]
//
// Prints, for each figure, its mean over the companies where outreach keeps nobody, the mean change where it works, and the
// standard error of that change over companies (each is held against its own twin). Beside the models stands the health score:
// nothing is learnt for it, so that what changes its figures are the rows alone. `--check` says what does not hold and ends with 1:
//   - precision at capacity of the models falls on all rows, by two standard errors and more than on unworked ones;
//   - on unworked rows neither precision nor AUC falls by two, of the models and of the health score;
//   - as many accounts leave on unworked rows: who was saved stands on them in neither company;
//   - a gate that names no rows is judged on unworked ones.
// `--kept` keeps each backtest and takes those that stand there. Two backtests a seed: a minute of CPU each at 800 accounts.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '6' },
    from: { type: 'string', default: '1' },
    accounts: { type: 'string', default: '800' },
    months: { type: 'string', default: '30' },
    kept: { type: 'string' },
    check: { type: 'boolean', default: false },
  },
});
const [seeds, from] = [values.seeds, values.from].map(Number);
if (values.check && seeds < 2) {
  console.error('--check needs two companies: one has no standard error');
  process.exit(2);
}
const program = fileURLToPath(new URL('../bin/retain.js', import.meta.url));
/** Prediction and candidate; the checks rest on the first three. What is served is no model of its own: now one rung, now another. */
const WHO = [
  ['churn', 'ebm'],
  ['churn', 'logistic'],
  ['health', 'served'],
  ['churn', 'served'],
];
const BASES = ['all', 'leave', 'renewal'];
const METRICS = ['precision_at_capacity', 'roc_auc'];
const BASE = ['churn', 'base_rate'];
const GATE = 'churn.ebm:auc>=0.5';

function retain(...args) {
  const done = spawnSync(process.execPath, [program, ...args, '--quiet'], { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (done.status === 2 || done.status === null) {
    console.error(done.stderr);
    process.exit(2);
  }
}

/** The backtest of one company, and its gate. */
function backtest(seed, isUseless) {
  const name = `worked-${values.accounts}-${values.months}-${seed}-${isUseless ? 'useless' : 'works'}.json`;
  const kept = values.kept === undefined ? undefined : join(values.kept, name);
  if (kept !== undefined && existsSync(kept)) return JSON.parse(readFileSync(kept, 'utf8'));
  const directory = mkdtempSync(join(tmpdir(), 'retain-worked-'));
  try {
    const size = ['--accounts', values.accounts, '--months', values.months, '--seed', String(seed)];
    const outreach = ['--outreach', '100', ...(isUseless ? ['--useless-outreach'] : [])];
    retain('sample', directory, ...size, '--usage-per-account', '60', ...outreach, '--force');
    const file = join(directory, 'backtest.json');
    retain('backtest', '--data', directory, '--store', join(directory, 'store'), '--gate', GATE, '--save', file);
    const { data } = JSON.parse(readFileSync(file, 'utf8'));
    const result = { ...data.backtest, gate: data.gates.outcomes[0] };
    if (kept !== undefined) writeFileSync(kept, JSON.stringify(result));
    return result;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function figureOf({ figures }, [prediction, candidate], basis, rows, metric) {
  return figures.find(
    (figure) =>
      figure.prediction === prediction &&
      figure.slice === 'all' &&
      figure.candidate === candidate &&
      figure.basis === basis &&
      figure.rows === rows &&
      figure.metric === metric,
  );
}

function expect(isSo, fault) {
  if (isSo || !values.check) return;
  console.error(`NOT HELD: ${fault}`);
  process.exitCode = 1;
}

const pairs = [];
for (let seed = from; seed < from + seeds; seed++) {
  const pair = { useless: backtest(seed, true), works: backtest(seed, false) };
  pairs.push(pair);
  const count = (result, rows) => {
    const figure = figureOf(result, BASE, 'all', rows, 'roc_auc');
    return `${figure.outcome_count} accounts left (${figure.row_count} ${rows} rows)`;
  };
  console.log(
    `seed ${seed}: without effect ${count(pair.useless, 'all')}, ${count(pair.useless, 'unworked')}; with it ${count(pair.works, 'all')}, ${count(pair.works, 'unworked')}; the gate ${pair.works.gate.gate} rests on ${pair.works.gate.rows} rows: ${pair.works.gate.sentence}`,
  );
  expect(pair.works.gate.rows === 'unworked', `seed ${seed}: the gate rests on ${pair.works.gate.rows} rows`);
}
const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
console.log(`\n${seeds} companies of ${values.accounts} accounts, ${values.months} months`);
console.log(`${'figure'.padEnd(44)}${'all rows'.padStart(28)}${'unworked rows'.padStart(28)}`);
/** Mean without effect, mean change with it, and its standard error over companies, on all and on unworked rows. */
function changes(measure) {
  return ['all', 'unworked'].map((rows) => {
    const found = pairs
      .map(({ useless, works }) => [useless, works].map((result) => measure(result, rows) ?? Number.NaN))
      .filter(([a, b]) => !Number.isNaN(a) && !Number.isNaN(b));
    const each = found.map(([a, b]) => b - a);
    const error = Math.sqrt(mean(each.map((change) => (change - mean(each)) ** 2)) / (each.length - 1));
    return { before: mean(found.map(([a]) => a)), change: mean(each), error };
  });
}

function line(name, cells, digits) {
  const text = cells.map(
    ({ before, change, error }) =>
      `${before.toFixed(digits)} ${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(digits)} ± ${error.toFixed(digits)}`,
  );
  console.log(`${name.padEnd(44)}${text.map((cell) => cell.padStart(28)).join('')}`);
}

const falls = ({ change, error }) => change < -2 * error;
const holds = ({ change, error }) => change >= 0 || change > -2 * error;
const left = changes((result, rows) => figureOf(result, BASE, 'all', rows, 'roc_auc').outcome_count);
line('accounts that left', left, 1);
expect(holds(left[1]), 'fewer accounts leave on unworked rows where outreach works');
for (const basis of BASES) {
  for (const who of WHO) {
    for (const metric of METRICS) {
      const cells = changes((result, rows) => figureOf(result, who, basis, rows, metric)?.value);
      const name = `${who.join(' ')}, ${basis}, ${metric}`;
      line(name, cells, 3);
      if (basis !== 'all' || who === WHO[3]) continue;
      const [all, unworked] = cells;
      expect(holds(unworked), `${name} falls on unworked rows`);
      if (who[0] !== 'churn' || metric !== 'precision_at_capacity') continue;
      expect(
        falls(all) && all.change < unworked.change,
        `${name} does not fall on all rows, or no more than on unworked`,
      );
    }
  }
}
