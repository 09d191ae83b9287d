import type { ComponentSetting, HealthSettings, MeasureSetting } from '../../contract/config.ts';
import type { HealthCalibration } from '../health-calibration.ts';
import { scoreHealth } from '../scorecard.ts';
import { type BandProposal, ENOUGH, type ProposalRows, proposeBands } from './band-proposal.ts';
import { type AucGain, aucGain, type Strata, type StratifiedAuc, strataOf, stratifiedAuc } from './strata.ts';

/** One weight that would change. */
export interface WeightChange {
  readonly component: string;
  /** Null: the component's own weight. */
  readonly measure: string | null;
  readonly from: number;
  readonly to: number;
}

export interface HealthProposal {
  /** First day of the later part; the earlier part has the rows whose label had closed by it. */
  readonly split_on: number | null;
  readonly fit_outcomes: number;
  readonly judged_outcomes: number;
  /** Why nothing was looked for; null where it was. */
  readonly reason: string | null;
  readonly weights: {
    readonly changes: readonly WeightChange[];
    /** AUC of the proposed less the current weights on the later part; null where nothing would change. */
    readonly gain: AucGain | null;
    readonly auc_current: number | null;
    readonly auc_proposed: number | null;
    readonly is_proposed: boolean;
  };
  readonly bands: BandProposal;
}

/** Factors a weight is tried at, against where it stands. */
const FACTORS = [0, 0.5, 2] as const;
const MAX_ROUNDS = 6;
const NO_PEERS: HealthCalibration = { schema_version: 1, frozen_on: '0001-01-01', measures: {} };

/**
 * Weights and bands that earlier dates would have taught, judged on later ones. The history is cut at the first date by
 * which `minOutcomes` accounts had left; weights are moved one at a time (to nothing, half, double) as long as the AUC
 * within dates gains at least one paired standard error on the earlier part; boundaries then to where three bands tell
 * leavers from stayers best. Each is proposed only when the gain on the later part, paired and clustered by account, has a
 * 90 % interval above 0. Fewer than `minOutcomes` leavers on either side: nothing is looked for.
 */
export function proposeHealth(rows: ProposalRows, settings: HealthSettings, minOutcomes: number): HealthProposal {
  const split = splitDay(rows, minOutcomes);
  const none = (reason: string, fit: number, judged: number): HealthProposal => ({
    split_on: split,
    fit_outcomes: fit,
    judged_outcomes: judged,
    reason,
    weights: { changes: [], gain: null, auc_current: null, auc_proposed: null, is_proposed: false },
    bands: { from: settings.bands, to: settings.bands, gain: null, is_proposed: false },
  });
  const all = leavers(rows, () => true);
  if (split === null) return none(`${all} accounts left, ${minOutcomes} are needed to learn from`, all, 0);
  const isEarly = (row: number) => (rows.closed_on[row] as number) <= split;
  const isLater = (row: number) => (rows.observation_date[row] as number) >= split;
  const fit = leavers(rows, isEarly);
  const judged = leavers(rows, isLater);
  if (judged < minOutcomes) {
    return none(
      `${judged} accounts left after the first ${fit}, ${minOutcomes} are needed to judge a proposal`,
      fit,
      judged,
    );
  }
  const scorer = new Rescorer(rows, settings);
  const current = scorer.score(settings);
  const search = scorer.onRows(searchRows(rows, isEarly)).search();
  const chosen = scorer.score(search.settings);
  const judge = (score: Float64Array) =>
    scorer.auc(score, (row) => isLater(row) && !Number.isNaN(current[row]) && !Number.isNaN(chosen[row]));
  const before = judge(current);
  const after = judge(chosen);
  const gain = search.changes.length === 0 ? null : aucGain(after, before);
  const isProposed = gain !== null && gain.low > 0;
  const bands = proposeBands(rows, isProposed ? chosen : current, settings.bands, isEarly, isLater);
  return {
    split_on: split,
    fit_outcomes: fit,
    judged_outcomes: judged,
    reason: null,
    weights: {
      changes: search.changes,
      gain,
      auc_current: before.value,
      auc_proposed: search.changes.length === 0 ? null : after.value,
      is_proposed: isProposed,
    },
    bands,
  };
}

