import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VIEW_NAMES } from '../src/data/views.ts';
import { LEDGER_VIEW_NAMES } from '../src/ledger/index.ts';
import { DERIVED } from '../src/pipeline/derived.ts';
import { markdownTables, sectionOf } from './helpers/markdown.ts';
import { ROOT } from './helpers/source.ts';

const PAGES = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

function read(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

/** Headings as the anchors they get on a code host. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map((found) =>
    (found[1] ?? '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('the docs', () => {
  it.each(PAGES)('%s: every link leads somewhere', (page) => {
    const text = read(page);
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((found) => found[1] ?? '');
    const broken = links.filter((link) => {
      if (/^https?:/.test(link)) return false;
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      if (!existsSync(join(ROOT, target))) return true;
      return anchor !== undefined && !anchorsOf(read(target)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it('the example of docs/ebm.md prints what the page says', () => {
    const [example = '', printed = ''] = [...read('docs/ebm.md').matchAll(/```(?:js)?\n([\s\S]*?)```/g)].map(
      (found) => found[1] ?? '',
    );
    expect(example).toContain("from 'retain/models'");
    // Run in this folder, the package finds itself by its name, as it would among somebody's dependencies.
    const run = spawnSync(process.execPath, ['--input-type=module'], {
      cwd: ROOT,
      input: example,
      encoding: 'utf8',
    });
    expect(run.stderr).toBe('');
    expect(run.stdout).toBe(printed);
  }, 30_000);

  it('README.md leads to every page', () => {
    const readme = read('README.md');
    expect(PAGES.filter((page) => page !== 'README.md' && !readme.includes(`(${page})`))).toEqual([]);
  });

  it('docs/architecture.md names relations and files that exist, in at most 150 lines', () => {
    const text = read('docs/architecture.md');
    expect(text.split('\n').length).toBeLessThanOrEqual(151);
    const known = new Set([...VIEW_NAMES, ...LEDGER_VIEW_NAMES, ...DERIVED.keys()]);
    const [table] = markdownTables(sectionOf(text, '## Relations'));
    const cells = (table?.rows ?? []).map((row) => row[0] ?? '');
    const named = cells.flatMap((cell) => [...cell.matchAll(/`(\w+)/g)].map((found) => found[1] ?? ''));
    expect(named.length).toBeGreaterThan(15);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
    const files = [...text.matchAll(/\b((?:data|pipeline|models|reports|contract|supervisor|ledger)\/[\w-]+\.ts)\b/g)];
    expect(files.map((found) => `src/${found[1]}`).filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });
});
