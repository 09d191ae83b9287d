import { METRICS, type Metric } from '../metrics/registry.ts';

/** What a gate needs to know of a measure: its name in figures and which way is better. */
type GateMeasure = Pick<Metric, 'name' | 'title' | 'direction'>;

/** The words a gate may use, known before any work is done. */
export interface GateVocabulary {
  /** `churn`, `health`, …: what agents declared they predict. */
  readonly predictions: readonly string[];
  /** `served`, rungs of the ladder, components: who may have predicted it. */
  readonly candidates: readonly string[];
  /** Measures beside `METRICS`; for their prediction they win over a short word. */
  readonly measures: readonly OwnMeasure[];
}

/** A measure that is not in `METRICS`. */
export interface OwnMeasure extends GateMeasure {
  /** The only prediction that has it; absent = any. */
  readonly prediction?: string;
  /** Counts no outcomes of accounts (money, coverage), so that few of them do not forbid a verdict. Absent = no. */
  readonly is_without_outcomes?: boolean;
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

/** Words for candidates beside their names in figures. */
export const CANDIDATE_ALIASES: Readonly<Record<string, string>> = { glass_box: 'ebm' };

/** The candidate a word stands for. */
export function candidateNamed(word: string, { candidates }: GateVocabulary): string | undefined {
  const name = candidates.includes(word) ? word : CANDIDATE_ALIASES[word];
  return name !== undefined && candidates.includes(name) ? name : undefined;
}

/** Metrics without an upper end at 1; every other one lies within −1 and 1, or below 1. */
const BEYOND_ONE: ReadonlySet<string> = new Set(['lift', 'log_loss']);

/** The measure a word of a gate stands for where it is about `prediction`; `undefined` when there is none. */
export function measureNamed(word: string, prediction: string, vocabulary: GateVocabulary): OwnMeasure | undefined {
  const registry: Readonly<Record<string, Metric>> = METRICS;
  const name = METRIC_ALIASES[word] ?? word;
  const own = measuresOf(prediction, vocabulary).find((measure) => measure.name === word);
  return own ?? (Object.hasOwn(registry, name) ? registry[name] : undefined);
}

/** Every word that `measureNamed` knows, short ones first. */
export function measureWords(prediction: string, vocabulary: GateVocabulary): string[] {
  const own = measuresOf(prediction, vocabulary).map(({ name }) => name);
  return [...Object.keys(METRIC_ALIASES), ...Object.keys(METRICS), ...own];
}

function measuresOf(prediction: string, { measures }: GateVocabulary): OwnMeasure[] {
  return measures.filter((measure) => measure.prediction === undefined || measure.prediction === prediction);
}

/** Whether no value of the measure can pass 1 (a threshold above is a percentage by mistake). */
export function endsAtOne(name: string): boolean {
  return Object.hasOwn(METRICS, name) && !BEYOND_ONE.has(name);
}