/** Settings with one weight changed. */
export function withWeight(
  settings: HealthSettings,
  { component, measure, to }: Omit<WeightChange, 'from'>,
): HealthSettings {
  const own = settings.components[component] as ComponentSetting;
  const changed: ComponentSetting =
    measure === null
      ? { ...own, weight: to }
      : {
          ...own,
          measures: { ...own.measures, [measure]: { ...(own.measures[measure] as MeasureSetting), weight: to } },
        };
  return { ...settings, components: { ...settings.components, [component]: changed } };
}

/** The first observation date by which enough accounts with the outcome had closed. */
function splitDay(rows: ProposalRows, minOutcomes: number): number | null {
  const dates = [...new Set(rows.observation_date)].sort((a, b) => a - b);
  return dates.find((date) => leavers(rows, (row) => (rows.closed_on[row] as number) <= date) >= minOutcomes) ?? null;
}

function leavers(rows: ProposalRows, holds: (row: number) => boolean): number {
  const seen = new Set<number>();
  rows.label.forEach((label, row) => {
    if (label === 1 && holds(row)) seen.add(rows.account[row] as number);
  });
  return seen.size;
}

/** Rows of the earlier part that a search scores again and again, at most about this many. */
const MAX_SEARCH_ROWS = 30_000;

/** The earlier rows; of a large book those of every account that left and of as many others as there is room for. */
function searchRows(rows: ProposalRows, isEarly: (row: number) => boolean): Int32Array {
  const early = Int32Array.from(rows.label.keys()).filter(isEarly);
  if (early.length <= MAX_SEARCH_ROWS) return early;
  const left = new Set(
    Array.from(
      early.filter((row) => rows.label[row] === 1),
      (row) => rows.account[row] as number,
    ),
  );
  const step = Math.ceil(early.length / MAX_SEARCH_ROWS);
  // An AUC compares outcomes with others and does not ask how many others there are.
  return early.filter((row) => left.has(rows.account[row] as number) || (rows.account[row] as number) % step === 0);
}

function takeRows(rows: ProposalRows, index: Int32Array): ProposalRows {
  const doubles = (values: Float64Array) => Float64Array.from(index, (row) => values[row] as number);
  const days = (values: Int32Array) => Int32Array.from(index, (row) => values[row] as number);
  const flags = (values: Uint8Array) => Uint8Array.from(index, (row) => values[row] as number);
  return {
    label: flags(rows.label),
    account: days(rows.account),
    accountCount: rows.accountCount,
    observation_date: days(rows.observation_date),
    closed_on: days(rows.closed_on),
    basis: flags(rows.basis),
    segment: Array.from(index, (row) => rows.segment[row] ?? ''),
    tenure_days: doubles(rows.tenure_days),
    has_red_fact: flags(rows.has_red_fact),
    measure_scores: Object.fromEntries(
      Object.entries(rows.measure_scores).map(([name, values]) => [name, doubles(values)]),
    ),
  };
}

/** Health of the rows under `settings`, 0–100, from measures that are scored already; `NaN` = unscored. */
export function rescored(rows: ProposalRows, settings: HealthSettings): Float64Array {
  return new Rescorer(rows, settings).score(settings);
}

/** Scores rows under other weights. Measures are scored already, so each is passed through as it is. */
class Rescorer {
  readonly #rows: ProposalRows;
  readonly #settings: HealthSettings;
  readonly #strata: Strata;
  readonly #connected: Readonly<Record<string, Uint8Array>>;
  readonly #accounts: readonly string[];

  constructor(rows: ProposalRows, settings: HealthSettings, connected = connectedByDate(rows)) {
    this.#rows = rows;
    this.#settings = settings;
    this.#connected = connected;
    this.#accounts = Array.from(rows.account, String);
    const stratum = rows.observation_date.map((date, row) => 2 * date + (rows.basis[row] as number));
    this.#strata = strataOf(stratum, rows.account, rows.accountCount);
  }

