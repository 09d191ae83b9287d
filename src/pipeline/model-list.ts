import type { CellRow, TableColumn } from '../contract/agent.ts';
import type { BasisModel, ChurnModel } from '../contract/churn-model.ts';
import type { Config } from '../contract/config.ts';
import type { ExpansionModel } from '../contract/expansion-model.ts';
import type { CommonOptions } from '../contract/options.ts';
import type { ReportHeader, RunReport } from '../contract/report.ts';
import { openDuckDB } from '../engine/duckdb.ts';
import type { Engine, Row } from '../engine/engine.ts';
import { readState } from '../ledger/index.ts';
import { UserError } from '../lib/errors.ts';
import { CHAMPION_TABLES, type Champion, readChampion, readExpansionChampion } from './champion.ts';
import { CHURN_MODEL_SCHEMA } from './churn-training.ts';
import { expansionHeader, expansionLists, expansionSummary, expansionWarnings } from './expansion-card.ts';
import { EXPANSION_MODEL_SCHEMA } from './expansion-training.ts';
import { type CardFrame, cardHeader, cardLists, cardWarnings } from './model-card.ts';
import { rowSource } from './report-lists.ts';
import { findConfig, hashConfig, ledgerFile, programVersion } from './workspace.ts';

/** After every day that exports can hold: all that the ledger knows. */
const ALL_DAYS = '9999-12-31';

/** The models of a ledger, the newest first, and the one of each kind that serves. */
export interface ModelShelf {
  readonly engine: Engine;
  readonly config: Config;
  readonly rows: readonly Row[];
  readonly champion: Champion | undefined;
  readonly expansion: Champion<ExpansionModel> | undefined;
}

/**
 * Opens the ledger's models as of `--as-of`, or all of them.
 * @throws UserError when it holds none
 */
export async function openShelf(options: CommonOptions): Promise<ModelShelf> {
  const config = findConfig(options);
  const file = ledgerFile(config);
  const day = options.asOf ?? ALL_DAYS;
  const engine = await openDuckDB();
  await readState(engine, file, [...CHAMPION_TABLES, 'model_prediction'], {
    asOf: day,
    includeAsOf: true,
    waitSeconds: options.wait,
  });
  const rows = await engine.rows(
    `select m.model_id, cast(m.as_of as date) as as_of, m.kind, m.config_hash, m.model::varchar as model, m.card::varchar as card,
       c.champion_id, c.is_champion, c.reason, c.compared_rows
     from state.model as m
     left join (
       select *, row_number() over (partition by model_id order by challenge_number desc) as position from state.model_challenge
     ) as c on c.model_id = m.model_id and c.position = 1
     order by m.as_of desc, m.kind, coalesce(c.challenge_number, 0) desc, m.model_id`,
  );
  if (rows.length === 0) {
    throw new UserError(
      `the ledger ${file} holds no model${options.asOf === undefined ? '' : ` of ${day} or before`}`,
      {
        hint: 'fit one with: retain train',
      },
    );
  }
  const champion = await readChampion(engine, config, day);
  return { engine, config, rows, champion, expansion: await readExpansionChampion(engine, config, day) };
}

/** A stored model of either kind with what its card says beside it. */
export interface StoredModel {
  readonly model: ChurnModel | ExpansionModel;
  readonly frame: CardFrame;
  /** Why it serves or does not; null in a ledger that knew no challenges. */
  readonly reason: string | null;
}

/**
 * The model of an id, or of the beginning of one; without an id the churn model that serves.
 * @throws UserError for an id that is not there or fits several, when none serves, and for a model of an older form
 */
export function findModel({ rows, champion }: ModelShelf, id?: string): StoredModel {
  const wanted = id ?? champion?.model.model_id;
  if (wanted === undefined) {
    throw new UserError('no stored model serves this configuration', {
      hint: 'Name one of retain model list, or fit one with: retain train',
    });
  }
  const found = rows.filter(({ model_id }) => model_id === wanted || String(model_id).startsWith(wanted));
  const [row] = found.filter(({ model_id }) => model_id === wanted).concat(found);
  if (row === undefined) {
    throw new UserError(`the ledger has no model ${wanted}`, { hint: 'See them with: retain model list' });
  }
  if (row['model_id'] !== wanted && found.length > 1) {
    throw new UserError(`${wanted} is the beginning of ${found.length} models`, {
      hint: `They are ${found.map(({ model_id }) => String(model_id)).join(', ')}.`,
    });
  }
  const model = modelOf(row);
  if (!isReadable(model)) {
    throw new UserError(`the model ${String(row['model_id'])} was stored by another version of retain`, {
      hint: 'Its form is no longer read; fit a new one with: retain train',
    });
  }
  const frame = JSON.parse(String(row['card'])) as CardFrame;
  return { model, frame, reason: typeof row['reason'] === 'string' ? row['reason'] : null };
}

function modelOf(row: Row): ChurnModel | ExpansionModel {
  return JSON.parse(String(row['model'])) as ChurnModel | ExpansionModel;
}

/** Whether this version of the program reads a stored model's form. */
function isReadable({ kind, schema_version }: ChurnModel | ExpansionModel): boolean {
  return schema_version === (kind === 'churn' ? CHURN_MODEL_SCHEMA : EXPANSION_MODEL_SCHEMA);
}

function isServing({ champion, expansion }: ModelShelf, id: unknown): boolean {
  return champion?.model.model_id === id || expansion?.model.model_id === id;
}

