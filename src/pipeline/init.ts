import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { CommonOptions } from '../contract/options.ts';
import type { RunReport } from '../contract/report.ts';
import { type AliasProposal, proposeAliases } from '../data/alias.ts';
import { parseConfig } from '../data/config.ts';
import { type Recognition, recognise } from '../data/mapping.ts';
import { type Draft, writeYaml } from '../data/mapping-yaml.ts';
import { openDuckDB } from '../engine/duckdb.ts';
import { messageOf, UserError } from '../lib/errors.ts';
import { type ChurnChoice, countOutcomes } from './init-outcomes.ts';
import { initReport } from './init-report.ts';
import { programVersion } from './workspace.ts';

/** What `retain init` was asked for. */
export interface InitRequest extends CommonOptions {
  /** Directory of the exports; wins over `data`. Default: the working directory. */
  readonly directory?: string;
  /** Overwrites an earlier `retain.yaml`. */
  readonly force: boolean;
}

/**
 * Looks at a directory of exports and writes a commented `retain.yaml` (to `config`, else the working directory) and,
 * where several systems have to be joined, `account_alias.csv` beside it. Asks nothing.
 * @returns the report of what was guessed, left out, counted, and what the files give
 * @throws UserError when the file exists and `force` is off, or no table is recognised
 */
export async function init(request: InitRequest): Promise<RunReport> {
  const directory = resolve(request.directory ?? request.data ?? '.');
  const configFile = request.config ?? 'retain.yaml';
  if (!existsSync(directory) || !statSync(directory).isDirectory()) {
    throw new UserError(`${request.directory ?? request.data ?? directory} is not a directory`, {
      hint: 'Name the directory of the exports: retain init DIR',
    });
  }
  if (existsSync(configFile) && !request.force) {
    throw new UserError(`${configFile} exists already and is never overwritten by itself`, {
      hint: 'Give --force to replace it, or --config FILE to write another one.',
    });
  }
  request.progress.stage('looking at the exports');
  const engine = await openDuckDB({ memoryLimit: '1500MB' });
  let recognition: Recognition;
  let alias: AliasProposal;
  try {
    recognition = await recognise(engine, directory, (file) => request.progress.detail(file));
    refuseEmpty(directory, recognition);
    request.progress.stage('joining systems');
    alias = await proposeAliases(engine, recognition.guesses);
    recognition = { ...recognition, guesses: alias.guesses, notes: [...recognition.notes, ...alias.notes] };
  } finally {
    engine.close();
  }
  const target = dirname(resolve(configFile));
  const aliasFile = join(target, 'account_alias.csv');
  const hasAlias = alias.rowCount > 0;
  const isAliasMine = hasAlias && (request.force || !existsSync(aliasFile));
  const draft: Draft = {
    data: portable(relative(target, directory)) || '.',
    guesses: recognition.guesses,
    leftOut: recognition.leftOut,
    notes: recognition.notes,
    currency: currencyOf(recognition),
    aliasFile: !hasAlias ? undefined : portable(relative(directory, aliasFile)),
    churn: undefined,
  };
  makeDirectory(target);
  if (isAliasMine) write(aliasFile, alias.csv);
  request.progress.stage('counting outcomes');
  const churn = await tryOutcomes(draft, configFile, request.today);
  const text = writeYaml(
    'counts' in churn ? { ...draft, churn: { definition: churn.definition, reason: reasonLines(churn) } } : draft,
  );
  parseConfig(text, configFile);
  write(configFile, text);
  request.progress.done();
  return initReport({
    directory: request.directory ?? request.data ?? '.',
    configFile,
    recognition,
    aliasRows: alias.rowCount,
    aliasFile: hasAlias ? aliasFile : undefined,
    churn,
    currency: draft.currency?.code,
    today: request.today,
    version: programVersion(),
  });
}

function refuseEmpty(directory: string, recognition: Recognition): void {
  if (recognition.guesses.length > 0) return;
  const reasons = recognition.leftOut.slice(0, 3).map(({ file, reason }) => `${file} ${reason}`);
  throw new UserError(
    `no table was recognised in ${directory}${reasons.length === 0 ? ': it holds no export' : `: ${reasons.join('; ')}`}`,
    {
      hint: 'Put the exports there as CSV, JSON or Parquet (accounts or contracts, and usage or tickets), or write retain.yaml by hand: see docs/data-contract.md.',
    },
  );
}

/** Counts outcomes by a first draft; a mapping that cannot be ingested is told, not fatal: the file is there to correct. */
async function tryOutcomes(draft: Draft, configFile: string, today: string): Promise<ChurnChoice | { failed: string }> {
  const tables = new Set(draft.guesses.map((guess) => guess.table));
  if (!['contract', 'account', 'mrr_month', 'churn_event', 'renewal'].some((table) => tables.has(table))) {
    return { failed: 'there is neither an account list nor a contract file' };
  }
  try {
    return await countOutcomes(parseConfig(writeYaml(draft), configFile), today);
  } catch (error) {
    return { failed: messageOf(error).split('\n')[0] ?? 'unknown' };
  }
}

function reasonLines(churn: ChurnChoice): string[] {
  const lines = churn.counts
    .filter((count) => count.accounts > 0)
    .map((count) => {
      const arr = count.arr_amount === null ? '' : `, ARR ${Math.round(count.arr_amount).toLocaleString('en')}`;
      return `${count.definition}: ${count.accounts} accounts${arr}, ${count.first_on} to ${count.last_on}, ${count.contradictions} contradicted`;
    });
  return [`Outcomes found as of ${churn.asOf} (${churn.asOfReason}):`, ...lines, `Taken: ${churn.reason}.`];
}

/** The currency that headings name (`arr_usd`), where no currency column is mapped. */
function currencyOf(recognition: Recognition): Draft['currency'] {
  if (recognition.guesses.some((guess) => guess.columns.some((item) => item.column === 'currency'))) return undefined;
  for (const profile of recognition.profiles) {
    for (const column of profile.columns) {
      const code = /(?:^|[_\s(])(usd|eur|gbp|chf|cad|aud|jpy|sek|nok|dkk|inr)\)?$/i.exec(column.name)?.[1];
      if (code !== undefined)
        return { code: code.toUpperCase(), why: `A guess: the heading ${column.name} of ${profile.file} names it.` };
    }
  }
  return undefined;
}

function portable(path: string): string {
  return path.split(sep).join('/');
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new UserError(`${path} cannot be created`, { hint: 'Give another place with --config FILE.', cause: error });
  }
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new UserError(`${file} cannot be written (${messageOf(error)})`, {
      hint: 'Run init in a directory you may write to, or give --config FILE.',
      cause: error,
    });
  }
}
