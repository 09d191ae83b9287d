import type { Progress } from '../contract/report.ts';
import { printable, truncate } from './text-width.ts';

/** The hands of the progress line: handed in, so that this room reads no clock and no process. */
export interface ProgressEffects {
  write(text: string): void;
  readonly isTerminal: boolean;
  columns(): number;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  readonly quiet: boolean;
}

/** Most redraws a second, so that a stage with a million details does not spend its time drawing. */
const REDRAW_MS = 60;
const CLEAR_LINE = '\r\u001b[2K';

/**
 * Progress for people: on a terminal one line that is drawn over, elsewhere one line a stage when it ends, with its
 * seconds and last detail. With `quiet` nothing. Notes are whole lines of their own and survive.
 */
export function createProgress(effects: ProgressEffects): Progress {
  if (effects.quiet) return { stage() {}, detail() {}, done() {}, note() {} };
  let stage: string | undefined;
  let detail = '';
  let began = 0;
  let drawn = Number.NEGATIVE_INFINITY;

  const text = (): string => {
    const seconds = ((effects.now() - began) / 1000).toFixed(1);
    return `${stage ?? ''}${detail === '' ? '' : `: ${detail}`} (${seconds} s)`;
  };
  const draw = (): void => {
    drawn = effects.now();
    effects.write(CLEAR_LINE + truncate(text(), effects.columns() - 1));
  };
  const end = (): void => {
    if (stage === undefined) return;
    effects.write(effects.isTerminal ? CLEAR_LINE : `${text()}\n`);
    stage = undefined;
  };
  return {
    stage(name) {
      end();
      stage = printable(name);
      detail = '';
      began = effects.now();
      if (effects.isTerminal) draw();
    },
    detail(next) {
      detail = printable(next);
      if (effects.isTerminal && stage !== undefined && effects.now() - drawn >= REDRAW_MS) draw();
    },
    done: end,
    note(line) {
      if (effects.isTerminal && stage !== undefined) effects.write(CLEAR_LINE);
      effects.write(`${printable(line)}\n`);
      if (effects.isTerminal && stage !== undefined) draw();
    },
  };
}
