// How often the whole ladder, the glass box on it, finds a signal where there is none.
//
//   npm run build && npx tsc -p bench && node bench/out/js/bench/noise.js [--seeds 100] [--from 0] [--accounts 90]
//     [--months 20] [--kinds shuffled,random] [--check]
//
// `shuffled`: labels of a made-up company dealt out anew within each date; `random`: accounts that leave by chance alone,
// their rows hanging together. Settings are those of `retain train` (12 dates, 2,000 draws). One process, one thread; ranges
// of seeds can run side by side with `--from`. `--check` makes the exit code 1 when more than 5 of 100 find a signal.
import { parseArgs } from 'node:util';
import { churnRungs } from '../src/models/churn-rungs.ts';
import { climbLadder } from '../src/models/ladder.ts';
import { simulatePanel } from '../test/models/simulation.ts';

const MAX_SHARE = 0.05;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '0' },
    accounts: { type: 'string', default: '90' },
    months: { type: 'string', default: '20' },
    kinds: { type: 'string', default: 'shuffled,random' },
    check: { type: 'boolean', default: false },
  },
});
const [seeds, from, accounts, months] = [values.seeds, values.from, values.accounts, values.months].map(Number) as [
  number,
  number,
  number,
  number,
];
let isWorse = false;
for (const kind of values.kinds.split(',')) {
  const found: string[] = [];
  const ranks = new Map<string, number>();
  let [judged, outcomes, rows] = [0, 0, 0];
  const started = performance.now();
  for (let seed = from; seed < from + seeds; seed++) {
    const panel = simulatePanel(seed, { accounts, months, rate: 0.05, effect: 0, permuted: kind === 'shuffled' });
    const knownBy = panel.closed_on.reduce((last, day) => Math.max(last, day), 0);
    const result = await climbLadder(panel, { rungs: churnRungs(), known_by: knownBy, seed });
    if (result.verdict === 'too_few_outcomes') continue;
    judged++;
    outcomes += result.outcomes;
    rows += panel.label.length;
    for (const row of result.rows) if (row.note !== null) ranks.set(row.rung, (ranks.get(row.rung) ?? 0) + 1);
    if (result.verdict === 'signal') found.push(`${seed} (${result.rung})`);
  }
  const minutes = (performance.now() - started) / 60_000;
  const noticed = [...ranks].map(([rung, count]) => `${rung} ${count}`).join(', ');
  console.log(
    `${kind}: "no signal" in ${judged - found.length} of ${judged} companies (${accounts} accounts, ${months} months; ` +
      `${Math.round(rows / judged)} rows and ${Math.round(outcomes / judged)} outcomes in the mean; ${minutes.toFixed(1)} min)`,
  );
  if (found.length > 0) console.log(`  a signal was found at seed ${found.join(', ')}`);
  if (noticed !== '') console.log(`  AUC interval above .5, told as "ranks, but …": ${noticed}`);
  if (judged < seeds) console.log(`  ${seeds - judged} of ${seeds} had too few outcomes and are not counted`);
  if (judged === 0 || found.length > MAX_SHARE * judged) isWorse = true;
}
process.exitCode = values.check && isWorse ? 1 : 0;
