import type { FindingTable } from '../contract/agent.ts';
import type { CommonOptions } from '../contract/options.ts';
import type { ReportHeader, ReportList, RunReport, Warning } from '../contract/report.ts';
import { openDuckDB } from '../engine/duckdb.ts';
import type { Engine } from '../engine/engine.ts';
import { type RunDetail, readList, readRun } from '../ledger/index.ts';
import { UserError } from '../lib/errors.ts';
import { BLOCK_NAMES } from './at-risk-blocks.ts';
import { printAtRisk, readPrinted } from './printed.ts';
import { listOfRelation } from './report-lists.ts';
import { runNightly } from './run.ts';
import { settleSelection } from './selection.ts';
import { changedSince, earlierAtRisk } from './since.ts';
import { findConfig, ledgerFile } from './workspace.ts';

/** A list's verb and the table it prints. */
const TABLES: Readonly<Record<string, string>> = {
  health: 'health_score',
  churn: 'churn_risk',
  renewal: 'renewal_timeline',
  'at-risk': 'at_risk',
};

/** What a run leaves beside its rows (written by run.ts). */
export interface StoredReport {
  readonly header: ReportHeader;
  readonly tables: readonly (FindingTable & {
    readonly headline: string;
    readonly question: string | null;
    /** Printed in place of rows; absent: the usual words. */
    readonly empty?: string;
  })[];
  readonly warnings: readonly Warning[];
  readonly next: readonly string[];
  readonly summary: string;
}

/**
 * One list: from the ledger's last run, or computed afresh for the day of `--as-of` (the ledger is then left as it is).
 * @param since of `at-risk`: the run or day whose list the changes are told from; absent: the last list printed for each
 * CSM, else 7 days back
 * @throws UserError when nothing has been run, the verb has no list, or no run is `since`
 */
export async function listFromLedger(options: CommonOptions, verb: string, since?: string): Promise<RunReport> {
  const earlier = since === undefined ? undefined : await earlierAtRisk(options, since);
  const report = await listReport(options, verb, earlier !== undefined);
  if (earlier === undefined) return report;
  const lists = await Promise.all(
    report.lists.map((list) => (list.isBlock === true ? list : changedSince(list, earlier, options))),
  );
  return { ...report, lists };
}

async function listReport(given: CommonOptions, verb: string, isSince: boolean): Promise<RunReport> {
  const name = TABLES[verb];
  if (name === undefined) throw new Error(`${verb} is not a listing verb`);
  if (given.asOf !== undefined) return pick((await runNightly({ ...given, dry: true })).report, name);
  const { engine, run, stored } = await openLastRun(given);
  const options = await chosenInRun(engine, given, run.run_id);
  const table = stored.tables.find((item) => item.name === name);
  if (table === undefined) {
    throw new UserError(`the last run (${run.run_id}) has no ${verb} list`, {
      hint: 'see its warnings with: retain run',
    });
  }
  const printed = name === 'at_risk' && !isSince ? await readPrinted(engine, stored.header, options) : undefined;
  const rows = await readList(engine, ledgerFile(findConfig(options)), run.run_id, name, { waitSeconds: options.wait });
  const list = rows === undefined ? emptyList(table) : await storedList(engine, table, options);
  const header = { ...stored.header, title: `retain ${verb}` };
  const { list: shown, warnings } =
    printed === undefined ? { list, warnings: [] } : await printAtRisk(engine, list, printed, header, options);
  return {
    header,
    lists: name === 'at_risk' ? [shown, ...(await storedBlocks(engine, run.run_id, stored, options))] : [shown],
    outcomes: [],
    warnings,
    next: name === 'at_risk' ? stored.next : ['retain at-risk', 'retain account ID'],
    summary: shown.headline,
  };
}

/** The options with names of `--csm` and `--segment` as that run's accounts have them. */
async function chosenInRun(engine: Engine, options: CommonOptions, runId: string): Promise<CommonOptions> {
  if (options.csm === undefined && options.segment === undefined) return options;
  const relations: string[] = [];
  for (const name of Object.values(TABLES)) {
    const read = await readList(engine, ledgerFile(findConfig(options)), runId, name, { waitSeconds: options.wait });
    if (read !== undefined) relations.push(`state.list_${name}`);
  }
  return settleSelection(engine, options, relations);
}

/** The last committed run with its stored report. */
export async function openLastRun(
  options: CommonOptions,
): Promise<{ engine: Engine; run: RunDetail; stored: StoredReport }> {
  const file = ledgerFile(findConfig(options));
  const engine = await openDuckDB();
  const run = await readRun(engine, file, 'last', { waitSeconds: options.wait });
  if (run === undefined) {
    throw new UserError(`the ledger ${file} holds no run yet`, { hint: 'start with: retain run' });
  }
  return { engine, run, stored: run.report as StoredReport };
}

function emptyList(table: StoredReport['tables'][number]): ReportList {
  return {
    name: table.name,
    title: table.title,
    headline: table.headline,
    columns: table.columns,
    notes: table.notes,
    rowCount: 0,
    rows: { async *[Symbol.asyncIterator]() {} },
    empty: 'no account',
  };
}

async function storedList(
  engine: Engine,
  table: StoredReport['tables'][number],
  options: CommonOptions,
): Promise<ReportList> {
  const frame = {
    headline: table.headline,
    empty: 'no account',
    ...(table.question === null ? {} : { question: table.question }),
  };
  const list = await listOfRelation(engine, `state.list_${table.name}`, table, frame, options);
  if (table.name !== 'at_risk') return list;
  return { ...list, layout: 'cards', rows: parsed(list.rows) };
}

/** The blocks under the at-risk list, as far as the run kept them. */
async function storedBlocks(
  engine: Engine,
  runId: string,
  stored: StoredReport,
  options: CommonOptions,
): Promise<ReportList[]> {
  const lists: ReportList[] = [];
  for (const table of stored.tables.filter(({ name }) => BLOCK_NAMES.some((block) => block === name))) {
    const file = ledgerFile(findConfig(options));
    if ((await readList(engine, file, runId, table.name, { waitSeconds: options.wait })) === undefined) continue;
    const empty = table.empty ?? 'no account';
    const frame = { headline: table.headline, empty };
    const list = await listOfRelation(engine, `state.list_${table.name}`, table, frame, options);
    lists.push({ ...list, isBlock: true });
  }
  return lists;
}

/** Reasons are kept as JSON text. */
async function* parsed(rows: ReportList['rows']): ReportList['rows'] {
  for await (const chunk of rows) {
    yield chunk.map((row) =>
      typeof row['reasons'] === 'string' ? { ...row, reasons: JSON.parse(row['reasons']) } : row,
    );
  }
}

function pick(report: RunReport, name: string): RunReport {
  const blocks: readonly string[] = name === 'at_risk' ? BLOCK_NAMES : [];
  const lists = report.lists.filter((list) => list.name === name || blocks.includes(list.name));
  return { ...report, lists, summary: lists[0]?.headline ?? report.summary };
}
