import type { Day } from '../contract/agent.ts';
import type { Engine } from '../engine/engine.ts';
import { type ChangeBook, detectChanges } from '../models/change.ts';
import { writeColumns } from './context.ts';
import type { DerivedRelation } from './relations.ts';

/** Windows of 28 days handed to the change test: the newest, twelve before it, and the same weeks of last year. */
const WINDOWS = 14;
const METRICS = ['event_count', 'active_users'] as const;

/** `usage_change`: one row an active account and metric; whether its newest 28 days lie outside its own history. */
const usageChange: DerivedRelation = {
  name: 'usage_change',
  reads: ['account_state', 'usage_window', 'usage_anchor'],
  async compute(engine, asOf) {
    const { accounts, book } = await readBook(engine, asOf);
    const changes = detectChanges(book);
    const all = <T>(pick: (change: (typeof changes)[number]) => Iterable<T>): T[] =>
      changes.flatMap((change) => [...pick(change)]);
    const numbers = (pick: (change: (typeof changes)[number]) => Iterable<number>) => ({
      type: 'DOUBLE' as const,
      values: Float64Array.from(all(pick)),
    });
    await writeColumns(engine, 'dated.usage_change', {
      as_of: { type: 'DATE', values: all((change) => Array.from(change.nowValue, () => asOf)) },
      account_id: { type: 'VARCHAR', values: all(() => accounts) },
      metric: { type: 'VARCHAR', values: all((change) => Array.from(change.nowValue, () => change.metric)) },
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

async function readBook(engine: Engine, asOf: Day): Promise<{ accounts: string[]; book: ChangeBook }> {
  const rows = await engine.columns(
    `select s.account_id, s.segment,
       least(coalesce(s.tenure_days - (cast($as_of as date) - a.anchor_on), 0), case when a.is_connected then a.anchor_on - a.first_on + 1 else 0 end) as known_days
     from dated.account_state as s cross join dated.usage_anchor as a
     where s.status = 'active' and not s.is_unmatched order by s.account_id`,
    { as_of: asOf },
  );
  const accounts = rows.text('account_id').map((id) => id ?? '');
  const names = rows.text('segment');
  const segments = [...new Set(names)].sort();
  const place = new Map(accounts.map((id, index) => [id, index]));
  const windows = await engine.columns(
    `select account_id, window_index, event_count, active_users from dated.usage_window where window_index < ${WINDOWS}`,
  );
  const ids = windows.text('account_id');
  const index = windows.number('window_index');
  const metrics = METRICS.map((metric) => {
    const values = new Float64Array(accounts.length * WINDOWS);
    const counts = windows.number(metric);
    for (let i = 0; i < ids.length; i++) {
      const account = place.get(ids[i] ?? '');
      if (account !== undefined && !Number.isNaN(counts[i]))
        values[account * WINDOWS + (index[i] as number)] = counts[i] as number;
    }
    return { metric, values };
  });
  return {
    accounts,
    book: {
      accountCount: accounts.length,
      windowCount: WINDOWS,
      segment: Int32Array.from(names, (name) => segments.indexOf(name)),
      knownDays: rows.number('known_days'),
      metrics,
    },
  };
}

/** Relations calculated by `models/` between the views and the agents, by name. */
export const DERIVED: ReadonlyMap<string, DerivedRelation> = new Map([[usageChange.name, usageChange]]);
