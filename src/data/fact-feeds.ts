/** Feed that each fact was read from; a stale feed's facts open nothing. */
export const FACT_FEEDS: Readonly<Record<string, readonly string[]>> = {
  no_use: ['usage'],
  usage_drop: ['usage'],
  users_drop: ['usage'],
  decision_due: ['contract'],
  term_ended_in_use: ['contract', 'usage'],
  champion_left: ['contact'],
  executive_left: ['contact'],
  priority_ticket: ['ticket'],
  invoice_overdue: ['invoice'],
  csm_call_red: ['csm_call'],
  risk_phrase: ['ticket', 'interaction', 'survey'],
};
