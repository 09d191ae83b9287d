// How bench/accuracy.js writes its figures.
const COLUMNS = [
  ['model', 24, ({ name }) => name, 'start'],
  ['setting', 18, ({ setting }) => setting, 'start'],
  ['AUC', 7, ({ figures }) => figures.roc_auc.value.toFixed(4)],
  ['PR-AUC', 8, ({ figures }) => figures.pr_auc.toFixed(4)],
  ['log loss', 10, ({ figures }) => figures.log_loss.toFixed(4)],
  ['Brier', 8, ({ figures }) => figures.brier.toFixed(4)],
  ['ECE', 7, ({ figures }) => figures.calibration_error.value.toFixed(4)],
  ['90 %', 15, ({ figures }) => between(figures.calibration_error, 4)],
  ['floor', 8, ({ figures }) => figures.calibration_floor.toFixed(4)],
  ['lift', 7, ({ figures }) => figures.lift.toFixed(2)],
  ['of at most', 12, ({ figures }) => figures.lift_cap.toFixed(2)],
  ['fit s', 9, ({ seconds, isCached }) => `${seconds.toFixed(seconds < 1 ? 3 : 1)}${isCached ? '*' : ' '}`],
  ['threads', 8, ({ threads }) => threads],
  ['seeds', 6, ({ seeds }) => String(seeds)],
];

/** One table, a line a model; `*` marks seconds of an earlier run. */
export function printTable(lines) {
  const cell = (text, [, width, , side]) => (side === 'start' ? text.padEnd(width) : text.padStart(width));
  console.log(COLUMNS.map((column) => cell(column[0], column)).join(''));
  for (const line of lines) console.log(COLUMNS.map((column) => cell(column[2](line), column)).join(''));
  if (lines.some(({ isCached }) => isCached)) {
    console.log('* cached: the peer answered in an earlier run, and these are the seconds of that run');
  }
}

/** One part of a data set: AUC with its interval. */
export function printPart(title, lines, rows) {
  console.log(`\n${title}: ${rows}`);
  console.log(`${'model'.padEnd(24)}${'setting'.padEnd(18)}${'AUC'.padStart(7)}${'90 % by account'.padStart(19)}`);
  for (const { name, setting, interval } of lines) {
    const value = interval.value.toFixed(4).padStart(7);
    console.log(`${name.padEnd(24)}${setting.padEnd(18)}${value}${between(interval, 4).padStart(19)}`);
  }
}

/** Ours minus a peer, paired. */
export function printDifference(title, { roc_auc, log_loss }) {
  const part = (name, interval) =>
    `${name} ${signed(interval.value)} (${signed(interval.low)} … ${signed(interval.high)})`;
  console.log(`${title}: ${part('AUC', roc_auc)}${log_loss === undefined ? '' : `, ${part('log loss', log_loss)}`}`);
}

/** `+0.0012`, with a real minus. */
export function signed(value) {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`;
}

function between({ low, high }, digits) {
  return `${low.toFixed(digits)}–${high.toFixed(digits)}`;
}
