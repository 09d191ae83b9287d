import type { Config } from '../contract/config.ts';
import { wilson } from '../models/interval.ts';
import type { Patch } from './proposals.ts';
import type { FactEvidence } from './retro-facts.ts';
import type { PredictionRecord } from './retro-predictions.ts';
import type { LostStory } from './retro-stories.ts';

/** One change that the retro would make, with what speaks for it. */
export interface RetroChange {
  readonly key: string;
  readonly from: string;
  readonly to: string;
  readonly evidence: string;
  readonly change: Readonly<Record<string, unknown>>;
}

/** Lost accounts that must have been read before anything is proposed of capacity. */
const MIN_LOST = 10;
/** Share of them that waited for a free place, beyond chance, from which on more places are proposed. */
const WAITED_SHARE = 0.1;
/** A model is never proposed to serve for less. */
const LEAST_AGE_DAYS = 7;

/**
 * Changes of the configuration that the retro's evidence supports: a red fact whose holders left no more than others loses
 * its red; more places a week where lost accounts waited for one; a model that serves for less long where more or fewer left
 * than it said. None where the evidence may be chance.
 */
export function retroChanges(
  config: Config,
  facts: readonly FactEvidence[],
  stories: readonly LostStory[],
  predictions: readonly PredictionRecord[],
): RetroChange[] {
  return [...factChanges(config, facts), ...capacityChanges(config, stories), ...ageChanges(config, predictions)];
}

function factChanges(config: Config, facts: readonly FactEvidence[]): RetroChange[] {
  return facts
    .filter(({ kind, is_demoted }) => is_demoted && config.facts[kind]?.red === true)
    .map(({ kind, holder_count, holder_outcome_count, expected_outcome_count }) => ({
      key: `facts.${kind}.red`,
      from: 'true',
      to: 'false',
      evidence: `${kind}: of ${holder_count} accounts that held it ${holder_outcome_count} left, and ${expected_outcome_count.toFixed(1)} were due at the rate of those without it on the same dates.`,
      change: { facts: { [kind]: { enabled: true, red: false } } },
    }));
}

function capacityChanges(config: Config, stories: readonly LostStory[]): RetroChange[] {
  const lost = stories.filter(({ is_unavoidable }) => !is_unavoidable);
  const waited = lost.filter(({ waited_for }) => waited_for === 'new_budget' || waited_for === 'capacity').length;
  const { low } = wilson(waited, lost.length);
  if (lost.length < MIN_LOST || !(low > WAITED_SHARE)) return [];
  const places = Math.ceil(config.capacity.new_per_week * 1.5);
  const evidence = `${waited} of ${lost.length} lost accounts had entered at-risk and waited for a free place (90 % interval from ${Math.round(low * 100)} %).`;
  const rows = Math.ceil(config.capacity.rows_per_csm * 1.5);
  return [
    {
      key: 'capacity.new_per_week',
      from: String(config.capacity.new_per_week),
      to: String(places),
      evidence,
      change: { capacity: { new_per_week: places } },
    },
    ...(lost.some(({ waited_for }) => waited_for === 'capacity')
      ? [
          {
            key: 'capacity.rows_per_csm',
            from: String(config.capacity.rows_per_csm),
            to: String(rows),
            evidence: 'Some of them waited because the list itself was full.',
            change: { capacity: { rows_per_csm: rows } },
          },
        ]
      : []),
  ];
}

function ageChanges(config: Config, predictions: readonly PredictionRecord[]): RetroChange[] {
  const off = predictions.find(
    ({ prediction, verdict }) =>
      prediction === 'churn_probability' && (verdict === 'too_low' || verdict === 'too_high'),
  );
  const days = Math.max(LEAST_AGE_DAYS, Math.floor(config.model.max_age_days / 2));
  if (off === undefined || days >= config.model.max_age_days) return [];
  return [
    {
      key: 'model.max_age_days',
      from: String(config.model.max_age_days),
      to: String(days),
      evidence: `${off.churn_basis}: ${off.sentence}, ${off.outcome_count} accounts that left.`,
      change: { model: { max_age_days: days } },
    },
  ];
}

/** The changes as one part of `retain.yaml`. */
export function retroPatch(asOf: string, changes: readonly RetroChange[]): Patch {
  const change: Record<string, Record<string, unknown>> = {};
  for (const { change: part } of changes) {
    for (const [key, value] of Object.entries(part))
      change[key] = { ...change[key], ...(value as Record<string, unknown>) };
  }
  return {
    verb: 'retro',
    asOf,
    evidence: changes.map(({ key, from, to, evidence }) => `${key}: ${from} to ${to}. ${evidence}`),
    change,
  };
}
