import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultConfig, loadConfig, parseConfig } from '../../src/data/config.ts';
import { DEFAULT_COMPONENTS, MEASURE_NAMES } from '../../src/data/config-defaults.ts';
import { UserError } from '../../src/lib/errors.ts';
import { editDistance, nearest } from '../../src/lib/spelling.ts';

const FILE = '/somewhere/company/retain.yaml';

function faultOf(text: string): { message: string; hint: string | undefined } {
  try {
    parseConfig(text, FILE);
  } catch (error) {
    if (error instanceof UserError) return { message: error.message.replace(`${FILE}:`, ''), hint: error.hint };
    throw error;
  }
  throw new Error('the configuration was taken');
}

describe('parseConfig', () => {
  it('fills every default for an empty file', () => {
    const config = parseConfig('', FILE);
    expect(config).toEqual({
      ...defaultConfig('/somewhere/company'),
      file: FILE,
      store: '/somewhere/company/.retain',
    });
    expect(config.capacity).toEqual({ rows_per_csm: 10, new_per_week: 5 });
    expect(config.churn).toMatchObject({ grace_days: 30, horizon_days: 90, definition: 'contract_chain' });
    expect(config.renewal).toMatchObject({ lead_days: 180, default_notice_days: 30 });
    expect(config.model).toMatchObject({ min_outcomes: 30, min_months: 12 });
    expect(config.alerts).toMatchObject({ assumed_days: 7, readings_to_close: 2, min_reading_gap_days: 7 });
    expect(config.facts['no_use']).toEqual({ enabled: true, red: true });
  });

  it('has the twelve measures in four components of weights 30, 25, 25, 20', () => {
    expect(MEASURE_NAMES).toHaveLength(12);
    expect(Object.values(DEFAULT_COMPONENTS).map((component) => component.weight)).toEqual([30, 25, 25, 20]);
    for (const component of Object.values(DEFAULT_COMPONENTS)) {
      expect(Object.keys(component.measures)).toHaveLength(3);
    }
  });

  it('takes a single source for a list of one and paths from the file', () => {
    const config = parseConfig(
      'data: ../exports\nstore: /var/retain\ntables:\n  account:\n    file: a.csv\n    columns: { account_id: Id }\n',
      FILE,
    );
    expect(config.data).toBe('/somewhere/exports');
    expect(config.store).toBe('/var/retain');
    expect(config.tables['account']).toEqual([{ file: 'a.csv', columns: { account_id: 'Id' } }]);
  });

  it('writes out the short forms of custom columns, segments and facts', () => {
    const config = parseConfig(
      [
        'custom:',
        '  account.Region: attribute',
        '  nps_pulse: { table: usage, from: pulse, kind: metric }',
        'segments:',
        '  large: { arr_amount: { min: 50000 } }',
        'facts:',
        '  csm_call_red: false',
        '  usage_drop: { red: false }',
      ].join('\n'),
      FILE,
    );
    expect(config.custom['account.Region']).toEqual({ table: 'account', from: 'Region', kind: 'attribute' });
    expect(config.custom['nps_pulse']).toEqual({ table: 'usage', from: 'pulse', kind: 'metric' });
    expect(config.segments).toEqual([{ name: 'large', when: { arr_amount: { min: 50000 } } }]);
    expect(config.facts['csm_call_red']).toEqual({ enabled: false, red: false });
    expect(config.facts['usage_drop']).toEqual({ enabled: true, red: false });
  });

  it('lays a part of a scorecard over the default one, also per segment', () => {
    const config = parseConfig(
      [
        'health:',
        '  components:',
        '    relationship: { weight: 10 }',
        '  segments:',
        '    smb:',
        '      components:',
        '        product_usage: { measures: { usage_trend: { weight: 3 } } }',
      ].join('\n'),
      FILE,
    );
    expect(config.health.components['relationship']).toEqual({ ...DEFAULT_COMPONENTS['relationship'], weight: 10 });
    const smb = config.health.segments['smb']?.components?.['product_usage'];
    expect(smb?.measures['usage_trend']).toEqual({ weight: 3, method: 'threshold', worst: -0.7, best: 0.2 });
    expect(smb?.weight).toBe(30);
  });

  it('reads a key with nothing after it as not given', () => {
    expect(parseConfig('custom:\ncurrency:\n', FILE).custom).toEqual({});
  });

  it('sorts renewal stages, most days first', () => {
    expect(parseConfig('renewal: { stages: [30, 90, 60] }', FILE).renewal.stages).toEqual([90, 60, 30]);
  });
});

