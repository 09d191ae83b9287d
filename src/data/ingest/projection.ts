import type { Source } from '../../contract/config.ts';
import { quoteName, quoteText } from '../../engine/engine.ts';
import { type ColumnType, contractTable, SQL_TYPES } from '../contract.ts';
import { type CellContext, cellExpression, EMPTY_WORDS } from '../transforms.ts';
import type { CustomColumn, MappedColumn } from './mapping.ts';
import type { Reader } from './reader.ts';

/** Separates fields and faults inside the text in which a row's unreadable cells travel. */
export const FIELD_MARK = '\u001f';
export const FAULT_MARK = '\u001e';

/** Longest piece of a cell kept in a reject, characters. */
export const REJECT_VALUE_LENGTH = 200;

/** Relations that turn what a usage row carries into the paying account; absent ones are not joined. */
export interface UsageMaps {
  readonly account?: string;
  readonly contract?: string;
  readonly user?: string;
  readonly domain?: string;
}

export interface ProjectionInput {
  readonly table: string;
  readonly source: Source;
  readonly columns: readonly MappedColumn[];
  readonly custom: readonly CustomColumn[];
  readonly context: CellContext;
  /** Readers of the files, each with its name as written into `source_file`. */
  readonly files: readonly { readonly reader: Reader; readonly label: string }[];
  readonly isCareful: boolean;
  /** Source columns that arrive in their SQL type (`plainTypes`); the others arrive as text. */
  readonly types?: ReadonlyMap<string, string> | undefined;
  /** Only for usage, whose accounts are found while it streams past. */
  readonly maps: UsageMaps | undefined;
}

/** A cell on its way: raw text `r`, typed value `c`. */
interface Slot {
  /** Whether the reader has turned the cell into its type already. */
  readonly isTyped: boolean;
  readonly name: string;
  readonly type: ColumnType;
  readonly raw: string;
  readonly typed: string;
  readonly expression: string;
}

/**
 * The select that turns export files into rows of one part: a single streaming pass. Columns: the mapped contract and
 * custom columns typed, `source_file`, `row_key_text` (raw key for finding lines), `fault` (unreadable cells, null for
 * nearly every row) and `is_bad` (a required cell is missing: the row cannot be used).
 */
export function projectionSql(input: ProjectionInput): string {
  const raws = new Map<string, string>();
  const rawOf = (column: string) => {
    const known = raws.get(column);
    if (known !== undefined) return known;
    const name = `r${raws.size}`;
    raws.set(column, name);
    return name;
  };
  const slots = input.columns.map((column, index): Slot => slot(column, `c${index}`, input, rawOf));
  for (const [index, custom] of input.custom.entries()) {
    slots.push(slot({ ...custom, mapping: { from: custom.from } }, `x${index}`, input, rawOf));
  }
  const keyColumn = contractTable(input.table).key.find((key) =>
    input.columns.some((column) => column.name === key && column.mapping.from !== undefined),
  );
  const keySource = input.columns.find((column) => column.name === keyColumn)?.mapping.from;
  const wide = input.source.unpivot ?? [];
  for (const name of [
    ...wide,
    ...Object.keys(input.source.filter ?? {}),
    ...(input.source.dedupe?.key ?? []),
    ...(input.source.dedupe?.latest === undefined ? [] : [input.source.dedupe.latest]),
  ])
    rawOf(name);
  const hasRowNumber = input.columns.some((column) => column.mapping.row_number === true);
  const cells = input.files
    .map(({ reader, label }) => cellsSql(reader, label, raws, input, hasRowNumber))
    .join('\nunion all\n');
  const rows = dedupeSql('cells', input, raws, slots);
  if (wide.length > 0) addWide(slots, input, raws);
  const typed = slots.map((item) => `${item.expression} as ${item.typed}`);
  const from = wide.length > 0 ? wideSql(rows, wide, raws) : rows;
  const final = finalSelect(slots, input, keySource === undefined ? 'null' : rawOf(keySource));
  return `with cells as (${cells}), typed as (select *, ${typed.join(', ')} from ${from}) ${final}`;
}

