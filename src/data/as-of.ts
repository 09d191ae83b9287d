import type { Config } from '../contract/config.ts';
import type { Engine } from '../engine/engine.ts';
import { addDays, type Day, dayFromNumber, daysBetween, isDay, longDay } from '../lib/dates.ts';
import { UserError } from '../lib/errors.ts';

export interface AsOf {
  readonly asOf: Day;
  /** One sentence for the header: where the date comes from. */
  readonly reason: string;
  /** The day the exports reach: `asOf` where none was asked for. */
  readonly reached: Day;
  /** Main feeds whose last action is further back than their own longest usual pause, by table name. */
  readonly stopped: readonly string[];
}

/** Feeds in which things happen most days: they settle the as-of date and are watched for stopping. */
const EVENT_FEEDS: ReadonlySet<string> = new Set(['usage', 'ticket', 'interaction', 'survey', 'csm_call']);
/** Feeds that settle the date where no event feed exists, in this order of trust. */
const RECORD_FEEDS: readonly string[] = ['invoice', 'contract', 'mrr_month', 'opportunity', 'account'];

const SHORTEST_PAUSE_DAYS = 7;
/** A feed is at least this long when its rows a day are counted, so that one bulk import is not the densest feed. */
const SHORTEST_SPAN_DAYS = 28;
/** The first run replays eight weeks; undated rows must stand in them. No label inside them is ever closed. */
const REPLAY_DAYS = 56;
/** Share of accounts that must lapse in a silence of the contract export for the silence to be the export's end. */
const LAPSE_WAVE_RATE = 0.05;

interface Feed {
  readonly name: string;
  /** Days with actions, ascending, as days since 1970, and the rows of each. */
  readonly days: readonly number[];
  readonly counts: readonly number[];
  readonly timed: readonly number[];
}

/**
 * Settles the as-of date D: the date asked for, else the declared `exported_at`, else the last full day of the feed
 * with most rows per day, never after `today`. Feeds are measured by recorded actions (view `feed_activity`), never by
 * end or due dates. A main feed whose last action lies further before the newest one than the 99th percentile of its
 * own pauses (at least 7 days) has stopped: it is named, marked in `feed.is_stopped`, and does not move D. Only the
 * contract export moves it, where its silence would read as a churn wave.
 *
 * The last day of a feed is not full when fewer than half as many rows fell on it as on the same weekday of the eight
 * weeks before (median) and the feed carries times of day, or the day is today.
 *
 * Also fills `settings.first_seen_on` when the ledger has not: 56 days before D, so that undated rows stand in the
 * weeks the first run replays and in nothing older. Throws UserError for a date that is no day, lies after `today`, or
 * before the first recorded action.
 */
export async function resolveAsOf(
  engine: Engine,
  config: Config,
  options: { readonly requested?: Day | undefined; readonly today: Day },
): Promise<AsOf> {
  const { requested, today } = options;
  const feeds = await readFeeds(engine, today);
  const natural = await beforeExportEnd(engine, feeds, naturalDay(feeds, config, today));
  await engine.execute('update settings set first_seen_on = $day where first_seen_on is null', {
    day: addDays(natural.asOf, -REPLAY_DAYS),
  });
  const asOf = requested === undefined ? natural : asked(requested, today, feeds);
  const stopped = stoppedFeeds(feeds, asOf.asOf);
  await engine.execute('update feed set is_stopped = table_name in (select unnest(string_split($names, $comma)))', {
    names: stopped.join(','),
    comma: ',',
  });
  return { asOf: asOf.asOf, reason: asOf.reason, reached: natural.asOf, stopped };
}

async function readFeeds(engine: Engine, today: Day): Promise<Feed[]> {
  const activity = await engine.columns(
    `select table_name, acted_on, action_count, timed_count
     from feed_activity(cast($today as date)) order by table_name, acted_on`,
    { today },
  );
  const feeds = new Map<string, { name: string; days: number[]; counts: number[]; timed: number[] }>();
  const names = activity.text('table_name');
  const days = activity.number('acted_on');
  const counts = activity.number('action_count');
  const timed = activity.number('timed_count');
  names.forEach((name, i) => {
    if (name === null) return;
    const feed = feeds.get(name) ?? { name, days: [], counts: [], timed: [] };
    feeds.set(name, feed);
    feed.days.push(days[i] ?? 0);
    feed.counts.push(counts[i] ?? 0);
    feed.timed.push(timed[i] ?? 0);
  });
  return [...feeds.values()];
}

function naturalDay(
  feeds: readonly Feed[],
  config: Config,
  today: Day,
): { asOf: Day; reason: string; isDeclared?: true } {
  if (config.exported_at !== undefined) {
    const day = exportedDay(config.exported_at);
    return day > today
      ? { asOf: today, reason: `today, because the declared export date ${longDay(day)} lies ahead`, isDeclared: true }
      : { asOf: day, reason: 'the last full day before the declared export time', isDeclared: true };
  }
  const main = feeds.filter((feed) => EVENT_FEEDS.has(feed.name));
  const recorded = RECORD_FEEDS.map((name) => feeds.find((feed) => feed.name === name)).filter(
    (feed) => feed !== undefined,
  );
  const candidates = main.length > 0 ? main : recorded.slice(0, 1);
  const newest = Math.max(...candidates.map(lastDay));
  const running = candidates.filter((feed) => newest - lastDay(feed) <= longestPause(feed, newest));
  const densest = running.toSorted((a, b) => density(b) - density(a) || (a.name < b.name ? -1 : 1))[0];
  if (densest === undefined) return { asOf: today, reason: 'today, because no export carries a dated action' };
  const full = lastFullDay(densest, today);
  const skipped = full < lastDay(densest) ? `; ${longDay(dayFromNumber(lastDay(densest)))} is not complete` : '';
  const rate = density(densest);
  const perDay =
    rate >= 10 ? String(Math.round(rate)) : rate >= 0.95 ? rate.toFixed(1) : String(Number(rate.toPrecision(1)));
  return {
    asOf: dayFromNumber(full),
    reason: `the last full day of ${densest.name}, the feed with most rows per day (${perDay})${skipped}`,
  };
}

