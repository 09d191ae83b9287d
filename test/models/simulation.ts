import type { FeatureColumn } from '../../src/contract/model.ts';
import { createRandom } from '../../src/lib/random.ts';
import { type Panel, permuteWithinDates } from '../../src/models/splits.ts';

export interface SimulatedCompany {
  readonly accounts: number;
  readonly months: number;
  /** Effect of one standard deviation of usage on the log-odds of leaving in a month. 0 = noise. */
  readonly effect: number;
  /** Chance to leave in an average month. */
  readonly rate: number;
  /** Labels shuffled within each date: no link to any feature is left. */
  readonly permuted?: boolean;
}

const FIRST_DAY = 18_993;
const MONTH = 30;
const HORIZON = 90;

/**
 * A company month by month: usage drifts, accounts leave with a chance that may depend on it, and are replaced. One row an
 * active account and month; the label is leaving within 90 days, closed after them. Some features are the account's own
 * for ever, so that a model could remember accounts.
 */
export function simulatePanel(seed: number, company: SimulatedCompany): Panel {
  const random = createRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const rows: number[][] = [];
  const left = new Map<number, number>();
  let next = 0;
  const start = () => ({
    id: next++,
    usage: normal(),
    size: Math.exp(normal()),
    plan: Math.floor(3 * random()),
    age: 60 * random(),
    health: 0,
  });
  const book = Array.from({ length: company.accounts }, start);
  for (let month = 0; month < company.months + HORIZON / MONTH; month++) {
    const day = FIRST_DAY + month * MONTH;
    book.forEach((account, slot) => {
      account.usage = 0.8 * account.usage + 0.6 * normal();
      account.age += 1;
      account.health = 50 - 15 * account.usage + 10 * normal();
      if (month < company.months) {
        const call = random() < 0.3 ? Math.round(-account.usage) : Number.NaN;
        const silent = Math.floor(Math.exp(2 + account.usage));
        const decision = random() < 0.2 ? Number.NaN : Math.floor(365 * random());
        rows.push([
          account.id,
          day,
          -account.usage,
          account.size,
          account.plan,
          account.age,
          silent,
          decision,
          100 - account.health,
          call,
          normal(),
        ]);
      }
      const odds = Math.log(company.rate / (1 - company.rate)) + company.effect * account.usage;
      if (random() < 1 / (1 + Math.exp(-odds))) {
        left.set(account.id, day + Math.ceil(MONTH * random()));
        book[slot] = start();
      }
    });
  }
  const column = (k: number) => Float64Array.from(rows, (row) => row[k] as number);
  const continuous = (name: string, k: number): FeatureColumn => ({ name, kind: 'continuous', values: column(k) });
  const observation_date = Int32Array.from(column(1));
  const label = Uint8Array.from(rows, ([id, day]) => {
    const gone = left.get(id as number);
    return gone !== undefined && gone > (day as number) && gone <= (day as number) + HORIZON ? 1 : 0;
  });
  return {
    columns: [
      continuous('usage', 2),
      continuous('size', 3),
      { name: 'plan', kind: 'nominal', values: column(4), categories: ['basic', 'plus', 'pro'] },
      continuous('age', 5),
      continuous('days_since_last_use', 6),
      continuous('decision_days', 7),
      continuous('health_score', 8),
      continuous('csm_sentiment_value', 9),
      continuous('noise', 10),
    ],
    label: company.permuted === true ? permuteWithinDates(label, observation_date, random) : label,
    weight: new Float64Array(rows.length).fill(1),
    account: Int32Array.from(column(0)),
    observation_date,
    closed_on: observation_date.map((day) => day + HORIZON),
  };
}
