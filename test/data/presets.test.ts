import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/data/config.ts';
import { contractTable } from '../../src/data/contract.ts';
import { recognise } from '../../src/data/mapping.ts';
import { writeYaml } from '../../src/data/mapping-yaml.ts';
import { PRESETS } from '../../src/data/presets/index.ts';
import { openDuckDB } from '../../src/engine/duckdb.ts';
import type { Engine } from '../../src/engine/engine.ts';

const ROOT = fileURLToPath(new URL('../../fixtures/presets/', import.meta.url));

/** Tables expected of each folder, in the order in which they are proposed. */
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  'salesforce/export': ['account', 'opportunity'],
  'salesforce/api': ['account', 'ticket'],
  'salesforce/fivetran': ['account', 'interaction'],
  'hubspot/export': ['account', 'opportunity'],
  'hubspot/api': ['account', 'ticket'],
  'hubspot/fivetran': ['account', 'account_alias', 'ticket'],
  'zendesk/export': ['ticket', 'ticket'],
  'zendesk/api': ['account', 'ticket'],
  'zendesk/fivetran': ['account', 'ticket'],
  'intercom/export': ['account', 'ticket'],
  'intercom/api': ['account', 'ticket'],
  'intercom/fivetran': ['account', 'account_alias', 'ticket'],
  'stripe/export': ['contract'],
  'stripe/api': ['account', 'contract'],
  'stripe/fivetran': ['contract', 'invoice'],
  'chargebee/export': ['contract'],
  'chargebee/api': ['contract'],
  'chargebee/fivetran': ['contract'],
  'recurly/export': ['contract'],
  'recurly/api': ['contract'],
  'recurly/fivetran': ['account', 'contract'],
  'segment/export': ['usage'],
  'segment/api': ['usage'],
  'segment/fivetran': ['usage'],
  'amplitude/export': ['usage'],
  'amplitude/api': ['usage'],
  'amplitude/fivetran': ['usage'],
  'mixpanel/export': ['usage'],
  'mixpanel/api': ['usage'],
  'mixpanel/fivetran': ['usage'],
  'pendo/export': ['account', 'usage'],
  'pendo/api': ['usage'],
  'pendo/fivetran': ['account', 'usage'],
};

let engine: Engine;
beforeAll(async () => {
  engine = await openDuckDB({ threads: 1 });
});
afterAll(() => engine.close());

describe('presets', () => {
  it('has a fixture for every vendor and shape', () => {
    for (const { vendor } of PRESETS)
      expect(readdirSync(`${ROOT}${vendor}`).sort()).toEqual(['api', 'export', 'fivetran']);
  });

  it('maps only columns of the data contract', () => {
    for (const { vendor, tables } of PRESETS) {
      for (const { name, table, columns } of tables) {
        if (table === undefined) continue;
        const known = contractTable(table).columns.map((column) => column.name);
        expect(
          Object.keys(columns ?? {}).filter((column) => !known.includes(column)),
          `${vendor} ${name}`,
        ).toEqual([]);
      }
    }
  });

  it.each(Object.entries(EXPECTED))('recognises %s', async (folder, tables) => {
    const found = await recognise(engine, `${ROOT}${folder}`);
    expect(found.guesses.map((guess) => guess.table)).toEqual(tables);
    const [vendor = '', shape = ''] = folder.split('/');
    const title = PRESETS.find((preset) => preset.vendor === vendor)?.title ?? '';
    const words = { export: 'export', api: 'API', fivetran: 'Fivetran tables' }[shape] ?? '';
    for (const guess of found.guesses) {
      // Zendesk's own JSON export writes the API's objects, one a line.
      if (folder !== 'zendesk/export') expect(guess.shape).toContain(`${title} ${words}`);
      expect(guess.confidence).toBeGreaterThanOrEqual(0.85);
    }
    expect(found.leftOut.filter((item) => item.kind === 'unknown')).toEqual([]);
    const text = writeYaml({
      data: folder,
      guesses: found.guesses,
      leftOut: found.leftOut,
      notes: found.notes,
      currency: undefined,
      aliasFile: undefined,
      churn: undefined,
    });
    expect(Object.keys(parseConfig(text, '/x/retain.yaml').tables).sort()).toEqual([...new Set(tables)].sort());
  });

  it('leaves out known tables that retain does not need, and says so', async () => {
    const found = await recognise(engine, `${ROOT}salesforce/fivetran`);
    expect(found.leftOut).toEqual([
      {
        file: 'user_role.csv',
        kind: 'not_needed',
        reason: 'is the Salesforce Fivetran tables, table user_role; retain does not need it',
      },
    ]);
  });

  it('carries the traps: ids, cents, words of satisfaction, repeated rows, deleted rows', async () => {
    const mapping = async (folder: string, table: string, column: string) => {
      const { guesses } = await recognise(engine, `${ROOT}${folder}`);
      const guess = guesses.find((item) => item.table === table);
      return { guess, mapping: guess?.columns.find((item) => item.column === column)?.mapping };
    };
    expect((await mapping('salesforce/export', 'account', 'account_id')).mapping).toEqual({
      from: 'Account ID',
      transform: 'salesforce_id',
    });
    expect((await mapping('stripe/api', 'contract', 'unit_price')).mapping).toEqual({
      from: 'items.data.0.price.unit_amount',
      transform: 'minor_units',
      by: 'currency',
    });
    expect((await mapping('stripe/export', 'contract', 'mrr_amount')).mapping).toEqual({
      from: 'Amount',
      transform: 'per_interval_month',
      by: 'Interval',
    });
    const { guess, mapping: csat } = await mapping('zendesk/api', 'ticket', 'csat_score');
    expect(csat?.values).toMatchObject({ good: '1', bad: '0', unoffered: '' });
    expect(guess?.options.dedupe).toEqual({ key: ['id'], latest: 'updated_at' });
    expect(guess?.profile.jsonPath).toBe('tickets');
    expect((await mapping('zendesk/fivetran', 'ticket', 'ticket_id')).guess?.options.filter?.['status']).not.toContain(
      'deleted',
    );
    expect((await mapping('mixpanel/api', 'usage', 'occurred_at')).mapping).toEqual({
      from: 'properties.time',
      transform: 'epoch_seconds',
    });
  });
});
