import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import type { Config, Source } from '../contract/config.ts';
import { fileFaultOf, UserError } from '../lib/errors.ts';
import { nearest } from '../lib/spelling.ts';
import { DEFAULT_COMPONENTS, DEFAULTS, MEASURE_NAMES } from './config-defaults.ts';
import { type Fault, faultError, faultsOf, type Located, unknownKey } from './config-error.ts';
import { configSchema } from './config-schema.ts';
import { contractTable, TABLES } from './contract.ts';

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads a configuration file. `UserError` when it cannot be read or is not valid (see `parseConfig`).
 */
export function loadConfig(file: string): Config {
  return parseConfig(textOf(file), file);
}

/**
 * Reads a configuration to be held beside `base`. One that maps no table is a part, as `proposals/` holds them: it is laid over
 * `base` key by key, as a person would who applies it, and the result stands where `base` stands. `UserError` as for either alone.
 */
export function loadBeside(file: string, base: string): { readonly config: Config; readonly isPart: boolean } {
  const part = writtenIn(textOf(file), file);
  const config = settled(part.located, part.written, file);
  if (Object.keys(config.tables).length > 0) return { config, isPart: false };
  const { written } = writtenIn(textOf(base), base);
  return { config: settled(part.located, layOver(written, part.written), base), isPart: true };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`${file}: the configuration cannot be read: ${fileFaultOf(error)}`, {
      hint: 'Give --config an existing file, or write one with `retain init --data DIR`.',
      cause: error,
    });
  }
}

/** The configuration of a directory of exports without a `retain.yaml`: every default, no table mapped. */
export function defaultConfig(dataDirectory: string): Config {
  return { ...DEFAULTS, file: undefined, data: resolve(dataDirectory), store: resolve('.retain') };
}

/**
 * `retain.yaml` as text → the full configuration: short forms written out, every default filled, relative paths taken
 * from the directory of `file`. An unknown key, a wrong type, an impossible value or an unmapped required column is a
 * `UserError` that names file, line, column, path and, for a misspelt key, the nearest known one.
 *
 * Short forms: one source instead of a list of one; `account.region: attribute` under `custom`; segments as
 * `name: {…}`; `no_use: false` under `facts`; one gate instead of a list of one; any part of a scorecard, laid over the default one.
 */
export function parseConfig(text: string, file: string): Config {
  const { located, written } = writtenIn(text, file);
  return settled(located, written, file);
}

/** What the text says, and where. */
function writtenIn(text: string, file: string): { readonly located: Located; readonly written: Json } {
  const lines = new LineCounter();
  const document = parseDocument(text.replace(/^\uFEFF/, ''), { lineCounter: lines, prettyErrors: false });
  const located: Located = { file, document, lines };
  const [broken] = document.errors;
  if (broken !== undefined) {
    const { line, col } = lines.linePos(broken.pos[0]);
    throw new UserError(`${file}:${line}:${col}: is not valid YAML: ${broken.message.split('\n')[0]}`, {
      hint: `Correct line ${line} of ${basename(file)}; text with a colon or a leading special sign needs quotes.`,
    });
  }
  const written: unknown = withoutNulls(plainValue(document, file) ?? {});
  if (!isRecord(written)) {
    throw faultError(located, [{ path: [], message: 'the configuration must be a group of keys' }]);
  }
  return { located, written };
}

/** The full configuration of what was written; relative paths are taken from the directory of `file`. */
function settled(located: Located, written: Json, file: string): Config {
  const result = configSchema.safeParse(writeOut(written), { reportInput: true });
  if (!result.success) throw faultError(located, faultsOf(result.error.issues, keysAt));
  const faults = crossChecks(result.data);
  if (faults.length > 0) throw faultError(located, faults);
  return complete(result.data, file);
}

/** The document's value; aliases that multiply beyond reason are refused by the reader with an error of its own. */
function plainValue(document: Located['document'], file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new UserError(`${file}:1:1: the configuration cannot be read: its aliases (*name) lead nowhere or multiply`, {
      hint: 'Write the repeated parts out, without & and *.',
      cause: error,
    });
  }
}

function complete(parsed: z.infer<typeof configSchema>, file: string): Config {
  const folder = dirname(resolve(file));
  return {
    ...parsed,
    file: resolve(file),
    data: resolve(folder, parsed.data ?? '.'),
    store: resolve(folder, parsed.store ?? '.retain'),
    currency: parsed.currency,
    exported_at: parsed.exported_at,
    tables: parsed.tables as Readonly<Record<string, readonly Source[]>>,
    strategic: { ...parsed.strategic, min_arr: parsed.strategic.min_arr },
    onboarding: { ...parsed.onboarding, first_value: parsed.onboarding.first_value },
    renewal: { ...parsed.renewal, stages: [...parsed.renewal.stages].sort((a, b) => b - a) },
  };
}

