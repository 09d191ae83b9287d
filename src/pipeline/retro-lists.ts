import type { CellRow, Day, TableColumn } from '../contract/agent.ts';
import type { ReportList } from '../contract/report.ts';
import { rowSource, type Selection } from './report-lists.ts';
import type { DriftRecord } from './retro-drift.ts';
import type { FactEvidence } from './retro-facts.ts';
import { type ForecastFindings, forecastList } from './retro-forecasts.ts';
import { type GrowthFindings, growthList } from './retro-growth.ts';
import type { AcceptanceRecord, PeopleRecord } from './retro-people.ts';
import type { DateRecord, PredictionRecord } from './retro-predictions.ts';
import type { RetroChange } from './retro-proposal.ts';
import type { LostStory, LostVerdict } from './retro-stories.ts';

/** Everything a retro found, before it is worded. */
export interface RetroFindings {
  readonly asOf: Day;
  readonly minOutcomes: number;
  readonly readings: { readonly dates: readonly Day[]; readonly count: number; readonly replayed: number };
  readonly model: { readonly model_id: string; readonly as_of: Day } | null;
  readonly predictions: { readonly records: readonly PredictionRecord[]; readonly dates: readonly DateRecord[] };
  readonly drift: readonly DriftRecord[];
  readonly stories: readonly LostStory[];
  readonly facts: readonly FactEvidence[];
  readonly forecasts: ForecastFindings;
  readonly growth: GrowthFindings;
  /** What counts as growing, in words. */
  readonly growthRule: string;
  readonly people: readonly PeopleRecord[];
  readonly acceptance: readonly AcceptanceRecord[];
}

const text = (key: string, label: string, more: Partial<TableColumn> = {}): TableColumn => ({
  key,
  label,
  kind: 'text',
  ...more,
});
const number = (key: string, label: string, more: Partial<TableColumn> = {}): TableColumn => ({
  key,
  label,
  kind: 'number',
  ...more,
});
const integer = (key: string, label: string, more: Partial<TableColumn> = {}): TableColumn => ({
  key,
  label,
  kind: 'integer',
  ...more,
});
const date = (key: string, label: string, more: Partial<TableColumn> = {}): TableColumn => ({
  key,
  label,
  kind: 'date',
  ...more,
});
const HIDDEN = { terminal: false } as const;

const LOST_COLUMNS: readonly TableColumn[] = [
  { key: 'account_id', label: 'account', kind: 'id' },
  text('name', 'name'),
  text('csm', 'CSM'),
  text('segment', 'segment', HIDDEN),
  { key: 'arr_amount', label: 'ARR', kind: 'money' },
  date('decided_on', 'decided'),
  date('ended_on', 'ended', HIDDEN),
  text('reason_code', 'reason given', { ...HIDDEN, isName: true }),
  { key: 'is_unavoidable', label: 'unavoidable', kind: 'boolean', ...HIDDEN },
  text('verdict', 'what became of it', { isName: true }),
  text('first_signal', 'first signal', { isName: true }),
  date('first_signal_on', 'read on'),
  date('first_fact_on', 'fact of', HIDDEN),
  integer('first_signal_days', 'days before', HIDDEN),
  { key: 'signals_seen', label: 'signals', kind: 'list', ...HIDDEN },
  { key: 'signals_silent', label: 'never fired', kind: 'list', ...HIDDEN },
  integer('shown_count', 'lists', HIDDEN),
  date('first_shown_on', 'first list'),
  text('shown_reason', 'shown for', { ...HIDDEN, isName: true }),
  integer('lead_days', 'lead', { unit: 'days' }),
  integer('unseen_count', 'replayed lists', HIDDEN),
  text('waited_for', 'waited for', { isName: true, ...HIDDEN }),
  { key: 'said', label: 'people said', kind: 'list', ...HIDDEN },
  integer('action_count', 'actions', HIDDEN),
  text('first_action', 'first action', { isName: true, ...HIDDEN }),
  date('first_action_on', 'acted on', HIDDEN),
  integer('lead_used_days', 'lead used', { unit: 'days' }),
  date('last_read_on', 'last read', HIDDEN),
  { key: 'last_health_score', label: 'health', kind: 'score', ...HIDDEN },
  text('last_band', 'band', HIDDEN),
  { key: 'last_churn_probability', label: 'chance of leaving', kind: 'probability', ...HIDDEN },
];

