import type { AgentOutcome, Cell, CellRow, Day, TableColumn } from './agent.ts';

/** One list of a report. Rows enter as a source, so that a list of a million rows is written as a stream. */
export interface ReportList {
  readonly name: string;
  readonly title: string;
  readonly question?: string;
  /** One sentence: what the list says. */
  readonly headline: string;
  readonly columns: readonly TableColumn[];
  readonly notes: readonly string[];
  /** Rows in all, before `--top`; `rows` may hold fewer. */
  readonly rowCount: number;
  readonly rows: AsyncIterable<readonly CellRow[]>;
  /** Terminal form: `table` (default) or `cards`, one block of lines a row, from its `CardCells`. */
  readonly layout?: 'table' | 'cards';
  /** Printed in place of rows when there are none. */
  readonly empty: string;
  /** Stands under the list before it: where a format holds one list and none is asked for by name, it is left out. */
  readonly isBlock?: boolean;
}

/** One reason of a card: a dated fact and what it is measured against; numbers are shown with `unit` (or as text). */
export interface CardReason {
  /** The fact in plain words, without its date. */
  readonly text: string;
  readonly fact_on: Day | null;
  readonly now: Cell;
  /** The account's own past and its peers (segment), in the same unit. */
  readonly past: Cell;
  readonly peer: Cell;
  readonly unit?: string | null;
}

/**
 * Cells that a list with layout `cards` prints of each row (at most eight lines); a missing or null cell leaves its part
 * out. Rows with a `csm` are headed by that person when it changes. Texts are sentences without a full stop.
 */
export interface CardCells {
  readonly account_id: string;
  readonly name: string | null;
  readonly csm?: string | null;
  /** What may happen, the larger expected loss. */
  readonly may?: 'leave' | 'shrink' | null;
  readonly arr_amount: number | null;
  /** Only where it differs from the report's. */
  readonly currency?: string | null;
  readonly decision_date: Day | null;
  /** Days from the as-of date to `decision_date`; negative when it has passed. */
  readonly decision_days: number | null;
  readonly on_list_since: Day | null;
  readonly churn_probability: number | null;
  readonly base_rate: number | null;
  readonly reasons: readonly CardReason[];
  /** What changed since the last list. */
  readonly change: string | null;
  /** Last two-way contact: a day, or words. */
  readonly last_contact: Cell;
  readonly whom_to_call: string | null;
  readonly next_step: string | null;
  readonly next_step_due: Day | null;
  readonly under_way: string | null;
  /** Traits that no one can act on, in one line: industry, country, size, tenure, plan. */
  readonly profile: string | null;
  readonly alert_id: string | null;
}

/** The header of every report: what was read, as of when and why, how much of it joined. */
export interface ReportHeader {
  readonly title: string;
  readonly run_id: string | null;
  readonly version: string;
  readonly as_of: Day;
  readonly as_of_reason: string;
  readonly seed: number;
  readonly config_hash: string;
  readonly currency: string | null;
  /** Every amount rests on a guess that `notes` tell (overlapping contracts): money carries `~`. Absent = no. */
  readonly is_money_approximate?: boolean;
  /** Short lines: feeds and the share of rows and ARR each joins, synthetic data, assumptions in force. */
  readonly notes: readonly string[];
}

/** Everything a format needs; if it needs a number, it goes in here first. */
export interface RunReport {
  readonly header: ReportHeader;
  readonly lists: readonly ReportList[];
  readonly outcomes: readonly AgentOutcome[];
  readonly warnings: readonly Warning[];
  /** Commands worth running next. */
  readonly next: readonly string[];
  /** The last line printed: the most important one. */
  readonly summary: string;
  /**
   * Results that other programs store and compare, by name and each with its own `schema_version` (`backtest`: a
   * `BacktestResult`). Only JSON carries them, under the key `data`. Numbers are finite, no value is null.
   */
  readonly data?: Readonly<Record<string, { readonly schema_version: number }>>;
}

/** What happened, so what, and which flag or key changes it. */
export interface Warning {
  readonly what: string;
  readonly consequence: string;
  readonly remedy: string;
}

export interface RenderOptions {
  readonly format: 'table' | 'csv' | 'json' | 'markdown';
  /** Columns of the terminal; Infinity into a pipe. */
  readonly width: number;
  readonly color: boolean;
  readonly top?: number;
  readonly quiet?: boolean;
}

/** A format: a report in, text out, streamed. */
export type Renderer = (report: RunReport, options: RenderOptions) => AsyncIterable<string>;

/** Talk and progress, stderr only. */
export interface Progress {
  /** A stage begins; on a TTY it is drawn over, elsewhere it is one line when it ends. */
  stage(name: string): void;
  detail(text: string): void;
  done(): void;
  note(text: string): void;
}
