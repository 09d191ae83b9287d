// The models of src/models that bench/accuracy.js measures, fitted on the splits that the peers get.
import { EBM_DEFAULTS, ebm, forkRandom, logistic, takeColumns, takeRows } from '../../dist/models/index.js';

/** Bags and pairs that interpret is given too, in its setting of the same name. */
export const EQUAL = { bags: 8, pairs: 10 };

/** `role` is what the requirements look for; the logistic rung stands beside for scale. */
export function ourModels() {
  const isDefault = EBM_DEFAULTS.bags === EQUAL.bags && EBM_DEFAULTS.pairs === EQUAL.pairs;
  return [
    ...(isDefault ? [] : [{ role: 'default', setting: 'default', model: ebm, params: {} }]),
    { role: 'equal', setting: '8 bags, 10 pairs', model: ebm, params: EQUAL },
    { role: 'mains', setting: '8 bags, no pairs', model: ebm, params: { ...EQUAL, pairs: 0 } },
    { role: 'logistic', setting: 'default', model: logistic, params: {}, isDeterministic: true },
  ];
}

/** Probabilities `[seed][split]` of one of our models, and the mean seconds of a fit. */
export async function askOurs({ model, params, isDeterministic }, { panel, splits }, { seeds, pool }) {
  const runs = [];
  let seconds = 0;
  let fits = 0;
  for (let seed = 1; seed <= (isDeterministic ? 1 : seeds); seed++) {
    const run = [];
    for (const [split, { train, test }] of splits.entries()) {
      const table = takeRows(panel, train);
      const started = performance.now();
      const fitted = await model.fit(
        table,
        { ...model.defaults, ...params },
        forkRandom(seed, `${model.kind}:${split}`),
        pool,
      );
      seconds += (performance.now() - started) / 1000;
      fits++;
      run.push(model.predict(fitted, takeColumns(panel.columns, test)));
    }
    runs.push(run);
  }
  return { runs, seconds: seconds / fits };
}
