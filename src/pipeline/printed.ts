import type { CellRow } from '../contract/agent.ts';
import type { CommonOptions } from '../contract/options.ts';
import type { ReportHeader, ReportList, Warning } from '../contract/report.ts';
import type { Engine } from '../engine/engine.ts';
import { commitRows, readState } from '../ledger/index.ts';
import { longDay } from '../lib/dates.ts';
import { UserError } from '../lib/errors.ts';
import { type EarlierList, goneNote, tellChanges } from './since.ts';
import { findConfig, ledgerFile } from './workspace.ts';

/** Cells of a printed row that a later list is compared with. */
const KEPT = ['account_id', 'name', 'csm', 'segment', 'churn_probability', 'reasons'] as const;

/** The at-risk list as it goes to people, and what they should know about the keeping of it. */
export interface PrintedList {
  readonly list: ReportList;
  readonly warnings: readonly Warning[];
}

/** What the ledger says of lists printed before. */
export interface PrintedBefore {
  /** By CSM (empty = none), the newest printed list of an earlier as-of date. */
  readonly newest: ReadonlyMap<string, EarlierList>;
  /** CSMs whose list of this very run was printed already. */
  readonly known: ReadonlySet<string>;
}

/** Reads what was printed before the list of a run. Clears the engine's schema `state`, so it comes before `readList`. */
export async function readPrinted(
  engine: Engine,
  { as_of, run_id }: Pick<ReportHeader, 'as_of' | 'run_id'>,
  options: CommonOptions,
): Promise<PrintedBefore> {
  const file = ledgerFile(findConfig(options));
  await readState(engine, file, ['printed_list'], { asOf: options.today, waitSeconds: options.wait });
  const found = await engine.rows(
    `select coalesce(csm, '') as csm, as_of, coalesce(run_id, '') as run_id, rows::varchar as rows from state.printed_list
     where list = 'at_risk' order by as_of desc, printed_on desc, run_id desc, csm`,
  );
  const newest = new Map<string, EarlierList>();
  for (const row of found) {
    const csm = String(row['csm']);
    if (newest.has(csm) || String(row['as_of']) >= as_of) continue;
    const rows = JSON.parse(String(row['rows'])) as CellRow[];
    newest.set(csm, {
      run_id: String(row['run_id']),
      as_of: String(row['as_of']),
      rows: new Map(rows.map((item) => [String(item['account_id']), item])),
    });
  }
  const known = found.filter((row) => row['run_id'] === run_id).map((row) => String(row['csm']));
  return { newest: new Map([...newest].sort(([a], [b]) => (a < b ? -1 : 1))), known: new Set(known) };
}

/**
 * The at-risk list with changes told since the last list printed for each CSM, of an earlier as-of date, so that printing
 * a list twice says the same twice. Where none was printed the list stays as it is (changes since 7 days back). A whole
 * list in a form that people read (table, Markdown) is then kept as printed; a program's CSV or JSON, or a cut, is not.
 */
export async function printAtRisk(
  engine: Engine,
  list: ReportList,
  before: PrintedBefore,
  header: ReportHeader,
  options: CommonOptions,
): Promise<PrintedList> {
  const told = await tellChanges(list, (csm) => before.newest.get(csm ?? ''));
  const whose = [...before.newest].filter(([csm]) => options.csm === undefined || csm === options.csm);
  const notes = whose.flatMap(([csm, earlier]) => [
    `changes${csm === '' ? '' : ` of ${csm}`} are told since the list of ${longDay(earlier.as_of)}, the last one printed`,
    ...goneNote(told, earlier, { ...options, ...(csm === '' ? {} : { csm }) }),
  ]);
  const shown = { ...told.list, notes: [...list.notes, ...notes] };
  const isForPeople = options.format === 'table' || options.format === 'markdown';
  if (!isForPeople || told.listed === undefined || options.segment !== undefined) return { list: shown, warnings: [] };
  try {
    await keep(engine, shown, before, header, options);
    return { list: shown, warnings: [] };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return {
      list: shown,
      warnings: [
        {
          what: `this list could not be kept as printed: ${error.message}`,
          consequence: 'the next one tells its changes since an older list',
          remedy: error.hint ?? 'make the store writable, or give another with --store',
        },
      ],
    };
  }
}

/** Keeps the rows of each CSM as printed; what was printed of the same run before stands already. */
async function keep(
  engine: Engine,
  list: ReportList,
  before: PrintedBefore,
  header: ReportHeader,
  options: CommonOptions,
): Promise<void> {
  const byCsm = new Map<string, CellRow[]>(options.csm === undefined ? [] : [[options.csm, []]]);
  for await (const chunk of list.rows) {
    for (const row of chunk) {
      const csm = typeof row['csm'] === 'string' ? row['csm'] : '';
      const kept = Object.fromEntries(KEPT.map((key) => [key, row[key] ?? null]));
      byCsm.set(csm, [...(byCsm.get(csm) ?? []), kept]);
    }
  }
  const rows = [...byCsm]
    .filter(([csm]) => !before.known.has(csm))
    .map(([csm, own]) => ({
      printed_on: options.today,
      as_of: header.as_of,
      run_id: header.run_id,
      csm: csm === '' ? null : csm,
      list: 'at_risk',
      rows: JSON.stringify(own),
    }));
  if (rows.length === 0) return;
  const wait = { waitSeconds: options.wait };
  await commitRows(engine, ledgerFile(findConfig(options)), { printed_list: { rows } }, wait);
}
