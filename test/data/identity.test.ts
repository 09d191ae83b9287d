import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultConfig } from '../../src/data/config.ts';
import { resolvePayers } from '../../src/data/identity.ts';
import { ingest } from '../../src/data/ingest.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import { UserError } from '../../src/lib/errors.ts';

const edge = (account_id: string, parent: string | null, merged: string | null = null) => ({
  account_id,
  parent_account_id: parent,
  merged_into_account_id: merged,
});

describe('resolvePayers', () => {
  it('gives a child without a contract to its nearest paying ancestor', () => {
    const edges = [edge('grandchild', 'child'), edge('child', 'middle'), edge('middle', 'top'), edge('lone', 'nobody')];
    expect(Object.fromEntries(resolvePayers(edges, new Set(['top', 'middle'])))).toEqual({
      grandchild: 'middle',
      child: 'middle',
    });
  });

  it('follows a merger to the survivor, whose contract it becomes', () => {
    const edges = [edge('old', null, 'new'), edge('office', 'old')];
    expect(Object.fromEntries(resolvePayers(edges, new Set(['old'])))).toEqual({ old: 'new', office: 'new' });
  });

  it('refuses circles and names their members', () => {
    expect(() => resolvePayers([edge('A', 'B'), edge('B', 'C'), edge('C', 'B')], new Set())).toThrow(
      /B, C are parents of each other/,
    );
    expect(() => resolvePayers([edge('A', null, 'B'), edge('B', null, 'A')], new Set())).toThrow(UserError);
  });

  it('always ends at a payer or at the account itself, whatever the forest', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(30), { minLength: 1, maxLength: 30 }), fc.array(fc.nat(30)), (parents, paying) => {
        // A parent has a smaller number, so there is no circle.
        const edges = parents.map((parent, index) => edge(`a${index}`, index === 0 ? null : `a${parent % index}`));
        const payers = new Set(paying.map((number) => `a${number}`));
        for (const [account, payer] of resolvePayers(edges, payers)) {
          expect(payers.has(account)).toBe(false);
          expect(payers.has(payer)).toBe(true);
        }
      }),
    );
  });
});

describe('joining systems', () => {
  it('joins three systems with three ids and no account export', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'retain-identity-'));
    const engine = await openDuckDB({ threads: 2 });
    const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
    write('contracts.csv', 'customer,sub,start\ncus_1,s1,2024-01-01\ncus_2,s2,2024-01-01\ncus_3,s3,2024-01-01\n');
    write(
      'alias.csv',
      'account,system,id\ncus_1,product,org-1\ncus_2,product,org-2\ncus_1,desk,77\ncus_2,desk,78\ncus_1,desk,99\ncus_2,desk,99\n',
    );
    write('contacts.csv', 'account,id,email\ncus_3,p3,Ann@three.example\ncus_1,p1,bob@one.example\n');
    write('usage.csv', 'org,sub,person,at\norg-1,,,2024-02-01\n,s2,,2024-02-01\n,,p3,2024-02-01\norg-9,,,2024-02-01\n');
    write('tickets.csv', 'id,org,from,at\nT1,77,,2024-02-01\nT2,,ANN@THREE.example,2024-02-01\nT3,99,,2024-02-01\n');
    write('surveys.csv', 'who,score,at\nbob@one.example,9,2024-02-01\n');
    const tables = {
      contract: [
        { file: 'contracts.csv', columns: { account_id: 'customer', contract_id: 'sub', start_date: 'start' } },
      ],
      account_alias: [{ file: 'alias.csv', columns: { account_id: 'account', system: 'system', external_id: 'id' } }],
      contact: [{ file: 'contacts.csv', columns: { account_id: 'account', contact_id: 'id', email: 'email' } }],
      usage: [
        {
          file: 'usage.csv',
          system: 'product',
          columns: { account_id: 'org', contract_id: 'sub', user_id: 'person', occurred_at: 'at' },
        },
      ],
      ticket: [
        {
          file: 'tickets.csv',
          system: 'desk',
          columns: { ticket_id: 'id', account_id: 'org', requester: 'from', created_at: 'at' },
        },
      ],
      survey: [{ file: 'surveys.csv', columns: { account_id: 'who', score: 'score', responded_at: 'at' } }],
    };
    const result = await ingest(
      engine,
      { ...defaultConfig(folder), tables },
      { cacheDirectory: join(folder, 'cache'), rejectsDirectory: join(folder, 'rejects') },
    );
    expect(await engine.rows('select account_id, count(*) as n from usage group by 1 order by 1 nulls last')).toEqual([
      { account_id: 'cus_1', n: 1 },
      { account_id: 'cus_2', n: 1 },
      { account_id: 'cus_3', n: 1 },
      { account_id: null, n: 1 },
    ]);
    // Desk id 99 names two accounts, so it names none.
    expect(await engine.rows('select ticket_id, account_id from ticket order by 1')).toEqual([
      { ticket_id: 'T1', account_id: 'cus_1' },
      { ticket_id: 'T2', account_id: 'cus_3' },
      { ticket_id: 'T3', account_id: null },
    ]);
    expect(await engine.rows('select account_id from survey')).toEqual([{ account_id: 'cus_1' }]);
    expect(result.feeds.find((feed) => feed.table === 'usage')?.joined_row_rate).toBe(0.75);
    expect(result.rejects.find((reject) => reject.table === 'ticket')?.unjoined).toBe(1);
    engine.close();
    rmSync(folder, { recursive: true, force: true });
  });
});
