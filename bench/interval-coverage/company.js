// Companies of `retain sample` as rows with a known truth: one a paying account that is still there, at the company's last
// dates whose three months are over.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { writeSample } from '../../dist/pipeline/sample.js';

/**
 * A company's rows. `size` is { accounts, months, end, origins }; `kept` a folder that keeps the rows of each company and hands
 * out those that stand there, because writing a company takes most of the time.
 */
export async function company(size, seed, kept) {
  const file = kept && join(kept, `company-${size.accounts}-${size.months}-${size.origins}-${size.end}-${seed}.json`);
  if (file !== undefined && existsSync(file)) return typed(JSON.parse(readFileSync(file, 'utf8')));
  const directory = mkdtempSync(join(tmpdir(), 'retain-coverage-'));
  try {
    const silent = { stage() {}, detail() {}, done() {}, note() {} };
    const form = { threeExports: true, dailyUsage: false, gzip: false };
    const shared = { format: 'table', quiet: true, debug: false, color: false, width: 100, wait: 0, progress: silent };
    const { accounts, months, end } = size;
    const sample = { directory, accounts, months, end, usagePerAccount: 1, form, force: true };
    await writeSample({ ...shared, ...sample, seed, today: end, writeConfig: false });
    const rows = rowsOf(directory, size.origins);
    if (file !== undefined) keep(kept, file, rows);
    return typed(rows);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A run that is broken off leaves no half of a file. */
function keep(folder, file, rows) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${file}.part`, JSON.stringify(rows));
  renameSync(`${file}.part`, file);
}

/** Null stands for NaN, which JSON has not. */
function typed({ ids, plan, account, origin, probability, label, lead_days, amount }) {
  return {
    ids,
    plan,
    account: Int32Array.from(account),
    origin: Int32Array.from(origin),
    probability: Float64Array.from(probability),
    label: Uint8Array.from(label),
    lead_days: Float64Array.from(lead_days, (days) => days ?? Number.NaN),
    amount: Float64Array.from(amount),
  };
}

function table(...file) {
  return parse(readFileSync(join(...file), 'utf8'), { columns: true });
}

function rowsOf(directory, origins) {
  const accounts = new Map(table(directory, 'truth/account.csv').map((row) => [row.account_id, row]));
  // The last line of a subscription has the price that its payer is charged a seat.
  const price = new Map(
    table(directory, 'subscriptions.csv').map((row) => [row.customer_id, Number(row.list_price_per_seat)]),
  );
  const known = table(directory, 'truth/account_month.csv').filter((row) => row.churn_probability !== '');
  const dates = [...new Set(known.map(({ month }) => month))].sort().slice(-origins);
  const rows = known.filter(({ month }) => dates.includes(month));
  const ids = [...new Set(rows.map(({ account_id }) => account_id))].sort();
  const place = new Map(ids.map((id, k) => [id, k]));
  const day = (text) => Date.parse(text) / 86_400_000;
  const until = (month) => {
    const [year, number] = month.split('-').map(Number);
    return new Date(Date.UTC(year, number + 2, 1)).toISOString().slice(0, 10);
  };
  const left = (id) => accounts.get(id).churn_decided_date;
  return {
    ids,
    plan: rows.map(({ account_id }) => accounts.get(account_id).plan),
    account: rows.map(({ account_id }) => place.get(account_id)),
    origin: rows.map(({ month }) => day(month)),
    probability: rows.map(({ churn_probability }) => Number(churn_probability)),
    label: rows.map(({ account_id, month }) =>
      left(account_id) !== '' && left(account_id) >= month && left(account_id) < until(month) ? 1 : 0,
    ),
    lead_days: rows.map(({ account_id, month }) =>
      left(account_id) === '' ? null : day(left(account_id)) - day(month),
    ),
    amount: rows.map(({ account_id, seats }) => 12 * Number(seats) * price.get(accounts.get(account_id).customer_id)),
  };
}
