import type { Command } from 'commander';
import { registerListing } from './listing.ts';

/** `retain at-risk`: the list a CSM works from. */
export function register(program: Command): void {
  registerListing(program, {
    name: 'at-risk',
    hasSince: true,
    summary: 'the list a CSM works from: why, what changed, what next',
    description:
      'Accounts whose risk stands out, at most as many as a person can work in a week, each with dated ' +
      'reasons, what changed, whom to call and the next step.',
  });
}
