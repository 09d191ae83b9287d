import { METRICS, type Metric } from '../metrics/registry.ts';

/** What a gate needs to know of a measure: its name in figures and which way is better. */
export type GateMeasure = Pick<Metric, 'name' | 'title' | 'direction'>;

/** The words a gate may use, known before any work is done. */
export interface GateVocabulary {
  /** `churn`, `health`, …: what agents declared they predict. */
  readonly predictions: readonly string[];
  /** `served`, rungs of the ladder, components: who may have predicted it. */
  readonly candidates: readonly string[];
  /** Measures of agents' own, beside `METRICS`. */
  readonly measures: readonly GateMeasure[];
}

/** The prediction a gate without a scope is about. */
export const DEFAULT_PREDICTION = 'churn';
export const DEFAULT_CANDIDATE = 'served';
/** Parts of the book that a figure may be about, as `kind:value`. */
export const SLICE_KINDS = ['segment', 'term', 'decision', 'origin'] as const;
export const BASES = ['all', 'leave', 'renewal'] as const;

/** Short words for metrics, as people write them; the names of `METRICS` are known too. */
export const METRIC_ALIASES: Readonly<Record<string, keyof typeof METRICS>> = {
  auc: 'roc_auc',
  average_precision: 'pr_auc',
  precision: 'precision_at_capacity',
  recall: 'recall_at_capacity',
  ece: 'calibration_error',
  skill: 'brier_skill',
  calibration: 'calibration_in_the_large',
};

/** Metrics without an upper end at 1; every other one lies within −1 and 1, or below 1. */
const BEYOND_ONE: ReadonlySet<string> = new Set(['lift', 'log_loss']);

/** The measure a word of a gate stands for; `undefined` when there is none. */
export function measureNamed(word: string, vocabulary: GateVocabulary): GateMeasure | undefined {
  const registry: Readonly<Record<string, Metric>> = METRICS;
  const name = METRIC_ALIASES[word] ?? word;
  return Object.hasOwn(registry, name) ? registry[name] : vocabulary.measures.find((measure) => measure.name === name);
}

/** Every word that `measureNamed` knows, short ones first. */
export function measureWords(vocabulary: GateVocabulary): string[] {
  return [...Object.keys(METRIC_ALIASES), ...Object.keys(METRICS), ...vocabulary.measures.map(({ name }) => name)];
}

/** Whether no value of the measure can pass 1 (a threshold above is a percentage by mistake). */
export function endsAtOne(name: string): boolean {
  return Object.hasOwn(METRICS, name) && !BEYOND_ONE.has(name);
}
