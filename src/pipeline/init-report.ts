import type { CellRow, TableColumn } from '../contract/agent.ts';
import type { ReportList, RunReport } from '../contract/report.ts';
import type { Recognition } from '../data/mapping.ts';
import type { TableGuess } from '../data/mapping-columns.ts';
import { certainty, orderedColumns } from '../data/mapping-yaml.ts';
import { bestAddition, PAYING_TABLES, yieldOf } from '../data/mapping-yield.ts';
import type { ChurnChoice } from './init-outcomes.ts';
import { rowSource } from './report-lists.ts';

/** What `init` found, for people and machines. */
export interface InitFindings {
  readonly directory: string;
  readonly configFile: string;
  readonly recognition: Recognition;
  readonly aliasFile: string | undefined;
  readonly aliasRows: number;
  readonly churn: ChurnChoice | { readonly failed: string };
  readonly currency: string | undefined;
  readonly today: string;
  readonly version: string;
}

/** What to do where no file says who pays. */
const ANOTHER_EXPORT =
  'put contracts, subscriptions or monthly revenue beside these files and run init again with --force';

/** The report of `init`: guesses with confidence, files left out, outcomes per definition, and what the files give. */
export function initReport(found: InitFindings): RunReport {
  const { recognition, churn } = found;
  const { guesses } = recognition;
  const addition = bestAddition(guesses);
  const has = (tables: readonly string[]) => guesses.some(({ table }) => tables.includes(table));
  const isPaid = has(PAYING_TABLES);
  const hasAccounts = isPaid || has(['account']);
  const files = new Set(guesses.map((guess) => guess.profile.file)).size;
  const lists = [tablesList(guesses), columnsList(guesses), leftOutList(recognition)];
  if ('counts' in churn) lists.push(definitionsList(churn));
  lists.push(yieldList(guesses, addition));
  return {
    header: {
      title: `What is in ${found.directory}`,
      run_id: null,
      version: found.version,
      as_of: 'asOf' in churn ? churn.asOf : found.today,
      as_of_reason: 'asOf' in churn ? churn.asOfReason : 'today: the exports were not read',
      seed: 0,
      config_hash: '',
      currency: found.currency ?? null,
      notes: [
        ...recognition.notes,
        ...(found.aliasFile === undefined
          ? []
          : [`${found.aliasFile} proposes ${found.aliasRows} ids of other systems: look through it once`]),
      ],
    },
    lists,
    outcomes: [],
    warnings:
      'failed' in churn
        ? [
            {
              what: `the outcomes could not be counted: ${churn.failed}`,
              consequence: 'churn.definition is left at contract_chain',
              remedy: hasAccounts
                ? 'correct the mapping in the written file and run: retain check --churn-definitions'
                : ANOTHER_EXPORT,
            },
          ]
        : [],
    next: [...(hasAccounts ? ['check'] : []), ...(isPaid ? ['run'] : [])].map(
      (verb) => `retain ${verb}${found.configFile === 'retain.yaml' ? '' : ` --config ${found.configFile}`}`,
    ),
    summary: `${isPaid ? '' : `No file says which accounts ${hasAccounts ? 'pay: every list would be empty' : 'there are'}; ${ANOTHER_EXPORT}. `}${found.configFile} written: ${guesses.length} ${guesses.length === 1 ? 'table' : 'tables'} from ${files} ${files === 1 ? 'file' : 'files'}. ${
      addition === undefined
        ? 'Nothing is missing for the lists there are.'
        : `The one export that would add most: ${addition.name}.`
    }`,
  };
}

function list(
  name: string,
  title: string,
  headline: string,
  columns: readonly TableColumn[],
  rows: readonly CellRow[],
  notes: readonly string[] = [],
  empty = 'none',
): ReportList {
  return { name, title, headline, columns, notes, rowCount: rows.length, rows: rowSource(rows), empty };
}

function tablesList(guesses: readonly TableGuess[]): ReportList {
  const rows = guesses.map((guess) => ({
    table: guess.table,
    file: guess.profile.file,
    row_count: guess.profile.rows,
    shape: guess.shape,
    confidence: Math.round(guess.confidence * 100) / 100,
    certainty: certainty(guess.confidence),
    column_count: guess.columns.length,
    decisions: guess.notes.join('; '),
  }));
  return list(
    'init_tables',
    'Tables recognised',
    `${rows.length} ${rows.length === 1 ? 'table' : 'tables'} of the data contract`,
    [
      { key: 'table', label: 'Table', kind: 'id' },
      { key: 'file', label: 'File', kind: 'text' },
      { key: 'row_count', label: 'Rows', kind: 'integer' },
      { key: 'shape', label: 'Headings', kind: 'text' },
      { key: 'confidence', label: 'Confidence', kind: 'number', terminal: false },
      { key: 'certainty', label: 'How sure', kind: 'text' },
      { key: 'column_count', label: 'Columns', kind: 'integer' },
      { key: 'decisions', label: 'Decided', kind: 'text', terminal: false },
    ],
    rows,
    guesses.flatMap((guess) => guess.notes.map((note) => `${guess.table}, ${guess.profile.file}: ${note}`)),
    'no table was recognised',
  );
}

