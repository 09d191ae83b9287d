import type { Feature } from './feature.ts';
import { featureNamed, type ReasonValues, reasonText } from './features.ts';

/** A ratio to the account's own past, and the count it is a ratio of. */
const COUNT_OF_RATIO: Readonly<Record<string, string>> = {
  event_log_ratio_28d: 'event_count_28d',
  user_log_ratio_28d: 'active_users_28d',
  feature_log_ratio_28d: 'feature_count_28d',
};
const RATIO_OF_COUNT = new Map(Object.entries(COUNT_OF_RATIO).map(([ratio, count]) => [count, ratio]));

/** Value of a feature as it is said: "62", "45 %", "about 45 % down". */
export function valueText(feature: Pick<Feature, 'unit'>, value: number): string {
  if (feature.unit === 'yes or no') return value === 1 ? 'yes' : 'no';
  if (feature.unit === 'rate') return `${Math.round(100 * value)} %`;
  if (feature.unit === 'log ratio') {
    const percent = Math.round(100 * Math.expm1(value));
    return percent === 0 ? 'level' : percent > 0 ? `about ${percent} % up` : `about ${-percent} % down`;
  }
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 10 ? value.toFixed(0) : Math.abs(value) >= 1 ? value.toFixed(1) : value.toPrecision(2);
}

/** One account's or a peer group's values by feature; null where missing. */
export type FeatureValues = (feature: string) => number | null;

/**
 * The mean of a count over the windows before, where the account's ratio to it is known: (now + 1) ÷ exp(ratio) − 1, which
 * is how `account_features` makes the ratio. Null for features without one.
 */
export function ownPast(name: string, values: FeatureValues): number | null {
  const ratio = RATIO_OF_COUNT.get(name);
  if (ratio === undefined) return null;
  const [now, log] = [values(name), values(ratio)];
  // The logarithm costs the last digits of what was a whole number of thirds.
  return now === null || log === null ? null : Math.round(((now + 1) / Math.exp(log) - 1) * 1e6) / 1e6;
}

/** A feature as a plain sentence with the account's value, its own past where known and its peers' median. */
export function featureSentence(name: string, own: FeatureValues, peers: FeatureValues): string {
  const counted = COUNT_OF_RATIO[name];
  // "12 events, was 40" says more than "about 70 % down".
  if (counted !== undefined && own(counted) !== null) return featureSentence(counted, own, peers);
  const feature = featureNamed(name);
  const now = own(name);
  if (now === null) return `${feature.reason}: nothing recorded`;
  const past = ownPast(name, own);
  const peer = peers(name);
  const values: ReasonValues = {
    now: valueText(feature, now),
    ...(past === null ? {} : { past: valueText(feature, past) }),
    ...(peer === null ? {} : { peer: valueText(feature, peer) }),
  };
  return reasonText(feature, values);
}
