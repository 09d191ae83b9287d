import { existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type Engine, quoteText } from '../engine/engine.ts';
import { messageOf, UserError } from '../lib/errors.ts';

/** Catalog name of the attached ledger; SQL of this folder names its tables `ledger.<table>`. */
export const CATALOG = 'ledger';

export interface WaitOptions {
  /** Seconds to wait for a lock that another process holds; default 30. */
  readonly waitSeconds?: number;
}

const DEFAULT_WAIT_SECONDS = 30;
const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 500;

/**
 * One after the other within this process: file locks do not hold a process off itself, and an engine knows one
 * catalog `ledger` at a time.
 */
let turn: Promise<unknown> = Promise.resolve();

/**
 * Attaches the ledger as catalog `ledger`, does `work`, detaches. Nobody keeps it open longer: an open ledger shuts
 * every other process out.
 *
 * `read` attaches read-only; a file that is not there is an empty, unversioned ledger in memory. `write` needs the file
 * (see `createFile`). Work in `write` mode is one transaction: rolled back when `work` throws.
 *
 * @throws UserError when the lock is still held after the wait, the disk is full, or the file is not a ledger or
 * cannot be written. The ledger is then as it was.
 */
export async function withLedger<T>(
  engine: Engine,
  file: string,
  mode: 'read' | 'write',
  options: WaitOptions,
  work: () => Promise<T>,
): Promise<T> {
  const mine = turn.then(() => inTurn(engine, file, mode, options, work));
  turn = mine.catch(() => undefined);
  return mine;
}

async function inTurn<T>(
  engine: Engine,
  file: string,
  mode: 'read' | 'write',
  options: WaitOptions,
  work: () => Promise<T>,
): Promise<T> {
  await attach(engine, file, mode, options);
  let failed = true;
  try {
    if (mode === 'write') await engine.execute('begin transaction');
    const result = await work();
    if (mode === 'write') await engine.execute('commit');
    failed = false;
    return result;
  } catch (error) {
    throw explain(error, file);
  } finally {
    if (failed && mode === 'write') await quietly(engine, 'rollback');
    // A failing checkpoint at detach loses nothing: what was committed stands in the write-ahead log.
    await quietly(engine, `detach ${CATALOG}`);
  }
}

async function quietly(engine: Engine, sql: string): Promise<void> {
  try {
    await engine.execute(sql);
  } catch {
    // The first error is the one to tell.
  }
}

async function attach(engine: Engine, file: string, mode: 'read' | 'write', options: WaitOptions): Promise<void> {
  if (mode === 'read' && !exists(file)) {
    await engine.execute(`attach ':memory:' as ${CATALOG}`);
    return;
  }
  const waitSeconds = options.waitSeconds ?? DEFAULT_WAIT_SECONDS;
  const deadline = performance.now() + waitSeconds * 1000;
  const sql = `attach ${quoteText(file)} as ${CATALOG}${mode === 'read' ? ' (read_only)' : ''}`;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      await engine.execute(sql);
      return;
    } catch (error) {
      const left = deadline - performance.now();
      if (!isLockError(error)) throw explain(error, file);
      if (left <= 0) throw lockError(error, file, waitSeconds);
      await new Promise((wake) => setTimeout(wake, Math.min(pause, left)));
    }
  }
}

/**
 * Makes the ledger file when it is not there, its tables built by `build` (run with the new file attached as
 * `ledger`, in a transaction). Made under another name and then linked into place, so that a half-made ledger is never
 * seen and two first runs at once get one file.
 */
export async function createFile(engine: Engine, file: string, build: () => Promise<void>): Promise<void> {
  if (exists(file)) return;
  const fresh = `${resolve(file)}.new-${process.pid}`;
  try {
    mkdirSync(dirname(fresh), { recursive: true });
    removeAbandoned(file);
  } catch (error) {
    throw explain(error, file);
  }
  try {
    await withLedger(engine, fresh, 'write', {}, build);
    if (exists(`${fresh}.wal`)) {
      // The new file could not take over what stands in its log: there is no room for it.
      throw new UserError(`The ledger ${file} could not be written: the disk is full.`, { hint: DISK_HINT });
    }
    place(fresh, file);
  } catch (error) {
    throw explain(error, file);
  } finally {
    rmSync(fresh, { force: true });
    rmSync(`${fresh}.wal`, { force: true });
  }
}

function place(fresh: string, file: string): void {
  try {
    linkSync(fresh, file);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return;
    // Some file systems know no hard links; there the rename may replace an equally empty file made meanwhile.
    if (codeOf(error) !== 'EPERM' && codeOf(error) !== 'ENOTSUP' && codeOf(error) !== 'EOPNOTSUPP') throw error;
    renameSync(fresh, file);
  }
}

function removeAbandoned(file: string): void {
  const folder = dirname(resolve(file));
  const prefix = `${basename(file)}.new-`;
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number(name.slice(prefix.length).split('.')[0]);
    if (!isAlive(pid)) rmSync(join(folder, name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** Whether a ledger has been written yet. */
export function exists(file: string): boolean {
  return existsSync(file);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function isLockError(error: unknown): boolean {
  return /could not set lock|conflicting lock|being used by another process/i.test(messageOf(error));
}

function lockError(error: unknown, file: string, waitSeconds: number): UserError {
  const holder = /held in (\S+) \(PID (\d+)\)/.exec(messageOf(error));
  const who = holder === null ? 'another process' : `process ${holder[2]} (${basename(holder[1] ?? '')})`;
  return new UserError(`The ledger ${file} is held by ${who}; waited ${waitSeconds} s.`, {
    hint: 'Let the other command finish, or wait longer with --wait SECONDS.',
    cause: error,
  });
}

const DISK_HINT = 'Free space on that disk, or point --store to another; the ledger is as it was.';

/** What the engine or the file system says about the ledger file, as one sentence for people where it is their matter. */
function explain(error: unknown, file: string): unknown {
  if (error instanceof UserError) return error;
  const text = messageOf(error);
  if (/no space left|disk full|ENOSPC|EDQUOT|quota exceeded|file too large|EFBIG/i.test(text)) {
    return new UserError(`The ledger ${file} could not be written: the disk is full.`, {
      hint: DISK_HINT,
      cause: error,
    });
  }
  if (/read-only|permission denied|ENOENT.*mkdir|EACCES|EROFS|EPERM|operation not permitted/i.test(text)) {
    return new UserError(`The ledger ${file} cannot be opened for writing: permission denied or a read-only disk.`, {
      hint: 'Make the store writable for this user, or point --store to a folder that is.',
      cause: error,
    });
  }
  if (/not a valid duckdb|corrupt|serialization|is a directory|EISDIR|ENOTDIR|EEXIST|not a directory/i.test(text)) {
    return new UserError(`${file} is not a ledger of retain.`, {
      hint: 'Move that file away, or point --store to another folder.',
      cause: error,
    });
  }
  return error;
}
