/** A figure for a sentence: three decimals, or two significant digits below a thousandth. */
export function numberText(value: number): string {
  if (value === 0) return '0';
  const text = Math.abs(value) >= 0.001 ? value.toFixed(3) : value.toPrecision(2);
  return text.includes('.') && !text.includes('e') ? text.replace(/0+$/, '').replace(/\.$/, '') : text;
}
