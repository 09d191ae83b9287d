import type { CellRow, Day } from '../contract/agent.ts';
import type { ChurnModel } from '../contract/churn-model.ts';
import type { Config } from '../contract/config.ts';
import type { CommonOptions } from '../contract/options.ts';
import { customFeatures } from '../data/custom-features.ts';
import { daysBetween, longDay } from '../lib/dates.ts';
import { CHURN_MODEL_SCHEMA, fitChurn, type TrainingHelp } from './churn-training.ts';
import { openPool } from './pool.ts';
import type { Workspace } from './workspace.ts';

/** The model that serves a run, and the line that says where it comes from. */
export interface ChosenModel {
  readonly model: ChurnModel;
  readonly note: string;
}

/**
 * The newest stored model whose as-of date is on or before `servesFrom` and at most `model.max_age_days` before the run's
 * date; where there is none (or the churn definition changed since), one is fitted as of `servesFrom`.
 */
export async function chooseModel(workspace: Workspace, servesFrom: Day, options: CommonOptions): Promise<ChosenModel> {
  const { engine, config, asOf } = workspace;
  const rows = await engine.rows(
    `select model::varchar as model from state.model
     where kind = 'churn' and as_of <= $serves_from::date order by as_of desc, model_id desc`,
    { serves_from: servesFrom },
  );
  for (const { model: text } of rows) {
    const model = JSON.parse(String(text)) as ChurnModel;
    if (model.schema_version !== CHURN_MODEL_SCHEMA) continue;
    if (model.churn_definition !== config.churn.definition || model.seed !== config.seed) continue;
    if (!restsOnWhatIsAdmitted(model, config)) continue;
    const age = daysBetween(model.as_of, asOf);
    if (age > config.model.max_age_days) break;
    return { model, note: `model of ${longDay(model.as_of)}, ${age} days old` };
  }
  const why =
    rows.length === 0
      ? 'no model was stored'
      : `the stored one is older than ${config.model.max_age_days} days, of another definition or of other features`;
  options.progress.stage(`training as of ${servesFrom}`);
  const model = await fitInPool(workspace, servesFrom, options);
  options.progress.done();
  return { model, note: `model fitted now, as of ${longDay(servesFrom)}, because ${why}` };
}

/** Whether the columns a model was given beyond the catalogue, and the leaks it was allowed, are still admitted. */
function restsOnWhatIsAdmitted(model: ChurnModel, config: Config): boolean {
  const admitted = new Set(customFeatures(config).map(({ column }) => column));
  const hasFeatures = model.feature_names.every((name) => !name.startsWith('custom_') || admitted.has(name));
  const allowed = model.leaks.filter(({ treatment }) => treatment === 'allowed');
  return hasFeatures && allowed.every(({ name }) => config.model.allow_leak.includes(name));
}

/** Fits the churn model of a day with worker threads, which change nothing but how long it takes. */
export async function fitInPool(
  { engine, config }: Pick<Workspace, 'engine' | 'config'>,
  asOf: Day,
  { progress, onLeak }: Pick<CommonOptions, 'progress'> & Pick<TrainingHelp, 'onLeak'>,
): Promise<ChurnModel> {
  const pool = openPool();
  try {
    return await fitChurn(engine, config, asOf, { progress, pool, onLeak });
  } finally {
    await pool.close();
  }
}

/** A model as the ledger keeps it. */
export function modelRow(model: ChurnModel, configHash: string): CellRow {
  return {
    model_id: model.model_id,
    as_of: model.as_of,
    basis: 'both',
    kind: model.kind,
    verdict: `${model.leave.verdict}/${model.renewal.verdict}`,
    seed: model.seed,
    config_hash: configHash,
    model: JSON.stringify(model),
  };
}
