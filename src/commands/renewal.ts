import type { Command } from 'commander';
import { registerListing } from './listing.ts';

/** `retain renewal`: what renews when, and what is overdue. */
export function register(program: Command): void {
  registerListing(program, {
    name: 'renewal',
    summary: 'what renews when, and what is overdue',
    description: 'The renewal timeline: overdue first, then by decision date; month-to-month contracts in one line.',
  });
}
