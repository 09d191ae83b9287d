import type { CellRow, Day } from '../contract/agent.ts';
import type { CommonOptions } from '../contract/options.ts';
import type { ReportList } from '../contract/report.ts';
import { openDuckDB } from '../engine/duckdb.ts';
import { listRuns, readList } from '../ledger/index.ts';
import { isDay, longDay } from '../lib/dates.ts';
import { UserError } from '../lib/errors.ts';
import { findConfig, ledgerFile } from './workspace.ts';

/** The at-risk list of an earlier run, by account. */
export interface EarlierList {
  readonly run_id: string;
  readonly as_of: Day;
  readonly rows: ReadonlyMap<string, CellRow>;
}

/**
 * The at-risk list that `--since` names: of a run, or, for a day, of the newest as-of date up to it (its last run).
 * @throws UserError when the ledger holds no such run
 */
export async function earlierAtRisk(options: CommonOptions, since: string): Promise<EarlierList> {
  const file = ledgerFile(findConfig(options));
  const wait = { waitSeconds: options.wait };
  const engine = await openDuckDB();
  try {
    const runs = await listRuns(engine, file, wait);
    // Later dates first, of one date the last run first.
    const dated = runs
      .filter(({ as_of }) => isDay(since) && as_of <= since)
      .sort((a, b) => (a.as_of === b.as_of ? b.run_number - a.run_number : a.as_of < b.as_of ? 1 : -1));
    const run = isDay(since) ? dated[0] : runs.find(({ run_id }) => run_id === since);
    if (run === undefined) {
      const first = runs.map(({ as_of }) => as_of).sort()[0];
      throw new UserError(
        isDay(since)
          ? `--since ${since}: the ledger ${file} holds no run as of that day or before`
          : `--since ${since} is neither a day written YYYY-MM-DD nor a run of the ledger ${file}`,
        {
          hint:
            first === undefined
              ? 'start with: retain run'
              : `its first run is as of ${first}; the runs are named above their lists`,
        },
      );
    }
    const found = await readList(engine, file, run.run_id, 'at_risk', wait);
    const rows = found === undefined ? [] : await engine.rows('select * from state.list_at_risk order by rank');
    return { run_id: run.run_id, as_of: run.as_of, rows: new Map(rows.map((row) => [String(row['account_id']), row])) };
  } finally {
    engine.close();
  }
}

/**
 * The list with what changed since the earlier one in the place of what changed since the last: rows that were not on
 * it, a probability that moved by a point or more, reasons it did not have. Who has left it since is named above the rows.
 */
export async function changedSince(
  list: ReportList,
  earlier: EarlierList,
  of: Pick<CommonOptions, 'csm' | 'segment'>,
): Promise<ReportList> {
  const told = await tellChanges(list, () => earlier);
  const note = `changes are told since the list of ${longDay(earlier.as_of)} (run ${earlier.run_id})`;
  return { ...told.list, notes: [...list.notes, note, ...goneNote(told, earlier, of)] };
}

/** The list with changes told, and the accounts on it; undefined where rows were cut off. */
export interface ToldList {
  readonly list: ReportList;
  readonly listed: ReadonlySet<string> | undefined;
}

/** The list with `change` told against the earlier list of each row's CSM; as it stands where there is none. */
export async function tellChanges(
  list: ReportList,
  earlierOf: (csm: string | null) => EarlierList | undefined,
): Promise<ToldList> {
  const rows: CellRow[] = [];
  for await (const chunk of list.rows) rows.push(...chunk);
  const changed = rows.map((row) => {
    const earlier = earlierOf(typeof row['csm'] === 'string' ? row['csm'] : null);
    if (earlier === undefined) return row;
    return { ...row, change: changeOf(row, earlier.rows.get(String(row['account_id'])), longDay(earlier.as_of)) };
  });
  return {
    list: {
      ...list,
      rows: {
        async *[Symbol.asyncIterator]() {
          yield changed;
        },
      },
    },
    listed: list.rowCount === rows.length ? new Set(rows.map((row) => String(row['account_id']))) : undefined,
  };
}

/** Who stood on the earlier list and stands on this one no more; nothing where it was cut. */
export function goneNote(
  { listed }: ToldList,
  earlier: EarlierList,
  { csm, segment }: Pick<CommonOptions, 'csm' | 'segment'>,
): string[] {
  const names = [...earlier.rows.values()]
    .filter(
      (row) =>
        listed?.has(String(row['account_id'])) === false &&
        isNamed(row['csm'], csm) &&
        isNamed(row['segment'], segment),
    )
    .map((row) => String(row['name'] ?? row['account_id']))
    .sort();
  return names.length === 0 ? [] : [`on the list of ${longDay(earlier.as_of)} and no longer: ${names.join(', ')}`];
}

/** Names are found whatever their case, as in the list itself. */
function isNamed(value: CellRow[string] | undefined, wanted: string | undefined): boolean {
  return wanted === undefined || String(value).toLowerCase() === wanted.trim().toLowerCase();
}

function changeOf(row: CellRow, before: CellRow | undefined, day: string): string {
  if (before === undefined) return `not on the list of ${day}`;
  const [now, then] = [row['churn_probability'], before['churn_probability']];
  const moved = typeof now === 'number' && typeof then === 'number' && Math.abs(now - then) >= 0.01;
  const parts = moved
    ? [`${now > then ? 'up' : 'down'} from ${Math.round(then * 100)} % to ${Math.round(now * 100)} %`]
    : [];
  const old = new Set(reasonsOf(before));
  const fresh = reasonsOf(row).filter((text) => !old.has(text));
  if (fresh.length > 0) parts.push(`new: ${fresh.join(', ')}`);
  return parts.length === 0 ? `unchanged since ${day}` : `${parts.join('; ')} since ${day}`;
}

/** Reasons are kept as JSON text, and parsed where a list has been read for printing. */
function reasonsOf(row: CellRow): string[] {
  const given: unknown = typeof row['reasons'] === 'string' ? JSON.parse(row['reasons']) : row['reasons'];
  if (!Array.isArray(given)) return [];
  return given.map((reason: { readonly text?: unknown }) => String(reason.text));
}
