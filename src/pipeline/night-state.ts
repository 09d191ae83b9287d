import type { Day } from '../contract/agent.ts';
import type { Config } from '../contract/config.ts';
import type { StatePart } from '../ledger/index.ts';
import { addDays } from '../lib/dates.ts';
import { measureNames } from '../models/scorecard.ts';
import { STEP_DEFAULTS } from '../supervisor/index.ts';
import { ENDING_DAYS, ENDING_TABLE } from './alert-endings.ts';
import { LOOK_BACK_DAYS } from './at-risk.ts';

/** Ledger tables that a night reads, in this order. */
export const NIGHT_TABLES = [
  'run',
  'health_reading',
  'churn_score',
  'alert',
  'plan_action',
  'decision',
  'intervention',
  'override_record',
  'calibration',
  'model',
  'model_challenge',
  ENDING_TABLE,
] as const;

/**
 * What a night reads of the tables to which every night adds rows, so that a ledger of many nights costs it no more than
 * one of few. Of an account: its last reading (band and score, of whatever day; measures held against its own past of all
 * days), its last score of a week ago or before, how its alerts stand, the facts it last entered by, and what was planned
 * within the days in which nobody else is to contact it.
 */
export function nightParts(config: Pick<Config, 'health'>, asOf: Day): Readonly<Record<string, StatePart>> {
  return {
    health_reading: { newestBy: 'account_id', history: measureNames(config.health, 'own_history') },
    churn_score: { newestBy: 'account_id', upTo: addDays(asOf, -LOOK_BACK_DAYS) },
    alert: { newestBy: 'alert_id' },
    plan_action: { having: { outcome: 'planned' }, since: addDays(asOf, -STEP_DEFAULTS.contact_gap_days) },
    [ENDING_TABLE]: {
      since: addDays(asOf, -ENDING_DAYS),
      having: { is_red: 'true' },
      matching: { table: 'alert', on: { account_id: 'account_id', as_of: 'entered_on' } },
    },
  };
}
