/**
 * Words that headings and file names of exports use for the tables and columns of the data contract. Headings are
 * compared in the form `heading_words` (lower case, words joined by `_`, units in brackets dropped). Order counts: the
 * first word that fits is the surest.
 */
export interface TableHint {
  readonly table: string;
  /** What the file's name says when it holds this table. */
  readonly file: RegExp;
  /** Column groups of which one each must be found, else the file is not this table. */
  readonly core: readonly (readonly string[])[];
  /** Columns that set this table apart from others with the same keys. */
  readonly distinctive: string;
  /** Headings for each contract column, surest first, separated by blanks. */
  readonly columns: Readonly<Record<string, string>>;
}

/** Headings that name the paying organisation, surest first. */
export const ACCOUNT_HEADINGS =
  'account_id accountid account_number account_code account_key company_id companyid customer_id customerid client_id clientid organization_id organisation_id org_id tenant_id workspace_id billing_account_id payer_id payer account_uuid account customer company client organization organisation org tenant workspace customer_code customer_number customer_no account_name company_name customer_name client_name organization_name crm_id crm_account_id group_id';

const USER_HEADINGS =
  'user_id userid user member_id visitor_id person_id distinct_id login username actor_id actor end_user_id';
const EMAIL_HEADINGS = 'email email_address user_email mail e_mail contact_email requester_email customer_email';
const CONTRACT_HEADINGS =
  'contract_id subscription_id sub_id contract_number contract subscription agreement_id order_id licence_id license_id';
const CURRENCY = 'currency currency_code currency_iso_code iso_currency';
const CSM =
  'csm csm_name customer_success_manager csm_owner success_manager account_manager account_owner owner owner_name csm_email csm_id owner_id';
const PLAN =
  'plan plan_name plan_tier plan_type tier subscription_plan package edition plan_id plan_code original_plan product_plan contract_type subscription_type';
const SEATS =
  'seats seat_count licenses licences license_count licensed_users user_count number_of_seats seats_purchased users_licensed total_seats';
const MRR =
  'mrr_amount mrr monthly_recurring_revenue mrr_usd mrr_eur monthly_revenue monthly_amount monthly_price monthly_fee monthly_charges';
const ARR =
  'arr_amount arr annual_recurring_revenue arr_usd arr_eur acv annual_contract_value annual_value annual_amount contract_value yearly_amount';

/** Headings of an amount whose period the rest of the file must tell. */
export const AMOUNT_HEADINGS = 'amount price total revenue value total_amount net_amount subtotal fee payment';

