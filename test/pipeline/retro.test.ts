import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CellRow } from '../../src/contract/agent.ts';
import type { CommonOptions } from '../../src/contract/options.ts';
import type { RunReport } from '../../src/contract/report.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import { commitRows } from '../../src/ledger/index.ts';
import { UserError } from '../../src/lib/errors.ts';
import { retro } from '../../src/pipeline/retro.ts';
import { RETRO_LISTS } from '../../src/pipeline/retro-lists.ts';
import { TemporaryCompany } from '../helpers/night.ts';

const silent = { stage: () => undefined, detail: () => undefined, done: () => undefined, note: () => undefined };
const FIRST = '2024-12-29';
const NOW = '2025-05-30';

async function rowsOf(report: RunReport, name: string): Promise<CellRow[]> {
  const rows: CellRow[] = [];
  for await (const chunk of report.lists.find((list) => list.name === name)?.rows ?? []) rows.push(...chunk);
  return rows;
}

/**
 * fixtures/tiny, run on 29 December 2024 (and, replayed, on the eight Sundays before). Then a05 gives notice on 20 January
 * after an e-mail of 8 January; the terms of a03 (1 March) and a09 (20 March) run out. a13 and a14 had ended before.
 */
describe('a retro of the tiny company five months later', () => {
  const tiny = new TemporaryCompany();
  const options: CommonOptions = {
    data: tiny.folder,
    store: join(tiny.folder, '.retain'),
    asOf: NOW,
    format: 'json',
    quiet: true,
    debug: false,
    color: false,
    width: Number.POSITIVE_INFINITY,
    wait: 10,
    today: NOW,
    progress: silent,
  };
  const ledger = () => readFileSync(join(tiny.folder, '.retain', 'ledger.duckdb'));
  let report: RunReport;
  let before: Buffer;

  beforeAll(async () => {
    await tiny.run(FIRST);
    tiny.edit(
      'contracts.csv',
      'k05,a05,2023-02-15,2025-02-15,24000,20,basic,',
      'k05,a05,2023-02-15,2025-02-15,24000,20,basic,2025-01-20',
    );
    tiny.rewrite(
      'interactions.csv',
      (text) => `${text.trimEnd()}\ni90,a05,2025-01-08 10:00:00,,Dana,email,outbound,\n`,
    );
    const engine = await openDuckDB({ threads: 1 });
    await commitRows(engine, join(tiny.folder, '.retain', 'ledger.duckdb'), {
      decision: {
        rows: [
          {
            decision_id: 'd1',
            decided_on: '2025-01-02',
            account_id: 'a03',
            alert_id: `a03:${FIRST.replaceAll('-', '')}`,
            kind: 'disagree',
          },
          {
            decision_id: 'd2',
            decided_on: '2025-01-10',
            account_id: 'a08',
            kind: 'done',
            action_kind: 'touchpoint',
            action_reason: 'no_use',
          },
        ],
      },
      intervention: {
        rows: [
          { intervention_id: 'v1', account_id: 'a05', started_on: '2025-01-12', play: 'save' },
          // On the day it decided: too late to have kept it.
          { intervention_id: 'v2', account_id: 'a05', started_on: '2025-01-20', play: 'save' },
        ],
      },
      override_record: {
        rows: [
          {
            override_id: 'o1',
            account_id: 'a05',
            said_on: '2024-12-30',
            expires_on: '2025-03-30',
            author: 'Dana',
            reason: 'they told me',
            field: 'band',
            value: 'red',
          },
          {
            override_id: 'o2',
            account_id: 'a01',
            said_on: '2024-12-30',
            expires_on: '2025-03-30',
            author: 'Dana',
            reason: 'fine',
            field: 'band',
            value: 'green',
          },
        ],
      },
    });
    engine.close();
    before = ledger();
    report = await retro(options);
  }, 300_000);
  afterAll(() => tiny.remove());

  it('tells the story of each lost account as it stands in the rows', async () => {
    const lost = new Map((await rowsOf(report, 'lost_accounts')).map((row) => [String(row['account_id']), row]));
    expect([...lost.keys()]).toEqual(['a09', 'a03', 'a05', 'a13', 'a14']);
    // a05: its use fell in December, its term ended on 15 February. On the list of 29 December, 22 days before the notice;
    // the e-mail of 8 January came 12 days before it, the intervention of 12 January after that.
    expect(lost.get('a05')).toMatchObject({
      decided_on: '2025-01-20',
      ended_on: '2025-02-15',
      verdict: 'acted',
      arr_amount: 24000,
      first_signal: 'usage_drop',
      first_signal_on: FIRST,
      signals_seen: ['usage_drop', 'decision_due'],
      shown_count: 1,
      first_shown_on: FIRST,
      lead_days: 22,
      action_count: 2,
      first_action: 'email',
      first_action_on: '2025-01-08',
      lead_used_days: 12,
    });
    expect(lost.get('a05')?.['signals_silent']).toContain('no_use');
    expect(lost.get('a05')?.['signals_silent']).not.toContain('usage_drop');
    // a03: listed as well, 62 days before its term ran out; Dana disagreed and nobody did anything.
    expect(lost.get('a03')).toMatchObject({
      decided_on: '2025-03-01',
      verdict: 'shown',
      first_signal: 'users_drop',
      lead_days: 62,
      said: ['disagree'],
      action_count: 0,
      lead_used_days: null,
    });
    // a09: a decision that is due alone is no red fact; a13 and a14 had decided before the first list that anybody saw.
    expect(lost.get('a09')).toMatchObject({
      decided_on: '2025-03-20',
      verdict: 'silent',
      signals_seen: [],
      lead_days: null,
    });
    expect(lost.get('a13')).toMatchObject({ decided_on: '2024-12-20', verdict: 'silent', last_read_on: '2024-12-15' });
    expect(lost.get('a14')).toMatchObject({
      decided_on: '2024-12-10',
      ended_on: '2025-01-15',
      last_read_on: '2024-12-08',
    });
    expect(report.summary).toBe(
      '5 accounts left since the first reading: 1 shown and acted on, 1 shown, and no action is recorded, 3 had no signal.',
    );
  });

  it('counts who grew and says that they are too few', async () => {
    const growth = report.lists.find(({ name }) => name === 'growth');
    expect(growth?.headline).toMatch(/^too few outcomes: \d of 30 accounts that grew$/);
    const rows = await rowsOf(report, 'growth');
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) expect(row).toMatchObject({ verdict: 'too_few_outcomes', growth_rate: null });
  });

  it('holds people against the model, with their number', async () => {
    const people = new Map((await rowsOf(report, 'people')).map((row) => [String(row['kind']), row]));
    // Dana overrode a05 to red, and it left, and a01 to green, and it stayed; the model, which had no red band for either,
    // was right about a01 alone.
    expect(people.get('band_override')).toMatchObject({
      judged_count: 2,
      left_count: 1,
      human_right_count: 2,
      model_right_count: 1,
      differed_count: 1,
      human_right_where_differed: 1,
      low: null,
    });
    expect(people.get('band_override')?.['sentence']).toContain('too few to say who is better');
    // Calls of 20 December: a12 at −2 stayed, a01 at +2 stayed. a12's call of October lies before the first reading.
    expect(people.get('sentiment')).toMatchObject({
      judged_count: 2,
      left_count: 0,
      human_right_count: 1,
      model_right_count: 2,
    });
    const acceptance = await rowsOf(report, 'acceptance');
    expect(
      acceptance.map(({ what, name, accepted_count, refused_count }) => [what, name, accepted_count, refused_count]),
    ).toEqual([
      ['action', 'no_use', 1, 0],
      ['alert', 'users_drop', 0, 1],
    ]);
  });

  it('reads the ledger and leaves it as it was, and proposes nothing on five accounts', async () => {
    expect(ledger().equals(before)).toBe(true);
    expect(await rowsOf(report, 'proposed_changes')).toEqual([]);
    expect(existsSync(join(tiny.folder, 'proposals'))).toBe(false);
    expect(report.lists.find(({ name }) => name === 'predictions')?.headline).toMatch(
      /^too few outcomes: \d of 30 accounts$/,
    );
  });

  it('of one person says that only lost accounts are chosen', async () => {
    const own = await retro({ ...options, csm: 'eli' });
    expect(own.header.notes.at(-1)).toBe('Eli: lost accounts alone; every other list is of the whole book');
    const lost = await rowsOf(own, 'lost_accounts');
    expect(lost.length).toBeGreaterThan(0);
    expect(new Set(lost.map((row) => row['csm']))).toEqual(new Set(['Eli']));
    expect(report.header.notes.join(' ')).not.toContain('whole book');
  }, 120_000);

  it('has the lists that --list is checked against', () => {
    expect(report.lists.map(({ name }) => name)).toEqual(RETRO_LISTS);
  });

  it('before the first run is one sentence', async () => {
    await expect(retro({ ...options, asOf: '2024-10-01' })).rejects.toThrow(UserError);
  });
});
