/** A calendar day as `YYYY-MM-DD` (UTC). Days are the unit of knowledge: a date means "to the end of that day". */
export type Day = string;

const MS_PER_DAY = 86_400_000;
const DAY_PATTERN = /^\d{4}-\d{2}-\d{2}$/;

/** Whether `text` is a real calendar day written `YYYY-MM-DD`. */
export function isDay(text: string): boolean {
  if (!DAY_PATTERN.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return Number.isFinite(time) && new Date(time).toISOString().slice(0, 10) === text;
}

/** Days since 1970-01-01. */
export function dayNumber(day: Day): number {
  return Math.round(Date.parse(`${day}T00:00:00Z`) / MS_PER_DAY);
}

/** The day that lies `number` days after 1970-01-01. */
export function dayFromNumber(number: number): Day {
  return new Date(number * MS_PER_DAY).toISOString().slice(0, 10);
}

/** `day` moved by `count` days (may be negative). */
export function addDays(day: Day, count: number): Day {
  return dayFromNumber(dayNumber(day) + count);
}

/** Whole days from `from` to `to`; positive when `to` is later. */
export function daysBetween(from: Day, to: Day): number {
  return dayNumber(to) - dayNumber(from);
}

/** First day of `day`'s month, moved by `months`. */
export function monthStart(day: Day, months = 0): Day {
  const date = new Date(`${day.slice(0, 7)}-01T00:00:00Z`);
  date.setUTCMonth(date.getUTCMonth() + months);
  return date.toISOString().slice(0, 10);
}

/** "4 Oct 2024": the form printed for people. */
export function longDay(day: Day): string {
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  return `${Number(day.slice(8, 10))} ${months[Number(day.slice(5, 7)) - 1]} ${day.slice(0, 4)}`;
}

/** Where the rows of each day begin and end among rows in the order of their days (days since 1970); `[0, 0]` for a day without rows. */
export function placesByDay(days: ArrayLike<number>): (day: Day) => readonly [number, number] {
  const places = new Map<number, [number, number]>();
  for (let i = 0; i < days.length; i++) {
    const day = days[i] as number;
    const place = places.get(day);
    if (place === undefined) places.set(day, [i, i + 1]);
    else place[1] = i + 1;
  }
  return (day) => places.get(dayNumber(day)) ?? [0, 0];
}
