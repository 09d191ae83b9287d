import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CellRow } from '../../src/contract/agent.ts';
import type { Config } from '../../src/contract/config.ts';
import type { CommonOptions } from '../../src/contract/options.ts';
import type { RunReport } from '../../src/contract/report.ts';
import { loadConfig, parseConfig } from '../../src/data/config.ts';
import { admitFeatures, customFeatures } from '../../src/data/custom-features.ts';
import { UserError } from '../../src/lib/errors.ts';
import { type Patch, writePatch } from '../../src/pipeline/proposals.ts';
import { judgeSignals, SIGNALS_LISTS, signals } from '../../src/pipeline/signals.ts';
import type { Workspace } from '../../src/pipeline/workspace.ts';
import { renderJson } from '../../src/reports/json.ts';
import { companyOf } from '../data/views-rows.ts';
import { TemporaryCompany } from '../helpers/night.ts';

const silent = { stage: () => undefined, detail: () => undefined, done: () => undefined, note: () => undefined };
const OPTIONS: CommonOptions = {
  format: 'json',
  quiet: true,
  debug: false,
  color: false,
  width: Number.POSITIVE_INFINITY,
  wait: 0,
  today: '2025-12-31',
  progress: silent,
};

async function rowsOf(list: RunReport['lists'][number] | undefined): Promise<CellRow[]> {
  const rows: CellRow[] = [];
  for await (const chunk of list?.rows ?? []) rows.push(...chunk);
  return rows;
}

async function text(report: RunReport): Promise<string> {
  let out = '';
  for await (const part of renderJson(report, { format: 'json', width: Number.POSITIVE_INFINITY, color: false }))
    out += part;
  return out;
}

/** Seventy accounts, a third of which stop using the product two months before their contract ends. */
async function company(change: (config: Config) => Config = (config) => config) {
  const accounts = Array.from({ length: 70 }, (_, i) => i);
  const leaves = (i: number) => i % 3 === 0;
  const endOf = (i: number) => `2024-${String(7 + (i % 5)).padStart(2, '0')}-${String(10 + (i % 15)).padStart(2, '0')}`;
  const days = Array.from({ length: 64 }, (_, week) =>
    new Date(Date.UTC(2024, 0, 3 + 7 * week)).toISOString().slice(0, 10),
  );
  const stops = (i: number, day: string) => leaves(i) && Date.parse(day) > Date.parse(endOf(i)) - 60 * 86_400_000;
  const made = await companyOf(
    {
      account: accounts.map((i) => ({ account_id: `a${i}`, created_date: '2024-01-01' })),
      contract: accounts.map((i) => ({
        contract_id: `c${i}`,
        account_id: `a${i}`,
        start_date: '2024-01-01',
        mrr_amount: 10 + (i % 7),
        ended_date: leaves(i) ? endOf(i) : null,
      })),
      usage: accounts.flatMap((i) =>
        days
          .filter((day) => !stops(i, day))
          .map((day) => ({ account_id: `a${i}`, occurred_at: `${day} 10:00:00`, event_count: 3 + (i % 4) })),
      ),
    },
    (base) =>
      change({
        ...base,
        model: { ...base.model, min_outcomes: 10, min_months: 4 },
      }),
  );
  return made;
}

function workspaceOf(engine: Workspace['engine'], config: Config): Workspace {
  return { engine, config, asOf: '2025-03-31' } as Workspace;
}

