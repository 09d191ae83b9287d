import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { stringify } from 'yaml';
import type { Day } from '../contract/agent.ts';
import type { Config } from '../contract/config.ts';
import { parseConfig } from '../data/config.ts';
import { UserError } from '../lib/errors.ts';
import { shellWord } from '../lib/shell.ts';

/** A change of the configuration that a person may apply, with what speaks for it. */
export interface Patch {
  /** Verb that proposes it; part of the file's name. */
  readonly verb: 'signals' | 'retro';
  readonly asOf: Day;
  /** Evidence, one sentence a line; they stand in the file as comments. */
  readonly evidence: readonly string[];
  /** Part of `retain.yaml`. */
  readonly change: Readonly<Record<string, unknown>>;
}

/** Where a patch was written, as a person would type it, and the command that tries it. */
export interface WrittenPatch {
  readonly file: string;
  readonly tryIt: string;
}

/**
 * Writes a patch to `proposals/<date>-<verb>.yaml` beside the configuration. It is never applied by itself. A file of that
 * name that says something else stays, and the patch gets the next free number. Throws when the patch is no valid part of
 * a configuration (a bug), and `UserError` where it cannot be written.
 */
export function writePatch(config: Config, patch: Patch): WrittenPatch {
  const home = config.file === undefined ? config.data : dirname(config.file);
  const folder = join(home, 'proposals');
  const shown = (path: string) => relative(process.cwd(), path) || path;
  const configFile = config.file === undefined ? 'retain.yaml' : shown(config.file);
  for (let number = 1; ; number++) {
    const file = join(folder, `${patch.asOf}-${patch.verb}${number === 1 ? '' : `-${number}`}.yaml`);
    const tryIt = `retain compare ${shellWord(configFile)} ${shellWord(shown(file))}`;
    const text = patchText(
      patch,
      config.file === undefined ? 'retain.yaml' : config.file.slice(home.length + 1),
      file.slice(home.length + 1),
    );
    parseConfig(text, file);
    if (existsSync(file) && readFileSync(file, 'utf8') !== text) continue;
    try {
      mkdirSync(folder, { recursive: true });
      writeFileSync(`${file}.part`, text);
      renameSync(`${file}.part`, file);
    } catch (error) {
      throw new UserError(`the proposal ${shown(file)} cannot be written`, {
        hint: `Make ${shown(folder)} writable, or keep retain.yaml where proposals/ may stand beside it.`,
        cause: error,
      });
    }
    return { file: shown(file), tryIt };
  }
}

/** The patch as text: evidence as comments, then the change. */
function patchText({ verb, asOf, evidence, change }: Patch, configName: string, name: string): string {
  const lines = [
    `Proposed by retain ${verb} as of ${asOf}. Nothing here is applied by itself.`,
    `Try it:   retain compare ${configName} ${name}`,
    `Apply it: copy what stands below "version" into ${configName}, under the same keys.`,
    '',
    ...evidence,
  ];
  const comment = lines.flatMap((line) => wrap(line, 100)).map((line) => (line === '' ? '#' : `# ${line}`));
  return `${comment.join('\n')}\n${stringify({ version: 1, ...change })}`;
}

function wrap(line: string, width: number): string[] {
  const out: string[] = [];
  let current = '';
  for (const word of line.split(/(?<=\S) (?=\S)/)) {
    if (current !== '' && current.length + 1 + word.length > width) {
      out.push(current);
      current = word;
    } else current = current === '' ? word : `${current} ${word}`;
  }
  return [...out, current];
}
