import type { FeatureColumn, TrainingTable } from '../contract/model.ts';
import { shrink } from './interval.ts';

/** One yes/no rule on one feature, with the outcome rate on each side. Missing values answer no. */
export interface Rule {
  readonly feature: string;
  /** `low`: value ≤ cut; `high`: value > cut; `is`: the level named; `missing`: no value. */
  readonly test: 'low' | 'high' | 'is' | 'missing';
  readonly cut: number | null;
  readonly level: string | null;
  readonly rate_yes: number;
  readonly rate_no: number;
  /** The rule in words, e.g. `days_since_last_use > 30`. */
  readonly text: string;
}

const CUTS = 15;
/** Values that the cuts are read from; more would move them by less than their own noise. */
const CUT_SAMPLE = 5_000;
/** Imaginary rows at the base rate that each side's rate is shrunk by. */
const STRENGTH = 20;
/** Least weight of a side, in rows and as a share of all. */
const MIN_ROWS = 20;
const MIN_SHARE = 0.01;

/**
 * The single rule that splits training rows best by log-likelihood: every feature, up to 15 cuts each at quantiles, both
 * directions, every level, and missing. What a careful analyst would do with one filter in a spreadsheet. Undefined when no
 * split leaves enough rows on both sides.
 */
export function bestRule(table: TrainingTable): Rule | undefined {
  const { label, weight } = table;
  let trials = 0;
  let outcomes = 0;
  for (let i = 0; i < label.length; i++) {
    trials += weight[i] as number;
    outcomes += (weight[i] as number) * (label[i] as number);
  }
  const base = outcomes / trials;
  let best: { readonly rule: Rule; readonly gain: number } | undefined;
  const offer = (rule: Omit<Rule, 'rate_yes' | 'rate_no'>, yes: Tally) => {
    const no = { trials: trials - yes.trials, outcomes: outcomes - yes.outcomes };
    const least = Math.max(MIN_ROWS, MIN_SHARE * trials);
    if (yes.trials < least || no.trials < least) return;
    const gain = likelihood(yes) + likelihood(no);
    // Of a split and its mirror image the one whose yes is the riskier side reads better.
    const isRiskier = yes.outcomes * no.trials > no.outcomes * yes.trials;
    if (best !== undefined && (gain < best.gain || (gain === best.gain && !isRiskier))) return;
    best = { rule: { ...rule, rate_yes: shrink(yes, base, STRENGTH), rate_no: shrink(no, base, STRENGTH) }, gain };
  };
  for (const column of table.columns) {
    if (column.kind === 'nominal') offerLevels(column, table, offer);
    else offerCuts(column, table, offer);
  }
  return best?.rule;
}

interface Tally {
  trials: number;
  outcomes: number;
}
type Offer = (rule: Omit<Rule, 'rate_yes' | 'rate_no'>, yes: Tally) => void;

function likelihood({ trials, outcomes }: Tally): number {
  const rest = trials - outcomes;
  return (outcomes > 0 ? outcomes * Math.log(outcomes / trials) : 0) + (rest > 0 ? rest * Math.log(rest / trials) : 0);
}

function tallies(count: number): Tally[] {
  return Array.from({ length: count }, () => ({ trials: 0, outcomes: 0 }));
}

function offerLevels(column: FeatureColumn, table: TrainingTable, offer: Offer): void {
  const categories = column.categories ?? [];
  const counts = tallies(categories.length + 1);
  for (let i = 0; i < table.label.length; i++) {
    const code = column.values[i] as number;
    add(counts[Number.isFinite(code) ? Math.min(code, categories.length) : categories.length], table, i);
  }
  categories.forEach((level, code) => {
    const rule = { feature: column.name, test: 'is' as const, cut: null, level, text: `${column.name} is ${level}` };
    offer(rule, counts[code] as Tally);
  });
}

function offerCuts(column: FeatureColumn, table: TrainingTable, offer: Offer): void {
  const cuts = cutsOf(column.values);
  const bins = tallies(cuts.length + 1);
  const missing: Tally = { trials: 0, outcomes: 0 };
  for (let i = 0; i < table.label.length; i++) {
    const value = column.values[i] as number;
    if (!Number.isFinite(value)) add(missing, table, i);
    else {
      let bin = 0;
      while (bin < cuts.length && value > (cuts[bin] as number)) bin++;
      add(bins[bin], table, i);
    }
  }
  const { name } = column;
  const below: Tally = { trials: 0, outcomes: 0 };
  const known = bins.reduce((sum, bin) => ({ trials: sum.trials + bin.trials, outcomes: sum.outcomes + bin.outcomes }));
  cuts.forEach((cut, k) => {
    const bin = bins[k] as Tally;
    below.trials += bin.trials;
    below.outcomes += bin.outcomes;
    const text = (sign: string) => `${name} ${sign} ${Number(cut.toPrecision(3))}`;
    offer({ feature: name, test: 'low', cut, level: null, text: text('≤') }, { ...below });
    const above = { trials: known.trials - below.trials, outcomes: known.outcomes - below.outcomes };
    offer({ feature: name, test: 'high', cut, level: null, text: text('>') }, above);
  });
  offer({ feature: name, test: 'missing', cut: null, level: null, text: `${name} is missing` }, missing);
}

function add(tally: Tally | undefined, table: TrainingTable, row: number): void {
  if (tally === undefined) return;
  tally.trials += table.weight[row] as number;
  tally.outcomes += (table.weight[row] as number) * (table.label[row] as number);
}

/** Distinct values at the inner sixteenths of the column. The largest value is no cut: nothing lies above it. */
function cutsOf(values: Float64Array): number[] {
  const stride = Math.max(1, Math.floor(values.length / CUT_SAMPLE));
  const seen: number[] = [];
  for (let i = 0; i < values.length; i += stride) if (Number.isFinite(values[i])) seen.push(values[i] as number);
  const sorted = Float64Array.from(seen).sort();
  const top = sorted.at(-1);
  const cuts = Array.from({ length: CUTS }, (_, k) => sorted[Math.floor(((k + 1) / (CUTS + 1)) * sorted.length)]);
  return [...new Set(cuts)].filter((cut): cut is number => cut !== undefined && cut !== top);
}

/** Probability of each row under a rule. */
export function applyRule(rule: Rule, columns: readonly FeatureColumn[]): Float64Array {
  const column = columns.find((candidate) => candidate.name === rule.feature);
  if (column === undefined) throw new Error(`the table has no column ${rule.feature}, which the rule reads`);
  return column.values.map((value) => {
    const known = Number.isFinite(value);
    const yes =
      rule.test === 'missing'
        ? !known
        : rule.test === 'is'
          ? known && column.categories?.[value] === rule.level
          : known && (rule.test === 'low' ? value <= (rule.cut as number) : value > (rule.cut as number));
    return yes ? rule.rate_yes : rule.rate_no;
  });
}
