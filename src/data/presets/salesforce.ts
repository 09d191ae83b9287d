import type { ColumnMapping } from '../../contract/config.ts';
import type { Preset, PresetTable } from './preset.ts';

const NOT_DELETED = { is_deleted: ['false'], _fivetran_active: ['true'] };
const IDS = 'reports give 15-character ids that differ by case, the API 18: all become 18 with their checksum';
const CLOSE_DATES = 'the close date of an open opportunity is a plan: stage and amount count from that day on only';

function id(from: string): ColumnMapping {
  return { from, transform: 'salesforce_id' };
}

/** The standard objects under their API names, in the case the shape writes them: `AccountId`, `account_id`. */
function objects(shape: 'api' | 'export' | 'fivetran'): PresetTable[] {
  const say = (name: string) => (shape === 'fivetran' ? name : pascal(name));
  const also = shape === 'fivetran' ? ['_fivetran_synced'] : shape === 'api' ? ['attributes.type'] : [];
  const filter = shape === 'fivetran' ? NOT_DELETED : { IsDeleted: ['false', '0'] };
  const table = (
    name: string,
    file: RegExp,
    signature: readonly string[],
    target: string | undefined,
    columns: Readonly<Record<string, string | ColumnMapping | readonly (string | ColumnMapping)[]>> = {},
    rest: Partial<PresetTable> = {},
  ): PresetTable => ({
    shape,
    name,
    file,
    signature: [...signature.map(say), ...also],
    ...(target === undefined ? {} : { table: target, columns: renamed(columns, say), filter }),
    ...rest,
  });
  return [
    table(
      'account',
      /account/,
      ['id', 'name', 'parent_id', 'billing_country', 'owner_id'],
      'account',
      {
        account_id: id('id'),
        name: 'name',
        industry: 'industry',
        country: ['billing_country_code', 'billing_country'],
        csm: ['owner_name', 'owner_id'],
        created_date: 'created_date',
        parent_account_id: id('parent_id'),
        merged_into_account_id: id('master_record_id'),
        email_domain: 'website',
      },
      { notes: [IDS, 'the owner is taken for the CSM: correct it where owners are sales'] },
    ),
    table(
      'contact',
      /contact/,
      ['id', 'account_id', 'email', 'last_name', 'reports_to_id'],
      'contact',
      {
        contact_id: id('id'),
        account_id: id('account_id'),
        name: ['name', 'last_name'],
        email: 'email',
        role: 'title',
        joined_date: 'created_date',
        is_opted_out: 'has_opted_out_of_email',
      },
      { notes: [IDS] },
    ),
    table(
      'opportunity',
      /opportunity/,
      ['id', 'account_id', 'stage_name', 'close_date', 'is_won'],
      'opportunity',
      {
        opportunity_id: id('id'),
        account_id: id('account_id'),
        created_date: 'created_date',
        kind: {
          from: 'type',
          values: { Renewal: 'renewal', 'Existing Customer - Upgrade': 'upsell', 'Add-On': 'cross_sell' },
        },
        amount: 'amount',
        stage: 'stage_name',
        closed_date: 'close_date',
        is_won: 'is_won',
      },
      { notes: [IDS, CLOSE_DATES] },
    ),
    table(
      'case',
      /case/,
      ['id', 'account_id', 'case_number', 'closed_date', 'priority'],
      'ticket',
      {
        ticket_id: id('id'),
        account_id: id('account_id'),
        created_at: 'created_date',
        updated_at: 'last_modified_date',
        solved_at: 'closed_date',
        status: 'status',
        priority: 'priority',
        category: ['type', 'reason'],
        subject: 'subject',
        body: 'description',
        is_escalated: 'is_escalated',
        owner: 'owner_id',
        contact_id: id('contact_id'),
      },
      { notes: [IDS] },
    ),
    table(
      'contract',
      /contract/,
      ['id', 'account_id', 'start_date', 'end_date', 'contract_term'],
      'contract',
      {
        contract_id: id('id'),
        account_id: id('account_id'),
        start_date: 'start_date',
        term_end_date: 'end_date',
        notice_days: 'owner_expiration_notice',
      },
      { notes: [IDS, 'the end date of a contract object is the scheduled one'] },
    ),
    table(
      'task',
      /task/,
      ['id', 'account_id', 'who_id', 'activity_date', 'task_subtype'],
      'interaction',
      {
        interaction_id: id('id'),
        account_id: id('account_id'),
        occurred_at: ['completed_date_time', 'activity_date', 'created_date'],
        contact_id: id('who_id'),
        csm: 'owner_id',
        channel: { from: 'task_subtype', values: { Task: 'task', Email: 'email', Call: 'call', ListEmail: 'email' } },
        purpose: 'subject',
        notes: 'description',
      },
      {
        filter: { ...filter, [say('status')]: ['Completed'] },
        notes: [IDS, 'only completed tasks are contacts; planned ones are not'],
      },
    ),
    table(
      'event',
      /event/,
      ['id', 'account_id', 'who_id', 'start_date_time', 'event_subtype'],
      'interaction',
      {
        interaction_id: id('id'),
        account_id: id('account_id'),
        occurred_at: ['activity_date_time', 'start_date_time', 'activity_date'],
        contact_id: id('who_id'),
        csm: 'owner_id',
        channel: { value: 'meeting' },
        purpose: 'subject',
        notes: 'description',
      },
      { notes: [IDS] },
    ),
    table('account_history', /account_history/, ['id', 'account_id', 'field', 'new_value'], undefined),
    table('lead', /lead/, ['id', 'converted_account_id', 'is_converted', 'lead_source'], undefined),
    table('user', /user/, ['id', 'username', 'profile_id', 'user_role_id'], undefined),
    table('user_role', /role/, ['id', 'rollup_description', 'parent_role_id'], undefined),
    table('product_2', /product/, ['id', 'product_code', 'family', 'is_active'], undefined),
    table('order', /order/, ['id', 'account_id', 'effective_date', 'order_number'], undefined),
    table('opportunity_line_item', /line_item/, ['id', 'opportunity_id', 'total_price', 'unit_price'], undefined),
    table('opportunity_history', /opportunity_history/, ['id', 'opportunity_id', 'stage_name'], undefined),
  ];
}

