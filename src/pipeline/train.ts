import type { CommonOptions } from '../contract/options.ts';
import type { RunReport } from '../contract/report.ts';
import { commitRows, readState } from '../ledger/index.ts';
import { CHAMPION_TABLES, challenge, readChampion, readExpansionChampion } from './champion.ts';
import { modelRows, storedPredictions, trainInPool } from './churn-model.ts';
import { expansionHeader, expansionLists, expansionSummary, expansionWarnings } from './expansion-card.ts';
import type { ExpansionTraining } from './expansion-training.ts';
import { type CardFrame, cardFrame, cardHeader, cardLists, cardWarnings } from './model-card.ts';
import { modelFiles, writeModelFile } from './model-file.ts';
import { payerWarnings } from './payers.ts';
import { exportsHeader } from './run-header.ts';
import { openWorkspace } from './workspace.ts';

/** A card and the file in the store that it belongs into. */
export interface Card {
  readonly report: RunReport;
  readonly file: string;
}

/** What a training found: one report for the reader, one card a model for the store. */
export interface Training {
  readonly report: RunReport;
  readonly cards: readonly Card[];
}

/** Every list that the report of a training may have; those of the expansion model that hold nothing are left out of it. */
export const TRAIN_LISTS: readonly string[] = [
  ...['data', 'ladder_leave', 'ladder_renewal', 'figures', 'shapes_leave', 'shapes_renewal', 'fact_records', 'leaks'],
  ...['not_for', 'data_expansion', 'ladder_expansion', 'figures_expansion', 'shapes_expansion', 'leaks_expansion'],
  'not_for_expansion',
];

/**
 * Fits the churn model and the expansion model as of the day in hand, lets each challenge the model of its kind that serves,
 * keeps both answers in the ledger and the frozen models in the store, and gives their cards. The two are decided apart:
 * neither holds the other back.
 * @throws UserError when a column that the configuration admitted knows the outcome and is not allowed
 */
export async function train(options: CommonOptions): Promise<Training> {
  const workspace = await openWorkspace(options);
  const { engine, asOf, config, ledgerFile, store } = workspace;
  const tables = ['decision', 'intervention', 'model_prediction', ...CHAMPION_TABLES];
  await readState(engine, ledgerFile, tables, { asOf, waitSeconds: options.wait });
  options.progress.stage(`training as of ${asOf}`);
  const champion = await readChampion(engine, config, asOf);
  const rival = await readExpansionChampion(engine, config, asOf);
  const training = await trainInPool(workspace, asOf, {
    ...options,
    onLeak: 'refuse',
    champion: champion?.model,
    expansion: { champion: rival?.model },
  });
  options.progress.done();
  const { model, expansion } = training;
  if (expansion === undefined) throw new Error('an expansion model was asked for');
  const stored = async (id: string | undefined) => (id === undefined ? [] : storedPredictions(workspace, id));
  const record = challenge(champion?.model, training, await stored(champion?.model.model_id));
  const second = challenge(rival?.model, expansion, await stored(rival?.model.model_id));
  const frame = await cardFrame(workspace, (await exportsHeader(workspace)).notes);
  const rows = await modelRows(workspace, training, record, frame);
  const more = await modelRows(workspace, expansion, second, frame, rows.model_challenge.length);
  await commitRows(
    engine,
    ledgerFile,
    {
      model: { rows: [...rows.model, ...more.model] },
      model_challenge: { rows: [...rows.model_challenge, ...more.model_challenge] },
      model_prediction: { rows: [...rows.model_prediction, ...more.model_prediction] },
    },
    { waitSeconds: options.wait },
  );
  for (const fitted of [model, expansion.model]) {
    writeModelFile(store, fitted);
    options.progress.note(`wrote ${modelFiles(store, fitted.model_id).json}`);
  }
  const serves = servesNote(model.model_id, record);
  const readies = servesNote(expansion.model.model_id, second);
  const churnCard: RunReport = {
    header: cardHeader(model, frame, 'retain train', [serves]),
    lists: cardLists(model, frame),
    outcomes: [],
    warnings: [...payerWarnings(config, 'there is nothing to learn from'), ...cardWarnings(model)],
    next: ['retain run', 'retain model list'],
    summary: `${model.leave.sentence} Renewals: ${model.renewal.sentence} ${serves}.`,
  };
  const ready = expansionCard(expansion, frame, readies);
  const { notes } = churnCard.header;
  return {
    cards: [
      { report: churnCard, file: modelFiles(store, model.model_id).card },
      { report: ready, file: modelFiles(store, expansion.model.model_id).card },
    ],
    report: {
      ...churnCard,
      header: { ...churnCard.header, notes: [...notes, ...ready.header.notes.slice(frame.notes.length)] },
      lists: [...churnCard.lists, ...ready.lists],
      warnings: [...churnCard.warnings, ...ready.warnings],
      summary: `${churnCard.summary} ${ready.summary}`,
    },
  };
}

function servesNote(id: string, record: ReturnType<typeof challenge>): string {
  return record.is_champion
    ? `${id} serves: ${record.reason}`
    : `${record.champion_id} goes on serving: the new model is ${record.reason}`;
}

function expansionCard({ model }: ExpansionTraining, frame: CardFrame, serves: string): RunReport {
  return {
    header: expansionHeader(model, frame, 'retain train: expansion', [serves]),
    lists: expansionLists(model, frame),
    outcomes: [],
    warnings: expansionWarnings(model),
    next: ['retain model list'],
    summary: `${expansionSummary(model)} ${serves}.`,
  };
}
