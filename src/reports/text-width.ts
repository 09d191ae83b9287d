const SEGMENTER = new Intl.Segmenter('en', { granularity: 'grapheme' });
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3040-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe1f\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]/u;
// The broad class: cli-table3 counts symbols that may also be shown as text as wide.
const EMOJI = /\p{Emoji}|\p{Extended_Pictographic}/u;
const COMBINING = /[\u0300-\u036f]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ESCAPE_SEQUENCE = /\u001b\[[0-?]*[ -/]*[@-~]/g;
// Control characters of an export must not drive the reader's terminal, nor bidirectional marks reorder a line.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g;

/** `text` on one line without anything that a terminal would obey: colours go, control characters become one space. */
export function printable(text: string): string {
  return PRINTABLE_ASCII.test(text) ? text : text.replace(ESCAPE_SEQUENCE, '').replace(UNPRINTABLE, ' ');
}

/**
 * Terminal columns that printable `text` takes: East Asian wide characters and emoji two, combining accents none. Never
 * less than cli-table3 measures, which would otherwise cut a cell that fits (other scripts' marks count one there).
 */
export function textWidth(text: string): number {
  if (PRINTABLE_ASCII.test(text)) return text.length;
  let width = 0;
  for (const { segment } of SEGMENTER.segment(text)) width += segmentWidth(segment);
  return width;
}

/** `text` cut to `width` columns, the last one `…` where something was cut. Never splits a character. */
export function truncate(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width < 1) return '';
  let kept = '';
  let used = 0;
  for (const { segment } of SEGMENTER.segment(text)) {
    const next = segmentWidth(segment);
    if (used + next > width - 1) break;
    kept += segment;
    used += next;
  }
  return `${kept.trimEnd()}…`;
}

/** `text` padded with spaces to `width` columns. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, width - textWidth(text)));
  return align === 'left' ? text + space : space + text;
}

/** `text` broken at spaces into lines of at most `width` columns; a longer word stands alone, broken where it must. */
export function wrap(text: string, width: number): string[] {
  if (textWidth(text) <= width) return [text];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (textWidth(joined) <= width) {
      line = joined;
      continue;
    }
    if (line !== '') lines.push(line);
    line = word;
    while (textWidth(line) > width) {
      const head = fitting(line, width);
      lines.push(head);
      line = line.slice(head.length);
    }
  }
  if (line !== '') lines.push(line);
  return lines;
}

function fitting(text: string, width: number): string {
  let kept = '';
  let used = 0;
  for (const { segment } of SEGMENTER.segment(text)) {
    const next = segmentWidth(segment);
    if (kept !== '' && used + next > width) break;
    kept += segment;
    used += next;
  }
  return kept;
}

function segmentWidth(segment: string): number {
  if (PRINTABLE_ASCII.test(segment)) return segment.length;
  if (EMOJI.test(segment)) return 2;
  let width = 0;
  for (const character of segment) width += COMBINING.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}
