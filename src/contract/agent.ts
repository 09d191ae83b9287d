import type { FittedModel, Random } from './model.ts';
import type { RankedProposal } from './supervisor.ts';

/** A calendar day `YYYY-MM-DD`; knowledge to the end of that day. */
export type Day = string;

export type Cell = string | number | boolean | null | readonly Cell[] | { readonly [key: string]: Cell };
export type CellRow = Readonly<Record<string, Cell>>;

/** How a column is shown and which way is better. */
export interface TableColumn {
  /** snake_case, the same from SQL to CSV and JSON. */
  readonly key: string;
  readonly label: string;
  readonly kind:
    | 'id'
    | 'text'
    | 'date'
    | 'integer'
    | 'number'
    | 'money'
    | 'rate'
    | 'probability'
    | 'score'
    | 'boolean'
    | 'list';
  readonly unit?: string;
  /** Decimals of a number as people read it; absent: by its size. */
  readonly digits?: number;
  /** Values are snake_case names: people read them with spaces; CSV and JSON keep them. */
  readonly isName?: boolean;
  /** Sentences: broken over lines where the terminal is narrow, where other text is cut. */
  readonly wraps?: boolean;
  /** Shown in the terminal table; the rest is in CSV, JSON and `account`. Default true. */
  readonly terminal?: boolean;
}

/** A ranked relation an agent wrote; the rows stay in the engine as `relation`. */
export interface FindingTable {
  readonly name: string;
  readonly title: string;
  readonly columns: readonly TableColumn[];
  /** Sort expression columns, last one a key, so that the ranking is total. The relation carries `rank` from 1. */
  readonly order: readonly string[];
  /** Lines that stand above the list: definitions, bases, caveats. */
  readonly notes: readonly string[];
}

/**
 * What an agent found. `tables` holds one relation for each name in `writes`, the first the ranked list.
 * Proposals are rows of the relation `proposal` (columns of PROPOSAL_COLUMNS) that the agent appended.
 */
export interface Finding {
  readonly headline: string;
  readonly tables: readonly FindingTable[];
  readonly warnings?: readonly string[];
}

/** Fixed columns of a proposal. `kind`: alert, touchpoint, task, expansion_pitch, advocacy_ask. */
export interface Proposal {
  readonly agent: string;
  readonly account_id: string;
  readonly contact_id: string | null;
  readonly kind: 'alert' | 'touchpoint' | 'task' | 'expansion_pitch' | 'advocacy_ask';
  /** Machine name of the reason, also the dedupe key together with account and kind. */
  readonly reason: string;
  /** JSON: the dated facts and rows behind it. */
  readonly evidence: string;
  /** Money at stake, in the reporting currency; null when unknown. */
  readonly value_amount: number | null;
  readonly not_before: Day | null;
  readonly expires: Day | null;
}

export interface AgentContext {
  readonly asOf: Day;
  readonly random: Random;
  /** The model that serves this agent at `asOf`; undefined where the verdict is "no signal" or outcomes are too few. */
  readonly model: FittedModel | undefined;
  /** Reads with one select; only relations named in `reads`, or written by this agent, may stand in it. */
  rows(sql: string, bindings?: Readonly<Record<string, string | number | boolean | null>>): Promise<CellRow[]>;
  columns(sql: string, bindings?: Readonly<Record<string, string | number | boolean | null>>): Promise<ColumnSet>;
  /** Writes relation `name` (one of `writes`) from a select. */
  write(
    name: string,
    sql: string,
    bindings?: Readonly<Record<string, string | number | boolean | null>>,
  ): Promise<void>;
  /** Writes relation `name` (one of `writes`) from equally long columns computed here. */
  writeColumns(name: string, columns: Readonly<Record<string, ColumnData>>): Promise<void>;
  propose(proposals: readonly RankedProposal[]): Promise<void>;
}

