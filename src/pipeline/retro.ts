import type { Day } from '../contract/agent.ts';
import type { ChurnModel } from '../contract/churn-model.ts';
import type { CommonOptions } from '../contract/options.ts';
import type { RunReport } from '../contract/report.ts';
import { buildPanel, observationDates } from '../data/panel.ts';
import { clearViews, standViews } from '../data/standing.ts';
import { readState } from '../ledger/index.ts';
import { longDay } from '../lib/dates.ts';
import { UserError } from '../lib/errors.ts';
import { firstDay } from './churn-training.ts';
import { expansionLabel } from './expansion-card.ts';
import { type WrittenPatch, writePatch } from './proposals.ts';
import { judgeDrift } from './retro-drift.ts';
import { judgeFacts } from './retro-facts.ts';
import { judgeForecasts } from './retro-forecasts.ts';
import { judgeGrowth } from './retro-growth.ts';
import { type RetroFindings, retroLists, storySummary } from './retro-lists.ts';
import { judgeAcceptance, judgePeople } from './retro-people.ts';
import { judgePredictions } from './retro-predictions.ts';
import { retroChanges, retroPatch } from './retro-proposal.ts';
import { lostStories } from './retro-stories.ts';
import { exportsHeader } from './run-header.ts';
import { settleSelection } from './selection.ts';
import { openWorkspace, type Workspace } from './workspace.ts';

/** Ledger tables that the retro reads. */
const STATE_TABLES = [
  'run',
  'health_reading',
  'churn_score',
  'forecast',
  'fact_reading',
  'alert',
  'plan_action',
  'decision',
  'intervention',
  'draft',
  'override_record',
  'csm_call',
  'model',
] as const;
/** Past dates that are judged at most, the latest of each week first. */
const MOST_DATES = 60;

/**
 * Earlier runs against what happened since, as known on the as-of date: predictions, drift, a retro of each lost account,
 * humans against the model. Reads the ledger, never writes it; changes it would make go to `proposals/`.
 * @throws UserError when the ledger holds no run before the as-of date
 */
export async function retro(given: CommonOptions): Promise<RunReport> {
  const workspace = await openWorkspace(given);
  const { engine, config, asOf } = workspace;
  await readState(engine, workspace.ledgerFile, STATE_TABLES, { asOf, includeAsOf: true, waitSeconds: given.wait });
  const options = await settleSelection(engine, given, ['main.account', 'state.health_reading']);
  options.progress.stage(`looking back from ${asOf}`);
  const findings = await lookBack(workspace, options);
  options.progress.done();
  const changes = retroChanges(config, findings.facts, findings.stories, findings.predictions.records);
  const written = changes.length === 0 ? undefined : writePatch(config, retroPatch(asOf, changes));
  const { money, notes } = await exportsHeader(workspace);
  return {
    header: {
      title: 'retain retro',
      run_id: null,
      version: workspace.version,
      as_of: asOf,
      as_of_reason: workspace.asOfReason,
      seed: config.seed,
      config_hash: workspace.configHash,
      currency: money.currency,
      is_money_approximate: money.is_approximate,
      notes: [
        ...notes,
        ...datesNotes(findings, workspace),
        ...(options.csm === undefined && options.segment === undefined
          ? []
          : [`${options.csm ?? options.segment}: lost accounts alone; every other list is of the whole book`]),
      ],
    },
    lists: retroLists(findings, changes, options),
    outcomes: [],
    warnings: [],
    next: nextCommands(findings, written),
    summary: `${storySummary(findings.stories)}${written === undefined ? '' : ` Changes are proposed in ${written.file}.`}`,
  };
}

