import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/data/config.ts';
import { UserError } from '../../src/lib/errors.ts';
import { type InitRequest, init } from '../../src/pipeline/init.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'retain-init-test-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const silent = { stage: () => undefined, detail: () => undefined, done: () => undefined, note: () => undefined };

function request(force = false): InitRequest {
  return {
    directory,
    config: join(directory, 'retain.yaml'),
    force,
    format: 'table',
    quiet: true,
    debug: false,
    color: false,
    width: 100,
    wait: 0,
    today: '2024-12-31',
    progress: silent,
  };
}

const day = (index: number) => new Date(Date.UTC(2023, 0, 1 + index)).toISOString().slice(0, 10);
const range = (count: number) => Array.from({ length: count }, (_, index) => index);

/** Forty accounts, of which 35 have a churn event and only two an ended contract. */
function putCompany(): void {
  const put = (name: string, lines: readonly string[]) => writeFileSync(join(directory, name), `${lines.join('\n')}\n`);
  put('accounts.csv', [
    'account_id,account_name,industry,signup_date',
    ...range(40).map((i) => `A${i},Firm ${i},Health,${day(i)}`),
  ]);
  put('subscriptions.csv', [
    'subscription_id,account_id,start_date,end_date,mrr_amount,churn_flag',
    ...range(40).map((i) => `S${i},A${i},${day(i)},${i < 2 ? day(i + 100) : ''},100,${i < 2}`),
  ]);
  put('churn_events.csv', [
    'churn_event_id,account_id,churn_date,reason_code',
    ...range(35).map((i) => `C${i},A${i},${day(i + 100)},price`),
  ]);
  put('feature_usage.csv', [
    'usage_id,subscription_id,usage_date,feature_name,usage_count',
    ...range(2000).map((i) => `U${i},S${i % 40},${day(40 + (i % 300))},search,3`),
  ]);
}

describe('init', () => {
  it('writes a configuration that reads back, with the definition it took and why', async () => {
    putCompany();
    const report = await init(request());
    const file = join(directory, 'retain.yaml');
    const config = loadConfig(file);
    expect(config.data).toBe(directory);
    expect(Object.keys(config.tables).sort()).toEqual(['account', 'churn_event', 'contract', 'usage']);
    expect(config.churn.definition).toBe('churn_event');
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(/churn_event: 35 accounts/);
    expect(text).toMatch(/contract_chain: 2 accounts/);
    expect(text).toContain('ended_date: end_date');
    expect(report.warnings).toEqual([]);
    const lists = Object.fromEntries(report.lists.map((list) => [list.name, list]));
    expect(Object.keys(lists)).toEqual([
      'init_tables',
      'init_columns',
      'init_left_out',
      'init_churn_definitions',
      'init_yield',
    ]);
    expect(report.summary).toContain('The one export that would add most');
    expect(existsSync(join(directory, 'account_alias.csv'))).toBe(false);
  });

  it('writes the same file twice, and never without being told', async () => {
    putCompany();
    await init(request());
    const first = readFileSync(join(directory, 'retain.yaml'), 'utf8');
    await expect(init(request())).rejects.toThrow(/exists already/);
    await init(request(true));
    expect(readFileSync(join(directory, 'retain.yaml'), 'utf8')).toBe(first);
  });

  it.each([
    ['usage alone', true, 'there are', []],
    ['an account list and usage', false, 'pay: every list would be empty', ['retain check']],
  ])(
    'of %s says what is missing, and suggests no verb that could say nothing',
    async (_, isUsageAlone, missing, next) => {
      putCompany();
      rmSync(join(directory, 'subscriptions.csv'));
      rmSync(join(directory, 'churn_events.csv'));
      if (isUsageAlone) rmSync(join(directory, 'accounts.csv'));
      const usage = [
        'account_id,occurred_at,event',
        ...range(300).map((i) => `A${i % 40},${day(40 + i)} 10:00:00,search`),
      ];
      writeFileSync(join(directory, 'feature_usage.csv'), `${usage.join('\n')}\n`);
      const report = await init(request());
      expect(report.next.map((command) => command.replace(/ --config .*/, ''))).toEqual(next);
      expect(report.summary).toContain(`No file says which accounts ${missing}; put contracts, subscriptions`);
      expect(report.summary).toContain('The one export that would add most: contracts or subscriptions');
      for (const { remedy } of report.warnings) expect(remedy).not.toContain('correct the mapping');
      const found = report.lists.find(({ name }) => name === 'init_yield');
      expect(found?.headline).toMatch(/^0 of 4 lists/);
    },
  );

  it('refuses a directory without exports and one that is not there, in a sentence with a remedy', async () => {
    writeFileSync(join(directory, 'notes.csv'), 'colour,shade\nred,dark\n');
    const fault = await init(request()).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(UserError);
    expect(String(fault)).toContain('no table was recognised');
    expect(existsSync(join(directory, 'retain.yaml'))).toBe(false);
    await expect(init({ ...request(), directory: join(directory, 'nowhere') })).rejects.toThrow(/is not a directory/);
  });
});
