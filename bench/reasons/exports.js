// The sample company's exports, read as text and joined by hand: nothing of the program's own reading, views or joins.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';

/** Days since 1970 of a day or a moment; NaN for an empty cell. */
export const day = (text) =>
  text === '' || text === undefined ? Number.NaN : Date.parse(text.slice(0, 10)) / 86_400_000;

function read(folder, name) {
  const plain = join(folder, `${name}.csv`);
  const text = existsSync(plain) ? readFileSync(plain) : gunzipSync(readFileSync(`${plain}.gz`));
  return parse(text, { columns: true, bom: true });
}

/** Without --daily the sample exports single events, whose days stand in moments. */
const eventAsSum = (row) => ({
  ...row,
  usage_date: (row.usage_date ?? row.occurred_at).slice(0, 10),
  loaded_date: row.loaded_date ?? row.loaded_at,
});

/** Rows by paying account, of every export that a reason may speak of, as known by the end of day `asOf`. */
export function readExports(folder, asOf) {
  const accounts = read(folder, 'accounts');
  const alias = new Map(
    read(folder, 'account_alias').map((row) => [`${row.system} ${row.external_id}`, row.account_id]),
  );
  const contacts = read(folder, 'contacts');
  const owner = new Map(contacts.map((row) => [row.email.toLowerCase(), row.account_id]));
  const subscriptions = read(folder, 'subscriptions');
  const own = new Map(accounts.map((row) => [row.account_id, row]));
  const paying = new Set(subscriptions.map((row) => alias.get(`billing ${row.customer_id}`)));
  // A merged account is the one it went into; a child without a contract is its parent.
  const payer = (id) => {
    let row = own.get(id);
    for (let step = 0; row !== undefined && step < 9; step++) {
      const next = row.merged_into_account_id || (paying.has(row.account_id) ? '' : row.parent_account_id);
      if (next === '') return row.account_id;
      row = own.get(next);
    }
    return id;
  };
  const group = (rows, account) => {
    const out = new Map();
    for (const row of rows) {
      const id = account(row);
      if (id === undefined) continue;
      const key = payer(id);
      if (!out.has(key)) out.set(key, []);
      out.get(key).push(row);
    }
    return (key) => out.get(key) ?? [];
  };
  const byKnown = (rows, column) => rows.filter((row) => day(row[column]) <= asOf);
  const ticketOwner = (row) =>
    alias.get(`helpdesk ${row.organization_id}`) ?? owner.get((row.requester_email ?? '').toLowerCase());
  return {
    asOf,
    account: (id) => own.get(id),
    contacts: group(byKnown(contacts, 'joined_date'), (row) => row.account_id),
    usage: group(
      read(folder, 'usage')
        .map(eventAsSum)
        .filter((row) => day(row.usage_date) <= asOf && day(row.loaded_date) <= asOf),
      (row) => alias.get(`product ${row.workspace_id}`),
    ),
    tickets: group(byKnown(read(folder, 'tickets'), 'created_at'), ticketOwner),
    subscriptions: group(byKnown(subscriptions, 'term_start'), (row) => alias.get(`billing ${row.customer_id}`)),
    invoices: group(byKnown(read(folder, 'invoices'), 'issued_date'), (row) => alias.get(`billing ${row.customer_id}`)),
    interactions: group(byKnown(read(folder, 'interactions'), 'occurred_at'), (row) => row.account_id),
    surveys: group(byKnown(read(folder, 'surveys'), 'sent_date'), (row) => row.account_id),
    goals: group(byKnown(read(folder, 'goals'), 'created_date'), (row) => row.account_id),
    milestones: group(read(folder, 'milestones'), (row) => row.account_id),
    opportunities: group(byKnown(read(folder, 'opportunities'), 'created_date'), (row) => row.account_id),
  };
}
