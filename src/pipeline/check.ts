import type { TableColumn } from '../contract/agent.ts';
import type { CommonOptions, RunResult } from '../contract/options.ts';
import type { ReportList, RunReport } from '../contract/report.ts';
import { assessQuality } from '../data/quality.ts';
import { type PassedLimit, passedLimits } from '../data/quality-limits.ts';
import { chooseDefinition, countDefinitions } from './init-outcomes.ts';
import { definitionsList } from './init-report.ts';
import { rowSource } from './report-lists.ts';
import { headerNotes, moneyNotes, moneyStyle } from './run-header.ts';
import { openWorkspace, type Workspace } from './workspace.ts';

const FINDING_COLUMNS: readonly TableColumn[] = [
  { key: 'severity', label: 'severity', kind: 'text' },
  // The finding tells table, rows and their share in words.
  { key: 'table', label: 'table', kind: 'text', terminal: false },
  { key: 'message', label: 'finding', kind: 'text', wraps: true },
  { key: 'rows', label: 'rows', kind: 'integer', terminal: false },
  { key: 'row_rate', label: 'of rows', kind: 'rate', terminal: false },
  { key: 'arr_amount', label: 'ARR', kind: 'money' },
  { key: 'arr_rate', label: 'of ARR', kind: 'rate' },
  { key: 'remedy', label: 'remedy', kind: 'text', wraps: true },
  { key: 'id', label: 'id', kind: 'id', terminal: false },
];

const FEED_COLUMNS: readonly TableColumn[] = [
  { key: 'table_name', label: 'table', kind: 'text' },
  { key: 'row_count', label: 'rows', kind: 'integer' },
  { key: 'first_on', label: 'first', kind: 'date' },
  { key: 'last_on', label: 'last', kind: 'date' },
  { key: 'joined_row_rate', label: 'rows joined', kind: 'rate' },
  { key: 'joined_arr_rate', label: 'ARR joined', kind: 'rate' },
  { key: 'is_stopped', label: 'stopped', kind: 'boolean' },
];

/**
 * The exports against the data contract: feeds, findings in rows and ARR, and what was put into rejects/. Exit code 1 when
 * they pass a limit of `quality`, at which `run` would stop.
 */
export async function check(
  options: CommonOptions & { readonly churnDefinitions?: boolean },
): Promise<RunResult<RunReport>> {
  const workspace = await openWorkspace(options);
  const { engine, config, asOf } = workspace;
  options.progress.stage('checking the data');
  const findings = await assessQuality(engine, config, asOf);
  options.progress.done();
  const grave = findings.filter(({ severity }) => severity !== 'info').length;
  const limits = passedLimits(config, workspace.ingested.feeds, workspace.ingested.rejects, findings);
  const style = await moneyStyle(workspace, findings);
  const report: RunReport = {
    header: {
      title: 'retain check',
      run_id: null,
      version: workspace.version,
      as_of: asOf,
      as_of_reason: workspace.asOfReason,
      seed: config.seed,
      config_hash: workspace.configHash,
      currency: style.currency,
      is_money_approximate: style.is_approximate,
      notes: [...(await headerNotes(workspace)), ...moneyNotes(findings, workspace, style)],
    },
    lists: [
      list('feeds', 'Feeds', FEED_COLUMNS, await engine.rows('select * from feed order by table_name')),
      list(
        'findings',
        'Data quality',
        FINDING_COLUMNS,
        findings.map(({ arr_both_ways: _told, ...finding }) => finding),
      ),
      ...(options.churnDefinitions === true ? [await churnDefinitions(workspace)] : []),
    ],
    outcomes: [],
    warnings: [
      ...workspace.ingested.warnings.map((what) => ({
        what,
        consequence: 'the rest was read',
        remedy: 'see the file named',
      })),
      ...limits.map(({ message, remedy }) => ({ what: message, consequence: 'retain run stops', remedy })),
    ],
    next: rejected(workspace) > 0 ? [`less ${config.store}/rejects`, 'retain run'] : ['retain run'],
    summary: `${limitWords(limits)}${plural(grave, 'finding')} to look at, ${plural(rejected(workspace), 'rejected value')}`,
  };
  return { report, exitCode: limits.length === 0 ? 0 : 1 };
}

/** The outcomes under every definition the exports allow, and which of them `churn.definition` takes. */
async function churnDefinitions({ engine, config, asOf }: Workspace): Promise<ReportList> {
  const counts = await countDefinitions(engine, asOf);
  const own = chooseDefinition(counts, config.model.min_outcomes);
  const reason =
    own.definition === config.churn.definition
      ? own.reason
      : `churn.definition says ${config.churn.definition}; of its own accord retain would take ${own.definition}: ${own.reason}`;
  return { ...definitionsList({ counts, definition: config.churn.definition, reason }), name: 'churn_definitions' };
}

/** "1 limit passed: quality.max_rejected_rate; ", or nothing. */
function limitWords(limits: readonly PassedLimit[]): string {
  if (limits.length === 0) return '';
  return `${plural(limits.length, 'limit')} passed: ${[...new Set(limits.map(({ key }) => key))].join(', ')}; `;
}

function rejected(workspace: Workspace): number {
  return workspace.ingested.rejectCount;
}

function list(name: string, title: string, columns: readonly TableColumn[], rows: readonly ReportRow[]): ReportList {
  return {
    name,
    title,
    headline: '',
    columns,
    notes: [],
    rowCount: rows.length,
    rows: rowSource(rows),
    empty: 'nothing to report',
  };
}

type ReportRow = Parameters<typeof rowSource>[0][number];

function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}
