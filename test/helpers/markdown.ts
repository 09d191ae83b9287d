/** A table of a Markdown text: its headings and the cells of its rows, trimmed. */
export interface MarkdownTable {
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The text below a heading, up to the next heading of its level or above. Throws when there is no such heading. */
export function sectionOf(text: string, heading: string): string {
  const lines = text.split('\n');
  const start = lines.indexOf(heading);
  if (start < 0) throw new Error(`there is no heading "${heading}"`);
  const level = heading.indexOf(' ');
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => {
    const marks = /^(#+) /.exec(line)?.[1];
    return marks !== undefined && marks.length <= level;
  });
  return rest.slice(0, end < 0 ? undefined : end).join('\n');
}

/** Every table of a text, in order. Cells are split at bars that no backslash stands before. */
export function markdownTables(text: string): MarkdownTable[] {
  const tables: MarkdownTable[] = [];
  let block: string[] = [];
  for (const line of [...text.split('\n'), '']) {
    if (line.startsWith('|')) {
      block.push(line);
      continue;
    }
    const [head, , ...body] = block;
    if (head !== undefined && block.length > 1) tables.push({ headings: cellsOf(head), rows: body.map(cellsOf) });
    block = [];
  }
  return tables;
}

function cellsOf(line: string): string[] {
  return line
    .replace(/^\|/, '')
    .replace(/\|\s*$/, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
}

/** The fenced blocks of a text in one language. */
export function codeBlocks(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    (found) => found[1] ?? '',
  );
}