function pascal(name: string): string {
  return name
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}

function renamed(
  columns: NonNullable<PresetTable['columns']>,
  say: (name: string) => string,
): NonNullable<PresetTable['columns']> {
  const one = (mapping: string | ColumnMapping): string | ColumnMapping => {
    if (typeof mapping === 'string') return say(mapping);
    return mapping.from === undefined ? mapping : { ...mapping, from: say(mapping.from) };
  };
  return Object.fromEntries(
    Object.entries(columns).map(([key, value]) => [
      key,
      Array.isArray(value) ? value.map(one) : one(value as string | ColumnMapping),
    ]),
  );
}

/** Salesforce CRM: reports with labels, data exports and API records under API names, Fivetran tables. */
export const salesforce: Preset = {
  vendor: 'salesforce',
  title: 'Salesforce',
  system: 'salesforce',
  tables: [
    ...objects('fivetran'),
    ...objects('api'),
    ...objects('export'),
    {
      shape: 'export',
      name: 'account report',
      file: /account/,
      signature: ['Account ID', 'Account Name', 'Account Owner'],
      table: 'account',
      columns: {
        account_id: id('Account ID'),
        name: 'Account Name',
        industry: 'Industry',
        country: ['Billing Country', 'Billing Country (text only)'],
        csm: ['Customer Success Manager', 'Account Owner'],
        created_date: 'Created Date',
        parent_account_id: id('Parent Account ID'),
        email_domain: 'Website',
      },
      notes: [IDS, 'dates of a report follow the locale of who ran it: their order is decided from the whole column'],
    },
    {
      shape: 'export',
      name: 'opportunity report',
      file: /opportunit/,
      signature: ['Opportunity ID', 'Account ID', 'Stage', 'Close Date'],
      table: 'opportunity',
      columns: {
        opportunity_id: id('Opportunity ID'),
        account_id: id('Account ID'),
        created_date: 'Created Date',
        kind: 'Type',
        amount: 'Amount',
        stage: 'Stage',
        closed_date: 'Close Date',
        is_won: 'Won',
      },
      notes: [IDS, CLOSE_DATES],
    },
    {
      shape: 'export',
      name: 'case report',
      file: /case/,
      signature: ['Case ID', 'Account ID', 'Case Number', 'Date/Time Opened'],
      table: 'ticket',
      columns: {
        ticket_id: id('Case ID'),
        account_id: id('Account ID'),
        created_at: 'Date/Time Opened',
        solved_at: 'Date/Time Closed',
        status: 'Status',
        priority: 'Priority',
        category: ['Type', 'Case Reason'],
        subject: 'Subject',
        body: 'Description',
        is_escalated: 'Escalated',
        owner: 'Case Owner',
      },
      notes: [IDS],
    },
  ],
};
