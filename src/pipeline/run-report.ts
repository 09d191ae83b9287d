import { factsHeading } from '../agents/churn.ts';
import { AGENTS } from '../agents/index.ts';
import type { FindingTable } from '../contract/agent.ts';
import type { ReportHeader, ReportList, RunReport, Warning } from '../contract/report.ts';
import { daysBetween, longDay } from '../lib/dates.ts';
import { moneyWords } from '../lib/money.ts';
import { AT_RISK_COLUMNS } from './at-risk.ts';
import { readBlocks } from './at-risk-blocks.ts';
import type { Night } from './night.ts';
import { payerWarnings } from './payers.ts';
import { chosenHeadline, listOfRelation, rowSource, type Selection } from './report-lists.ts';
import { headerNotes, moneyNotes, qualityWarnings } from './run-header.ts';

/** The report; its rows are read from the engine when they are rendered. */
export async function nightReport(night: Night, selection: Selection): Promise<RunReport> {
  const { engine } = night.workspace;
  const lists: ReportList[] = [atRiskList(night, selection)];
  for (const block of await readBlocks(engine, night.money)) {
    const { headline, empty } = block;
    const list = await listOfRelation(engine, `finding.${block.name}`, block, { headline, empty }, selection);
    lists.push({ ...list, isBlock: true });
  }
  for (const outcome of night.outcomes) {
    if (outcome.status !== 'ok') continue;
    const agent = AGENTS.find(({ id }) => id === outcome.agent);
    const [table] = outcome.finding.tables;
    if (table === undefined) continue;
    lists.push(
      await listOfRelation(
        engine,
        `finding.${table.name}`,
        table,
        {
          ...(agent === undefined ? {} : { question: agent.question }),
          headline: outcome.finding.headline,
          empty: 'no account',
        },
        selection,
      ),
    );
  }
  return {
    header: await header(night),
    lists,
    outcomes: night.outcomes,
    warnings: reportWarnings(night),
    next: nextCommands(night),
    summary: runSummary(night),
  };
}

function atRiskList(night: Night, selection: Selection): ReportList {
  const { csm, segment, top } = selection;
  const chosen = night.atRisk
    .filter((row) => csm === undefined || String(row['csm']).toLowerCase() === csm.toLowerCase())
    .filter((row) => segment === undefined || String(row['segment']).toLowerCase() === segment.toLowerCase());
  const table = atRiskTable(night);
  return {
    name: 'at_risk',
    title: table.title,
    question: 'Whom to look after this week, why, and what next?',
    headline: chosenHeadline(atRiskHeadline(night), selection, chosen.length, night.atRisk.length),
    columns: table.columns,
    notes: table.notes,
    rowCount: chosen.length,
    rows: rowSource(top === undefined ? chosen : chosen.slice(0, top)),
    layout: 'cards',
    empty: 'no account enters at-risk',
  };
}

function atRiskTable(night: Night): FindingTable {
  const { config } = night.workspace;
  const notes: string[] = [];
  const churn = night.outcomes.find(({ agent }) => agent === 'churn');
  if (churn?.status === 'ok') notes.push(...(churn.finding.tables[0]?.notes ?? []));
  notes.push(
    `at most ${config.capacity.rows_per_csm} rows and ${config.capacity.new_per_week} new a week for each CSM; half of the rows are kept for new and worse`,
  );
  if ((night.step?.assumed_pools.length ?? 0) > 0) {
    notes.push(`no decisions recorded: a shown alert counts as worked after ${config.alerts.assumed_days} days`);
  }
  const held = night.step?.suppressed.filter(({ proposal }) => proposal?.kind === 'alert').length ?? 0;
  const inHand = night.step?.in_hand.length ?? 0;
  if (held + inHand > 0)
    notes.push(`${held} more entered but wait (capacity, new budget, cool-down); ${inHand} are in hand`);
  return { name: 'at_risk', title: 'At risk', columns: AT_RISK_COLUMNS, order: ['rank'], notes };
}

/** A list without a forecast says so before it says how long it is. */
function atRiskHeadline(night: Night): string {
  const churn = night.outcomes.find(({ agent }) => agent === 'churn');
  const columns = churn?.status === 'ok' ? churn.finding.tables[0]?.columns : undefined;
  if (columns === undefined || columns.some(({ key }) => key === 'churn_probability')) return runSummary(night);
  return `${factsHeading(night.model)}; ${runSummary(night)}`;
}

