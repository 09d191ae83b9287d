import { DEFAULT_COMPONENTS } from './config-defaults.ts';
import type { TableGuess } from './mapping-columns.ts';

/** Whether a list or a measure can be computed from the files found, and from what or for lack of what. */
export interface Yield {
  readonly kind: 'list' | 'measure';
  readonly name: string;
  readonly isAvailable: boolean;
  /** The table it comes from, or what is missing. */
  readonly because: string;
}

type Has = (table: string, ...anyOf: readonly string[]) => boolean;

interface Need {
  readonly name: string;
  readonly test: (has: Has) => boolean;
  readonly from: string;
  readonly lacks: string;
}

const MEASURES: readonly Need[] = [
  {
    name: 'feature_adoption_rate',
    test: (has) => has('usage', 'feature', 'unpivot'),
    from: 'usage by feature',
    lacks: 'usage that names the feature or event',
  },
  {
    name: 'engagement_rate',
    test: (has) => has('usage', 'active_users', 'user_id', 'email'),
    from: 'active users',
    lacks: 'usage with users or a count of active users',
  },
  { name: 'usage_trend', test: (has) => has('usage'), from: 'usage over time', lacks: 'product usage' },
  { name: 'ticket_load', test: (has) => has('ticket'), from: 'tickets', lacks: 'support tickets' },
  {
    name: 'sentiment',
    test: (has) => has('ticket', 'csat_comment') || has('survey', 'comment'),
    from: 'comments of satisfaction answers',
    lacks: 'satisfaction answers with their comments',
  },
  {
    name: 'resolution_rate',
    test: (has) => has('ticket', 'csat_score'),
    from: 'satisfaction scores of tickets',
    lacks: 'a satisfaction score on tickets',
  },
  {
    name: 'csm_contact_ratio',
    test: (has) => has('interaction'),
    from: 'interactions',
    lacks: 'CSM meetings, calls and e-mails',
  },
  {
    name: 'executive_contact_ratio',
    test: (has) => has('interaction', 'contact_id') && has('contact', 'role'),
    from: 'interactions with contacts whose role is executive',
    lacks: 'interactions that name the contact, and a contact export whose roles tell who is an executive',
  },
  {
    name: 'response_rate',
    test: (has) => has('interaction', 'direction', 'responded_at'),
    from: 'answers to outreach',
    lacks: 'outreach with its direction or the day it was answered',
  },
  { name: 'goal_rate', test: (has) => has('goal'), from: 'goals', lacks: 'customer goals with due dates' },
  {
    name: 'roi_rate',
    test: (has) => has('goal', 'value_amount'),
    from: 'values of goals',
    lacks: 'goals with the value they brought',
  },
  {
    name: 'expansion_rate',
    test: (has) => has('contract', 'mrr_amount', 'arr_amount') || has('mrr_month') || has('opportunity'),
    from: 'amounts over time',
    lacks: 'contract amounts over time or opportunities',
  },
];

/** Tables that say who pays, and since when: without one of them no account is active and every list is empty. */
export const PAYING_TABLES: readonly string[] = ['contract', 'mrr_month'];

const pays = (has: Has) => PAYING_TABLES.some((table) => has(table));
const CONTRACTS = 'contracts, subscriptions or monthly revenue: nothing else says which accounts pay';

const LISTS: readonly Need[] = [
  { name: 'at-risk', test: pays, from: 'facts of every feed found', lacks: CONTRACTS },
  {
    name: 'health',
    test: (has) => pays(has) && MEASURES.some((measure) => measure.test(has)),
    from: 'the measures below',
    lacks: `${CONTRACTS}; and any measure`,
  },
  { name: 'churn', test: pays, from: 'past outcomes', lacks: CONTRACTS },
  {
    name: 'renewal',
    test: (has) => has('contract', 'term_end_date') || (pays(has) && has('renewal')),
    from: 'scheduled ends',
    lacks: 'the scheduled end of each contract (term end or renewal date)',
  },
];

