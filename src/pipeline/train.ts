import type { CommonOptions } from '../contract/options.ts';
import type { RunReport } from '../contract/report.ts';
import { commitRows, readState } from '../ledger/index.ts';
import { CHAMPION_TABLES, challenge, readChampion } from './champion.ts';
import { modelRows, storedPredictions, trainInPool } from './churn-model.ts';
import { cardFrame, cardHeader, cardLists, cardWarnings } from './model-card.ts';
import { modelFiles, writeModelFile } from './model-file.ts';
import { openWorkspace } from './workspace.ts';

/** The card of a new model, and the file in the store that it belongs into. */
export interface Training {
  readonly report: RunReport;
  readonly cardFile: string;
}

/**
 * Fits the churn model as of the day in hand, lets it challenge the model that serves, keeps both answers in the ledger and
 * the frozen model in the store, and gives its card.
 * @throws UserError when a column that the configuration admitted knows the outcome and is not allowed
 */
export async function train(options: CommonOptions): Promise<Training> {
  const workspace = await openWorkspace(options);
  const { engine, asOf, config, ledgerFile, store } = workspace;
  const tables = ['decision', 'model_prediction', ...CHAMPION_TABLES];
  await readState(engine, ledgerFile, tables, { asOf, waitSeconds: options.wait });
  options.progress.stage(`training as of ${asOf}`);
  const champion = await readChampion(engine, config, asOf);
  const training = await trainInPool(workspace, asOf, { ...options, onLeak: 'refuse', champion: champion?.model });
  options.progress.done();
  const { model } = training;
  const stored = champion === undefined ? [] : await storedPredictions(workspace, champion.model.model_id);
  const record = challenge(champion?.model, training, stored);
  const frame = await cardFrame(workspace);
  const rows = await modelRows(workspace, training, record, frame);
  await commitRows(
    engine,
    ledgerFile,
    {
      model: { rows: rows.model },
      model_challenge: { rows: rows.model_challenge },
      model_prediction: { rows: rows.model_prediction },
    },
    { waitSeconds: options.wait },
  );
  writeModelFile(store, model);
  options.progress.note(`wrote ${modelFiles(store, model.model_id).json}`);
  const serves = record.is_champion
    ? `${model.model_id} serves: ${record.reason}`
    : `${record.champion_id} goes on serving: the new model is ${record.reason}`;
  return {
    cardFile: modelFiles(store, model.model_id).card,
    report: {
      header: cardHeader(model, frame, 'retain train', [serves]),
      lists: cardLists(model, frame),
      outcomes: [],
      warnings: cardWarnings(model),
      next: ['retain run', 'retain model list'],
      summary: `${model.leave.sentence} Renewals: ${model.renewal.sentence} ${serves}.`,
    },
  };
}
