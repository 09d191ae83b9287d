/**
 * The data contract: the canonical tables and columns that exports are mapped to (PRODUCT.md §3 in words, this file
 * in types). Ingest, init, check, the as-of views and the docs all read it; there is no second list.
 */

/** SQL type a column has in the cache. Money and measures are DECIMAL so that sums do not depend on thread order. */
export type ColumnType = 'id' | 'text' | 'date' | 'timestamp' | 'integer' | 'money' | 'rate' | 'boolean';

export const SQL_TYPES: Readonly<Record<ColumnType, string>> = {
  id: 'VARCHAR',
  text: 'VARCHAR',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
  integer: 'BIGINT',
  money: 'DECIMAL(18,4)',
  rate: 'DECIMAL(18,6)',
  boolean: 'BOOLEAN',
};

export interface ContractColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly required?: true;
  /**
   * The cell records something that happened: the as-of view shows it only from the day in this column on
   * (`self` = the cell is that day itself). The future-row test changes exactly these cells.
   */
  readonly happened?: 'self' | string;
}

export interface ContractTable {
  readonly name: string;
  readonly columns: readonly ContractColumn[];
  /** Columns that identify a row; empty where rows have no identity (events). */
  readonly key: readonly string[];
  /** Columns tried in order for the day a row became known when it carries no `known_at`. Empty: undated. */
  readonly known: readonly string[];
  /** At least one of each group must be mapped. */
  readonly oneOf?: readonly (readonly string[])[];
}

type Spec = readonly [name: string, type: ColumnType, mark?: string];

function table(
  name: string,
  key: readonly string[],
  known: readonly string[],
  specs: readonly Spec[],
  oneOf?: ContractTable['oneOf'],
): ContractTable {
  const columns: ContractColumn[] = specs.map(([column, type, mark]) => {
    if (mark === undefined) return { name: column, type };
    return mark === 'required' ? { name: column, type, required: true } : { name: column, type, happened: mark };
  });
  columns.push({ name: 'known_at', type: 'timestamp' });
  return oneOf === undefined ? { name, columns, key, known } : { name, columns, key, known, oneOf };
}

