import type { CellRow, ColumnSet } from '../contract/agent.ts';
import { type Factors, factorsOf } from './churn-factors.ts';
import { type ChurnRisk, type FactsByAccount, known, type ScoredBasis } from './churn-risk.ts';

/** One reason of an account: a fact, or a term of the model. Cells are those of the table `churn_reason`. */
export interface ChurnReason extends CellRow {
  readonly account_id: string;
  /** From 1, the main reason first. */
  readonly position: number;
  readonly source: 'fact' | 'model';
  /** Kind of the fact or name of the feature. */
  readonly kind: string;
}

/** What a reason must know of a feature. */
export interface ReasonFeature {
  readonly unit: string;
  /** Whether someone can act on it; what nobody can act on is never a reason. */
  readonly actionable: boolean;
}

/** What the words of a reason need: values of the account and of its peers by feature, null where missing. */
export interface ReasonWords {
  sentence(feature: string, own: (feature: string) => number | null, peers: (feature: string) => number | null): string;
  past(feature: string, own: (feature: string) => number | null): number | null;
}

/** Log-odds a term must add to be worth saying: a twentieth, five percent of the odds. */
const LEAST_CONTRIBUTION = 0.05;

/** Features that say in numbers what a fact says in words; the fact stands for them. */
const FACT_COVERS: Readonly<Record<string, readonly string[]>> = {
  no_use: [
    'days_since_last_use',
    'event_count_28d',
    'active_users_28d',
    'active_days_28d',
    'event_log_ratio_28d',
    'user_log_ratio_28d',
  ],
  usage_drop: ['event_log_ratio_28d', 'event_count_28d', 'event_log_ratio_84d'],
  users_drop: ['user_log_ratio_28d', 'active_users_28d', 'seat_use_rate_28d'],
  decision_due: ['decision_days', 'term_days'],
  champion_left: ['contacts_left_90d', 'champion_count'],
  executive_left: ['is_executive_gone', 'executive_count'],
  priority_ticket: ['open_urgent_ticket_count', 'oldest_open_ticket_days', 'open_ticket_count'],
  invoice_overdue: ['overdue_invoice_count', 'overdue_invoice_days'],
  csm_call_red: ['csm_sentiment_value'],
};

/**
 * Up to `count` reasons for each account with anything to say: its facts in the order given (red first), one of a kind,
 * then the features that raise its risk, a pair counted half to each of its two.
 *
 * @param peers by segment, the median of each feature
 */
export function collectReasons(
  book: ColumnSet,
  scored: readonly ScoredBasis[],
  risks: readonly ChurnRisk[],
  facts: FactsByAccount,
  peers: ReadonlyMap<string, CellRow>,
  features: ReadonlyMap<string, ReasonFeature>,
  count: number,
  words: ReasonWords,
): ChurnReason[] {
  const segments = book.text('segment');
  const place = new Map<number, { from: ScoredBasis; at: number }>();
  for (const from of scored) for (const [at, row] of from.rows.entries()) place.set(row, { from, at });
  const columns = new Map<string, Float64Array>();
  const valueAt = (name: string, row: number): number | null => {
    const column = columns.get(name) ?? book.number(name);
    columns.set(name, column);
    return known(column[row]);
  };
  const factors = new Map(scored.map((from) => [from, factorsOf(from.scores.explanation)]));
  return risks.flatMap((risk) => {
    const own = (facts.get(risk.account_id) ?? []).map(factReason);
    const distinct = own.filter((reason, i) => own.findIndex(({ kind }) => kind === reason.kind) === i);
    const covered = new Set(distinct.flatMap(({ kind }) => FACT_COVERS[kind] ?? []));
    const hit = place.get(risk.row);
    const terms =
      hit === undefined
        ? []
        : modelReasons(
            valueAt,
            factors.get(hit.from),
            hit.at,
            risk,
            peers.get(segments[risk.row] ?? ''),
            features,
            words,
          );
    return [...distinct, ...terms.filter(({ kind }) => !covered.has(kind))]
      .slice(0, count)
      .map((reason, i) => ({ ...reason, position: i + 1 }));
  });
}

function factReason(fact: CellRow): ChurnReason {
  return {
    account_id: String(fact['account_id']),
    position: 0,
    source: 'fact',
    kind: String(fact['kind']),
    is_red: fact['is_red'] ?? false,
    contribution: null,
    fact_on: fact['fact_on'] ?? null,
    now_value: fact['now_value'] ?? null,
    past_value: fact['past_value'] ?? null,
    peer_value: fact['peer_value'] ?? null,
    unit: fact['unit'] ?? null,
    detail: fact['detail'] ?? null,
    contact_id: fact['contact_id'] ?? null,
    sentence: null,
  };
}

/** Features that raise the risk of a row, strongest first. */
function modelReasons(
  valueAt: (name: string, row: number) => number | null,
  factors: Factors | undefined,
  at: number,
  risk: ChurnRisk,
  peers: CellRow | undefined,
  features: ReadonlyMap<string, ReasonFeature>,
  words: ReasonWords,
): ChurnReason[] {
  const own = (name: string) => valueAt(name, risk.row);
  const peer = (name: string) => (typeof peers?.[name] === 'number' ? peers[name] : null);
  return (factors?.names ?? [])
    .map((name, j) => ({ name, contribution: factors?.contributions[j]?.[at] ?? 0, feature: features.get(name) }))
    .filter(({ contribution, feature }) => contribution > LEAST_CONTRIBUTION && feature?.actionable === true)
    .sort((a, b) => b.contribution - a.contribution || (a.name < b.name ? -1 : 1))
    .map(({ name, contribution, feature }) => ({
      account_id: risk.account_id,
      position: 0,
      source: 'model',
      kind: name,
      is_red: false,
      contribution,
      fact_on: null,
      now_value: own(name),
      past_value: words.past(name, own),
      peer_value: peer(name),
      unit: feature?.unit ?? null,
      detail: null,
      contact_id: null,
      sentence: words.sentence(name, own, peer),
    }));
}
