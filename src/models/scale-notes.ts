import type { ComponentSetting, HealthSettings, MeasureSetting } from '../contract/config.ts';
import { plainBand } from './bands.ts';
import type { HealthCalibration } from './health-calibration.ts';
import { type HealthRows, type HealthScores, scoreHealth } from './scorecard.ts';

type Components = Readonly<Record<string, ComponentSetting>>;

/** A measure score (0–100) below which an account stands at the foot of the measure's scale. */
const FOOT = 20;
/** Share of the accounts with a reading that must stand there, and how many there must be to speak of a share. */
const MOST = 0.5;
const FEWEST_ACCOUNTS = 30;

/** Share of the scored accounts in one band from which the bands tell nobody apart. */
const ALL_ALIKE = 0.95;

/** What a reader of the bands has to know of their scale: measures at its foot, and a book that stands in one band. */
export function scaleNotes(
  rows: HealthRows,
  scores: HealthScores,
  settings: HealthSettings,
  calibration: HealthCalibration,
): string[] {
  return [flooredMeasures(rows, scores, settings, calibration), oneBand(scores, settings)].filter(
    (note) => note !== null,
  );
}

function oneBand({ health_score }: HealthScores, { bands }: HealthSettings): string | null {
  const scored = [...health_score].map((score) => plainBand(score, bands)).filter((band) => band !== 'unscored');
  for (const band of ['red', 'yellow', 'green'] as const) {
    const share = scored.filter((one) => one === band).length / scored.length;
    if (scored.length < FEWEST_ACCOUNTS || share < ALL_ALIKE) continue;
    return `${percent(share)} of the scored accounts are ${band} by score: the bands tell hardly anyone apart; move health.bands, or hold measures against peers (method: peer)`;
  }
  return null;
}

/**
 * One sentence on measures whose scale the book does not reach: more than half of the accounts with a reading score below
 * 20. Such a measure tells few accounts apart and lowers all of them, so that the bands describe the scale and not the
 * accounts. Says what share would be red and green without them. Null where there is none.
 */
function flooredMeasures(
  rows: HealthRows,
  scores: HealthScores,
  settings: HealthSettings,
  calibration: HealthCalibration,
): string | null {
  const floored = Object.values(settings.components).flatMap(({ weight, measures }) =>
    Object.entries(measures).flatMap(([name, measure]) => {
      const share = weight > 0 && measure.weight > 0 ? shareAtFoot(scores.measures[name]) : 0;
      return share > MOST ? [{ name, share }] : [];
    }),
  );
  if (floored.length === 0) return null;
  const without = scoreHealth(rows, weighing(settings, new Set(floored.map(({ name }) => name))), calibration);
  const words = floored.map(({ name, share }) => `${name.replaceAll('_', ' ')} (${percent(share)})`).join(', ');
  const [now, then] = [bandShares(scores, settings), bandShares(without, settings)];
  return (
    `${words}: most accounts score below ${FOOT}, so ${floored.length === 1 ? 'it tells' : 'they tell'} few apart and ` +
    `lower${floored.length === 1 ? 's' : ''} the whole book: by score ${now}, without ${floored.length === 1 ? 'it' : 'them'} ${then}; ` +
    'hold against peers (method: peer), or set worst and best to what can be reached'
  );
}

function shareAtFoot(measure: Float64Array | undefined): number {
  const read = (measure ?? new Float64Array()).filter((score) => !Number.isNaN(score));
  return read.length < FEWEST_ACCOUNTS ? 0 : read.filter((score) => score < FOOT).length / read.length;
}

/** The scorecards, also those of segments, with some measures counting nothing. */
function weighing(settings: HealthSettings, without: ReadonlySet<string>): HealthSettings {
  const segments = Object.entries(settings.segments).map(([segment, card]): [string, typeof card] => [
    segment,
    card.components === undefined ? card : { ...card, components: lightened(card.components, without) },
  ]);
  return {
    ...settings,
    components: lightened(settings.components, without),
    segments: Object.fromEntries(segments),
  };
}

function lightened(components: Components, without: ReadonlySet<string>): Components {
  const kept = Object.entries(components).map(([component, setting]): [string, ComponentSetting] => {
    const measures = Object.entries(setting.measures).map(([name, measure]): [string, MeasureSetting] => [
      name,
      without.has(name) ? { ...measure, weight: 0 } : measure,
    ]);
    return [component, { ...setting, measures: Object.fromEntries(measures) }];
  });
  return Object.fromEntries(kept);
}

/** "35 % red and 7 % green" of the scored accounts, by the boundaries alone. */
function bandShares({ health_score }: HealthScores, { bands }: HealthSettings): string {
  const scored = [...health_score].map((score) => plainBand(score, bands)).filter((band) => band !== 'unscored');
  const share = (wanted: string) =>
    percent(scored.length === 0 ? 0 : scored.filter((band) => band === wanted).length / scored.length);
  return `${share('red')} are red and ${share('green')} green`;
}

function percent(rate: number): string {
  return `${Math.round(rate * 100)} %`;
}
