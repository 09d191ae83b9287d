/** How amounts of a report are written. */
export interface MoneyStyle {
  /** Reporting currency; null where the exports name none. */
  readonly currency: string | null;
  /** Amounts rest on a guess that the header tells: they carry `~`. */
  readonly is_approximate: boolean;
}

export const PLAIN_MONEY: MoneyStyle = { currency: null, is_approximate: false };

/** An amount in a sentence, whole units: `~USD 48,000`. */
export function moneyWords(amount: number, { currency, is_approximate }: MoneyStyle): string {
  const digits = Math.abs(Math.round(amount))
    .toFixed(0)
    .replace(/\B(?=(\d{3})+$)/g, ',');
  const sign = Math.round(amount) < 0 ? '-' : '';
  return `${is_approximate ? '~' : ''}${currency === null ? '' : `${currency} `}${sign}${digits}`;
}
