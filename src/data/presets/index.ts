import { chargebee } from './chargebee.ts';
import { hubspot } from './hubspot.ts';
import { intercom } from './intercom.ts';
import { pendo } from './pendo.ts';
import type { Preset } from './preset.ts';
import { amplitude, mixpanel, segment } from './product-analytics.ts';
import { recurly } from './recurly.ts';
import { salesforce } from './salesforce.ts';
import { stripe } from './stripe.ts';
import { zendesk } from './zendesk.ts';

/** Every vendor retain knows. */
export const PRESETS: readonly Preset[] = [
  salesforce,
  hubspot,
  zendesk,
  intercom,
  stripe,
  chargebee,
  recurly,
  segment,
  amplitude,
  mixpanel,
  pendo,
];
