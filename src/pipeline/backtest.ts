import { EXPANSION_PREDICTION } from '../agents/predictions.ts';
import type { Agent, Day } from '../contract/agent.ts';
import { BACKTEST_SCHEMA, type BacktestResult } from '../contract/backtest.ts';
import type { LeakRecord } from '../contract/churn-model.ts';
import type { Config } from '../contract/config.ts';
import type { Pool } from '../contract/model.ts';
import type { CommonOptions } from '../contract/options.ts';
import type { RunReport } from '../contract/report.ts';
import { EVERY_ACCOUNT, observationDates } from '../data/panel.ts';
import { standViews } from '../data/standing.ts';
import type { Engine } from '../engine/engine.ts';
import { emptyState, keepWork, readState } from '../ledger/index.ts';
import { addDays, dayNumber } from '../lib/dates.ts';
import { UserError } from '../lib/errors.ts';
import { LEADS } from '../models/backtest-figures.ts';
import { accountSketch, checkSameCompany } from '../models/gates/index.ts';
import { closedHistory } from '../models/ladder.ts';
import type { Panel } from '../models/splits.ts';
import { earlyLeaveRates, readBook, waitDays } from './backtest/book.ts';
import type { FitTimes } from './backtest/fit-clock.ts';
import { fitOrigins, type OriginFit, type OriginFits } from './backtest/fits.ts';
import { forecastFigures } from './backtest/forecasts.ts';
import { type ListedFigures, listedFigures } from './backtest/listed.ts';
import { measureClaims, measureRungs, modelClaims } from './backtest/measured.ts';
import { backtestReport } from './backtest/report.ts';
import { listRelations, type ReplayedLists, replayLists, type ShownDate } from './backtest/shown.ts';
import { BASES, growthScores, type RungScores, rungScores } from './backtest/tables.ts';
import { auditPanel, firstDay } from './churn-training.ts';
import { expansionLabel } from './expansion-card.ts';
import { auditExpansion } from './expansion-training.ts';
import type { LeakVerdict } from './leak-verdict.ts';
import { buildPanel } from './panel.ts';
import { openPool } from './pool.ts';
import { clearDate } from './relations.ts';
import { openWorkspace, type Workspace } from './workspace.ts';

/** Origins tested where `--from` is not given. */
const ORIGINS = 12;

/** Records of the ledger that say what people did to accounts, and the relation that keeps them. */
const WORK_TABLES = ['decision', 'intervention'] as const;
const WORK = 'main.work';

/** What `retain backtest` knows beyond the shared flags. */
export interface BacktestOptions extends CommonOptions {
  /** First and last day that may be an origin. */
  readonly from?: Day;
  readonly to?: Day;
  readonly every?: 'month' | 'week';
  /** Test at most so many origins, the latest; default 12, with `from` all. */
  readonly origins?: number;
  /** Days in which the outcome is counted; wins over `churn.horizon_days`. */
  readonly horizon?: number;
  /** Days of warning that recall is told at, besides 30, 60 and 90. */
  readonly lead?: number;
  /** Keep where every account stood at each origin, for a comparison. */
  readonly keepStandings?: boolean;
  /** A stored backtest that this one will be held against. */
  readonly against?: { readonly file: string; readonly accounts: readonly string[] };
  /** Agents that are replayed; default: all of the registry. What they declare is scored, whoever they are. */
  readonly agents?: readonly Agent[];
}

/** A backtest and its report; the gate adds its outcomes to both. */
export interface BacktestRun {
  readonly report: RunReport;
  readonly result: BacktestResult;
  /** The lists as they would have been shown, oldest first. */
  readonly dates: readonly ShownDate[];
}

/** Everything a report of a backtest is made of. */
export interface Backtested {
  readonly workspace: Workspace;
  readonly result: BacktestResult;
  readonly fits: readonly OriginFit[];
  readonly rungs: readonly RungScores[];
  /** Of the expansion ladder; empty where outcomes are too few to fit any. */
  readonly growth: readonly RungScores[];
  readonly listed: ListedFigures;
  readonly lists: ReplayedLists;
  readonly leaks: readonly LeakRecord[];
  /** Dates asked for that could not be tested, in a sentence each. */
  readonly left_out: readonly string[];
}

