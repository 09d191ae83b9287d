import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LEDGER_TABLES } from '../../src/ledger/schema.ts';
import { markdownTables, sectionOf } from '../helpers/markdown.ts';
import { ROOT } from '../helpers/source.ts';

describe('docs/ledger.md', () => {
  const doc = readFileSync(join(ROOT, 'docs/ledger.md'), 'utf8');

  it('has every table of the ledger with its kind', () => {
    const [table] = markdownTables(sectionOf(doc, '## Tables'));
    const stated = (table?.rows ?? []).map(([name = '', kind]) => [name.replaceAll('`', ''), kind]);
    const actual = Object.entries(LEDGER_TABLES).map(([name, { kind }]) => [name, kind]);
    expect(stated.sort()).toEqual(actual.sort());
  });

  it('says of no table that nothing writes it when a verb does', () => {
    const [table] = markdownTables(sectionOf(doc, '## Tables'));
    const unwritten = (table?.rows ?? []).filter((row) => row[3] === '–').map((row) => row[0]?.replaceAll('`', ''));
    const verbs = ['run', 'train']
      .map((name) => readFileSync(join(ROOT, `src/pipeline/${name}.ts`), 'utf8'))
      .join('\n');
    expect(unwritten.filter((name) => new RegExp(`^ +${name}: (mine\\(|\\{)`, 'm').test(verbs))).toEqual([]);
  });
});