  /** The same for some of the rows; what was connected on their dates stays as it was. */
  onRows(index: Int32Array): Rescorer {
    const connected = Object.fromEntries(
      Object.entries(this.#connected).map(([name, flags]) => [
        name,
        Uint8Array.from(index, (row) => flags[row] as number),
      ]),
    );
    return new Rescorer(takeRows(this.#rows, index), this.#settings, connected);
  }

  score(settings: HealthSettings): Float64Array {
    const { segment, tenure_days, measure_scores } = this.#rows;
    return scoreHealth(
      { account: this.#accounts, segment, tenure_days, values: measure_scores, connected: this.#connected },
      passThrough(settings),
      NO_PEERS,
    ).health_score;
  }

  /** AUC of leaving by falling score, of the rows that `holds`. */
  auc(score: Float64Array, holds: (row: number) => boolean): StratifiedAuc {
    return stratifiedAuc(
      score.map((value) => -value),
      this.#rows.label,
      this.#strata,
      holds,
    );
  }

  /** Moves one weight at a time while the rows gain enough. */
  search(): { settings: HealthSettings; changes: WeightChange[] } {
    let best = this.#settings;
    let score = this.score(best);
    for (let round = 0; round < MAX_ROUNDS; round++) {
      let found: { settings: HealthSettings; score: Float64Array; gain: number } | undefined;
      for (const move of movesOf(best)) {
        const settings = withWeight(best, move);
        const moved = this.score(settings);
        const holds = (row: number) => !Number.isNaN(score[row]) && !Number.isNaN(moved[row]);
        const gain = aucGain(this.auc(moved, holds), this.auc(score, holds));
        if (gain.value < ENOUGH * gain.standard_error || !(gain.value > (found?.gain ?? 0))) continue;
        found = { settings, score: moved, gain: gain.value };
      }
      if (found === undefined) break;
      best = found.settings;
      score = found.score;
    }
    return { settings: best, changes: changesBetween(this.#settings, best) };
  }
}

/** The same scorecard for measures that are scored already: 0 stays 0, 100 stays 100. */
function passThrough(settings: HealthSettings): HealthSettings {
  const plain = (components: Readonly<Record<string, ComponentSetting>>) =>
    Object.fromEntries(
      Object.entries(components).map(([name, component]) => [
        name,
        {
          ...component,
          measures: Object.fromEntries(
            Object.entries(component.measures).map(([measure, { weight }]): [string, MeasureSetting] => [
              measure,
              { weight, method: 'threshold', worst: 0, best: 100 },
            ]),
          ),
        },
      ]),
    );
  return {
    ...settings,
    components: plain(settings.components),
    segments: Object.fromEntries(
      Object.entries(settings.segments).map(([name, card]) => [
        name,
        card.components === undefined ? {} : { components: plain(card.components) },
      ]),
    ),
  };
}

/** Whether a measure had a value anywhere in the book on the row's date, as `scoreHealth` finds it date by date. */
function connectedByDate(rows: ProposalRows): Record<string, Uint8Array> {
  return Object.fromEntries(
    Object.entries(rows.measure_scores).map(([name, values]) => {
      const dates = new Set<number>();
      values.forEach((value, row) => {
        if (!Number.isNaN(value)) dates.add(rows.observation_date[row] as number);
      });
      return [name, Uint8Array.from(rows.observation_date, (date) => (dates.has(date) ? 1 : 0))];
    }),
  );
}

/** Every weight at each factor, but those that would leave a component, or the scorecard, without weight. */
function movesOf(settings: HealthSettings): Omit<WeightChange, 'from'>[] {
  const moves: Omit<WeightChange, 'from'>[] = [];
  const components = Object.entries(settings.components);
  const live = components.filter(([, { weight }]) => weight > 0).length;
  for (const [component, { weight, measures }] of components) {
    if (weight === 0) continue;
    for (const factor of FACTORS) {
      if (factor > 0 || live > 1) moves.push({ component, measure: null, to: weight * factor });
    }
    const weighed = Object.entries(measures).filter(([, setting]) => setting.weight > 0);
    if (weighed.length < 2) continue;
    for (const [measure, setting] of weighed) {
      for (const factor of FACTORS) moves.push({ component, measure, to: setting.weight * factor });
    }
  }
  return moves;
}

function changesBetween(from: HealthSettings, to: HealthSettings): WeightChange[] {
  return Object.entries(from.components).flatMap(([component, before]): WeightChange[] => {
    const after = to.components[component] as ComponentSetting;
    const own =
      before.weight === after.weight ? [] : [{ component, measure: null, from: before.weight, to: after.weight }];
    const measures = Object.entries(before.measures).flatMap(([measure, setting]): WeightChange[] => {
      const weight = after.measures[measure]?.weight ?? setting.weight;
      return weight === setting.weight ? [] : [{ component, measure, from: setting.weight, to: weight }];
    });
    return [...own, ...measures];
  });
}
