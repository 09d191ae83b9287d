// What `--check` asks of the glass box, data set by data set.
import { signed } from './print.js';

/** What it may lose against interpret with equal bags and pairs, in AUC. */
const TOLERANCE = 0.003;

/**
 * Required lines of one data set: `{ text, passes }`. `lines` are the table's; `difference` is ours − interpret with
 * equal bags and pairs, undefined where interpret was not run (the line then fails: it was not shown).
 */
export function requirements(dataSet, lines, difference) {
  const ours = (role) => lines.find((line) => line.role === role)?.figures;
  const equal = ours('equal');
  if (equal === undefined) return [{ text: 'the glass box was not fitted', passes: false }];
  const auc = equal.roc_auc.value;
  const atLeast = (what, value, bound) => ({ text: `${what} ${value.toFixed(4)} ≥ ${bound}`, passes: value >= bound });
  const notWorse = () =>
    difference === undefined
      ? { text: 'not compared with interpret', passes: false }
      : {
          text: `AUC − interpret’s with equal bags and pairs ${signed(difference.roc_auc.value)} ≥ −${TOLERANCE}`,
          passes: difference.roc_auc.value >= -TOLERANCE,
        };
  if (dataSet === 'ibm_telco') {
    const loss = equal.log_loss;
    return [
      atLeast('AUC', auc, 0.852),
      { text: `log loss ${loss.toFixed(4)} ≤ 0.409`, passes: loss <= 0.409 },
      notWorse(),
    ];
  }
  if (dataSet === 'mlc_churn') {
    const mains = ours('mains')?.roc_auc.value ?? Number.NaN;
    return [
      atLeast('AUC with at most 10 pairs', auc, 0.914),
      { text: `AUC without pairs ${mains.toFixed(4)} within 0.870–0.885`, passes: mains >= 0.87 && mains <= 0.885 },
      notWorse(),
    ];
  }
  return [
    atLeast('AUC over all terms', auc, 0.75),
    difference === undefined
      ? { text: 'not compared with interpret', passes: false }
      : {
          text: `AUC − interpret’s ${signed(difference.roc_auc.value)}: the interval reaches 0 or above (${signed(difference.roc_auc.high)})`,
          passes: difference.roc_auc.high >= 0,
        },
  ];
}
