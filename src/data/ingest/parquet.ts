import { type Engine, quoteText } from '../../engine/engine.ts';

/**
 * Writes a select over export files to one Parquet file. Joins keep the sides they are written with: the planner takes a
 * CSV of any length for a few dozen rows and would build its hash table of the long feed.
 * @param more further options of the file, for the one that is long enough to ask for some
 */
export async function writeParquet(engine: Engine, sql: string, target: string, more = ''): Promise<void> {
  await engine.execute("set disabled_optimizers = 'build_side_probe_side'");
  try {
    await engine.execute(
      `copy (${sql}) to ${quoteText(target)} (${['format parquet', 'compression snappy', more].filter((option) => option !== '').join(', ')})`,
    );
  } finally {
    await engine.execute('reset disabled_optimizers');
  }
}