/**
 * Types that the CSV reader parses as `cellExpression` does, as long as the value is an ordinary one. A time stays text:
 * the reader would drop its offset without a word.
 */
const PLAIN_TYPES: Partial<Record<ColumnType, string>> = { date: 'DATE', timestamp: 'VARCHAR', integer: 'BIGINT' };

/**
 * The source columns that a CSV reader may parse by itself, with the SQL type: dates, times and whole numbers that one
 * column alone reads as they stand, on a clock of UTC. Parsing in the reader costs a fifth of parsing text in SQL. It
 * reads only ordinary values, so a file with any other (`isOrdinary`) is read again as text, which decides. Undefined
 * when the source needs the text of its cells.
 */
export function plainTypes(
  input: Pick<ProjectionInput, 'source' | 'columns' | 'custom' | 'context' | 'files'>,
): ReadonlyMap<string, string> | undefined {
  const { source, columns, custom, context, files } = input;
  if (!files.every(({ reader }) => reader.format === 'csv')) return undefined;
  if (context.sourceZone !== 'UTC' || context.zone !== 'UTC' || context.dateOrder !== undefined) return undefined;
  if (source.dedupe !== undefined || columns.some(({ name }) => name === 'insert_id')) return undefined;
  const others = [...(source.unpivot ?? []), ...Object.keys(source.filter ?? {}), ...custom.map(({ from }) => from)];
  const reads = [...columns.flatMap(({ mapping }) => [mapping.from, mapping.by]), ...others];
  const types = new Map<string, string>();
  for (const { type, mapping } of columns) {
    const { from, transform, values } = mapping;
    const plain = PLAIN_TYPES[type];
    if (from === undefined || plain === undefined || transform !== undefined || values !== undefined) continue;
    if (reads.filter((name) => name === from).length === 1) types.set(from, plain);
  }
  return types.size === 0 ? undefined : types;
}

function slot(
  column: MappedColumn,
  typed: string,
  { context, types }: Pick<ProjectionInput, 'context' | 'types'>,
  rawOf: (column: string) => string,
): Slot {
  const { mapping, type } = column;
  if (mapping.from !== undefined && types?.has(mapping.from) === true) {
    const raw = rawOf(mapping.from);
    if (type !== 'timestamp') return { isTyped: true, name: column.name, type, raw, typed, expression: raw };
    // Nineteen characters leave no room for an offset; what is longer is not ordinary.
    const expression = `case when strlen(${raw}) <= 19 then try_cast(${raw} as timestamp) end`;
    return { isTyped: true, name: column.name, type, raw, typed, expression };
  }
  const isTyped = false;
  const isPlainId = mapping.transform === undefined && mapping.values === undefined && mapping.from !== undefined;
  if (types !== undefined && type === 'id' && isPlainId) {
    // An ordinary id has no blank at its ends (`ordinarySelect`), so that there is nothing to trim.
    const raw = rawOf(mapping.from);
    return { isTyped, name: column.name, type, raw, typed, expression: `nullif(${raw}, '')` };
  }
  if (mapping.row_number === true) {
    return {
      isTyped,
      name: column.name,
      type,
      raw: 'null',
      typed,
      expression: `cast(row_number_ as ${SQL_TYPES[type]})`,
    };
  }
  const raw =
    mapping.from === undefined ? `cast(${quoteText(String(mapping.value ?? ''))} as varchar)` : rawOf(mapping.from);
  const by = mapping.by === undefined ? undefined : rawOf(mapping.by);
  const expression = cellExpression(mapping, type, raw, by, context, column.monthDay);
  return {
    isTyped,
    name: column.name,
    type,
    raw,
    typed,
    expression,
  };
}

