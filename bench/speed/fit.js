// Times one fit of the glass box in a process of its own; prints { seconds, cpu, probability } as bench/peers/time_interpret.py
// does. Argument: { rows, width, jobs, params }. A fit of the first rows comes before it and is not counted.
import { ebm, forkRandom, takeColumns, takeRows } from '../../dist/models/index.js';
import { openPool } from '../../dist/pipeline/pool.js';
import { syntheticTable } from './synthetic.js';

const { rows, width, jobs, params } = JSON.parse(process.argv[2]);
const table = syntheticTable(rows, width);
const pool = jobs > 1 ? openPool(jobs) : undefined;
const fitOn = (some, changed) =>
  ebm.fit(some, { ...ebm.defaults, ...params, ...changed }, forkRandom(1, 'speed'), pool);

const first = Uint32Array.from({ length: Math.min(rows, 2000) }, (_, i) => i);
await fitOn(takeRows(table, first), { max_rounds: 5, max_pair_rounds: 5 });
const cpuBefore = process.cpuUsage();
const started = performance.now();
const model = await fitOn(table, {});
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(cpuBefore);
await pool?.close();
const shown = Uint32Array.from({ length: Math.min(rows, 20_000) }, (_, i) => i);
const probability = [...ebm.predict(model, takeColumns(table.columns, shown))];
console.log(JSON.stringify({ seconds, cpu: (user + system) / 1e6, probability }));
