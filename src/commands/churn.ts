import type { Command } from 'commander';
import { registerListing } from './listing.ts';

/** `retain churn`: who will leave, why, and how sure that is. */
export function register(program: Command): void {
  registerListing(program, {
    name: 'churn',
    summary: 'who will leave, with calibrated probabilities and reasons',
    description:
      'Churn probabilities beside their base rate, highest first; where no model beats the base rate, the ' +
      'list says so and gives facts instead.',
  });
}