/** Lays the defaults under what was written and turns short forms into the one long form that the schema knows. */
function writeOut(written: Json): Json {
  const filled = layOver(withoutUndefined(DEFAULTS), written);
  return {
    ...filled,
    tables: mapValues(filled['tables'], (source) => (isRecord(source) ? [source] : source)),
    custom: longCustom(filled['custom']),
    segments: longSegments(filled['segments']),
    facts: mapValues(filled['facts'], (fact) => (typeof fact === 'boolean' ? { enabled: fact, red: fact } : fact)),
    health: longHealth(filled['health']),
    gates: typeof filled['gates'] === 'string' ? [filled['gates']] : filled['gates'],
  };
}

function longCustom(custom: unknown): unknown {
  if (!isRecord(custom)) return custom;
  return Object.fromEntries(
    Object.entries(custom).map(([key, value]) => {
      const [table = '', ...rest] = key.split('.');
      if (rest.length === 0) return [key, value];
      const column = rest.join('.');
      const long = typeof value === 'string' ? { kind: value } : value;
      return [key, isRecord(long) ? { table, from: column, ...long } : long];
    }),
  );
}

function longSegments(segments: unknown): unknown {
  if (!isRecord(segments)) return segments;
  return Object.entries(segments).map(([name, when]) => ({ name, when }));
}

/** A segment's scorecard states only what differs: each component it names is laid over the company's. */
function longHealth(health: unknown): unknown {
  if (!isRecord(health)) return health;
  const base = isRecord(health['components']) ? health['components'] : {};
  const segments = mapValues(health['segments'], (segment) => {
    if (!isRecord(segment) || !isRecord(segment['components'])) return segment;
    const components = Object.entries(segment['components']).map(([name, component]) => [
      name,
      isRecord(base[name]) && isRecord(component) ? layOver(base[name], component) : component,
    ]);
    return { ...segment, components: Object.fromEntries(components) };
  });
  return { ...health, segments };
}

/** What one key's schema cannot see: names that refer to other keys, and what a table needs. */
function crossChecks(config: z.infer<typeof configSchema>): Fault[] {
  return [...tableFaults(config), ...scorecardFaults(config), ...customFaults(config), ...featureFaults(config)];
}

function tableFaults(config: z.infer<typeof configSchema>): Fault[] {
  const faults: Fault[] = [];
  for (const [name, sources] of Object.entries(config.tables)) {
    const table = contractTable(name);
    const known = table.columns.map((column) => column.name);
    for (const [index, source] of (sources ?? []).entries()) {
      const path = ['tables', name, index, 'columns'];
      const mapped = Object.keys(source.columns);
      for (const column of mapped) {
        if (!known.includes(column)) {
          faults.push(unknownKey([...path, column], known, `is not a column of the table ${name}`));
        }
      }
      for (const column of table.columns) {
        if (column.required === true && !mapped.includes(column.name)) {
          faults.push({
            path,
            atKey: true,
            message: `must map ${column.name}: the table ${name} cannot be read without it`,
          });
        }
      }
      for (const group of table.oneOf ?? []) {
        if (!group.some((column) => mapped.includes(column))) {
          faults.push({ path, atKey: true, message: `must map one of ${group.join(', ')} for the table ${name}` });
        }
      }
      if (name === 'usage' && mapped.includes('period_start') && source.period === undefined) {
        faults.push({
          path: path.slice(0, -1),
          message: 'maps period_start and must say its period: day, week or month',
        });
      }
    }
  }
  return faults;
}

