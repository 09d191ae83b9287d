import type { BasisModel, ChurnModel } from '../contract/churn-model.ts';
import type { ExpansionModel } from '../contract/expansion-model.ts';
import { addDays, longDay } from '../lib/dates.ts';

/** A use that a model is not good for, and the reason. */
export interface ModelLimit {
  readonly use: string;
  readonly why: string;
}

/** Accounts with the outcome below which a segment's probabilities rest on the other segments. */
const FEW_OUTCOMES = 10;

/**
 * What a model must not be used for: first what its own data say (bases and horizons without a verdict, thin segments, days
 * it is too old for, leaks that were let in), then what holds of every churn model here.
 */
export function notFor(model: ChurnModel, maxAgeDays: number): ModelLimit[] {
  return [
    ...[model.leave, model.renewal].flatMap((basis) => basisLimits(basis, model)),
    ...ageLimits(model, maxAgeDays),
    ...ALWAYS,
  ];
}

/** The same of an expansion model, which no run fits and no list shows. */
export function expansionNotFor(model: ExpansionModel): ModelLimit[] {
  return [
    ...basisLimits(model.expansion, model),
    {
      use: `days before ${longDay(model.as_of)}`,
      why: 'it has seen what happened after them; a newer one is fitted by retain train alone',
    },
    {
      use: 'pitching',
      why: 'it says who is likely to pay for more, not whether value was realised, a decision is in dispute or a ticket burns',
    },
    {
      use: 'what a pitch would bring',
      why: 'contributions say what goes along with growing in these data, not what causes it',
    },
    {
      use: 'money',
      why: `growth of ${percent(model.min_growth_rate)} and of the double both count once; how much more an account will pay is not asked`,
    },
    { use: 'another company', why: 'nothing is learnt across companies' },
  ];
}

function percent(rate: number): string {
  return `${Number((100 * rate).toPrecision(3))} %`;
}

function basisLimits(basis: BasisModel, model: Pick<ChurnModel, 'leaks'>): ModelLimit[] {
  const accounts = `accounts of basis ${basis.basis}`;
  if (basis.verdict !== 'model') {
    return [{ use: `probabilities of ${accounts}`, why: `${basis.basis}: ${basis.sentence}` }];
  }
  const limits: ModelLimit[] = [];
  for (const { days, map, sentence } of basis.horizons) {
    if (map === null) limits.push({ use: `a ${days}-day probability`, why: sentence });
  }
  const thin = basis.evidence.segments.filter(({ outcome_count }) => outcome_count < FEW_OUTCOMES);
  for (const { segment, account_count, outcome_count } of thin) {
    limits.push({
      use: `telling ${accounts} of the segment ${segment} apart from other segments`,
      why: `${outcome_count} of its ${account_count} accounts had the outcome: what is said of it was learnt from the rest`,
    });
  }
  const skill = basis.evidence.figures?.brier_skill ?? 0;
  if (skill <= 0) {
    limits.push({
      use: `the height of single probabilities of ${accounts}`,
      why: `out of time their Brier score is no better than the base rate (skill ${skill.toFixed(3)}), although the log loss is`,
    });
  }
  const large = basis.evidence.figures?.calibration_in_the_large;
  if (large !== undefined && (large.low > 0 || large.high < 0)) {
    limits.push({
      use: `adding up probabilities of ${accounts} to a number of ${basis.basis === 'expansion' ? 'expansions' : 'losses'}`,
      why: `out of time they were too ${large.low > 0 ? 'high' : 'low'} by ${Math.abs(large.value).toFixed(4)} in the mean, beyond chance${basis.calibration === null ? '' : ', before the calibration that was taken'}`,
    });
  }
  if (basis.basis === 'renewal') {
    limits.push({
      use: 'decisions further away than renewal.lead_days',
      why: 'the panel holds none of them: those accounts carry no probability',
    });
  }
  if (basis.first_on !== null && basis.last_on !== null) {
    limits.push({
      use: `${accounts} that are unlike those of ${longDay(basis.first_on)} to ${longDay(basis.last_on)}`,
      why: `values beyond those of its ${basis.evidence.account_count} accounts count as the nearest seen, and a market, price or product of after that date was in no row`,
    });
  }
  const admitted = model.leaks.filter(({ treatment }) => treatment === 'allowed').map(({ name }) => name);
  for (const name of new Set(admitted)) {
    limits.push({ use: 'any decision', why: `it was given ${name}, which the leak audit says knows the outcome` });
  }
  return limits;
}

function ageLimits(model: ChurnModel, maxAgeDays: number): ModelLimit[] {
  return [
    {
      use: `days before ${longDay(model.as_of)} or after ${longDay(addDays(model.as_of, maxAgeDays))}`,
      why: 'before, it has seen what happened; after, a run fits a new one (model.max_age_days)',
    },
  ];
}

const ALWAYS: readonly ModelLimit[] = [
  {
    use: 'what would happen if something were done',
    why: 'contributions say what goes along with leaving in these data, not what causes it',
  },
  { use: 'judging people', why: 'the work of a CSM cannot be read from the probabilities of accounts' },
  {
    use: 'prices, credit, contract terms or support priority by probability alone',
    why: 'accounts that were saved count as staying, and nothing here asks who deserves what',
  },
  { use: 'words to a customer', why: 'a probability is for the team' },
  { use: 'another company', why: 'nothing is learnt across companies' },
];