/** A typed column to be written. Numbers are `NaN` where missing. */
export type ColumnData =
  | { readonly type: 'VARCHAR' | 'DATE'; readonly values: readonly (string | null)[] }
  | { readonly type: 'DOUBLE' | 'INTEGER'; readonly values: Float64Array | Int32Array }
  | { readonly type: 'BOOLEAN'; readonly values: readonly (boolean | null)[] };

/** A result column by column: numbers as `Float64Array` (`NaN` = null), anything as text. */
export interface ColumnSet {
  readonly rowCount: number;
  number(name: string): Float64Array;
  text(name: string): readonly (string | null)[];
}

/** What can happen to an account that an agent may have predicted; each has its labels in `pipeline/backtest`. */
export type PredictedOutcome = 'churn' | 'not_renewed' | 'expansion';

/**
 * A column of an agent's table that claims to tell an outcome beforehand. `retain backtest` replays the agent and scores
 * every column it declares; an agent that declares none is replayed and not scored.
 */
export interface Prediction<S = unknown> {
  /** `prediction` of the figures: `churn`, `health`, `renewal`, `expansion`. */
  readonly name: string;
  readonly title: string;
  /** One of `writes`, with `account_id`. */
  readonly table: string;
  /** Its numeric column; null = nothing is claimed of the account, and it is not scored. */
  readonly column: string;
  /** Further columns of the table that are scored beside it: the components of a composite. */
  parts?(settings: S): readonly string[];
  /** `risk`: the higher, the more likely the outcome; `safety`: the less likely. */
  readonly direction: 'risk' | 'safety';
  readonly outcome: PredictedOutcome;
  /** `ranking` says only who stands before whom; `probability` (0–1) is judged as one, turned round where `safety`. */
  readonly kind: 'ranking' | 'probability';
}

/**
 * A table of an agent that claims beforehand how much money there will be: one row an account, what of its amount is expected, and
 * one row without `account_id` for all of them together, with a range. `retain backtest` replays the agent and holds the sums of
 * each date against what came (bias), and the range against whether it held (coverage); `retain run` keeps what it said, and
 * `retain retro` holds that against what came.
 */
export interface AmountForecast {
  /** `prediction` of the figures: `renewal_arr`. */
  readonly name: string;
  readonly title: string;
  /** One of `writes`, with `account_id` (null in the one row of the whole book) and the columns below. */
  readonly table: string;
  /** The account's amount, all of which comes or none; reporting currency. */
  readonly amount: string;
  /** What of it is expected; in the row of the book the sum. */
  readonly expected: string;
  /** Range of the sum, in the row of the book. */
  readonly low: string;
  readonly high: string;
  /** Text column with what the account's share rests on; for those that have one. */
  readonly source?: string;
  /** Probability that the range claims to hold with, 0–1. */
  readonly level: number;
  /** What decides over each amount, and whether it comes when that happens (`with`) or when it does not (`without`). */
  readonly outcome: PredictedOutcome;
  readonly comes: 'with' | 'without';
}

/**
 * One question about the book of accounts. A ninth agent is one file and one line in agents/index.ts, and gets the
 * shared contract tests with none written.
 */
export interface Agent<S = unknown> {
  readonly id: string;
  readonly title: string;
  readonly question: string;
  /** Relations (as-of views, ledger views, other agents' tables) this agent may read. Give the order of the run. */
  readonly reads: readonly string[];
  /** Tables this agent produces, the first its ranked list. */
  readonly writes: readonly string[];
  readonly needsModel?: boolean;
  readonly predicts?: readonly Prediction<S>[];
  readonly forecasts?: readonly AmountForecast[];
  readonly defaults: S;
  run(context: AgentContext, settings: S): Promise<Finding | Skipped>;
}

/** An agent that could not answer, and why (not an error, not an empty list). */
export interface Skipped {
  readonly skipped: string;
}

export type AgentOutcome =
  | { readonly agent: string; readonly status: 'ok'; readonly finding: Finding }
  | { readonly agent: string; readonly status: 'skipped'; readonly reason: string }
  | { readonly agent: string; readonly status: 'failed'; readonly error: string };
