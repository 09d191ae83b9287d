import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { retain, shell } from '../helpers/cli.ts';
import { ROOT } from '../helpers/source.ts';

const VERBS = [
  'sample',
  'init',
  'check',
  'run',
  'at-risk',
  'health',
  'churn',
  'renewal',
  'account',
  'train',
  'model',
  'backtest',
  'compare',
  'signals',
  'retro',
  'completion',
];
const SHARED_FLAGS = [
  ...['--config', '--data', '--store', '--as-of', '--format', '--output', '--list', '--csm', '--segment', '--top'],
  ...['--seed', '--wait', '--quiet', '--debug', '--no-color'],
];
/** Verbs without shared flags of their own: one only talks, the other has verbs below it. */
const TALKS_ONLY = ['completion', 'model'];

describe('help and version', () => {
  it('stand on stdout with exit code 0', () => {
    const help = retain(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    for (const verb of VERBS) expect(help.stdout).toMatch(new RegExp(`^  ${verb}\\b`, 'm'));
    expect(help.stdout).not.toContain('demo-run');
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(retain(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it.each(VERBS.filter((verb) => !TALKS_ONLY.includes(verb)))('%s knows every shared flag', (verb) => {
    const { code, stdout } = retain([verb, '--help']);
    expect(code).toBe(0);
    for (const flag of SHARED_FLAGS) expect(stdout).toMatch(new RegExp(`^ +${flag}\\b`, 'm'));
  });

  it('stand on stderr with exit code 2 when no verb was given', () => {
    const outcome = retain([]);
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toContain('Usage: retain');
  });

  it('load neither the engine nor anything a verb computes with', () => {
    const folder = mkdtempSync(join(tmpdir(), 'retain-trace-'));
    const file = join(folder, 'loaded');
    // A module hook that writes down the address of everything that is loaded.
    const hook = `import { appendFileSync } from 'node:fs';
      export async function load(url, context, next) {
        appendFileSync(${JSON.stringify(file)}, url + '\\n');
        return next(url, context);
      }`;
    writeFileSync(join(folder, 'hook.mjs'), hook);
    const start = `import { register } from 'node:module'; register('./hook.mjs', import.meta.url);`;
    writeFileSync(join(folder, 'start.mjs'), start);
    const { code } = retain(['--help'], { node: ['--import', pathToFileURL(join(folder, 'start.mjs')).href] });
    const loaded = readFileSync(file, 'utf8').trim().split('\n');
    rmSync(folder, { recursive: true });
    expect(code).toBe(0);
    expect(loaded.some((url) => url.endsWith('/dist/cli.js'))).toBe(true);
    expect(loaded.some((url) => url.includes('/commander/'))).toBe(true);
    const packages = new Set(loaded.flatMap((url) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []));
    expect([...packages]).toEqual(['commander']);
    const rooms = new Set(loaded.flatMap((url) => /\/dist\/([^/]+)\//.exec(url)?.[1] ?? []));
    expect([...rooms].sort()).toEqual(['commands', 'lib']);
  });
});

describe('a flag or verb that is wrong', () => {
  it.each([
    [['rum'], "unknown command 'rum'", 'Did you mean run?'],
    [['run', '--frmat', 'csv'], "unknown option '--frmat'", 'Did you mean --format?'],
    [['run', '--format', 'xml'], '--format xml is not known', 'Use one of table, csv, json, markdown.'],
    [['health', '--as-of', '2024-02-30'], '--as-of 2024-02-30 is not a day of the calendar', 'YYYY-MM-DD'],
    [['health', '--top', '0'], '--top 0 is not a whole number from 1', '--top 10'],
    [['health', '--top', '-3'], '--top -3 is not a whole number from 1', '--top 10'],
    [['run', '--seed', '4294967296'], '--seed 4294967296 is not a whole number from 0 to 4294967295', '--seed 10'],
    [['run', '--wait', 'long'], '--wait long is not a number of seconds', '--wait 0'],
    [['run', '--csm', ''], '--csm was given an empty value', 'shell variable'],
    [['account'], "missing required argument 'id'", ''],
    [['run', '--list', 'nope'], '--list nope is not in this report', 'It has at_risk, in_hand,'],
    [['train', '--list', 'nope'], '--list nope is not in this report', 'ladder_expansion'],
    [['signals', '--csm', 'Dana'], '--csm chooses nothing here', '--segment NAME'],
    [['compare', 'a.yaml', 'b.yaml', '--config', 'c.yaml'], '--config chooses nothing here', 'Leave it out'],
    [['backtest', '--output', 'src'], '--output src is a directory', 'Name a file in it'],
    [['backtest', '--list', 'nope'], '--list nope is not in this report', 'It has gates, baseline, verdicts, churn'],
    [['signals', '--list', 'nope'], '--list nope is not in this report', 'It has signals, health_acceptance'],
    [['compare', 'a.yaml', 'b.yaml', '--list', 'nope'], '--list nope is not in this report', 'It has accuracy,'],
    [['retro', '--list', 'nope'], '--list nope is not in this report', 'It has lost_accounts, predictions,'],
    [['run', '--output', 'nowhere/x.json'], 'there is no directory nowhere', 'Create it first'],
    [
      ['run', '--format', 'csv', '--output', 'package.json/x/y'],
      'there is no directory package.json/x',
      'another place',
    ],
    [['completion', 'tcsh'], "'tcsh' is invalid", 'bash, zsh, fish'],
  ])('%j is told in a sentence with its remedy, exit code 2', (args, message, remedy) => {
    const { code, stdout, stderr } = retain(args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^retain: /);
    expect(stderr).toContain(message);
    expect(stderr).toContain(remedy);
    expect(stderr).not.toMatch(/^ {4}at /m);
  });
});

describe('output that cannot be written', () => {
  it.runIf(process.platform === 'linux')('is told, exit code 2', () => {
    const outcome = shell('$RETAIN --help > /dev/full');
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain('The disk is full');
  });
});

describe('completion', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'retain-completion-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const completed = (words: readonly string[]): string[] => {
    const quoted = words.map((word) => `'${word}'`).join(' ');
    const line = `source <($RETAIN completion bash); COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _retain; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { code, stdout, stderr } = shell(line, { cwd: folder });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout.split('\n').filter((word) => word !== '');
  };

  it('knows verbs, flags and values in bash', () => {
    expect(completed(['retain', 'he'])).toEqual(['health', 'help'].filter((word) => word.startsWith('he')).sort());
    expect(completed(['retain', 'run', '--fo'])).toEqual(['--format']);
    expect(completed(['retain', 'run', '--format', 'c'])).toEqual(['csv']);
    expect(completed(['retain', 'check', '--ch'])).toEqual(['--churn-definitions']);
    expect(completed(['retain', 'health', '--ch'])).toEqual([]);
    expect(completed(['retain', 'completion', ''])).toContain('zsh');
  });

  it.each(['bash', 'zsh', 'fish'])('prints a script for %s that names every verb', (name) => {
    const { code, stdout } = retain(['completion', name]);
    expect(code).toBe(0);
    for (const verb of VERBS) expect(stdout).toContain(verb);
    expect(stdout).not.toContain('demo-run');
  });
});
