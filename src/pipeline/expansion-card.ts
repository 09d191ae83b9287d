import type { ExpansionModel } from '../contract/expansion-model.ts';
import type { ReportHeader, ReportList, Warning } from '../contract/report.ts';
import {
  allowedNames,
  type CardFrame,
  dataList,
  figureList,
  ladderList,
  leakList,
  limitList,
  opinionWarnings,
  shapeList,
} from './model-card.ts';
import { expansionNotFor } from './model-limits.ts';

/** What counts as the outcome, in one line. */
export function expansionLabel({ definition, horizon_days, min_growth_rate }: ExpansionRule): string {
  if (definition === 'won_opportunity') return `an upsell or cross-sell is won within ${horizon_days} days of the date`;
  const share = `${Number((100 * min_growth_rate).toPrecision(3))} %`;
  return `${horizon_days} days after the date the account pays ${share} more recurring ARR or above, price rises and exchange rates left out`;
}

type ExpansionRule = Pick<ExpansionModel, 'definition' | 'horizon_days' | 'min_growth_rate'>;

/** Header of a report about one expansion model. */
export function expansionHeader(
  model: ExpansionModel,
  frame: CardFrame,
  title: string,
  notes: readonly string[],
): ReportHeader {
  return {
    title,
    run_id: null,
    version: frame.version,
    as_of: model.as_of,
    as_of_reason: frame.as_of_reason,
    seed: model.seed,
    config_hash: frame.config_hash,
    currency: frame.currency,
    notes: [...frame.notes, `model ${model.model_id}, label: ${expansionLabel(model)}`, ...notes],
  };
}

/** The lists of an expansion card, in their order; what no rung earned and nothing was found of is left out. */
export function expansionLists(model: ExpansionModel, frame: CardFrame): ReportList[] {
  const { expansion } = model;
  const left = [
    figureList([expansion], 'figures_expansion', 'readiness'),
    shapeList(expansion, 'readier to buy'),
    leakList(model.leaks, 'leaks_expansion'),
  ];
  return [
    titled(dataList([expansion], frame, labelNotes(model), 'data_expansion'), 'Expansion: data, label and split'),
    ladderList(expansion),
    ...left.filter(({ rowCount }) => rowCount > 0).map((list) => titled(list, `Expansion: ${lowered(list.title)}`)),
    titled(limitList(expansionNotFor(model), 'not_for_expansion'), 'What not to use the expansion model for'),
  ];
}

function titled(list: ReportList, title: string): ReportList {
  return { ...list, title };
}

function lowered(text: string): string {
  return `${text.slice(0, 1).toLowerCase()}${text.slice(1)}`;
}

function labelNotes(model: ExpansionModel): string[] {
  const { won_account_count: won, definition } = model;
  return [
    `label: ${expansionLabel(model)}; who leaves within that time counts as not growing`,
    definition === 'won_opportunity'
      ? 'not asked: accounts with an open upsell or cross-sell, or gone for an unavoidable reason'
      : 'not asked: accounts with an open upsell or cross-sell, without a fixed price on the date (priced by use alone), with an amount or exchange rate that is unknown, or gone for an unavoidable reason',
    ...(definition === 'arr_growth' && won > 0
      ? [
          `accounts with an upsell or cross-sell on record as won: ${won}; where contracts do not show it, set expansion.definition: won_opportunity`,
        ]
      : []),
  ];
}

/** What a reader of the card must not miss. */
export function expansionWarnings(model: ExpansionModel): Warning[] {
  const kept = new Set(
    model.leaks.filter(({ is_admitted, treatment }) => is_admitted && treatment === 'left_out').map(({ name }) => name),
  );
  return [
    ...opinionWarnings([model.expansion]),
    ...[...kept].map((name) => ({
      what: `${name} knows who will grow and stayed out of the expansion model`,
      consequence: 'the expansion model is fitted without it',
      remedy: `take ${name} out of model.features, or let it pass with --allow-leak ${name}`,
    })),
    ...allowedNames(model.leaks).map((name) => ({
      what: `${name} knows the outcome and was let into the expansion model`,
      consequence: 'its accuracy is overstated',
      remedy: `train again without --allow-leak ${name} and without it in model.features`,
    })),
  ];
}

/** The verdict in one sentence, for the end of a report. */
export function expansionSummary({ expansion }: Pick<ExpansionModel, 'expansion'>): string {
  return `Expansion: ${expansion.sentence}`;
}
