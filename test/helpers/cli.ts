import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './source.ts';

/** The real entry; tests of it run against dist/, which the global set-up has brought up to date. */
export const BIN = join(ROOT, 'bin', 'retain.js');

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunSettings {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments of node itself, before the program. */
  readonly node?: readonly string[];
}

/** Runs the real program to its end, without a terminal and without input. */
export function retain(args: readonly string[], settings: RunSettings = {}): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...(settings.node ?? []), BIN, ...args], {
    cwd: settings.cwd ?? ROOT,
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...settings.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 800_000,
  });
  return { code: status, stdout, stderr };
}

/** Runs a line of shell in which `$RETAIN` is the program. */
export function shell(line: string, settings: RunSettings = {}): Outcome {
  const { status, stdout, stderr } = spawnSync('bash', ['-c', line], {
    cwd: settings.cwd ?? ROOT,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '',
      RETAIN: `${process.execPath} ${BIN}`,
      ...settings.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    timeout: 100_000,
  });
  return { code: status, stdout, stderr };
}

/**
 * Runs the real program with a terminal on stdout, `columns` wide, by way of `script`; undefined where that tool is
 * missing. Input is empty. What comes back has the terminal's line ends taken out.
 */
export async function retainOnTerminal(
  args: readonly string[],
  columns: number,
  settings: RunSettings = {},
): Promise<Outcome | undefined> {
  const quoted = [process.execPath, BIN, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const line = `stty cols ${columns} rows 50; ${quoted}`;
  return new Promise((resolve) => {
    const child = spawn('script', ['-qec', line, '/dev/null'], {
      cwd: settings.cwd ?? ROOT,
      env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', TERM: 'xterm', ...settings.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', () => resolve(undefined));
    child.on('close', (code) => resolve({ code, stdout: stdout.replaceAll('\r\n', '\n'), stderr }));
  });
}
