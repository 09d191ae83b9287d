import type { Pool, Random, TrainingTable } from '../../contract/model.ts';
import { type FittedRung, LADDER_COLUMNS, modelRung, type Rung, type SkippedRung } from '../rungs.ts';
import { ebm } from './model.ts';
import { EBM_DEFAULTS } from './settings.ts';
import type { EbmParams } from './types.ts';

/** The glass box as the ladder's top rung. Where outcomes are fewer than it needs it is skipped and says so. */
export function ebmRung(params: Partial<EbmParams> = {}, pool?: Pool): Rung {
  const rung = modelRung(ebm, params, {
    title: 'glass box',
    complexity: 6,
    exclude: [LADDER_COLUMNS.health_score, LADDER_COLUMNS.csm_call],
    pool,
  });
  const needed = params.min_outcomes ?? EBM_DEFAULTS.min_outcomes;
  return {
    ...rung,
    fit(train: TrainingTable, random: Random): Promise<FittedRung | SkippedRung> | FittedRung | SkippedRung {
      const accounts = new Set<number>();
      for (let i = 0; i < train.label.length; i++) {
        if (train.label[i] === 1 && (train.weight[i] as number) > 0) accounts.add(train.account[i] as number);
      }
      return accounts.size < needed
        ? { skipped: `${accounts.size} outcomes, ${needed} needed` }
        : rung.fit(train, random);
    },
  };
}
