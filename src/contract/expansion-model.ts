import type { Day } from './agent.ts';
import type { BasisModel, LeakRecord } from './churn-model.ts';
import type { ExpansionDefinition } from './config.ts';
import type { FittedModel } from './model.ts';

/** The frozen expansion model of one as-of date: how likely an account is to pay for more by the horizon. */
export interface ExpansionModel extends FittedModel {
  readonly kind: 'expansion';
  readonly model_id: string;
  /** Fitted on what was known by the end of this day. */
  readonly as_of: Day;
  readonly definition: ExpansionDefinition;
  readonly horizon_days: number;
  /** Least growth that counts, as a share of the ARR of the day. */
  readonly min_growth_rate: number;
  /** Who leaves within the horizon does not grow: the definition that says who left. */
  readonly churn_definition: string;
  /** Distinct accounts with the outcome that a forecast needs. */
  readonly min_outcomes: number;
  readonly seed: number;
  readonly expansion: BasisModel;
  /** Accounts with an upsell or cross-sell on record as won: what the other definition would rest on. */
  readonly won_account_count: number;
  readonly left_out: readonly { readonly feature: string; readonly reason: string }[];
  readonly leaks: readonly LeakRecord[];
}
