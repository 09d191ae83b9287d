import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Day } from '../../src/contract/agent.ts';
import type { CommonOptions, Format } from '../../src/contract/options.ts';
import type { Progress } from '../../src/contract/report.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import type { Row } from '../../src/engine/engine.ts';
import { readState } from '../../src/ledger/index.ts';
import { runNightly } from '../../src/pipeline/run.ts';
import { renderJson } from '../../src/reports/json.ts';

const TINY = fileURLToPath(new URL('../../fixtures/tiny', import.meta.url));
const SILENT: Progress = {
  stage: () => undefined,
  detail: () => undefined,
  done: () => undefined,
  note: () => undefined,
};

/** A company of its own in a temporary folder: exports, configuration and store. */
export class TemporaryCompany {
  readonly folder: string;

  /** @param from the folder to copy, store included; default fixtures/tiny */
  constructor(from: string = TINY) {
    this.folder = mkdtempSync(join(tmpdir(), 'retain-night-'));
    cpSync(from, this.folder, { recursive: true });
  }

  /** Changes one of its files; throws where that changes nothing. */
  rewrite(file: string, change: (text: string) => string): void {
    const path = join(this.folder, file);
    const text = readFileSync(path, 'utf8');
    const changed = change(text);
    if (changed === text) throw new Error(`${file} stays as it was`);
    writeFileSync(path, changed);
  }

  /** Replaces the first `before` of a file. */
  edit(file: string, before: string, after: string): void {
    this.rewrite(file, (text) => text.replace(before, after));
  }

  /** What the shared flags give a verb on this company. */
  options(format: Format, top?: number): CommonOptions {
    return {
      data: this.folder,
      store: join(this.folder, '.retain'),
      format,
      ...(top === undefined ? {} : { top }),
      quiet: true,
      debug: false,
      color: false,
      width: Number.POSITIVE_INFINITY,
      wait: 10,
      today: '2025-06-01',
      progress: SILENT,
    };
  }

  /** `retain run --format json`, in this process; what it prints. A day after the clock's `today` becomes that day. */
  async run(asOf: Day): Promise<string> {
    const options = this.options('json');
    const { report } = await runNightly({ ...options, asOf, today: asOf > options.today ? asOf : options.today });
    let text = '';
    for await (const part of renderJson(report, { format: 'json', width: Number.POSITIVE_INFINITY, color: false })) {
      text += part;
    }
    return text;
  }

  /** Rows of the ledger's readings up to a day, by select from `state`. */
  async ledger(sql: string, tables: readonly string[], asOf: Day): Promise<Row[]> {
    const engine = await openDuckDB({ threads: 1 });
    try {
      await readState(engine, join(this.folder, '.retain', 'ledger.duckdb'), tables, {
        asOf,
        includeAsOf: true,
        waitSeconds: 10,
      });
      return await engine.rows(sql, { as_of: asOf });
    } finally {
      engine.close();
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
