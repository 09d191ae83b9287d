import type { Day } from '../../contract/agent.ts';
import type { BasisModel, ChurnBasis, ChurnModel, ModelBasis } from '../../contract/churn-model.ts';
import type { Config } from '../../contract/config.ts';
import type { Engine } from '../../engine/engine.ts';
import { dayNumber } from '../../lib/dates.ts';
import { closedHistory } from '../../models/ladder.ts';
import { replayer, sharedPanel } from '../../models/ladder-jobs.ts';
import { type SplitReplay, sharedReplays } from '../../models/replay.ts';
import { type OriginSplit, type Panel, rollingOrigins } from '../../models/splits.ts';
import { fitBasis, ladderOf } from '../basis-fit.ts';
import { assembleModel, readFactRecords } from '../churn-training.ts';
import type { LeakVerdict } from '../leak-verdict.ts';
import { type BasisPanel, readBasis } from '../panel.ts';
import type { MeteredPool, WorkerPool } from '../pool.ts';
import { type FitTimes, fitTimes, type OwnFit } from './fit-clock.ts';

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

/** The fits of all origins, under way in the threads of a pool. */
export interface OriginFits {
  /** Origins before which something had closed that could be learnt from, oldest first, and those without. */
  readonly known: readonly Day[];
  readonly unknown: readonly Day[];
  /** By origin of `known`. */
  readonly fits: ReadonlyMap<Day, Promise<OriginFit>>;
  /** What fitting took; to be asked when all fits are done. */
  times(): FitTimes;
}

/** Origins beyond the pool's threads that are begun before the earliest is done: no thread waits, and the first come first. */
const AHEAD = 1;

/**
 * Begins to fit every origin with `train`'s settings and comes back at once, with the engine free for other work. A date is
 * fitted once: at its own origin the fit is what is tested, at later ones it is the out-of-time evidence of the decision rule
 * and the calibration.
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
    readonly pool: WorkerPool;
    /** Told each origin whose fits are done, and how many are by then. */
    readonly done?: (asOf: Day, count: number) => void;
  },
): Promise<OriginFits> {
  const { tested, knownBy, leaks, growthLeaks, acted, pool } = given;
  const open = { open: true } as const;
  const read = async (basis: ModelBasis, left: LeakVerdict, more: Parameters<typeof readBasis>[4]) =>
    inThreads(await readBasis(engine, basis, knownBy, new Set(left.leftOut.keys()), more));
  const source: Record<ModelBasis, BasisPanel> = {
    leave: await read('leave', leaks, { ...open, acted }),
    renewal: await read('renewal', leaks, { ...open, acted }),
    expansion: await read('expansion', growthLeaks, open),
  };
  const facts = new Map<Day, Awaited<ReturnType<typeof readFactRecords>>>();
  for (const asOf of tested) facts.set(asOf, await readFactRecords(engine, config, asOf));
  const bases = {
    leave: openBasis('leave', source.leave, config, pool),
    renewal: openBasis('renewal', source.renewal, config, pool),
    expansion: openBasis('expansion', source.expansion, config, pool),
  };
  const canGrow = closedHistory(source.expansion.panel, dayNumber(knownBy)).outcomes >= config.model.min_outcomes;
  let count = 0;
  const fitAt = async (asOf: Day): Promise<OriginFit> => {
    const [leave, renewal, expansion] = await Promise.all([
      bases.leave.fitAt(asOf),
      bases.renewal.fitAt(asOf),
      canGrow ? bases.expansion.fitAt(asOf) : undefined,
    ]);
    const fitted = { leave: leave.model, renewal: renewal.model };
    const model = assembleModel(config, asOf, fitted, leaks, facts.get(asOf) ?? []);
    count++;
    given.done?.(asOf, count);
    return { asOf, model, bases: { leave: leave.replay, renewal: renewal.replay }, expansion };
  };
  const canLearn = (asOf: Day) => bases.leave.splitAt(asOf) !== undefined || bases.renewal.splitAt(asOf) !== undefined;
  const known = tested.filter(canLearn);
  const begun: Promise<OriginFit>[] = [];
  for (const asOf of known) {
    const before = begun[begun.length - pool.size - AHEAD] ?? Promise.resolve();
    const fit = before.then(() => fitAt(asOf));
    // Waited for later, when another stage may have failed before: the error is told where it is waited for.
    fit.catch(() => undefined);
    begun.push(fit);
  }
  return {
    known,
    unknown: tested.filter((asOf) => !canLearn(asOf)),
    fits: new Map(known.map((asOf, k) => [asOf, begun[k] as Promise<OriginFit>])),
    times: () => {
      const all = Object.values(bases).map((basis) => basis.times());
      return {
        executed: all.reduce((sum, { executed }) => sum + executed, 0),
        alone: all.reduce((sum, { alone }) => sum + alone, 0),
      };
    },
  };
}

/** The fits of one basis at any origin, each date's rungs fitted once. */
function openBasis(basis: ModelBasis, source: BasisPanel, config: Config, pool: WorkerPool) {
  const { panel } = source;
  const dates = new Map<number, MeteredPool>();
  const shared = sharedReplays(panel, (split) => {
    const meter = pool.metered();
    dates.set(split.origin, meter);
    return replayer(panel, ladderOf(basis), config.seed, meter)(split);
  });
  const own: { readonly meter: MeteredPool; readonly tested: number | undefined; readonly restsOn: Set<number> }[] = [];
  const at = (asOf: Day) => splitAt(panel, dayNumber(asOf));
  return {
    splitAt: at,
    async fitAt(asOf: Day): Promise<{ readonly model: BasisModel; readonly replay: BasisReplay }> {
      const split = at(asOf);
      const fit = { meter: pool.metered(), tested: split?.origin, restsOn: new Set<number>() };
      own.push(fit);
      const restOn = (inner: OriginSplit) => {
        fit.restsOn.add(inner.origin);
        return shared(inner);
      };
      const [replay, model] = await Promise.all([
        split === undefined ? undefined : shared(split),
        fitBasis(source, basis, config, asOf, { pool: fit.meter, replay: restOn }),
      ]);
      return { model, replay: { source, replay } };
    },
    times: (): FitTimes =>
      fitTimes(
        new Map([...dates].map(([date, { milliseconds }]) => [date, milliseconds])),
        own.map(({ meter, ...fit }): OwnFit => ({ ...fit, milliseconds: meter.milliseconds })),
      ),
  };
}

/** The panel in memory that threads share, once for all orders. */
function inThreads(source: BasisPanel): BasisPanel {
  return { ...source, panel: sharedPanel(source.panel) };
}

/** The training side of an origin, and every row of its date; undefined where no outcome of both kinds had closed. */
function splitAt(panel: Panel, origin: number): OriginSplit | undefined {
  return rollingOrigins(panel, { origins: [origin] }).at(0);
}
