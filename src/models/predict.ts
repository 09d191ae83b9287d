import type { Explanation } from '../contract/model.ts';
import { explainColumns, predictColumns } from './ebm/score.ts';
import type { EbmModel } from './ebm/types.ts';
import { explainLogistic, type LogisticModel, predictLogistic } from './logistic.ts';
import { type ColumnInput, columnsOf } from './plain-table.ts';

/** Every kind of model that can be stored, told apart by `kind`. */
export type AnyModel = LogisticModel | EbmModel;

/** Probabilities in (0, 1) of any fitted model, one per row; plain or typed arrays by name, or contract columns. */
export function predict(model: AnyModel, columns: ColumnInput): Float64Array {
  const table = columnsOf(columns);
  return model.kind === 'ebm' ? predictColumns(model, table) : predictLogistic(model, table);
}

/** What each term of any fitted model adds to each row's log-odds: intercept + contributions = log-odds, to 1e-9. */
export function explain(model: AnyModel, columns: ColumnInput): Explanation {
  const table = columnsOf(columns);
  return model.kind === 'ebm' ? explainColumns(model, table) : explainLogistic(model, table);
}
