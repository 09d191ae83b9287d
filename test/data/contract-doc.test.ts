import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configSchema } from '../../src/data/config-schema.ts';
import { type ContractTable, SQL_TYPES, TABLES } from '../../src/data/contract.ts';
import { REJECT_COLUMNS } from '../../src/data/rejects.ts';
import { markdownTables, sectionOf } from '../helpers/markdown.ts';
import { ROOT } from '../helpers/source.ts';

const DOC = readFileSync(join(ROOT, 'docs/data-contract.md'), 'utf8');
const COMMON = new Set(['known_at']);

/** Rows of a table's section: name → its cells. */
function documented(name: string): Map<string, readonly string[]> {
  const section = sectionOf(DOC, `### ${name}`);
  return new Map(
    markdownTables(section)
      .flatMap((table) => table.rows)
      .map((row) => [(row[0] ?? '').replaceAll(/[*`]/g, ''), row]),
  );
}

function faultsOf(table: ContractTable): string[] {
  const rows = documented(table.name);
  const faults: string[] = [];
  const own = table.columns.filter((column) => !COMMON.has(column.name));
  for (const { name, type, required, happened } of own) {
    const row = rows.get(name);
    if (row === undefined) {
      faults.push(`${name} is missing`);
      continue;
    }
    const [title = '', kind = '', visible = ''] = row;
    if (kind !== type) faults.push(`${name} is said to be ${kind}, it is ${type}`);
    if (title.startsWith('**') !== (required === true)) faults.push(`${name}: bold must mean required`);
    const wanted = happened === undefined ? undefined : happened === 'self' ? 'own day' : `with \`${happened}\``;
    if (wanted !== undefined && visible !== wanted) faults.push(`${name} is visible ${wanted}, not "${visible}"`);
    if (wanted === undefined && !['', 'first sight'].includes(visible)) {
      faults.push(`${name} is said to be visible "${visible}", it is with its row`);
    }
  }
  const names = new Set(own.map((column) => column.name));
  for (const name of rows.keys()) if (!names.has(name)) faults.push(`${name} is no column`);
  return faults;
}

describe('docs/data-contract.md', () => {
  it.each(TABLES.map((table) => [table.name, table] as const))(
    '%s: every column as in the contract',
    (_name, table) => {
      expect(faultsOf(table)).toEqual([]);
    },
  );

  it('has a section for every table and for nothing else', () => {
    const sections = [...sectionOf(DOC, '## Tables').matchAll(/^### (\w+)$/gm)].map((found) => found[1]);
    expect(sections).toEqual(TABLES.map((table) => table.name));
  });

  it('names the key of every table that has one', () => {
    const wrong = TABLES.filter(({ name, key }) => {
      if (key.length === 0) return false;
      const text = sectionOf(DOC, `### ${name}`).replaceAll('\n', ' ');
      return !text.includes(`Key: ${key.map((column) => `\`${column}\``).join(', ')}.`);
    });
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });

  it('says which columns stand in for each other', () => {
    const missing = TABLES.flatMap(({ name, oneOf = [] }) => {
      const text = sectionOf(DOC, `### ${name}`).split('| column')[0]?.replaceAll('\n', ' ') ?? '';
      return oneOf.flat().filter((column) => !text.includes(`\`${column}\``));
    });
    expect(missing).toEqual([]);
  });

  it('has the columns that all tables share, the types, the transforms and the columns of the rejects', () => {
    const common = sectionOf(DOC, '## Columns every table may carry');
    for (const name of COMMON) expect(common).toContain(`| \`${name}\` | timestamp |`);
    const types = markdownTables(sectionOf(DOC, '## Reading the tables below'))[0]?.rows ?? [];
    expect(Object.fromEntries(types.map(([type, , stored]) => [type, stored]))).toEqual(SQL_TYPES);
    const known = transformNames();
    expect(known.length).toBeGreaterThan(10);
    const listed = markdownTables(sectionOf(DOC, '## Transforms'))[0]?.rows.map((row) => row[0]?.replaceAll('`', ''));
    expect(listed).toEqual(known);
    expect(DOC.replaceAll('\n', ' ')).toContain(REJECT_COLUMNS.join(', '));
  });
});

/** The transforms the schema takes, told by what it says of one that does not exist. */
function transformNames(): string[] {
  const columns = { title: { from: 'a', transform: ['nonsense'] } };
  const result = configSchema.shape.tables.safeParse({ goal: [{ file: 'a.csv', columns }] });
  const text = JSON.stringify(result.error?.issues ?? []);
  const values = /"values":(\[[^\]]*\])/.exec(text)?.[1];
  return values === undefined ? [] : (JSON.parse(values) as string[]);
}
