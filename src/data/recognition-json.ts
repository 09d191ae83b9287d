/** One leaf of JSON rows: the dotted path that names it as a source column, and the JSON path that reads it. */
export interface JsonLeaf {
  readonly name: string;
  readonly path: string;
}

const MAX_DEPTH = 6;

/**
 * Leaves of the structure that DuckDB's `json_group_structure` gives for a set of rows, as dotted paths in the order of
 * the structure. Lists of objects are followed into their first element (`items.data.0.price`), lists of plain values
 * are one leaf.
 */
export function jsonLeaves(structure: unknown): JsonLeaf[] {
  const leaves: JsonLeaf[] = [];
  const visit = (node: unknown, names: readonly string[], path: string): void => {
    if (Array.isArray(node)) {
      const [element] = node;
      if (typeof element === 'object' && element !== null && !Array.isArray(element) && names.length < MAX_DEPTH) {
        visit(element, [...names, '0'], `${path}[0]`);
      } else {
        leaves.push({ name: names.join('.'), path });
      }
      return;
    }
    if (typeof node === 'object' && node !== null && names.length < MAX_DEPTH) {
      for (const [key, child] of Object.entries(node)) {
        visit(child, [...names, key], `${path}."${key.replaceAll('"', '\\"')}"`);
      }
      return;
    }
    if (names.length > 0) leaves.push({ name: names.join('.'), path });
  };
  visit(structure, [], '$');
  return leaves;
}

/**
 * Where the rows of a JSON document are: `''` for an array at the top, a key (dotted) for `{"tickets": […]}`,
 * `undefined` when no list of objects is found. Among several lists the well-known names win, then the first.
 */
export function rowsPath(structure: unknown): string | undefined {
  if (Array.isArray(structure)) return isRow(structure[0]) ? '' : undefined;
  if (!isRow(structure)) return undefined;
  const lists = Object.entries(structure).filter(([, value]) => Array.isArray(value) && isRow(value[0]));
  const known = lists.find(([key]) => ['data', 'results', 'records', 'rows', 'items', 'value', 'list'].includes(key));
  const found = known ?? lists[0];
  if (found !== undefined) return found[0];
  for (const [key, value] of Object.entries(structure)) {
    if (!isRow(value)) continue;
    const inner = Object.entries(value).find(([, item]) => Array.isArray(item) && isRow(item[0]));
    if (inner !== undefined && ['data', 'result', 'response', 'results', '_embedded'].includes(key))
      return `${key}.${inner[0]}`;
  }
  return undefined;
}

function isRow(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
