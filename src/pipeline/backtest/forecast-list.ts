import type { CellRow } from '../../contract/agent.ts';
import type { ReportList } from '../../contract/report.ts';
import type { Backtested } from '../backtest.ts';
import { rowSource } from '../report-lists.ts';

/** What declared forecasts of amounts were worth. */
export function forecastList({ result, lists }: Pick<Backtested, 'result' | 'lists'>): ReportList {
  const rows = lists.forecasts.flatMap(({ forecast, dates }) =>
    result.figures
      .filter(({ prediction }) => prediction === forecast.name)
      .map(
        ({ metric, value, low, high, row_count, outcome_count }): CellRow => ({
          prediction: forecast.name,
          metric,
          ...(dates.size === 0 ? {} : { value, low, high }),
          row_count,
          outcome_count,
        }),
      ),
  );
  const said = lists.forecasts.map(
    ({ forecast: { title, level }, dates }) =>
      `${title}: made at ${dates.size} of ${result.origins.length} origins, its range meant to hold at ${100 * level} % of them`,
  );
  return {
    name: 'forecasts',
    title: 'Forecasts of amounts',
    headline: said.join('; '),
    columns: [
      { key: 'prediction', label: 'forecast', kind: 'text', isName: true },
      { key: 'metric', label: 'measure', kind: 'text', isName: true },
      { key: 'value', label: 'value', kind: 'number' },
      { key: 'low', label: 'low', kind: 'number' },
      { key: 'high', label: 'high', kind: 'number' },
      { key: 'row_count', label: 'rows', kind: 'integer' },
      { key: 'outcome_count', label: 'outcomes', kind: 'integer' },
    ],
    notes: [
      'arr bias: (expected − came) ÷ amount at stake; above 0 it was too hopeful. Coverage and width: rows are dates; dates whose horizons overlap are no independent tries',
      'no forecast is made where outcomes are too few; where no model earned a likelihood it is the base rate',
    ],
    rowCount: rows.length,
    rows: rowSource(rows),
    empty: 'no forecast of an amount was scored',
  };
}
