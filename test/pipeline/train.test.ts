import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { TRAIN_LISTS, train } from '../../src/pipeline/train.ts';
import { TemporaryCompany } from '../helpers/night.ts';

describe('retain train', () => {
  const company = new TemporaryCompany();
  afterAll(() => company.remove());

  it('says what it found in whole sentences, has no list that --list would refuse, and finds the same again', async () => {
    const options = { ...company.options('table'), asOf: '2024-12-29' };
    const { report, cards } = await train(options);
    const names = report.lists.map(({ name }) => name);
    expect(names.filter((name) => !TRAIN_LISTS.includes(name))).toEqual([]);
    // Of the expansion model, lists that hold nothing are left out.
    expect(TRAIN_LISTS.filter((name) => !names.includes(name) && !name.endsWith('_expansion'))).toEqual([]);
    expect(report.summary).toMatch(
      /^Facts, not a forecast: .*\. Renewals: Facts, not a forecast: .*\. churn-.* serves/,
    );
    expect(report.warnings).toEqual([]);
    const models = readdirSync(join(company.folder, '.retain', 'models')).sort();
    expect(models).toHaveLength(2);
    expect(cards.map(({ file }) => file.endsWith('.md'))).toEqual([true, true]);
    const again = await train(options);
    expect(again.report.summary).toContain('the same model as before');
    expect(readdirSync(join(company.folder, '.retain', 'models')).sort()).toEqual(models);
  });

  it('says since when there is history, where that is too short for one date', async () => {
    const { report } = await train({ ...company.options('table'), asOf: '2024-02-15' });
    expect(report.summary).toContain(
      'Facts, not a forecast: no closed history to learn from: contracts and usage together begin on 31 Dec 2023, and a date to learn from needs 90 days before it. Renewals:',
    );
  });

  it('says which file is missing where nothing tells who pays', async () => {
    company.rewrite('retain.yaml', (text) => text.replace(/ {2}contract:\n(?: {4}.*\n)+/, ''));
    rmSync(join(company.folder, '.retain'), { recursive: true });
    const { report } = await train({ ...company.options('table'), asOf: '2024-12-29' });
    expect(report.warnings.map(({ what }) => what)).toContain(
      'no contracts are connected, so no account is known to pay',
    );
    const why = 'no contract and no monthly revenue says who paid, and since when';
    expect(report.summary).toContain(`Facts, not a forecast: no closed history to learn from: ${why}. Renewals: Facts`);
    expect(report.summary).toContain(`Expansion: Facts, not a forecast: no closed history to learn from: ${why}.`);
    expect(existsSync(join(company.folder, '.retain', 'ledger.duckdb'))).toBe(true);
  });
});
