import { type Engine, quoteName } from '../engine/engine.ts';
import { entityWords, headingFit } from './mapping-columns.ts';
import { ACCOUNT_HEADINGS } from './mapping-hints.ts';
import { headingWords } from './mapping-words.ts';
import type { ColumnProfile, TableProfile } from './recognition.ts';

/** A column that points at the key of another file. */
export interface Reference {
  readonly column: ColumnProfile;
  /** Share of the column's different values that the key holds, 0–1. */
  readonly overlap: number;
}

/** Whether a column tells the rows of its file apart. */
export function isUnique(profile: TableProfile, column: ColumnProfile): boolean {
  return column.filled >= 0.99 * profile.rows && column.distinct >= 0.99 * column.filled && column.filled > 0;
}

/** The column that is the key of an account file: a heading that names the organisation, unique; `id` last. */
export function accountKey(profile: TableProfile): ColumnProfile | undefined {
  const entity = entityWords(profile.file);
  const words = [ACCOUNT_HEADINGS, ...entity.map((word) => `${word}_id`), 'id'].join(' ');
  return profile.columns
    .filter((column) => ['text', 'integer', 'email'].includes(column.kind) && isUnique(profile, column))
    .map((column) => ({ column, score: headingFit(column.name, words, []) }))
    .filter(({ score, column }) => score > 0 && !/name$/.test(headingWords(column.name)))
    .sort((a, b) => b.score - a.score)[0]?.column;
}

/** Columns of a file that may point at another file's key: named like ids, names or addresses. */
function referenceCandidates(profile: TableProfile): ColumnProfile[] {
  return profile.columns.filter((column) => {
    if (!['text', 'integer', 'email'].includes(column.kind) || column.distinct < 2) return false;
    const words = headingWords(column.name);
    return (
      /(^|_)(id|ids|uuid|key|code|email|login|user|username|number|no)$/.test(words) ||
      headingFit(column.name, ACCOUNT_HEADINGS, []) > 0
    );
  });
}

/**
 * The column of `profile` that points at `key` of `target`: same heading first, else a heading that names the target,
 * else, for text ids, by values alone. Whole numbers overlap by accident and need a heading.
 */
export async function referenceTo(
  engine: Engine,
  profile: TableProfile,
  target: TableProfile,
  key: ColumnProfile,
): Promise<Reference | undefined> {
  if (profile.relation === target.relation) return undefined;
  const keyWords = headingWords(key.name);
  const entity = entityWords(target.file);
  let best: (Reference & { score: number }) | undefined;
  for (const column of referenceCandidates(profile)) {
    const words = headingWords(column.name);
    const isSame = words === keyWords && words !== 'id';
    const isNamed =
      isSame || entity.some((word) => words === `${word}_id` || words === word || words === `${word}_name`);
    const isAccountHeading =
      headingFit(column.name, ACCOUNT_HEADINGS, []) > 0 && headingFit(key.name, ACCOUNT_HEADINGS, []) > 0;
    if (!isNamed && !isAccountHeading && (column.kind === 'integer' || column.longest < 3)) continue;
    const overlap = await overlapOf(engine, profile, column, target, key);
    const needed = isNamed || isAccountHeading ? 0.3 : 0.8;
    if (overlap < needed) continue;
    const score = overlap + (isSame ? 1 : isNamed ? 0.6 : isAccountHeading ? 0.4 : 0);
    if (best === undefined || score > best.score) best = { column, overlap, score };
  }
  return best === undefined ? undefined : { column: best.column, overlap: best.overlap };
}

/** Share of the different values of one column that another holds, 0–1. */
export async function overlapOf(
  engine: Engine,
  profile: TableProfile,
  column: ColumnProfile,
  target: TableProfile,
  key: ColumnProfile,
): Promise<number> {
  const cell = (name: string) => `trim(cast(${quoteName(name)} as varchar))`;
  const [row] = await engine.rows(
    `with a as (select distinct ${cell(column.name)} as v from ${quoteName(profile.relation)}),
     b as (select distinct ${cell(key.name)} as v from ${quoteName(target.relation)})
     select count(*) as n, count(b.v) as found from a left join b using (v) where a.v <> ''`,
  );
  const count = Number(row?.['n']);
  return count === 0 ? 0 : Number(row?.['found']) / count;
}

/** The column of a file that names the account by its heading alone, when no account file can confirm it. */
export function accountHeading(profile: TableProfile): ColumnProfile | undefined {
  return profile.columns
    .filter((column) => column.kind === 'text' || column.kind === 'integer' || column.kind === 'email')
    .map((column) => ({ column, score: headingFit(column.name, ACCOUNT_HEADINGS, []) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)[0]?.column;
}

/** Evidence that a file without an id column is keyed by the order of its rows. */
export interface RowOrderEvidence {
  readonly references: number;
  /** Share of rows that agree on another column both files carry, 0–1; undefined when there is none. */
  readonly agreement: number | undefined;
  readonly checkedBy: string | undefined;
}

/**
 * Whether the whole numbers in `column` can be row numbers of `target`: within 1 … rows, and, where both files carry a
 * same-named column of many values (an e-mail), agreeing on it.
 */
export async function rowOrderEvidence(
  engine: Engine,
  profile: TableProfile,
  column: ColumnProfile,
  target: TableProfile,
): Promise<RowOrderEvidence | undefined> {
  if (column.kind !== 'integer' || (column.min ?? 0) < 1 || (column.max ?? Number.POSITIVE_INFINITY) > target.rows)
    return undefined;
  const shared = profile.columns
    .map((mine) => ({
      mine,
      other: target.columns.find((item) => headingWords(item.name) === headingWords(mine.name)),
    }))
    .filter(
      ({ mine, other }) => other !== undefined && mine.name !== column.name && mine.distinct > 1 && other.distinct > 1,
    )
    .sort((a, b) => (b.other?.distinct ?? 0) - (a.other?.distinct ?? 0))[0];
  if (shared?.other === undefined) return { references: column.distinct, agreement: undefined, checkedBy: undefined };
  const [row] = await engine.rows(
    `select avg(case when trim(cast(a.${quoteName(shared.mine.name)} as varchar)) = trim(cast(b.${quoteName(shared.other.name)} as varchar)) then 1.0 else 0.0 end) as agreement
     from ${quoteName(profile.relation)} a join ${quoteName(target.relation)} b
       on try_cast(a.${quoteName(column.name)} as bigint) = b.row_order
     where a.${quoteName(shared.mine.name)} is not null and b.${quoteName(shared.other.name)} is not null`,
  );
  return { references: column.distinct, agreement: Number(row?.['agreement'] ?? 0), checkedBy: shared.mine.name };
}
