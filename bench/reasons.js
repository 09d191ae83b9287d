// Whether what the churn list says of an account is true: the reasons of ten accounts, and every sentence the program could say
// of them, beside the same figures worked out from the raw export files by other code.
//
//   npm run build && node bench/reasons.js [--data DIR] [--store DIR] [--accounts 10] [--quiet] [--check]
//
// DIR is a folder of `retain sample` (default fixtures/sample). Without a run in the store one is made. `--check` makes the exit
// code 1 when a sentence is not borne out or has no check.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { featureSentence } from '../dist/data/feature-words.js';
import { FEATURES } from '../dist/data/features.js';
import { openDuckDB } from '../dist/engine/duckdb.js';
import { readList, readRun } from '../dist/ledger/index.js';
import { factText } from '../dist/outreach/fact-text.js';
import { openWorkspace } from '../dist/pipeline/workspace.js';
import { day, readExports } from './reasons/exports.js';
import { FACTS, MEASURES, peerMedian } from './reasons/measures.js';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    store: { type: 'string' },
    accounts: { type: 'string', default: '10' },
    quiet: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
  },
});
const root = fileURLToPath(new URL('../', import.meta.url));
const data = values.data ?? join(root, 'fixtures/sample');
const store = values.store ?? join(root, 'bench/out/reasons', basename(resolve(data)));
const ledger = join(store, 'ledger.duckdb');
if (!existsSync(ledger)) {
  const run = spawnSync(process.execPath, [
    join(root, 'bin/retain.js'),
    'run',
    '--data',
    data,
    '--store',
    store,
    '--quiet',
  ]);
  if (run.status !== 0) throw new Error(String(run.stderr));
}
const engine = await openDuckDB();
const run = await readRun(engine, ledger, 'last');
await readList(engine, ledger, run.run_id, 'churn_reason');
await readList(engine, ledger, run.run_id, 'churn_risk');
const risks = await engine.rows('select account_id, name, segment, rank from state.list_churn_risk order by rank');
const reasons = await engine.rows('select * from state.list_churn_reason order by account_id, position');
const exports = readExports(data, day(run.as_of));
const firstOf = (rows, column) =>
  risks
    .flatMap(({ account_id }) => rows(account_id).map((row) => day(row[column])))
    .reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
const raw = {
  ...exports,
  feedStart: firstOf(exports.usage, 'usage_date'),
  deskStart: firstOf(exports.tickets, 'created_at'),
  crmStart: firstOf(exports.interactions, 'occurred_at'),
};
const segmentOf = new Map(risks.map(({ account_id, segment }) => [account_id, segment]));
const peersOf = (id) =>
  risks.filter(({ segment }) => segment === segmentOf.get(id)).map(({ account_id }) => account_id);
const medians = new Map();
function peer(kind, id) {
  const key = `${kind} ${segmentOf.get(id)}`;
  if (!medians.has(key)) medians.set(key, peerMedian(raw, MEASURES[kind], peersOf(id)));
  return medians.get(key);
}

/** Accounts whose reasons are of the most kinds together, then by rank. */
function chosen(count) {
  const byAccount = Map.groupBy === undefined ? groupBy(reasons) : Map.groupBy(reasons, (row) => row.account_id);
  const seen = new Set();
  const out = [];
  const left = risks.map(({ account_id }) => account_id).filter((id) => byAccount.has(id));
  while (out.length < count && left.length > 0) {
    const fresh = (id) =>
      new Set(
        byAccount
          .get(id)
          .map(({ kind }) => kind)
          .filter((kind) => !seen.has(kind)),
      ).size;
    const best = left.reduce((a, b) => (fresh(b) > fresh(a) ? b : a));
    left.splice(left.indexOf(best), 1);
    for (const { kind } of byAccount.get(best)) seen.add(kind);
    out.push([best, byAccount.get(best)]);
  }
  return out;
}

function groupBy(rows) {
  const out = new Map();
  for (const row of rows) out.set(row.account_id, [...(out.get(row.account_id) ?? []), row]);
  return out;
}

const tally = { ok: 0, wrong: 0, unchecked: 0 };
const unchecked = new Map();
function tell(text, verdict, words, isLoud) {
  tally[verdict]++;
  const mark = { ok: 'ok', wrong: 'NOT OK', unchecked: 'no check' }[verdict];
  if (isLoud || verdict === 'wrong') console.log(`  ${mark.padEnd(8)} ${text}\n           raw rows: ${words}`);
}

/** Numbers of a sentence: what it says of now, of the past and of peers, with the half of the last digit printed. */
function parsed(sentence) {
  const read = (text) => {
    if (text === undefined) return undefined;
    if (/\blevel\b/.test(text)) return { value: 0, slack: 0.0051, isChange: true };
    // A change stands behind "about", after the windows that the sentence names.
    const found = /(?<=about )(-?\d+(?:\.(\d+))?)( %)( up| down)/.exec(text) ?? /(-?\d+(?:\.(\d+))?)( %)?/.exec(text);
    if (found === null) return undefined;
    const value = Number(found[1]);
    const slack = 0.5 * 10 ** -(found[2]?.length ?? 0) + 1e-9;
    if (found[4] !== undefined)
      return { value: (found[4] === ' up' ? value : -value) / 100, slack: slack / 100, isChange: true };
    return found[3] === undefined ? { value, slack } : { value: value / 100, slack: slack / 100 };
  };
  const [main, peers] = sentence.split('; peers ');
  return { now: read(main), past: read(/was (.*)$/.exec(main)?.[1]), peer: read(peers) };
}

