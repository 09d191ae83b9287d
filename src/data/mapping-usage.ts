import type { Source } from '../contract/config.ts';
import { type Engine, quoteName } from '../engine/engine.ts';
import {
  metricColumns,
  sourceColumn,
  type TableGuess,
  withColumn,
  withNote,
  withoutColumns,
} from './mapping-columns.ts';
import { type ColumnProfile, daySql } from './recognition.ts';

type Period = NonNullable<Source['period']>;

/** Least number of whole-number columns beside the keys that makes a file a wide roll-up. */
const WIDE = 2;

/**
 * Tells event rows from sums over a day, week or month, and wide metric columns from long ones. A file is a roll-up
 * when each key (account, and feature where rows carry one) has at most one row a date and the dates carry no time of
 * day that matters; its period is the spacing of the dates.
 */
export async function refineUsage(engine: Engine, guess: TableGuess): Promise<TableGuess> {
  const date = sourceColumn(guess, 'period_start') ?? sourceColumn(guess, 'occurred_at');
  if (date === undefined) return guess;
  const metrics = guess.options.unpivot ?? (hasLongForm(guess) ? [] : metricColumns(guess.profile, guess.columns));
  const isWide = metrics.length >= WIDE || (metrics.length === 1 && sourceColumn(guess, 'event_count') === undefined);
  const shape = await rowShape(engine, guess, date);
  let refined = await checkInsertIds(engine, guess);
  if (isWide) {
    refined = withNote(
      { ...withoutColumns(refined, 'feature', 'event_count'), options: { ...refined.options, unpivot: metrics } },
      `${metrics.length} metric columns become rows: feature = heading, event_count = value`,
    );
  }
  const period = periodOf(
    shape,
    sourceColumn(guess, 'insert_id') !== undefined && !isWide,
    date.kind === 'timestamp' && !isWide,
    /week/i.test(date.name),
  );
  if (period === undefined) return moveDate(refined, 'occurred_at', undefined);
  const label = period === 'week' && shape.weekday !== undefined ? `, labelled by its ${shape.weekday}` : '';
  return withNote(
    moveDate(refined, 'period_start', period),
    `rows are sums over a ${period}${label}: known when it ends`,
  );
}

/**
 * An id that repeats marks repeated rows only where the rows are the same throughout; where they differ it is no id
 * of the row and must not drop any.
 */
async function checkInsertIds(engine: Engine, guess: TableGuess): Promise<TableGuess> {
  const id = sourceColumn(guess, 'insert_id');
  if (id === undefined || id.distinct === id.filled) return guess;
  const [row] = await engine.rows(
    `select count(*) as n from (select distinct * exclude (row_order) from ${quoteName(guess.profile.relation)} where ${quoteName(id.name)} is not null)`,
  );
  if (Number(row?.['n']) === id.distinct) {
    return withNote(
      { ...guess, options: { ...guess.options, dedupe: { key: [id.name] } } },
      `${id.filled - id.distinct} rows are repeated and count once, by ${id.name}`,
    );
  }
  return withNote(
    withoutColumns(guess, 'insert_id'),
    `${id.name} repeats on rows that differ: it is not used to drop any`,
  );
}

/** Rows that name one feature or event each: the numbers beside it are its measures, not metrics of their own. */
function hasLongForm(guess: TableGuess): boolean {
  return sourceColumn(guess, 'feature') !== undefined;
}

interface RowShape {
  /** Share of rows that are the only one of their key and date. */
  readonly unique: number;
  readonly dates: number;
  readonly weekday: string | undefined;
  readonly isMonthStart: boolean;
  readonly rowsPerKey: number;
}

async function rowShape(engine: Engine, guess: TableGuess, date: ColumnProfile): Promise<RowShape> {
  const keys = ['account_id', 'contract_id', 'user_id', 'email', 'feature'].flatMap((column) => {
    const source = sourceColumn(guess, column);
    return source === undefined ? [] : [quoteName(source.name)];
  });
  const [row] = await engine.rows(
    `with rows as (select ${keys.join(', ')}, ${daySql(date)} as on_day from ${quoteName(guess.profile.relation)}),
     grouped as (select ${keys.join(', ')}, on_day, count(*) as n from rows where on_day is not null group by all)
     select count(*) as cells, sum(n) as n, count_if(n = 1) as singles, count(distinct on_day) as dates,
       count(distinct dayofweek(on_day)) as weekdays, min(dayname(on_day)) as weekday, max(day(on_day)) as last_day_of_month,
       min(day(on_day)) as first_day_of_month
     from grouped`,
  );
  const number = (key: string) => Number(row?.[key] ?? 0);
  return {
    unique: number('n') === 0 ? 0 : number('singles') / number('n'),
    dates: number('dates'),
    weekday: number('weekdays') === 1 ? String(row?.['weekday']) : undefined,
    isMonthStart: number('last_day_of_month') === 1 || (number('first_day_of_month') >= 28 && number('dates') > 2),
    rowsPerKey: number('n') / Math.max(1, number('cells')),
  };
}

