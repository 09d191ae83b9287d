import type { Preset } from './preset.ts';

const UPLOADS =
  'exports are cut by upload time and repeat rows: each insert id counts once, and the last days are not complete';

/** Segment: calls of its API, warehouse tables of the same calls. */
export const segment: Preset = {
  vendor: 'segment',
  title: 'Segment',
  system: 'segment',
  tables: [
    {
      shape: 'api',
      name: 'track calls',
      file: /track|event|segment/,
      signature: ['messageId', 'event', 'userId', 'timestamp', 'type'],
      table: 'usage',
      columns: {
        account_id: ['context.groupId', 'properties.accountId', 'properties.account_id'],
        user_id: 'userId',
        occurred_at: ['timestamp', 'originalTimestamp'],
        feature: 'event',
        insert_id: 'messageId',
      },
      filter: { type: ['track'] },
      dedupe: { key: ['messageId'] },
      notes: ['only track calls are use; each messageId counts once'],
    },
    {
      shape: 'export',
      name: 'tracks',
      file: /track/,
      signature: ['id', 'event', 'user_id', 'received_at', 'original_timestamp'],
      table: 'usage',
      columns: {
        account_id: ['context_group_id', 'account_id', 'group_id'],
        user_id: 'user_id',
        occurred_at: ['timestamp', 'original_timestamp'],
        feature: 'event',
        insert_id: 'id',
      },
      dedupe: { key: ['id'] },
      notes: ['timestamp is when it happened, received_at when Segment got it'],
    },
    {
      shape: 'fivetran',
      name: 'track',
      file: /track/,
      signature: ['message_id', 'event', 'user_id', 'received_at', '_fivetran_synced'],
      table: 'usage',
      columns: {
        account_id: ['context_group_id', 'account_id'],
        user_id: 'user_id',
        occurred_at: ['timestamp', 'original_timestamp'],
        feature: 'event',
        insert_id: 'message_id',
      },
      dedupe: { key: ['message_id'] },
    },
    {
      shape: 'export',
      name: 'groups',
      file: /group/,
      signature: ['group_id', 'user_id', 'received_at', 'context_library_name'],
      table: 'account_alias',
      columns: { account_id: 'group_id', system: { value: 'segment_user' }, external_id: 'user_id' },
      dedupe: { key: ['user_id'], latest: 'received_at' },
      notes: ['group calls say which account a user belongs to; the newest counts'],
    },
  ],
};

/** Amplitude: the Export API's lines and its CSV download, Fivetran's event table. */
export const amplitude: Preset = {
  vendor: 'amplitude',
  title: 'Amplitude',
  system: 'amplitude',
  tables: [
    {
      shape: 'fivetran',
      name: 'event',
      file: /event/,
      signature: ['amplitude_id', 'event_type', 'event_time', 'server_upload_time', '_fivetran_synced'],
      table: 'usage',
      columns: {
        user_id: ['user_id', 'amplitude_id'],
        occurred_at: 'event_time',
        feature: 'event_type',
        insert_id: ['_insert_id', 'uuid', 'id'],
      },
      dedupe: { key: ['id'], latest: 'server_upload_time' },
      notes: [UPLOADS, 'the user id joins through contacts: Amplitude keeps accounts in groups'],
    },
    {
      shape: 'fivetran',
      name: 'event_type',
      file: /event_type/,
      signature: ['id', 'project_name', 'flow_hidden', 'totals', '_fivetran_synced'],
    },
    {
      shape: 'api',
      name: 'events',
      file: /event|amplitude|export/,
      signature: ['$insert_id', 'event_type', 'event_time', 'amplitude_id'],
      table: 'usage',
      columns: {
        account_id: [
          'groups.account_id.0',
          'groups.account_id',
          'groups.company.0',
          'groups.company',
          'user_properties.account_id',
        ],
        user_id: ['user_id', 'amplitude_id'],
        occurred_at: 'event_time',
        feature: 'event_type',
        insert_id: '$insert_id',
      },
      dedupe: { key: ['$insert_id'], latest: 'server_upload_time' },
      notes: [UPLOADS],
    },
    {
      shape: 'export',
      name: 'events',
      file: /event|amplitude/,
      signature: ['user_id', 'event_type', 'event_time', 'amplitude_id', 'insert_id'],
      table: 'usage',
      columns: {
        account_id: ['group_account_id', 'account_id'],
        user_id: ['user_id', 'amplitude_id'],
        occurred_at: 'event_time',
        feature: 'event_type',
        insert_id: 'insert_id',
      },
      dedupe: { key: ['insert_id'], latest: 'server_upload_time' },
      notes: [UPLOADS],
    },
  ],
};

const ZONE = 'time can be in the project’s time zone: set `timezone:` of this file when the project is not in UTC';

/** Mixpanel: the raw export's lines, its CSV, Fivetran's event table. */
export const mixpanel: Preset = {
  vendor: 'mixpanel',
  title: 'Mixpanel',
  system: 'mixpanel',
  tables: [
    {
      shape: 'fivetran',
      name: 'event',
      file: /event/,
      signature: ['event_id', 'distinct_id', 'insert_id', 'mp_processing_time_ms', '_fivetran_synced'],
      table: 'usage',
      columns: {
        account_id: ['account_id', 'company_id'],
        user_id: 'distinct_id',
        occurred_at: 'time',
        feature: 'name',
        insert_id: 'insert_id',
      },
      dedupe: { key: ['insert_id'], latest: 'mp_processing_time_ms' },
      notes: [ZONE, 'rows are repeated: each insert id counts once'],
    },
    {
      shape: 'api',
      name: 'raw export',
      file: /event|mixpanel|export/,
      signature: ['event', 'properties.time', 'properties.distinct_id', 'properties.$insert_id'],
      table: 'usage',
      columns: {
        account_id: ['properties.account_id', 'properties.company_id', 'properties.$group_id'],
        user_id: 'properties.distinct_id',
        occurred_at: { from: 'properties.time', transform: 'epoch_seconds' },
        feature: 'event',
        insert_id: 'properties.$insert_id',
      },
      dedupe: { key: ['properties.$insert_id'] },
      notes: [ZONE, 'rows are repeated: each insert id counts once'],
    },
    {
      shape: 'export',
      name: 'events',
      file: /event|mixpanel|export/,
      signature: ['Event Name', 'Time', 'Distinct ID', 'Insert ID'],
      table: 'usage',
      columns: {
        account_id: ['account_id', 'Account ID', 'Company'],
        user_id: 'Distinct ID',
        occurred_at: 'Time',
        feature: 'Event Name',
        insert_id: 'Insert ID',
      },
      dedupe: { key: ['Insert ID'] },
      notes: [ZONE, 'rows are repeated: each insert id counts once'],
    },
  ],
};