/**
 * An export whose contracts stop before its usage does would read every later scheduled end as a churn: where contract
 * rows have been silent for longer than usual and more than a twentieth of the accounts would lapse in that silence,
 * knowledge of the accounts ends with the last contract row, and so does D.
 */
async function beforeExportEnd(
  engine: Engine,
  feeds: readonly Feed[],
  day: { asOf: Day; reason: string; isDeclared?: true },
): Promise<{ asOf: Day; reason: string }> {
  const contract = feeds.find((feed) => feed.name === 'contract');
  if (contract === undefined || day.isDeclared) return day;
  const last = lastDay(contract);
  const lastOn = dayFromNumber(last);
  if (daysBetween(lastOn, day.asOf) <= longestPause(contract, last)) return day;
  const [row] = await engine.rows(
    `with held as (
       select account_id, max(case when end_on is null or end_on > $day::date then 1 else 0 end) as is_kept
       from contract_term($last::date)
       where is_open and not is_trial
       group by account_id
     )
     select count(*) as open_count, sum(1 - is_kept) as lapsed_count from held`,
    { day: day.asOf, last: lastOn },
  );
  const open = Number(row?.['open_count'] ?? 0);
  const lapsed = Number(row?.['lapsed_count'] ?? 0);
  if (lapsed <= open * LAPSE_WAVE_RATE) return day;
  return {
    asOf: lastOn,
    reason:
      `the last recorded action of contract: on ${longDay(day.asOf)}, ${day.reason}, ` +
      `${lapsed} of ${open} accounts would count as lapsed only because the contract export ends`,
  };
}

function asked(requested: Day, today: Day, feeds: readonly Feed[]): { asOf: Day; reason: string } {
  if (!isDay(requested)) {
    throw new UserError(`--as-of ${requested} is not a day`, {
      hint: 'write it as YYYY-MM-DD, for example 2024-10-01',
    });
  }
  if (requested > today) {
    throw new UserError(`--as-of ${requested} lies after today (${today})`, { hint: 'choose a day that is over' });
  }
  const first = Math.min(...feeds.map((feed) => feed.days[0] ?? Number.POSITIVE_INFINITY));
  if (Number.isFinite(first) && requested < dayFromNumber(first)) {
    throw new UserError(`--as-of ${requested} lies before the first recorded action (${dayFromNumber(first)})`, {
      hint: 'choose a day the exports cover',
    });
  }
  return { asOf: requested, reason: 'asked for with --as-of' };
}

/** The last day that was over at an export time: the day itself when only a day is given. */
function exportedDay(text: string): Day {
  const day = text.slice(0, 10);
  if (!isDay(day)) {
    throw new UserError(`exported_at ${text} is not a date`, { hint: 'write it as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS' });
  }
  const hour = Number(text.slice(11, 13));
  return text.length <= 10 || hour >= 23 ? day : addDays(day, -1);
}

/** Main feeds that stopped before `asOf`, judged by what they did up to that day. */
function stoppedFeeds(feeds: readonly Feed[], asOf: Day): string[] {
  return feeds
    .filter((feed) => EVENT_FEEDS.has(feed.name))
    .filter((feed) => {
      const days = feed.days.filter((day) => dayFromNumber(day) <= asOf);
      const last = days.at(-1);
      return last !== undefined && daysBetween(dayFromNumber(last), asOf) > longestPause({ ...feed, days }, last);
    })
    .map((feed) => feed.name)
    .sort();
}

/** The 99th percentile (nearest rank) of the days between one day with actions and the next, at least 7. */
function longestPause(feed: Pick<Feed, 'days'>, upTo: number): number {
  const days = feed.days.filter((day) => day <= upTo);
  const gaps = days.slice(1).map((day, i) => day - (days[i] ?? day));
  gaps.sort((a, b) => a - b);
  return Math.max(SHORTEST_PAUSE_DAYS, gaps[Math.ceil(gaps.length * 0.99) - 1] ?? 0);
}

function lastDay(feed: Feed): number {
  return feed.days.at(-1) ?? Number.NEGATIVE_INFINITY;
}

function density(feed: Feed): number {
  const span = lastDay(feed) - (feed.days[0] ?? 0) + 1;
  return feed.counts.reduce((sum, count) => sum + count, 0) / Math.max(span, SHORTEST_SPAN_DAYS);
}

function lastFullDay(feed: Feed, today: Day): number {
  const last = lastDay(feed);
  const isTimed = (feed.timed.at(-1) ?? 0) > 0;
  if (!isTimed && dayFromNumber(last) !== today) return last;
  const byDay = new Map(feed.days.map((day, i) => [day, feed.counts[i] ?? 0]));
  const first = feed.days[0] ?? last;
  const usual: number[] = [];
  for (let week = 1; week <= 8; week++) {
    const day = last - 7 * week;
    if (day >= first) usual.push(byDay.get(day) ?? 0);
  }
  if (usual.length < 3) return last;
  usual.sort((a, b) => a - b);
  const median = usual[Math.floor((usual.length - 1) / 2)] ?? 0;
  const isFull = (feed.counts.at(-1) ?? 0) * 2 >= median;
  // The day before counts even when nothing happened on it: a quiet day is a day.
  return isFull ? last : last - 1;
}