function periodOf(shape: RowShape, hasRowId: boolean, isTimed: boolean, isWeekHeading: boolean): Period | undefined {
  if (shape.dates >= 2 && shape.isMonthStart) return 'month';
  if (shape.dates >= (isWeekHeading ? 1 : 3) && shape.weekday !== undefined) return 'week';
  if (isTimed || hasRowId || shape.unique < 0.995) return undefined;
  return 'day';
}

function moveDate(guess: TableGuess, target: 'occurred_at' | 'period_start', period: Period | undefined): TableGuess {
  const other = target === 'occurred_at' ? 'period_start' : 'occurred_at';
  const dated =
    guess.columns.find((item) => item.column === target) ?? guess.columns.find((item) => item.column === other);
  if (dated === undefined) return guess;
  const moved = withColumn(withoutColumns(guess, other), { ...dated, column: target });
  const { period: _period, ...options } = moved.options;
  return { ...moved, options: period === undefined ? options : { ...options, period } };
}

/** A coarser feed that repeats a finer one, and how well they agree. */
export interface TwinFeed {
  readonly coarse: TableGuess;
  readonly fine: TableGuess;
  /** Share of accounts whose totals agree within 1 %. */
  readonly agreement: number;
  readonly coarseTotal: number;
  readonly fineTotal: number;
}

const GRAIN: Readonly<Record<string, number>> = { month: 3, week: 2, day: 1 };

/**
 * Finds usage files that are one feed at two grains: over the accounts and days both cover, the totals of at least
 * 95 % of accounts agree within 1 %.
 */
export async function findTwins(engine: Engine, feeds: readonly TableGuess[]): Promise<TwinFeed[]> {
  const twins: TwinFeed[] = [];
  const grain = (guess: TableGuess) => GRAIN[guess.options.period ?? ''] ?? 0;
  const sorted = [...feeds].sort((a, b) => grain(b) - grain(a));
  for (const [index, coarse] of sorted.entries()) {
    for (const fine of sorted.slice(index + 1).reverse()) {
      if (grain(fine) >= grain(coarse) || twins.some((twin) => twin.coarse === coarse)) continue;
      const twin = await compareFeeds(engine, coarse, fine);
      if (twin !== undefined && twin.agreement >= 0.95) twins.push(twin);
    }
  }
  return twins;
}

async function compareFeeds(engine: Engine, coarse: TableGuess, fine: TableGuess): Promise<TwinFeed | undefined> {
  const totals = [coarse, fine].map(totalsSql);
  const [a, b] = totals;
  if (a === undefined || b === undefined || coarse.profile.isSample || fine.profile.isSample) return undefined;
  const [row] = await engine.rows(
    `with a as (${a}), b as (${b}),
     joined as (select coalesce(a.total, 0) as x, coalesce(b.total, 0) as y from a full join b on a.key = b.key)
     select count(*) as n, count_if(abs(x - y) <= 0.01 * greatest(x, y)) as agreeing, sum(x) as x, sum(y) as y from joined`,
  );
  const count = Number(row?.['n'] ?? 0);
  if (count === 0) return undefined;
  return {
    coarse,
    fine,
    agreement: Number(row?.['agreeing']) / count,
    coarseTotal: Number(row?.['x']),
    fineTotal: Number(row?.['y']),
  };
}

function totalsSql(guess: TableGuess): string | undefined {
  const key = sourceColumn(guess, 'account_id') ?? sourceColumn(guess, 'contract_id') ?? sourceColumn(guess, 'user_id');
  if (key === undefined) return undefined;
  const count = sourceColumn(guess, 'event_count');
  const number = (name: string) => `coalesce(try_cast(${quoteName(name)} as bigint), 0)`;
  const value = guess.options.unpivot?.map(number).join(' + ') ?? (count === undefined ? '1' : number(count.name));
  return `select trim(cast(${quoteName(key.name)} as varchar)) as key, sum(${value}) as total from ${quoteName(guess.profile.relation)} group by 1`;
}
