import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/data/config.ts';
import { sampleConfig } from '../../src/data/sample.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import { type Engine, quoteText } from '../../src/engine/engine.ts';
import { type SampleRequest, writeSample } from '../../src/pipeline/sample.ts';

const EVENTS = { threeExports: false, dailyUsage: false, gzip: false };
const LAST_DAY = '2026-06-30';

let root: string;

function request(directory: string, given: Partial<SampleRequest> = {}): SampleRequest {
  const silent = { stage() {}, detail() {}, done() {}, note() {} };
  return {
    directory: join(root, directory),
    accounts: 150,
    months: 24,
    end: LAST_DAY,
    usagePerAccount: 120,
    form: EVENTS,
    writeConfig: true,
    force: false,
    seed: 5,
    format: 'table',
    quiet: true,
    debug: false,
    color: false,
    width: 100,
    wait: 0,
    today: LAST_DAY,
    progress: silent,
    ...given,
  };
}

/** Every file under a directory with the hash of its bytes. */
function hashes(directory: string): Record<string, string> {
  const names = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return Object.fromEntries(
    names.map((name) => [
      name.slice(directory.length + 1),
      createHash('sha256').update(readFileSync(name)).digest('hex'),
    ]),
  );
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'retain-sample-'));
  await writeSample(request('one', { threads: 1 }));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('the files of a sample', () => {
  it('are the same bytes for the same seed on any number of threads', async () => {
    await writeSample(request('two', { threads: 2 }));
    const expected = hashes(join(root, 'one'));
    expect(Object.keys(expected)).toHaveLength(20);
    expect(hashes(join(root, 'two'))).toEqual(expected);
  });

  it('differ with the seed, also in the daily and compressed form', async () => {
    const form = { threeExports: false, dailyUsage: true, gzip: true };
    await writeSample(request('daily', { form }));
    await writeSample(request('daily-other', { form, seed: 6 }));
    const [mine, other] = [hashes(join(root, 'daily')), hashes(join(root, 'daily-other'))];
    expect(Object.keys(other)).toEqual(Object.keys(mine));
    const same = Object.keys(mine).filter((file) => mine[file] === other[file]);
    expect(same.sort()).toEqual(['fx.csv', 'retain.yaml', 'truth/event.csv']);
  });

  it('with a plain calendar tell the same company without dips, outages and missing feed', async () => {
    await writeSample(request('plain', { plainCalendar: true }));
    const [plain, planted] = [hashes(join(root, 'plain')), hashes(join(root, 'one'))];
    const other = Object.keys(planted).filter((file) => plain[file] !== planted[file]);
    expect(other.sort()).toEqual([
      'interactions.csv',
      'tickets.csv',
      'truth/event.csv',
      'truth/interaction.csv',
      'truth/ticket.csv',
      'usage.csv',
    ]);
    const kinds = readFileSync(join(root, 'plain/truth/event.csv'), 'utf8').match(/^\w+(?=,)/gm);
    expect(new Set(kinds)).toEqual(new Set(['kind', 'late_rows', 'leaking_column']));
    // Every use of the dips is also use without them, but for its errors, and there is more of it.
    const uses = (directory: string) =>
      readFileSync(join(root, directory, 'usage.csv'), 'utf8')
        .split('\n')
        .map((line) => line.split(',').slice(0, 6).join());
    const everything = new Set(uses('plain'));
    expect(uses('plain').length).toBeGreaterThan(uses('one').length);
    expect(uses('one').filter((line) => !everything.has(line))).toEqual([]);
  });

  it('with less outreach tell the same company, which then loses those it would have kept', async () => {
    await writeSample(request('none', { outreachPercent: 0 }));
    await writeSample(request('half', { outreachPercent: 50 }));
    expect(hashes(join(root, 'half'))).toEqual(hashes(join(root, 'one')));
    const read = (directory: string, file: string) => readFileSync(join(root, directory, file), 'utf8');
    expect(read('one', 'interactions.csv')).toMatch(/,outbound,save,/);
    expect(read('none', 'interactions.csv')).not.toMatch(/,save,/);
    // The same accounts with the same health; who leaves with outreach also leaves without it, on the same day or before.
    const leavers = (directory: string) => {
      const [head = '', ...lines] = read(directory, 'truth/account.csv').trim().split('\n');
      const at = head.split(',').indexOf('churn_decided_date');
      return new Map(lines.map((line) => [line.split(',')[0] ?? '', line.split(',')[at] ?? '']));
    };
    const [some, all] = [leavers('one'), leavers('none')];
    expect([...all.keys()]).toEqual([...some.keys()]);
    const count = (of: Map<string, string>) => [...of.values()].filter((left) => left !== '').length;
    expect(count(all)).toBeGreaterThan(count(some));
    for (const [account, left] of some) {
      if (left === '') continue;
      const without = all.get(account) ?? '';
      expect(without !== '' && without <= left, account).toBe(true);
    }
  });

  it('leave nothing behind and overwrite only when told to', async () => {
    expect(readdirSync(join(root, 'one'))).not.toContain('.partial');
    await expect(writeSample(request('one'))).rejects.toThrow('is not empty');
    await expect(writeSample(request('x', { accounts: 10 }))).rejects.toThrow('--accounts 10 is out of range');
    await expect(writeSample(request('x', { months: 12 }))).rejects.toThrow('--months 12 is out of range');
    writeFileSync(join(root, 'a-file'), '');
    await expect(writeSample(request('a-file'))).rejects.toThrow('is a file, not a directory');
    mkdirSync(join(root, 'three'));
    writeFileSync(join(root, 'three', 'usage.csv.gz'), 'an earlier form');
    writeFileSync(join(root, 'three', 'notes.txt'), 'not ours');
    const form = { threeExports: true, dailyUsage: false, gzip: false };
    await writeSample(request('three', { form, force: true }));
    expect(readdirSync(join(root, 'three')).sort()).toEqual([
      'notes.txt',
      'subscriptions.csv',
      'tickets.csv',
      'truth',
      'usage.csv',
    ]);
  });
});

