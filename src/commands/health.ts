import type { Command } from 'commander';
import { registerListing } from './listing.ts';

/** `retain health`: how each account is doing, and what moved. */
export function register(program: Command): void {
  registerListing(program, {
    name: 'health',
    summary: 'how each account is doing, and what moved',
    description:
      'Health score, band, trend and coverage of every account, worst first, from the last run; with ' +
      '--as-of computed afresh for that day.',
  });
}