/** A value as the sentence tells it: changes are told in percent, not as a logarithm. */
const told = (number, value) => (number.isChange === true ? Math.expm1(value) : value);
const fits = (number, value) =>
  number === undefined ||
  (value !== null && value !== undefined && Math.abs(told(number, value) - number.value) <= number.slack);
const short = (value) => (value === null || value === undefined ? '–' : String(Number(value.toPrecision(5))));

/** Checks a sentence of the model's; `kind` is the feature it speaks of. */
function checkSentence(id, kind, sentence, isLoud) {
  // A ratio to the own past is told by the count it is a ratio of.
  const spoken =
    {
      event_log_ratio_28d: 'event_count_28d',
      user_log_ratio_28d: 'active_users_28d',
      feature_log_ratio_28d: 'feature_count_28d',
    }[kind] ?? kind;
  const measure = MEASURES[spoken];
  if (measure === undefined) {
    unchecked.set(kind, (unchecked.get(kind) ?? 0) + 1);
    tell(sentence, 'unchecked', `no check is written for ${kind}`, isLoud);
    return;
  }
  const found = measure(raw, id);
  if (/nothing recorded/.test(sentence)) {
    tell(sentence, found === null ? 'ok' : 'wrong', found === null ? 'nothing' : `now ${short(found.now)}`, isLoud);
    return;
  }
  const said =
    kind === 'is_executive_gone' ? { now: { value: sentence.endsWith('yes') ? 1 : 0, slack: 0 } } : parsed(sentence);
  const median = said.peer === undefined ? null : peer(spoken, id);
  const holds =
    said.now !== undefined && fits(said.now, found?.now) && fits(said.past, found?.past) && fits(said.peer, median);
  const words = `now ${short(found?.now)}${said.past === undefined ? '' : `, before ${short(found?.past)}`}${said.peer === undefined ? '' : `, peers ${short(median)}`}`;
  tell(sentence, holds ? 'ok' : 'wrong', words, isLoud);
}

function checkFact(id, fact) {
  const text = `${factText({ kind: fact.kind, detail: fact.detail })} (${fact.fact_on}, now ${short(fact.now_value)}${fact.past_value === null ? '' : `, own past ${short(fact.past_value)}`} ${fact.unit ?? ''})`;
  const measure = FACTS[fact.kind];
  if (measure === undefined) {
    unchecked.set(fact.kind, (unchecked.get(fact.kind) ?? 0) + 1);
    tell(text, 'unchecked', `no check is written for ${fact.kind}`, true);
    return;
  }
  const found = measure(raw, id, fact);
  const holds =
    found !== null &&
    found.on === day(fact.fact_on) &&
    Math.abs(found.now - fact.now_value) < 1e-6 &&
    (found.past === undefined || found.past === null || Math.abs(found.past - fact.past_value) < 1e-6);
  const words =
    found === null
      ? 'no row bears it out'
      : `${new Date(found.on * 86_400_000).toISOString().slice(0, 10)}, now ${short(found.now)}${found.past === undefined ? '' : `, own past ${short(found.past)}`}`;
  tell(text, holds ? 'ok' : 'wrong', words, true);
}

// Every sentence that the program could say of these accounts, from the view it says them from.
const quiet = { stage() {}, detail() {}, done() {}, note() {} };
const workspace = await openWorkspace({
  ...{ data, store, asOf: run.as_of, format: 'table', quiet: true, debug: false, color: false, width: 100, wait: 5 },
  ...{ today: '2100-01-01', progress: quiet },
});
const numeric = FEATURES.filter(({ kind }) => kind === 'continuous').map(({ name }) => name);
const features = await workspace.engine.rows(`select * from account_features(cast($day as date)) order by account_id`, {
  day: run.as_of,
});
const peerRows = await workspace.engine.rows(
  `select segment, ${numeric.map((name) => `quantile_cont(${name}, 0.5) as ${name}`).join(', ')}
   from account_features(cast($day as date)) group by segment`,
  { day: run.as_of },
);
workspace.close();
const featuresOf = new Map(features.map((row) => [row.account_id, row]));
const peersRow = new Map(peerRows.map((row) => [row.segment, row]));
const number = (row) => (name) => (typeof row?.[name] === 'number' ? row[name] : null);

console.log(
  `reasons as of ${run.as_of}, ${risks.length} accounts of ${data}; ${values.accounts} of them, checked against the files\n`,
);
for (const [id, own] of chosen(Number(values.accounts))) {
  const risk = risks.find(({ account_id }) => account_id === id);
  console.log(`${id} ${risk.name} (rank ${risk.rank}, segment ${risk.segment})`);
  for (const reason of own) {
    if (reason.source === 'fact') checkFact(id, reason);
    else checkSentence(id, reason.kind, reason.sentence, true);
  }
  const before = { ...tally };
  for (const { name, actionable } of FEATURES) {
    if (!actionable || own.some(({ kind }) => kind === name)) continue;
    const values_ = number(featuresOf.get(id));
    checkSentence(id, name, featureSentence(name, values_, number(peersRow.get(risk.segment))), false);
  }
  const [right, wrong, none] = ['ok', 'wrong', 'unchecked'].map((key) => tally[key] - before[key]);
  console.log(
    `  of the ${right + wrong + none} sentences that could be said of its other measures: ${right} ok, ${wrong} NOT OK, ${none} without a check\n`,
  );
}
console.log(`${tally.ok} sentences ok, ${tally.wrong} NOT OK, ${tally.unchecked} without a check`);
if (unchecked.size > 0)
  console.log(`without a check: ${[...unchecked].map(([kind, count]) => `${kind} (${count})`).join(', ')}`);
process.exitCode = values.check && tally.wrong + tally.unchecked > 0 ? 1 : 0;
