import type { ColumnMapping, Config, Source } from '../../contract/config.ts';
import { UserError } from '../../lib/errors.ts';
import { nearest } from '../../lib/spelling.ts';
import { type ColumnType, type ContractTable, contractTable, TABLES } from '../contract.ts';

/** One column of a cached table and how a source fills it. */
export interface MappedColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly mapping: ColumnMapping;
  /** The day that a bare month (`2024-05`) stands for: the last where something ended in it or is due in it. */
  readonly monthDay?: 'first' | 'last';
}

/** A custom column of a table: `custom_<name>`, text for an attribute, a number for a metric. */
export interface CustomColumn {
  readonly name: string;
  readonly type: 'text' | 'rate';
  readonly from: string;
}

/** The custom columns that the configuration declares for `table`, in name order. */
export function customColumns(config: Config, table: string): CustomColumn[] {
  return Object.entries(config.custom)
    .filter(([, custom]) => custom.table === table)
    .map(([key, custom]) => ({
      name: `custom_${key.slice(key.lastIndexOf('.') + 1)}`,
      type: custom.kind === 'metric' ? ('rate' as const) : ('text' as const),
      from: custom.from,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * The contract columns a source fills, in the contract's order.
 * @throws UserError for a table or column the data contract does not have, or a required column that is not mapped
 */
export function mappedColumns(name: string, source: Source, configFile: string): MappedColumn[] {
  if (!TABLES.some((table) => table.name === name)) {
    throw new UserError(
      `${configFile}: tables.${name} is not a table of the data contract`,
      suggestion(
        name,
        TABLES.map((table) => table.name),
      ),
    );
  }
  const table = contractTable(name);
  const known = table.columns.map((column) => column.name);
  for (const column of Object.keys(source.columns)) {
    if (!known.includes(column))
      throw new UserError(`${configFile}: ${name} has no column ${column} (${source.file})`, suggestion(column, known));
  }
  const mapped = table.columns.flatMap((column): MappedColumn[] => {
    const value = source.columns[column.name];
    if (value === undefined) return [];
    // Nothing is known to have come about before the month is over.
    const isOver = column.happened === 'self' || /^(term_end|due)_date$/.test(column.name);
    const mapping = typeof value === 'string' ? { from: value } : value;
    return [
      { name: column.name, type: column.type, mapping, monthDay: isOver ? ('last' as const) : ('first' as const) },
    ];
  });
  checkRequired(table, source, configFile);
  return mapped;
}

function suggestion(word: string, known: readonly string[]): { hint: string } {
  const near = nearest(word, known);
  return { hint: near === undefined ? `It knows ${known.join(', ')}.` : `Did you mean ${near}?` };
}

function checkRequired(table: ContractTable, source: Source, configFile: string): void {
  const has = (column: string) => source.columns[column] !== undefined;
  for (const column of table.columns) {
    if (column.required === true && !has(column.name) && !standsIn(table.name, column.name, has)) {
      throw new UserError(
        `${configFile}: ${table.name} from ${source.file} maps no ${column.name}, which the table needs`,
        {
          hint: `Add ${column.name}: <heading of the export> under columns:.`,
        },
      );
    }
  }
  for (const group of table.oneOf ?? []) {
    if (!group.some(has)) {
      throw new UserError(
        `${configFile}: ${table.name} from ${source.file} maps none of ${group.join(', ')}, of which it needs one`,
        {
          hint: `Add one of them under columns:.`,
        },
      );
    }
  }
  if (table.name === 'usage' && has('period_start') && !has('occurred_at') && source.period === undefined) {
    throw new UserError(
      `${configFile}: usage from ${source.file} maps period_start but does not say how long a period is`,
      {
        hint: 'Add period: day, week or month.',
      },
    );
  }
}

/** A row that names a contact belongs to that contact's account. */
function standsIn(table: string, column: string, has: (column: string) => boolean): boolean {
  return column === 'account_id' && table !== 'contact' && has('contact_id');
}

/** The source columns a mapping reads, each once: mapped ones, their second columns, filters, keys, wide metrics. */
export function sourceColumns(columns: readonly MappedColumn[], source: Source): string[] {
  const names = columns.flatMap(({ mapping }) => [mapping.from, mapping.by]);
  names.push(
    ...Object.keys(source.filter ?? {}),
    ...(source.dedupe?.key ?? []),
    source.dedupe?.latest,
    ...(source.unpivot ?? []),
  );
  return [...new Set(names.filter((name) => name !== undefined))];
}