const VERDICTS: Readonly<Record<LostVerdict, string>> = {
  acted: 'shown and acted on',
  shown: 'shown, and no action is recorded',
  waited: 'had entered and waited, or was in hand',
  unseen: 'stood on replayed lists alone, which nobody saw',
  signalled: 'had a signal and stood on no list',
  silent: 'had no signal',
};

/** How many lost accounts were warned of, in a sentence. */
export function storySummary(stories: readonly LostStory[]): string {
  if (stories.length === 0) return 'No account has left since the first reading.';
  const count = (wanted: LostVerdict) => stories.filter(({ verdict }) => verdict === wanted).length;
  const parts = (Object.keys(VERDICTS) as LostVerdict[]).flatMap((verdict) =>
    count(verdict) === 0 ? [] : [`${count(verdict)} ${VERDICTS[verdict]}`],
  );
  return `${stories.length} ${stories.length === 1 ? 'account' : 'accounts'} left since the first reading: ${parts.join(', ')}.`;
}

/** Every list of a retro's report, in its order. */
export const RETRO_LISTS: readonly string[] = [
  ...['lost_accounts', 'predictions', 'calibration_by_date', 'forecasts', 'population_drift', 'red_facts', 'growth'],
  ...['people', 'acceptance', 'proposed_changes'],
];

/** The lists of the retro, lost accounts first. */
export function retroLists(
  findings: RetroFindings,
  changes: readonly RetroChange[],
  selection: Selection,
): ReportList[] {
  return [
    lostList(findings, selection),
    predictionList(findings),
    dateList(findings, selection),
    forecastList(findings.forecasts, findings.minOutcomes, selection.top),
    driftList(findings, selection),
    factList(findings),
    growthList(findings.growth, findings.growthRule, findings.minOutcomes),
    peopleList(findings),
    acceptanceList(findings, selection),
    changeList(changes),
  ];
}

function lostList({ stories }: RetroFindings, { csm, segment, top }: Selection): ReportList {
  const is = (value: string | null, wanted: string | undefined) =>
    wanted === undefined || value?.toLowerCase() === wanted.toLowerCase();
  const chosen = stories.filter((story) => is(story.csm, csm) && is(story.segment, segment));
  const leads = chosen.flatMap(({ lead_days }) => (lead_days === null ? [] : [lead_days])).sort((a, b) => a - b);
  return list({
    name: 'lost_accounts',
    title: 'Lost accounts',
    question: 'Who left, and what had we seen, shown and done?',
    headline: storySummary(chosen),
    columns: LOST_COLUMNS,
    notes: [
      'a signal is a red fact, a probability at twice its base rate or more (forecast), or a red band; days count back from the decision; a signal of the first reading may be older',
      'actions, after the first list and before the decision: decisions to do something (done, approved, edited), contacts that did not come from the customer alone, interventions',
      ...(leads.length === 0
        ? []
        : [
            `days from the first list to the decision: ${leads.length === 1 ? leads[0] : `${leads[0]} to ${leads.at(-1)}, middle ${leads[Math.floor(leads.length / 2)]}`}`,
          ]),
    ],
    rows: chosen,
    empty: 'no account has left since the first reading',
    top,
  });
}

