import type { ColumnMapping, Source } from '../contract/config.ts';
import type { ColumnGuess, TableGuess } from './mapping-columns.ts';
import { fileWords } from './mapping-words.ts';
import { PRESETS } from './presets/index.ts';
import type { Preset, PresetShape, PresetTable } from './presets/preset.ts';
import type { TableProfile } from './recognition.ts';

const SHAPES: Readonly<Record<PresetShape, string>> = { export: 'export', api: 'API', fivetran: 'Fivetran tables' };

/** A file that a preset knows: as a guess, or left out with the reason. */
export type PresetMatch =
  | { readonly kind: 'table'; readonly guess: TableGuess; readonly vendor: string }
  | { readonly kind: 'left_out'; readonly reason: string; readonly vendor: string };

/**
 * The preset that knows this file best: all headings of its signature are there; more of them win, then the file's
 * name. Sure (0.98) when the name fits too, 0.85 by headings alone.
 */
export function matchPreset(profile: TableProfile): PresetMatch | undefined {
  const best = findPreset(
    profile.file,
    profile.columns.map((column) => column.name),
  );
  if (best === undefined) return undefined;
  const { preset, table, isNamed, find } = best;
  const what = `${preset.title} ${SHAPES[table.shape]}, table ${table.name}`;
  if (table.table === undefined) {
    return { kind: 'left_out', vendor: preset.vendor, reason: `is the ${what}; retain does not need it` };
  }
  const options = presetOptions(table, profile, find);
  return {
    kind: 'table',
    vendor: preset.vendor,
    guess: {
      table: table.table,
      profile,
      shape: what,
      confidence: isNamed ? 0.98 : 0.85,
      columns: presetColumns(table, profile, find),
      options: table.table === 'account_alias' ? options : { ...options, system: table.system ?? preset.system },
      notes: [...(table.notes ?? [])],
    },
  };
}

interface Found {
  readonly preset: Preset;
  readonly table: PresetTable;
  readonly isNamed: boolean;
  readonly find: Find;
}

function findPreset(file: string, headings: readonly string[]): Found | undefined {
  const exact = new Map(headings.map((heading) => [heading, heading]));
  const folded = new Map(headings.map((heading) => [heading.toLowerCase(), heading]));
  const fromFivetran = isFivetran(headings);
  let best: (Found & { score: number }) | undefined;
  for (const preset of PRESETS) {
    for (const table of preset.tables) {
      if (fromFivetran && table.shape !== 'fivetran') continue;
      if (!fromFivetran && table.signature.includes('_fivetran_synced')) continue;
      // Warehouses fold the case of headings; JSON keys keep theirs.
      const find: Find = (heading) => (table.shape === 'api' ? exact.get(heading) : folded.get(heading.toLowerCase()));
      const isNamed = table.file.test(fileWords(file));
      if (!table.signature.every((heading) => heading === '_fivetran_synced' || find(heading) !== undefined)) continue;
      // Two generic headings alone could be anybody's, and so could a warehouse table without the loader's mark: then
      // the name must say it.
      if ((table.signature.length < 3 || (table.shape === 'fivetran' && !fromFivetran)) && !isNamed) continue;
      const inFolder = file.toLowerCase().includes(preset.vendor);
      const score = table.signature.length + (isNamed ? 3 : 0) + (inFolder ? 2 : 0);
      if (best === undefined || score > best.score) best = { preset, table, isNamed, find, score };
    }
  }
  return best;
}

/**
 * The headings of a file that have to be measured: those its preset maps, none where it is left out, all (`undefined`)
 * where no preset knows the file.
 */
export function neededHeadings(file: string, headings: readonly string[]): ReadonlySet<string> | undefined {
  const found = findPreset(file, headings);
  if (found === undefined) return isFivetran(headings) ? new Set() : undefined;
  const { table, find } = found;
  if (table.table === undefined) return new Set();
  const mapped = Object.values(table.columns ?? {}).flatMap((value) =>
    [value].flat().flatMap((mapping) => (typeof mapping === 'string' ? [mapping] : [mapping.from, mapping.by])),
  );
  const named = [...mapped, ...Object.keys(table.filter ?? {}), ...(table.dedupe?.key ?? []), table.dedupe?.latest];
  return new Set(named.flatMap((heading) => (heading === undefined ? [] : [find(heading) ?? ''])));
}

type Find = (heading: string) => string | undefined;

function presetColumns(table: PresetTable, profile: TableProfile, find: Find): ColumnGuess[] {
  const filled = new Set(profile.columns.filter((column) => column.kind !== 'empty').map((column) => column.name));
  return Object.entries(table.columns ?? {}).flatMap(([column, value]): ColumnGuess[] => {
    const choices = (Array.isArray(value) ? value : [value]) as readonly (string | ColumnMapping)[];
    const present = choices.flatMap((choice): ColumnMapping[] => {
      const mapping: ColumnMapping = typeof choice === 'string' ? { from: choice } : choice;
      if (mapping.from === undefined) return [mapping];
      const from = find(mapping.from);
      if (from === undefined) return [];
      if (mapping.by === undefined) return [{ ...mapping, from }];
      const by = find(mapping.by);
      return by === undefined ? [] : [{ ...mapping, from, by }];
    });
    const chosen = present.find((mapping) => mapping.from === undefined || filled.has(mapping.from)) ?? present[0];
    return chosen === undefined ? [] : [{ column, mapping: chosen, confidence: 0.98 }];
  });
}

function presetOptions(table: PresetTable, profile: TableProfile, find: Find): TableGuess['options'] {
  const filter = Object.fromEntries(
    Object.entries(table.filter ?? {}).flatMap(
      ([heading, wanted]): [string, readonly (string | number | boolean)[]][] => {
        const name = find(heading);
        const column = profile.columns.find((item) => item.name === name);
        if (name === undefined || column === undefined || column.kind === 'empty') return [];
        return [[name, wanted]];
      },
    ),
  );
  const key = (table.dedupe?.key ?? []).map(find);
  const latest = table.dedupe?.latest === undefined ? undefined : find(table.dedupe.latest);
  const dedupe: Source['dedupe'] | undefined =
    key.length > 0 && key.every((item) => item !== undefined)
      ? { key: key.filter((item) => item !== undefined), ...(latest === undefined ? {} : { latest }) }
      : undefined;
  return {
    ...(Object.keys(filter).length === 0 ? {} : { filter }),
    ...(dedupe === undefined ? {} : { dedupe }),
    ...(table.period === undefined ? {} : { period: table.period }),
  };
}

/** Whether a file carries Fivetran's own columns. */
export function isFivetran(headings: readonly string[]): boolean {
  return headings.some((heading) => /^_fivetran_(synced|id)$/i.test(heading));
}
