/**
 * The feature catalogue: every column of the view `account_features` beside its keys, in words. Models, reasons, the
 * leak audit and docs/metrics.md read it; there is no second list. A window stands in the name: `_28d` are the days
 * (D − 28, D], `_12w` and `_84d` three such windows, D the as-of date.
 */

export type FeatureGroup = 'usage' | 'support' | 'relationship' | 'outcomes' | 'contract' | 'profile';

export interface Feature {
  /** Column of `account_features`; the unit or direction stands in the name. */
  readonly name: string;
  readonly kind: 'continuous' | 'nominal';
  readonly group: FeatureGroup;
  /** Unit of the value as it is printed. */
  readonly unit: string;
  /** Days (D − window, D] the value covers; null for a state of the day. */
  readonly window_days: number | null;
  /** Canonical table it is computed from. */
  readonly source: string;
  /** 1: higher is healthier, -1: lower is healthier, 0: neither is known beforehand. */
  readonly direction: 1 | 0 | -1;
  /** Whether someone can act on it; what cannot be acted on stands in the profile line and is never a reason. */
  readonly actionable: boolean;
  /** What it says as a reason, without its values, which stand beside it. */
  readonly reason: string;
  /** The same as a sentence; `{now}`, `{past}` and `{peer}` are filled in, a part between `[` `]` falls away with its value. */
  readonly template: string;
  readonly description: string;
}

/** One line of the catalogue: name, unit, window, source, direction, reason, template, description. */
export type FeatureSpec = readonly [
  name: string,
  unit: string,
  window: number | null,
  source: string,
  direction: 1 | 0 | -1,
  reason: string,
  template: string,
  description: string,
];

/** The features of one group from their lines. */
export function featureGroup(name: FeatureGroup, actionable: boolean, specs: readonly FeatureSpec[]): Feature[] {
  return specs.map(([feature, unit, window_days, source, direction, reason, template, description]) => ({
    name: feature,
    kind: unit === 'text' ? 'nominal' : 'continuous',
    group: name,
    unit,
    window_days,
    source,
    direction,
    actionable,
    reason,
    template,
    description,
  }));
}