function cellsSql(
  reader: Reader,
  label: string,
  raws: ReadonlyMap<string, string>,
  input: ProjectionInput,
  hasRowNumber: boolean,
): string {
  const list = [...raws].map(([column, name]) => `${reader.text(column)} as ${name}`);
  if (hasRowNumber) list.push('row_number() over () as row_number_');
  list.push(`${quoteText(label)} as source_file`);
  const filters = Object.entries(input.source.filter ?? {}).map(
    ([column, values]) =>
      `list_contains([${values.map((value) => quoteText(String(value).trim().toLowerCase())).join(', ')}], lower(trim(${raws.get(column) ?? 'null'})))`,
  );
  const select = `select ${list.join(', ')} from ${reader.relation(input.isCareful || hasRowNumber, input.types)}`;
  return filters.length === 0 ? select : `select * from (${select}) where ${filters.join(' and ')}`;
}

/** Repeated rows: the greatest `latest` of each key wins; among equals the one with the greatest text, so that file order does not matter. */
function dedupeSql(
  rows: string,
  input: ProjectionInput,
  raws: ReadonlyMap<string, string>,
  slots: readonly Slot[],
): string {
  const insertId = slots.find((item) => item.name === 'insert_id');
  const dedupe = input.source.dedupe;
  if (dedupe === undefined && (insertId === undefined || input.table !== 'usage')) return rows;
  const keys = dedupe?.key.map((key) => raws.get(key) ?? 'null') ?? [insertId?.raw ?? 'null'];
  const latest = dedupe?.latest === undefined ? undefined : raws.get(dedupe.latest);
  const typed = slots.find((item) => item.raw === latest && latest !== undefined);
  const order =
    latest === undefined ? [] : [`${typed?.expression ?? latest} desc nulls last`, `${latest} desc nulls last`];
  const rest = [...raws.values()].map((raw) => `${raw} desc nulls last`);
  return `(select * from ${rows} qualify ${keys.map((key) => `${key} is null`).join(' and ')}
    or row_number() over (partition by ${keys.join(', ')} order by ${[...order, ...rest].join(', ')}) = 1)`;
}

function wideSql(rows: string, wide: readonly string[], raws: ReadonlyMap<string, string>): string {
  const names = wide.map((name) => quoteText(name)).join(', ');
  const values = wide.map((name) => raws.get(name) ?? 'null').join(', ');
  // An empty or zero cell says that the feature was not used: no row.
  return `(select * from (select *, unnest([${names}]) as wide_name, unnest([${values}]) as wide_value from ${rows})
    where wide_value is not null and try_cast(wide_value as double) is distinct from 0)`;
}

function addWide(slots: Slot[], input: ProjectionInput, raws: Map<string, string>): void {
  raws.set('\u0000feature', 'wide_name');
  slots.push({
    isTyped: false,
    name: 'feature',
    type: 'text',
    raw: 'wide_name',
    typed: 'wide_feature',
    expression: 'wide_name',
  });
  const mapping = { from: '\u0000wide' };
  slots.push({
    isTyped: false,
    name: 'event_count',
    type: 'integer',
    raw: 'wide_value',
    typed: 'wide_count',
    expression: cellExpression(mapping, 'integer', 'wide_value', undefined, input.context),
  });
}

