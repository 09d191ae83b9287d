import type { ColumnMapping } from '../../contract/config.ts';
import type { Preset, PresetTable } from './preset.ts';

const millis = (from: string): ColumnMapping => ({ from, transform: 'epoch_millis' });
const VERSIONS = 'history tables hold every version of a row: the newest of each id is read';

function events(kind: 'feature' | 'page'): PresetTable {
  return {
    shape: 'fivetran',
    name: `${kind}_event`,
    file: new RegExp(`^${kind}_event`),
    signature: ['account_id', 'visitor_id', 'timestamp', 'num_events', `${kind}_id`, 'param_parameter'],
    table: 'usage',
    columns: {
      account_id: 'account_id',
      user_id: 'visitor_id',
      occurred_at: 'timestamp',
      feature: `${kind}_id`,
      event_count: 'num_events',
    },
    notes: [`each row sums one visitor’s clicks on one ${kind} in an hour`],
  };
}

/** Pendo: reports as CSV, the aggregation API's rows, Fivetran tables. */
export const pendo: Preset = {
  vendor: 'pendo',
  title: 'Pendo',
  system: 'pendo',
  tables: [
    {
      shape: 'fivetran',
      name: 'account_history',
      file: /^account_history/,
      signature: ['id', 'id_hash', 'first_visit', 'last_visit', '_fivetran_synced', 'agent_name'],
      table: 'account',
      columns: {
        account_id: 'id',
        name: ['agent_name', 'salesforce_name'],
        plan: 'agent_planlevel',
        created_date: ['agent_creationdate', 'first_visit'],
        csm: 'salesforce_account_owner_email_c',
      },
      dedupe: { key: ['id'], latest: 'last_updated_at' },
      notes: [VERSIONS],
    },
    {
      shape: 'fivetran',
      name: 'visitor_account_history',
      file: /visitor_account/,
      signature: ['account_id', 'visitor_id', 'visitor_last_updated_at', '_fivetran_synced'],
      table: 'account_alias',
      columns: { account_id: 'account_id', system: { value: 'pendo_visitor' }, external_id: 'visitor_id' },
      dedupe: { key: ['visitor_id'], latest: 'visitor_last_updated_at' },
    },
    {
      shape: 'fivetran',
      name: 'visitor_history',
      file: /^visitor_history/,
      signature: ['id', 'account_id', 'id_hash', 'last_browser_name', '_fivetran_synced'],
      table: 'contact',
      columns: {
        contact_id: 'id',
        account_id: 'account_id',
        name: ['agent_full_name', 'agent_name'],
        email: ['agent_email', 'pendo_lastemail'],
        role: 'agent_role',
        joined_date: 'first_visit',
      },
      dedupe: { key: ['id'], latest: 'last_updated_at' },
      notes: [VERSIONS],
    },
    events('feature'),
    {
      shape: 'fivetran',
      name: 'event',
      file: /^event$/,
      signature: ['account_id', 'visitor_id', 'timestamp', 'num_events', 'num_minutes', 'page_id', '_fivetran_synced'],
    },
    {
      ...events('page'),
      signature: ['account_id', 'visitor_id', 'timestamp', 'num_events', 'page_id', 'param_parameter'],
    },
    {
      shape: 'fivetran',
      name: 'poll_event',
      file: /^poll_event/,
      signature: ['account_id', 'poll_id', 'poll_response', 'timestamp', '_fivetran_synced'],
      table: 'survey',
      columns: {
        account_id: 'account_id',
        contact_id: 'visitor_id',
        score: 'poll_response',
        responded_at: 'timestamp',
        kind: { value: 'nps' },
        scale_max: { value: 10 },
      },
      notes: ['polls are read as NPS answers; free-text answers have no score and are rejected'],
    },
    {
      shape: 'api',
      name: 'events',
      file: /event|usage|pendo/,
      signature: ['accountId', 'visitorId', 'day', 'numEvents'],
      table: 'usage',
      columns: {
        account_id: 'accountId',
        user_id: 'visitorId',
        occurred_at: millis('day'),
        feature: ['featureId', 'pageId'],
        event_count: 'numEvents',
      },
      notes: ['day is in milliseconds since 1970'],
    },
    {
      shape: 'api',
      name: 'accounts',
      file: /account/,
      signature: ['accountId', 'metadata.auto.firstvisit', 'metadata.auto.lastvisit'],
      table: 'account',
      columns: {
        account_id: 'accountId',
        name: ['metadata.agent.name', 'metadata.salesforce.name'],
        plan: 'metadata.agent.planlevel',
        created_date: millis('metadata.auto.firstvisit'),
      },
    },
    {
      shape: 'api',
      name: 'visitors',
      file: /visitor/,
      signature: ['visitorId', 'metadata.auto.accountid', 'metadata.auto.firstvisit'],
      table: 'contact',
      columns: {
        contact_id: 'visitorId',
        account_id: 'metadata.auto.accountid',
        email: 'metadata.agent.email',
        role: 'metadata.agent.role',
        joined_date: millis('metadata.auto.firstvisit'),
      },
    },
    {
      shape: 'export',
      name: 'feature usage report',
      file: /feature|usage|event|pendo/,
      signature: ['Account ID', 'Visitor ID', 'Feature', 'Date', 'Number of events'],
      table: 'usage',
      columns: {
        account_id: 'Account ID',
        user_id: 'Visitor ID',
        occurred_at: 'Date',
        feature: 'Feature',
        event_count: 'Number of events',
      },
    },
    {
      shape: 'export',
      name: 'account report',
      file: /account/,
      signature: ['Account ID', 'First visit', 'Last visit', 'Number of visitors'],
      table: 'account',
      columns: { account_id: 'Account ID', name: 'Account name', created_date: 'First visit' },
    },
  ],
};
