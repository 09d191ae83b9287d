import type { Day } from '../contract/agent.ts';
import { BOUND_DAYS, type Engine } from '../engine/engine.ts';
import { placesByDay } from '../lib/dates.ts';
import { type ChangeBook, detectChanges } from '../models/change.ts';
import { writeColumns } from './context.ts';
import type { Derived, DerivedRelation } from './relations.ts';

/** Windows of 28 days handed to the change test: the newest, twelve before it, and the same weeks of last year. */
const WINDOWS = 14;
const METRICS = ['event_count', 'active_users'] as const;

/** `usage_change`: one row an active account and metric; whether its newest 28 days lie outside its own history. */
const usageChange: DerivedRelation = {
  name: 'usage_change',
  reads: ['account_state', 'usage_window', 'usage_anchor'],
  async compute(engine, dates) {
    const books = await readBooks(engine, dates);
    const changes = books.flatMap(({ asOf, accounts, book }) =>
      detectChanges(book).map((change) => ({ ...change, asOf, accounts })),
    );
    const all = <T>(pick: (change: (typeof changes)[number]) => Iterable<T>): T[] =>
      changes.flatMap((change) => [...pick(change)]);
    const numbers = (pick: (change: (typeof changes)[number]) => Iterable<number>) => ({
      type: 'DOUBLE' as const,
      values: Float64Array.from(all(pick)),
    });
    await writeColumns(engine, 'dated.usage_change', {
      as_of: { type: 'DATE', values: all(({ accounts, asOf }) => accounts.map(() => asOf)) },
      account_id: { type: 'VARCHAR', values: all(({ accounts }) => accounts) },
      metric: { type: 'VARCHAR', values: all(({ accounts, metric }) => accounts.map(() => metric)) },
      now_value: numbers((change) => change.nowValue),
      expected_value: numbers((change) => change.expectedValue),
      low_value: numbers((change) => change.lowValue),
      high_value: numbers((change) => change.highValue),
      effect: numbers((change) => change.effect),
      p_value: numbers((change) => change.pValue),
      q_value: numbers((change) => change.qValue),
      is_fact: { type: 'BOOLEAN', values: all((change) => Array.from(change.isFact, (flag) => flag === 1)) },
      history_windows: { type: 'INTEGER', values: Int32Array.from(all((change) => change.historyWindows)) },
    });
  },
};

interface DatedBook {
  readonly asOf: Day;
  readonly accounts: readonly string[];
  readonly book: ChangeBook;
}

/** What the change test asks of every date, from relations that stand for all of them. */
async function readBooks(engine: Engine, dates: readonly Day[]): Promise<DatedBook[]> {
  const bindings = { dates: dates.join(',') };
  const rows = await engine.columns(
    `select d.day, s.account_id, s.segment,
       least(coalesce(s.tenure_days - (d.day - a.anchor_on), 0), case when a.is_connected then a.anchor_on - a.first_on + 1 else 0 end) as known_days
     from ${BOUND_DAYS} as d, lateral (select * from account_state(d.day)) as s, lateral (select * from usage_anchor(d.day)) as a
     where s.status = 'active' and not s.is_unmatched order by d.day, s.account_id`,
    bindings,
  );
  const windows = await engine.columns(
    `select d.day, w.account_id, w.window_index, w.event_count, w.active_users
     from ${BOUND_DAYS} as d, lateral (select * from usage_window(d.day)) as w
     where w.window_index < ${WINDOWS} order by d.day, w.account_id, w.window_index`,
    bindings,
  );
  const rowsOf = placesByDay(rows.number('day'));
  const windowsOf = placesByDay(windows.number('day'));
  const [ids, names, known] = [rows.text('account_id'), rows.text('segment'), rows.number('known_days')];
  const [owners, index] = [windows.text('account_id'), windows.number('window_index')];
  const counts = METRICS.map((metric) => ({ metric, values: windows.number(metric) }));
  return dates.map((asOf) => {
    const [from, to] = rowsOf(asOf);
    const accounts = ids.slice(from, to).map((id) => id ?? '');
    const own = names.slice(from, to);
    const segments = [...new Set(own)].sort();
    const place = new Map(accounts.map((id, at) => [id, at]));
    const [first, end] = windowsOf(asOf);
    const metrics = counts.map(({ metric, values: all }) => {
      const values = new Float64Array(accounts.length * WINDOWS);
      for (let i = first; i < end; i++) {
        const account = place.get(owners[i] ?? '');
        if (account !== undefined && !Number.isNaN(all[i]))
          values[account * WINDOWS + (index[i] as number)] = all[i] as number;
      }
      return { metric, values };
    });
    return {
      asOf,
      accounts,
      book: {
        accountCount: accounts.length,
        windowCount: WINDOWS,
        segment: Int32Array.from(own, (name) => segments.indexOf(name)),
        knownDays: known.slice(from, to),
        metrics,
      },
    };
  });
}

/** Relations calculated by `models/` between the views and the agents, by name. */
export const DERIVED: Derived = new Map([[usageChange.name, usageChange]]);
