import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom, randomInt } from '../../src/lib/random.ts';
import { bootstrapMetric, METRICS, meanWithinOrigins, rankByOrigin } from '../../src/models/metrics/index.ts';
import { ratesOfKinds } from '../../src/models/signals/kinds.ts';
import { type Signal, type SignalBook, signalRegister } from '../../src/models/signals/register.ts';
import { aucGain, strataOf, stratifiedAuc } from '../../src/models/signals/strata.ts';
import { timingOf } from '../../src/models/signals/timing.ts';
import { leadOf, riskyZone } from '../../src/models/signals/zone.ts';
import { permuteWithinDates } from '../../src/models/splits.ts';

/** Accounts seen every month; a tenth of those with a lasting trait and of the rest leave at its rate. */
function company(seed: number, accounts = 300, months = 18, strength = 1.2) {
  const random = createRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const rows: { account: number; date: number; left: number; trait: number; noise: number; slow: number }[] = [];
  for (let account = 0; account < accounts; account++) {
    const trait = normal();
    const slow = normal();
    let end = Number.NaN;
    for (let month = 0; month < months + 3; month++) {
      const chance = 1 / (1 + Math.exp(4.6 - strength * trait));
      if (random() < chance) {
        end = 30 * month + 1 + randomInt(random, 30);
        break;
      }
    }
    for (let month = 0; month < months; month++) {
      const date = 30 * month;
      if (date >= end) break;
      rows.push({ account, date, left: end - date, trait: trait + 0.5 * normal(), noise: normal(), slow });
    }
  }
  return {
    label: Uint8Array.from(rows, ({ left }) => (left <= 90 ? 1 : 0)),
    account: Int32Array.from(rows, ({ account }) => account),
    accountCount: accounts,
    observation_date: Int32Array.from(rows, ({ date }) => date),
    left_days: Float64Array.from(rows, ({ left }) => left),
    trait: Float64Array.from(rows, ({ trait }) => trait),
    noise: Float64Array.from(rows, ({ noise }) => noise),
    slow: Float64Array.from(rows, ({ slow }) => slow),
  };
}

function book(made: ReturnType<typeof company>, signals: readonly Signal[]): SignalBook {
  return { ...made, churn_basis: 'leave', segment: Array.from(made.label, () => 'one'), signals };
}

function signal(name: string, values: Float64Array, direction: Signal['direction'] = 0): Signal {
  return { name, kind: 'feature', group: 'usage', direction, values };
}

const OPTIONS = { min_outcomes: 30, lookback_days: 180 };

describe('the within-date AUC', () => {
  it('is the share of pairs of one date that are in order, ties half (naive twin)', () => {
    const row = fc.record({
      score: fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constant(Number.NaN)),
      label: fc.integer({ min: 0, max: 1 }),
      stratum: fc.integer({ min: 0, max: 3 }),
      account: fc.integer({ min: 0, max: 9 }),
    });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 60 }), (rows) => {
        const strata = strataOf(
          Int32Array.from(rows, ({ stratum }) => stratum),
          Int32Array.from(rows, ({ account }) => account),
          10,
        );
        const found = stratifiedAuc(
          Float64Array.from(rows, ({ score }) => score),
          Uint8Array.from(rows, ({ label }) => label),
          strata,
        );
        const known = rows.filter(({ score }) => !Number.isNaN(score));
        let sum = 0;
        let outcomes = 0;
        for (const a of known) {
          const others = known.filter(({ stratum, label }) => a.label === 1 && stratum === a.stratum && label === 0);
          if (others.length === 0) continue;
          outcomes++;
          sum +=
            others.reduce((all, b) => all + (a.score > b.score ? 1 : a.score === b.score ? 0.5 : 0), 0) / others.length;
        }
        if (outcomes === 0) expect(found.value).toBeNaN();
        else expect(found.value).toBeCloseTo(sum / outcomes, 12);
        if (outcomes > 0) expect(found.influence.reduce((all, part) => all + part, 0)).toBeCloseTo(0, 12);
      }),
    );
  });

  it('is worked out by hand', () => {
    // Date 0: outcome 3 against 1, 2, 3: two below, one tied: 2.5 of 3. Date 1: outcome 1 against 2: none. (2.5/3 + 0) / 2.
    const strata = strataOf(Int32Array.from([0, 0, 0, 0, 1, 1]), Int32Array.from([0, 1, 2, 3, 4, 5]), 6);
    const score = Float64Array.from([3, 1, 2, 3, 1, 2]);
    const label = Uint8Array.from([1, 0, 0, 0, 1, 0]);
    const found = stratifiedAuc(score, label, strata);
    expect(found.value).toBeCloseTo(2.5 / 6, 12);
    // Outcome accounts: (5/6 − 5/12) and (0 − 5/12), halved; others of date 0: a third of (above − 5/6): 1/18, 1/18, −1/9, halved;
    // the other of date 1 adds 0. Σ = 2·(5/24)² + 2·(1/36)² + (1/18)², times 6/5.
    const squares = 2 * (5 / 24) ** 2 + 2 * (1 / 36) ** 2 + (1 / 18) ** 2;
    expect(found.standard_error).toBeCloseTo(Math.sqrt((6 / 5) * squares), 12);
    expect(found).toMatchObject({ outcome_accounts: 2, other_accounts: 4, row_count: 6 });
  });

  it('has the value and, within a tenth, the standard error of the clustered bootstrap', () => {
    for (const seed of [1, 2, 3]) {
      const made = company(seed);
      const strata = strataOf(made.observation_date, made.account, made.accountCount);
      const found = stratifiedAuc(made.trait, made.label, strata);
      const rows = { score: made.trait, label: made.label };
      const drawn = bootstrapMetric(METRICS.roc_auc, rows, made.account, createRandom(5), {
        replicates: 600,
        origin: made.observation_date,
      });
      expect(found.value).toBeCloseTo(
        meanWithinOrigins(rankByOrigin(rows, made.observation_date), METRICS.roc_auc),
        12,
      );
      expect(found.standard_error / drawn.standard_error).toBeGreaterThan(0.9);
      expect(found.standard_error / drawn.standard_error).toBeLessThan(1.1);
    }
  });

  it('covers one half in nine draws of ten where nothing tells, also for a value that never moves', () => {
    let covered = 0;
    const draws = 200;
    for (let seed = 1; seed <= draws; seed++) {
      const made = company(seed, 200, 12, 0);
      const { low, high } = stratifiedAuc(
        made.slow,
        made.label,
        strataOf(made.observation_date, made.account, made.accountCount),
      );
      if (low <= 0.5 && high >= 0.5) covered++;
    }
    // 90 %; three binomial standard errors of 200 draws are 6 %.
    expect(covered / draws).toBeGreaterThan(0.84);
    expect(covered / draws).toBeLessThan(0.96);
  });

  it('pairs differences: of a score with itself the gain is 0 without error', () => {
    const made = company(4);
    const strata = strataOf(made.observation_date, made.account, made.accountCount);
    const trait = stratifiedAuc(made.trait, made.label, strata);
    const noise = stratifiedAuc(made.noise, made.label, strata);
    expect(aucGain(trait, trait)).toMatchObject({ value: 0, standard_error: 0 });
    expect(aucGain(trait, noise).low).toBeGreaterThan(0.1);
  });
});

