import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blanked, filesBelow, ROOT, readSources, type SourceFile, sourceFile } from './helpers/source.ts';

const ROOMS = [
  ...['agents', 'commands', 'contract', 'data', 'engine', 'ledger', 'lib', 'models', 'outreach', 'pipeline'],
  ...['reports', 'supervisor', 'cli'],
] as const;
type Room = (typeof ROOMS)[number];

/** Who may import whom (docs/architecture.md). Every room may import itself. */
const ALLOWED: Readonly<Record<Room, readonly Room[]>> = {
  lib: [],
  contract: [],
  engine: ['contract', 'lib'],
  models: ['contract', 'lib'],
  data: ['contract', 'lib', 'engine'],
  supervisor: ['contract', 'lib', 'models'],
  outreach: ['contract', 'lib', 'models'],
  ledger: ['contract', 'lib', 'engine'],
  agents: ['contract', 'lib', 'models', 'data'],
  reports: ['contract', 'lib'],
  pipeline: ['contract', 'lib', 'engine', 'models', 'data', 'supervisor', 'outreach', 'ledger', 'agents'],
  commands: ['contract', 'lib', 'pipeline', 'reports', 'agents'],
  cli: ['commands', 'lib'],
};

/** Packages with one home: a second engine, door or look would otherwise grow unseen. */
const PACKAGE_HOMES: Readonly<Record<string, readonly Room[]>> = {
  '@duckdb/node-api': ['engine'],
  commander: ['cli', 'commands'],
  chalk: ['reports'],
  'cli-table3': ['reports'],
  zod: ['data'],
  'simple-statistics': ['models'],
  'ml-logistic-regression': ['models'],
  'ml-matrix': ['models'],
};

/** These rooms give the same answer to the same input: whatever changes between two calls is handed in. */
const PURE: readonly Room[] = ['agents', 'supervisor', 'outreach', 'models', 'data', 'reports', 'lib', 'contract'];
const IMPURE_WORDS: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.|\bprocess\.hrtime\b/, 'reads the clock'],
  [/\bMath\.random\b|\brandomBytes\b/, 'draws without a seed'],
  [/\bprocess\./, 'reads the process'],
  [/\bconsole\./, 'writes to the console'],
  [/\bfetch\(|\bsetTimeout\b|\bsetInterval\b/, 'reaches out of the program'],
];
const FILE_ROOMS: readonly Room[] = ['cli', 'commands', 'data', 'engine', 'ledger', 'pipeline'];
const FORBIDDEN_NAMES = /^(utils?|helpers?|common|manager|misc|shared)$/;

const sources = readSources();
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
};

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Faults of one file against the table above; empty when it stands. */
function faultsOf(file: SourceFile): string[] {
  const faults: string[] = [];
  const room = ROOMS.find((name) => name === file.room);
  if (room === undefined) return [`src/${file.path}: ${file.room} is not a room of docs/architecture.md`];
  for (const { specifier, file: target } of file.imports) {
    if (target === undefined) faults.push(...packageFaults(file.path, room, specifier));
    else if (!specifier.endsWith('.ts')) faults.push(`src/${file.path} imports ${specifier} without .ts`);
    else {
      const other = target.split('/')[0] ?? '';
      const isAllowed = other === room || (ALLOWED[room] as readonly string[]).includes(other);
      if (!isAllowed) faults.push(`src/${file.path} (${room}) may not import ${specifier} (${other})`);
    }
  }
  if (PURE.includes(room)) {
    // Rooms that write files may name a temporary one.
    if (/\brandomUUID\b/.test(file.code) && !FILE_ROOMS.includes(room)) {
      faults.push(`src/${file.path} draws without a seed`);
    }
    for (const [word, meaning] of IMPURE_WORDS) if (word.test(file.code)) faults.push(`src/${file.path} ${meaning}`);
  }
  return faults;
}

function packageFaults(path: string, room: Room, specifier: string): string[] {
  if (specifier.startsWith('node:')) {
    const isIo = /^node:(fs|child_process|worker_threads|net|http|https|os|readline|zlib)/.test(specifier);
    return isIo && !FILE_ROOMS.includes(room) ? [`src/${path} (${room}) may not import ${specifier}`] : [];
  }
  if (builtinModules.includes(specifier)) return [`src/${path} imports ${specifier} without node:`];
  const name = packageOf(specifier);
  if (manifest.dependencies[name] === undefined) return [`src/${path} imports ${name}, which is not a dependency`];
  const homes = PACKAGE_HOMES[name];
  return homes === undefined || homes.includes(room) ? [] : [`src/${path}: ${name} belongs into ${homes.join(', ')}`];
}

