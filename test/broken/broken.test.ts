import { appendFileSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/data/config.ts';
import { ingest } from '../../src/data/ingest.ts';
import { assessQuality } from '../../src/data/quality.ts';
import { createSettings } from '../../src/data/settings.ts';
import { createViews } from '../../src/data/views.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import { UserError } from '../../src/lib/errors.ts';

/**
 * What one folder of fixtures/broken must lead to. `level`: where the fault shows (`config` and `ingest` are run here,
 * `cli` needs a process). `rejects` are rows of rejects/<table>.csv; text is searched in `reason`, else compared.
 */
interface Expected {
  readonly level: 'config' | 'ingest' | 'cli';
  readonly exit: 0 | 2;
  readonly stderr_contains: readonly string[];
  readonly rejects?: readonly (Readonly<Record<string, string | number>> & { readonly table: string })[];
  readonly rows?: Readonly<Record<string, number>>;
  readonly findings?: readonly string[];
  /** Beginnings of warnings of the ingest. */
  readonly warnings?: readonly string[];
  readonly generate?: 'long_line';
}

const FOLDER = new URL('../../fixtures/broken/', import.meta.url).pathname;
const CASES = readdirSync(FOLDER)
  .filter((name) => existsSync(join(FOLDER, name, 'expected.json')))
  .map((name) => ({
    name,
    expected: JSON.parse(readFileSync(join(FOLDER, name, 'expected.json'), 'utf8')) as Expected,
  }));

async function run(folder: string, expected: Expected): Promise<void> {
  const engine = await openDuckDB({ threads: 2 });
  try {
    const config = loadConfig(join(folder, 'retain.yaml'));
    const rejectsDirectory = join(folder, 'rejects');
    const result = await ingest(engine, config, { cacheDirectory: join(folder, 'cache'), rejectsDirectory });
    for (const [table, count] of Object.entries(expected.rows ?? {})) {
      expect(result.feeds.find((feed) => feed.table === table)?.row_count, `rows of ${table}`).toBe(count);
    }
    for (const text of expected.warnings ?? []) {
      expect(
        result.warnings.some((warning) => warning.startsWith(text)),
        result.warnings.join('\n'),
      ).toBe(true);
    }
    for (const { table, ...wanted } of expected.rejects ?? []) {
      const rows = parse(readFileSync(join(rejectsDirectory, `${table}.csv`), 'utf8'), { columns: true }) as Record<
        string,
        string
      >[];
      const fits = rows.some((row) =>
        Object.entries(wanted).every(([key, value]) =>
          key === 'reason' ? row[key]?.includes(String(value)) : row[key] === String(value),
        ),
      );
      expect(fits, `${JSON.stringify(wanted)} in ${JSON.stringify(rows)}`).toBe(true);
    }
    if (expected.findings !== undefined) {
      await createSettings(engine, config, { firstSeenOn: '2024-03-31' });
      await createViews(engine);
      const found = (await assessQuality(engine, config, '2024-03-31')).map((finding) => finding.id);
      for (const id of expected.findings) expect(found).toContain(id);
    }
  } finally {
    engine.close();
  }
}

describe('a broken export', () => {
  it('has at least 28 cases', () => {
    expect(CASES.length).toBeGreaterThanOrEqual(28);
  });

  for (const { name, expected } of CASES.filter((item) => item.expected.level !== 'cli')) {
    it(`${name}: ${expected.exit === 2 ? 'one sentence with the remedy' : 'the run goes on'}`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'retain-broken-'));
      try {
        cpSync(join(FOLDER, name), folder, { recursive: true });
        if (expected.generate === 'long_line') {
          appendFileSync(
            join(folder, 'usage.csv'),
            `A1,${'x'.repeat(10_000_000)},2024-03-01 10:00:00,1\nA2,u2,2024-03-02 10:00:00,1\n`,
          );
        }
        if (expected.exit === 0) return await run(folder, expected);
        const error: unknown = await run(folder, expected).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        expect(error, 'the fault was not told').toBeInstanceOf(UserError);
        const { message, hint } = error as UserError;
        for (const text of expected.stderr_contains) expect(`${message}\n${hint ?? ''}`).toContain(text);
        expect(hint, 'no remedy').toBeTruthy();
        expect(message.split('\n').length, message).toBe(1);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }
});
