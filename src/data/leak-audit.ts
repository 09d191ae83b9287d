import type { ModelBasis } from '../contract/churn-model.ts';
import { type Engine, quoteName, type Row } from '../engine/engine.ts';
import type { Day } from '../lib/dates.ts';
import { type ContractTable, TABLES } from './contract.ts';
import type { CustomFeature } from './custom-features.ts';
import type { DateCache } from './date-cache.ts';
import { auditAdmitted, auditAdmittedGrowth } from './leak-audit-admitted.ts';
import {
  areaUnderCurve,
  isText,
  type LeakFinding,
  numericValues,
  SMALLEST_COUNT,
  SUSPICIOUS_AUC,
} from './leak-finding.ts';
import type { Panel } from './panel.ts';
import { clearViews, standViews } from './standing.ts';

export interface AuditOptions {
  /** Also standing as table `main.panel`; at its middle date values are compared with and without later rows. */
  readonly panel: Panel;
  /** Custom columns among the panel's features. */
  readonly admitted?: readonly CustomFeature[];
  /** Where the comparison of a day is kept for the next audit of the same exports. */
  readonly cache?: DateCache | undefined;
}

/**
 * Looks for columns that know the outcome: panel features with a single-feature AUC of 0.95 or more, or known for
 * churned accounts only, or that change when rows and cells after a day are removed; and raw columns filled only on
 * rows over or flagged as churned. Custom columns that the configuration admitted are looked at more sharply, because no
 * as-of view masks them. Findings come in the order admitted, feature, column, then by name.
 */
export async function auditLeaks(engine: Engine, options: AuditOptions): Promise<LeakFinding[]> {
  const { panel } = options;
  const asOf = panel.dates[Math.floor(panel.dates.length / 2)];
  const findings = [
    ...auditFeatures(panel),
    ...(asOf === undefined ? [] : await auditFuture(engine, panel, asOf, options.cache)),
    ...(await auditColumns(engine, panel.knownBy)),
  ];
  const admitted = options.admitted ?? [];
  return inOrder([...auditAdmitted(panel, admitted), ...findings.map((finding) => asAdmitted(finding, admitted))]);
}

/**
 * `auditLeaks` for the outcome of growing (`expansion_label`): features that know who will pay for more. What changes with
 * later rows, and what is filled on churned rows, `auditLeaks` has found.
 */
export function auditGrowth({ panel, admitted = [] }: Pick<AuditOptions, 'panel' | 'admitted'>): LeakFinding[] {
  const label = panel.number('expansion_label');
  const rows = rowsWhere(panel.rowCount, (i) => !Number.isNaN(label[i] ?? Number.NaN));
  const findings = auditRows(panel, { basis: 'expansion', rows, label, who: 'grown' });
  return inOrder([
    ...auditAdmittedGrowth(panel, admitted),
    ...findings.map((finding) => asAdmitted(finding, admitted)),
  ]);
}

/** A finding about a feature that the configuration admitted is named as there. */
function asAdmitted(finding: LeakFinding, admitted: readonly CustomFeature[]): LeakFinding {
  const custom = admitted.find(({ column }) => column === finding.feature);
  if (custom === undefined) return finding;
  const message = finding.message.replace(custom.column, custom.key);
  return { ...finding, level: 'admitted', name: custom.key, message };
}

function inOrder(findings: readonly LeakFinding[]): LeakFinding[] {
  return findings.toSorted((a, b) => order(LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level), a, b));
}

const LEVELS: readonly LeakFinding['level'][] = ['admitted', 'feature', 'column'];

function order(level: number, a: LeakFinding, b: LeakFinding): number {
  const left = `${a.name} ${a.kind} ${a.churn_basis ?? ''}`;
  const right = `${b.name} ${b.kind} ${b.churn_basis ?? ''}`;
  return level !== 0 ? level : left < right ? -1 : left > right ? 1 : 0;
}

function auditFeatures(panel: Panel): LeakFinding[] {
  const label = panel.number('label');
  const basis = panel.text('churn_basis');
  return (['leave', 'renewal'] as const).flatMap((wanted) => {
    const rows = rowsWhere(panel.rowCount, (i) => basis[i] === wanted && !Number.isNaN(label[i] ?? Number.NaN));
    return auditRows(panel, { basis: wanted, rows, label, who: 'churned' });
  });
}

/** The labelled rows of one question. */
interface AuditedRows {
  readonly basis: ModelBasis;
  readonly rows: readonly number[];
  readonly label: Float64Array;
  /** What accounts with the outcome are called. */
  readonly who: 'churned' | 'grown';
}