/** `retain model show [ID]`: the card of a stored model, by default of the churn model that serves. */
export async function showModel(options: CommonOptions, id?: string): Promise<RunReport> {
  const shelf = await openShelf(options);
  const { model, frame, reason } = findModel(shelf, id);
  const serves = isServing(shelf, model.model_id);
  const note = `${serves ? 'it serves' : 'it does not serve'}${reason === null ? '' : `; when it was fitted: ${reason}`}`;
  const title = `retain model show ${model.model_id}`;
  const other = id === undefined ? shelf.expansion?.model.model_id : undefined;
  const card =
    model.kind === 'churn'
      ? {
          header: cardHeader(model, frame, title, [note]),
          lists: cardLists(model, frame),
          warnings: cardWarnings(model),
          summary: `${model.leave.sentence} Renewals: ${model.renewal.sentence}`,
        }
      : {
          header: expansionHeader(model, frame, title, [note]),
          lists: expansionLists(model, frame),
          warnings: expansionWarnings(model),
          summary: expansionSummary(model),
        };
  const next = [...(other === undefined ? [] : [`retain model show ${other}`]), 'retain model list'];
  return { ...card, outcomes: [], next };
}

/** `retain model list`: every stored model, what it found, whether it serves and why. */
export async function listModels(options: CommonOptions): Promise<RunReport> {
  const shelf = await openShelf(options);
  const { rows, champion, expansion } = shelf;
  const cells = rows.map((row): CellRow => {
    const model = modelOf(row);
    const isRead = isReadable(model);
    const churn = isRead && model.kind === 'churn' ? model : null;
    const growth = isRead && model.kind === 'expansion' ? model.expansion : null;
    const reason = typeof row['reason'] === 'string' ? row['reason'] : null;
    return {
      model_id: String(row['model_id']),
      as_of: String(row['as_of']),
      is_serving: isServing(shelf, row['model_id']),
      leave: churn === null ? null : rungOf(churn.leave),
      leave_outcome_count: churn === null ? null : churn.leave.outcome_count,
      renewal: churn === null ? null : rungOf(churn.renewal),
      renewal_outcome_count: churn === null ? null : churn.renewal.outcome_count,
      expansion: growth === null ? null : rungOf(growth),
      expansion_outcome_count: growth === null ? null : growth.outcome_count,
      took_over: typeof row['is_champion'] === 'boolean' ? row['is_champion'] : null,
      champion_id: typeof row['champion_id'] === 'string' ? row['champion_id'] : null,
      reason: isRead ? reason : 'stored by another version of retain; not read any more',
      config_hash: String(row['config_hash'] ?? ''),
    };
  });
  const churnServes =
    champion === undefined
      ? 'none of them serves this configuration: the next run fits one'
      : `${champion.model.model_id} serves`;
  const serves = expansion === undefined ? churnServes : `${churnServes}; of expansion ${expansion.model.model_id}`;
  return {
    header: shelfHeader(shelf, options, 'retain model list'),
    lists: [
      {
        name: 'models',
        title: 'Models',
        headline: serves,
        columns: LIST_COLUMNS,
        notes: [
          'a new model takes over unless it is worse out of time than the one of its kind before, on rows whose outcome closed after that one was fitted',
        ],
        rowCount: cells.length,
        rows: rowSource(options.top === undefined ? cells : cells.slice(0, options.top)),
        empty: 'none',
      },
    ],
    outcomes: [],
    warnings: [],
    next: ['retain model show', ...(rows.length > 1 ? ['retain model compare A B'] : [])],
    summary: `${rows.length} ${rows.length === 1 ? 'model' : 'models'}; ${serves}`,
  };
}

/** Header of a report about all models of a ledger: its date is that of the newest. */
export function shelfHeader({ config, rows }: ModelShelf, options: CommonOptions, title: string): ReportHeader {
  return {
    title,
    run_id: null,
    version: programVersion(),
    as_of: options.asOf ?? String(rows[0]?.['as_of']),
    as_of_reason: options.asOf === undefined ? 'the day of the newest model' : '--as-of',
    seed: config.seed,
    config_hash: hashConfig(config),
    currency: config.currency ?? null,
    notes: [],
  };
}

function rungOf({ verdict, rung }: BasisModel): string {
  return rung ?? verdict;
}

const LIST_COLUMNS: readonly TableColumn[] = [
  { key: 'model_id', label: 'model', kind: 'id' },
  { key: 'as_of', label: 'as of', kind: 'date' },
  { key: 'is_serving', label: 'serves', kind: 'boolean' },
  { key: 'leave', label: 'leave', kind: 'text', isName: true },
  { key: 'leave_outcome_count', label: 'outcomes', kind: 'integer', terminal: false },
  { key: 'renewal', label: 'renewal', kind: 'text', isName: true },
  { key: 'renewal_outcome_count', label: 'outcomes', kind: 'integer', terminal: false },
  { key: 'expansion', label: 'expansion', kind: 'text', isName: true },
  { key: 'expansion_outcome_count', label: 'outcomes', kind: 'integer', terminal: false },
  { key: 'took_over', label: 'took over', kind: 'boolean' },
  { key: 'champion_id', label: 'from', kind: 'id', terminal: false },
  { key: 'reason', label: 'why', kind: 'text', wraps: true },
  { key: 'config_hash', label: 'configuration', kind: 'text', terminal: false },
];
