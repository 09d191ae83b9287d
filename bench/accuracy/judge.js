// One yardstick for every model: probabilities in, the metrics of src/models/metrics out.
import {
  bootstrapDifference,
  bootstrapMetric,
  createRandom,
  liftCap,
  METRICS,
  rankByOrigin,
} from '../../dist/models/index.js';

export const LEVEL = 0.9;
const REPLICATES = 500;
const FRACTION = 0.1;
const BINS = 10;
const FLOOR_DRAWS = 100;

/**
 * The test rows of all splits and seeds laid end to end. `ranking` and `probability` number the groups within which
 * metrics are taken before they are averaged: each split of each seed; where splits are dates, probabilities are judged
 * over all dates of a seed, because one date has too few outcomes for a reliability table.
 */
export function layOut({ panel, splits, isOutOfTime }, seeds) {
  const row = [];
  const ranking = [];
  const probability = [];
  for (let seed = 0; seed < seeds; seed++) {
    splits.forEach(({ test }, split) => {
      for (const r of test) {
        row.push(r);
        ranking.push(seed * splits.length + split);
        probability.push(isOutOfTime ? seed : seed * splits.length + split);
      }
    });
  }
  return {
    row: Int32Array.from(row),
    label: Uint8Array.from(row, (r) => panel.label[r]),
    account: Int32Array.from(row, (r) => panel.account[r]),
    ranking: Int32Array.from(ranking),
    probability: Int32Array.from(probability),
  };
}

/** Probabilities `[seed][split]` in the layout's order; where seeds are fewer, the last stands for the rest. */
export function scoresOf(runs, seeds) {
  const out = [];
  for (let seed = 0; seed < seeds; seed++) {
    for (const split of runs[Math.min(seed, runs.length - 1)]) for (const p of split) out.push(p);
  }
  return Float64Array.from(out);
}

/** The places of the layout for which `holds` is true of the row, as a layout. */
export function partOf(layout, holds) {
  const places = Array.from(layout.row.keys()).filter((i) => holds(layout.row[i]));
  const pick = (values, make) => make.from(places, (i) => values[i]);
  return {
    places,
    row: pick(layout.row, Int32Array),
    label: pick(layout.label, Uint8Array),
    account: pick(layout.account, Int32Array),
    ranking: pick(layout.ranking, Int32Array),
    probability: pick(layout.probability, Int32Array),
  };
}

/** Scores of a part. */
export function scoresOfPart(score, { places }) {
  return Float64Array.from(places, (i) => score[i]);
}

/**
 * Every figure of one model's line. Intervals draw whole accounts. `calibration_floor` is the calibration error that the
 * same probabilities would show on these rows if every one of them were true.
 */
export function judge(layout, score) {
  const rows = { score, label: layout.label };
  const ranked = rankByOrigin(rows, layout.ranking);
  const one = (name, group) => intervalOf(METRICS[name], rows, layout, group, 0).value;
  return {
    roc_auc: intervalOf(METRICS.roc_auc, rows, layout, layout.ranking, REPLICATES),
    pr_auc: one('pr_auc', layout.ranking),
    log_loss: one('log_loss', layout.probability),
    brier: one('brier', layout.probability),
    calibration_error: intervalOf(METRICS.calibration_error, rows, layout, layout.probability, REPLICATES),
    calibration_floor: calibrationFloor(rankByOrigin(rows, layout.probability)),
    lift: one('lift', layout.ranking),
    // Averaged as lift is: by the outcomes of each group.
    lift_cap: meanByOutcomes(ranked, (group) => liftCap(group, FRACTION)),
  };
}

/** First score − second, paired on the same rows and draws: AUC (above 0 is better) and log loss (below 0 is better). */
export function compare(layout, first, second) {
  const rows = { score: first, label: layout.label };
  const difference = (metric, origin) =>
    bootstrapDifference(metric, rows, second, layout.account, createRandom(1), {
      origin,
      replicates: REPLICATES,
      level: LEVEL,
    });
  return {
    roc_auc: difference(METRICS.roc_auc, layout.ranking),
    log_loss: difference(METRICS.log_loss, layout.probability),
  };
}

function intervalOf(metric, rows, layout, origin, replicates) {
  return bootstrapMetric(metric, rows, layout.account, createRandom(1), {
    origin,
    replicates,
    level: LEVEL,
    fraction: FRACTION,
    bins: BINS,
  });
}

function calibrationFloor(groups) {
  const random = createRandom(1);
  let sum = 0;
  for (let draw = 0; draw < FLOOR_DRAWS; draw++) {
    sum += meanByOutcomes(groups, (ranked) => {
      const label = ranked.score.map((p) => (random() < p ? 1 : 0));
      return METRICS.calibration_error.fn({ ...ranked, label }, { bins: BINS });
    });
  }
  return sum / FLOOR_DRAWS;
}

/** A figure of each group, averaged by the group's outcomes. */
function meanByOutcomes(groups, figure) {
  let sum = 0;
  let all = 0;
  for (const { ranked } of groups) {
    const outcomes = ranked.label.reduce((total, label) => total + label, 0);
    if (outcomes === 0) continue;
    sum += outcomes * figure(ranked);
    all += outcomes;
  }
  return sum / all;
}
