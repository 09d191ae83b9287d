import { quoteName } from '../engine/engine.ts';
import { MEASURE_DIRECTIONS } from '../models/health-measures.ts';
import { DERIVED } from './derived.ts';
import { clearDate, materialiseDate } from './relations.ts';
import { planRelations } from './replay.ts';
import type { Workspace } from './workspace.ts';

/**
 * Writes `state.health_measures_revised`: the measures of the last reading's day, computed again from what the exports
 * say of that day now (`revised_on` = that day). Left empty when the inputs are those of the run that took the reading:
 * then nothing can have been revised.
 */
export async function reviseLastReading(workspace: Pick<Workspace, 'engine' | 'config' | 'ingested'>): Promise<void> {
  const { engine, config, ingested } = workspace;
  const names = Object.keys(MEASURE_DIRECTIONS);
  const columns = names.map((name) => `${quoteName(name)} double`).join(', ');
  await engine.execute(
    `create or replace table state.health_measures_revised (revised_on date, account_id varchar, ${columns})`,
  );
  const [last] = await engine.rows(
    `select r.as_of, u.inputs::varchar as inputs from state.health_reading as r
     left join state.run as u on u.run_id = r.run_id order by r.as_of desc, r.account_id limit 1`,
  );
  const asOf = last?.['as_of'];
  if (typeof asOf !== 'string') return;
  if (typeof last?.['inputs'] === 'string' && sameInputs(JSON.parse(last['inputs']), ingested.inputs)) return;
  await materialiseDate(engine, asOf, planRelations(['health_measures']), DERIVED, config);
  const list = names.map(quoteName).join(', ');
  await engine.execute(
    `insert into state.health_measures_revised by name
     select $as_of::date as revised_on, account_id, ${list} from dated.health_measures`,
    { as_of: asOf },
  );
  await clearDate(engine);
}

type Inputs = readonly { readonly sha256: string }[];

function sameInputs(before: Inputs, now: Inputs): boolean {
  const key = (inputs: Inputs) =>
    inputs
      .map(({ sha256 }) => sha256)
      .sort()
      .join();
  return key(before) === key(now);
}
