import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AGENTS } from '../../src/agents/index.ts';
import { FACT_KINDS } from '../../src/data/config-defaults.ts';
import { AT_RISK_COLUMNS } from '../../src/pipeline/at-risk.ts';
import { markdownTables, sectionOf } from '../helpers/markdown.ts';
import { ROOT } from '../helpers/source.ts';

const DOC = readFileSync(join(ROOT, 'docs/agents.md'), 'utf8');

function sectionOfAgent(id: string): string {
  return sectionOf(DOC, `## ${id.slice(0, 1).toUpperCase()}${id.slice(1)}`);
}

/** First cells of the table under `section` whose first heading is `heading`. */
function firstCells(section: string, heading: string): string[] {
  const table = markdownTables(section).find(({ headings }) => headings[0] === heading);
  return (table?.rows ?? []).map((row) => (row[0] ?? '').replaceAll('`', ''));
}

describe('docs/agents.md', () => {
  it.each(AGENTS.map((agent) => [agent.id, agent] as const))('%s: question, reads, writes and columns', (id, agent) => {
    const section = sectionOfAgent(id);
    expect(section).toContain(`*${agent.question}*`);
    const named = [...section.replaceAll('\n', ' ').matchAll(/`(\w+)`/g)].map((found) => found[1]);
    expect(named).toEqual(expect.arrayContaining([...agent.reads, ...agent.writes]));
    // The columns stand in the agent's file as literals; its table takes some of them away where evidence is thin.
    const source = readFileSync(join(ROOT, `src/agents/${id}.ts`), 'utf8');
    const columns = [...source.matchAll(/\{ key: '(\w+)', label: /g)].map((found) => found[1]);
    expect(columns.length).toBeGreaterThan(10);
    expect(firstCells(section, 'column')).toEqual(columns);
  });

  it('has every column of the at-risk list and every fact', () => {
    const atRisk = sectionOf(DOC, '## The at-risk list');
    expect(firstCells(atRisk, 'column')).toEqual(AT_RISK_COLUMNS.map(({ key }) => key));
    expect(firstCells(sectionOf(DOC, '### Facts'), 'kind')).toEqual([...FACT_KINDS]);
  });

  it('has the tasks of the renewal stages', () => {
    const source = readFileSync(join(ROOT, 'src/agents/renewal.ts'), 'utf8');
    const tasks = [...source.matchAll(/task: '([^']+)', owner: '([^']+)'/g)].map((found) => [found[1], found[2]]);
    const table = markdownTables(sectionOfAgent('renewal')).find(({ headings }) => headings[0] === 'days left');
    expect(tasks.length).toBeGreaterThan(5);
    expect(table?.rows.map(([, task, owner]) => [task, owner])).toEqual(tasks);
  });
});