function columnsList(guesses: readonly TableGuess[]): ReportList {
  const rows = guesses.flatMap((guess) =>
    orderedColumns(guess).map((item) => ({
      table: guess.table,
      file: guess.profile.file,
      column: item.column,
      source:
        item.mapping.from ?? (item.mapping.row_number === true ? 'row number' : `always ${String(item.mapping.value)}`),
      transform: [item.mapping.transform ?? []].flat().join(', ') || null,
      confidence: Math.round(item.confidence * 100) / 100,
      why: item.why ?? null,
    })),
  );
  const unsure = rows.filter((row) => row.confidence < 0.8);
  return list(
    'init_columns',
    'Columns',
    unsure.length === 0
      ? 'every column is sure or likely'
      : `${unsure.length} of ${rows.length} columns are guesses: look at those first`,
    [
      { key: 'table', label: 'Table', kind: 'id' },
      { key: 'file', label: 'File', kind: 'text', terminal: false },
      { key: 'column', label: 'Column', kind: 'text' },
      { key: 'source', label: 'From', kind: 'text' },
      { key: 'transform', label: 'Through', kind: 'text', terminal: false },
      { key: 'confidence', label: 'Confidence', kind: 'rate' },
      { key: 'why', label: 'Why', kind: 'text' },
    ],
    rows,
  );
}

function leftOutList(recognition: Recognition): ReportList {
  const rows = recognition.leftOut.map((item) => ({
    file: item.file,
    outcome: item.kind === 'unknown' ? 'not placed' : 'left out',
    reason: item.reason,
  }));
  const unknown = rows.filter((row) => row.outcome === 'not placed').length;
  return list(
    'init_left_out',
    'Files not used',
    unknown === 0
      ? 'every file was placed or left out on purpose'
      : `${unknown} ${unknown === 1 ? 'file' : 'files'} could not be placed`,
    [
      { key: 'file', label: 'File', kind: 'text' },
      { key: 'outcome', label: 'Outcome', kind: 'text' },
      { key: 'reason', label: 'Why', kind: 'text' },
    ],
    rows,
    [],
    'every file is used',
  );
}

/** Accounts, ARR, first and last outcome and contradictions under every churn definition, and which is taken. */
export function definitionsList(churn: Pick<ChurnChoice, 'counts' | 'definition' | 'reason'>): ReportList {
  const rows = churn.counts.map((count) => ({
    definition: count.definition,
    is_taken: count.definition === churn.definition,
    account_count: count.accounts,
    arr_amount: count.arr_amount,
    first_on: count.first_on,
    last_on: count.last_on,
    contradictions: count.contradictions,
  }));
  return list(
    'init_churn_definitions',
    'Who left, under every definition',
    `taken: ${churn.definition}`,
    [
      { key: 'definition', label: 'Definition', kind: 'id' },
      { key: 'is_taken', label: 'Taken', kind: 'boolean' },
      { key: 'account_count', label: 'Accounts', kind: 'integer' },
      { key: 'arr_amount', label: 'ARR', kind: 'money' },
      { key: 'first_on', label: 'First', kind: 'date' },
      { key: 'last_on', label: 'Last', kind: 'date' },
      { key: 'contradictions', label: 'Contradicted', kind: 'integer' },
    ],
    rows,
    [
      churn.reason,
      'Contradicted: accounts that left by this definition and not by another record of leaving (or a churn flag), or the reverse.',
    ],
  );
}

function yieldList(guesses: readonly TableGuess[], addition: ReturnType<typeof bestAddition>): ReportList {
  const rows = yieldOf(guesses).map((item) => ({
    kind: item.kind,
    name: item.name,
    is_available: item.isAvailable,
    because: item.because,
  }));
  const count = (kind: string) => rows.filter((row) => row.kind === kind && row.is_available).length;
  return list(
    'init_yield',
    'What these files give you',
    `${count('list')} of ${rows.filter((row) => row.kind === 'list').length} lists and ${count('measure')} of ${rows.filter((row) => row.kind === 'measure').length} health measures`,
    [
      { key: 'kind', label: 'Kind', kind: 'text' },
      { key: 'name', label: 'Name', kind: 'text' },
      { key: 'is_available', label: 'Available', kind: 'boolean' },
      { key: 'because', label: 'From, or for lack of', kind: 'text' },
    ],
    rows,
    addition === undefined
      ? []
      : [`The one export that would add most: ${addition.name} (opens ${addition.opens.join(', ')}).`],
  );
}
