import type { Preset, PresetTable } from './preset.ts';

/** Zendesk writes a satisfaction answer as a word; unanswered offers are no answer. */
const SATISFACTION: Readonly<Record<string, string>> = { good: '1', bad: '0', offered: '', unoffered: '' };
const LIVE = { status: ['new', 'open', 'pending', 'hold', 'on-hold', 'solved', 'closed'] };
const REPEATS = 'incremental exports repeat tickets: the row with the newest update wins';

/** The objects of the tickets API, which the product's own JSON export writes one a line. */
function ticketObject(shape: 'api' | 'export', prefix = ''): PresetTable {
  return {
    shape,
    name: 'ticket',
    file: /ticket/,
    signature: ['id', 'requester_id', 'organization_id', 'submitter_id', 'status', 'created_at'].map(
      (name) => `${prefix}${name}`,
    ),
    table: 'ticket',
    columns: {
      ticket_id: `${prefix}id`,
      account_id: `${prefix}organization_id`,
      requester: `${prefix}requester_id`,
      created_at: `${prefix}created_at`,
      updated_at: `${prefix}updated_at`,
      solved_at: [`${prefix}metric_set.solved_at`, `${prefix}solved_at`],
      first_response_minutes: `${prefix}metric_set.reply_time_in_minutes.calendar`,
      last_customer_reply_at: `${prefix}metric_set.requester_updated_at`,
      last_agent_reply_at: `${prefix}metric_set.assignee_updated_at`,
      status: `${prefix}status`,
      priority: `${prefix}priority`,
      category: `${prefix}type`,
      problem_id: `${prefix}problem_id`,
      subject: `${prefix}subject`,
      body: `${prefix}description`,
      csat_score: { from: `${prefix}satisfaction_rating.score`, values: SATISFACTION },
      csat_comment: `${prefix}satisfaction_rating.comment`,
      reopen_count: `${prefix}metric_set.reopens`,
      owner: `${prefix}assignee_id`,
      contact_id: `${prefix}requester_id`,
    },
    filter: LIVE,
    dedupe: { key: [`${prefix}id`], latest: `${prefix}updated_at` },
    notes: [
      REPEATS,
      'first response is in calendar minutes; the business minutes beside it depend on schedules and are not used',
    ],
  };
}

/** The customers' people, whatever the shape of the file. */
const END_USERS = {
  table: 'contact',
  columns: {
    contact_id: 'id',
    account_id: 'organization_id',
    name: 'name',
    email: 'email',
    joined_date: 'created_at',
  },
  filter: { role: ['end-user'] },
  notes: ['agents and admins of your own team are left out'],
};

/** Zendesk Support. */
export const zendesk: Preset = {
  vendor: 'zendesk',
  title: 'Zendesk',
  system: 'zendesk',
  tables: [
    {
      ...ticketObject('api'),
      shape: 'fivetran',
      signature: ['id', 'requester_id', 'organization_id', 'submitter_id', 'status', '_fivetran_synced'],
      columns: {
        ticket_id: 'id',
        account_id: 'organization_id',
        requester: 'requester_id',
        created_at: 'created_at',
        updated_at: 'updated_at',
        status: 'status',
        priority: 'priority',
        category: 'type',
        problem_id: 'problem_id',
        subject: 'subject',
        body: 'description',
        owner: 'assignee_id',
        contact_id: 'requester_id',
      },
      notes: [
        REPEATS,
        'this table holds neither the day of solution nor satisfaction; tickets read as open until an export has them',
      ],
    },
    ticketObject('api'),
    {
      shape: 'export',
      name: 'ticket',
      file: /ticket/,
      signature: ['Id', 'Requester', 'Subject', 'Status', 'Created at', 'Updated at', 'Satisfaction Score'],
      table: 'ticket',
      columns: {
        ticket_id: 'Id',
        account_id: 'Organization',
        requester: ['Requester email', 'Requester id', 'Requester'],
        created_at: 'Created at',
        updated_at: 'Updated at',
        solved_at: 'Solved at',
        first_response_minutes: 'First reply time in minutes',
        status: 'Status',
        priority: 'Priority',
        category: 'Ticket type',
        subject: 'Subject',
        csat_score: {
          from: 'Satisfaction Score',
          values: { ...SATISFACTION, Good: '1', Bad: '0', Offered: '', 'Not Offered': '' },
        },
        reopen_count: 'Reopens',
        owner: 'Assignee',
      },
      filter: { Status: ['New', 'Open', 'Pending', 'Hold', 'On-hold', 'Solved', 'Closed'] },
      dedupe: { key: ['Id'], latest: 'Updated at' },
      notes: [
        REPEATS,
        'first response is in calendar minutes, not within business hours',
        'the organization is given by name',
      ],
    },
    {
      shape: 'fivetran',
      name: 'organization',
      file: /organi[sz]ation/,
      signature: ['id', 'name', 'shared_tickets', 'shared_comments', '_fivetran_synced'],
      table: 'account',
      columns: { account_id: 'id', name: 'name', created_date: 'created_at' },
      notes: ['organisations are accounts only until a CRM or billing export says who pays'],
    },
    {
      shape: 'api',
      name: 'organization',
      file: /organi[sz]ation/,
      signature: ['id', 'name', 'shared_tickets', 'shared_comments'],
      table: 'account',
      columns: { account_id: 'id', name: 'name', created_date: 'created_at', email_domain: 'domain_names' },
    },
    {
      shape: 'fivetran',
      name: 'user',
      file: /^users?(_data)?$/,
      signature: ['id', 'email', 'organization_id', 'role', 'ticket_restriction', '_fivetran_synced'],
      ...END_USERS,
    },
    {
      shape: 'api',
      name: 'user',
      file: /user/,
      signature: ['id', 'email', 'organization_id', 'role', 'ticket_restriction'],
      ...END_USERS,
    },
    {
      shape: 'fivetran',
      name: 'ticket_chat_event',
      file: /chat_event/,
      signature: ['chat_id', 'actor_id', 'chat_index'],
    },
  ],
};