function predictionList({ predictions, minOutcomes }: RetroFindings): ReportList {
  const judged = predictions.records.filter(
    ({ verdict }) => verdict !== 'too_few_outcomes' && verdict !== 'nothing_predicted',
  );
  const most = Math.max(0, ...predictions.records.map(({ outcome_count }) => outcome_count));
  return list({
    name: 'predictions',
    title: 'Predictions against outcomes',
    headline:
      judged.length > 0
        ? judged
            .map(
              ({ prediction, churn_basis, sentence }) =>
                `${prediction.replaceAll('_', ' ')} (${churn_basis}): ${sentence}`,
            )
            .join('; ')
        : `too few outcomes: ${most} of ${minOutcomes} accounts`,
    columns: [
      text('prediction', 'prediction', { isName: true, wraps: true }),
      text('churn_basis', 'basis'),
      // The words say it too, and have more room.
      text('verdict', 'verdict', { isName: true, ...HIDDEN }),
      text('sentence', 'in words', { wraps: true }),
      integer('date_count', 'dates'),
      integer('row_count', 'rows', HIDDEN),
      integer('outcome_count', 'left'),
      integer('outcomes_needed', 'needed', HIDDEN),
      number('expected_count', 'expected rows'),
      integer('observed_count', 'observed rows'),
      number('observed_over_expected', 'observed ÷ expected', HIDDEN),
      number('observed_over_expected_low', 'low (ratio)', HIDDEN),
      number('observed_over_expected_high', 'high (ratio)', HIDDEN),
      number('auc', 'AUC'),
      number('auc_low', 'low'),
      number('auc_high', 'high'),
      { key: 'list_rate', label: 'rate of the list', kind: 'rate', ...HIDDEN },
      number('list_over_base', 'list ÷ all', HIDDEN),
      number('list_over_base_low', 'low (list)', HIDDEN),
      number('list_over_base_high', 'high (list)', HIDDEN),
    ],
    notes: [
      'rows are accounts at dates whose label has closed; an account that left stands at several dates and counts once under "left"; intervals by account (90 %); a prediction is judged on the rows that had it, a probability on those told by today’s definition and horizon',
    ],
    rows: predictions.records,
    empty: 'no label of a past reading has closed yet',
  });
}

function dateList({ predictions: { dates } }: RetroFindings, { top }: Selection): ReportList {
  const outside = dates.filter(({ is_outside }) => is_outside).length;
  return list({
    name: 'calibration_by_date',
    title: 'Calibration by date',
    headline:
      dates.length === 0
        ? 'no probability was printed on a date whose label has closed'
        : `on ${outside} of ${dates.length} dates the number that left lies outside what chance gives nine times in ten`,
    columns: [
      text('churn_basis', 'basis'),
      date('as_of', 'date'),
      integer('row_count', 'accounts'),
      number('expected_count', 'expected'),
      integer('observed_count', 'left'),
      number('low', 'low'),
      number('high', 'high'),
      { key: 'is_outside', label: 'outside', kind: 'boolean' },
    ],
    notes: ['dates share accounts and outcomes: several in a row that lie outside are one finding'],
    rows: dates,
    empty: 'none',
    top,
  });
}

function driftList({ drift, model }: RetroFindings, { top }: Selection): ReportList {
  const shifted = drift.filter(({ verdict }) => verdict === 'shifted');
  const inModel = shifted.filter(({ is_in_model }) => is_in_model).length;
  return list({
    name: 'population_drift',
    title: 'Population drift',
    headline:
      model === null
        ? 'no model is kept, so there is nothing to measure drift from'
        : `${shifted.length} of ${drift.length} features have moved beyond chance since the model learnt, ${inModel} of them in the model`,
    columns: [
      text('feature', 'feature', { isName: true, wraps: true }),
      { key: 'is_in_model', label: 'in the model', kind: 'boolean' },
      text('verdict', 'verdict', { isName: true }),
      number('psi', 'PSI'),
      number('psi_threshold', 'chance gives'),
      number('p_value', 'p', HIDDEN),
      number('q_value', 'q', HIDDEN),
      integer('bin_count', 'bins', HIDDEN),
      number('dispersion', 'date to date', HIDDEN),
      number('before_mean', 'mean then'),
      number('now_mean', 'mean now'),
      integer('before_count', 'accounts then'),
      integer('now_count', 'accounts now'),
    ],
    notes: [
      'PSI over the deciles of the accounts the model learnt from; "chance gives" is what it passes once in twenty where nothing moved, (1/n + 1/m) · χ² at 95 % (Yurdakul & Naranjo 2020), stretched where neighbouring dates already lie further apart; shifted is judged over all features at once (5 %)',
    ],
    rows: drift,
    empty: 'no feature varies',
    top,
  });
}

