import type { CommonOptions } from '../contract/options.ts';
import type { ReportList, RunReport, Warning } from '../contract/report.ts';
import type { SignalRecord } from '../contract/signals.ts';
import { customFeatures } from '../data/custom-features.ts';
import { auditLeaks } from '../data/leak-audit.ts';
import { observationDates } from '../data/panel.ts';
import { UserError } from '../lib/errors.ts';
import { forkRandom } from '../lib/random.ts';
import { healthAcceptance } from '../models/signals/acceptance.ts';
import { type HealthProposal, proposeHealth } from '../models/signals/proposal.ts';
import { outcomeAccounts, type Register, signalRegister } from '../models/signals/register.ts';
import { firstDay } from './churn-training.ts';
import { buildPanel } from './panel.ts';
import { type WrittenPatch, writePatch } from './proposals.ts';
import { exportsHeader } from './run-header.ts';
import { settleSelection } from './selection.ts';
import { type ClosedBook, readBook } from './signal-books.ts';
import { acceptanceList, periodList, proposalList, registerList, registerSummary } from './signal-lists.ts';
import { hasProposal, healthPatch, proposalRows, proposalSentence } from './signal-proposal.ts';
import { openWorkspace, type Workspace } from './workspace.ts';

/** What the register found, before it is worded. */
export interface SignalFindings {
  readonly books: readonly ClosedBook[];
  readonly register: Register;
  readonly proposal: HealthProposal;
  readonly lists: readonly ReportList[];
}

/** Every list of the register's report, in its order. */
export const SIGNALS_LISTS: readonly string[] = ['signals', 'health_acceptance', 'health_proposal', 'signal_periods'];

/**
 * The signal register: every feature, the health score, its components and measures, and declared columns, against who
 * left. Writes a proposal of weights and bands beside the configuration where later dates bear it out.
 * @throws UserError without any dated history
 */
export async function signals(options: CommonOptions): Promise<RunReport> {
  const workspace = await openWorkspace(options);
  const { asOf, config, configHash } = workspace;
  options.progress.stage(`judging signals as of ${asOf}`);
  const { books, register, proposal, lists } = await judgeSignals(workspace, options);
  options.progress.done();
  const written = hasProposal(proposal) ? writePatch(config, healthPatch(workspace, proposal)) : undefined;
  const { money, notes } = await exportsHeader(workspace);
  return {
    header: {
      title: 'retain signals',
      run_id: null,
      version: workspace.version,
      as_of: asOf,
      as_of_reason: workspace.asOfReason,
      seed: config.seed,
      config_hash: configHash,
      currency: money.currency,
      is_money_approximate: money.is_approximate,
      notes: [
        ...notes,
        `label: ${config.churn.definition}, horizon ${config.churn.horizon_days} days; ${books.map(bookWords).join('; ')}`,
      ],
    },
    lists,
    outcomes: [],
    warnings: warningsOf(register.records, workspace),
    next: written === undefined ? ['retain train', 'retain health'] : [written.tryIt, 'retain health'],
    summary: summaryOf(register, proposal, written),
  };
}

/** Builds the panel and judges everything on it; writes nothing outside the engine. */
export async function judgeSignals(workspace: Workspace, options: CommonOptions): Promise<SignalFindings> {
  const { engine, config, asOf } = workspace;
  const { progress } = options;
  const first = await firstDay(engine);
  const dates = first === null ? [] : observationDates(first, asOf, config.model.every);
  if (dates.length === 0) {
    throw new UserError(`no observation date lies before ${asOf}: signals are judged on history, and there is none`, {
      hint:
        first === null
          ? 'Add contracts, subscriptions or monthly revenue: they say who paid, and since when.'
          : 'Give a later --as-of, or exports that reach further back (retain check shows the first day of each).',
    });
  }
  const panel = await buildPanel(engine, config, dates, asOf, progress, { scorecard: true, cache: workspace.dates });
  const selection = await settleSelection(engine, options, ['main.panel']);
  progress.detail('looking for columns that know the outcome');
  const audit = await auditLeaks(engine, { panel, admitted: customFeatures(config), cache: workspace.dates });
  const books: ClosedBook[] = [];
  for (const basis of ['leave', 'renewal'] as const) {
    const book = await readBook(engine, config, basis, asOf, audit);
    if (book.label.length > 0) books.push(book);
  }
  progress.detail('judging each signal');
  const { min_outcomes, min_months } = config.model;
  const months = new Set(books.flatMap((book) => book.months)).size;
  const isShort = Math.max(0, ...books.map((book) => book.months.length)) < min_months;
  // Too short a history is judged as too few outcomes are: not at all.
  const needed = isShort ? Number.POSITIVE_INFINITY : min_outcomes;
  const register = signalRegister(books, {
    min_outcomes: needed,
    lookback_days: 2 * config.churn.horizon_days,
  });
  const acceptance = books.map((book) =>
    healthAcceptance(book.churn_basis, book, config.health.bands, forkRandom(config.seed, `red ${book.churn_basis}`)),
  );
  progress.detail('looking for better weights');
  const proposal = proposeHealth(proposalRows(books), config.health, needed);
  const history = isShort ? `${months} months of closed history here, ${min_months} needed` : null;
  const lists = [
    registerList(register, { history, minOutcomes: min_outcomes, lookback: 2 * config.churn.horizon_days }, selection),
    acceptanceList(acceptance, min_outcomes, history),
    proposalList(proposal),
    periodList(register, selection),
  ];
  return { books, register, proposal, lists };
}

function bookWords(book: ClosedBook): string {
  const name = book.churn_basis === 'leave' ? 'leave within the horizon' : 'not renewed at the next decision';
  return `${name}: ${book.label.length} closed rows of ${book.accountCount} accounts, ${outcomeAccounts(book)} left, ${book.months.length} months`;
}

function warningsOf(records: readonly SignalRecord[], { config }: Workspace): Warning[] {
  const weighed = new Set(
    Object.entries(config.health.components).flatMap(([name, { measures }]) => [name, ...Object.keys(measures)]),
  );
  const misleading = records.filter(
    ({ verdict, signal, segment }) => verdict === 'misleads' && segment === null && weighed.has(signal),
  );
  return misleading.map((record) => ({
    what: `the health score weighs ${record.signal}, and accounts that left (${record.churn_basis}) stood higher in it`,
    consequence: 'it lifts the health of accounts that are about to leave',
    remedy: 'lower its weight under health.components, or turn its worst and best round',
  }));
}

function summaryOf(register: Register, proposal: HealthProposal, written: WrittenPatch | undefined): string {
  const rest = written === undefined ? proposalSentence(proposal) : `A proposal for health stands in ${written.file}.`;
  return `${registerSummary(register)} ${rest}`;
}
