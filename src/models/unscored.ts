import type { HealthSettings } from '../contract/config.ts';
import type { HealthRows, HealthScores } from './scorecard.ts';

/** What each standard measure is read from, in the words of the header. */
const SOURCES: Readonly<Record<string, string>> = {
  feature_adoption_rate: 'usage with features',
  engagement_rate: 'usage with users',
  usage_trend: 'eight weeks of usage',
  ticket_load: 'tickets',
  sentiment: 'three CSAT answers',
  resolution_rate: 'CSAT answers',
  csm_contact_ratio: 'two-way contacts',
  executive_contact_ratio: 'contacts with an executive',
  response_rate: 'three outbound contacts',
  goal_rate: 'goals that are due',
  roi_rate: 'goals with a value',
  expansion_rate: 'a pitch, a won deal or a smaller contract',
};

/** Why accounts have no score. */
export interface Unscored {
  /** One clause an account, null where it is scored. */
  readonly why: readonly (string | null)[];
  /** One sentence for the header, null when every account is scored. */
  readonly summary: string | null;
}

/**
 * Says of every unscored account how much of the connected measures could be read, how much is needed, and which had no
 * reading. Measures whose feed the company did not connect are not among them: they lower `feed_coverage_rate`.
 */
export function explainUnscored(rows: HealthRows, scores: HealthScores, settings: HealthSettings): Unscored {
  const missing = new Map<string, number>();
  let unscored = 0;
  const why = rows.account.map((_, i) => {
    if (!Number.isNaN(scores.health_score[i])) return null;
    unscored++;
    const lacking = connectedMeasures(rows, scores, settings, i).filter((name) =>
      Number.isNaN(scores.measures[name]?.[i] ?? Number.NaN),
    );
    for (const name of lacking) missing.set(name, (missing.get(name) ?? 0) + 1);
    const coverage = scores.coverage_rate[i] as number;
    const without = lacking.length === 0 ? '' : `; none for ${lacking.map(words).join(', ')}`;
    if ((scores.feed_coverage_rate[i] as number) === 0) return 'no feed that a measure needs is connected';
    if (coverage === 0) return `no connected feed has a reading of it, ${percent(settings.min_coverage)} needed`;
    if (coverage + 1e-9 < settings.min_coverage)
      return `readings for ${percent(coverage)} of the connected measures, ${percent(settings.min_coverage)} needed${without}`;
    return `no component has half of its measures${without}`;
  });
  if (unscored === 0) return { why, summary: null };
  const most = [...missing].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 3);
  const lack = most.map(([name, count]) => `${words(name)} (needs ${SOURCES[name] ?? 'its column'}): ${count}`);
  return {
    why,
    summary: `${unscored} unscored${lack.length === 0 ? '' : `, most for lack of ${lack.join('; ')}`}; the column "why unscored" says it of each`,
  };
}

/** Measures of the account's scorecard whose feed is connected, in the scorecard's order. */
function connectedMeasures(rows: HealthRows, scores: HealthScores, settings: HealthSettings, i: number): string[] {
  const own = settings.segments[rows.segment[i] ?? '']?.components;
  const card = { ...settings.components, ...own };
  return Object.values(card)
    .flatMap(({ measures }) => Object.entries(measures))
    .filter(([name, { weight }]) => {
      if (weight === 0) return false;
      const connected = rows.connected[name];
      if (connected === undefined) return scores.measures[name]?.some((value) => !Number.isNaN(value)) === true;
      return typeof connected === 'boolean' ? connected : connected[i] === 1;
    })
    .map(([name]) => name);
}

function words(name: string): string {
  return name.replaceAll('_', ' ');
}

function percent(rate: number): string {
  return `${Math.round(rate * 100)} %`;
}