function auditRows(panel: Panel, { basis, rows, label, who }: AuditedRows): LeakFinding[] {
  const findings: LeakFinding[] = [];
  const outcomes = rows.filter((i) => label[i] === 1).length;
  if (outcomes < SMALLEST_COUNT || rows.length - outcomes < SMALLEST_COUNT) return findings;
  for (const name of panel.features) {
    const values = numericValues(panel, name, rows, label);
    const texts = isText(panel, name) ? panel.text(name) : undefined;
    const filled = rows.filter((i, k) =>
      texts === undefined ? !Number.isNaN(values[k] ?? Number.NaN) : (texts[i] ?? null) !== null,
    );
    const common = { level: 'feature', name, feature: name, churn_basis: basis, is_masked: false } as const;
    if (filled.length >= SMALLEST_COUNT && filled.every((i) => label[i] === 1)) {
      findings.push({
        ...common,
        kind: 'known_only_for_churned',
        auc: null,
        row_count: filled.length,
        message: `${name} is known for ${who} accounts only (${filled.length} rows): it tells the outcome`,
      });
    }
    const known = rows.map((i, k) => ({ label: label[i] ?? 0, value: values[k] ?? Number.NaN }));
    const auc = areaUnderCurve(known.filter(({ value }) => !Number.isNaN(value)));
    if (auc !== null && auc >= SUSPICIOUS_AUC) {
      findings.push({
        ...common,
        kind: 'separates',
        auc,
        row_count: filled.length,
        message: `${name} alone ranks the outcomes with an AUC of ${auc.toFixed(3)}: too good to be known beforehand`,
      });
    }
  }
  return findings;
}

function rowsWhere(count: number, holds: (i: number) => boolean): number[] {
  const rows: number[] = [];
  for (let i = 0; i < count; i++) if (holds(i)) rows.push(i);
  return rows;
}

/** Features of a day, computed from tables from which everything later was taken away, must be the same. */
async function auditFuture(
  engine: Engine,
  panel: Panel,
  asOf: Day,
  cache: DateCache | undefined,
): Promise<LeakFinding[]> {
  const known = await cache?.find('audit', asOf);
  const counts =
    known === undefined ? await changedCounts(engine, panel, asOf) : await engine.rows(known.select('changed'));
  if (known === undefined && cache !== undefined) {
    await engine.execute('create or replace table main.audit_changed (name varchar, row_count integer)');
    await engine.append('main.audit_changed', {
      name: counts.map(({ name }) => String(name)),
      row_count: counts.map(({ row_count }) => Number(row_count)),
    });
    await cache.put(engine, 'audit', asOf, [], { changed: 'select * from main.audit_changed' });
    await engine.execute('drop table main.audit_changed');
  }
  return counts.map(({ name, row_count }) => ({
    kind: 'changes_with_future',
    level: 'feature',
    name: String(name),
    feature: String(name),
    churn_basis: null,
    auc: null,
    row_count: Number(row_count),
    is_masked: false,
    message: `${name} as of ${asOf} changes for ${row_count} accounts when later rows are removed`,
  }));
}

/** By feature that differs: for how many accounts. */
async function changedCounts(engine: Engine, panel: Panel, asOf: Day): Promise<Row[]> {
  try {
    await clearViews(engine);
    const names = ['account_id', 'segment', 'churn_basis', ...panel.features].map(quoteName).join(', ');
    await engine.materialise(
      'main.audit_whole',
      `select ${names} from main.panel where observation_date = $as_of::date`,
      {
        as_of: asOf,
      },
    );
    await engine.execute('create schema if not exists past');
    for (const table of TABLES) {
      await engine.materialise(`past.${table.name}`, pastRows(table), { as_of: asOf });
    }
    await engine.execute("set search_path = 'past,main'");
    await standViews(engine, ['account_features'], asOf);
    await engine.materialise('main.audit_past', `select ${names} from dated.account_features`);
    await engine.execute("set search_path = 'main'");
    const columns = (await engine.describe('select * from main.audit_whole')).map(({ name }) => name);
    const changed = columns
      .filter((name) => name !== 'account_id')
      .map((name) => {
        const column = quoteName(name);
        return `sum(case when whole.${column} is distinct from past.${column} then 1 else 0 end) as ${column}`;
      });
    const [counts] = await engine.rows(
      `select ${changed.join(', ')} from main.audit_whole as whole
       full join main.audit_past as past on past.account_id = whole.account_id`,
    );
    return Object.entries(counts ?? {})
      .filter(([, count]) => Number(count) > 0)
      .map(([name, count]) => ({ name, row_count: Number(count) }));
  } finally {
    await engine.execute("set search_path = 'main'");
    await engine.execute('drop schema if exists past cascade');
    await engine.execute('drop table if exists main.audit_whole');
    await engine.execute('drop table if exists main.audit_past');
    await clearViews(engine);
  }
}

