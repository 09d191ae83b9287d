import type { ComponentSetting, HealthSettings, MeasureSetting } from '../contract/config.ts';
import { UserError } from '../lib/errors.ts';
import { clamp } from '../lib/numbers.ts';
import { type HealthCalibration, type OwnNorm, peerRank } from './health-calibration.ts';
import { directionOf } from './health-measures.ts';

/** One measure of one scorecard, ready to score. */
interface CompiledMeasure {
  readonly slot: number;
  /** Share of its component, 0–1. */
  readonly share: number;
  /** Share of the whole scorecard, 0–1. */
  readonly weight: number;
  readonly setting: MeasureSetting;
  readonly sign: 1 | -1;
  readonly peers: ArrayLike<number>;
  readonly own: Readonly<Record<string, OwnNorm>>;
}

interface CompiledComponent {
  readonly slot: number;
  readonly weight: number;
  readonly combine: ComponentSetting['combine'];
  readonly measures: readonly CompiledMeasure[];
}

/** The scorecard of one segment. */
export interface Scorecard {
  readonly components: readonly CompiledComponent[];
}

/** A component counts only when measures worth at least this share of it are present. */
const COMPONENT_QUORUM = 0.5;
/** Own history: this many points for each spread away from the own median, around 50. */
const POINTS_PER_SPREAD = 25;

/**
 * Health settings and frozen peers made ready to score single rows. One instance serves all rows; what a row's score
 * needs is passed in, so that the same code scores a reading and every counterfactual of a change.
 */
export class Scorer {
  readonly measures: readonly string[];
  readonly components: readonly string[];
  /** Score of each measure of the row last scored, 0–100, `NaN` = missing; order of `measures`. */
  readonly measureScores: Float64Array;
  /** Score of each component of the row last scored, `NaN` = does not count; order of `components`. */
  readonly componentScores: Float64Array;
  readonly #settings: HealthSettings;
  readonly #calibration: HealthCalibration;
  readonly #cards = new Map<string, Scorecard>();

  constructor(settings: HealthSettings, calibration: HealthCalibration) {
    this.#settings = settings;
    this.#calibration = calibration;
    const components = new Set<string>();
    const measures = new Set<string>();
    const cards = [settings, ...Object.values(settings.segments)];
    for (const [name, component] of cards.flatMap((card) => Object.entries(card.components ?? {}))) {
      components.add(name);
      for (const measure of Object.keys(component.measures)) measures.add(measure);
    }
    this.components = [...components];
    this.measures = [...measures];
    this.measureScores = new Float64Array(this.measures.length);
    this.componentScores = new Float64Array(this.components.length);
  }

