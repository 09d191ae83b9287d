import {
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { Value } from './engine.ts';

const MS_PER_DAY = 86_400_000;

/** Days since 1970 as `YYYY-MM-DD`. */
export function dayText(days: number): string {
  const time = days * MS_PER_DAY;
  return Math.abs(time) > 8.64e15 ? `day ${days}` : new Date(time).toISOString().slice(0, 10);
}

/**
 * The one place where SQL types become JavaScript values: integers and decimals → number (counts and money here
 * stay far below 2^53), dates → `YYYY-MM-DD`, timestamps → ISO 8601 in UTC, lists → arrays, structs → objects.
 */
export function toValue(value: DuckDBValue): Value {
  if (value === null || value === undefined) return null;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (value instanceof DuckDBDecimalValue) return value.toDouble();
  if (value instanceof DuckDBDateValue) return dayText(value.days);
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue) {
    return new Date(Number(value.micros / 1000n)).toISOString().replace('.000Z', 'Z');
  }
  if (value instanceof DuckDBListValue) return value.items.map(toValue);
  if (value instanceof DuckDBStructValue) {
    return Object.fromEntries(Object.entries(value.entries).map(([key, item]) => [key, toValue(item)]));
  }
  if (value instanceof DuckDBMapValue) {
    return Object.fromEntries(value.entries.map(({ key, value: item }) => [String(toValue(key)), toValue(item)]));
  }
  return String(value);
}

/** A numeric SQL value as a double, `NaN` for null; `undefined` for what is not a number. */
export function toNumber(value: DuckDBValue): number | undefined {
  if (value === null || value === undefined) return Number.NaN;
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value instanceof DuckDBDecimalValue) return value.toDouble();
  return undefined;
}
