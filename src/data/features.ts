import type { Feature } from './feature.ts';
import { CONTRACT, PROFILE } from './features-contract.ts';
import { OUTCOMES } from './features-outcomes.ts';
import { RELATIONSHIP } from './features-relationship.ts';
import { SUPPORT } from './features-support.ts';
import { USAGE } from './features-usage.ts';

export type { Feature, FeatureGroup } from './feature.ts';

/** All features, in the order of the columns of `account_features`. */
export const FEATURES: readonly Feature[] = [
  ...USAGE,
  ...SUPPORT,
  ...RELATIONSHIP,
  ...OUTCOMES,
  ...CONTRACT,
  ...PROFILE,
];

/** The feature of a name; throws for one that is not in the catalogue. */
export function featureNamed(name: string): Feature {
  const found = FEATURES.find((feature) => feature.name === name);
  if (found === undefined) throw new Error(`${name} is not in the feature catalogue`);
  return found;
}

/** Values of a reason, as text; a missing past or peer drops the part of the sentence that speaks of it. */
export interface ReasonValues {
  readonly now: string;
  readonly past?: string;
  readonly peer?: string;
}

/** A noun in the plural that {now} counts. */
const ONE = /\{now\} ((?:outbound |active |weighted |contract |priority-one )?)(\w+)s\b/;

/** A feature's sentence with its values: "12 events in 28 days, was 40; peers 55". */
export function reasonText(feature: Feature, values: ReasonValues): string {
  const parts = feature.template.replaceAll(/\[([^\]]*)\]/g, (_whole, part: string) => {
    if (part.includes('{past}')) return values.past === undefined ? '' : part;
    return values.peer === undefined ? '' : part;
  });
  return (values.now === '1' ? parts.replace(ONE, '{now} $1$2').replace('{now} people', '{now} person') : parts)
    .replaceAll('{now}', values.now)
    .replaceAll('{past}', values.past ?? '')
    .replaceAll('{peer}', values.peer ?? '');
}
