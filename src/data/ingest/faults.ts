import { type Engine, quoteText } from '../../engine/engine.ts';
import type { NoteTables } from './reader.ts';

/** Rows of a part: all of them, those with an unreadable cell, and those that cannot be used at all. */
export async function countFaults(
  engine: Engine,
  target: string,
): Promise<{ rows: number; faulty: number; bad: number }> {
  const [row] = await engine.rows(
    `select count(*) as row_count, count(fault) as faulty, count(case when is_bad then 1 end) as bad from read_parquet(${quoteText(target)})`,
  );
  return { rows: Number(row?.row_count), faulty: Number(row?.faulty), bad: Number(row?.bad) };
}

/** Forgets the CSV lines that DuckDB noted as unreadable. */
export async function dropNotes(engine: Engine, notes: NoteTables): Promise<void> {
  await engine.execute(`drop table if exists ${notes.errors}; drop table if exists ${notes.scans}`);
}