async function header(night: Night): Promise<ReportHeader> {
  const { asOf, asOfReason, configHash, config, version } = night.workspace;
  return {
    title: 'retain run',
    run_id: night.runId,
    version,
    as_of: asOf,
    as_of_reason: asOfReason,
    seed: config.seed,
    config_hash: configHash,
    currency: night.money.currency,
    is_money_approximate: night.money.is_approximate,
    notes: [
      ...(await headerNotes(night.workspace)),
      ...moneyNotes(night.quality, night.workspace, night.money),
      night.modelNote,
      ...(night.isFirst ? [firstRunNote(night)] : []),
    ],
  };
}

/** What a first run did beside its own day, and what the next one will therefore do. */
function firstRunNote({ dates, model, workspace: { asOf, config } }: Night): string {
  const weeks = dates.length - 1;
  if (weeks === 0) return 'first run: the exports reach back less than a week, so that none before was replayed';
  const replayed = `first run: the ${weeks === 1 ? 'week before was' : `${weeks} weeks before were`} replayed with one model`;
  const age = daysBetween(model.as_of, asOf);
  return age < config.model.max_age_days
    ? replayed
    : `${replayed}, fitted as of the first of them; at ${age} days (model.max_age_days ${config.model.max_age_days}) the next run fits a new one, once: it takes as long as this training did`;
}

function reportWarnings(night: Night): Warning[] {
  const failed = night.outcomes.flatMap((outcome): Warning[] =>
    outcome.status === 'failed'
      ? [
          {
            what: `the agent ${outcome.agent} failed: ${outcome.error}`,
            consequence: 'its list is missing; the others stand',
            remedy: 'run again with --debug and report it',
          },
        ]
      : outcome.status === 'skipped'
        ? [
            {
              what: `the agent ${outcome.agent} was skipped: ${outcome.reason}`,
              consequence: 'its list is missing',
              remedy: 'see retain check',
            },
          ]
        : [],
  );
  return [
    ...failed,
    ...leakWarnings(night),
    ...payerWarnings(night.workspace.config, 'accounts are counted, none is listed'),
    ...qualityWarnings(night.quality, night.workspace),
  ];
}

/** Columns that the configuration admitted to the model and that know the outcome: a nightly job goes on without them. */
function leakWarnings({ model }: Night): Warning[] {
  const names = new Map(model.leaks.filter(({ is_admitted }) => is_admitted).map((leak) => [leak.name, leak]));
  return [...names.values()].map(({ name, message, treatment }) => ({
    what: message,
    consequence:
      treatment === 'allowed'
        ? 'it was let into the model all the same: probabilities and reasons rest on it'
        : 'the model was fitted without it',
    remedy: treatment === 'allowed' ? `take ${name} out of model.allow_leak` : `take ${name} out of model.features`,
  }));
}

function nextCommands(night: Night): string[] {
  const first = night.atRisk[0]?.['account_id'];
  return [
    ...(first === undefined ? [] : [`retain account ${String(first)}`]),
    'retain check',
    ...(night.isFirst ? ['retain train'] : []),
  ];
}

/** The most important line. */
export function runSummary(night: Night): string {
  const churn = night.outcomes.find(({ agent }) => agent === 'churn');
  if (churn !== undefined && churn.status !== 'ok') {
    return `there is no at-risk list as of ${longDay(night.workspace.asOf)}: the churn agent was ${churn.status}`;
  }
  const fresh = night.atRisk.filter((row) => row['is_new'] === true).length;
  const arr = night.atRisk.reduce(
    (sum, row) => sum + (typeof row['arr_amount'] === 'number' ? row['arr_amount'] : 0),
    0,
  );
  if (night.atRisk.length === 0) return `no account is on the at-risk list as of ${longDay(night.workspace.asOf)}`;
  const accounts = night.atRisk.length === 1 ? '1 account' : `${night.atRisk.length} accounts`;
  return `${accounts} at risk, ${moneyWords(arr, night.money)} ARR, ${fresh} new as of ${longDay(night.workspace.asOf)}`;
}

/** What a report needs beside its rows, so that lists can be printed again from the ledger. */
export async function storedReport(night: Night): Promise<unknown> {
  const tables = night.outcomes.flatMap((outcome) =>
    outcome.status === 'ok'
      ? outcome.finding.tables.map((table) => ({
          ...table,
          headline: outcome.finding.headline,
          question: AGENTS.find(({ id }) => id === outcome.agent)?.question ?? null,
        }))
      : [],
  );
  const blocks = await readBlocks(night.workspace.engine, night.money);
  return {
    header: await header(night),
    tables: [
      { ...atRiskTable(night), headline: atRiskHeadline(night), question: null },
      ...blocks.map((block) => ({ ...block, question: null })),
      ...tables,
    ],
    warnings: reportWarnings(night),
    outcomes: night.outcomes.map(({ agent, status }) => ({ agent, status })),
    next: nextCommands(night),
    summary: runSummary(night),
  };
}
