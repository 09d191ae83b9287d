import type { HealthSettings } from '../contract/config.ts';
import { dayFromNumber, longDay } from '../lib/dates.ts';
import { round } from '../lib/numbers.ts';
import type { ProposalRows } from '../models/signals/band-proposal.ts';
import { type HealthProposal, withWeight } from '../models/signals/proposal.ts';
import type { Patch } from './proposals.ts';
import type { ClosedBook } from './signal-books.ts';
import type { Workspace } from './workspace.ts';

/** The rows of all bases as one table, for weights that serve both. */
export function proposalRows(books: readonly ClosedBook[]): ProposalRows {
  const measures = [...new Set(books.flatMap((book) => Object.keys(book.measure_scores)))];
  const doubles = (pick: (book: ClosedBook) => Float64Array) =>
    Float64Array.from(books.flatMap((book) => [...pick(book)]));
  const whole = (pick: (book: ClosedBook) => Int32Array) => Int32Array.from(books.flatMap((book) => [...pick(book)]));
  return {
    label: Uint8Array.from(books.flatMap((book) => [...book.label])),
    // An account that changed its term has rows in both; as two accounts it would count its luck twice.
    account: joinedAccounts(books),
    accountCount: books.reduce((sum, book) => sum + book.accountCount, 0),
    observation_date: whole((book) => book.observation_date),
    closed_on: whole((book) => book.closed_on),
    basis: Uint8Array.from(
      books.flatMap((book) => Array.from(book.label, () => (book.churn_basis === 'leave' ? 0 : 1))),
    ),
    segment: books.flatMap((book) => [...book.segment]),
    tenure_days: doubles((book) => book.tenure_days),
    has_red_fact: Uint8Array.from(books.flatMap((book) => [...book.has_red_fact])),
    measure_scores: Object.fromEntries(
      measures.map((name) => [
        name,
        doubles((book) => book.measure_scores[name] ?? new Float64Array(book.label.length).fill(Number.NaN)),
      ]),
    ),
  };
}

function joinedAccounts(books: readonly ClosedBook[]): Int32Array {
  const ids = [...new Set(books.flatMap((book) => book.account_ids))].sort();
  const place = new Map(ids.map((id, index) => [id, index]));
  return Int32Array.from(
    books.flatMap((book) => Array.from(book.account, (account) => place.get(book.account_ids[account] ?? '') ?? -1)),
  );
}

/** Whether anything is proposed. */
export function hasProposal(proposal: HealthProposal): boolean {
  return proposal.weights.is_proposed || proposal.bands.is_proposed;
}

/** Why nothing is proposed, or what is, in a sentence. */
export function proposalSentence(proposal: HealthProposal): string {
  if (proposal.reason !== null) return `No weights or bands are proposed: ${proposal.reason}.`;
  if (hasProposal(proposal)) return `${weightSentence(proposal)} ${bandSentence(proposal)}`;
  return `No weights or bands are proposed: nothing learnt on earlier dates gains beyond chance on later ones.`;
}

/** The evidence on the weights, in a sentence. */
export function weightSentence({ weights, judged_outcomes }: HealthProposal): string {
  const { gain } = weights;
  if (gain === null) return 'Weights: no change gained enough on the earlier dates.';
  const verdict = weights.is_proposed ? 'proposed' : 'not proposed, because the interval does not lie above 0';
  return `Weights: ${verdict}; AUC of the health score on later dates ${fixed(weights.auc_current)} to ${fixed(weights.auc_proposed)}, gain ${signed(gain.value)} (90 % interval ${signed(gain.low)} to ${signed(gain.high)}, ${judged_outcomes} accounts that left).`;
}

/** The evidence on the bands, in a sentence. */
export function bandSentence({ bands, judged_outcomes }: HealthProposal): string {
  const { gain, from, to } = bands;
  if (gain === null)
    return `Bands: red below ${from.red} and green from ${from.green} stay; no boundaries gained enough on the earlier dates.`;
  const verdict = bands.is_proposed ? 'proposed' : 'not proposed, because the interval does not lie above 0';
  return `Bands: red below ${to.red}, green from ${to.green} (now ${from.red} and ${from.green}) ${verdict}; log loss saved on later dates ${signed(gain.mean, 5)} a row (90 % interval ${signed(gain.low, 5)} to ${signed(gain.high, 5)}, ${judged_outcomes} accounts that left).`;
}

/** The proposal as a part of `retain.yaml`; changed measures and components are written out whole. */
export function healthPatch({ config, asOf, version, configHash }: Workspace, proposal: HealthProposal): Patch {
  const { weights, bands, split_on } = proposal;
  const changed: HealthSettings = weights.is_proposed
    ? weights.changes.reduce((settings, change) => withWeight(settings, change), config.health)
    : config.health;
  const components: Record<string, { weight: number; measures?: Record<string, unknown> }> = {};
  if (weights.is_proposed) {
    for (const { component, measure } of weights.changes) {
      const card = changed.components[component];
      if (card === undefined) continue;
      const entry = components[component] ?? { weight: round(card.weight, 6) };
      components[component] =
        measure === null
          ? entry
          : { ...entry, measures: { ...entry.measures, [measure]: { ...card.measures[measure] } } };
    }
  }
  return {
    verb: 'signals',
    asOf,
    evidence: [
      `Fitted on labels closed by ${split_on === null ? '-' : longDay(dayFromNumber(split_on))} (${proposal.fit_outcomes} accounts that left), judged on the dates from then on; retain ${version}, configuration ${configHash}, seed ${config.seed}.`,
      weightSentence(proposal),
      ...(weights.is_proposed
        ? weights.changes.map(
            ({ component, measure, from, to }) =>
              `  ${component}${measure === null ? '' : `.${measure}`}: weight ${from} to ${to}`,
          )
        : []),
      bandSentence(proposal),
    ],
    change: {
      health: {
        ...(bands.is_proposed ? { bands: { ...bands.to } } : {}),
        ...(weights.is_proposed ? { components } : {}),
      },
    },
  };
}

function fixed(value: number | null, digits = 3): string {
  return value === null ? 'unknown' : value.toFixed(digits);
}

function signed(value: number, digits = 3): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;
}
