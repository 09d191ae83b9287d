import type { Command } from 'commander';
import { day, withSharedFlags } from './flags.ts';
import { readOptions, show } from './session.ts';

/** A verb that prints one ranked list: from the ledger of the last run, or computed afresh with `--as-of`. */
export interface Listing {
  /** The verb, also the name of the list. */
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  /** Whether the list compares with an earlier one, so that `--since` has a meaning. */
  readonly hasSince?: true;
}

/** Registers a listing verb. */
export function registerListing(program: Command, listing: Listing): void {
  const verb = program.command(listing.name).summary(listing.summary).description(listing.description);
  if (listing.hasSince === true) {
    verb.option('--since <date>', 'compare with the list of this day (default: the last one printed)', (value) =>
      day('--since', value),
    );
  }
  withSharedFlags(verb).action(async (flags: { since?: string }, command: Command) => {
    const options = await readOptions(command);
    const { listFromLedger } = await import('../pipeline/lists.ts');
    const asked = flags.since === undefined ? options : { ...options, since: flags.since };
    await show(await listFromLedger(asked, listing.name), options, command);
  });
}
