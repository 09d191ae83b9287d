import { createHash } from 'node:crypto';
import type { Day } from '../contract/agent.ts';
import type { BasisModel } from '../contract/churn-model.ts';
import type { Config } from '../contract/config.ts';
import type { ExpansionModel } from '../contract/expansion-model.ts';
import type { Pool } from '../contract/model.ts';
import { customFeatures } from '../data/custom-features.ts';
import { auditGrowth } from '../data/leak-audit.ts';
import type { Panel } from '../data/panel.ts';
import type { Engine } from '../engine/engine.ts';
import { type BasisFit, emptyBasis, fitBasisWithEvidence } from './basis-fit.ts';
import { judgeLeaks, type LeakVerdict } from './leak-verdict.ts';
import { readBasis } from './panel.ts';

/** Raised when the stored form of an expansion model changes; one of another form is not read any more. */
export const EXPANSION_MODEL_SCHEMA = 1;

/** A fitted expansion model, and what it and the champion say of rows out of time. */
export interface ExpansionTraining {
  readonly model: ExpansionModel;
  readonly bases: readonly BasisFit[];
}

/** What fitting it may use; none of it changes what is found. */
interface ExpansionHelp {
  readonly pool?: Pool | undefined;
  readonly champion?: ExpansionModel | undefined;
}

/**
 * Fits the expansion model on `main.panel`, which must hold labels of growing: the ladder over every account, the rung that
 * earned it, its calibration. What the churn audit left out stays out here too.
 */
export async function trainExpansion(
  engine: Engine,
  config: Config,
  asOf: Day,
  panel: Panel,
  churnLeaks: LeakVerdict,
  { pool, champion }: ExpansionHelp,
): Promise<ExpansionTraining> {
  const leaks = auditExpansion(panel, config, churnLeaks);
  const rows = await readBasis(engine, 'expansion', asOf, new Set(leaks.leftOut.keys()));
  const fit = await fitBasisWithEvidence(rows, 'expansion', config, asOf, { pool, champion: champion?.expansion });
  const won = await wonAccounts(engine, asOf);
  return { model: assembleExpansion(config, asOf, fit.model, leaks, won), bases: [fit] };
}

/** Of a history too short for any observation date. */
export async function emptyExpansion(
  engine: Engine,
  config: Config,
  asOf: Day,
  why: string | undefined,
): Promise<ExpansionTraining> {
  const leaks: LeakVerdict = { leaks: [], leftOut: new Map() };
  const won = await wonAccounts(engine, asOf);
  return { model: assembleExpansion(config, asOf, emptyBasis('expansion', why), leaks, won), bases: [] };
}

/**
 * What knows the outcome of growing, and what the churn audit had found. A column that knows who grew stays out of this model
 * and never stops a training: the churn model does not depend on it.
 */
export function auditExpansion(panel: Panel, config: Config, churn: LeakVerdict): LeakVerdict {
  const own = judgeLeaks(auditGrowth({ panel, admitted: customFeatures(config) }), config, 'leave_out');
  const inherited = churn.leaks.filter(({ treatment }) => treatment === 'left_out' || treatment === 'allowed');
  return { leaks: [...own.leaks, ...inherited], leftOut: new Map([...churn.leftOut, ...own.leftOut]) };
}

/** The frozen model of a day from its parts; equal parts give an equal `model_id`. */
function assembleExpansion(
  config: Config,
  asOf: Day,
  expansion: BasisModel,
  { leaks, leftOut }: LeakVerdict,
  won_account_count: number,
): ExpansionModel {
  const body = {
    kind: 'expansion' as const,
    schema_version: EXPANSION_MODEL_SCHEMA,
    feature_names: [...(expansion.served?.feature_names ?? [])].sort(),
    as_of: asOf,
    definition: config.expansion.definition,
    horizon_days: config.expansion.horizon_days,
    min_growth_rate: config.expansion.min_growth_rate,
    churn_definition: config.churn.definition,
    min_outcomes: config.model.min_outcomes,
    seed: config.seed,
    expansion,
    won_account_count,
    left_out: [...leftOut].sort().map(([feature, reason]) => ({ feature, reason })),
    leaks,
  };
  const model_id = `expansion-${asOf}-${createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 8)}`;
  return { ...body, model_id };
}

/** Accounts with an upsell or cross-sell won by the day. */
async function wonAccounts(engine: Engine, asOf: Day): Promise<number> {
  const [row] = await engine.rows(
    `select count(distinct account_id) as n from opportunity_asof($as_of::date)
     where is_won and closed_date <= $as_of::date and lower(coalesce(kind, 'upsell')) <> 'renewal'`,
    { as_of: asOf },
  );
  return Number(row?.['n'] ?? 0);
}
