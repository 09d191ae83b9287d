import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Day } from '../contract/agent.ts';
import type { CommonOptions } from '../contract/options.ts';
import type { RunReport } from '../contract/report.ts';
import { buildCompany, type SampleForm, sampleConfig, sampleFiles, writeFile } from '../data/sample.ts';
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
  /** The same company without summer, year end, outages and missing feed; see `SampleOptions`. */
  readonly plainCalendar?: boolean;
  /** How often trouble that is seen is answered; see `SampleOptions`. */
  readonly outreachPercent?: number;
  /** That outreach keeps nobody. */
  readonly uselessOutreach?: boolean;
  readonly form: SampleForm;
  /** Write `retain.yaml` beside the exports; never in the three-exports form, which is there to be recognised. */
  readonly writeConfig: boolean;
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
  checkRange('--outreach', request.outreachPercent ?? 0, 0, 100);
  prepareDirectory(request.directory, request.force);
  const work = join(request.directory, '.partial');
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, 'truth'), { recursive: true });
  const files = sampleFiles(request.form);
  const rowCounts = new Map<string, number>();
  try {
    await generate(request, seed, work, rowCounts);
    removeEarlier(request.directory);
    for (const { file } of files) {
      mkdirSync(dirname(join(request.directory, file)), { recursive: true });
      renameSync(join(work, file), join(request.directory, file));
    }
    if (request.writeConfig && !request.form.threeExports) {
      writeFileSync(join(request.directory, 'retain.yaml'), sampleConfig(request.form));
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return reportOf(request, seed, rowCounts);
}

/** Builds the company in a database file in `work` and writes its files there; notes the rows of each. */
async function generate(
  request: SampleRequest,
  seed: number,
  work: string,
  rowCounts: Map<string, number>,
): Promise<void> {
  const { accounts, months, usagePerAccount, outreachPercent, end: lastDay, progress } = request;
  const uselessOutreach = request.uselessOutreach === true;
  const plainCalendar = request.plainCalendar === true;
  const engine = await openDuckDB({
    memoryLimit: '1500MB',
    spillDirectory: join(work, 'spill'),
    ...(request.threads === undefined ? {} : { threads: request.threads }),
  });
  try {
    // Tables go to a file, not to memory: a million accounts must not need more than a laptop has.
    await engine.execute(`attach ${quoteText(join(work, 'company.duckdb'))} as company`);
    await engine.execute('use company');
    progress.stage('building the company');
    const options = {
      ...{ accounts, seed, months, lastDay, usagePerAccount, plainCalendar, uselessOutreach },
      ...(outreachPercent === undefined ? {} : { outreachPercent }),
    };
    await buildCompany(engine, options, (step) => progress.detail(step));
    progress.stage('writing its exports');
    for (const { file, sql } of sampleFiles(request.form)) {
      progress.detail(file);
      rowCounts.set(file, await writeFile(engine, sql, join(work, file)));
    }
    progress.done();
  } finally {
    engine.close();
  }
}

/** Files an earlier sample of another form may have left would stand beside the new ones as a second company. */
function removeEarlier(directory: string): void {
  rmSync(join(directory, 'retain.yaml'), { force: true });
  for (const threeExports of [false, true]) {
    for (const gzip of [false, true]) {
      for (const { file } of sampleFiles({ threeExports, gzip, dailyUsage: false }))
        rmSync(join(directory, file), { force: true });
    }
  }
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

function reportOf(request: SampleRequest, seed: number, rowCounts: ReadonlyMap<string, number>): RunReport {
  const { directory, form } = request;
  const rows = [...rowCounts].map(([file, row_count]) => ({
    file,
    row_count,
    byte_count: statSync(join(directory, file)).size,
  }));
  const hasConfig = request.writeConfig && !form.threeExports;
  return {
    header: {
      title: 'Synthetic company',
      run_id: null,
      version: programVersion(),
      as_of: request.end,
      as_of_reason: 'the last day of every export',
      seed,
      config_hash: '',
      currency: null,
      notes: ['Every company, person and sentence is made up.'],
    },
    lists: [
      {
        name: 'files',
        title: 'Files',
        headline: `${request.accounts} accounts over ${request.months} months up to ${request.end}, seed ${seed}.`,
        columns: [
          { key: 'file', label: 'File', kind: 'text' },
          { key: 'row_count', label: 'Rows', kind: 'integer' },
          { key: 'byte_count', label: 'Size', kind: 'integer', unit: 'bytes' },
        ],
        notes: ['truth/ holds what was planted, the future included; no other verb reads it.'],
        rowCount: rows.length,
        rows: once(rows),
        empty: 'Nothing was written.',
      },
    ],
    outcomes: [],
    warnings: [],
    next: hasConfig
      ? [`retain run --data ${directory}`]
      : [`retain init ${directory}`, `retain run --data ${directory}`],
    summary: `${rows.length} files are in ${directory}${hasConfig ? ', with a retain.yaml that maps them' : ''}.`,
  };
}

async function* once<T>(rows: readonly T[]): AsyncGenerator<readonly T[]> {
  yield rows;
}
