import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { CellRow } from '../../src/contract/agent.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import { commitRun, readState } from '../../src/ledger/index.ts';
import { addDays } from '../../src/lib/dates.ts';
import { EMPTY_STATE, restoreState, step, stepRows } from '../../src/supervisor/index.ts';
import { account, book, decision, proposal, SETTINGS } from './book.ts';

test('a supervisor that lives through the ledger decides as one that stays in memory', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ledger-'));
  const file = join(folder, 'ledger.duckdb');
  const engine = await openDuckDB({ threads: 1 });
  try {
    let inMemory = EMPTY_STATE;
    const accounts = ['a', 'b', 'c'].map((id) => account(id, { csm: id === 'c' ? 'Ann' : null }));
    const decisions = [decision('2024-09-20', 'snooze', { alert_id: 'a:20240902', until: '2024-09-30' })];
    const touch = {
      agent: 'engagement',
      kind: 'touchpoint',
      reason: 'cadence',
      contact_id: 'eve',
      grounds: [],
    } as const;
    for (const [night, days] of [0, 7, 7, 8, 20, 27, 34, 62].entries()) {
      const day = addDays('2024-09-02', days);
      await readState(engine, file, ['alert', 'plan_action'], {
        asOf: day,
        part: {
          alert: { newestBy: 'alert_id' },
          plan_action: { having: { outcome: 'planned' }, since: addDays(day, -SETTINGS.contact_gap_days) },
        },
      });
      const restored = restoreState(
        (await engine.rows(`select * from alerts_asof('${day}'::date)`)) as CellRow[],
        (await engine.rows(`select * from state.plan_action where outcome = 'planned'`)) as CellRow[],
        SETTINGS,
      );
      const proposals = [
        ...(days < 20 ? [proposal('a', { rank_key: [1, Number.NaN, -0], value_amount: 0.1 + 0.2 })] : []),
        ...(days % 2 === 0 ? [proposal('b', { severity: days / 10 })] : []),
        proposal('c', touch),
      ];
      const result = step(restored, book(proposals, accounts), decisions, day, SETTINGS);
      const expected = step(inMemory, book(proposals, accounts), decisions, day, SETTINGS);
      expect({ ...result, state: { ...result.state, before: null } }).toEqual({
        ...expected,
        state: { ...expected.state, before: null },
      });
      inMemory = expected.state;
      const { alert, alert_event, plan_action } = stepRows(result);
      await commitRun(engine, file, {
        run: {
          ...{ run_id: `r${night}`, as_of: day, as_of_reason: '', started_at: '2024-10-02T00:00:00Z', version: '0' },
          ...{ seed: 1, config_hash: '', config: {}, inputs: [], status: 'ok', summary: '' },
        },
        dates: [day],
        tables: { alert: { rows: alert }, alert_event: { rows: alert_event }, plan_action: { rows: plan_action } },
        lists: [],
      });
    }
    expect(inMemory.alerts.map((one) => one.alert_id)).toContain('b:20240902');
  } finally {
    engine.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
