import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FACT_KINDS } from '../../src/data/config-defaults.ts';
import { FEATURES } from '../../src/data/features.ts';
import { FACT_KINDS as KINDS_WITH_WORDS } from '../../src/outreach/fact-text.ts';
import { NEXT_STEPS } from '../../src/outreach/next-step.ts';
import { markdownTables, sectionOf } from '../helpers/markdown.ts';
import { ROOT } from '../helpers/source.ts';

describe('the table of next steps in docs/agents.md', () => {
  const doc = readFileSync(join(ROOT, 'docs/agents.md'), 'utf8');

  it('has every reason with its step, owner and days, in the order of the code', () => {
    const [table] = markdownTables(sectionOf(doc, '## Next steps'));
    const rows = Object.entries(NEXT_STEPS).map(([reason, { action, owner, due_days }]) => [
      `\`${reason}\``,
      action,
      owner,
      String(due_days),
    ]);
    expect(table?.rows).toEqual(rows);
  });

  it('leaves no fact and no group of actionable features without a step', () => {
    const groups = new Set(FEATURES.filter(({ actionable }) => actionable).map(({ group }) => group));
    for (const reason of [...FACT_KINDS, ...groups]) expect(NEXT_STEPS).toHaveProperty(reason);
    expect([...KINDS_WITH_WORDS].sort()).toEqual([...FACT_KINDS].sort());
  });
});
