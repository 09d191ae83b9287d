import type { Command } from 'commander';
import { withSharedFlags } from './flags.ts';
import { readOptions, show } from './session.ts';

/** A verb that prints one ranked list: from the ledger of the last run, or computed afresh with `--as-of`. */
export interface Listing {
  /** The verb, also the name of the list. */
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  /** Whether `--since` may name the list that changes are told from. */
  readonly hasSince?: boolean;
}

/** Registers a listing verb. */
export function registerListing(program: Command, listing: Listing): void {
  const verb = program.command(listing.name);
  if (listing.hasSince === true)
    verb.option('--since <date|run>', 'tell what changed since the list of that day or run');
  withSharedFlags(verb)
    .summary(listing.summary)
    .description(listing.description)
    .action(async (flags: { since?: string }, command: Command) => {
      const options = await readOptions(command);
      const { listFromLedger } = await import('../pipeline/lists.ts');
      await show(await listFromLedger(options, listing.name, flags.since), options, command);
    });
}