function finalSelect(slots: readonly Slot[], input: ProjectionInput, key: string): string {
  const table = contractTable(input.table);
  const at = (name: string) => slots.find((item) => item.name === name)?.typed;
  const output = new Map<string, string>(slots.map((item) => [item.name, item.typed]));
  const needed = table.columns
    .filter((column) => column.required === true && at(column.name) !== undefined)
    .map((column) => [column.name]);
  const groups = [
    ...needed,
    ...(table.oneOf ?? [])
      .map((group) => group.filter((column) => at(column) !== undefined))
      .filter((group) => group.length > 0),
  ];
  // A row that names its contact instead of its account is good.
  const stand = at('contact_id') !== undefined && input.table !== 'contact';
  const sets = groups.map((group) =>
    stand && group.includes('account_id') && !group.includes('contact_id') ? [...group, 'contact_id'] : group,
  );
  // In a part of ordinary cells, one that is not makes the part be read again as text.
  const never = (group: readonly string[]) =>
    slots.filter((item) => group.includes(item.name) && (item.type === 'date' || item.type === 'timestamp'));
  const isBad = sets.map((group) => {
    const isEmpty = group.map((column) => `${at(column) ?? 'null'} is null`).join(' and ');
    // A contract whose dates stand for "always" or "never" is a contract: losing it would lose its account.
    const dates = input.table === 'contract' ? never(group) : [];
    return `(${[isEmpty, ...dates.map((item) => `not ${isNever(item)}`)].join(' and ')})`;
  });
  if (input.table === 'usage') setDays(output, input, at);
  const checked = slots.filter(
    (item) => !item.isTyped && item.type !== 'text' && item.type !== 'id' && item.raw !== 'null',
  );
  const suspect = checked.map((item) => `(${item.raw} is not null and ${item.typed} is null)`);
  const faults = [
    ...checked.map(
      (item) =>
        `case when ${item.raw} is not null and ${item.typed} is null and ${isMeant(item)} then ${faultText(item.name, item.raw)} end`,
    ),
    // A date for "never" is an empty cell elsewhere; where the row needs one it is told.
    ...sets.flatMap((group) =>
      never(group).map(
        (item) =>
          `case when ${group.map((column) => `${at(column) ?? 'null'} is null`).join(' and ')} and ${isNever(item)} then ${faultText(item.name, item.raw)} end`,
      ),
    ),
    ...sets.map(
      (group) =>
        `case when ${group.map((column) => `${at(column) ?? 'null'} is null and ${isEmptyRaw(slots, column)}`).join(' and ')} then ${faultText(group.join(' or '), "''")} end`,
    ),
  ];
  const odd = slots.filter((item) => item.isTyped && item.type === 'timestamp');
  isBad.push(...odd.map((item) => `(${item.raw} is not null and ${item.typed} is null)`));
  const any = [...suspect, ...isBad];
  if (input.types !== undefined) {
    const ids = slots.filter((item) => item.type === 'id' && item.raw !== 'null');
    const blanks = ids.map(({ raw }) => `starts_with(${raw}, ' ') or ends_with(${raw}, ' ')`);
    return ordinarySelect(output, [...any, ...blanks], input, at);
  }
  const fault =
    any.length === 0
      ? 'cast(null as varchar)'
      : `case when ${any.join(' or ')} then nullif(concat_ws(${quoteText(FAULT_MARK)}, ${faults.join(', ')}), '') end`;
  const list = [...output].map(([name, sql]) => `${sql} as ${quoteName(name)}`);
  list.push(
    'source_file',
    `${isBad.length === 0 ? 'false' : `coalesce(${isBad.join(' or ')}, false)`} as is_bad`,
    `${fault} as fault`,
  );
  list.push(
    `case when ${any.length === 0 ? 'false' : any.join(' or ')} then left(${key}, ${REJECT_VALUE_LENGTH}) end as row_key_text`,
  );
  const judged = `select ${list.join(', ')} from typed`;
  return input.table === 'usage' ? withAccounts(judged, input, at) : judged;
}

/** A part of ordinary cells holds no notes of faults: the first cell out of the ordinary ends the pass. */
function ordinarySelect(
  output: ReadonlyMap<string, string>,
  any: readonly string[],
  input: ProjectionInput,
  at: (name: string) => string | undefined,
): string {
  // The day of an event and the name of the file are known without writing them twenty million times.
  const kept = [...output].filter(([name]) => name !== 'occurred_on' || !output.has('occurred_at'));
  const list = kept.map(([name, sql]) => `${sql} as ${quoteName(name)}`);
  const only =
    any.length === 0 ? '' : `where case when ${any.join(' or ')} then error('out of the ordinary') else true end`;
  const judged = `select ${list.join(', ')} from typed ${only}`;
  return input.table === 'usage' ? withAccounts(judged, input, at) : judged;
}