/** Rows of a table that existed on a day, cells that happened later blanked, straight from the data contract. */
function pastRows(table: ContractTable): string {
  const blanked = table.columns
    .filter((column) => column.happened !== undefined)
    .map((column) => {
      const name = quoteName(column.name);
      const day = column.happened === 'self' || column.happened === undefined ? name : quoteName(column.happened);
      // An end is told by the cancel request, a decision without its day by the due date, and so on: see the views.
      const told: Readonly<Record<string, string>> = {
        'contract.ended_date': 'least(ended_date, cast(cancelled_at as date), cast(known_at as date))',
        'ticket.is_escalated': 'coalesce(escalated_at, solved_at)',
        'ticket.reopen_count': 'coalesce(updated_at, solved_at)',
        'ticket.first_response_minutes': 'coalesce(first_response_at, created_at + to_minutes(first_response_minutes))',
        'renewal.outcome': 'coalesce(decided_at, due_date)',
        'renewal.amount': 'coalesce(decided_at, due_date)',
        'renewal.reason_code': 'coalesce(decided_at, due_date)',
      };
      const from = told[`${table.name}.${column.name}`] ?? day;
      const undated = table.name === 'invoice' && column.name === 'status' ? ` or ${day} is null` : '';
      return `case when cast(${from} as date) <= $as_of::date${undated} then ${name} end as ${name}`;
    });
  const existed: Readonly<Record<string, string>> = {
    survey: 'coalesce(known_at, sent_at, responded_at)',
    renewal: 'coalesce(known_at, least(decided_at, due_date))',
    milestone: 'coalesce(known_at, least(planned_date, completed_date))',
  };
  const day = existed[table.name] ?? 'known_on';
  const replace = blanked.length === 0 ? '' : ` replace (${blanked.join(', ')})`;
  return `select *${replace} from main.${quoteName(table.name)}
          where cast(${day} as date) <= $as_of::date or ${day} is null and $as_of::date is not null`;
}

/** When a churned row is known to be over. */
const OVER: Readonly<Record<string, string>> = {
  contract: 'least(ended_date, cast(cancelled_at as date), cast(known_at as date))',
  account: 'churn_date',
};

/**
 * Columns of contract and account that are filled on churned rows and on no others, as known at the end of `knownBy`. Of a
 * row that is over later the export no longer shows how it stood that day: it is left aside, whole.
 */
async function auditColumns(engine: Engine, knownBy: Day): Promise<LeakFinding[]> {
  const findings: LeakFinding[] = [];
  for (const table of TABLES.filter(({ name }) => name === 'contract' || name === 'account')) {
    const candidates = table.columns.filter(
      ({ name }) => !['account_id', 'contract_id', 'is_churned_flag'].includes(name),
    );
    const counts = candidates.flatMap(({ name }, j) => [
      `count(${quoteName(name)}) as filled_${j}`,
      `count(case when is_churned_flag then ${quoteName(name)} end) as churned_${j}`,
    ]);
    const [row] = await engine.rows(
      `select count(*) as row_count, count(case when is_churned_flag then 1 end) as churned_count, ${counts.join(', ')}
       from (${pastRows(table)}) as known
       where not coalesce(is_churned_flag, false) or ${OVER[table.name]} <= $as_of::date
         or $as_of::date >= (select first_seen_on from settings)`,
      { as_of: knownBy },
    );
    const churned = Number(row?.['churned_count'] ?? 0);
    if (churned < SMALLEST_COUNT || churned === Number(row?.['row_count'] ?? 0)) continue;
    candidates.forEach(({ name, happened }, j) => {
      const filled = Number(row?.[`filled_${j}`] ?? 0);
      if (filled < SMALLEST_COUNT || filled !== Number(row?.[`churned_${j}`] ?? 0)) return;
      const masked = happened !== undefined;
      findings.push({
        kind: 'known_only_for_churned',
        level: 'column',
        name: `${table.name}.${name}`,
        feature: null,
        churn_basis: null,
        auc: null,
        row_count: filled,
        is_masked: masked,
        message:
          `${table.name}.${name} is filled on ${filled} churned rows and on no other: ` +
          (masked ? 'it is hidden until its day' : 'it tells the outcome and must not be a feature'),
      });
    });
  }
  return findings;
}
