import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CHILD = fileURLToPath(new URL('./child.js', import.meta.url));

/** Compiles the ledger and what it needs to JavaScript inside node_modules, where packages are found. */
export function compileLedger(): { readonly folder: string; remove(): void } {
  const folder = join(ROOT, 'node_modules', `.ledger-test-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  const flags = ['--target', 'es2023', '--module', 'nodenext', '--allowImportingTsExtensions', '--skipLibCheck'];
  flags.push('--rewriteRelativeImportExtensions', '--types', 'node', '--noCheck', '--ignoreConfig');
  execFileSync(process.execPath, [
    ...[join(ROOT, 'node_modules/typescript/bin/tsc'), ...flags, '--rootDir', join(ROOT, 'src'), '--outDir', folder],
    ...['ledger/index.ts', 'engine/duckdb.ts'].map((name) => join(ROOT, 'src', name)),
  ]);
  cpSync(join(ROOT, 'src/ledger'), join(folder, 'ledger'), {
    recursive: true,
    filter: (path) => !path.endsWith('.ts'),
  });
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export interface Child {
  readonly process: ChildProcess;
  readonly lines: string[];
  /** Resolves when a line starts with `text`; rejects when the process ends first. */
  said(text: string): Promise<void>;
  /** Exit code, null when it was killed. */
  readonly ended: Promise<number | null>;
}

/** Starts a child; `fileBlocks` caps the size of any file it writes, in blocks of 512 or 1024 bytes as the shell has it. */
export function startChild(
  folder: string,
  verb: string,
  file: string,
  options: Readonly<Record<string, unknown>>,
  fileBlocks?: number,
): Child {
  const words = [CHILD, folder, verb, file, JSON.stringify(options)];
  const child =
    fileBlocks === undefined
      ? spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
      : spawn('sh', ['-c', `ulimit -f ${fileBlocks}; exec "$0" "$@"`, process.execPath, ...words], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
  const lines: string[] = [];
  const waiting: { text: string; resolve: () => void; reject: (error: Error) => void }[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    for (const one of waiting) if (line.startsWith(one.text)) one.resolve();
  });
  const ended = new Promise<number | null>((resolve) => {
    child.on('close', (code) => {
      for (const one of waiting) one.reject(new Error(`ended before "${one.text}": ${lines.join(' | ')}`));
      resolve(code);
    });
  });
  const said = (text: string) =>
    lines.some((line) => line.startsWith(text))
      ? Promise.resolve()
      : new Promise<void>((resolve, reject) => waiting.push({ text, resolve, reject }));
  return { process: child, lines, said, ended };
}