/** First circle of value imports that starts at `start`, or undefined. Type imports and dynamic ones do not count. */
function circleFrom(
  start: string,
  graph: ReadonlyMap<string, readonly string[]>,
  done: Set<string>,
): string[] | undefined {
  const path: string[] = [];
  const visit = (name: string): string[] | undefined => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    if (done.has(name)) return undefined;
    path.push(name);
    for (const next of graph.get(name) ?? []) {
      const circle = visit(next);
      if (circle !== undefined) return circle;
    }
    path.pop();
    done.add(name);
    return undefined;
  };
  return visit(start);
}

describe('the house', () => {
  it('is seen by this test', () => {
    expect(sources.length).toBeGreaterThan(30);
    expect(new Set(sources.map((file) => file.room))).toEqual(new Set(ROOMS));
    expect(sources.flatMap((file) => file.imports).length).toBeGreaterThan(100);
    const engine = sources.find((file) => file.path === 'engine/duckdb.ts');
    expect(engine?.imports.map((item) => item.specifier)).toContain('@duckdb/node-api');
  });

  it('keeps to who may import whom, to the homes of packages and to purity', () => {
    expect(sources.flatMap(faultsOf)).toEqual([]);
  });

  it('would notice a breach', () => {
    const breach = (path: string, text: string): string[] => faultsOf(sourceFile(path, text));
    expect(breach('models/a.ts', "import { x } from '../engine/duckdb.ts';")).toHaveLength(1);
    expect(breach('agents/a.ts', "import {\n  x,\n} from '../pipeline/run.ts';")).toHaveLength(1);
    expect(breach('agents/a.ts', "const x = await import('../ledger/state.ts');")).toHaveLength(1);
    expect(breach('data/a.ts', "import duckdb from '@duckdb/node-api';")).toHaveLength(1);
    expect(breach('lib/a.ts', 'export const now = () => Date.now();')).toHaveLength(1);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text under test
    expect(breach('lib/a.ts', 'export const now = () => `${Math.random()}`;')).toHaveLength(1);
    expect(breach('reports/a.ts', "import { writeFileSync } from 'node:fs';")).toHaveLength(1);
    expect(breach('lib/a.ts', "// Date.now()\nexport const text = 'console.log()';")).toEqual([]);
    expect(breach('lib/a.ts', "export { x } from 'left-pad';")).toHaveLength(1);
    expect(breach('shed/a.ts', '')).toHaveLength(1);
  });

  it('has no circle of imports', () => {
    const graph = new Map(
      sources.map((file) => [
        file.path,
        file.imports.flatMap((item) =>
          item.file === undefined || item.isTypeOnly || item.isDynamic ? [] : [item.file],
        ),
      ]),
    );
    const done = new Set<string>();
    expect(sources.flatMap((file) => circleFrom(file.path, graph, done)?.join(' → ') ?? [])).toEqual([]);
  });

  it('uses every dependency it has', () => {
    const used = new Set(sources.flatMap((file) => file.imports.map((item) => packageOf(item.specifier))));
    expect(Object.keys(manifest.dependencies).filter((name) => !used.has(name))).toEqual([]);
  });

  it('gives the reason for every dependency', () => {
    const decisions = readFileSync(join(ROOT, 'docs/decisions.md'), 'utf8');
    const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(names.filter((name) => !decisions.includes(`\`${name}\``))).toEqual([]);
  });
});

describe('files', () => {
  const files = filesBelow(join(ROOT, 'src'));

  it('are short', () => {
    const long = sources.filter((file) => file.text.split('\n').length > 401);
    expect(long.map((file) => file.path)).toEqual([]);
    const verbs = sources.filter((file) => file.room === 'commands' && file.code.includes('export function register('));
    expect(verbs.length).toBeGreaterThan(8);
    expect(verbs.filter((file) => file.text.split('\n').length > 61).map((file) => file.path)).toEqual([]);
  });

  it('are named as kebab-case nouns, views as their SQL names, migrations by number', () => {
    const odd = files.filter((path) => {
      const stem = basename(path).replace(/(\.d)?\.[a-z]+$/, '');
      const pattern = path.endsWith('.sql')
        ? /^([a-z]|\d{3}_)[a-z0-9]*([_-][a-z0-9]+)*$/
        : /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
      return !pattern.test(stem) || FORBIDDEN_NAMES.test(stem);
    });
    expect(odd).toEqual([]);
  });

  it('name no path of the machine they were written on', () => {
    const marked = sources.filter((file) => /\/(work|home|Users|root)\/[a-z]/.test(file.text));
    expect(marked.map((file) => file.path)).toEqual([]);
  });
});

describe('blanked', () => {
  it('keeps the length and takes out comments, strings, templates and regular expressions', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text under test
    const text = "const a = 'x' /* y */ + `b ${c + `d`} e`; // z\nconst r = /['\"`]/g; const q = a / b / c;";
    const code = blanked(text, true);
    expect(code).toHaveLength(text.length);
    expect(code.replace(/\s+/g, ' ')).toBe('const a = + c + ; const r = g; const q = a / b / c;');
  });
});