  /** The scorecard of a segment: the common one with the segment's own components laid over it. */
  card(segment: string): Scorecard {
    const known = this.#cards.get(segment);
    if (known !== undefined) return known;
    const settings = { ...this.#settings.components, ...this.#settings.segments[segment]?.components };
    const total = Object.values(settings).reduce((sum, component) => sum + component.weight, 0);
    const card: Scorecard = {
      components: Object.entries(settings).map(([name, component]) => this.#compile(name, component, total, segment)),
    };
    this.#cards.set(segment, card);
    return card;
  }

  #compile(name: string, component: ComponentSetting, total: number, segment: string): CompiledComponent {
    const sum = Object.values(component.measures).reduce((all, measure) => all + measure.weight, 0);
    const weight = total > 0 ? component.weight / total : 0;
    const measures = Object.entries(component.measures).map(([measure, setting]): CompiledMeasure => {
      checkSetting(name, measure, setting);
      const calibration = this.#calibration.measures[measure];
      const share = sum > 0 ? setting.weight / sum : 0;
      return {
        slot: this.measures.indexOf(measure),
        share,
        weight: weight * share,
        setting,
        sign: directionOf(measure, setting.worst, setting.best) === 'high_is_good' ? 1 : -1,
        peers: calibration?.segments[segment] ?? calibration?.whole ?? [],
        own: calibration?.own ?? {},
      };
    });
    return { slot: this.components.indexOf(name), weight, combine: component.combine, measures };
  }

  /**
   * Health of one row, 0–100, `NaN` when no component counts. `values` in the order of `measures`, `NaN` = missing;
   * fills `measureScores` and `componentScores`.
   */
  score(card: Scorecard, values: Float64Array, tenureDays: number, account: string): number {
    this.measureScores.fill(Number.NaN);
    this.componentScores.fill(Number.NaN);
    let sum = 0;
    let weight = 0;
    for (const component of card.components) {
      let present = 0;
      let total = 0;
      let worst = Number.POSITIVE_INFINITY;
      for (const measure of component.measures) {
        const score = scoreOf(measure, values[measure.slot] as number, tenureDays, account);
        this.measureScores[measure.slot] = score;
        if (Number.isNaN(score) || measure.share === 0) continue;
        present += measure.share;
        total += measure.share * score;
        worst = Math.min(worst, score);
      }
      // The tolerance keeps 1/6 + 1/3 on the right side of a half.
      if (present === 0 || present < COMPONENT_QUORUM - 1e-9) continue;
      const score = component.combine === 'worst' ? worst : total / present;
      this.componentScores[component.slot] = score;
      sum += component.weight * score;
      weight += component.weight;
    }
    return weight > 0 ? sum / weight : Number.NaN;
  }
}

function checkSetting(component: string, measure: string, setting: MeasureSetting): void {
  const needsLine = setting.method === 'threshold' || setting.method === 'tenure_threshold';
  if (needsLine && (setting.worst === undefined || setting.best === undefined || setting.worst === setting.best)) {
    throw new UserError(
      `health.components.${component}.measures.${measure} needs two different values, worst and best.`,
      {
        hint: `Give worst and best, or use the method peer.`,
      },
    );
  }
}

/** 0–100 of one raw value under its declared method; `NaN` stays `NaN`. */
function scoreOf(measure: CompiledMeasure, value: number, tenureDays: number, account: string): number {
  if (Number.isNaN(value)) return Number.NaN;
  const { setting, sign } = measure;
  switch (setting.method) {
    case 'threshold':
      return line(value, setting.worst as number, setting.best as number, sign);
    case 'tenure_threshold':
      return line(value, setting.worst as number, (setting.best as number) * rampOf(setting, tenureDays), sign);
    case 'peer':
      return peerScore(measure, value);
    case 'own_history': {
      const norm = measure.own[account];
      // An account without a history of its own is held against its peers.
      if (norm === undefined) return peerScore(measure, value);
      const gap = sign * (value - norm.median);
      if (gap === 0) return 50;
      return clamp(50 + (POINTS_PER_SPREAD * gap) / Math.max(norm.spread, 1e-12), 0, 100);
    }
  }
}

/** Linear from `worst` (0) to `best` (100). A ramp that carries best to or past worst leaves a step at worst. */
function line(value: number, worst: number, best: number, sign: 1 | -1): number {
  if (sign * (best - worst) <= 0) return sign * (value - worst) > 0 ? 100 : 0;
  return clamp((100 * (value - worst)) / (best - worst), 0, 100);
}

/** `best` is multiplied by this: `ramp_start` at no tenure, rising in a line to 1 at `ramp_days`. */
function rampOf(setting: MeasureSetting, tenureDays: number): number {
  const { ramp_start = 1, ramp_days = 0 } = setting;
  if (ramp_days <= 0 || Number.isNaN(tenureDays)) return 1;
  return ramp_start + (1 - ramp_start) * clamp(tenureDays / ramp_days, 0, 1);
}

function peerScore(measure: CompiledMeasure, value: number): number {
  const rank = peerRank(measure.peers, value);
  return 100 * (measure.sign === 1 ? rank : 1 - rank);
}
