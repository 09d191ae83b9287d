import type { CellRow, TableColumn } from '../contract/agent.ts';
import type { ReportList } from '../contract/report.ts';
import type { SignalRecord, SignalVerdict } from '../contract/signals.ts';
import { dayFromNumber } from '../lib/dates.ts';
import type { HealthAcceptance } from '../models/signals/acceptance.ts';
import type { HealthProposal } from '../models/signals/proposal.ts';
import type { Register } from '../models/signals/register.ts';
import { rowSource, type Selection } from './report-lists.ts';
import { bandSentence, hasProposal, proposalSentence, weightSentence } from './signal-proposal.ts';

const SIGNAL_COLUMNS: readonly TableColumn[] = [
  { key: 'churn_basis', label: 'basis', kind: 'text' },
  { key: 'segment', label: 'segment', kind: 'text' },
  { key: 'signal', label: 'signal', kind: 'text', isName: true, wraps: true },
  { key: 'kind', label: 'kind', kind: 'text', isName: true, terminal: false },
  { key: 'group', label: 'group', kind: 'text', isName: true, terminal: false },
  { key: 'verdict', label: 'verdict', kind: 'text', isName: true },
  { key: 'risky_found', label: 'risky when', kind: 'text' },
  { key: 'risky_expected', label: 'expected', kind: 'text', terminal: false },
  { key: 'direction', label: 'direction', kind: 'text', isName: true, terminal: false },
  { key: 'auc', label: 'AUC', kind: 'number' },
  { key: 'auc_low', label: 'low', kind: 'number' },
  { key: 'auc_high', label: 'high', kind: 'number' },
  { key: 'p_value', label: 'p', kind: 'number', terminal: false },
  { key: 'q_value', label: 'q', kind: 'number', terminal: false },
  { key: 'lift', label: 'lift', kind: 'number' },
  { key: 'lift_cap', label: 'of', kind: 'number', terminal: false },
  { key: 'row_count', label: 'rows', kind: 'integer', terminal: false },
  { key: 'lead_days', label: 'lead', kind: 'integer', unit: 'days' },
  { key: 'caught_rate', label: 'caught', kind: 'rate', terminal: false },
  { key: 'others_caught_rate', label: 'others caught', kind: 'rate', terminal: false },
  { key: 'timing', label: 'timing', kind: 'text' },
  { key: 'coverage_rate', label: 'coverage', kind: 'rate' },
  { key: 'outcome_count', label: 'left', kind: 'integer' },
  { key: 'auc_early', label: 'AUC 60 days ahead', kind: 'number', terminal: false },
  { key: 'auc_late', label: 'AUC under 30 days', kind: 'number', terminal: false },
  { key: 'period_count', label: 'half-years', kind: 'integer', terminal: false },
  { key: 'sign_change_count', label: 'sign changes', kind: 'integer', terminal: false },
  { key: 'auc_least', label: 'least', kind: 'number', terminal: false },
  { key: 'auc_most', label: 'most', kind: 'number', terminal: false },
  { key: 'leak', label: 'leak', kind: 'text', terminal: false, wraps: true },
];

const VERDICT_ORDER: readonly SignalVerdict[] = [
  'leaks',
  'misleads',
  'predicts',
  'no_evidence',
  'too_few_outcomes',
  'no_values',
];

/** What stands above the register. */
interface RegisterFrame {
  /** Why nothing at all is judged, or null. */
  readonly history: string | null;
  readonly minOutcomes: number;
  readonly lookback: number;
}

/** The register as a list: by basis, all before segments, verdicts in order of concern, then by AUC. */
export function registerList(register: Register, frame: RegisterFrame, selection: Selection): ReportList {
  const wanted = selection.segment?.toLowerCase();
  const chosen = register.records
    .filter(({ segment }) => wanted === undefined || segment?.toLowerCase() === wanted)
    .toSorted(byConcern);
  const cut = selection.top === undefined ? chosen : chosen.slice(0, selection.top);
  return {
    name: 'signals',
    title: 'Signal register',
    question: 'Which signals tell who will leave, and which mislead?',
    headline: registerSummary(register),
    columns: SIGNAL_COLUMNS,
    notes: [
      ...(frame.history === null ? [] : [`nothing is judged: ${frame.history}`]),
      ...fallenNotes(register, frame.minOutcomes),
      `a verdict needs ${frame.minOutcomes} accounts that left with a value; ${register.tested} lines were tested, and 5 % of those called may be false (Benjamini–Hochberg)`,
      `AUC, low and high are towards the side that was found risky, within dates, by account (90 %); lift is that of the riskiest tenth; lead is the median of days from the first date there, at most ${frame.lookback} days before the decision`,
    ],
    rowCount: chosen.length,
    rows: rowSource(cut.map((record) => ({ ...record, segment: record.segment ?? 'all' }) as CellRow)),
    empty: wanted === undefined ? 'no closed row' : `no line for the segment ${selection.segment}`,
  };
}

