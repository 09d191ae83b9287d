import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Day } from '../contract/agent.ts';
import type { CommonOptions } from '../contract/options.ts';
import type { RunReport } from '../contract/report.ts';
import { buildCompany, EXPORTS, type SampleFile, writeFile } from '../data/sample.ts';
import { openDuckDB } from '../engine/duckdb.ts';
import { quoteText } from '../engine/engine.ts';
import { UserError } from '../lib/errors.ts';
import { programVersion } from './workspace.ts';

/** What `retain sample` was asked for. */
export interface SampleRequest extends CommonOptions {
  readonly directory: string;
  readonly accounts: number;
  readonly months: number;
  readonly end: Day;
  readonly usagePerAccount: number;
  /** Only usage, tickets and contracts, under three id systems. */
  readonly threeExports: boolean;
  readonly gzip: boolean;
  readonly force: boolean;
  /** Engine threads; default: the machine's. The bytes do not depend on it. */
  readonly threads?: number;
}

const DEFAULT_SEED = 1;

/**
 * Writes a synthetic company's exports into a directory, streamed by the engine, and says what was written.
 * `UserError` when a number is out of range or the directory holds something and `force` is off.
 */
export async function writeSample(request: SampleRequest): Promise<RunReport> {
  const seed = request.seed ?? DEFAULT_SEED;
  checkRange('--accounts', request.accounts, 50, 2_000_000);
  checkRange('--months', request.months, 24, 60);
  checkRange('--usage-per-account', request.usagePerAccount, 1, 100_000);
  prepareDirectory(request.directory, request.force);
  const work = join(request.directory, '.partial');
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, 'truth'), { recursive: true });
  const files: readonly SampleFile[] = EXPORTS;
  const engine = await openDuckDB({
    memoryLimit: '1500MB',
    spillDirectory: join(work, 'spill'),
    ...(request.threads === undefined ? {} : { threads: request.threads }),
  });
  try {
    // Tables go to a file, not to memory: a million accounts must not need more than a laptop has.
    await engine.execute(`attach ${quoteText(join(work, 'company.duckdb'))} as company`);
    await engine.execute('use company');
    await buildCompany(
      engine,
      {
        accounts: request.accounts,
        seed,
        months: request.months,
        lastDay: request.end,
        usagePerAccount: request.usagePerAccount,
      },
      (step) => request.progress.stage(`building ${step}`),
    );
    for (const { file, sql } of files) {
      request.progress.stage(`writing ${file}`);
      await writeFile(engine, sql, join(work, file));
    }
    request.progress.done();
  } finally {
    engine.close();
  }
  for (const { file } of files) {
    mkdirSync(dirname(join(request.directory, file)), { recursive: true });
    renameSync(join(work, file), join(request.directory, file));
  }
  rmSync(work, { recursive: true, force: true });
  return reportOf(request, seed, files);
}

function checkRange(flag: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw new UserError(`${flag} ${value} is out of range`, { hint: `Give a whole number from ${low} to ${high}.` });
}

function prepareDirectory(directory: string, force: boolean): void {
  if (existsSync(directory)) {
    if (!statSync(directory).isDirectory()) {
      throw new UserError(`${directory} is a file, not a directory`, { hint: 'Give the name of a directory.' });
    }
    if (!force && readdirSync(directory).some((name) => name !== '.partial')) {
      throw new UserError(`${directory} is not empty`, {
        hint: 'Give a new directory, or --force to overwrite the files of an earlier sample.',
      });
    }
  }
  mkdirSync(directory, { recursive: true });
}

function reportOf(request: SampleRequest, seed: number, files: readonly SampleFile[]): RunReport {
  const rows = files.map(({ file }) => ({ file, bytes: statSync(join(request.directory, file)).size }));
  return {
    header: {
      title: 'Synthetic company',
      run_id: null,
      version: programVersion(),
      as_of: request.end,
      as_of_reason: 'last day of every export',
      seed,
      config_hash: '',
      currency: null,
      notes: ['Every name, number and sentence is made up.'],
    },
    lists: [
      {
        name: 'files',
        title: 'Files',
        headline: `${request.accounts} accounts over ${request.months} months up to ${request.end}, seed ${seed}.`,
        columns: [
          { key: 'file', label: 'file', kind: 'text' },
          { key: 'bytes', label: 'bytes', kind: 'integer' },
        ],
        notes: [],
        rowCount: rows.length,
        rows: once(rows),
        empty: 'no files',
      },
    ],
    outcomes: [],
    warnings: [],
    next: [`retain init ${request.directory}`],
    summary: `${files.length} files written to ${request.directory}`,
  };
}

async function* once<T>(rows: readonly T[]): AsyncGenerator<readonly T[]> {
  yield rows;
}