function factList({ facts }: RetroFindings): ReportList {
  return list({
    name: 'red_facts',
    title: 'Red facts of past readings',
    headline:
      facts.length === 0
        ? ''
        : `${facts.filter(({ is_demoted }) => is_demoted).length} of ${facts.length} red facts did not tell who left`,
    columns: [
      text('kind', 'fact', { isName: true }),
      integer('holder_count', 'accounts held it'),
      integer('holder_outcome_count', 'of them left'),
      number('expected_outcome_count', 'due at the rate of the rest'),
      { key: 'holder_rate', label: 'rate of holders', kind: 'rate' },
      { key: 'other_rate', label: 'rate of the rest', kind: 'rate' },
      { key: 'is_demoted', label: 'tells nothing', kind: 'boolean' },
    ],
    notes: [
      'an account counts once, at the first reading that held the fact; a fact tells nothing when ten or more of its holders were due to leave and no more than were due did',
    ],
    rows: facts,
    empty: 'no red fact was held on a date whose label has closed',
  });
}

function peopleList({ people }: RetroFindings): ReportList {
  return list({
    name: 'people',
    title: 'Humans against the model',
    headline:
      people.length === 0
        ? 'none recorded: no override, renewal call or sentiment with a side whose horizon has closed'
        : people.map(({ kind, sentence }) => `${kind.replaceAll('_', ' ')}: ${sentence}`).join('; '),
    columns: [
      text('kind', 'judgement', { isName: true }),
      integer('judged_count', 'judged'),
      integer('account_count', 'accounts', HIDDEN),
      integer('left_count', 'left'),
      integer('human_right_count', 'people right'),
      integer('model_right_count', 'model right'),
      integer('differed_count', 'differed'),
      integer('human_right_where_differed', 'people right there'),
      { key: 'low', label: 'low', kind: 'rate', ...HIDDEN },
      { key: 'high', label: 'high', kind: 'rate', ...HIDDEN },
      text('sentence', 'in words', { wraps: true, ...HIDDEN }),
    ],
    notes: [
      "a judgement is right when the account left within the horizon, or did not; the model's side is the last reading's in the 35 days before: probability at twice its base rate, else a red band",
    ],
    rows: people,
    empty: 'none recorded',
  });
}

function acceptanceList({ acceptance }: RetroFindings, { top }: Selection): ReportList {
  return list({
    name: 'acceptance',
    title: 'What people did with what was proposed',
    headline:
      acceptance.length === 0
        ? 'no decision records: nothing can be said of plays, actions and alerts'
        : `${acceptance.reduce((sum, { decided_count }) => sum + decided_count, 0)} decisions on ${acceptance.length} plays, actions and alert reasons`,
    columns: [
      text('what', 'what'),
      text('name', 'name', { isName: true }),
      integer('decided_count', 'decided'),
      integer('accepted_count', 'taken'),
      integer('refused_count', 'refused'),
      integer('snoozed_count', 'snoozed'),
      { key: 'acceptance_rate', label: 'taken', kind: 'rate' },
      { key: 'low', label: 'low', kind: 'rate' },
      { key: 'high', label: 'high', kind: 'rate' },
    ],
    notes: ['taken: approved, edited or done; refused: rejected or disagreed with; interval of Wilson (90 %)'],
    rows: acceptance,
    empty: 'none recorded',
    top,
  });
}

function changeList(changes: readonly RetroChange[]): ReportList {
  return list({
    name: 'proposed_changes',
    title: 'Proposed changes',
    headline: changes.length === 0 ? 'nothing is proposed' : `${changes.length} proposed; none is applied by itself`,
    columns: [
      text('key', 'key'),
      text('from', 'now'),
      text('to', 'proposed'),
      text('evidence', 'because', { wraps: true }),
    ],
    notes: [],
    rows: changes.map(({ key, from, to, evidence }) => ({ key, from, to, evidence })),
    empty: 'none',
  });
}

type ListParts = Omit<ReportList, 'rows' | 'rowCount'> & {
  readonly rows: readonly object[];
  readonly top?: number | undefined;
};

function list({ rows, top, ...rest }: ListParts): ReportList {
  const cells = rows.map((row) => ({ ...row }) as CellRow);
  return { ...rest, rowCount: rows.length, rows: rowSource(top === undefined ? cells : cells.slice(0, top)) };
}
