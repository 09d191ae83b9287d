import type { CellRow, TableColumn } from '../../contract/agent.ts';
import type { BacktestFigure, BacktestResult, BacktestVerdict } from '../../contract/backtest.ts';
import type { ReportList } from '../../contract/report.ts';
import { rowSource } from '../report-lists.ts';

/** Marks of a figure. */
export type Marks = Partial<Record<'prediction' | 'candidate' | 'basis' | 'rows' | 'slice' | 'metric', string>>;

/** The one figure with these marks; rows and slice are all unless named. */
export function figureOf({ figures }: BacktestResult, wanted: Marks): BacktestFigure | undefined {
  const marks = Object.entries({ rows: 'all', slice: 'all', ...wanted });
  return figures.find((figure) => marks.every(([key, value]) => figure[key as keyof BacktestFigure] === value));
}

/** A column of plain numbers. */
export const number = (key: string, label: string): TableColumn => ({ key, label, kind: 'number' });

/** Whether outcomes are too few for any figure to be printed; `data` of the JSON has them all the same. */
export function isUntold(result: BacktestResult, prediction: string, basis: string): boolean {
  return verdictOf(result, prediction, basis)?.verdict === 'too_few_outcomes';
}

/** A list of what was measured; empty where outcomes were too few. */
export function listOf(list: Omit<ReportList, 'rows' | 'rowCount' | 'empty'>, rows: readonly CellRow[]): ReportList {
  return { ...list, rowCount: rows.length, rows: rowSource(rows), empty: 'too few outcomes to tell' };
}

/** What may be claimed of a prediction on a basis. */
export function verdictOf(
  { verdicts }: BacktestResult,
  prediction: string,
  basis: string,
): BacktestVerdict | undefined {
  return verdicts.find((verdict) => verdict.prediction === prediction && verdict.basis === basis);
}