describe('faults of a configuration', () => {
  const table = 'tables:\n  ticket:\n    file: t.csv\n    columns:\n      ticket_id: Id\n      account_id: Org\n';
  it.each([
    ['unknown key', 'seed: 3\ncapcity: {}\n', '2:1: capcity is not a known key; did you mean capacity?'],
    [
      'nested key',
      'alerts:\n  asumed_days: 3\n',
      '2:3: alerts.asumed_days is not a known key; did you mean assumed_days?',
    ],
    ['wrong type', 'capacity:\n  rows_per_csm: many\n', '2:17: capacity.rows_per_csm must be a number, not "many"'],
    ['out of range', 'health:\n  min_coverage: 5\n', '2:17: health.min_coverage must be at most 1, not 5'],
    [
      'unknown choice',
      'churn: { definition: cancelled }',
      '1:22: churn.definition must be one of contract_chain, cancel_request, churn_event, account_churn_date, contraction, inactivity, none, not "cancelled"',
    ],
    ['bands crossed', 'health:\n  bands: { red: 80 }\n', '2:3: health.bands must have red below green'],
    [
      'time zone',
      'timezone: Mars/Olympus\n',
      '1:11: timezone is not a time zone of the IANA list, e.g. UTC or Europe/Berlin, not "Mars/Olympus"',
    ],
    ['not a day', 'exported_at: 2024-02-30\n', '1:14: exported_at must be a day written YYYY-MM-DD, not "2024-02-30"'],
    [
      'unknown table',
      'tables:\n  tickets: { file: t.csv, columns: {} }\n',
      '2:3: tables.tickets is not a known key; did you mean ticket?',
    ],
    [
      'unknown column',
      `${table}      created_at: C\n      prioritty: P\n`,
      '8:7: tables.ticket.0.columns.prioritty is not a column of the table ticket; did you mean priority?',
    ],
    [
      'required column',
      table,
      '4:5: tables.ticket.0.columns must map created_at: the table ticket cannot be read without it',
    ],
    [
      'source key',
      'tables:\n  account:\n    - fil: a.csv\n      columns: { account_id: Id }\n',
      '3:7: tables.account.0.fil is not a known key; did you mean file? (and 1 more)',
    ],
    [
      'mapping of two kinds',
      'tables:\n  account:\n    file: a.csv\n    columns:\n      account_id: { from: Id, value: 3 }\n',
      '5:7: tables.account.0.columns.account_id needs exactly one of from, value and row_number',
    ],
    [
      'transform',
      'tables:\n  account:\n    file: a.csv\n    columns:\n      account_id: { from: Id, transform: cent }\n',
      '5:42: tables.account.0.columns.account_id.transform must be one of the known words, not "cent"; did you mean cents?',
    ],
    [
      'one of',
      'tables:\n  contract: { file: a.csv, columns: { account_id: A } }\n',
      '2:28: tables.contract.0.columns must map one of start_date, term_end_date for the table contract',
    ],
    [
      'period',
      'tables:\n  usage:\n    file: u.csv\n    columns: { account_id: A, period_start: W }\n',
      '2:3: tables.usage.0 maps period_start and must say its period: day, week or month',
    ],
    [
      'component',
      'health: { components: { product_usge: { weight: 1, combine: mean, measures: {} } } }',
      '1:25: health.components.product_usge is not a component; did you mean product_usage?',
    ],
    [
      'measure',
      'health: { components: { product_usage: { measures: { usage_tend: { weight: 1, method: peer } } } } }',
      '1:54: health.components.product_usage.measures.usage_tend is not a measure; did you mean usage_trend?',
    ],
    [
      'custom metric weighed',
      'custom: { usage.pulse: metric }\nhealth: { components: { product_usage: { measures: { usage.pulse: { weight: 1, method: peer } } } } }',
      '2:54: health.components.product_usage.measures.usage.pulse is a custom metric: segments can use it, a scorecard cannot read it',
    ],
    [
      'feature not declared',
      'custom: { account.region: attribute }\nmodel: { features: [account.regoin] }',
      '2:21: model.features.0 is account.regoin, which is not declared under custom; did you mean account.region?',
    ],
    [
      'custom table',
      'custom: { acount.region: attribute }',
      '1:11: custom.acount.region names the table acount, which does not exist',
    ],
    ['YAML', 'alerts:\n  - a\n b: 3\n', '3:1: is not valid YAML: All mapping items must start at the same column'],
    ['not a map', '- 1\n', '1:1: the configuration must be a group of keys'],
    ['duplicate key', 'seed: 1\nseed: 2\n', '2:1: is not valid YAML: Map keys must be unique'],
  ])('%s', (_, text, message) => {
    const fault = faultOf(text);
    expect(fault.message).toBe(message);
    expect(fault.hint).toBeTruthy();
  });

  it('names a missing file', () => {
    const file = join(resolve('/no/such/place'), 'retain.yaml');
    expect(() => loadConfig(file)).toThrow(/the configuration cannot be read/);
  });
});

describe('nearest', () => {
  it('counts a swap of neighbours as one edit', () => {
    expect(editDistance('asumed', 'assumed')).toBe(1);
    expect(editDistance('hte', 'the')).toBe(1);
    expect(editDistance('', 'abc')).toBe(3);
  });

  it('stays silent when nothing is near', () => {
    expect(nearest('zebra', ['capacity', 'alerts'])).toBeUndefined();
    expect(nearest('colour', ['color', 'column'])).toBe('color');
  });
});
