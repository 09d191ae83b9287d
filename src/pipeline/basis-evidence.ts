import { createHash } from 'node:crypto';
import type { BasisEvidence, BasisModel, ModelBasis, OutOfTimeRows } from '../contract/churn-model.ts';
import type { Pool } from '../contract/model.ts';
import { dayFromNumber } from '../lib/dates.ts';
import { probabilitiesOfBasis } from '../models/churn-model.ts';
import { evaluateOutOfTime } from '../models/evaluation.ts';
import type { LadderResult } from '../models/ladder.ts';
import { opinionOutOfTime } from '../models/second-opinion.ts';
import { innerOrigins, type Panel, takeColumns } from '../models/splits.ts';
import { tellsTreatment } from '../models/treatment.ts';
import type { BasisPanel } from './panel.ts';

/** Rung whose probabilities stand for a basis that no rung earned. */
const BASE_RATE = 'base_rate';

/** Of a basis without rows. */
export const NO_EVIDENCE: BasisEvidence = {
  account_count: 0,
  months: 0,
  origins: [],
  closing_days: null,
  data_hash: '',
  features: [],
  segments: [],
  figures: null,
  calibration_sentence: 'Not calibrated: no rung serves.',
  second_opinion: null,
};

/**
 * What the figures of a basis rest on.
 * @param calibration sentence of the calibration that was tried; absent: no rung was taken
 * @param knownBy days since 1970-01-01
 */
export async function evidenceOf(
  { panel, accounts, segments }: BasisPanel,
  ladder: LadderResult,
  calibration: string | undefined,
  knownBy: number,
  seed: number,
  pool?: Pool,
): Promise<BasisEvidence> {
  const closing = panel.closed_on.map((day, i) => day - (panel.observation_date[i] as number));
  const logistic = ladder.rows.find(({ rung, status }) => rung === 'logistic' && status === 'compared');
  return {
    account_count: accounts.length,
    ...(tellsTreatment(panel)
      ? { treated_account_count: new Set(panel.account.filter((_, i) => panel.treatment?.[i] === 1)).size }
      : {}),
    months: ladder.months,
    origins: ladder.origins,
    closing_days: [closing.reduce((a, b) => Math.min(a, b)), closing.reduce((a, b) => Math.max(a, b))],
    data_hash: hashOf(panel, accounts),
    features: panel.columns.map(({ name }) => name),
    segments: segmentCounts(panel, segments),
    figures: figuresOf(panel, ladder, seed),
    calibration_sentence: calibration ?? NO_EVIDENCE.calibration_sentence,
    second_opinion:
      ladder.out_of_time === undefined
        ? null
        : await opinionOutOfTime(panel, innerOrigins(panel, knownBy), logistic?.auc ?? null, pool),
  };
}

function figuresOf(panel: Panel, ladder: LadderResult, seed: number): BasisEvidence['figures'] {
  const { out_of_time } = ladder;
  const base = out_of_time?.probability[BASE_RATE];
  const probability = out_of_time?.probability[ladder.rung ?? BASE_RATE];
  if (out_of_time === undefined || base === undefined || probability === undefined) return null;
  const label = Uint8Array.from(out_of_time.rows, (row) => panel.label[row] as number);
  const account = Int32Array.from(out_of_time.rows, (row) => panel.account[row] as number);
  return evaluateOutOfTime(probability, base, label, account, seed);
}

function segmentCounts(panel: Panel, segments: readonly string[]): BasisEvidence['segments'] {
  const bySegment = new Map<string, { accounts: Set<number>; outcomes: Set<number> }>();
  segments.forEach((segment, i) => {
    const entry = bySegment.get(segment) ?? { accounts: new Set(), outcomes: new Set() };
    bySegment.set(segment, entry);
    entry.accounts.add(panel.account[i] as number);
    if (panel.label[i] === 1) entry.outcomes.add(panel.account[i] as number);
  });
  return [...bySegment]
    .map(([segment, { accounts, outcomes }]) => ({
      segment,
      account_count: accounts.size,
      outcome_count: outcomes.size,
    }))
    .sort((a, b) => (a.segment < b.segment ? -1 : 1));
}

/** Equal hashes: the rungs learnt from the same numbers. */
function hashOf(panel: Panel, accounts: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(accounts));
  const bytes = (values: ArrayBufferView) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  for (const values of [panel.account, panel.observation_date, panel.closed_on, panel.label])
    hash.update(bytes(values));
  for (const { name, categories, values } of panel.columns) {
    hash.update(JSON.stringify([name, categories ?? null])).update(bytes(values));
  }
  return hash.digest('hex');
}

/** The rows that the ladder predicted out of time, with the probabilities of the rung taken. */
export function outOfTimeRows(
  { panel, accounts }: BasisPanel,
  ladder: LadderResult,
  basis: ModelBasis,
): OutOfTimeRows | null {
  const probability = ladder.out_of_time?.probability[ladder.rung ?? BASE_RATE];
  if (ladder.out_of_time === undefined || probability === undefined) return null;
  const rows = [...ladder.out_of_time.rows];
  return {
    basis,
    account: rows.map((row) => accounts[panel.account[row] as number] ?? ''),
    origin: rows.map((row) => dayFromNumber(panel.observation_date[row] as number)),
    closed_on: rows.map((row) => dayFromNumber(panel.closed_on[row] as number)),
    label: rows.map((row) => panel.label[row] as number),
    probability: [...probability],
  };
}

/** What the serving model says of the ladder's out-of-time rows; its base rate where it serves none of this basis. */
export function championSays(source: BasisPanel, ladder: LadderResult, champion: BasisModel): readonly number[] | null {
  if (ladder.out_of_time === undefined) return null;
  const { rows } = ladder.out_of_time;
  if (champion.served === null) {
    return champion.row_count === 0 ? null : Array.from(rows, () => champion.base_rate);
  }
  const columns = champion.served.feature_names.map((name) => source.column(name));
  const found = columns.flatMap((column) => (column === undefined ? [] : [column]));
  if (found.length < columns.length) return null;
  return [...probabilitiesOfBasis(champion, takeColumns(found, rows))];
}