function byConcern(a: SignalRecord, b: SignalRecord): number {
  return (
    order(a.churn_basis, b.churn_basis) ||
    order(a.segment ?? '', b.segment ?? '') ||
    VERDICT_ORDER.indexOf(a.verdict) - VERDICT_ORDER.indexOf(b.verdict) ||
    (b.auc ?? 0) - (a.auc ?? 0) ||
    order(a.signal, b.signal) ||
    order(a.kind, b.kind)
  );
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function fallenNotes({ fallen }: Register, minOutcomes: number): string[] {
  const few = fallen.filter(({ outcomes }) => outcomes < minOutcomes);
  if (few.length === 0) return [];
  const words = few.map(({ churn_basis, segment, outcomes }) => `${segment} (${churn_basis}) ${outcomes}`);
  return [`segments without ${minOutcomes} accounts that left are judged with all: ${words.join(', ')}`];
}

/** What the register says, in a sentence. */
export function registerSummary({ records, tested }: Register): string {
  if (tested === 0) {
    const most = Math.max(0, ...records.map(({ outcome_count }) => outcome_count));
    return `No signal is judged: too few outcomes (${most} accounts that left with a value, at most).`;
  }
  const all = records.filter(({ segment }) => segment === null);
  const count = (verdict: SignalVerdict) =>
    new Set(all.filter((record) => record.verdict === verdict).map(({ signal, kind }) => `${kind} ${signal}`)).size;
  const called = count('predicts') + count('misleads');
  const leaks = count('leaks');
  const leakWords =
    leaks === 0
      ? ''
      : ` ${leaks} ${leaks === 1 ? 'knows' : 'know'} the outcome and ${leaks === 1 ? 'is' : 'are'} left out.`;
  if (called === 0) return `No signal tells leavers from others beyond chance (${tested} tested).${leakWords}`;
  const [good, bad] = [count('predicts'), count('misleads')];
  return `${good} ${good === 1 ? 'signal predicts' : 'signals predict'}, ${bad} ${bad === 1 ? 'misleads' : 'mislead'} (${tested} tested).${leakWords}`;
}

/** AUC by half-year of every line that was judged. */
export function periodList(register: Register, selection: Selection): ReportList {
  const wanted = selection.segment?.toLowerCase();
  const rows = register.periods.filter(({ segment }) => wanted === undefined || segment?.toLowerCase() === wanted);
  const cut = selection.top === undefined ? rows : rows.slice(0, selection.top);
  return {
    name: 'signal_periods',
    title: 'Signals over time',
    headline: `${rows.length} half-years of judged lines with ten or more accounts that left`,
    columns: [
      { key: 'churn_basis', label: 'basis', kind: 'text' },
      { key: 'segment', label: 'segment', kind: 'text' },
      { key: 'signal', label: 'signal', kind: 'text', isName: true, wraps: true },
      { key: 'period', label: 'half-year', kind: 'text' },
      { key: 'auc', label: 'AUC', kind: 'number' },
      { key: 'auc_low', label: 'low', kind: 'number' },
      { key: 'auc_high', label: 'high', kind: 'number' },
      { key: 'outcome_count', label: 'left', kind: 'integer' },
    ],
    notes: ['AUC towards the side that was found risky over all dates: below 0.5 the signal pointed the other way'],
    rowCount: rows.length,
    rows: rowSource(cut.map((row) => ({ ...row, segment: row.segment ?? 'all' }) as CellRow)),
    empty: 'no half-year has enough outcomes',
  };
}

/** Figures that rest on outcomes: without enough of them only counts and the book's own shares are told. */
const UNJUDGED = {
  red_rate: null,
  base_rate: null,
  red_over_base: null,
  red_over_base_low: null,
  red_over_base_high: null,
  green_rate: null,
  below_green_early_rate: null,
  below_green_early_low: null,
  below_green_early_high: null,
} satisfies Partial<HealthAcceptance>;

/** The health score's own acceptance. */
export function acceptanceList(
  acceptance: readonly HealthAcceptance[],
  minOutcomes: number,
  history: string | null,
): ReportList {
  const isJudged = ({ outcome_count }: HealthAcceptance) => history === null && outcome_count >= minOutcomes;
  const judged = acceptance.filter(isJudged);
  const headline =
    judged.length === 0
      ? `the bands are not judged: ${history ?? `fewer than ${minOutcomes} accounts left`}`
      : judged.map(acceptanceWords).join('; ');
  return {
    name: 'health_acceptance',
    title: 'Does the health score earn its bands?',
    headline,
    columns: [
      { key: 'churn_basis', label: 'basis', kind: 'text' },
      { key: 'outcome_count', label: 'left', kind: 'integer' },
      { key: 'red_outcome_count', label: 'from red', kind: 'integer' },
      { key: 'red_rate', label: 'rate of red', kind: 'rate' },
      { key: 'base_rate', label: 'rate of all', kind: 'rate' },
      { key: 'green_rate', label: 'rate of green', kind: 'rate' },
      { key: 'red_over_base', label: 'red ÷ all', kind: 'number' },
      { key: 'red_over_base_low', label: 'low', kind: 'number' },
      { key: 'red_over_base_high', label: 'high', kind: 'number' },
      { key: 'seen_early_count', label: 'seen 60–90 days before', kind: 'integer', terminal: false },
      { key: 'below_green_early_rate', label: 'below green 60–90 days before', kind: 'rate' },
      { key: 'below_green_early_low', label: 'low (below green)', kind: 'rate', terminal: false },
      { key: 'below_green_early_high', label: 'high (below green)', kind: 'rate', terminal: false },
      { key: 'green_share', label: 'book green', kind: 'rate' },
      { key: 'green_share_last', label: 'book green, last date', kind: 'rate', terminal: false },
      { key: 'red_share', label: 'book red', kind: 'rate' },
      { key: 'unscored_share', label: 'unscored', kind: 'rate', terminal: false },
    ],
    notes: [
      'bands by score and red facts, without hysteresis and overrides; rates are of rows whose label has closed; intervals by account (90 %)',
    ],
    rowCount: acceptance.length,
    rows: rowSource(acceptance.map((row) => ({ ...row, ...(isJudged(row) ? {} : UNJUDGED) }) as CellRow)),
    empty: 'no closed row',
  };
}

function acceptanceWords(row: HealthAcceptance): string {
  const early =
    row.below_green_early_rate === null
      ? 'nobody was scored 60 to 90 days before'
      : `${Math.round(row.below_green_early_rate * 100)} % of leavers were below green 60 to 90 days before`;
  const green = row.green_share === null ? '' : `; ${Math.round(row.green_share * 100)} % of the book is green`;
  if (row.red_over_base === null || row.red_over_base_low === null || row.red_over_base_high === null) {
    return `${row.churn_basis}: no account stood in red; ${early}${green}`;
  }
  const span = `${row.red_over_base_low.toFixed(1)}–${row.red_over_base_high.toFixed(1)}`;
  const judged = row.red_over_base_low > 1 ? '' : ', which is not beyond chance';
  return `${row.churn_basis}: red accounts left ${row.red_over_base.toFixed(1)} times as often as all (${span})${judged}; ${early}${green}`;
}

/** What would change in the health score, and what it would gain. */
export function proposalList(proposal: HealthProposal): ReportList {
  const { weights, bands } = proposal;
  const rows: CellRow[] = [
    ...weights.changes.map(({ component, measure, from, to }) => ({
      key: `health.components.${component}${measure === null ? '' : `.measures.${measure}`}.weight`,
      from,
      to,
      is_proposed: weights.is_proposed,
    })),
    ...(['red', 'green'] as const)
      .filter((band) => bands.from[band] !== bands.to[band])
      .map((band) => ({
        key: `health.bands.${band}`,
        from: bands.from[band],
        to: bands.to[band],
        is_proposed: bands.is_proposed,
      })),
  ];
  return {
    name: 'health_proposal',
    title: 'Weights and bands that earlier dates would have taught',
    headline: proposalSentence(proposal),
    columns: [
      { key: 'key', label: 'key', kind: 'text', wraps: true },
      { key: 'from', label: 'now', kind: 'number' },
      { key: 'to', label: 'tried', kind: 'number' },
      { key: 'is_proposed', label: 'proposed', kind: 'boolean' },
    ],
    notes:
      proposal.reason !== null || proposal.split_on === null
        ? []
        : [
            `fitted on labels closed by ${dayFromNumber(proposal.split_on)} (${proposal.fit_outcomes} accounts that left), judged on the dates from then on (${proposal.judged_outcomes})`,
            // Where something is proposed the headline says both.
            ...(hasProposal(proposal) ? [] : [weightSentence(proposal), bandSentence(proposal)]),
          ],
    rowCount: rows.length,
    rows: rowSource(rows),
    empty: 'nothing would change',
  };
}
