/** A heading in the form in which headings are compared: `First Reply (UTC)` → `first_reply`. */
export function headingWords(heading: string): string {
  return heading
    .replaceAll(/\([^)]*\)|\[[^\]]*\]/g, ' ')
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '_')
    .replaceAll(/^_+|_+$/g, '');
}

/** A file's name without folder, endings and digits, in heading words: `exports/2024_Support-Tickets.csv.gz` → `support_tickets`. */
export function fileWords(file: string): string {
  const name = (file.split('/').at(-1) ?? file).replace(/(\.(csv|tsv|tab|txt|json|ndjson|jsonl|parquet|gz))+$/i, '');
  return headingWords(name.replaceAll(/[\d*]+/g, '_'));
}
