import type { Config } from '../contract/config.ts';
import type { Warning } from '../contract/report.ts';
import { PAYING_TABLES } from '../data/mapping-yield.ts';

/** Where nothing says who pays, lists and models are empty: what helps is another file, not another day. */
export function payerWarnings({ tables }: Pick<Config, 'tables'>, consequence: string): Warning[] {
  if (PAYING_TABLES.some((table) => tables[table] !== undefined)) return [];
  return [
    {
      what: 'no contracts are connected, so no account is known to pay',
      consequence,
      remedy: 'add the contract, subscription or monthly revenue export and run: retain init --force',
    },
  ];
}
