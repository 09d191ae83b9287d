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
import { parseArgs } from 'node:util';
import { dayFromNumber } from '../dist/lib/dates.js';
import {
  baselineRungs,
  bootstrapMetric,
  createRandom,
  forkRandom,
  METRICS,
  rankByOrigin,
  takePanelRows,
} from '../dist/models/index.js';
import { FIRST, hasChurnSim, LAST, LONG_TERM_DAYS, readChurnSim } from './accuracy/churnsim.js';

const REQUIRED = 0.73;

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    check: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
  },
});
if (values.data === undefined || !hasChurnSim(values.data)) {
  console.error(
    values.data === undefined
      ? 'this bench needs the ChurnSim files: give their folder with --data'
      : `the ChurnSim files are absent: ${values.data} has no subscriptions.csv; give their folder with --data`,
  );
  process.exit(2);
}
const seed = Number(values.seed);
const { panel, termDays, splits, censored, seen, asOf, horizonDays } = await readChurnSim(values.data);
const rung = baselineRungs().find(({ name }) => name === 'logistic');
if (rung === undefined) throw new Error('the ladder has no logistic rung');
const score = new Float64Array(panel.label.length).fill(Number.NaN);
for (const { origin, train, test } of splits) {
  const fitted = await rung.fit(takePanelRows(panel, train), forkRandom(seed, `${rung.name}:${origin}`));
  if ('skipped' in fitted)
    throw new Error(`the logistic rung was skipped at ${dayFromNumber(origin)}: ${fitted.skipped}`);
  fitted.predict(takePanelRows(panel, test)).forEach((probability, i) => {
    score[test[i]] = probability;
  });
}
const tested = splits.flatMap(({ test }) => [...test]);

const churned = new Set(tested.filter((i) => panel.label[i] === 1).map((i) => panel.account[i]));
console.log(
  `${panel.label.length} account-snapshots ${FIRST} … ${LAST}, ${panel.columns.length} features; ` +
    `churn by contract chain within ${horizonDays} days, labels known by ${asOf}`,
);
console.log(
  `${splits.length} origins ${dayFromNumber(splits[0].origin)} … ${dayFromNumber(splits.at(-1).origin)}, ` +
    `${tested.length} rows, ${churned.size} accounts that left, ${censored} rows left out because their label is not closed`,
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
if (values.check && !(all >= REQUIRED)) process.exitCode = 1;

/** Prints one group's line and returns its AUC. */
function report(title, rows) {
  const pick = (from) => rows.map((i) => from[i]);
  const scored = {
    score: Float64Array.from(pick(score)),
    label: Uint8Array.from(pick(panel.label)),
  };
  const account = Int32Array.from(pick(panel.account));
  const origin = Int32Array.from(pick(panel.observation_date));
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