function scorecardFaults(config: z.infer<typeof configSchema>): Fault[] {
  const metrics = Object.entries(config.custom)
    .filter(([, custom]) => custom.kind === 'metric')
    .map(([key]) => key);
  const componentNames = Object.keys(DEFAULT_COMPONENTS);
  const cards: [PropertyKey[], z.infer<typeof configSchema>['health']['components']][] = [
    [['health', 'components'], config.health.components],
    ...Object.entries(config.health.segments).map(
      ([name, segment]): [PropertyKey[], typeof config.health.components] => [
        ['health', 'segments', name, 'components'],
        segment.components ?? {},
      ],
    ),
  ];
  const faults: Fault[] = [];
  for (const [path, card] of cards) {
    for (const [name, component] of Object.entries(card)) {
      const near = componentNames.includes(name) ? undefined : nearest(name, componentNames);
      if (near !== undefined) faults.push(unknownKey([...path, name], componentNames, 'is not a component'));
      for (const measure of Object.keys(component.measures)) {
        const at = [...path, name, 'measures', measure];
        if (metrics.includes(measure)) {
          // Taken in silence it would have no reading and count for nothing.
          faults.push({
            path: at,
            atKey: true,
            message: 'is a custom metric: segments can use it, a scorecard cannot read it',
          });
        } else if (!MEASURE_NAMES.includes(measure)) {
          faults.push(unknownKey(at, MEASURE_NAMES, 'is not a measure'));
        }
      }
    }
  }
  if (Object.values(config.health.components).every((component) => component.weight === 0)) {
    faults.push({ path: ['health', 'components'], message: 'must give some component a weight above 0' });
  }
  return faults;
}

function customFaults(config: z.infer<typeof configSchema>): Fault[] {
  const tableNames = TABLES.map((table) => table.name);
  return Object.entries(config.custom).flatMap(([key, custom]): Fault[] => {
    if (tableNames.includes(custom.table)) return [];
    return [unknownKey(['custom', key], tableNames, `names the table ${custom.table}, which does not exist`)];
  });
}

/** `model.features` admits declared custom columns, and no two that would have one name. */
function featureFaults(config: z.infer<typeof configSchema>): Fault[] {
  const declared = Object.keys(config.custom);
  const shortName = (key: string) => key.slice(key.lastIndexOf('.') + 1);
  return config.model.features.flatMap((key, index): Fault[] => {
    const path = ['model', 'features', index];
    if (!declared.includes(key)) {
      const near = nearest(key, declared);
      return [
        {
          path,
          message: `is ${key}, which is not declared under custom${near === undefined ? '' : `; did you mean ${near}?`}`,
        },
      ];
    }
    const twin = config.model.features.slice(0, index).find((other) => shortName(other) === shortName(key));
    if (twin === undefined) return [];
    return [{ path, message: `is ${key}, which would have the name of ${twin} before it` }];
  });
}

/** The keys the schema knows at a path, read from the schema itself so that there is no second list. */
function keysAt(path: readonly PropertyKey[]): readonly string[] {
  let node: unknown = configSchema;
  for (const segment of path) node = childSchema(node, segment);
  const shape = shapeOf(node);
  return shape === undefined ? [] : Object.keys(shape);
}

function childSchema(node: unknown, segment: PropertyKey): unknown {
  const inner = unwrap(node);
  if (!isRecord(inner)) return undefined;
  const shape = shapeOf(inner);
  if (shape !== undefined) return shape[String(segment)];
  const definition = inner['def'];
  if (!isRecord(definition)) return undefined;
  if (definition['type'] === 'array') return definition['element'];
  if (definition['type'] === 'record') return definition['valueType'];
  return undefined;
}

function unwrap(node: unknown): unknown {
  let current = node;
  while (isRecord(current) && isRecord(current['def'])) {
    const definition = current['def'];
    if (definition['type'] === 'union' && Array.isArray(definition['options'])) {
      current = definition['options'].find((option: unknown) => shapeOf(option) !== undefined);
    } else if (definition['innerType'] !== undefined) {
      current = definition['innerType'];
    } else {
      break;
    }
  }
  return current;
}

function shapeOf(node: unknown): Json | undefined {
  const inner = isRecord(node) && isRecord(node['def']) && node['def']['type'] !== 'object' ? unwrap(node) : node;
  if (!isRecord(inner) || !isRecord(inner['def'])) return undefined;
  const shape = inner['def']['shape'];
  return isRecord(shape) ? shape : undefined;
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mapValues(record: unknown, change: (value: unknown) => unknown): unknown {
  if (!isRecord(record)) return record;
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

/** `over` laid on `base`, key by key; a list or a plain value replaces. */
function layOver(base: Json, over: Json): Json {
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const under = result[key];
    result[key] = isRecord(under) && isRecord(value) ? layOver(under, value) : value;
  }
  return result;
}

/** A key with nothing after its colon is a key not given. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([key, item]) => [key, withoutNulls(item)]),
  );
}

function withoutUndefined(value: Json): Json {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key, isRecord(item) ? withoutUndefined(item) : item]),
  );
}
