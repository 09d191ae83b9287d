import { readdirSync, readFileSync } from 'node:fs';

/** The text of one `.sql` file that lies beside the code that asks for it. */
export function readSql(url: URL): string {
  return readFileSync(url, 'utf8');
}

/** All `.sql` files of a folder, by name without ending, in name order. */
export function readSqlFolder(folder: URL): ReadonlyMap<string, string> {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort();
  return new Map(names.map((name) => [name.slice(0, -4), readSql(new URL(name, folder))]));
}
