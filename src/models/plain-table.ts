import type { FeatureColumn, TrainingTable } from '../contract/model.ts';
import { UserError } from '../lib/errors.ts';
import { nominalColumn } from './feature-column.ts';

/** One cell of a plain column: a number, a text (then the column is nominal), yes/no, or missing. */
export type Cell = number | string | boolean | null | undefined;

/** Columns as a library user has them: by name, plain or typed arrays; or as the contract has them. */
export type ColumnInput = Readonly<Record<string, ArrayLike<Cell>>> | readonly FeatureColumn[];

/** A training table as a library user has it. */
export interface TableInput {
  readonly columns: ColumnInput;
  /** 1 or true = the outcome happened. */
  readonly label: ArrayLike<number | boolean>;
  /** Default 1. */
  readonly weight?: ArrayLike<number>;
  /** Which account a row belongs to; default: every row its own. */
  readonly account?: ArrayLike<number | string>;
  /** Days since 1970-01-01; default: undated. */
  readonly observation_date?: ArrayLike<number>;
}

/** Contract columns: texts make a nominal column, numbers and booleans a continuous one; null, NaN and '' are missing. */
export function columnsOf(input: ColumnInput): readonly FeatureColumn[] {
  if (Array.isArray(input)) return input as readonly FeatureColumn[];
  return Object.entries(input as Readonly<Record<string, ArrayLike<Cell>>>).map(([name, cells]) =>
    columnOf(name, cells),
  );
}

function columnOf(name: string, cells: ArrayLike<Cell>): FeatureColumn {
  if (cells instanceof Float64Array) return { name, kind: 'continuous', values: cells };
  let hasText = false;
  for (let i = 0; i < cells.length && !hasText; i++) hasText = typeof cells[i] === 'string' && cells[i] !== '';
  if (hasText) {
    const texts = Array.from(cells, (cell) => (isMissing(cell) ? null : String(cell)));
    return nominalColumn(name, texts);
  }
  const values = Float64Array.from(cells as ArrayLike<unknown>, (cell) =>
    isMissing(cell as Cell) ? Number.NaN : Number(cell),
  );
  return { name, kind: 'continuous', values };
}

function isMissing(cell: Cell): boolean {
  return cell === null || cell === undefined || cell === '' || (typeof cell === 'number' && Number.isNaN(cell));
}

/** The contract's table. Throws `UserError` when lengths differ or a label is neither 0 nor 1. */
export function tableOf(input: TableInput): TrainingTable {
  const columns = columnsOf(input.columns);
  const { length } = input.label;
  const lengths = [
    ...columns.map(({ name, values }) => [name, values.length] as const),
    ['weight', input.weight?.length ?? length] as const,
    ['account', input.account?.length ?? length] as const,
    ['observation_date', input.observation_date?.length ?? length] as const,
  ];
  for (const [name, rows] of lengths) {
    if (rows !== length) {
      throw new UserError(`The column ${name} has ${rows} rows, the label has ${length}.`, {
        hint: 'Give columns of one length.',
      });
    }
  }
  return {
    columns,
    label: labelOf(input.label),
    weight: input.weight === undefined ? new Float64Array(length).fill(1) : Float64Array.from(input.weight),
    account: accountOf(input.account, length),
    observation_date:
      input.observation_date === undefined ? new Int32Array(length) : Int32Array.from(input.observation_date),
  };
}

function labelOf(label: ArrayLike<number | boolean>): Uint8Array {
  const out = new Uint8Array(label.length);
  for (let i = 0; i < label.length; i++) {
    const y = Number(label[i]);
    if (y !== 0 && y !== 1) {
      throw new UserError(`The label of row ${i} is ${String(label[i])}.`, {
        hint: 'Labels are 0 and 1, or booleans.',
      });
    }
    out[i] = y;
  }
  return out;
}

function accountOf(account: ArrayLike<number | string> | undefined, length: number): Int32Array {
  if (account === undefined) return Int32Array.from({ length }, (_, i) => i);
  if (account instanceof Int32Array) return account;
  const places = new Map<number | string, number>();
  return Int32Array.from({ length }, (_, i) => {
    const id = account[i] as number | string;
    const place = places.get(id) ?? places.size;
    places.set(id, place);
    return place;
  });
}
