import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LEDGER_TABLES } from '../../src/ledger/schema.ts';
import { markdownTables, sectionOf } from '../helpers/markdown.ts';
import { ROOT, readSources } from '../helpers/source.ts';

describe('docs/ledger.md', () => {
  const doc = readFileSync(join(ROOT, 'docs/ledger.md'), 'utf8');

  it('has every table of the ledger with its kind', () => {
    const [table] = markdownTables(sectionOf(doc, '## Tables'));
    const stated = (table?.rows ?? []).map(([name = '', kind]) => [name.replaceAll('`', ''), kind]);
    const actual = Object.entries(LEDGER_TABLES).map(([name, { kind }]) => [name, kind]);
    expect(stated.sort()).toEqual(actual.sort());
  });

  it('says which tables a verb writes', () => {
    const [table] = markdownTables(sectionOf(doc, '## Tables'));
    const named = (table?.rows ?? []).map(([name = '', , , verb]) => ({ name: name.replaceAll('`', ''), verb }));
    const code = readSources(join(ROOT, 'src/pipeline'))
      .map(({ text }) => text)
      .join('\n');
    const isWritten = (name: string) => new RegExp(`\\b${name}: (mine\\(|\\{\\s*(rows|select)\\b)`).test(code);
    // These three are filled by the commit of every run.
    const byCommit = ['run', 'run_date', 'value_copy'];
    const stated = named.filter(({ verb }) => verb !== '–').map(({ name }) => name);
    const actual = Object.keys(LEDGER_TABLES).filter((name) => byCommit.includes(name) || isWritten(name));
    expect(stated.sort()).toEqual(actual.sort());
  });
});