/**
 * Replays the past: at each origin every list that claims to tell an outcome beforehand is made from what was known that
 * day, and scored against what happened. Of the ledger it reads only which accounts people worked, and writes nothing.
 * @throws UserError when a flag makes no sense; too little history is a verdict, not an error
 */
export async function backtest(options: BacktestOptions): Promise<BacktestRun> {
  const started = performance.now();
  if (options.from !== undefined && options.to !== undefined && options.from > options.to) {
    throw new UserError(`--from ${options.from} is after --to ${options.to}`, { hint: 'Swap the two.' });
  }
  const workspace = await openWorkspace(options, (config) => adjusted(config, options));
  let replayed: Awaited<ReturnType<typeof replayPast>>;
  try {
    replayed = await replayPast(workspace, options);
  } finally {
    // Every list of the report holds its own rows: nothing is read from the engine after this.
    workspace.close();
  }
  const { times, ...run } = replayed;
  if (times !== undefined) options.progress.note(timeNote(performance.now() - started, times));
  return run;
}

function timeNote(total: number, { executed, alone }: FitTimes): string {
  const ratio = alone > 0 ? `, ${(total / alone).toFixed(2)} times that` : '';
  return (
    `processor time of the fits, each date fitted once: ${seconds(executed)}; of each origin's own fits, added up as if nothing ` +
    `were shared: ${seconds(alone)}; the whole run took ${seconds(total)}${ratio}`
  );
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** The backtest of an open workspace, and what fitting took; undefined where no date could be tested. */
export async function replayPast(
  workspace: Workspace,
  options: BacktestOptions,
): Promise<BacktestRun & { readonly times: FitTimes | undefined }> {
  const { engine, config, asOf } = workspace;
  const { progress } = options;
  if (options.against !== undefined) {
    checkSameCompany(options.against.accounts, await accountIds(engine), options.against.file);
  }
  await readState(engine, workspace.ledgerFile, WORK_TABLES, { asOf, waitSeconds: options.wait });
  await keepWork(engine, asOf, WORK);
  // The lists are replayed as if nobody acted on them.
  await emptyState(engine);
  const { dates, tested, left_out } = await chooseDates(workspace, options);
  let times: FitTimes | undefined;
  let done: Omit<Backtested, 'workspace'>;
  if (tested.length === 0) done = untested(workspace, options);
  else {
    const pool = openPool();
    try {
      progress.stage(`computing every account at ${dates.length} dates`);
      pool.begin();
      const panel = await buildPanel(engine, config, dates, asOf, progress, {
        expansion: true,
        keep: { dates: new Set(tested), relations: listRelations(options.agents) },
        worked: WORK,
        cache: workspace.dates,
      });
      progress.detail('looking for columns that know the outcome');
      const leaks = await auditPanel(engine, config, panel, 'leave_out', workspace.dates);
      progress.done();
      progress.stage('fitting each origin, replaying its lists');
      const fitting = await fitOrigins(engine, config, {
        tested,
        knownBy: asOf,
        leaks,
        growthLeaks: auditExpansion(panel, config, leaks),
        acted: WORK,
        pool,
        done: (day, count) => progress.detail(`fitted ${count} of ${tested.length}: ${day}`),
      });
      done = await measure(workspace, options, fitting, leaks, pool);
      times = fitting.times();
    } finally {
      await pool.close();
    }
  }
  const report = await backtestReport({ ...done, workspace, left_out: [...done.left_out, ...left_out] });
  return { report, result: done.result, dates: done.lists.dates, times };
}

/**
 * The configuration under the flags of a backtest.
 * @throws UserError when no outcome that is asked for lies as far ahead as `--lead`
 */
export function adjusted(config: Config, { every, horizon, lead }: BacktestOptions): Config {
  const churn = horizon === undefined ? config.churn : { ...config.churn, horizon_days: horizon };
  const furthest = Math.max(churn.horizon_days, config.renewal.lead_days);
  if (lead !== undefined && lead > furthest) {
    throw new UserError(`--lead ${lead} is further ahead than any outcome that is asked for (${furthest} days)`, {
      hint: 'Give fewer days, or a longer --horizon.',
    });
  }
  return { ...config, churn, ...(every === undefined ? {} : { model: { ...config.model, every } }) };
}

/** Days of warning that recall is told at, ascending: those always told and the one asked for. */
export function leadsOf(lead: number | undefined): readonly number[] {
  return [...new Set([...LEADS, ...(lead === undefined ? [] : [lead])])].sort((a, b) => a - b);
}

/** Dates of the panel, and those of them to be tested: closed by the as-of date, inside `--from`–`--to`, the latest. */
async function chooseDates({ engine, config, asOf }: Workspace, options: BacktestOptions) {
  const first = await firstDay(engine);
  const to = options.to ?? asOf;
  const all = first === null ? [] : observationDates(first, to < asOf ? to : asOf, config.model.every);
  const closing = addDays(asOf, -waitDays(config));
  const closed = all.filter((day) => day <= closing && (options.from === undefined || day >= options.from));
  const count = options.origins ?? (options.from === undefined ? ORIGINS : closed.length);
  const tested = count === 0 ? [] : closed.slice(-count);
  const last = tested.at(-1);
  // Without flags nobody asked for the open dates, and nobody misses them.
  const open = all.filter(
    (day) => day > closing && (options.to ?? options.from) !== undefined && day >= (options.from ?? day),
  );
  const left_out =
    open.length === 0
      ? []
      : [`${open.join(', ')}: what happened within ${config.churn.horizon_days} days is not closed by ${asOf}`];
  return { dates: last === undefined ? [] : all.filter((day) => day <= last), tested, left_out };
}

/** Figures and verdicts from the fits: the lists replayed, every claim scored. */
async function measure(
  workspace: Workspace,
  options: BacktestOptions,
  fitting: OriginFits,
  leaks: LeakVerdict,
  pool: Pool,
): Promise<Omit<Backtested, 'workspace'>> {
  const { engine, config, asOf } = workspace;
  const { progress } = options;
  const { known: tested, unknown, fits } = fitting;
  const left_out =
    unknown.length === 0 ? [] : [`${unknown.join(', ')}: nothing had closed by then that could be learnt from`];
  if (tested.length === 0) return { ...untested(workspace, options), leaks: leaks.leaks, left_out };
  const book = await readBook(engine, config, tested, asOf);
  const earlyRates = await earlyLeaveRates(engine, config, tested);
  const capacity = config.capacity.rows_per_csm * (await csmCount(workspace));
  const leads = leadsOf(options.lead);
  const scoreRungs = async () => {
    const known = await Promise.all(fits.values());
    const rungs = rungScores(book, known, earlyRates);
    const growth = growthScores(book, known);
    const sources = known.flatMap(({ bases }) => [bases.leave.source.panel, bases.renewal.source.panel]);
    const grown = known.flatMap(({ expansion }) => (expansion === undefined ? [] : [expansion.replay.source.panel]));
    const monthsOf = (panels: readonly Panel[]) =>
      Math.max(0, ...[...new Set(panels)].map((panel) => closedHistory(panel, dayNumber(asOf)).months));
    const ladders = {
      churn: { prediction: 'churn', rungs, months: monthsOf(sources) },
      expansion: { prediction: EXPANSION_PREDICTION.name, rungs: growth, months: monthsOf(grown) },
    };
    return { known, ladders, measuredRungs: measureRungs({ book, ladders, config, capacity, leads, pool }) };
  };
  // The engine replays the lists of an origin as soon as it is fitted, while the pool fits the next ones and measures.
  const modelOf = async (day: Day) => (await fits.get(day))?.model;
  const widen = await inOneThread(engine);
  const [listing, scoring] = await Promise.allSettled([
    replayLists(workspace, tested, modelOf, progress, options),
    scoreRungs().finally(widen),
  ]);
  // Both have ended before an error is told: the engine closes with it. A fit that failed has failed both.
  if (scoring.status === 'rejected') throw scoring.reason;
  if (listing.status === 'rejected') throw listing.reason;
  const lists = listing.value;
  const { known, ladders, measuredRungs } = scoring.value;
  await clearDate(engine);
  progress.done();
  progress.stage('measuring');
  const { figures, verdicts } = await measureClaims({
    ...{ book, ladders, config, capacity, leads, pool, earlyRates, measuredRungs, progress },
    claims: [...lists.claims, ...modelClaims(known, lists.claims)],
  });
  const listed = listedFigures(book, lists.dates, config.seed);
  figures.push(...listed.figures);
  for (const forecasted of lists.forecasts) {
    figures.push(...forecastFigures(book, forecasted, config.seed));
  }
  progress.done();
  const frame = { ...frameOf(workspace, options), accounts: accountSketch(book.ids) };
  const result: BacktestResult = { ...frame, origins: tested, capacity, verdicts, figures };
  return {
    result: { ...result, from: tested[0] ?? result.from, to: tested.at(-1) ?? result.to },
    fits: known,
    rungs: ladders.churn.rungs,
    growth: ladders.expansion.rungs,
    listed,
    lists,
    leaks: leaks.leaks,
    left_out,
  };
}

/**
 * Keeps the engine to one thread until what it returns is called: while every core is busy with fits, sharing a short statement
 * out costs more than it brings.
 */
async function inOneThread(engine: Engine): Promise<() => Promise<void>> {
  const [row] = await engine.rows("select current_setting('threads') as threads");
  await engine.execute('set threads = 1');
  return () => engine.execute(`set threads = ${Number(row?.['threads'])}`);
}

/** Every account that the exports name. */
async function accountIds(engine: Engine): Promise<string[]> {
  const rows = await engine.columns(`select account_id from (${EVERY_ACCOUNT}) order by account_id`);
  return rows.text('account_id').flatMap((id) => id ?? []);
}

/** Persons who hold accounts; one pool where nobody is named. */
async function csmCount({ engine, asOf }: Workspace): Promise<number> {
  await standViews(engine, ['account_state'], asOf);
  const [row] = await engine.rows(
    "select count(distinct csm) as csm_count from dated.account_state where status = 'active'",
  );
  await clearDate(engine);
  return Math.max(1, Number(row?.['csm_count'] ?? 0));
}

function frameOf({ asOf, config, configHash, version }: Workspace, options: BacktestOptions) {
  return {
    schema_version: BACKTEST_SCHEMA,
    version,
    as_of: asOf,
    from: options.from ?? asOf,
    to: options.to ?? asOf,
    horizon_days: config.churn.horizon_days,
    churn_definition: config.churn.definition,
    rules: { [EXPANSION_PREDICTION.name]: expansionLabel(config.expansion) },
    seed: config.seed,
    config_hash: configHash,
  };
}

/** No date could be tested: a verdict, not an error. */
function untested(workspace: Workspace, options: BacktestOptions): Omit<Backtested, 'workspace'> {
  const sentence = 'Too few outcomes for a verdict: no date has closed outcomes before it to learn from.';
  return {
    result: {
      ...frameOf(workspace, options),
      origins: [],
      capacity: workspace.config.capacity.rows_per_csm,
      verdicts: [
        ...BASES.map((basis) => ({ prediction: 'churn', basis })),
        { prediction: EXPANSION_PREDICTION.name, basis: 'all' as const },
      ].map((asked) => ({ ...asked, verdict: 'too_few_outcomes', sentence, outcome_count: 0 })),
      figures: [],
    },
    fits: [],
    rungs: [],
    growth: [],
    listed: { figures: [], missed: [] },
    lists: { claims: [], forecasts: [], dates: [], problems: [] },
    leaks: [],
    left_out: [],
  };
}
