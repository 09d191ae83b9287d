// The data sets of bench/accuracy.js: rows, columns and splits that every model sees alike.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { nominalColumn } from '../../dist/models/feature-column.js';
import { LONG_TERM_DAYS, readChurnSim } from './churnsim.js';

/**
 * A data set: `panel` (a training table of models), `splits` of row numbers `{ train, test }`, `isOutOfTime` (each split
 * is one date, tested on labels closed later) and `parts`, row numbers that are also judged apart.
 */
const READERS = {
  ibm_telco: {
    files: ['ibm_telco/Telco-Customer-Churn.csv', 'splits.json'],
    read: (directory) =>
      readFlat(directory, {
        file: 'ibm_telco/Telco-Customer-Churn.csv',
        label: 'Churn',
        yes: 'Yes',
        drop: ['customerID'],
        splits: 'telco_test_idx',
        protocol: '3 stratified shuffle splits, test 25 %',
      }),
  },
  mlc_churn: {
    files: ['mlc_churn/mlc_churn.csv', 'splits.json'],
    read: (directory) =>
      readFlat(directory, {
        file: 'mlc_churn/mlc_churn.csv',
        label: 'churn',
        yes: 'yes',
        drop: [],
        splits: 'mlc_rskf3x3_seed0_test_idx',
        protocol: '3 × 3 stratified folds',
      }),
  },
  churnsim_crm5: {
    files: ['churnsim_crm5/subscriptions.csv'],
    async read(directory) {
      const { panel, termDays, splits, asOf, horizonDays } = await readChurnSim(join(directory, 'churnsim_crm5'));
      const isLong = (row) => termDays[row] >= LONG_TERM_DAYS;
      return {
        protocol:
          `${splits.length} monthly origins, trained on labels closed by the origin; churn by contract chain within ` +
          `${horizonDays} days, known by ${asOf}`,
        panel,
        splits,
        isOutOfTime: true,
        parts: [
          { title: 'monthly terms', holds: (row) => !isLong(row) },
          { title: '6- and 12-month terms', holds: isLong },
        ],
      };
    },
  },
};

export const DATA_SETS = Object.keys(READERS);

/** Files of `names` that `directory` lacks, relative to it. */
export function missingFiles(directory, names) {
  const files = new Set(names.flatMap((name) => READERS[name].files));
  return [...files].filter((file) => !existsSync(join(directory, file)));
}

/** Reads one data set; `text` is what peers are given, `hash` its SHA-256. */
export async function readDataSet(directory, name) {
  const data = await READERS[name].read(directory);
  const text = tableText(data);
  return { name, ...data, text, hash: createHash('sha256').update(text).digest('hex') };
}

/** A CSV of one row an account, split by the row numbers of splits.json. */
function readFlat(directory, { file, label, yes, drop, splits, protocol }) {
  const rows = parse(readFileSync(join(directory, file)), { columns: true, bom: true });
  const names = Object.keys(rows[0]).filter((name) => name !== label && !drop.includes(name));
  const tests = JSON.parse(readFileSync(join(directory, 'splits.json'), 'utf8'))[splits];
  return {
    protocol,
    panel: {
      columns: names.map((name) => columnOf(name, rows)),
      label: Uint8Array.from(rows, (row) => (row[label] === yes ? 1 : 0)),
      weight: new Float64Array(rows.length).fill(1),
      account: Int32Array.from(rows, (_, i) => i),
      observation_date: new Int32Array(rows.length),
    },
    splits: tests.map((test) => {
      const isTest = new Set(test);
      return {
        train: Uint32Array.from(rows.keys()).filter((row) => !isTest.has(row)),
        test: Uint32Array.from(test),
      };
    }),
    isOutOfTime: false,
    parts: [],
  };
}

/** Numbers where every filled cell is one, else categories; blank is missing. */
function columnOf(name, rows) {
  const texts = rows.map((row) => (row[name].trim() === '' ? null : row[name]));
  if (texts.some((text) => text !== null && !Number.isFinite(Number(text)))) return nominalColumn(name, texts);
  return {
    name,
    kind: 'continuous',
    values: Float64Array.from(texts, (text) => (text === null ? Number.NaN : Number(text))),
  };
}

/** JSON writes a double so that reading gives the same one, and NaN as null: missing. */
function tableText({ panel, splits }) {
  return JSON.stringify({
    columns: panel.columns.map(({ name, kind, values, categories }) => ({
      name,
      kind,
      values: [...values],
      categories,
    })),
    label: [...panel.label],
    account: [...panel.account],
    splits: splits.map(({ train, test }) => ({ train: [...train], test: [...test] })),
  });
}
