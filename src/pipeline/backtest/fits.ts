import type { Day } from '../../contract/agent.ts';
import type { BasisModel, ChurnBasis, ChurnModel } from '../../contract/churn-model.ts';
import type { Config } from '../../contract/config.ts';
import type { Pool } from '../../contract/model.ts';
import type { Progress } from '../../contract/report.ts';
import type { Engine } from '../../engine/engine.ts';
import { dayNumber } from '../../lib/dates.ts';
import { churnRungs } from '../../models/churn-rungs.ts';
import { type SplitReplay, sharedReplays, wholeLadder } from '../../models/replay.ts';
import { type OriginSplit, type Panel, rollingOrigins } from '../../models/splits.ts';
import { emptyBasis, fitBasis } from '../basis-fit.ts';
import { assembleModel, readFactRecords } from '../churn-training.ts';
import type { LeakVerdict } from '../leak-verdict.ts';
import { type BasisPanel, readBasis } from '../panel.ts';
import { type FitTimes, fitClock } from './fit-clock.ts';

/** What one basis said at an origin: every rung, of every row of the date, closed or not. */
export interface BasisReplay {
  readonly source: BasisPanel;
  /** Undefined where nothing with both outcomes had closed by the origin. */
  readonly replay: SplitReplay | undefined;
}

/** Everything fitted as of one origin. */
export interface OriginFit {
  readonly asOf: Day;
  /** What would have served that day: ladder, calibration, refits and demoted facts from what had closed by then. */
  readonly model: ChurnModel;
  readonly bases: Readonly<Record<ChurnBasis, BasisReplay>>;
}

/** The fits of all origins, and how long fitting took. */
export interface OriginFits {
  readonly origins: readonly OriginFit[];
  readonly times: FitTimes;
}

/**
 * Fits every origin with `train`'s settings. A date is fitted once: at its own origin the fit is what is tested, at
 * later ones it is the out-of-time evidence of the decision rule and the calibration.
 */
export async function fitOrigins(
  engine: Engine,
  config: Config,
  given: {
    readonly tested: readonly Day[];
    readonly knownBy: Day;
    readonly leaks: LeakVerdict;
    readonly pool: Pool;
    readonly progress: Progress;
  },
): Promise<OriginFits> {
  const { tested, knownBy, leaks, pool, progress } = given;
  const clock = fitClock(() => performance.now());
  const source = {
    leave: await readBasis(engine, 'leave', knownBy, new Set(leaks.leftOut.keys()), { open: true }),
    renewal: await readBasis(engine, 'renewal', knownBy, new Set(leaks.leftOut.keys()), { open: true }),
  };
  const shared = {
    leave: clock.watch(sharedReplays(source.leave.panel, wholeLadder(churnRungs(pool)), config.seed)),
    renewal: clock.watch(sharedReplays(source.renewal.panel, wholeLadder(churnRungs(pool)), config.seed)),
  };
  const origins: OriginFit[] = [];
  for (const [index, asOf] of tested.entries()) {
    progress.detail(`origin ${index + 1} of ${tested.length}: ${asOf}`);
    const bases = {} as Record<ChurnBasis, BasisReplay>;
    const fits: Record<ChurnBasis, BasisModel> = { leave: emptyBasis('leave'), renewal: emptyBasis('renewal') };
    for (const basis of ['leave', 'renewal'] as const) {
      const split = splitAt(source[basis].panel, dayNumber(asOf));
      const replay = split === undefined ? undefined : await shared[basis](split);
      bases[basis] = { source: source[basis], replay };
      fits[basis] = await clock.own(() =>
        fitBasis(source[basis], basis, config, asOf, { pool, replay: shared[basis] }),
      );
    }
    const facts = await readFactRecords(engine, config, asOf);
    origins.push({ asOf, model: assembleModel(config, asOf, fits, leaks, facts), bases });
  }
  return { origins, times: clock.times };
}

/** The training side of an origin, and every row of its date; undefined where no outcome of both kinds had closed. */
function splitAt(panel: Panel, origin: number): OriginSplit | undefined {
  return rollingOrigins(panel, { origins: [origin] }).at(0);
}
