import { type Engine, quoteName } from '../engine/engine.ts';
import { type ColumnGuess, sourceColumn, type TableGuess, withColumn, withNote } from './mapping-columns.ts';
import type { ColumnProfile } from './recognition.ts';

/** Satisfaction scales: the largest value seen tells the scale. */
function scaleOf(max: number): number | undefined {
  if (max <= 1) return 1;
  if (max <= 5) return 5;
  if (max <= 7) return 7;
  if (max <= 10) return 10;
  return max <= 100 ? 100 : undefined;
}

/** Says which scale the satisfaction score of tickets is on, and which of repeated tickets counts. */
export function refineTicket(ticket: TableGuess): TableGuess {
  const guess = newestOnly(ticket, 'ticket_id', 'updated_at');
  const score = sourceColumn(guess, 'csat_score');
  if (score === undefined) return guess;
  const scale = scaleOf(score.max ?? 0);
  if (scale === undefined) return guess;
  return withNote(guess, `${score.name} runs from ${score.min} to ${score.max}: read on a scale to ${scale}`);
}

/** Exports that repeat a row at every change: the newest of each id is the row. */
function newestOnly(guess: TableGuess, key: string, stamp: string): TableGuess {
  const [id, latest] = [sourceColumn(guess, key), sourceColumn(guess, stamp)];
  if (id === undefined || latest === undefined || id.distinct === id.filled) return guess;
  return withNote(
    { ...guess, options: { ...guess.options, dedupe: { key: [id.name], latest: latest.name } } },
    `${id.name} repeats on ${id.filled - id.distinct} rows: the one with the newest ${latest.name} wins`,
  );
}

/** Adds the kind and the scale that the file itself does not state, from headings and range. */
export async function refineSurvey(engine: Engine, guess: TableGuess): Promise<TableGuess> {
  const score = sourceColumn(guess, 'score');
  if (score === undefined) return guess;
  let refined = guess;
  const has = (column: string) => refined.columns.some((item) => item.column === column);
  const scale = scaleOf(score.max ?? 0);
  const kind = sourceColumn(guess, 'kind');
  if (!has('scale_max') && kind !== undefined && kind.distinct > 1) return scaleByKind(engine, guess, score, kind);
  if (!has('scale_max') && scale !== undefined) {
    refined = withNote(
      withColumn(refined, constant('scale_max', scale, 0.8, `answers run from ${score.min} to ${score.max}`)),
      `${score.name} runs from ${score.min} to ${score.max}: read on a scale to ${scale}`,
    );
  }
  if (!has('kind')) {
    const isNps = /nps|recommend/i.test(`${score.name} ${guess.profile.file}`) || scale === 10;
    const kind = isNps ? 'nps' : 'csat';
    refined = withColumn(
      refined,
      constant('kind', kind, isNps && scale !== 10 ? 0.6 : 0.75, `a scale to ${scale ?? '?'}`),
    );
  }
  return refined;
}

/** Kinds of surveys in one file have scales of their own: NPS to 10, the others by their largest answer. */
async function scaleByKind(
  engine: Engine,
  guess: TableGuess,
  score: ColumnProfile,
  kind: ColumnProfile,
): Promise<TableGuess> {
  const rows = await engine.rows(
    `select trim(${quoteName(kind.name)}) as kind, max(try_cast(${quoteName(score.name)} as double)) as high
     from ${quoteName(guess.profile.relation)} where ${quoteName(kind.name)} is not null group by 1 order by 1`,
  );
  const values = Object.fromEntries(
    rows.flatMap((row): [string, string][] => {
      const name = String(row['kind']);
      const scale = /nps/i.test(name) ? 10 : row['high'] === null ? undefined : scaleOf(Number(row['high']));
      return scale === undefined ? [] : [[name, String(scale)]];
    }),
  );
  const why = Object.entries(values)
    .map(([name, scale]) => `${name} to ${scale}`)
    .join(', ');
  return withNote(
    withColumn(guess, { column: 'scale_max', mapping: { from: kind.name, values }, confidence: 0.85, why }),
    `scales by kind of survey: ${why}`,
  );
}

/** An invoice file with one date only: that date stands for the due date, and for the payment when it names one. */
export function refineInvoice(guess: TableGuess): TableGuess {
  if (guess.columns.some((item) => item.column === 'due_date')) return guess;
  const stand =
    guess.columns.find((item) => item.column === 'issued_date') ??
    guess.columns.find((item) => item.column === 'paid_date');
  if (stand === undefined) return guess;
  return withNote(
    withColumn(guess, {
      ...stand,
      column: 'due_date',
      confidence: 0.5,
      why: `there is no due date; ${stand.mapping.from} stands for it`,
    }),
    `there is no due date: ${stand.mapping.from} stands for it, so that an invoice is never seen as overdue by more than it was`,
  );
}

/** Reads won and lost from the words of the stage where no column says it. */
export function refineOpportunity(guess: TableGuess): TableGuess {
  const stage = sourceColumn(guess, 'stage');
  if (stage === undefined || guess.columns.some((item) => item.column === 'is_won')) return guess;
  const won = stage.values.filter(({ value }) => /(^|\W)won\b/i.test(value));
  if (won.length === 0) return guess;
  const values = Object.fromEntries(stage.values.map(({ value }) => [value, String(/(^|\W)won\b/i.test(value))]));
  return withColumn(guess, {
    column: 'is_won',
    mapping: { from: stage.name, values },
    confidence: 0.9,
    why: `${won.map(({ value }) => value).join(', ')} means won`,
  });
}

function constant(column: string, value: string | number, confidence: number, why: string): ColumnGuess {
  return { column, mapping: { value }, confidence, why };
}
