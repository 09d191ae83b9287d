import type { Day } from '../../contract/agent.ts';
import type { BasisModel, ChurnBasis, ChurnModel, ModelBasis } from '../../contract/churn-model.ts';
import type { Config } from '../../contract/config.ts';
import type { Pool } from '../../contract/model.ts';
import type { Progress } from '../../contract/report.ts';
import type { Engine } from '../../engine/engine.ts';
import { dayNumber } from '../../lib/dates.ts';
import { closedHistory } from '../../models/ladder.ts';
import { type SplitReplay, sharedReplays, wholeLadder } from '../../models/replay.ts';
import { type OriginSplit, type Panel, rollingOrigins } from '../../models/splits.ts';
import { fitBasis, rungsOf } from '../basis-fit.ts';
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
  /** The expansion model of that day with its rungs; undefined where outcomes are too few in all to fit any. */
  readonly expansion: { readonly model: BasisModel; readonly replay: BasisReplay } | undefined;
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
    /** Of the expansion model. */
    readonly growthLeaks: LeakVerdict;
    /** What people did to accounts, see `PanelExtras`. */
    readonly acted: string;
    readonly pool: Pool;
    readonly progress: Progress;
  },
): Promise<OriginFits> {
  const { tested, knownBy, leaks, growthLeaks, acted, pool, progress } = given;
  const clock = fitClock(() => performance.now());
  const growing = await readBasis(engine, 'expansion', knownBy, new Set(growthLeaks.leftOut.keys()), { open: true });
  const source: Record<ModelBasis, BasisPanel> = {
    leave: await readBasis(engine, 'leave', knownBy, new Set(leaks.leftOut.keys()), { open: true, acted }),
    renewal: await readBasis(engine, 'renewal', knownBy, new Set(leaks.leftOut.keys()), { open: true, acted }),
    expansion: growing,
  };
  const replayer = (basis: ModelBasis) =>
    clock.watch(sharedReplays(source[basis].panel, wholeLadder(rungsOf(basis, pool)), config.seed));
  const shared = { leave: replayer('leave'), renewal: replayer('renewal'), expansion: replayer('expansion') };
  const canGrow = closedHistory(growing.panel, dayNumber(knownBy)).outcomes >= config.model.min_outcomes;
  const fitAt = async (basis: ModelBasis, asOf: Day) => {
    const split = splitAt(source[basis].panel, dayNumber(asOf));
    const replay = split === undefined ? undefined : await shared[basis](split);
    const model = await clock.own(() => fitBasis(source[basis], basis, config, asOf, { pool, replay: shared[basis] }));
    return { model, replay: { source: source[basis], replay } };
  };
  const origins: OriginFit[] = [];
  for (const [index, asOf] of tested.entries()) {
    progress.detail(`origin ${index + 1} of ${tested.length}: ${asOf}`);
    const leave = await fitAt('leave', asOf);
    const renewal = await fitAt('renewal', asOf);
    const expansion = canGrow ? await fitAt('expansion', asOf) : undefined;
    const facts = await readFactRecords(engine, config, asOf);
    const model = assembleModel(config, asOf, { leave: leave.model, renewal: renewal.model }, leaks, facts);
    origins.push({ asOf, model, bases: { leave: leave.replay, renewal: renewal.replay }, expansion });
  }
  return { origins, times: clock.times };
}

/** The training side of an origin, and every row of its date; undefined where no outcome of both kinds had closed. */
function splitAt(panel: Panel, origin: number): OriginSplit | undefined {
  return rollingOrigins(panel, { origins: [origin] }).at(0);
}