/** Exports that could be added, with the tables and columns they would bring. */
const EXPORTS: readonly {
  readonly name: string;
  readonly brings: readonly (readonly [table: string, columns: readonly string[]])[];
}[] = [
  {
    name: 'product usage (a row an event, or weekly sums with active users)',
    brings: [['usage', ['feature', 'active_users', 'user_id']]],
  },
  {
    name: 'contracts or subscriptions with amount, start and scheduled end',
    brings: [['contract', ['mrr_amount', 'arr_amount', 'term_end_date', 'start_date']]],
  },
  {
    name: 'support tickets with status dates, satisfaction score and comment',
    brings: [['ticket', ['csat_score', 'csat_comment', 'solved_at']]],
  },
  {
    name: 'CSM interactions (meetings, calls, e-mails) with contact, direction and day answered, and contacts with roles',
    brings: [
      ['interaction', ['contact_id', 'direction', 'responded_at']],
      ['contact', ['role']],
    ],
  },
  {
    name: 'customer goals with due date, day achieved and value',
    brings: [['goal', ['value_amount', 'due_date', 'achieved_date']]],
  },
  { name: 'the scheduled end of each contract (term end or renewal date)', brings: [['contract', ['term_end_date']]] },
  { name: 'a count of active users (or user ids) with the usage', brings: [['usage', ['active_users', 'user_id']]] },
  { name: 'satisfaction scores and comments of tickets', brings: [['ticket', ['csat_score', 'csat_comment']]] },
];

/** Which lists and measures the recognised files give, and which they do not. */
export function yieldOf(guesses: readonly TableGuess[]): Yield[] {
  const has = hasOf(guesses);
  const read = (kind: Yield['kind']) => (need: Need) => {
    const isAvailable = need.test(has);
    return { kind, name: need.name, isAvailable, because: isAvailable ? need.from : `needs ${need.lacks}` };
  };
  return [...LISTS.map(read('list')), ...MEASURES.map(read('measure'))];
}

/**
 * The one export that would add most: the weight of the measures it opens (component weight ÷ measures), 15 more for
 * the renewal list; undefined when nothing is missing. A smaller export of the same worth comes first.
 */
export function bestAddition(
  guesses: readonly TableGuess[],
): { readonly name: string; readonly opens: readonly string[] } | undefined {
  const present = new Set(
    yieldOf(guesses)
      .filter((item) => item.isAvailable)
      .map((item) => item.name),
  );
  let best: { name: string; opens: string[]; worth: number } | undefined;
  for (const { name, brings } of EXPORTS) {
    const isPart =
      brings.length === 1 && brings[0] !== undefined && !guesses.some((guess) => guess.table === brings[0]?.[0]);
    // "Add a column to your tickets" helps nobody who has no tickets.
    if (isPart && /^(the scheduled|a count|satisfaction)/.test(name)) continue;
    const has = hasOf(guesses, brings);
    const opens = [...LISTS, ...MEASURES]
      .filter((need) => !present.has(need.name) && need.test(has))
      .map((need) => need.name);
    const worth = opens.reduce((sum, item) => sum + worthOf(item), 0);
    if (worth > (best?.worth ?? 0)) best = { name, opens, worth };
  }
  return best === undefined ? undefined : { name: best.name, opens: best.opens };
}

function worthOf(name: string): number {
  for (const component of Object.values(DEFAULT_COMPONENTS)) {
    const names = Object.keys(component.measures);
    if (names.includes(name)) return component.weight / names.length;
  }
  return name === 'renewal' ? 15 : 5;
}

function hasOf(guesses: readonly TableGuess[], extra: readonly (readonly [string, readonly string[]])[] = []): Has {
  return (table, ...anyOf) => {
    const mine = guesses.filter((guess) => guess.table === table);
    const added = extra.filter(([name]) => name === table);
    if (anyOf.length === 0) return mine.length > 0 || added.length > 0;
    return (
      added.some(([, columns]) => anyOf.some((column) => columns.includes(column))) ||
      mine.some((guess) =>
        anyOf.some((column) =>
          column === 'unpivot'
            ? guess.options.unpivot !== undefined
            : guess.columns.some((item) => item.column === column),
        ),
      )
    );
  };
}