describe('the exports', () => {
  let engine: Engine;
  const number = async (sql: string): Promise<number> => Number(Object.values((await engine.rows(sql))[0] ?? {})[0]);

  beforeAll(async () => {
    engine = await openDuckDB();
    for (const file of readdirSync(join(root, 'one')).filter((name) => name.endsWith('.csv'))) {
      await engine.execute(
        `create table ${file.slice(0, -4)} as from read_csv(${quoteText(join(root, 'one', file))}, header = true, sample_size = -1)`,
      );
    }
  });
  afterAll(() => engine.close());

  it('have unique keys', async () => {
    const keys = {
      accounts: 'account_id',
      contacts: 'contact_id',
      subscriptions: 'subscription_id',
      tickets: 'ticket_id',
      invoices: 'invoice_id',
      interactions: 'activity_id',
      surveys: 'response_id',
      goals: 'goal_id',
      opportunities: 'opportunity_id',
      advocacy: 'request_id',
      milestones: '(account_id, milestone)',
      account_alias: '(system, external_id)',
      fx: '(month, currency)',
    };
    for (const [table, key] of Object.entries(keys)) {
      expect(await number(`select count(*) - count(distinct ${key}) from ${table}`), table).toBe(0);
      expect(await number(`select count(*) from ${table}`), table).toBeGreaterThan(0);
    }
  });

  it('refer to rows that exist', async () => {
    const missing = (table: string, column: string, other: string) =>
      number(
        `select count(*) from ${table} where ${column} is not null and ${column}::varchar not in (select ${other})`,
      );
    const crm = 'account_id from accounts';
    for (const table of [
      'contacts',
      'interactions',
      'surveys',
      'goals',
      'milestones',
      'opportunities',
      'advocacy',
      'account_alias',
    ]) {
      expect(await missing(table, 'account_id', crm), table).toBe(0);
    }
    expect(await missing('accounts', 'parent_account_id', crm)).toBe(0);
    expect(await missing('accounts', 'merged_into_account_id', crm)).toBe(0);
    for (const table of ['interactions', 'surveys', 'advocacy']) {
      expect(await missing(table, 'contact_id', 'contact_id from contacts'), table).toBe(0);
    }
    const alias = (system: string) => `external_id from account_alias where system = '${system}'`;
    expect(await missing('usage', 'workspace_id', alias('product'))).toBe(0);
    expect(await missing('tickets', 'organization_id', alias('helpdesk'))).toBe(0);
    expect(await missing('tickets', 'requester_email', 'email from contacts')).toBe(0);
    for (const table of ['subscriptions', 'invoices'])
      expect(await missing(table, 'customer_id', alias('billing')), table).toBe(0);
  });

  it('use three ids that no two systems share', async () => {
    expect(await number('select count(*) - count(distinct external_id) from account_alias')).toBe(0);
    expect(
      await number('select count(*) from account_alias where external_id in (select account_id from accounts)'),
    ).toBe(0);
  });

  it('hold nothing that happened after their last day', async () => {
    const happened = {
      contacts: ['joined_date', 'left_date'],
      subscriptions: ['term_start', 'ended_at', 'cancel_requested_at'],
      tickets: ['created_at', 'updated_at', 'first_response_at', 'solved_at', 'escalated_at'],
      usage: ['occurred_at', 'loaded_at'],
      invoices: ['issued_date', 'paid_date'],
      interactions: ['occurred_at', 'responded_at'],
      surveys: ['sent_date', 'responded_date'],
      goals: ['created_date', 'achieved_date'],
      milestones: ['completed_date'],
      opportunities: ['created_date', 'closed_date'],
      advocacy: ['requested_date', 'completed_date'],
      accounts: ['created_date', 'csm_since'],
    };
    for (const [table, columns] of Object.entries(happened)) {
      for (const column of columns) {
        expect(
          await number(`select count(*) from ${table} where ${column}::date > date '${LAST_DAY}'`),
          `${table}.${column}`,
        ).toBe(0);
      }
    }
    expect(
      await number(
        `select count(*) from tickets where solved_at < created_at or first_response_at < created_at or updated_at < created_at`,
      ),
    ).toBe(0);
  });

  it('fill the leaking column exactly for those who have left, and keep the truth to itself', async () => {
    await engine.execute(
      `create table truth as from read_csv(${quoteText(join(root, 'one/truth/account.csv'))}, header = true, sample_size = -1)`,
    );
    expect(
      await number(`select count(*) from accounts a join truth t using (account_id)
        where (offboarding_score is not null) <> coalesce(churn_ended_date <= date '${LAST_DAY}', false)`),
    ).toBe(0);
    const planted = await engine.rows(`select column_name from information_schema.columns where table_name <> 'truth'
      and regexp_matches(column_name, 'health|hazard|probability|persuadable|stuck|mood|risk|signal|expansion|shrink|planted')`);
    expect(planted).toEqual([]);
  });

  it('are mapped by retain.yaml, column by column', async () => {
    for (const dailyUsage of [false, true]) {
      const directory = join(root, dailyUsage ? 'daily' : 'one');
      const config = parseConfig(
        sampleConfig({ threeExports: false, dailyUsage, gzip: dailyUsage }),
        join(directory, 'retain.yaml'),
      );
      expect(Object.keys(config.tables)).toHaveLength(14);
      for (const source of Object.values(config.tables).flat()) {
        const headings = (
          await engine.describe(`from read_csv(${quoteText(join(directory, source.file))}, header = true)`)
        ).map((column) => column.name);
        const wanted = Object.values(source.columns).map((mapping) =>
          typeof mapping === 'string' ? mapping : mapping.from,
        );
        expect(headings).toEqual(expect.arrayContaining(wanted.filter((name) => name !== undefined)));
      }
    }
  });

  it('can be joined in the three-exports form by what is in them', async () => {
    const directory = join(root, 'three');
    for (const name of ['subscriptions', 'tickets', 'usage']) {
      await engine.execute(
        `create table three_${name} as from read_csv(${quoteText(join(directory, `${name}.csv`))}, header = true, sample_size = -1)`,
      );
    }
    // A naive joiner: workspace from billing's metadata, then mail domain, then the name without its legal form.
    await engine.execute(`
      create macro domain_of(mail) as case when mail like '%@gmail.com' then null else split_part(mail, '@', 2) end;
      create table payer as select distinct customer_id, domain_of(customer_email) as domain, metadata_workspace_id as workspace_id,
        lower(regexp_replace(customer_name, '(,? (Inc|LLC|Ltd|GmbH|B\\.V)\\.?)$', '')) as name from three_subscriptions;`);
    const usage = await number(`
      with by_domain as (select workspace_id, mode(domain_of(user_email)) as domain from three_usage group by 1)
      select avg((workspace_id in (select workspace_id from payer where workspace_id is not null)
        or domain in (select domain from payer where domain is not null))::int) from three_usage join by_domain using (workspace_id)`);
    const tickets =
      await number(`select avg((domain_of(requester_email) in (select domain from payer where domain is not null)
      or coalesce(lower(organization_name) in (select name from payer), false))::int) from three_tickets`);
    expect(usage).toBeGreaterThan(0.96);
    expect(tickets).toBeGreaterThan(0.95);
    expect(
      await number(`select count(*) from (select distinct customer_id::varchar as id from three_subscriptions
        intersect select distinct organization_id::varchar from three_tickets)`),
    ).toBe(0);
  });
});
