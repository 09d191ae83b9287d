import type { ColumnMapping, Source } from '../../contract/config.ts';

/**
 * The shapes in which a vendor's data reach a folder: the CSV or JSON that its own product exports, the objects of its
 * API as JSON, and the tables of a Fivetran warehouse.
 */
export type PresetShape = 'export' | 'api' | 'fivetran';

/** One table of a vendor in one shape: how it is recognised and how it fills the data contract. Data, not code. */
export interface PresetTable {
  readonly shape: PresetShape;
  /** The vendor's own name of the table. */
  readonly name: string;
  /** What the file is usually called; raises confidence, never required. */
  readonly file: RegExp;
  /** Headings (or dotted JSON paths) that must all be there. Compared without regard to case in exports. */
  readonly signature: readonly string[];
  /** Table of the data contract; absent when retain does not need this one. */
  readonly table?: string;
  /** Contract column → source heading; columns whose heading the file lacks are left out. */
  readonly columns?: Readonly<Record<string, string | ColumnMapping | readonly (string | ColumnMapping)[]>>;
  readonly filter?: Source['filter'];
  readonly dedupe?: Source['dedupe'];
  readonly period?: Source['period'];
  /** Id system of this table's account column where it is not the vendor's own (a join table resolves it). */
  readonly system?: string;
  /** What a reader of the configuration must know: a trap that this preset handles. */
  readonly notes?: readonly string[];
}

/** All tables of one vendor. */
export interface Preset {
  readonly vendor: string;
  /** As printed. */
  readonly title: string;
  /** Id system of the vendor's account ids, for account_alias. */
  readonly system: string;
  readonly tables: readonly PresetTable[];
}
