import type { Engine } from '../engine/engine.ts';
import { readSqlFolder } from '../engine/sql-files.ts';
import { createVersionViews } from './versions.ts';

/** One table macro: a file of `views/`, its text and the other views it calls. */
export interface View {
  readonly name: string;
  readonly sql: string;
  /** Parameter names in order; the first is always `as_of`. */
  readonly parameters: readonly string[];
  readonly dependencies: readonly string[];
}

const MACRO = /create\s+or\s+replace\s+macro\s+(\w+)\s*\(([^)]*)\)\s+as\s+table\b/i;

/**
 * Reads views (file name without ending → text) and puts each after the views it calls. Dependencies are found by
 * scanning the text for `<view>(`. Throws when a file does not hold one macro named like itself, when its first
 * parameter is not `as_of`, or when views call each other in a circle.
 */
export function orderViews(files: ReadonlyMap<string, string>): View[] {
  const views = new Map([...files].map(([name, text]) => [name, parseView(name, text, files)]));
  const ordered: View[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (view: View, path: readonly string[]): void => {
    if (state.get(view.name) === 'done') return;
    if (state.get(view.name) === 'open')
      throw new Error(`views call each other in a circle: ${[...path, view.name].join(' → ')}`);
    state.set(view.name, 'open');
    for (const name of view.dependencies) {
      const next = views.get(name);
      if (next !== undefined) visit(next, [...path, view.name]);
    }
    state.set(view.name, 'done');
    ordered.push(view);
  };
  for (const view of views.values()) visit(view, []);
  return ordered;
}

function parseView(name: string, text: string, files: ReadonlyMap<string, string>): View {
  const sql = withoutComments(text);
  const match = MACRO.exec(sql);
  if (match?.[1] !== name) throw new Error(`views/${name}.sql must create the macro ${name}`);
  const parameters = (match[2] ?? '').split(',').map((parameter) => parameter.trim());
  if (parameters[0] !== 'as_of') throw new Error(`the first parameter of ${name} must be as_of`);
  const called = new Set([...sql.matchAll(/\b([a-z_][a-z0-9_]*)\s*\(/g)].map((found) => found[1] ?? ''));
  called.delete(name);
  return { name, sql: text, parameters, dependencies: [...called].filter((other) => files.has(other)).sort() };
}

function withoutComments(text: string): string {
  return text.replaceAll(/--[^\n]*/g, '').replaceAll(/'(?:[^']|'')*'/g, "''");
}

/** Every view of the program, each after the views it calls. */
export const VIEWS: readonly View[] = orderViews(readSqlFolder(new URL('./views/', import.meta.url)));

/** Names of all views, in the order they are created. */
export const VIEW_NAMES: readonly string[] = VIEWS.map((view) => view.name);

/**
 * Creates every view as a table macro in schema `main`. The canonical tables and `settings` must exist
 * (ingest and `createSettings`); columns an export adds (`custom_*`) are seen because macros bind when called.
 */
export async function createViews(engine: Engine, views: readonly View[] = VIEWS): Promise<void> {
  if (views.some(({ name }) => name === 'account_asof')) await createVersionViews(engine);
  for (const view of views) await engine.execute(view.sql);
  if (views === VIEWS) await chooseOutcome(engine);
}

/** Puts the configured churn definition into `outcome_chosen`; `none` is a definition without churns. */
async function chooseOutcome(engine: Engine): Promise<void> {
  const [settings] = await engine.rows('select churn_definition from settings');
  const definition = String(settings?.['churn_definition'] ?? 'contract_chain');
  const chosen = `outcome_${definition}`;
  const known = VIEW_NAMES.includes(chosen);
  await engine.execute(
    `create or replace macro outcome_chosen(as_of) as table
       select * from ${known ? chosen : 'outcome_contract_chain'}(as_of) ${known ? '' : 'where false'}`,
  );
}
