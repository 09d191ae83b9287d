// How accurate the glass box is beside the models people would otherwise use, on identical rows and splits.
//
//   npm run build && node bench/accuracy.js --data DIR [--only ibm_telco,mlc_churn,churnsim_crm5] [--seeds 3]
//     [--jobs 1] [--peers all|none|interpret,lightgbm,…] [--python bench/.venv/bin/python] [--cached | --again]
//     [--check]
//
// DIR holds ibm_telco/, mlc_churn/, churnsim_crm5/ and splits.json; where something is absent the bench says so and ends
// with 2. bench/README.md says what every column means. Peers only hand over probabilities: all figures are computed by
// src/models/metrics. Their answers are kept under bench/out/accuracy; `--again` asks them anew, `--cached` leaves
// out those that have not answered yet. `--check` ends with 1 when a required line fails.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openPool } from '../dist/pipeline/pool.js';
import { DATA_SETS, missingFiles, readDataSet } from './accuracy/data-sets.js';
import { compare, judge, layOut, partOf, scoresOf, scoresOfPart } from './accuracy/judge.js';
import { askOurs, ourModels } from './accuracy/ours.js';
import { askPeer, forgetPeers, peerSettings, peerVersions } from './accuracy/peers.js';
import { printDifference, printPart, printTable } from './accuracy/print.js';
import { requirements } from './accuracy/requirements.js';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    only: { type: 'string', default: DATA_SETS.join(',') },
    seeds: { type: 'string', default: '3' },
    jobs: { type: 'string', default: '1' },
    peers: { type: 'string', default: 'all' },
    python: { type: 'string', default: fileURLToPath(new URL('.venv/bin/python', import.meta.url)) },
    cached: { type: 'boolean', default: false },
    again: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
  },
});
const names = values.only.split(',');
const unknown = names.find((name) => !DATA_SETS.includes(name));
if (unknown !== undefined) stop(`there is no data set ${unknown}; there are ${DATA_SETS.join(', ')}`);
if (values.data === undefined) stop('this bench needs its data sets: give their folder with --data');
const missing = missingFiles(values.data, names);
if (missing.length > 0)
  stop(`${values.data} lacks ${missing.join(', ')}; give the folder of the data sets with --data`);
const seeds = Number(values.seeds);
const jobs = Number(values.jobs);
if (!(Number.isInteger(seeds) && seeds >= 1 && Number.isInteger(jobs) && jobs >= 1)) {
  stop('--seeds and --jobs are whole numbers from 1');
}
const asked = peerSettings().filter(
  ({ peer }) => values.peers === 'all' || (values.peers !== 'none' && values.peers.split(',').includes(peer)),
);
const { versions, why } = asked.length === 0 ? { versions: {} } : peerVersions(values.python);
if (versions === undefined) {
  stop(
    `the peers cannot be asked (${values.python}: ${why}); install them with ` +
      'python3 -m venv bench/.venv && bench/.venv/bin/pip install -r bench/peers/requirements.txt, or give --peers none',
  );
}

const said = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
console.log(`node ${process.versions.node}${said.length === 0 ? '' : `; ${said.join(', ')}`}`);
console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores; ${jobs} threads, ${seeds} seeds`);
const pool = jobs > 1 ? openPool(jobs) : undefined;
let failed = false;
for (const name of names) failed = (await runDataSet(name)) || failed;
await pool?.close();
if (values.check && failed) process.exitCode = 1;

function stop(sentence) {
  console.error(sentence);
  process.exit(2);
}

/** Prints one data set's tables and requirements; true when a required line failed. */
async function runDataSet(name) {
  const dataSet = await readDataSet(values.data, name);
  if (values.again) forgetPeers(dataSet);
  const { panel, splits } = dataSet;
  const layout = layOut(dataSet, seeds);
  const outcomes = panel.label.reduce((sum, label) => sum + label, 0);
  console.log(
    `\n# ${name}: ${panel.label.length} rows × ${panel.columns.length} features, ${new Set(panel.account).size} accounts, ` +
      `${((100 * outcomes) / panel.label.length).toFixed(1)} % with the outcome\n${dataSet.protocol}; ` +
      `means over ${splits.length} splits and ${seeds} seeds; rows and splits sha256 ${dataSet.hash.slice(0, 12)}\n`,
  );
  const lines = [];
  const add = (line, { runs, seconds, threads = String(jobs), isCached = false }) => {
    const score = scoresOf(runs, seeds);
    lines.push({ ...line, score, seconds, threads, seeds: runs.length, isCached, figures: judge(layout, score) });
  };
  for (const model of ourModels()) {
    const line = { role: model.role, name: `retain ${model.model.kind}`, setting: model.setting };
    add(line, await askOurs(model, dataSet, { seeds, pool }));
    progress(name, line);
  }
  for (const entry of asked) {
    const line = { name: entry.peer, setting: entry.setting };
    const how = { python: values.python, versions, seeds, jobs, onlyCached: values.cached };
    const answer = askPeer(entry, dataSet, how);
    if (answer === undefined) console.log(`left out: ${line.name} (${line.setting}) has not answered yet`);
    else add(line, answer);
    progress(name, line);
  }
  printTable(lines);
  const difference = compareWithInterpret(layout, lines);
  for (const part of dataSet.parts) judgePart(layout, part, lines);
  console.log();
  const required = requirements(name, lines, difference);
  for (const { text, passes } of required) console.log(`${passes ? 'holds ' : 'FAILS '} ${text}`);
  keep(name, dataSet, lines);
  return required.some(({ passes }) => !passes);
}

/** Prints ours − interpret for both of its settings; returns the one with equal bags and pairs. */
function compareWithInterpret(layout, lines) {
  const ours = lines.find(({ role }) => role === 'equal');
  const rivals = lines.filter(({ name }) => name === 'interpret');
  if (rivals.length === 0) return undefined;
  let equal;
  console.log(`\npaired, 90 % by account, of ${ours.name} (${ours.setting}):`);
  for (const { name, setting, score } of rivals) {
    const difference = compare(layout, ours.score, score);
    printDifference(`minus ${name} (${setting})`, difference);
    if (setting === ours.setting) equal = difference;
  }
  return equal;
}

function judgePart(layout, { title, holds }, lines) {
  const part = partOf(layout, holds);
  const rows = part.row.length / seeds;
  const outcomes = part.label.reduce((sum, label) => sum + label, 0) / seeds;
  const left = new Set(part.account.filter((_, i) => part.label[i] === 1)).size;
  const judged = lines.map((line) => {
    const score = scoresOfPart(line.score, part);
    return { ...line, score, interval: judge(part, score).roc_auc };
  });
  printPart(title, judged, `${rows} rows, ${outcomes} with the outcome, ${left} accounts that left`);
  compareWithInterpret(part, judged);
}

function progress(dataSet, { name, setting }) {
  const clock = new Date().toISOString().slice(11, 19);
  console.error(`${clock} ${dataSet}: ${name} (${setting})`);
}

/** The same figures for programs, beside the peers' answers. */
function keep(name, { hash, protocol }, lines) {
  const place = fileURLToPath(new URL('out/accuracy/', import.meta.url));
  mkdirSync(place, { recursive: true });
  const kept = lines.map(({ score, ...line }) => line);
  writeFileSync(
    `${place}${name}.result.json`,
    `${JSON.stringify({ name, protocol, hash, seeds, jobs, versions, lines: kept }, null, 2)}\n`,
  );
}