function isEmptyRaw(slots: readonly Slot[], column: string): string {
  const found = slots.find((item) => item.name === column);
  const raw = found?.raw ?? 'null';
  if (found?.isTyped === true) return `(${raw} is null)`;
  return `(${raw} is null or ${isEmptyWord(raw)})`;
}

/** Whether an unreadable cell was meant to be a value: not a word for nothing, not a date that stands for "never". */
function isMeant(item: Slot): string {
  const words = `not ${isEmptyWord(item.raw)}`;
  if (item.type !== 'date' && item.type !== 'timestamp') return words;
  return `${words} and not regexp_matches(${item.raw}, '${NEVER.source}')`;
}

/** Dates that exports write for "always" or "never": the years 1, 1900 (its first day) and from 2200 on. */
export const NEVER =
  /^(0001|1900-01-01|2[2-9]\d\d-|[3-9]\d\d\d-)|[./-](9999|2999)( |$)|^(0?1)[./-](0?1)[./-](1900|0001)/;

/** Whether a cell holds such a date; never null. */
function isNever(item: Slot): string {
  return `(${item.typed} is null and ${item.raw} is not null and regexp_matches(coalesce(${item.raw}, ''), '${NEVER.source}'))`;
}

/** A list function: `in` with many words would become a join over every row, though only suspects are asked. */
function isEmptyWord(raw: string): string {
  return `list_contains([${EMPTY_WORDS.map(quoteText).join(', ')}], lower(trim(${raw})))`;
}

function faultText(name: string, raw: string): string {
  return `${quoteText(name)} || ${quoteText(FIELD_MARK)} || left(${raw}, ${REJECT_VALUE_LENGTH})`;
}

/** Days and periods of usage rows. */
function setDays(output: Map<string, string>, input: ProjectionInput, at: (name: string) => string | undefined): void {
  const { period } = input.source;
  const start = at('period_start') ?? `cast(${at('occurred_at')} as date)`;
  if (period === undefined) {
    output.set('occurred_on', at('occurred_at') === undefined ? start : `cast(${at('occurred_at')} as date)`);
    return;
  }
  const end = period === 'day' ? start : period === 'week' ? `${start} + 6` : `last_day(${start})`;
  output.set('period_start', start);
  output.set('occurred_on', `cast(${end} as date)`);
  output.delete('occurred_at');
}

/**
 * The paying account of usage rows: by account id, else contract, else user, else e-mail, else its domain. The raw
 * texts are gone by then, so that the join carries as little as it can.
 */
function withAccounts(judged: string, input: ProjectionInput, at: (name: string) => string | undefined): string {
  const { maps } = input;
  const joins: string[] = [];
  const found: string[] = [];
  const join = (map: string | undefined, alias: string, column: string, on: (column: string) => string) => {
    if (map === undefined || at(column) === undefined) return;
    joins.push(`left join ${map} as ${alias} on ${alias}.external_id = ${on(`judged.${column}`)}`);
    found.push(`${alias}.account_id`);
  };
  join(maps?.account, 'by_account', 'account_id', (id) => id);
  join(maps?.contract, 'by_contract', 'contract_id', (id) => id);
  join(maps?.user, 'by_user', 'user_id', (id) => id);
  join(maps?.user, 'by_email', 'email', (email) => `lower(${email})`);
  join(maps?.domain, 'by_domain', 'email', (email) => `lower(split_part(${email}, '@', 2))`);
  const account = found.length === 0 ? 'cast(null as varchar)' : `coalesce(${found.join(', ')})`;
  const given = ['account_id', 'contract_id', 'user_id', 'email'].filter((name) => at(name) !== undefined);
  const id = given.map((name) => `judged.${name}`).join(', ');
  const rest = at('account_id') === undefined ? 'judged.*' : 'judged.* exclude (account_id)';
  return `select ${rest}, ${account} as account_id, case when ${account} is null then coalesce(${id}) end as unjoined_id
    from (${judged}) as judged ${joins.join(' ')}`;
}