/** Reads everything the retro says, from `state` and a panel over the dates of past readings. */
async function lookBack(workspace: Workspace, options: CommonOptions): Promise<RetroFindings> {
  const { engine, config, asOf } = workspace;
  const readings = await readingDates(workspace);
  const model = await lastModel(workspace);
  const first = await firstDay(engine);
  const learnt = model === null || first === null ? [] : observationDates(first, model.as_of, config.model.every);
  const dates = [...new Set([...readings.dates, ...learnt, asOf])].sort();
  options.progress.detail(`${dates.length} dates: features and outcomes`);
  await buildPanel(engine, { dates, knownBy: asOf, expansion: true });
  await clearViews(engine);
  await standViews(engine, ['outcome_asof'], asOf);
  await engine.materialise('main.retro_outcome', 'select * from outcome_asof($as_of::date)', { as_of: asOf });
  await clearViews(engine);
  const predictions = await judgePredictions(engine, config, asOf);
  return {
    asOf,
    minOutcomes: config.model.min_outcomes,
    readings,
    model: model === null ? null : { model_id: model.model_id, as_of: model.as_of },
    predictions,
    drift: model === null ? [] : await judgeDrift(engine, model, asOf, config.renewal.lead_days),
    stories: await lostStories(engine, config, asOf),
    facts: await judgeFacts(engine, config, asOf),
    forecasts: await judgeForecasts(engine, config, asOf, readings.dates),
    growth: await judgeGrowth(engine, config, asOf),
    growthRule: expansionLabel(config.expansion),
    people: await judgePeople(engine, config, asOf),
    acceptance: await judgeAcceptance(engine, asOf),
  };
}

/** Dates of current readings before `asOf`; of many the last of each week. */
async function readingDates({ engine, asOf, ledgerFile }: Workspace): Promise<RetroFindings['readings']> {
  const rows = await engine.rows(
    `select as_of, is_replayed from state.run_date
     where superseded_by is null and as_of < $as_of::date order by as_of`,
    { as_of: asOf },
  );
  const all = rows.map((row) => String(row['as_of']));
  if (all.length === 0) {
    throw new UserError(`the ledger ${ledgerFile} holds no run before ${asOf}: there is nothing to look back on`, {
      hint: 'A retro needs an earlier run: retain run --as-of DATE, then retain retro once outcomes have arrived.',
    });
  }
  const weekly = [...new Map(all.map((day) => [weekOf(day), day])).values()];
  const dates = weekly.slice(-MOST_DATES);
  return { dates, count: all.length, replayed: rows.filter((row) => row['is_replayed'] === true).length };
}

function weekOf(day: Day): number {
  return Math.floor((Date.parse(`${day}T00:00:00Z`) / 86_400_000 + 3) / 7);
}

/** The model of the last run before the as-of date; null where none was kept. */
async function lastModel({ engine, asOf }: Workspace): Promise<ChurnModel | null> {
  const [row] = await engine.rows(
    `select model::varchar as model from state.model
     where model_id = (
       select model_id from state.churn_score where as_of < $as_of::date
       order by as_of desc, account_id limit 1
     )`,
    { as_of: asOf },
  );
  return typeof row?.['model'] === 'string' ? (JSON.parse(row['model']) as ChurnModel) : null;
}

function datesNotes({ readings, model }: RetroFindings, { config }: Workspace): string[] {
  const [first] = readings.dates;
  const last = readings.dates.at(-1);
  const replayed =
    readings.replayed === 0 ? '' : `, ${readings.replayed} of them replayed by a first run, which nobody saw`;
  const span = first === undefined || last === undefined ? '' : ` from ${longDay(first)} to ${longDay(last)}`;
  return [
    `readings of ${readings.count} dates${replayed}; judged: ${readings.dates.length} (the last of each week)${span}`,
    `label: ${config.churn.definition}, horizon ${config.churn.horizon_days} days; only labels that have closed`,
    model === null ? 'no model is kept: drift is not judged' : `drift is measured from what ${model.model_id} learnt`,
  ];
}

function nextCommands({ stories }: RetroFindings, written: WrittenPatch | undefined): string[] {
  const [first] = stories;
  return [
    ...(written === undefined ? [] : [written.tryIt]),
    ...(first === undefined ? [] : [`retain account ${first.account_id}`]),
    'retain signals',
  ];
}
