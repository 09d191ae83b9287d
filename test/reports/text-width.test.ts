import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pad, printable, textWidth, truncate, wrap } from '../../src/reports/text-width.ts';

// The measure cli-table3 itself works with.
const requireFromTables = createRequire(createRequire(import.meta.url).resolve('cli-table3'));
const stringWidth = requireFromTables('string-width') as (text: string) => number;

const anyText = fc.string({ unit: 'grapheme', maxLength: 30 }).map(printable);

describe('textWidth', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['Müller', 6],
    ['Mu\u0308ller', 6],
    ['東京', 4],
    ['ﾃｽﾄ', 3],
    ['👩‍👩‍👧', 2],
    ['🇩🇪', 2],
    ['❤️', 2],
    ['–…·', 3],
  ])('%s takes %i columns', (text, width) => {
    expect(textWidth(text)).toBe(width);
  });

  it('is never less than what cli-table3 measures, for every character', () => {
    const narrower: string[] = [];
    for (let point = 0x20; point < 0x40000; point++) {
      if (point >= 0xd800 && point <= 0xdfff) continue;
      const text = String.fromCodePoint(point);
      if (printable(text) === text && textWidth(text) < stringWidth(text)) narrower.push(point.toString(16));
    }
    expect(narrower).toEqual([]);
  });
});

describe('printable', () => {
  it('takes out colours, control characters and marks that reorder a line', () => {
    expect(printable('a\u001b[31mred\u001b[0m b')).toBe('ared b');
    expect(printable('a\u001b]0;title\u0007b\r\nc\td')).toBe('a ]0;title b c d');
    expect(printable('abc\u202edef')).toBe('abc def');
  });

  it('leaves nothing a terminal would obey', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
        expect(printable(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      }),
    );
  });
});

describe('truncate, pad and wrap', () => {
  it('cuts by columns and says so', () => {
    expect(truncate('Präzisionswerkzeuge', 8)).toBe('Präzisi…');
    expect(truncate('東京データ', 5)).toBe('東京…');
    expect(truncate('abc', 3)).toBe('abc');
    expect(truncate('abc', 0)).toBe('');
  });

  it('never exceeds the width', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 12, max: 40 }), (text, width) => {
        expect(textWidth(truncate(text, width))).toBeLessThanOrEqual(width);
        for (const line of wrap(text, width)) expect(textWidth(line)).toBeLessThanOrEqual(width);
        expect(textWidth(pad(text, width, 'right'))).toBe(Math.max(width, textWidth(text)));
      }),
    );
  });

  it('wraps without losing a word', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-zäé東]{1,9}$/), { minLength: 1 }),
        fc.integer({ min: 20, max: 60 }),
        (words, width) => {
          expect(wrap(words.join(' '), width).join(' ')).toBe(words.join(' '));
        },
      ),
    );
  });
});