describe('retain signals', () => {
  it('finds the use that stops before the end and flags a column filled on leaving, silent about what has no values', async () => {
    const key = 'account.exit_score';
    const { engine, config } = await company((base) => ({
      ...base,
      custom: { [key]: { table: 'account', from: 'exit_score', kind: 'attribute' } },
      model: { ...base.model, features: [key] },
    }));
    try {
      await engine.execute('alter table account add column custom_exit_score varchar');
      await engine.execute(
        "update account set custom_exit_score = 'x' where account_id in (select account_id from contract where ended_date is not null)",
      );
      await admitFeatures(engine, customFeatures(config));
      const { register, lists } = await judgeSignals(workspaceOf(engine, config), OPTIONS);
      const leave = register.records.filter(({ churn_basis, segment }) => churn_basis === 'leave' && segment === null);
      const found = (name: string) => leave.find(({ signal }) => signal === name);
      const expected = { verdict: 'predicts', direction: 'as_expected' };
      expect(found('days_since_last_use')).toMatchObject({ ...expected, risky_expected: 'high', risky_found: 'high' });
      expect(found('event_count_28d')).toMatchObject({ ...expected, risky_found: 'low' });
      expect(found('ticket_count_90d')?.verdict).toBe('no_values');
      // Use ends 60 days before the decision: from then on it tells, and not before.
      expect(found('days_since_last_use')?.lead_days).toBeGreaterThan(20);
      expect(found('days_since_last_use')?.lead_days).toBeLessThanOrEqual(60);
      expect(found(key)?.verdict).toBe('leaks');
      expect(found(key)?.leak).toMatch(/of which 24 left.*tells the outcome; has no dates/);
      expect(found(key)?.q_value).toBeNull();
      expect(lists.map(({ name }) => name)).toEqual(SIGNALS_LISTS);
      const rows = await rowsOf(lists.find(({ name }) => name === 'signals'));
      expect(rows.length).toBe(register.records.length);
      expect(rows[0]?.['verdict']).toBe('leaks');
      expect(register.records.every(({ lift, lift_cap }) => lift === null || lift <= (lift_cap ?? 0) + 1e-9)).toBe(
        true,
      );
    } finally {
      engine.close();
    }
  });

  it('judges nothing on a dozen accounts, writes no proposal and gives the same bytes twice', async () => {
    const tiny = new TemporaryCompany();
    try {
      const options = { ...OPTIONS, data: tiny.folder, store: join(tiny.folder, '.retain') };
      const report = await signals(options);
      expect(report.summary).toMatch(/^No signal is judged: /);
      expect(report.summary).toContain('No weights or bands are proposed');
      expect(existsSync(join(tiny.folder, 'proposals'))).toBe(false);
      expect(await text(await signals(options))).toBe(await text(report));
      // A mistyped segment is no empty register, and proposes nothing on its way.
      await expect(signals({ ...options, segment: 'Nope' })).rejects.toThrow('no account has the segment "Nope"');
    } finally {
      tiny.remove();
    }
  });

  it('without a day of history is one sentence', async () => {
    const tiny = new TemporaryCompany();
    try {
      const early = { ...OPTIONS, data: tiny.folder, store: join(tiny.folder, '.retain'), asOf: '2010-01-01' };
      await expect(signals(early)).rejects.toThrow(UserError);
    } finally {
      tiny.remove();
    }
  });
});

describe('a proposal on disk', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'retain-proposal-'));
    writeFileSync(join(folder, 'retain.yaml'), 'version: 1\n');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const patch: Patch = {
    verb: 'signals',
    asOf: '2026-06-30',
    evidence: ['Weights: gain +0.050.'],
    change: { health: { bands: { red: 45, green: 75 } } },
  };

  it('is a valid part of a configuration with its evidence, and is written once', () => {
    const config = loadConfig(join(folder, 'retain.yaml'));
    const first = writePatch(config, patch);
    const again = writePatch(config, patch);
    expect(again).toEqual(first);
    expect(readdirSync(join(folder, 'proposals'))).toEqual(['2026-06-30-signals.yaml']);
    const written = readFileSync(join(folder, 'proposals', '2026-06-30-signals.yaml'), 'utf8');
    expect(written).toContain('# Weights: gain +0.050.');
    expect(written).toContain('# Try it:   retain compare retain.yaml proposals/2026-06-30-signals.yaml');
    expect(parseConfig(written, join(folder, 'x.yaml')).health.bands).toEqual({ red: 45, green: 75 });
    expect(readFileSync(join(folder, 'retain.yaml'), 'utf8')).toBe('version: 1\n');
  });

  it('leaves one that says something else where it is', () => {
    const config = loadConfig(join(folder, 'retain.yaml'));
    writePatch(config, patch);
    writePatch(config, { ...patch, change: { health: { bands: { red: 30, green: 75 } } } });
    expect(readdirSync(join(folder, 'proposals')).sort()).toEqual([
      '2026-06-30-signals-2.yaml',
      '2026-06-30-signals.yaml',
    ]);
  });

  it('that is no configuration is never written', () => {
    const config = loadConfig(join(folder, 'retain.yaml'));
    expect(() => writePatch(config, { ...patch, change: { health: { bands: { red: 80, green: 75 } } } })).toThrow();
    expect(existsSync(join(folder, 'proposals'))).toBe(false);
  });
});