export const TABLES: readonly ContractTable[] = [
  table(
    'account',
    ['account_id'],
    ['created_date'],
    [
      ['account_id', 'id', 'required'],
      ['name', 'text'],
      ['plan', 'text'],
      ['industry', 'text'],
      ['country', 'text'],
      ['csm', 'text'],
      ['csm_since', 'date'],
      ['motion', 'text'],
      ['partner', 'text'],
      ['seats', 'integer'],
      ['created_date', 'date'],
      ['parent_account_id', 'id'],
      ['merged_into_account_id', 'id'],
      ['is_trial', 'boolean'],
      // Not in the list of PRODUCT §3, but two of its churn definitions read them: a churn date or flag on the account.
      ['churn_date', 'date', 'self'],
      ['is_churned_flag', 'boolean'],
      ['email_domain', 'text'],
    ],
  ),
  table(
    'account_alias',
    ['system', 'external_id'],
    [],
    [
      ['account_id', 'id', 'required'],
      ['system', 'text', 'required'],
      ['external_id', 'id', 'required'],
    ],
  ),
  table(
    'contact',
    ['account_id', 'contact_id'],
    ['joined_date'],
    [
      ['account_id', 'id', 'required'],
      ['contact_id', 'id', 'required'],
      ['name', 'text'],
      ['email', 'text'],
      ['role', 'text'],
      ['joined_date', 'date'],
      ['left_date', 'date', 'self'],
      ['is_opted_out', 'boolean'],
    ],
  ),
  table(
    'usage',
    [],
    ['occurred_at', 'period_end'],
    [
      ['account_id', 'id'],
      ['contract_id', 'id'],
      ['user_id', 'id'],
      ['email', 'text'],
      ['occurred_at', 'timestamp'],
      ['period_start', 'date'],
      ['active_users', 'integer'],
      ['feature', 'text'],
      ['event_count', 'integer'],
      ['duration_seconds', 'integer'],
      ['error_count', 'integer'],
      ['insert_id', 'id'],
    ],
    [
      ['account_id', 'contract_id', 'user_id', 'email'],
      ['occurred_at', 'period_start'],
    ],
  ),
  table(
    'ticket',
    ['ticket_id'],
    ['created_at'],
    [
      ['ticket_id', 'id', 'required'],
      ['account_id', 'id'],
      ['requester', 'id'],
      ['created_at', 'timestamp', 'required'],
      ['updated_at', 'timestamp', 'self'],
      ['solved_at', 'timestamp', 'self'],
      ['escalated_at', 'timestamp', 'self'],
      ['first_response_at', 'timestamp', 'self'],
      ['first_response_minutes', 'integer', 'first_response_at'],
      ['last_customer_reply_at', 'timestamp', 'self'],
      ['last_agent_reply_at', 'timestamp', 'self'],
      ['status', 'text', 'solved_at'],
      ['priority', 'text'],
      ['category', 'text'],
      ['product', 'text'],
      ['language', 'text'],
      ['problem_id', 'id'],
      ['subject', 'text'],
      ['body', 'text'],
      ['csat_score', 'rate', 'solved_at'],
      ['csat_comment', 'text', 'solved_at'],
      ['reopen_count', 'integer', 'updated_at'],
      ['is_escalated', 'boolean', 'escalated_at'],
      ['owner', 'text'],
      ['contact_id', 'id'],
    ],
    [['account_id', 'requester']],
  ),
  table(
    'contract',
    ['contract_id'],
    ['start_date'],
    [
      ['contract_id', 'id'],
      ['account_id', 'id', 'required'],
      ['start_date', 'date'],
      ['term_end_date', 'date'],
      ['ended_date', 'date', 'self'],
      ['cancelled_at', 'timestamp', 'self'],
      ['mrr_amount', 'money'],
      ['arr_amount', 'money'],
      ['currency', 'text'],
      ['quantity', 'rate'],
      ['unit', 'text'],
      ['unit_price', 'money'],
      ['list_amount', 'money'],
      ['discount_rate', 'rate'],
      ['pricing', 'text'],
      ['is_recurring', 'boolean'],
      ['seats', 'integer'],
      ['product', 'text'],
      ['plan', 'text'],
      ['billing_period', 'text'],
      ['is_auto_renew', 'boolean'],
      ['notice_days', 'integer'],
      ['is_trial', 'boolean'],
      ['is_churned_flag', 'boolean'],
    ],
    [['start_date', 'term_end_date']],
  ),
  table(
    'invoice',
    ['invoice_id'],
    ['issued_date', 'due_date'],
    [
      ['account_id', 'id', 'required'],
      ['invoice_id', 'id'],
      ['issued_date', 'date'],
      ['due_date', 'date', 'required'],
      ['paid_date', 'date', 'self'],
      ['amount', 'money'],
      ['currency', 'text'],
      ['status', 'text', 'paid_date'],
    ],
  ),
  table(
    'fx',
    ['month', 'currency'],
    ['month'],
    [
      ['month', 'date', 'required'],
      ['currency', 'text', 'required'],
      ['rate', 'rate', 'required'],
    ],
  ),
  table(
    'mrr_month',
    ['account_id', 'month', 'product'],
    ['month_end'],
    [
      ['account_id', 'id', 'required'],
      ['month', 'date', 'required'],
      ['mrr_amount', 'money', 'required'],
      ['currency', 'text'],
      ['product', 'text'],
      ['plan', 'text'],
      ['status', 'text'],
    ],
  ),
  table(
    'renewal',
    ['account_id', 'due_date'],
    ['decided_at', 'due_date'],
    [
      ['account_id', 'id', 'required'],
      ['due_date', 'date', 'required'],
      ['outcome', 'text', 'decided_at'],
      ['amount', 'money', 'decided_at'],
      ['reason_code', 'text', 'decided_at'],
      ['decided_at', 'timestamp', 'self'],
    ],
  ),
  table(
    'interaction',
    ['interaction_id'],
    ['occurred_at'],
    [
      ['account_id', 'id', 'required'],
      ['occurred_at', 'timestamp', 'required'],
      ['interaction_id', 'id'],
      ['contact_id', 'id'],
      ['csm', 'text'],
      ['channel', 'text'],
      ['direction', 'text'],
      ['purpose', 'text'],
      ['responded_at', 'timestamp', 'self'],
      ['notes', 'text'],
    ],
  ),
  table(
    'csm_call',
    ['account_id', 'said_at', 'kind'],
    ['said_at'],
    [
      ['account_id', 'id', 'required'],
      ['said_at', 'timestamp', 'required'],
      ['csm', 'text'],
      ['kind', 'text'],
      ['value', 'text'],
      ['amount', 'money'],
      ['reason_code', 'text'],
      ['note', 'text'],
    ],
  ),
  table(
    'survey',
    ['response_id'],
    ['responded_at', 'sent_at'],
    [
      ['account_id', 'id', 'required'],
      ['score', 'rate', 'responded_at'],
      ['response_id', 'id'],
      ['sent_at', 'timestamp'],
      ['responded_at', 'timestamp', 'self'],
      ['contact_id', 'id'],
      ['kind', 'text'],
      ['scale_max', 'rate'],
      ['comment', 'text', 'responded_at'],
    ],
  ),
  table(
    'goal',
    ['goal_id'],
    ['created_date'],
    [
      ['account_id', 'id', 'required'],
      ['title', 'text', 'required'],
      ['goal_id', 'id'],
      ['created_date', 'date'],
      ['weight', 'rate'],
      ['target_value', 'rate'],
      ['actual_value', 'rate', 'achieved_date'],
      ['due_date', 'date'],
      ['achieved_date', 'date', 'self'],
      ['value_amount', 'money', 'achieved_date'],
    ],
  ),
  table(
    'milestone',
    ['account_id', 'milestone'],
    ['planned_date'],
    [
      ['account_id', 'id', 'required'],
      ['milestone', 'text', 'required'],
      ['planned_date', 'date'],
      ['completed_date', 'date', 'self'],
      ['is_required', 'boolean'],
    ],
  ),
  table(
    'opportunity',
    ['opportunity_id'],
    ['created_date'],
    [
      ['account_id', 'id', 'required'],
      ['created_date', 'date', 'required'],
      ['opportunity_id', 'id'],
      ['kind', 'text'],
      ['product', 'text'],
      ['amount', 'money'],
      ['stage', 'text', 'closed_date'],
      ['closed_date', 'date', 'self'],
      ['is_won', 'boolean', 'closed_date'],
    ],
  ),
  table(
    'churn_event',
    ['account_id', 'churn_date'],
    ['churn_date'],
    [
      ['account_id', 'id', 'required'],
      ['churn_date', 'date', 'required'],
      ['reason_code', 'text'],
      ['comment', 'text'],
      ['is_reactivation', 'boolean'],
    ],
  ),
  table(
    'advocacy',
    ['account_id', 'requested_at', 'kind'],
    ['requested_at'],
    [
      ['account_id', 'id', 'required'],
      ['requested_at', 'timestamp', 'required'],
      ['kind', 'text'],
      ['contact_id', 'id'],
      ['completed_at', 'timestamp', 'self'],
      ['outcome', 'text', 'completed_at'],
      ['value_amount', 'money', 'completed_at'],
    ],
  ),
];

/** The contract of one table; throws for a name that is not in it. */
export function contractTable(name: string): ContractTable {
  const found = TABLES.find((item) => item.name === name);
  if (found === undefined) throw new Error(`${name} is not a table of the data contract`);
  return found;
}

/** Columns every cached table carries beside its own, with their SQL types. */
export const CACHE_COLUMNS: Readonly<Record<string, string>> = {
  /** Day at whose end the row is known; null = undated (known from the day retain first saw it). */
  known_on: 'DATE',
  /** Stable key of the row: its key columns, else a hash of its values and its order among equals. */
  row_key: 'VARCHAR',
  /** Export file the row came from, as written in the config. */
  source_file: 'VARCHAR',
};
