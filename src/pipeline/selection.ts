import type { Engine } from '../engine/engine.ts';
import { UserError } from '../lib/errors.ts';
import { nearest } from '../lib/spelling.ts';
import type { Selection } from './report-lists.ts';

/** Column of a list, its flag, and what it is called in a sentence. */
const CHOICES = [
  { key: 'csm', words: 'the CSM' },
  { key: 'segment', words: 'the segment' },
] as const;

/** Names listed in a hint before the rest is counted. */
const NAMED = 8;

/**
 * The options with `csm` and `segment` spelled as the accounts have them: a name is found whatever its case and the
 * blanks around it. A name that no account has is a typing mistake, never an empty list.
 * @param relations where accounts stand with their `csm` and `segment`; those without such a column say nothing of it
 * @throws UserError when no account has the name
 */
export async function settleSelection<T extends Selection>(
  engine: Engine,
  options: T,
  relations: readonly string[],
): Promise<T> {
  const settled: Partial<Record<'csm' | 'segment', string>> = {};
  for (const { key, words } of CHOICES) {
    const wanted = options[key];
    if (wanted === undefined) continue;
    const known = await namesIn(engine, key, relations);
    if (known === undefined) continue;
    const plain = wanted.trim().toLowerCase();
    const found = known.find((name) => name === wanted) ?? known.find((name) => name.toLowerCase() === plain);
    if (found === undefined) throw unknown(key, words, wanted, known);
    settled[key] = found;
  }
  return { ...options, ...settled };
}

/** The names in a column over all relations that have it, in order; undefined where none has. */
async function namesIn(
  engine: Engine,
  key: 'csm' | 'segment',
  relations: readonly string[],
): Promise<string[] | undefined> {
  const names = new Set<string>();
  let isKnown = false;
  for (const relation of relations) {
    const columns = await engine.describe(`select * from ${relation}`);
    if (!columns.some(({ name }) => name === key)) continue;
    isKnown = true;
    const rows = await engine.rows(`select distinct ${key} as name from ${relation} where ${key} is not null`);
    for (const row of rows) names.add(String(row['name']));
  }
  return isKnown ? [...names].sort() : undefined;
}

function unknown(key: 'csm' | 'segment', words: string, wanted: string, known: readonly string[]): UserError {
  const near = nearest(wanted.trim(), known);
  const list = known.slice(0, NAMED).join(', ');
  const more = known.length > NAMED ? ` and ${known.length - NAMED} more` : '';
  return new UserError(`no account has ${words} "${wanted}"`, {
    hint:
      known.length === 0
        ? `The exports name none; map ${key === 'csm' ? 'account.csm' : 'segments'} in retain.yaml.`
        : near === undefined
          ? `There ${known.length === 1 ? 'is' : 'are'} ${list}${more}.`
          : `Did you mean ${near}?`,
  });
}
