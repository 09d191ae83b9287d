import { sourceColumn, type TableGuess, withColumn, withNote } from './mapping-columns.ts';
import { headingWords } from './mapping-words.ts';
import type { TableProfile } from './recognition.ts';

const NAMED = ['product', 'plan'] as const;

/**
 * Spelling variants of products and plans ("GTXPro", "GTX Pro"): a value that another file spells differently only in
 * case, blanks and punctuation is mapped to that file's spelling.
 */
export function unifySpellings(guess: TableGuess, profiles: readonly TableProfile[]): TableGuess {
  let refined = guess;
  for (const name of NAMED) {
    const column = refined.columns.find((item) => item.column === name);
    const source = sourceColumn(refined, name);
    if (column === undefined || source === undefined || column.mapping.values !== undefined) continue;
    const lists = profiles.flatMap((profile) =>
      profile.relation === guess.profile.relation
        ? []
        : profile.columns.filter(
            (other) => other.distinct === profile.rows && headingWords(other.name) === headingWords(source.name),
          ),
    );
    const spellings = new Map(lists.flatMap((list) => list.values.map(({ value }) => [squash(value), value] as const)));
    const known = new Set(spellings.values());
    const values = Object.fromEntries(
      source.values.flatMap(({ value }) => {
        const proper = spellings.get(squash(value));
        return proper === undefined || known.has(value) ? [] : [[value, proper]];
      }),
    );
    if (Object.keys(values).length === 0) continue;
    const why = Object.entries(values)
      .map(([from, to]) => `${from} is spelled ${to} in the list of ${name}s`)
      .join('; ');
    refined = withNote(
      withColumn(refined, { ...column, mapping: { ...column.mapping, values }, confidence: 0.9, why }),
      why,
    );
  }
  return refined;
}

function squash(value: string): string {
  return value.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');
}
