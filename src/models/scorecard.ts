import type { HealthSettings, ScoringMethod } from '../contract/config.ts';
import type { HealthCalibration } from './health-calibration.ts';
import { Scorer } from './scorer.ts';

/** Raw measures of all accounts on one day, column by column. */
export interface HealthRows {
  readonly account: readonly string[];
  readonly segment: readonly string[];
  readonly tenure_days: Float64Array;
  /** Raw value of each measure, `NaN` = missing. A measure without a column is missing everywhere. */
  readonly values: Readonly<Record<string, Float64Array>>;
  /**
   * Whether the company connected what the measure needs: for the whole book, or by row (1 = yes). A measure not named
   * here is connected when its column exists and has a value somewhere.
   */
  readonly connected: Readonly<Record<string, boolean | Uint8Array>>;
}

/** Measures of all scorecards of a configuration, each once; with `method` those scored by it. */
export function measureNames(settings: HealthSettings, method?: ScoringMethod): string[] {
  const cards = [settings.components, ...Object.values(settings.segments).map((card) => card.components ?? {})];
  const all = cards.flatMap((card) => Object.values(card).flatMap(({ measures }) => Object.entries(measures)));
  const chosen = all.filter(([, setting]) => method === undefined || setting.method === method);
  return [...new Set(chosen.map(([name]) => name))];
}

/** Scores of all accounts on one day, column by column. */
export interface HealthScores {
  /** 0–100 of each measure, `NaN` = missing. */
  readonly measures: Readonly<Record<string, Float64Array>>;
  /** 0–100 of each component, `NaN` = measures worth less than half of it were present. */
  readonly components: Readonly<Record<string, Float64Array>>;
  /** 0–100, high is good; `NaN` = unscored: coverage below `min_coverage`, or no component counts. */
  readonly health_score: Float64Array;
  /** The score before the coverage rule; for the decomposition of changes, never for a list. */
  readonly raw_score: Float64Array;
  /** Weight of the measures this account has ÷ weight of the measures the company connected, 0–1. */
  readonly coverage_rate: Float64Array;
  /** Weight of the measures the company connected ÷ weight of all, 0–1. */
  readonly feed_coverage_rate: Float64Array;
}

/**
 * Health of every account: each measure to 0–100 by its declared method, measures to components (those with too few
 * measures do not count and weights renormalise), components to the score. Missing is never read as good or bad.
 */
export function scoreHealth(rows: HealthRows, settings: HealthSettings, calibration: HealthCalibration): HealthScores {
  const n = rows.account.length;
  const scorer = new Scorer(settings, calibration);
  const columns = scorer.measures.map((name) => rows.values[name]);
  const connected = scorer.measures.map((name, slot) => connectionOf(rows.connected[name], columns[slot]));
  const measures = scorer.measures.map(() => new Float64Array(n));
  const components = scorer.components.map(() => new Float64Array(n));
  const out = {
    health_score: new Float64Array(n),
    raw_score: new Float64Array(n),
    coverage_rate: new Float64Array(n),
    feed_coverage_rate: new Float64Array(n),
  };
  const values = new Float64Array(columns.length);
  for (let i = 0; i < n; i++) {
    for (let slot = 0; slot < values.length; slot++) values[slot] = columns[slot]?.[i] ?? Number.NaN;
    const card = scorer.card(rows.segment[i] ?? '');
    const score = scorer.score(card, values, rows.tenure_days[i] as number, rows.account[i] as string);
    measures.forEach((column, slot) => {
      column[i] = scorer.measureScores[slot] as number;
    });
    components.forEach((column, slot) => {
      column[i] = scorer.componentScores[slot] as number;
    });
    let all = 0;
    let fed = 0;
    let had = 0;
    for (const component of card.components) {
      for (const { slot, weight } of component.measures) {
        const has = !Number.isNaN(scorer.measureScores[slot]);
        const source = connected[slot] as boolean | Uint8Array;
        all += weight;
        if (has || (typeof source === 'boolean' ? source : source[i] === 1)) fed += weight;
        if (has) had += weight;
      }
    }
    const coverage = fed > 0 ? had / fed : 0;
    out.raw_score[i] = score;
    out.coverage_rate[i] = coverage;
    out.feed_coverage_rate[i] = all > 0 ? fed / all : 0;
    out.health_score[i] = coverage + 1e-9 < settings.min_coverage ? Number.NaN : score;
  }
  return {
    measures: Object.fromEntries(scorer.measures.map((name, slot) => [name, measures[slot] as Float64Array])),
    components: Object.fromEntries(scorer.components.map((name, slot) => [name, components[slot] as Float64Array])),
    ...out,
  };
}

function connectionOf(
  declared: boolean | Uint8Array | undefined,
  column: Float64Array | undefined,
): boolean | Uint8Array {
  return declared ?? column?.some((value) => !Number.isNaN(value)) ?? false;
}