export const TABLE_HINTS: readonly TableHint[] = [
  {
    table: 'account',
    file: /account|compan|customer|client|organi[sz]ation|tenant|workspace|school|\borgs?\b/,
    core: [['account_id']],
    distinctive:
      'name industry country created_date csm plan parent_account_id motion seats is_trial is_churned_flag churn_date',
    columns: {
      account_id: `${ACCOUNT_HEADINGS} id`,
      name: 'name account_name company_name customer_name company organization_name client_name display_name account customer school_name legal_name',
      plan: PLAN,
      industry: 'industry sector vertical industry_name',
      country: 'country country_code billing_country geography region location office_location',
      csm: CSM,
      csm_since: 'csm_since csm_assigned_at csm_start_date owner_since',
      motion: 'motion service_model touch_model coverage_model service_tier touch',
      partner: 'partner partner_name reseller channel_partner',
      seats: `${SEATS} total_teachers`,
      created_date:
        'created_date created_at created signup_date signed_up_at sign_up_date first_seen customer_since registration_date create_date signup_month onboarded_at joined_date account_created',
      parent_account_id:
        'parent_account_id parent_id parent parent_account subsidiary_of parent_company_id parent_company parent_customer_id ultimate_parent',
      merged_into_account_id: 'merged_into_account_id merged_into master_record_id merged_into_id',
      is_trial: 'is_trial trial on_trial',
      churn_date: 'churn_date churned_at churned_date churned_on lost_date date_churned',
      is_churned_flag: 'is_churned_flag churn_flag churned is_churned churn has_churned',
      email_domain: 'email_domain domain domain_name website web_site url',
    },
  },
  {
    table: 'account_alias',
    file: /alias|mapping|crosswalk|id_map/,
    core: [['account_id'], ['system'], ['external_id']],
    distinctive: 'system external_id',
    columns: {
      account_id: 'account_id',
      system: 'system source_system source',
      external_id: 'external_id foreign_id source_id',
    },
  },
  {
    table: 'contact',
    file: /contact|user|people|person|member|visitor|attendee|stakeholder/,
    core: [['account_id'], ['contact_id']],
    distinctive: 'email role name joined_date left_date is_opted_out',
    columns: {
      account_id: ACCOUNT_HEADINGS,
      contact_id: `contact_id ${USER_HEADINGS} id ${EMAIL_HEADINGS}`,
      name: 'name full_name contact_name display_name last_name',
      email: EMAIL_HEADINGS,
      role: 'role contact_role persona user_role job_title title position',
      joined_date: 'joined_date join_date created_at created_date created signup_date first_seen added_at invited_at',
      left_date: 'left_date left_at departed_at deactivated_at end_date removed_at left_company_date',
      is_opted_out: 'is_opted_out opted_out unsubscribed do_not_contact email_opt_out has_opted_out_of_email',
    },
  },
  {
    table: 'usage',
    file: /usage|event|activit|track|log\b|logs|engagement|analytic|session|login|metric|telemetry|feature_use|product_use|\bmau\b|\bdau\b|\bwau\b/,
    core: [
      ['account_id', 'contract_id', 'user_id', 'email'],
      ['occurred_at', 'period_start'],
    ],
    distinctive: 'feature event_count active_users duration_seconds error_count insert_id',
    columns: {
      account_id: ACCOUNT_HEADINGS,
      contract_id: CONTRACT_HEADINGS,
      user_id: USER_HEADINGS,
      email: EMAIL_HEADINGS,
      occurred_at:
        'occurred_at timestamp event_time event_timestamp event_at time datetime date_time ts event_date usage_date created_at created date day logged_at login_at used_at session_start activity_date',
      period_start:
        'period_start week week_start week_of week_starting month month_start period reporting_month usage_month usage_week',
      active_users:
        'active_users active_users_max active_user_count dau wau mau unique_users users_active distinct_users weekly_active_users monthly_active_users daily_active_users active_seats',
      feature:
        'feature feature_name event event_name event_type action activity feature_id module activity_type action_name page screen',
      event_count:
        'event_count usage_count count events quantity num_events actions uses hits total_events sessions logins n cnt login_count session_count',
      duration_seconds:
        'duration_seconds usage_duration_secs duration duration_secs seconds duration_sec time_spent_seconds session_seconds',
      error_count: 'error_count errors failures num_errors',
      insert_id: 'insert_id usage_id event_id message_id event_uuid uuid id log_id row_id',
    },
  },
  {
    table: 'ticket',
    file: /ticket|case|support|conversation|issue|helpdesk|incident/,
    core: [['ticket_id'], ['created_at'], ['account_id', 'requester']],
    distinctive:
      'priority status solved_at csat_score first_response_minutes first_response_at subject category escalated_at is_escalated reopen_count',
    columns: {
      ticket_id:
        'ticket_id ticket_number case_id case_number conversation_id issue_id issue_key ticket id number ticket_no',
      account_id: ACCOUNT_HEADINGS,
      requester:
        'requester requester_id requester_email reporter reporter_id contact_email user_id submitted_by opened_by customer_email user_email email',
      created_at:
        'created_at created opened_at submitted_at created_date open_date opened date_created ticket_created create_date opened_date submitted_date createdate date_opened date',
      updated_at: 'updated_at updated last_modified_at last_modified_date modified_at last_updated updated_date',
      solved_at:
        'solved_at resolved_at closed_at closed_date resolved_date resolution_date close_date date_closed closed resolved solved completed_at',
      escalated_at: 'escalated_at escalation_date escalated_date escalated_on',
      first_response_at:
        'first_response_at first_reply_at first_responded_at first_agent_reply_date first_response_date responded_at',
      first_response_minutes:
        'first_response_minutes first_response_time_minutes first_reply_time_in_minutes first_reply_minutes first_response_time response_time_minutes frt_minutes',
      last_customer_reply_at:
        'last_customer_reply_at last_requester_update_at requester_updated_at last_customer_message_at',
      last_agent_reply_at: 'last_agent_reply_at assignee_updated_at last_agent_message_at last_admin_reply_at',
      status: 'status ticket_status state case_status',
      priority: 'priority severity urgency ticket_priority case_priority',
      category: 'category ticket_category issue_type topic reason case_reason ticket_type type area',
      product: 'product product_name module product_area',
      language: 'language locale lang',
      problem_id: 'problem_id incident_id parent_ticket_id',
      subject: 'subject title summary ticket_subject topic_line',
      body: 'body description message text content details ticket_body comment ticket_text',
      csat_score:
        'csat_score satisfaction_score csat satisfaction_rating satisfaction rating customer_satisfaction csat_rating conversation_rating',
      csat_comment:
        'csat_comment satisfaction_comment rating_remark rating_comment feedback_text survey_comment csat_feedback',
      reopen_count: 'reopen_count reopens reopened_count times_reopened number_of_reopens',
      is_escalated: 'is_escalated escalated escalation_flag escalation was_escalated',
      owner: 'owner assignee agent assigned_to agent_name assignee_name assignee_id owner_id',
      contact_id: 'contact_id',
    },
  },
  {
    table: 'contract',
    file: /subscri|contract|agreement|licen[cs]e|order\b|orders|entitlement|billing_plan/,
    core: [['account_id'], ['start_date', 'term_end_date', 'ended_date']],
    distinctive:
      'mrr_amount arr_amount term_end_date ended_date cancelled_at billing_period is_auto_renew unit_price quantity notice_days plan contract_id discount_rate',
    columns: {
      contract_id: `${CONTRACT_HEADINGS} id`,
      account_id: ACCOUNT_HEADINGS,
      start_date:
        'start_date started_at start contract_start_date contract_start effective_date subscription_start activated_at begin_date from_date valid_from current_term_start term_start_date term_start start_on created_at created_date signup_date created',
      term_end_date:
        'term_end_date renewal_date contract_end_date contract_end current_period_end current_term_end term_end expiry_date expiration_date expires_at next_renewal_date next_renewal valid_to valid_until end_date end subscription_end to_date ends_at end_on',
      ended_date:
        'ended_date ended_at ended terminated_at termination_date deactivated_at actual_end_date closed_at churned_at churn_date ended_on',
      cancelled_at:
        'cancelled_at canceled_at cancellation_date cancelled canceled cancel_date cancelled_date canceled_date cancellation_requested_at notice_date notice_given_at cancel_requested_at',
      mrr_amount: MRR,
      arr_amount: ARR,
      currency: CURRENCY,
      quantity: 'quantity qty units_purchased',
      unit: 'unit units unit_name unit_type unit_label',
      unit_price: 'unit_price price_per_user price_per_seat unit_amount price_per_unit seat_price',
      list_amount: 'list_amount list_price list_arr',
      discount_rate: 'discount_rate discount discount_percent discount_pct discount_percentage',
      pricing: 'pricing pricing_model billing_scheme price_model',
      is_recurring: 'is_recurring recurring',
      seats: SEATS,
      product: 'product product_name product_id sku product_code product_family',
      plan: PLAN,
      billing_period:
        'billing_period billing_frequency billing_interval billing_cycle interval bill_period_months payment_frequency term_months billing_period_months',
      is_auto_renew: 'is_auto_renew auto_renew auto_renew_flag auto_renewal autorenew auto_renews renews_automatically',
      notice_days: 'notice_days notice_period_days notice_period cancellation_notice_days',
      is_trial: 'is_trial trial trial_flag',
      is_churned_flag: 'is_churned_flag churn_flag churned is_churned churn',
    },
  },
  {
    table: 'invoice',
    file: /invoice|billing|payment|charge\b|charges/,
    core: [['account_id'], ['due_date', 'issued_date', 'paid_date']],
    distinctive: 'amount paid_date due_date invoice_id status',
    columns: {
      account_id: ACCOUNT_HEADINGS,
      invoice_id: 'invoice_id invoice_number invoice_no invoice number id payment_id',
      issued_date: 'issued_date invoice_date issue_date issued_at created_at created date billed_at created_date',
      due_date: 'due_date due_at due_on payment_due due',
      paid_date: 'paid_date paid_at payment_date date_received received_at paid_on settled_at date_paid received_date',
      amount: 'amount total amount_due invoice_amount total_amount payment amount_usd net_amount subtotal',
      currency: CURRENCY,
      status: 'status invoice_status payment_status state',
    },
  },
  {
    table: 'fx',
    file: /\bfx\b|exchange|currenc/,
    core: [['month'], ['currency'], ['rate']],
    distinctive: 'rate',
    columns: {
      month: 'month date period rate_date',
      currency: `${CURRENCY} from_currency`,
      rate: 'rate exchange_rate fx_rate',
    },
  },
  {
    table: 'mrr_month',
    file: /mrr|monthly|revenue|recurring/,
    core: [['account_id'], ['month'], ['mrr_amount']],
    distinctive: 'mrr_amount month',
    columns: {
      account_id: ACCOUNT_HEADINGS,
      month: 'month period month_start reporting_month revenue_month period_start month_date date',
      mrr_amount: `${MRR} revenue amount`,
      currency: CURRENCY,
      product: 'product product_name product_id',
      plan: PLAN,
      status: 'status state',
    },
  },
  {
    table: 'renewal',
    file: /renewal/,
    core: [['account_id'], ['due_date'], ['outcome', 'decided_at']],
    distinctive: 'outcome due_date decided_at reason_code',
    columns: {
      account_id: ACCOUNT_HEADINGS,
      due_date: 'due_date renewal_date renewal_due_date term_end_date expiry_date due_on',
      outcome: 'outcome result renewal_outcome renewal_status status',
      amount: 'amount arr_usd renewal_amount renewed_arr arr value arr_amount',
      reason_code: 'reason_code churn_reason loss_reason reason lost_reason',
      decided_at: 'decided_at decision_date decided_on closed_at closed_date close_date',
    },
  },
  {
    table: 'interaction',
    file: /interaction|touch|meeting|\bcalls?\b|outreach|correspondence|email_log|csm_activit|activities/,
    core: [['account_id'], ['occurred_at'], ['channel', 'direction', 'purpose', 'csm', 'notes']],
    distinctive: 'channel direction purpose csm notes responded_at',
    columns: {
      account_id: ACCOUNT_HEADINGS,
      occurred_at:
        'occurred_at date timestamp sent_at meeting_date activity_date contacted_at touch_date interaction_date started_at start_time created_at contact_date',
      interaction_id: 'interaction_id activity_id touchpoint_id meeting_id engagement_id id',
      contact_id: 'contact_id person_id attendee_id user_id',
      csm: `${CSM} user rep created_by host`,
      channel: 'channel medium interaction_type activity_type type engagement_type touch_type',
      direction: 'direction inbound_outbound',
      purpose: 'purpose topic subject reason meeting_type category',
      responded_at: 'responded_at replied_at response_at reply_date response_date',
      notes: 'notes note summary body description comments text',
    },
  },
  {
    table: 'csm_call',
    file: /csm_call|sentiment|forecast|pulse|csm_score/,
    core: [['account_id'], ['said_at'], ['value']],
    distinctive: 'value said_at kind reason_code',
    columns: {
      account_id: ACCOUNT_HEADINGS,
      said_at: 'said_at recorded_at call_date forecast_date as_of date updated_at created_at',
      csm: CSM,
      kind: 'kind call_kind type',
      value: 'value sentiment csm_sentiment forecast renewal_forecast pulse call',
      amount: 'amount forecast_amount',
      reason_code: 'reason_code reason',
      note: 'note notes comment',
    },
  },
  {
    table: 'survey',
    file: /survey|nps|csat|feedback|poll|questionnaire/,
    core: [['account_id'], ['score'], ['responded_at', 'sent_at']],
    distinctive: 'score comment responded_at kind scale_max response_id',
    columns: {
      account_id: ACCOUNT_HEADINGS,
      score: 'score nps_score nps rating answer nps_answer csat_score csat ces value response_score poll_response',
      response_id: 'response_id survey_response_id survey_id feedback_id id',
      sent_at: 'sent_at sent_date invited_at survey_sent_at requested_at',
      responded_at:
        'responded_at responded_date response_date submitted_at date_received answered_at completed_at survey_date created_at received_at timestamp date',
      contact_id: `contact_id respondent_id ${USER_HEADINGS}`,
      kind: 'kind survey_type survey_kind type metric',
      scale_max: 'scale_max max_score scale',
      comment: 'comment comments feedback body text verbatim feedback_text remark answer_text',
    },
  },
  {
    table: 'goal',
    file: /goal|objective|success_plan|outcome_plan|\bkpis?\b/,
    core: [['account_id'], ['title'], ['target_value', 'due_date', 'achieved_date', 'goal_id']],
    distinctive: 'target_value actual_value achieved_date due_date value_amount goal_id',
    columns: {
      account_id: ACCOUNT_HEADINGS,
      title: 'title goal goal_name objective name description goal_title',
      goal_id: 'goal_id objective_id id',
      created_date: 'created_date created_at set_date set_at agreed_on',
      weight: 'weight importance',
      target_value: 'target_value target goal_value',
      actual_value: 'actual_value actual current_value progress',
      due_date: 'due_date target_date due_at deadline',
      achieved_date: 'achieved_date achieved_at completed_date completed_at met_date achieved_on',
      value_amount: 'value_amount realised_value realized_value value roi_amount business_value',
    },
  },
  {
    table: 'milestone',
    file: /milestone|onboarding|implementation/,
    core: [['account_id'], ['milestone'], ['planned_date', 'completed_date']],
    distinctive: 'milestone planned_date completed_date is_required',
    columns: {
      account_id: ACCOUNT_HEADINGS,
      milestone: 'milestone milestone_name step step_name task stage name',
      planned_date: 'planned_date due_date target_date planned_on planned_at',
      completed_date: 'completed_date completed_at done_at finished_at completed_on completion_date',
      is_required: 'is_required required mandatory',
    },
  },
  {
    table: 'opportunity',
    file: /opportunit|deal|pipeline|expansion/,
    core: [['account_id'], ['created_date'], ['stage', 'closed_date', 'is_won', 'opportunity_id']],
    distinctive: 'stage closed_date is_won amount kind opportunity_id',
    columns: {
      account_id: ACCOUNT_HEADINGS,
      created_date: 'created_date created_at created engage_date open_date create_date opened_at opportunity_date',
      opportunity_id: 'opportunity_id opp_id deal_id opportunity id',
      kind: 'kind opportunity_type deal_type type record_type',
      product: 'product product_name product_id',
      amount: 'amount close_value value deal_value deal_amount opportunity_amount arr acv expected_revenue',
      stage: 'stage deal_stage stage_name opportunity_stage status pipeline_stage',
      closed_date: 'closed_date close_date closed_at won_date closed_on',
      is_won: 'is_won won closed_won',
    },
  },
  {
    table: 'churn_event',
    file: /churn|cancellation|attrition|departure/,
    core: [['account_id'], ['churn_date']],
    distinctive: 'churn_date reason_code comment is_reactivation',
    columns: {
      account_id: ACCOUNT_HEADINGS,
      churn_date:
        'churn_date churned_at cancelled_at canceled_at cancellation_date churned_on event_date date lost_date end_date',
      reason_code: 'reason_code reason churn_reason cancellation_reason primary_reason loss_reason',
      comment: 'comment feedback_text feedback comments notes details exit_comment',
      is_reactivation: 'is_reactivation reactivation reactivated is_reactivated is_winback',
    },
  },
  {
    table: 'advocacy',
    file: /advoca|reference|referral|testimonial|case_stud/,
    core: [['account_id'], ['requested_at'], ['kind', 'outcome', 'completed_at']],
    distinctive: 'kind outcome completed_at value_amount',
    columns: {
      account_id: ACCOUNT_HEADINGS,
      requested_at: 'requested_at requested_date asked_at request_date date created_at requested_on',
      kind: 'kind ask_type advocacy_type type program programme',
      contact_id: 'contact_id person_id user_id',
      completed_at: 'completed_at completed_date fulfilled_at done_at completion_date',
      outcome: 'outcome status result response',
      value_amount: 'value_amount influenced_arr influenced_amount value amount',
    },
  },
];
