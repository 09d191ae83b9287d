import type { CellRow, Day } from '../contract/agent.ts';
import type { ChallengeRecord, ChurnModel } from '../contract/churn-model.ts';
import type { ExpansionModel } from '../contract/expansion-model.ts';
import type { CommonOptions } from '../contract/options.ts';
import type { Row } from '../engine/engine.ts';
import { keepWork } from '../ledger/index.ts';
import { daysBetween, longDay } from '../lib/dates.ts';
import { type Challenger, challenge, challengeRow, predictionRows, readChampion } from './champion.ts';
import { type ChurnTraining, type TrainingHelp, trainChurn } from './churn-training.ts';
import { type CardFrame, cardFrame } from './model-card.ts';
import { openPool } from './pool.ts';
import type { Workspace } from './workspace.ts';

/** The model that serves a run, the line that says where it comes from, and what the ledger is to keep of a new one. */
export interface ChosenModel {
  readonly model: ChurnModel;
  readonly note: string;
  /** By ledger table; empty where a stored model serves and none was fitted. */
  readonly rows: ModelRows;
}

/** Rows of the ledger tables that keep models. */
export type ModelRows = Readonly<Record<'model' | 'model_challenge' | 'model_prediction', readonly CellRow[]>>;

/** Relation that keeps what people did to accounts. */
const WORK = 'main.work';

const NOTHING: ModelRows = { model: [], model_challenge: [], model_prediction: [] };

/**
 * The champion of `servesFrom` (see `readChampion`) where it was fitted, or held its place against a newer one, at most
 * `model.max_age_days` before the run's date. Else one is fitted as of `servesFrom`, and serves unless it is worse out of time
 * than the champion.
 */
export async function chooseModel(workspace: Workspace, servesFrom: Day, options: CommonOptions): Promise<ChosenModel> {
  const { engine, config, asOf } = workspace;
  const champion = await readChampion(engine, config, servesFrom);
  if (champion !== undefined && daysBetween(champion.confirmed_on, asOf) <= config.model.max_age_days) {
    const { model } = champion;
    return {
      model,
      note: `model of ${longDay(model.as_of)}, ${daysBetween(model.as_of, asOf)} days old`,
      rows: NOTHING,
    };
  }
  const [stored] = await engine.rows(
    `select count(*) as n from state.model where kind = 'churn' and as_of <= $serves_from::date`,
    { serves_from: servesFrom },
  );
  const why =
    Number(stored?.['n'] ?? 0) === 0
      ? 'no model was stored'
      : champion === undefined
        ? 'the stored one is of another definition of churn, or of other features'
        : `the stored one is ${daysBetween(champion.confirmed_on, asOf)} days old (model.max_age_days ${config.model.max_age_days})`;
  options.progress.stage(`training as of ${servesFrom}`);
  const training = await trainInPool(workspace, servesFrom, { ...options, champion: champion?.model });
  options.progress.done();
  const record = challenge(champion?.model, training);
  const rows = await modelRows(workspace, training, record, await cardFrame(workspace));
  if (champion !== undefined && !record.is_champion) {
    const { model } = champion;
    return { model, note: `model of ${longDay(model.as_of)}; one fitted now is ${record.reason}`, rows };
  }
  return { model: training.model, note: `model fitted now, as of ${longDay(servesFrom)}, because ${why}`, rows };
}

/**
 * Fits the models of a day with worker threads, which change nothing but how long it takes. `state` must hold the
 * decisions and interventions of the ledger: its panel knows which accounts were worked.
 */
export async function trainInPool(
  { engine, config, dates }: Pick<Workspace, 'engine' | 'config' | 'dates'>,
  asOf: Day,
  { progress, onLeak, champion, expansion }: Pick<CommonOptions, 'progress'> & Omit<TrainingHelp, 'pool' | 'progress'>,
): Promise<ChurnTraining> {
  await keepWork(engine, asOf, WORK);
  const pool = openPool();
  try {
    const help = { progress, pool, cache: dates, onLeak, champion, expansion, worked: WORK };
    return await trainChurn(engine, config, asOf, help);
  } finally {
    await pool.close();
  }
}

/**
 * A new model as the ledger keeps it, with the challenge it was and what its ladder predicted out of time.
 * @param card what the model card says beside the model, see `model-card.ts`
 * @param before challenges that are committed with it and stand before its own
 */
export async function modelRows(
  { engine, configHash }: Pick<Workspace, 'engine' | 'configHash'>,
  training: Challenger & { readonly model: ChurnModel | ExpansionModel },
  record: ChallengeRecord,
  card: CardFrame,
  before = 0,
): Promise<ModelRows> {
  const { model } = training;
  const isSame = record.champion_id === model.model_id;
  return {
    model: [
      {
        model_id: model.model_id,
        as_of: model.as_of,
        basis: model.kind === 'churn' ? 'both' : 'expansion',
        kind: model.kind,
        verdict: model.kind === 'churn' ? `${model.leave.verdict}/${model.renewal.verdict}` : model.expansion.verdict,
        seed: model.seed,
        config_hash: configHash,
        model: JSON.stringify(model),
        card: JSON.stringify(card),
      },
    ],
    model_challenge: isSame ? [] : [await challengeRow(engine, model, record, before)],
    model_prediction: predictionRows(training),
  };
}

/** What a stored model's ladder predicted out of time, from `state`. */
export async function storedPredictions({ engine }: Pick<Workspace, 'engine'>, modelId: string): Promise<Row[]> {
  return engine.rows(
    `select basis, cast(origin as date) as origin, cast(closed_on as date) as closed_on, account_id, label, churn_probability
     from state.model_prediction where model_id = $id order by basis, origin, account_id`,
    { id: modelId },
  );
}
