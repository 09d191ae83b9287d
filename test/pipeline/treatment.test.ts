import { describe, expect, it } from 'vitest';
import { defaultConfig } from '../../src/data/config.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { createRandom } from '../../src/lib/random.ts';
import { probabilitiesOfBasis } from '../../src/models/churn-model.ts';
import type { Panel } from '../../src/models/splits.ts';
import { fitBasis } from '../../src/pipeline/basis-fit.ts';
import { type BasisPanel, readBasis } from '../../src/pipeline/panel.ts';

/**
 * A panel of one date, 1 March. Of 100 accounts that nobody acts on 30 leave on day 40; the probes are acted on as their
 * names say, and `treated` more on day 10.
 */
async function panelOf(treated: number): Promise<Engine> {
  const engine = await openDuckDB({ threads: 1 });
  await engine.execute(`
    create table main.panel as select date '2024-03-01' as observation_date, account_id, 's' as segment, 'leave' as churn_basis,
      left_days is not null as is_leaving, case when left_days is null then 0 else 1 end as label,
      date '2024-07-01' as closed_on, false as is_unavoidable, false as is_worked, left_days::bigint as left_days, null::bigint as unavoidable_days,
      hash(account_id) % 7::double as seats
    from (
      select 'quiet-' || lpad(range::varchar, 3, '0') as account_id, case when range < 30 then 40 end as left_days from range(100)
      union all select 'treated-' || lpad(range::varchar, 3, '0'), null from range(${treated})
      union all select * from (values ('on-the-day', null), ('day-28', null), ('day-29', null), ('left-before', 12),
        ('since-before', null)) as probe
    );
    alter table main.panel drop column is_leaving;
    create table main.acted as
      select account_id, date '2024-03-11' as first_on, date '2024-03-11' as last_on from main.panel where account_id like 'treated%'
      union all select account_id, first_on, first_on from (values ('on-the-day', date '2024-03-01'), ('day-28', date '2024-03-29'),
          ('day-29', date '2024-03-30'), ('left-before', date '2024-03-13'), ('nobody', date '2024-03-13')) as act(account_id, first_on)
      union all values ('since-before', date '2024-02-01', date '2024-03-05')`);
  return engine;
}

describe('the treatment of a panel row', () => {
  it('is an act within 28 days after its date and before the account left', async () => {
    const engine = await panelOf(60);
    const { panel, accounts } = await readBasis(engine, 'leave', '2024-12-31', new Set(), { acted: 'main.acted' });
    const treated = accounts.filter((_, id) => panel.treatment?.[[...panel.account].indexOf(id)] === 1);
    expect(treated.filter((id) => !id.startsWith('treated'))).toEqual(['day-28', 'since-before']);
    expect(treated).toHaveLength(62);
    expect(panel.columns.map(({ name }) => name)).toEqual(['seats']);
    engine.close();
  });

  it('is none where nobody wrote an act down', async () => {
    const engine = await panelOf(60);
    const without = await readBasis(engine, 'leave', '2024-12-31', new Set());
    expect('treatment' in without.panel).toBe(false);
    engine.close();
  });
});

/**
 * Fourteen months of 200 accounts each. Silent ones leave at 40 % and the others at 10 % when nobody acts; most of the silent
 * are acted on, and then leave at a quarter of the odds.
 */
function company(isWrittenDown: boolean): BasisPanel {
  const random = createRandom(7);
  const rows = Array.from({ length: 14 * 200 }, (_, i) => {
    const silent = random() < 0.4;
    const treated = random() < (silent ? 0.6 : 0.1);
    const odds = (silent ? 2 / 3 : 1 / 9) / (treated ? 4 : 1);
    return { date: 19_000 + 30 * Math.floor(i / 200), silent, treated, label: random() < odds / (1 + odds) ? 1 : 0 };
  });
  const panel: Panel = {
    columns: [
      { name: 'days_silent', kind: 'continuous', values: Float64Array.from(rows, ({ silent }) => (silent ? 30 : 0)) },
      { name: 'seats', kind: 'continuous', values: Float64Array.from(rows, () => Math.floor(random() * 9)) },
    ],
    label: Uint8Array.from(rows, ({ label }) => label),
    weight: new Float64Array(rows.length).fill(1),
    account: Int32Array.from(rows.keys()),
    observation_date: Int32Array.from(rows, ({ date }) => date),
    closed_on: Int32Array.from(rows, ({ date }) => date + 90),
    ...(isWrittenDown ? { treatment: Uint8Array.from(rows, ({ treated }) => (treated ? 1 : 0)) } : {}),
  };
  return {
    panel,
    accounts: rows.map((_, i) => `a${String(i).padStart(4, '0')}`),
    segments: rows.map(() => 's'),
    left_days: Float64Array.from(rows, ({ label }) => (label === 1 ? 45 : Number.NaN)),
    unavoidable_days: new Float64Array(rows.length).fill(Number.NaN),
    column: (name) => panel.columns.find((column) => column.name === name),
  };
}

describe('a basis of a company where outreach works', () => {
  const config = defaultConfig('/nowhere');
  const asked = ['days_silent', 'seats'].map((name, j) => ({
    ...{ name, kind: 'continuous' as const, values: Float64Array.from(j === 0 ? [30, 0] : [4, 4]) },
  }));

  it('serves the risk when nobody acts, calibrated as well; untold of the acts it serves a lower one', async () => {
    const aware = await fitBasis(company(true), 'leave', config, '2023-07-01');
    const blind = await fitBasis(company(false), 'leave', config, '2023-07-01');
    expect([aware.verdict, blind.verdict]).toEqual(['model', 'model']);
    const [silent, other] = probabilitiesOfBasis(aware, asked);
    const [silentSeen] = probabilitiesOfBasis(blind, asked);
    // Standard errors: 450 untreated silent rows, .023; 2,400 / 1,120 of the rest below that.
    expect(Math.abs((silent ?? 0) - 0.4)).toBeLessThan(0.06);
    expect(Math.abs((other ?? 0) - 0.1)).toBeLessThan(0.03);
    // .4 · .4 + .6 · .143 = .246.
    expect(Math.abs((silentSeen ?? 0) - 0.246)).toBeLessThan(0.05);
    // Of the untreated .4 · .4 · .4 + .6 · .9 · .1 = .118 of .16 + .54 = .70: .169.
    expect(Math.abs(aware.base_rate - 0.169)).toBeLessThan(0.025);
    expect(JSON.stringify([aware.served, aware.refits])).not.toContain('"is_treated"');
  }, 240_000);
});
