import { dirname } from 'node:path';
import { type Engine, quoteName } from '../engine/engine.ts';
import { contractTable } from './contract.ts';
import {
  type LeftOut,
  percent,
  sourceColumn,
  type TableGuess,
  withColumn,
  withNote,
  withoutColumns,
} from './mapping-columns.ts';
import { refineContract } from './mapping-contract.ts';
import { unifySpellings } from './mapping-spellings.ts';
import { refineInvoice, refineOpportunity, refineSurvey, refineTicket } from './mapping-tables.ts';
import { findTwins, refineUsage } from './mapping-usage.ts';
import { daySql, type TableProfile } from './recognition.ts';

/** One source a vendor table: copies of it for another warehouse are left out. */
export function dropRepeats(guesses: readonly TableGuess[]): { guesses: TableGuess[]; leftOut: LeftOut[] } {
  const kept: TableGuess[] = [];
  const leftOut: LeftOut[] = [];
  for (const guess of [...guesses].sort((a, b) => a.profile.file.length - b.profile.file.length)) {
    const twin = kept.find(
      (other) =>
        guess.shape !== 'own headings' &&
        other.shape === guess.shape &&
        dirname(other.profile.file) === dirname(guess.profile.file),
    );
    if (twin === undefined) kept.push(guess);
    else
      leftOut.push({
        file: guess.profile.file,
        reason: `holds the same table again as ${twin.profile.file}`,
        kind: 'not_needed',
      });
  }
  return { guesses: kept, leftOut };
}

/** Settles what each table leaves open and finds feeds that repeat each other. */
export async function refineAll(
  engine: Engine,
  guesses: readonly TableGuess[],
  profiles: readonly TableProfile[],
): Promise<{ refined: TableGuess[]; leftOut: LeftOut[]; notes: string[] }> {
  const hasInvoices = guesses.some((guess) => guess.table === 'invoice');
  const refined: TableGuess[] = [];
  for (const guess of guesses) {
    let next = guess;
    if (guess.shape === 'own headings') {
      if (guess.table === 'contract') next = await refineContract(engine, guess);
      if (guess.table === 'usage') next = await refineUsage(engine, guess);
      if (guess.table === 'ticket') next = refineTicket(guess);
      if (guess.table === 'survey') next = await refineSurvey(engine, guess);
      if (guess.table === 'invoice') next = refineInvoice(guess);
      if (guess.table === 'opportunity') next = refineOpportunity(guess);
    }
    if (
      next.table === 'contract' &&
      !['mrr_amount', 'arr_amount', 'unit_price'].some((column) => next.columns.some((item) => item.column === column))
    ) {
      next = hasInvoices
        ? withNote(
            withColumn(next, {
              column: 'pricing',
              mapping: { value: 'usage' },
              confidence: 0.6,
              why: 'the contracts state no amount',
            }),
            'the contracts state no amount: ARR is the run-rate of the last 90 days of invoices',
          )
        : withNote(next, 'the contracts state no amount: ARR is unknown until an export with prices is added');
    }
    refined.push(unifySpellings(await checkKnownAt(engine, next), profiles));
  }
  const usable = refined.filter(isComplete);
  const leftOut: LeftOut[] = refined
    .filter((guess) => !isComplete(guess))
    .map((guess) => ({
      file: guess.profile.file,
      reason: `looks like ${guess.table} (${guess.shape}) but lacks ${missing(guess).join(', ')}`,
      kind: 'unknown',
    }));
  const twins = await findTwins(
    engine,
    usable.filter((guess) => guess.table === 'usage'),
  );
  const notes: string[] = [];
  let kept = usable;
  for (const { coarse, fine, agreement, coarseTotal, fineTotal } of twins) {
    const text =
      `${coarse.profile.file} (${coarse.options.period}) and ${fine.profile.file} (${fine.options.period ?? 'events'}) are one feed at two grains: ` +
      `${percent(agreement)} of accounts agree within 1 % (${coarseTotal.toLocaleString('en')} and ${fineTotal.toLocaleString('en')} events); the finer is used`;
    notes.push(text);
    kept = kept.filter((guess) => guess !== coarse).map((guess) => (guess === fine ? withNote(guess, text) : guess));
    leftOut.push({
      file: coarse.profile.file,
      reason: `is the same feed as ${fine.profile.file} at a coarser grain (${percent(agreement)} of accounts agree within 1 %)`,
      kind: 'not_needed',
    });
  }
  return { refined: kept, leftOut, notes };
}

/**
 * A loading time is believed only when it follows the events: one bulk load would make years of history known on a
 * single day.
 */
async function checkKnownAt(engine: Engine, guess: TableGuess): Promise<TableGuess> {
  const known = sourceColumn(guess, 'known_at');
  const happened = contractTable(guess.table)
    .known.map((column) => sourceColumn(guess, column))
    .find((column) => column !== undefined);
  if (known === undefined || guess.shape !== 'own headings') return guess;
  if (happened === undefined) return withoutColumns(guess, 'known_at');
  const [row] = await engine.rows(
    `select avg(case when ${daySql(known)} - ${daySql(happened)} between 0 and 30 then 1.0 else 0.0 end) as prompt
     from ${quoteName(guess.profile.relation)} where ${daySql(known)} is not null and ${daySql(happened)} is not null`,
  );
  const prompt = Number(row?.['prompt'] ?? 0);
  if (prompt >= 0.8) return withNote(guess, `a row counts from ${known.name} on, when it was loaded`);
  return withNote(
    withoutColumns(guess, 'known_at'),
    `${known.name} follows ${happened.name} within 30 days on ${percent(prompt)} of rows only: it dates a bulk load and is not used`,
  );
}

function missing(guess: TableGuess): string[] {
  const table = contractTable(guess.table);
  const has = (name: string) => guess.columns.some((item) => item.column === name);
  return [
    ...table.columns.filter((column) => column.required === true && !has(column.name)).map((column) => column.name),
    ...(table.oneOf ?? []).filter((group) => !group.some(has)).map((group) => `one of ${group.join(', ')}`),
  ];
}

function isComplete(guess: TableGuess): boolean {
  return missing(guess).length === 0;
}
