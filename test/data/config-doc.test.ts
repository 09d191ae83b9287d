import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../src/data/config.ts';
import { DEFAULT_COMPONENTS, DEFAULTS } from '../../src/data/config-defaults.ts';
import { configSchema } from '../../src/data/config-schema.ts';
import { codeBlocks, markdownTables, sectionOf } from '../helpers/markdown.ts';
import { ROOT } from '../helpers/source.ts';

const DOC = readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8');
/** Names that stand for any key of a record, by the path of the record. */
const PLACEHOLDERS: readonly (readonly [RegExp, string])[] = [
  [/^tables$/, '<table>'],
  [/\.measures$/, '<measure>'],
  [/components$/, '<component>'],
  [/^health\.segments$/, '<segment>'],
  [/^facts$/, '<kind>'],
  [/^custom$/, '<name>'],
  [/\.values$/, '<word>'],
  [/./, '<column>'],
];
/** Records that are one default as a whole. */
const WHOLE = new Set(['cadence_days']);

type Json = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function definition(node: unknown): Json {
  const def = isRecord(node) ? node['def'] : undefined;
  return isRecord(def) ? def : {};
}

/** Every key the schema knows as a path: `[]` for the items of a list, a placeholder for the keys of a record. */
function schemaPaths(node: unknown, path: string): string[] {
  const def = definition(node);
  switch (def['type']) {
    case 'object': {
      const shape = isRecord(def['shape']) ? def['shape'] : {};
      const isPlain = path === 'tables' || path === 'facts';
      if (isPlain) return schemaPaths(Object.values(shape)[0], `${path}.${placeholder(path)}`);
      return Object.entries(shape).flatMap(([key, child]) => schemaPaths(child, path === '' ? key : `${path}.${key}`));
    }
    case 'array': {
      const item = schemaPaths(def['element'], `${path}[]`);
      return item.length === 1 && item[0] === `${path}[]` ? [path] : item;
    }
    case 'record':
      if (WHOLE.has(path)) return [path];
      return schemaPaths(def['valueType'], `${path}.${placeholder(path)}`);
    case 'union': {
      const options = (Array.isArray(def['options']) ? def['options'] : []).map((option) => schemaPaths(option, path));
      const keyed = options.filter((paths) => paths.some((item) => item.startsWith(`${path}.`)));
      return keyed.length === 0 ? [path] : [path, ...keyed.flat()];
    }
    default:
      return def['innerType'] === undefined ? [path] : schemaPaths(def['innerType'], path);
  }
}

function placeholder(path: string): string {
  return PLACEHOLDERS.find(([pattern]) => pattern.test(path))?.[1] ?? '<key>';
}

/** A segment's scorecard has the keys of the company's: documented once. */
function shortened(path: string): string {
  return path.replace(/^(health\.segments\.<segment>\.components\.<component>).*/, '$1');
}

const keyTables = markdownTables(sectionOf(DOC, '## Keys')).filter(({ headings }) => headings[0] === 'key');
const documented = new Map(
  keyTables.flatMap(({ rows }) => rows).map(([key = '', fallback = '']) => [key.replaceAll('`', ''), fallback]),
);

describe('docs/configuration.md', () => {
  it('has every key of the schema and no other', () => {
    const paths = [...new Set(schemaPaths(configSchema, '').map(shortened))];
    expect(paths.length).toBeGreaterThan(60);
    expect([...documented.keys()].sort()).toEqual(paths.sort());
    expect(keyTables.flatMap(({ rows }) => rows)).toHaveLength(documented.size);
  });

  it('has the default of every key', () => {
    const paths: Json = { ...DEFAULTS, data: '.', store: '.retain' };
    const wrong = [...documented].flatMap(([key, fallback]) => {
      const stated: unknown = fallback === '–' ? undefined : parse(fallback.replaceAll('`', ''));
      const found = key.split('.').reduce<unknown>((node, name) => step(node, name), paths);
      // The scorecard's defaults stand in a table of their own.
      const wanted = key.includes('<component>') ? undefined : found;
      return JSON.stringify(stated) === JSON.stringify(wanted) ? [] : [{ key, stated, wanted }];
    });
    expect(wrong).toEqual([]);
  });

  it('has the default scorecard', () => {
    const table = markdownTables(sectionOf(DOC, '### Health')).find(({ headings }) => headings[0] === 'component');
    const rows = Object.entries(DEFAULT_COMPONENTS).flatMap(([component, { weight, measures }]) =>
      Object.entries(measures).map(([measure, { method, worst, best }]) =>
        [`\`${component}\``, weight, `\`${measure}\``, method, worst, best].map(String),
      ),
    );
    expect(table?.rows).toEqual(rows);
    const all = Object.values(DEFAULT_COMPONENTS);
    expect(all.every(({ combine }) => combine === 'mean')).toBe(true);
    expect(all.flatMap(({ measures }) => Object.values(measures)).every(({ weight }) => weight === 1)).toBe(true);
    const ramped = all.flatMap(({ measures }) => Object.values(measures)).filter((measure) => 'ramp_days' in measure);
    expect(ramped).toMatchObject([{ ramp_start: 0.5, ramp_days: 180 }]);
  });

  it('has every churn definition', () => {
    const table = markdownTables(DOC).find(({ headings }) => headings[0] === 'definition');
    const options = definition(configSchema.shape.churn.shape.definition)['entries'];
    expect(table?.rows.map((row) => row[0]?.replaceAll('`', ''))).toEqual(
      Object.keys(isRecord(options) ? options : {}),
    );
  });

  it('has an example that is taken', () => {
    const [example = ''] = codeBlocks(sectionOf(DOC, '## A complete example'), 'yaml');
    const config = parseConfig(example, '/company/retain.yaml');
    expect(Object.keys(config.tables).sort()).toEqual(['account', 'account_alias', 'contract', 'ticket', 'usage']);
    expect(config.facts['usage_drop']).toEqual({ enabled: false, red: false });
    expect(config.capacity).toEqual({ rows_per_csm: 8, new_per_week: 5 });
    expect(config.segments.map(({ name }) => name)).toEqual(['enterprise', 'dach']);
  });
});

/** One key further: the first entry of a record stands for its placeholder, so that equal entries share a default. */
function step(node: unknown, name: string): unknown {
  if (!isRecord(node)) return undefined;
  const key = name.startsWith('<') ? Object.keys(node)[0] : name.replace(/\[\]$/, '');
  return key === undefined ? undefined : node[key];
}