describe('the register', () => {
  it('calls what was planted, with its direction, and nothing else', () => {
    const made = company(7);
    const turned = made.trait.map((value) => -value);
    const { records } = signalRegister(
      [
        book(made, [
          signal('as_expected', turned, 1),
          signal('reversed', made.trait, 1),
          signal('undeclared', made.trait),
          signal('noise', made.noise, -1),
          signal(
            'constant',
            made.trait.map(() => 3),
            1,
          ),
          signal(
            'missing',
            made.trait.map(() => Number.NaN),
            1,
          ),
          signal('outcome', Float64Array.from(made.label), -1),
          { ...signal('told', made.trait, -1), leak: 'filled on leaving' },
        ]),
      ],
      OPTIONS,
    );
    const verdicts = Object.fromEntries(records.map(({ signal: name, verdict }) => [name, verdict]));
    expect(verdicts).toEqual({
      as_expected: 'predicts',
      reversed: 'misleads',
      undeclared: 'predicts',
      noise: 'no_evidence',
      constant: 'no_values',
      missing: 'no_values',
      outcome: 'leaks',
      told: 'leaks',
    });
    const [expected, reversed] = records;
    expect(expected).toMatchObject({
      risky_expected: 'low',
      risky_found: 'low',
      direction: 'as_expected',
      timing: 'leading',
    });
    expect(reversed).toMatchObject({ risky_expected: 'low', risky_found: 'high', direction: 'reversed' });
    expect(reversed?.auc).toBeCloseTo(expected?.auc ?? 0, 12);
    expect(expected?.lift).toBeGreaterThan(1.5);
    expect(expected?.lift ?? 0).toBeLessThanOrEqual(expected?.lift_cap ?? 0);
    expect(records.find(({ signal: name }) => name === 'told')?.leak).toBe('filled on leaving');
  });

  it('calls at most a twentieth of what permuted labels leave, over 20 draws of 30 signals', () => {
    const made = company(9);
    const random = createRandom(1);
    const drift = (share: number) =>
      made.slow.map((value, i) => share * value + (1 - share) * (made.noise[i] as number));
    const signals = Array.from({ length: 30 }, (_, i) =>
      signal(`s${i}`, i % 3 === 0 ? made.trait.map((value) => value + random()) : drift((i % 5) / 4), 1),
    );
    let calls = 0;
    let drawsWithCalls = 0;
    for (let draw = 1; draw <= 20; draw++) {
      const label = permuteWithinDates(made.label, made.observation_date, createRandom(100 + draw));
      const { records, tested } = signalRegister([{ ...book(made, signals), label }], OPTIONS);
      expect(tested).toBe(30);
      const own = records.filter(({ verdict }) => verdict === 'predicts' || verdict === 'misleads').length;
      calls += own;
      if (own > 0) drawsWithCalls++;
    }
    expect(calls / 600).toBeLessThanOrEqual(0.05);
    expect(drawsWithCalls).toBeLessThanOrEqual(4);
  });

  it('says nothing of fewer leavers than it needs, and lets small segments stand with all', () => {
    const made = company(3, 60);
    const few = signalRegister([book(made, [signal('trait', made.trait)])], OPTIONS);
    expect(few.records[0]).toMatchObject({ verdict: 'too_few_outcomes', auc: null, p_value: null, risky_found: null });
    expect(few.tested).toBe(0);
    const large = company(3);
    const segment = Array.from(large.account, (account) => (account < 20 ? 'small' : account < 25 ? 'all' : 'large'));
    const { records, fallen } = signalRegister([{ ...book(large, [signal('trait', large.trait)]), segment }], OPTIONS);
    expect(records.map((record) => record.segment)).toEqual([null, 'large']);
    expect(fallen).toEqual([{ churn_basis: 'leave', segment: 'small', outcomes: expect.any(Number) }]);
  });
});

