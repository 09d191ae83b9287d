/** A check whose `<id>.sql` gives (account_id, row_count) of the rows at fault. */
export interface Check {
  readonly id: string;
  readonly table: string;
  readonly severity: 'error' | 'warning' | 'info';
  /** What the counted rows do, after the count. */
  readonly words: string;
  readonly remedy: string;
  /** A select whose first column is listed after the message; `$as_of` is bound. */
  readonly detail?: string;
}

/** Every row check, in the order of the data contract. */
export const CHECKS: readonly Check[] = [
  {
    id: 'churn_event_without_flag',
    table: 'account',
    severity: 'warning',
    words: 'accounts have a churn event while their account row says not churned',
    remedy: 'Decide which source is right; retain reads churn from churn.definition alone.',
  },
  {
    id: 'churn_flag_without_event',
    table: 'account',
    severity: 'warning',
    words: 'accounts are flagged as churned without a churn event',
    remedy: 'Decide which source is right; retain reads churn from churn.definition alone.',
  },
  {
    id: 'contract_end_without_flag',
    table: 'contract',
    severity: 'warning',
    words: 'contracts contradict their own churn flag: flagged without an end, or ended without the flag',
    remedy: 'Map the column that holds the real end as ended_date.',
  },
  {
    id: 'contract_before_account',
    table: 'contract',
    severity: 'info',
    words: 'contracts start before their account was created',
    remedy: 'Check created_date of the account export.',
  },
  {
    id: 'ticket_before_account',
    table: 'ticket',
    severity: 'warning',
    words: 'tickets are older than the account they belong to',
    remedy: 'Check created_date of the account export, or the account id of the tickets.',
  },
  {
    id: 'interaction_before_account',
    table: 'interaction',
    severity: 'info',
    words: 'interactions are older than the account they belong to',
    remedy: 'Check created_date of the account export.',
  },
  {
    id: 'usage_before_contract',
    table: 'usage',
    severity: 'warning',
    words: 'usage rows are older than the start of the contract they name',
    remedy: 'Check the contract id of the usage export, or the start_date of the contracts.',
  },
  {
    id: 'usage_before_account',
    table: 'usage',
    severity: 'warning',
    words: 'usage rows are older than the account they belong to',
    remedy: 'Check created_date of the account export.',
  },
  {
    id: 'usage_after_end',
    table: 'usage',
    severity: 'info',
    words: 'usage rows are dated after the end of their contract or account',
    remedy: 'Access that runs on after the end is normal; many rows mean a wrong end column.',
  },
  {
    id: 'usage_negative',
    table: 'usage',
    severity: 'warning',
    words: 'usage rows carry a negative count or duration',
    remedy: 'Check the export; negative counts lower the sums.',
  },
  {
    id: 'usage_future',
    table: 'usage',
    severity: 'info',
    words: 'usage rows are dated after the as-of date and are not seen by this run',
    remedy: 'Give a later --as-of to include them.',
  },
  {
    id: 'end_before_start',
    table: 'contract',
    severity: 'warning',
    words: 'contracts end before they start',
    remedy: 'Check which columns are mapped as start_date, term_end_date and ended_date, and their date_order.',
  },
  {
    id: 'repeated_contract',
    table: 'contract',
    severity: 'warning',
    words: 'contract rows repeat the id and start of another',
    remedy: 'Remove the repeats, or add dedupe: to the contract file.',
  },
  {
    id: 'solved_before_created',
    table: 'ticket',
    severity: 'warning',
    words: 'tickets were answered or solved before they were created',
    remedy: 'Check the time zones of the two columns (timezone: of the file).',
  },
  {
    id: 'negative_money',
    table: 'contract',
    severity: 'warning',
    words: 'contracts carry a negative amount or number of seats',
    remedy: 'Credits belong in invoice; check the mapped columns of amount and seats.',
  },
  {
    id: 'negative_invoice',
    table: 'invoice',
    severity: 'info',
    words: 'invoices carry a negative amount (credit notes)',
    remedy: 'None needed where they are credit notes.',
  },
  {
    id: 'currency_without_rate',
    table: 'contract',
    severity: 'warning',
    words: 'contracts are in a currency without a rate and are in no total',
    remedy: 'Map an fx table (month, currency, rate).',
    detail: `select native_currency || ' ' || format('{:,}', cast(round(sum(list_arr_amount)) as bigint)) || ' a year'
      from contract_value(cast($as_of as date))
      where list_arr_amount is not null and fx_rate is null and is_open
      group by native_currency order by native_currency`,
  },
];
