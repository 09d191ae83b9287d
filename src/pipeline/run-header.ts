import type { Warning } from '../contract/report.ts';
import { assessMoney, type QualityFinding } from '../data/quality.ts';
import { type MoneyStyle, moneyWords } from '../lib/money.ts';
import type { Workspace } from './workspace.ts';

/** How amounts are written, given what the checks found. */
export async function moneyStyle({ engine }: Workspace, findings: readonly QualityFinding[]): Promise<MoneyStyle> {
  const [settings] = await engine.rows('select currency from settings');
  return {
    currency: typeof settings?.['currency'] === 'string' ? settings['currency'] : null,
    is_approximate: findings.some(({ arr_both_ways }) => arr_both_ways?.is_doubtful === true),
  };
}

/** Why amounts carry `~`: which of two readings of overlapping contracts was taken, what the other gives, and why. */
export function moneyNotes(findings: readonly QualityFinding[], { config }: Workspace, style: MoneyStyle): string[] {
  const both = findings.find(({ arr_both_ways }) => arr_both_ways?.is_doubtful === true)?.arr_both_ways;
  if (both === undefined) return [];
  const words = (amount: number) => moneyWords(amount, { ...style, is_approximate: false });
  const why =
    config.tables.invoice === undefined
      ? 'there are no invoices that could confirm both'
      : 'invoices do not confirm both';
  return [
    `~ amounts are uncertain, because open contracts of one account overlap: ARR is ${words(both.taken_amount)} as taken (a later contract of the same product or plan replaces the earlier one, since ${why}), ${words(both.summed_amount)} if all are added (contract.overlap: sum), ${words(both.newest_amount)} if each account's newest counts alone`,
  ];
}

/** How amounts are written and what is said of the exports, for a verb that checks nothing else of them. */
export async function exportsHeader(
  workspace: Workspace,
): Promise<{ readonly money: MoneyStyle; readonly notes: readonly string[] }> {
  const findings = await assessMoney(workspace.engine, workspace.config, workspace.asOf);
  const money = await moneyStyle(workspace, findings);
  return { money, notes: [...(await headerNotes(workspace)), ...moneyNotes(findings, workspace, money)] };
}

/** Lines on what was read: each feed with the share of its rows (and ARR) that joins, and what is absent. */
export async function headerNotes(workspace: Workspace): Promise<string[]> {
  const { engine, stopped, config } = workspace;
  const feeds = await engine.rows('select * from feed order by table_name');
  const parts = feeds.map((feed) => {
    const rows = share(feed['joined_row_rate']);
    const arr = share(feed['joined_arr_rate']);
    const joined = rows === undefined ? '' : ` (joins ${rows} of rows${arr === undefined ? '' : `, ${arr} of ARR`})`;
    return `${String(feed['table_name'])} ${Number(feed['row_count']).toLocaleString('en-US')}${joined}`;
  });
  const notes = [`read: ${parts.join('; ')}`];
  const absent = ['usage', 'ticket', 'interaction', 'survey', 'goal'].filter(
    (name) => config.tables[name] === undefined,
  );
  if (absent.length > 0) notes.push(`not connected: ${absent.join(', ')}; what they would say is neither good nor bad`);
  const foreign = await amountsWithoutRate(workspace);
  if (foreign !== undefined) notes.push(foreign);
  if (stopped.length > 0) notes.push(`stopped feeds: ${stopped.join(', ')}; facts that rest on them open no alert`);
  return notes;
}

/** Open contracts whose currency has no rate to the reporting currency, by currency: they are in no total. */
async function amountsWithoutRate({ engine, asOf }: Workspace): Promise<string | undefined> {
  const rows = await engine.rows(
    `select native_currency, count(*) as contract_count, sum(list_arr_amount) as arr_amount, count(distinct account_id) as account_count
     from contract_value(cast($as_of as date))
     where list_arr_amount is not null and fx_rate is null and is_open
     group by native_currency order by native_currency`,
    { as_of: asOf },
  );
  if (rows.length === 0) return undefined;
  const words = rows.map((row) => {
    const currency = String(row['native_currency']);
    const amount = moneyWords(Number(row['arr_amount']), { currency, is_approximate: false });
    const count = Number(row['contract_count']);
    return `${amount} a year (${count.toLocaleString('en-US')} ${count === 1 ? 'contract' : 'contracts'})`;
  });
  return `without a rate to the reporting currency and in no total: ${words.join(', ')}; map an fx table (month, currency, rate)`;
}

function share(value: unknown): string | undefined {
  if (typeof value !== 'number') return undefined;
  const percent = value * 100;
  return percent === 100 ? '100 %' : `${Math.min(99.9, percent).toFixed(percent > 99 ? 1 : 0)} %`;
}

/** The gravest findings on the data as warnings; all of them are in `retain check`. */
export function qualityWarnings(findings: readonly QualityFinding[], workspace: Workspace): Warning[] {
  // What the header tells of the amounts is not told again.
  const grave = findings.filter(
    ({ severity, arr_both_ways }) => severity !== 'info' && arr_both_ways?.is_doubtful !== true,
  );
  const read: Warning[] = workspace.ingested.warnings.map((what) => ({
    what,
    consequence: 'the rest of the file was read',
    remedy: 'see retain check',
  }));
  return [
    ...read,
    ...grave
      .slice(0, 3)
      .map(({ message, remedy }) => ({ what: message, consequence: 'lists use the data as read', remedy })),
    ...(grave.length > 3
      ? [
          {
            what: `${grave.length - 3} more findings on the data`,
            consequence: 'lists use the data as read',
            remedy: 'retain check',
          },
        ]
      : []),
  ];
}
