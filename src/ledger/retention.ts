import { type Engine, quoteName } from '../engine/engine.ts';
import { CATALOG } from './file.ts';

/**
 * Runs whose bulky rows stay: the last one committed, and of every calendar month the current run of its last as-of
 * date.
 */
const KEPT_RUNS = `
  select run_id from ${CATALOG}.run where run_number = (select max(run_number) from ${CATALOG}.run)
  union
  select run_id from (
    select run_id, row_number() over (
      partition by year(as_of), month(as_of) order by as_of desc, run_number desc, run_id) as lateness
    from ${CATALOG}.run
  ) as by_month where lateness = 1`;

/**
 * Drops lists and contributions of runs that are neither the last nor a month's end; contributions of accounts that
 * an alert was open for stay. Both can be recomputed from the run's manifest. Inside the caller's transaction.
 */
export async function prune(engine: Engine): Promise<void> {
  const lists = await engine.rows(`select distinct name from ${CATALOG}.run_list order by name`);
  await engine.execute(`delete from ${CATALOG}.run_list where not is_kept_always and run_id not in (${KEPT_RUNS})`);
  for (const { name } of lists) {
    await engine.execute(
      `delete from ${CATALOG}.${quoteName(`list_${name}`)} as t where not exists (
         select 1 from ${CATALOG}.run_list as l where l.run_id = t.run_id and l.name = $name)`,
      { name: String(name) },
    );
  }
  await engine.execute(
    `delete from ${CATALOG}.contribution as c
     where run_id not in (${KEPT_RUNS})
       and not exists (select 1 from ${CATALOG}.alert_event as e
         where e.run_id = c.run_id and e.as_of = c.as_of and e.account_id = c.account_id and e.event = 'shown')`,
  );
}