describe('lead time', () => {
  it('counts from the first date in the zone within the lookback, by hand', () => {
    // Account 0 leaves on day 200: in the zone on days 0 (too early), 60 and 120: lead 140. Account 1 leaves on day 100, never
    // in it. Account 2 stays: in the zone once within its last 180 days. Account 3 stays, never.
    const rows = [
      [0, 0, 200, 1],
      [0, 60, 140, 1],
      [0, 120, 80, 1],
      [1, 60, 40, 0],
      [2, 60, Number.NaN, 1],
      [2, 120, Number.NaN, 0],
      [3, 120, Number.NaN, 0],
    ] as const;
    const found = leadOf(
      {
        account: Int32Array.from(rows, ([account]) => account),
        observation_date: Int32Array.from(rows, ([, date]) => date),
        left_days: Float64Array.from(rows, ([, , left]) => left),
      },
      Uint8Array.from(rows, ([, , , zone]) => zone),
      180,
    );
    expect(found).toEqual({ lead_days: 140, caught_rate: 0.5, others_caught_rate: 0.5 });
  });

  it('takes ties whole into the riskiest tenth, up to a fifth', () => {
    const strata = strataOf(
      new Int32Array(10),
      Int32Array.from({ length: 10 }, (_, i) => i),
      10,
    );
    const zoneOf = (values: readonly number[]) => {
      const risk = Float64Array.from(values);
      return [...riskyZone({ values: risk }, risk, strata)].join('');
    };
    expect(zoneOf([9, 8, 7, 6, 5, 4, 3, 2, 1, 0])).toBe('1000000000');
    expect(zoneOf([9, 9, 7, 6, 5, 4, 3, 2, 1, 0])).toBe('1100000000');
    expect(zoneOf([9, 9, 9, 6, 5, 4, 3, 2, 1, 0])).toBe('0000000000');
    const score = Float64Array.from([10, 39, 40, 90, 50, Number.NaN, 41, 60, 70, 80]);
    expect([...riskyZone({ values: score, zone_below: 40 }, score, strata)].join('')).toBe('1100000000');
  });
});

describe('timing', () => {
  const part = (low: number, outcome_accounts = 40) => ({
    value: 0.6,
    standard_error: 0.05,
    low,
    high: 0.9,
    p_value: 0.1,
    outcome_accounts,
    other_accounts: 500,
    row_count: 900,
    influence: new Float64Array(0),
  });

  it('is leading beyond chance at 60 days, confirmatory only late, and undecided with few accounts', () => {
    expect(timingOf(part(0.51), part(0.55))).toBe('leading');
    expect(timingOf(part(0.49), part(0.55))).toBe('confirmatory');
    expect(timingOf(part(0.49), part(0.49))).toBe('undecided');
    expect(timingOf(part(0.51, 14), part(0.55))).toBe('undecided');
  });
});

describe('rates of kinds', () => {
  it('use only rows whose label had closed by the date', () => {
    const rows = {
      kinds: ['a', 'b', 'a', 'b', null],
      label: Uint8Array.from([1, 0, 1, 0, 1]),
      observation_date: Int32Array.from([0, 0, 100, 100, 100]),
      closed_on: Int32Array.from([90, 90, 190, 190, 190]),
    };
    const rates = ratesOfKinds(rows);
    // Base 1 of 2; kind a: (1 + 20 · 0.5) ÷ 21, kind b: (0 + 10) ÷ 21.
    expect([...rates]).toEqual([Number.NaN, Number.NaN, 11 / 21, 10 / 21, Number.NaN]);
    const later = ratesOfKinds({ ...rows, label: Uint8Array.from([1, 0, 0, 1, 0]) });
    expect([...later]).toEqual([...rates]);
  });
});
