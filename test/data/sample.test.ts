import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildCompany } from '../../src/data/sample.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import type { Engine, Row } from '../../src/engine/engine.ts';

/** lowbias32 with 32-bit arithmetic: the twin of `scramble` and `draw_bits` in random.sql. */
function mix(x: number): number {
  let h = Math.imul(x ^ (x >>> 16), 569420461);
  h = Math.imul(h ^ (h >>> 15), 3545902487);
  return (h ^ (h >>> 15)) >>> 0;
}

describe('the planted truth', () => {
  let engine: Engine;
  const one = async (sql: string): Promise<Row> => (await engine.rows(sql))[0] ?? {};
  const number = async (sql: string): Promise<number> => Number(Object.values(await one(sql))[0]);

  beforeAll(async () => {
    engine = await openDuckDB();
    await buildCompany(engine, { accounts: 3000, seed: 20, months: 30, lastDay: '2026-06-30', usagePerAccount: 100 });
    await engine.execute('create table event as select * from usage_event');
  });
  afterAll(() => engine.close());

  it('draws the same 32 bits as a plain implementation', async () => {
    const keys = await engine.rows(`select stream_key('a test') as k`);
    const key = BigInt(Number(keys[0]?.k));
    const rows = await engine.rows(
      `select n, scramble('a test', n) as s, draw_bits('a test', n, n * 7 + 3) as d from range(0, 2000000, 99991) t(n)`,
    );
    for (const { n, s, d } of rows) {
      const item = BigInt(Number(n));
      const first = (item * 2654435769n + key) & 0xffffffffn;
      expect(s).toBe(mix(Number(first)));
      const second = (((first * 2246822519n) >> 13n) + (item * 7n + 3n) * 3266489917n) & 0xffffffffn;
      expect(d).toBe(mix(Number(second)));
    }
  });

  it('draws even, independent numbers', async () => {
    const row = await one(`
      select avg(a) as mean, var_pop(a) * 12 as spread, corr(a, next) as serial, corr(a, neighbour) as sideways, corr(a, other) as across
      from (
        select uniform('x', n // 100, n % 100) as a, uniform('x', n // 100, n % 100 + 1) as next,
          uniform('x', n // 100 + 1, n % 100) as neighbour, uniform('y', n // 100, n % 100) as other
        from range(400000) t(n))`);
    expect(Number(row.mean)).toBeCloseTo(0.5, 2);
    expect(Number(row.spread)).toBeCloseTo(1, 1);
    for (const name of ['serial', 'sideways', 'across']) expect(Math.abs(Number(row[name]))).toBeLessThan(0.007);
    // 4096 cells of pairs: chi-square over its degrees of freedom is 1 ± 0.022 (one standard error)
    const chi = await number(`
      select sum((n - 400000 / 4096.0) ** 2 / (400000 / 4096.0)) / 4095 from (
        select count(*) as n from range(400000) t(n)
        group by floor(uniform('x', n // 100, n % 100) * 64), floor(uniform('x', n // 100, n % 100 + 1) * 64))`);
    expect(chi).toBeGreaterThan(0.9);
    expect(chi).toBeLessThan(1.1);
  });

  it('moves latent health as a first-order autoregression of unit variance', async () => {
    const row = await one(`select var_pop(path) as v, corr(path, before) as r from (
      select path, lag(path) over (partition by i order by month_index) as before from latent)`);
    expect(Number(row.v)).toBeGreaterThan(0.9);
    expect(Number(row.v)).toBeLessThan(1.1);
    expect(Number(row.r)).toBeCloseTo(0.85, 1);
  });

  it('loses as many accounts as the true chances say, 1 to 2 % a month', async () => {
    const row = await one(`
      select count(*) filter (h.month_index = d.month_index) as churned, sum(p) as expected, sqrt(sum(p * (1 - p))) as spread
      from (select *, case when is_worked then probability_treated else probability_untreated end as p from decision) d
      left join churn h using (i)
      where d.decision_on <= getvariable('last_day')::date and (h.month_index is null or d.month_index <= h.month_index)`);
    const z = (Number(row.churned) - Number(row.expected)) / Number(row.spread);
    expect(Math.abs(z)).toBeLessThan(3);
    const months = await number(`select count(*) from activity where kind = 'customer'`);
    const rate = Number(row.churned) / months;
    expect(rate).toBeGreaterThan(0.01);
    expect(rate).toBeLessThan(0.02);
  });

  it('keeps chances true within deciles of the chance', async () => {
    const rows = await engine.rows(`
      select count(*) filter (is_left) as churned, sum(p) as expected, sqrt(sum(p * (1 - p))) as spread from (
        select d.i, d.month_index, p, coalesce(h.month_index = d.month_index, false) as is_left, ntile(10) over (order by p, d.i, d.month_index) as decile
        from (select *, case when is_worked then probability_treated else probability_untreated end as p from decision) d
        left join churn h using (i)
        where p > 0 and d.decision_on <= getvariable('last_day')::date and (h.month_index is null or d.month_index <= h.month_index))
      group by decile`);
    const counted = rows.filter((row) => Number(row.expected) > 10);
    expect(counted.length).toBeGreaterThan(4);
    for (const row of counted) {
      expect(Math.abs(Number(row.churned) - Number(row.expected)) / Number(row.spread)).toBeLessThan(3.5);
    }
  });

  it('lets health fall before the decision, except in the segment without a signal', async () => {
    const gap = (signal: boolean) =>
      number(`
        select (avg(d.past_health) filter (h.i is null) - avg(d.past_health) filter (h.month_index = d.month_index))
          / sqrt(var_samp(d.past_health) / count(*) filter (h.month_index = d.month_index))
        from decision d join company c using (i) left join churn h using (i)
        where c.has_signal = ${signal} and c.kind = 'customer' and d.decision_on is not null`);
    // in standard errors
    expect(await gap(true)).toBeGreaterThan(10);
    expect(Math.abs(await gap(false))).toBeLessThan(3);
    expect(
      await number(`select count(distinct probability_untreated) from decision d join company c using (i)
        where not c.has_signal and probability_untreated > 0`),
    ).toBe(2);
  });

  it('saves persuadable accounts only', async () => {
    const rows = await engine.rows(`
      select is_persuadable, count(*) as n, avg(probability_untreated) as untreated, avg(probability_treated) as treated,
        count(*) filter (is_worked) as worked
      from decision d join company c using (i) where probability_untreated > 0 and has_signal group by 1 order by 1`);
    expect(rows.map((row) => row.is_persuadable)).toEqual([false, true]);
    expect(rows[0]?.treated).toBeCloseTo(Number(rows[0]?.untreated), 9);
    expect(Number(rows[1]?.treated)).toBeLessThan(0.4 * Number(rows[1]?.untreated));
    for (const row of rows) expect(Number(row.worked)).toBeGreaterThan(100);
  });

  it('shows health in use, people, features, moods and answers', async () => {
    const row = await one(`
      select corr(active_people / seats, health) as people, corr(feature_breadth, health) as features
      from activity where kind = 'customer' and month_index > 4`);
    expect(Number(row.people)).toBeGreaterThan(0.7);
    expect(Number(row.features)).toBeGreaterThan(0.7);
    expect(
      await number(`select corr(score, health) from survey s join activity a
      on a.i = s.i and a.month_start = date_trunc('month', s.sent_on)`),
    ).toBeGreaterThan(0.5);
    const moods =
      await one(`select avg(health) filter (mood = 'positive') as good, avg(health) filter (mood = 'negative') as bad,
      avg(csat) filter (mood = 'positive') - avg(csat) filter (mood = 'negative') as csat from ticket where not is_outage`);
    expect(Number(moods.good) - Number(moods.bad)).toBeGreaterThan(0.8);
    expect(Number(moods.csat)).toBeGreaterThan(1.5);
  });

  it('leaves weekends, summers and year ends quiet, and a hole in the feed', async () => {
    const row = await one(`
      with daily as (select day, count(*) as n from event where isodow(day) < 5 group by day)
      select avg(n) filter (is_year_end(day)) / avg(n) filter (not is_year_end(day) and not is_summer(day)) as year_end,
        avg(n) filter (is_summer(day) and year(day) = 2025)
          / avg(n) filter (day between date '2025-06-01' and date '2025-07-17' or day between date '2025-08-26' and date '2025-10-10') as summer
      from daily`);
    expect(Number(row.year_end)).toBeLessThan(0.35);
    expect(Number(row.summer)).toBeGreaterThan(0.65);
    expect(Number(row.summer)).toBeLessThan(0.8);
    expect(await number('select count(*) from event where is_feed_gap(day)')).toBe(0);
    expect(await number('select count(*) from calendar where is_feed_gap')).toBe(6);
    const gap = await one(`select count(*) filter (not is_feed_gap) as open, count(*) as days from calendar
      where day not in (select day from event) and activity_weight >= 0`);
    expect(gap.open).toBe(0);
  });

  it('delivers one usage row in twenty-five a day or more late, none after the last day', async () => {
    const row = await one(
      `select avg((loaded_at > occurred_at + interval 1 day)::int) as late, max(loaded_at) as last from event`,
    );
    expect(Number(row.late)).toBeGreaterThan(0.034);
    expect(Number(row.late)).toBeLessThan(0.044);
    expect(String(row.last) < '2026-07-01').toBe(true);
  });

  it('floods the help desk on outage days', async () => {
    const row = await one(`
      with daily as (select k.day, k.is_outage, count(t.i) as n from calendar k left join ticket t on t.created_at::date = k.day
        where isodow(k.day) < 6 group by all)
      select avg(n) filter (is_outage) / avg(n) filter (not is_outage) as ratio from daily`);
    expect(Number(row.ratio)).toBeGreaterThan(6);
  });

  it('raises the odds after a champion has left, and stops that person using the product', async () => {
    expect(
      await number(`select avg(probability_untreated) filter (is_champion_gone) / avg(probability_untreated) filter (not is_champion_gone)
      from decision d join company c using (i) where probability_untreated > 0 and has_signal`),
    ).toBeGreaterThan(1.5);
    expect(
      await number(
        `select count(*) from event e join company c using (i) where e.person = 1 and e.day > c.champion_left_on`,
      ),
    ).toBe(0);
  });

  it('plants accounts ready, spiking and unready to buy, and accounts that shrink and stay', async () => {
    const rows = await engine.rows(`
      select expansion_class, avg(active_people / seats) filter (months between 0 and 2) as late_use,
        avg(active_people / seats) filter (months = 1) as spike, avg(active_people / seats) filter (months in (0, 2, 3)) as around
      from (select a.*, c.expansion_class, getvariable('month_count') - 1 - month_index as months from activity a join company c using (i)
        where a.decided_on is null) group by 1 order by 1`);
    const of = (name: string) => rows.find((row) => row.expansion_class === name) ?? {};
    expect(Number(of('ready').late_use)).toBeGreaterThan(0.9);
    expect(Number(of('unready').late_use)).toBeGreaterThan(0.9);
    expect(Number(of('spiking').spike)).toBeGreaterThan(0.95);
    expect(Number(of('spiking').around)).toBeLessThan(0.65);
    expect(await number(`select count(distinct i) from ticket where is_blocker`)).toBeGreaterThan(5);
    expect(
      await number(`
      select count(*) from (select i, seats - lag(seats) over (partition by i order by month_index) as step from activity)
      join company c using (i) where c.is_shrinker and step < 0 and i not in (select i from churn)`),
    ).toBeGreaterThan(8);
  });

  it('stops stuck onboardings at the planted step', async () => {
    const rows = await engine.rows(`
      select distinct number, avg(m.completed_on - c.start_on) filter (not c.is_stuck) as normal,
        avg((m.completed_on is null or m.completed_on > m.planned_on + 100)::int) filter (c.is_stuck and number >= c.stuck_at) as stuck,
        avg((m.completed_on is null)::int) filter (c.is_stuck and number < c.stuck_at) as open_before
      from milestone m join company c using (i) group by number order by number`);
    for (const row of rows.slice(2)) expect(Number(row.stuck)).toBeGreaterThan(0.95);
    for (const row of rows.slice(0, 2)) expect(Number(row.open_before)).toBe(0);
    expect(rows.map((row) => Number(row.normal)).every((days, k, all) => k === 0 || days > Number(all[k - 1]))).toBe(
      true,
    );
  });

  it('holds every kind of account, term and end', async () => {
    const kinds = await one(`
      select count(distinct motion) as motions, count(distinct kind) as kinds, count(distinct plan) as plans,
        count(*) filter (parent_i is not null and kind = 'customer') as children_who_pay, count(distinct csm) as csms,
        count(distinct name) as names, count(distinct workspace_id) as workspaces, count(distinct billing_id) as payers,
        count(*) filter (name is null or industry is null or motion is null or (csm is null and motion <> 'digital')) as holes
      from company`);
    expect(kinds).toMatchObject({
      motions: 4,
      kinds: 5,
      plans: 5,
      csms: 6,
      names: 3000,
      workspaces: 3000,
      payers: 3000,
      holes: 0,
    });
    expect(Number(kinds.children_who_pay)).toBeGreaterThan(10);
    const ends = await one(`
      select count(*) filter (requested_on is null) as silent, count(*) filter (ended_on > decided_on + 20) as long_before,
        count(*) filter (ended_on < term_end_date) as cut_short, count(*) filter (ended_on > getvariable('last_day')::date) as in_notice,
        count(*) filter (ended_on < decided_on) as impossible from churn`);
    expect(Number(ends.silent)).toBeGreaterThan(3);
    expect(Number(ends.long_before)).toBeGreaterThan(20);
    expect(Number(ends.cut_short)).toBeGreaterThan(3);
    expect(Number(ends.in_notice)).toBeGreaterThan(3);
    expect(ends.impossible).toBe(0);
    const terms = await engine.rows(
      `select distinct term_months, is_auto_renew from subscription where line = 'core' order by all`,
    );
    expect(terms).toHaveLength(3);
    expect(
      await number(`select count(*) from (select *, lead(from_day) over (partition by i, line order by number) as next_day from subscription)
        where ended_on < from_day or term_end < from_day or (next_day is not null and ended_on <> next_day - 1)`),
    ).toBe(0);
  });
});
