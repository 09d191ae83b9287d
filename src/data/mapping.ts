import { dirname } from 'node:path';
import { type Engine, quoteName } from '../engine/engine.ts';
import type { LeftOut, TableGuess } from './mapping-columns.ts';
import { recogniseOwn } from './mapping-own.ts';
import { isFivetran, matchPreset, neededHeadings } from './mapping-presets.ts';
import { dropRepeats, refineAll } from './mapping-refine.ts';
import { profileGroup, type TableProfile } from './recognition.ts';
import { type FileGroup, groupFiles, listFiles } from './recognition-files.ts';

/** What was recognised in a directory. */
export interface Recognition {
  readonly guesses: readonly TableGuess[];
  readonly leftOut: readonly LeftOut[];
  /** Decisions about several files at once. */
  readonly notes: readonly string[];
  readonly profiles: readonly TableProfile[];
}

/**
 * Looks at every file of a directory (two folders deep) and proposes which table of the data contract each holds,
 * column by column, with what it was decided on. Files are loaded into the engine as text and measured there.
 */
export async function recognise(
  engine: Engine,
  directory: string,
  onStage: (text: string) => void = () => undefined,
): Promise<Recognition> {
  // Row order is a key of some exports, so files must be read in their order.
  await engine.execute('set preserve_insertion_order = true');
  const inventory = listFiles(directory);
  const leftOut: LeftOut[] = inventory.passed.map(({ path, reason }) => ({ file: path, reason, kind: 'unknown' }));
  const groups = groupFiles(inventory.files);
  const repeats = repeatedFolders(groups);
  const profiles: TableProfile[] = [];
  for (const [index, group] of groups.entries()) {
    const folder = dirname(group.file);
    const original = repeats.get(folder);
    if (original !== undefined) continue;
    onStage(group.file);
    const profile = await profileGroup(engine, directory, group, `probe_${index}`, (headings) =>
      neededHeadings(group.file, headings),
    );
    if ('reason' in profile) leftOut.push({ file: group.file, reason: profile.reason, kind: 'unknown' });
    else profiles.push(profile);
  }
  for (const [folder, original] of repeats) {
    leftOut.push({
      file: `${folder}/`,
      reason: `repeats the tables of ${original === '.' ? 'the folder above' : original}; point init at it to use it instead`,
      kind: 'not_needed',
    });
  }
  const { guesses, own, unplaced } = matchPresets(profiles);
  leftOut.push(...unplaced);
  const generic = await recogniseOwn(engine, own, guesses);
  leftOut.push(...generic.leftOut);
  const settled = dropRepeats([...guesses, ...generic.guesses]);
  leftOut.push(...settled.leftOut);
  const { refined, leftOut: twins, notes } = await refineAll(engine, settled.guesses, profiles);
  leftOut.push(...twins);
  return {
    guesses: refined.sort(
      (a, b) => tableOrder(a.table) - tableOrder(b.table) || (a.profile.file < b.profile.file ? -1 : 1),
    ),
    leftOut: leftOut.sort((a, b) => (a.file < b.file ? -1 : 1)),
    notes: [...generic.notes, ...notes],
    profiles,
  };
}

const ORDER = [
  'account',
  'account_alias',
  'contact',
  'contract',
  'mrr_month',
  'renewal',
  'churn_event',
  'invoice',
  'fx',
  'usage',
  'ticket',
];

function tableOrder(table: string): number {
  const index = ORDER.indexOf(table);
  return index < 0 ? ORDER.length : index;
}

/**
 * Folders whose files repeat the tables of the folder above (at least half of them, by their headings): a copy of the
 * same export, which must not be read twice.
 */
function repeatedFolders(groups: readonly FileGroup[]): Map<string, string> {
  const headings = (group: FileGroup) =>
    (group.members[0]?.head.split(/\r?\n/, 1)[0] ?? '')
      .toLowerCase()
      .replaceAll(/["\s]/g, '')
      .replaceAll(/[;\t|]/g, ',');
  const byFolder = new Map<string, FileGroup[]>();
  for (const group of groups) byFolder.set(dirname(group.file), [...(byFolder.get(dirname(group.file)) ?? []), group]);
  const repeated = new Map<string, string>();
  for (const [folder, members] of byFolder) {
    if (folder === '.') continue;
    const above = byFolder.get(dirname(folder));
    if (above === undefined) continue;
    const known = new Set(above.map(headings));
    const same = members.filter((member) => headings(member) !== '' && known.has(headings(member))).length;
    if (same >= members.length / 2 && same > 0) repeated.set(folder, dirname(folder));
  }
  return repeated;
}

function matchPresets(profiles: readonly TableProfile[]): {
  guesses: TableGuess[];
  own: TableProfile[];
  unplaced: LeftOut[];
} {
  const guesses: TableGuess[] = [];
  const own: TableProfile[] = [];
  const unplaced: LeftOut[] = [];
  for (const profile of profiles) {
    const match = matchPreset(profile);
    if (match === undefined && isFivetran(profile.columns.map((column) => column.name))) {
      unplaced.push({
        file: profile.file,
        reason: 'is a Fivetran table that retain does not need',
        kind: 'not_needed',
      });
    } else if (match === undefined) {
      own.push(profile);
    } else if (match.kind === 'left_out') {
      unplaced.push({ file: profile.file, reason: match.reason, kind: 'not_needed' });
    } else {
      guesses.push(match.guess);
    }
  }
  return { guesses, own, unplaced };
}

/** Names of relations that recognition left in the engine, so that they can be dropped. */
export function probeRelations(recognition: Recognition): string[] {
  return recognition.profiles.map((profile) => quoteName(profile.relation));
}
