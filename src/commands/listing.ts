import type { Command } from 'commander';
import { withSharedFlags } from './flags.ts';
import { readOptions, show } from './session.ts';

/** A verb that prints one ranked list: from the ledger of the last run, or computed afresh with `--as-of`. */
export interface Listing {
  /** The verb, also the name of the list. */
  readonly name: string;
  readonly summary: string;
  readonly description: string;
}

/** Registers a listing verb. */
export function registerListing(program: Command, listing: Listing): void {
  withSharedFlags(program.command(listing.name))
    .summary(listing.summary)
    .description(listing.description)
    .action(async (_flags: unknown, command: Command) => {
      const options = await readOptions(command);
      const { listFromLedger } = await import('../pipeline/lists.ts');
      await show(await listFromLedger(options, listing.name), options, command);
    });
}
