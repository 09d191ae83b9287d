import type { Day } from './agent.ts';
import type { Progress, RenderOptions } from './report.ts';

/** The output formats every listing verb knows. */
export type Format = RenderOptions['format'];

/**
 * What the shared flags give to a pipeline verb. Checked before the verb is called: days are real days, numbers are in
 * range. A flag that was not given is absent, so that the verb can tell "not given" from a default. Paths are as the
 * user wrote them, relative to the working directory.
 */
export interface CommonOptions {
  /** `--config`: the configuration file. Absent: `retain.yaml` in the data directory, then in the working directory. */
  readonly config?: string;
  /** `--data`: the directory of the exports; wins over `data:` of the configuration. */
  readonly data?: string;
  /** `--store`: directory of ledger and cache; wins over `store:` of the configuration. */
  readonly store?: string;
  /** `--as-of`: the day whose knowledge is used. Absent: the last full day of the main feed. */
  readonly asOf?: Day;
  readonly format: Format;
  /** `--output`: a file, or a directory where several lists are written as CSV. Absent or `-`: stdout. */
  readonly output?: string;
  /** `--csm`: only the accounts of this person. */
  readonly csm?: string;
  /** `--segment`: only the accounts of this segment. */
  readonly segment?: string;
  /** `--top`: at most this many rows a list, at least 1. */
  readonly top?: number;
  /** `--seed`: wins over `seed:` of the configuration; 0 … 2^32 − 1. */
  readonly seed?: number;
  readonly quiet: boolean;
  readonly debug: boolean;
  /** Colour on stdout: a TTY, no `--no-color`, no `NO_COLOR`. */
  readonly color: boolean;
  /** Columns of the terminal; into a pipe or a file those of `COLUMNS` where it is set, else Infinity. */
  readonly width: number;
  /** `--wait`: seconds to wait for a ledger that another process holds. */
  readonly wait: number;
  /** `--allow-leak`, once for each: added to `model.allow_leak` of the configuration. */
  readonly allowLeak?: readonly string[];
  /** Today (UTC), read once by the command, so that nothing below reads a clock. */
  readonly today: Day;
  /** Talk and progress, to stderr. */
  readonly progress: Progress;
}

/** What a verb that runs the agents hands back: the report to render and what the command's exit code shall be. */
export interface RunResult<Report> {
  readonly report: Report;
  /** 0 done; 1 done, but a gate the user asked for failed. */
  readonly exitCode: 0 | 1;
}
