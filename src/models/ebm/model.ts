import type { Explanation, Model, Pool } from '../../contract/model.ts';
import { type ColumnInput, columnsOf, type TableInput, tableOf } from '../plain-table.ts';
import { fitTable } from './fit.ts';
import { type EbmInterval, explainColumns, intervalColumns, predictColumns } from './score.ts';
import { EBM_DEFAULTS } from './settings.ts';
import type { EbmModel, EbmParams } from './types.ts';

/**
 * Explainable boosting machine: an additive model of binned shapes and a few purified pairs, boosted in small steps and
 * averaged over bags that each stop on their own held-out accounts (Lou, Caruana, Gehrke, Hooker, KDD 2013; Nori et al.,
 * arXiv 1909.09223). `fit` draws its seed from `random`.
 */
export const ebm: Model<EbmParams, EbmModel> = {
  kind: 'ebm',
  defaults: EBM_DEFAULTS,
  fit: (table, params, random, pool) => fitTable(table, params, { seed: Math.floor(random() * 2 ** 32), pool }),
  predict: predictColumns,
  explain: explainColumns,
};

/**
 * Fits an explainable boosting machine on plain or typed arrays. Rows of one `account` never stand on both sides of an
 * early-stopping split; without accounts every row is its own. The same `seed` gives the same bytes, whatever the pool.
 * Throws `UserError` for labels of one class, too few outcomes, or a setting out of range.
 */
export async function fitEbm(
  input: TableInput,
  params: Partial<EbmParams> = {},
  options: { readonly seed?: number; readonly pool?: Pool | undefined } = {},
): Promise<EbmModel> {
  const { seed = 1, pool } = options;
  return fitTable(tableOf(input), params, { seed, pool });
}

/** Probabilities in (0, 1), one per row. */
export function predictEbm(model: EbmModel, columns: ColumnInput): Float64Array {
  return predictColumns(model, columnsOf(columns));
}

/** Per-row contributions of every term: intercept + contributions = log-odds, to 1e-9. */
export function explainEbm(model: EbmModel, columns: ColumnInput): Explanation {
  return explainColumns(model, columnsOf(columns));
}

/** Interval of each probability from the bags; see `intervalColumns`. */
export function intervalEbm(model: EbmModel, columns: ColumnInput, level = 0.9): EbmInterval {
  return intervalColumns(model, columnsOf(columns), level);
}
