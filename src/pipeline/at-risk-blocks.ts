import type { Day, FindingTable } from '../contract/agent.ts';
import type { InHand } from '../contract/supervisor.ts';
import type { Engine } from '../engine/engine.ts';
import { type MoneyStyle, moneyWords } from '../lib/money.ts';

/** A list that stands under the at-risk list: accounts that take no row of it. */
export type AtRiskBlock = FindingTable & {
  readonly headline: string;
  /** Printed in place of rows. */
  readonly empty: string;
};

/** Names of the blocks, in their order. */
export const BLOCK_NAMES = ['in_hand', 'notice_given'] as const;

/** Accounts with an alert, or a proposal for one, that someone cares for already. */
const IN_HAND = `
  select row_number() over (order by s.csm nulls last, s.arr_amount desc nulls last, s.account_id) as rank,
    s.account_id, s.name, s.csm, s.segment, s.arr_amount, s.decision_date, h.why, h.detail, h.until, h.reason, h.alert_id
  from state.in_hand_today as h
  join account_state as s on s.account_id = h.account_id`;

/** Accounts that decided to leave and have not ended: not at risk any more, lost unless won back. */
const NOTICE_GIVEN = `
  select row_number() over (order by coalesce(s.ended_on, s.term_end_date) nulls last, s.arr_amount desc nulls last, s.account_id) as rank,
    s.account_id, s.name, s.csm, s.segment, s.arr_amount, s.cancelled_on as notice_on,
    coalesce(s.ended_on, s.term_end_date) as ends_on, coalesce(s.ended_on, s.term_end_date) - $as_of::date as days_left,
    s.reason_code
  from account_state as s
  where s.status = 'notice_given'`;

/** Writes `finding.in_hand` and `finding.notice_given` of the date whose relations stand. */
export async function writeBlocks(engine: Engine, asOf: Day, inHand: readonly InHand[]): Promise<void> {
  const first = [...new Map([...inHand].reverse().map((row) => [row.account_id, row])).values()];
  await engine.execute(
    `create or replace table state.in_hand_today (
       account_id varchar, why varchar, detail varchar, until date, reason varchar, alert_id varchar)`,
  );
  await engine.append('state.in_hand_today', {
    account_id: first.map(({ account_id }) => account_id),
    why: first.map(({ why }) => WHY[why]),
    detail: first.map(({ detail }) => detail),
    until: first.map(({ until }) => until),
    reason: first.map(({ proposal }) => proposal?.reason ?? null),
    alert_id: first.map(({ alert_id }) => alert_id),
  });
  await engine.materialise('finding.in_hand', IN_HAND);
  await engine.materialise('finding.notice_given', NOTICE_GIVEN, { as_of: asOf });
}

const WHY: Readonly<Record<InHand['why'], string>> = {
  worked: 'worked, resting',
  contacted: 'two-way contact',
  open_work: 'open work',
  onboarding: 'in onboarding',
};

/** The blocks of the date with their headlines; `writeBlocks` has written their rows. */
export async function readBlocks(engine: Engine, money: MoneyStyle): Promise<AtRiskBlock[]> {
  const [hand, notice] = await Promise.all(BLOCK_NAMES.map((name) => sum(engine, name)));
  const words = ({ count, arr }: Sum) =>
    `${count} ${count === 1 ? 'account' : 'accounts'}, ${moneyWords(arr, money)} ARR`;
  return [
    {
      name: 'in_hand',
      title: 'In hand',
      headline:
        hand === undefined || hand.count === 0 ? '' : `${words(hand)}: cared for already, they take no row above`,
      columns: [...WHO, ...IN_HAND_COLUMNS],
      order: ['rank'],
      notes: [],
      empty: 'no account at risk is in hand',
    },
    {
      name: 'notice_given',
      title: 'Notice given',
      headline:
        notice === undefined || notice.count === 0
          ? ''
          : `${words(notice)}: no longer at risk, lost unless won back before the end`,
      columns: [...WHO, ...NOTICE_COLUMNS],
      order: ['rank'],
      notes: [],
      empty: 'no account has given notice',
    },
  ];
}

interface Sum {
  readonly count: number;
  readonly arr: number;
}

async function sum(engine: Engine, name: string): Promise<Sum> {
  const [row] = await engine.rows(`select count(*) as n, cast(sum(arr_amount) as double) as arr from finding.${name}`);
  return { count: Number(row?.['n'] ?? 0), arr: Number(row?.['arr'] ?? 0) };
}

const WHO: FindingTable['columns'] = [
  { key: 'rank', label: '#', kind: 'integer' },
  { key: 'account_id', label: 'account', kind: 'id' },
  { key: 'name', label: 'name', kind: 'text' },
  { key: 'csm', label: 'CSM', kind: 'text' },
  { key: 'segment', label: 'segment', kind: 'text', terminal: false },
  { key: 'arr_amount', label: 'ARR', kind: 'money' },
];

const IN_HAND_COLUMNS: FindingTable['columns'] = [
  { key: 'decision_date', label: 'decides by', kind: 'date' },
  { key: 'why', label: 'in hand because', kind: 'text' },
  { key: 'detail', label: 'detail', kind: 'text' },
  { key: 'until', label: 'until', kind: 'date' },
  { key: 'reason', label: 'at risk by', kind: 'text', isName: true },
  { key: 'alert_id', label: 'alert', kind: 'id', terminal: false },
];

const NOTICE_COLUMNS: FindingTable['columns'] = [
  { key: 'notice_on', label: 'notice on', kind: 'date' },
  { key: 'ends_on', label: 'ends', kind: 'date' },
  { key: 'days_left', label: 'days left', kind: 'integer' },
  { key: 'reason_code', label: 'reason given', kind: 'text' },
];
