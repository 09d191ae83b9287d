// Times one fit of the glass box in a process of its own; prints { seconds, cpu, others, probability } as
// bench/peers/time_interpret.py does: wall and CPU seconds, and the CPU seconds that everything else on the machine took. Argument: { rows, width, jobs, params }. A fit of the first rows comes before it and is not counted.
import { ebm, forkRandom, takeColumns, takeRows } from '../../dist/models/index.js';
import { openPool } from '../../dist/pipeline/pool.js';
import { stopwatch } from './stopwatch.js';
import { syntheticTable } from './synthetic.js';

const { rows, width, jobs, params } = JSON.parse(process.argv[2]);
const table = syntheticTable(rows, width);
const pool = jobs > 1 ? openPool(jobs) : undefined;
const fitOn = (some, changed) =>
  ebm.fit(some, { ...ebm.defaults, ...params, ...changed }, forkRandom(1, 'speed'), pool);

const first = Uint32Array.from({ length: Math.min(rows, 2000) }, (_, i) => i);
await fitOn(takeRows(table, first), { max_rounds: 5, max_pair_rounds: 5 });
const { result: model, ...times } = await stopwatch(() => fitOn(table, {}));
await pool?.close();
const shown = Uint32Array.from({ length: Math.min(rows, 20_000) }, (_, i) => i);
const probability = [...ebm.predict(model, takeColumns(table.columns, shown))];
console.log(JSON.stringify({ ...times, probability }));
