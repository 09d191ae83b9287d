// Whether saved accounts spoil the figures a gate rests on: companies of `retain sample` in which CSMs answer every trouble they
// see, half of the accounts can be kept by it, and the same companies, luck and all, in which the same outreach keeps nobody.
// Both go through `retain backtest`. On all rows a saved account is a false alarm; on unworked ones nobody was saved.
//
//   npm run build && node bench/worked.js [--seeds 4] [--from 1] [--accounts 800] [--months 30] [--kept DIR] [--check]
//
// Prints, for each figure, its mean over the companies where outreach keeps nobody, the mean change where it works, and the
// standard error of that change over companies (each is held against its own twin). `--check` ends with 1 unless precision at
// capacity falls on all rows by two standard errors and more than on unworked ones, where it does not fall by two; and unless
// a gate that names no rows is judged on unworked ones. `--kept` keeps each backtest and takes those that stand there. Two backtests a seed: about two minutes of CPU each at 800 accounts.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '4' },
    from: { type: 'string', default: '1' },
    accounts: { type: 'string', default: '800' },
    months: { type: 'string', default: '30' },
    kept: { type: 'string' },
    check: { type: 'boolean', default: false },
  },
});
const [seeds, from] = [values.seeds, values.from].map(Number);
const program = fileURLToPath(new URL('../bin/retain.js', import.meta.url));
const WHO = ['ebm', 'logistic', 'served'];
const BASES = ['all', 'leave', 'renewal'];
const METRICS = ['precision_at_capacity', 'roc_auc'];
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

function figureOf({ figures }, candidate, basis, rows, metric) {
  return figures.find(
    (figure) =>
      figure.prediction === 'churn' &&
      figure.slice === 'all' &&
      figure.candidate === candidate &&
      figure.basis === basis &&
      figure.rows === rows &&
      figure.metric === metric,
  );
}

const pairs = [];
for (let seed = from; seed < from + seeds; seed++) {
  const pair = { useless: backtest(seed, true), works: backtest(seed, false) };
  pairs.push(pair);
  const count = (result, rows) => {
    const figure = figureOf(result, 'base_rate', 'all', rows, 'roc_auc');
    return `${figure.outcome_count} accounts left (${figure.row_count} ${rows} rows)`;
  };
  console.log(
    `seed ${seed}: without effect ${count(pair.useless, 'all')}, ${count(pair.useless, 'unworked')}; with it ${count(pair.works, 'all')}, ${count(pair.works, 'unworked')}; the gate ${pair.works.gate.gate} rests on ${pair.works.gate.rows} rows: ${pair.works.gate.sentence}`,
  );
  if (values.check && pair.works.gate.rows !== 'unworked') process.exitCode = 1;
}
const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
console.log(`\n${seeds} companies of ${values.accounts} accounts, ${values.months} months`);
console.log(`${'figure'.padEnd(44)}${'all rows'.padStart(28)}${'unworked rows'.padStart(28)}`);
for (const basis of BASES) {
  for (const who of WHO) {
    for (const metric of METRICS) {
      const cells = ['all', 'unworked'].map((rows) => {
        const found = pairs
          .map(({ useless, works }) =>
            [useless, works].map((result) => figureOf(result, who, basis, rows, metric)?.value ?? Number.NaN),
          )
          .filter(([a, b]) => !Number.isNaN(a) && !Number.isNaN(b));
        const changes = found.map(([a, b]) => b - a);
        const spread = Math.sqrt(mean(changes.map((change) => (change - mean(changes)) ** 2)) / (changes.length - 1));
        return { before: mean(found.map(([a]) => a)), change: mean(changes), error: spread };
      });
      const text = cells.map(
        ({ before, change, error }) =>
          `${before.toFixed(3)} ${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(3)} ± ${error.toFixed(3)}`,
      );
      console.log(`${`${who}, ${basis}, ${metric}`.padEnd(44)}${text.map((cell) => cell.padStart(28)).join('')}`);
      if (!values.check || basis !== 'all' || who === 'served' || metric !== 'precision_at_capacity') continue;
      const [all, unworked] = cells;
      const falls = all.change < -2 * all.error && all.change < unworked.change;
      const holds = unworked.change > -2 * unworked.error;
      if (!falls || !holds) process.exitCode = 1;
    }
  }
}
