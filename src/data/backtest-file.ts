import { z } from 'zod';
import { BACKTEST_SCHEMA, type BacktestResult } from '../contract/backtest.ts';
import { isDay } from '../lib/dates.ts';
import { messageOf, UserError } from '../lib/errors.ts';

const day = z.string().refine(isDay, 'must be a day written YYYY-MM-DD');
const figureNumber = z.number().nullable();
const basis = z.enum(['all', 'leave', 'renewal']);
const count = z.int().min(0);

const figure = z.object({
  prediction: z.string(),
  candidate: z.string(),
  basis,
  rows: z.enum(['all', 'unworked']),
  slice: z.string(),
  metric: z.string(),
  value: figureNumber,
  low: figureNumber,
  high: figureNumber,
  standard_error: figureNumber,
  cap: figureNumber,
  row_count: count,
  outcome_count: count,
  draws: z.object({ rows: z.string(), values: z.array(figureNumber) }).exactOptional(),
});

const verdict = z.object({
  prediction: z.string(),
  basis,
  verdict: z.enum(['signal', 'no_signal', 'too_few_outcomes']),
  sentence: z.string(),
  outcome_count: count,
});

const result = z.object({
  schema_version: z.literal(BACKTEST_SCHEMA),
  version: z.string(),
  as_of: day,
  from: day,
  to: day,
  origins: z.array(day),
  horizon_days: z.int().min(1),
  churn_definition: z.string(),
  capacity: z.number().gt(0),
  seed: z.number(),
  config_hash: z.string(),
  accounts: z.array(z.string()).exactOptional(),
  rules: z.record(z.string(), z.string()).exactOptional(),
  verdicts: z.array(verdict),
  figures: z.array(figure),
});

/**
 * The backtest in a stored JSON report (`data.backtest`, as `retain backtest --save FILE` writes it). Keys that are not
 * known are passed over: newer versions add some.
 *
 * @param file as the user wrote it, for messages
 * @throws UserError when the text is not JSON, is another report, has another schema version, or lacks something
 */
export function parseBacktest(text: string, file: string): BacktestResult {
  const hint = 'Store one with: retain backtest --save FILE.';
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${file} is not JSON (${messageOf(error)})`, { hint, cause: error });
  }
  const stored = keyOf(keyOf(document, 'data'), 'backtest');
  if (stored === undefined) {
    const title = keyOf(keyOf(document, 'header'), 'title');
    const what = typeof title === 'string' ? `is the report of ${title}` : 'is no report of retain';
    throw new UserError(`${file} ${what}, not a stored backtest`, { hint });
  }
  const written = keyOf(stored, 'schema_version');
  if (written !== BACKTEST_SCHEMA) {
    const age = typeof written === 'number' && written > BACKTEST_SCHEMA ? 'a newer' : 'another';
    throw new UserError(
      `${file} was stored by ${age} version of retain (schema ${String(written)}; this one reads ${BACKTEST_SCHEMA})`,
      { hint: `${hint.slice(0, -1)}, with the version that shall read it.` },
    );
  }
  const parsed = result.safeParse(stored);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  const path = ['data', 'backtest', ...(first?.path ?? [])].map(String).join('.');
  throw new UserError(`${file}: ${path} cannot be read: ${first?.message ?? 'unknown fault'}`, { hint });
}

function keyOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;
}
