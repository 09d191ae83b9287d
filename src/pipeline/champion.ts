import type { CellRow, Day } from '../contract/agent.ts';
import type { ChallengeRecord, ChurnModel, RivalFigures } from '../contract/churn-model.ts';
import type { Config } from '../contract/config.ts';
import type { ExpansionModel } from '../contract/expansion-model.ts';
import { customFeatures } from '../data/custom-features.ts';
import type { Engine, Row } from '../engine/engine.ts';
import { longDay } from '../lib/dates.ts';
import { compareRivals, MIN_RIVAL_OUTCOMES, type RivalRows } from '../models/champion.ts';
import type { BasisFit } from './basis-fit.ts';
import { CHURN_MODEL_SCHEMA } from './churn-training.ts';
import { EXPANSION_MODEL_SCHEMA } from './expansion-training.ts';

/** The model of a kind that serves on a day. */
export interface Champion<M = ChurnModel> {
  readonly model: M;
  /** Last day on which it was fitted or a newer model failed to replace it: its age counts from here. */
  readonly confirmed_on: Day;
}

/** Ledger tables that `readChampion` needs in `state`. */
export const CHAMPION_TABLES = ['model', 'model_challenge'] as const;

/**
 * The model that serves on `day`, from `state`: the newest one fitted on or before it that no later one failed against, of
 * the configuration's churn definition, horizon, seed and admitted features. Models of a ledger that knew no challenges
 * took over when they were fitted.
 */
export async function readChampion(engine: Engine, config: Config, day: Day): Promise<Champion | undefined> {
  return newestUsable<ChurnModel>(engine, 'churn', day, (model) => isUsable(model, config));
}

/** The expansion model that serves on `day`: as `readChampion`, by challenges of its own, of the same expansion rule. */
export async function readExpansionChampion(
  engine: Engine,
  config: Config,
  day: Day,
): Promise<Champion<ExpansionModel> | undefined> {
  return newestUsable<ExpansionModel>(engine, 'expansion', day, (model) => isUsableExpansion(model, config));
}

async function newestUsable<M extends ChurnModel | ExpansionModel>(
  engine: Engine,
  kind: M['kind'],
  day: Day,
  isUsable: (model: M) => boolean,
): Promise<Champion<M> | undefined> {
  const rows = await engine.rows(
    `select m.model_id, m.model::varchar as model, c.taken_on, cast(coalesce(c.taken_on, m.as_of) as date) as serves_from,
       coalesce(c.challenge_number, 0) as challenge_number
     from state.model as m
     left join (
       select model_id, max(as_of) as taken_on, max(challenge_number) as challenge_number
       from state.model_challenge where is_champion and as_of <= $day::date group by model_id
     ) as c on c.model_id = m.model_id
     where m.kind = $kind and m.as_of <= $day::date
       and (c.model_id is not null or m.model_id not in (select model_id from state.model_challenge))
     order by serves_from desc, challenge_number desc, m.model_id desc`,
    { day, kind },
  );
  for (const row of rows) {
    const model = JSON.parse(String(row['model'])) as M;
    if (!isUsable(model)) continue;
    const [failed] = await engine.rows(
      `select cast(max(as_of) as date) as last_on from state.model_challenge
       where champion_id = $id and not is_champion and as_of <= $day::date`,
      { id: model.model_id, day },
    );
    const last = failed?.['last_on'];
    return { model, confirmed_on: typeof last === 'string' && last > model.as_of ? last : model.as_of };
  }
  return undefined;
}

/** Whether a stored model answers the question that the configuration asks, from what the configuration admits. */
function isUsable(model: ChurnModel, config: Config): boolean {
  if (model.schema_version !== CHURN_MODEL_SCHEMA) return false;
  if (model.churn_definition !== config.churn.definition || model.horizon_days !== config.churn.horizon_days) {
    return false;
  }
  return isAdmitted(model, config);
}

function isUsableExpansion(model: ExpansionModel, config: Config): boolean {
  const { definition, horizon_days, min_growth_rate } = config.expansion;
  return (
    model.schema_version === EXPANSION_MODEL_SCHEMA &&
    model.definition === definition &&
    model.horizon_days === horizon_days &&
    model.min_growth_rate === min_growth_rate &&
    model.churn_definition === config.churn.definition &&
    isAdmitted(model, config)
  );
}

/** Whether seed, features and leaks let in are those of the configuration. */
function isAdmitted(model: ChurnModel | ExpansionModel, config: Config): boolean {
  if (model.seed !== config.seed) return false;
  const admitted = new Set(customFeatures(config).map(({ column }) => column));
  const hasFeatures = model.feature_names.every((name) => !name.startsWith('custom_') || admitted.has(name));
  const allowed = model.leaks.filter(({ treatment }) => treatment === 'allowed');
  return hasFeatures && allowed.every(({ name }) => config.model.allow_leak.includes(name));
}

/** A model fitted now, of either kind, and what it predicted out of time. */
export interface Challenger {
  readonly model: Pick<ChurnModel, 'model_id' | 'as_of'>;
  readonly bases: readonly BasisFit[];
}

/**
 * Whether a new model takes over. It does unless the champion's log loss is lower beyond chance (one-sided 5 %, paired row by
 * row, clustered by account) on rows whose label closed after the champion was fitted; where those hold fewer than ten
 * accounts with the outcome, on rows that both ladders predicted out of time; where neither does, the newer one serves.
 *
 * The new model's predictions are its ladder's, each fitted on what had closed by the row's date, never those of the model
 * that was fitted on the row itself.
 * @param stored what the champion's own ladder predicted (`model_prediction`), where the ledger was asked for it
 */
export function challenge(
  champion: Challenger['model'] | undefined,
  training: Challenger,
  stored: readonly Row[] = [],
): ChallengeRecord {
  if (champion === undefined) {
    return {
      champion_id: null,
      is_champion: true,
      reason: 'the first model of its kind',
      rows: null,
      comparison: null,
    };
  }
  const champion_id = champion.model_id;
  const same = champion_id === training.model.model_id;
  if (same) {
    return { champion_id, is_champion: true, reason: 'the same model as before', rows: null, comparison: null };
  }
  const unseen = compareRivals(unseenRows(champion, training));
  if (unseen !== undefined) {
    return {
      champion_id,
      is_champion: !unseen.is_champion_better,
      reason: sentence(unseen, `rows whose outcome closed after ${longDay(champion.as_of)}`),
      rows: 'unseen',
      comparison: unseen,
    };
  }
  const common = compareRivals(commonRows(training, stored));
  if (common !== undefined) {
    return {
      champion_id,
      is_champion: !common.is_champion_better,
      reason: sentence(common, 'rows that both predicted out of time'),
      rows: 'ladder',
      comparison: common,
    };
  }
  return {
    champion_id,
    is_champion: true,
    reason: `newer; not compared with ${champion_id}: fewer than ${MIN_RIVAL_OUTCOMES} accounts with the outcome stand on rows that both can be asked about`,
    rows: null,
    comparison: null,
  };
}

function unseenRows(champion: Challenger['model'], { bases }: Challenger): RivalRows {
  const rows = bases.flatMap(({ predicted, champion: rivals }) =>
    predicted === null || rivals === null
      ? []
      : predicted.label.flatMap((label, i) =>
          (predicted.closed_on[i] ?? '') <= champion.as_of
            ? []
            : [
                {
                  account: predicted.account[i] ?? '',
                  label,
                  champion: rivals[i] as number,
                  challenger: predicted.probability[i] as number,
                },
              ],
        ),
  );
  return transposed(rows);
}

function commonRows({ bases }: Challenger, stored: readonly Row[]): RivalRows {
  const key = (basis: unknown, origin: unknown, account: unknown) =>
    `${String(basis)}|${String(origin)}|${String(account)}`;
  const before = new Map(
    stored.map((row) => [key(row['basis'], row['origin'], row['account_id']), Number(row['churn_probability'])]),
  );
  const rows = bases.flatMap(({ predicted }) =>
    (predicted?.label ?? []).flatMap((label, i) => {
      const account = predicted?.account[i] ?? '';
      const probability = before.get(key(predicted?.basis, predicted?.origin[i], account));
      return probability === undefined
        ? []
        : [{ account, label, champion: probability, challenger: predicted?.probability[i] as number }];
    }),
  );
  return transposed(rows);
}

interface RivalRow {
  readonly account: string;
  readonly label: number;
  readonly champion: number;
  readonly challenger: number;
}

function transposed(rows: readonly RivalRow[]): RivalRows {
  return {
    account: rows.map(({ account }) => account),
    label: rows.map(({ label }) => label),
    champion: rows.map(({ champion }) => champion),
    challenger: rows.map(({ challenger }) => challenger),
  };
}

function sentence(figures: RivalFigures, rows: string): string {
  const { difference, difference_se, challenger_log_loss, champion_log_loss, is_champion_better } = figures;
  const verdict = is_champion_better ? 'worse out of time than the one that serves' : 'not worse out of time';
  return (
    `${verdict}: log loss ${challenger_log_loss.toFixed(4)} against ${champion_log_loss.toFixed(4)} of the one before ` +
    `(difference ${difference.toPrecision(2)} ± ${difference_se.toPrecision(2)}) on ${figures.row_count} ${rows}, ` +
    `${figures.outcome_count} accounts with the outcome`
  );
}

/** Out-of-time rows kept of a basis, at most; of more, whole accounts. */
const KEPT_ROWS = 50_000;

/** What the ladder predicted out of time as rows of `model_prediction`. */
export function predictionRows({ model, bases }: Challenger): CellRow[] {
  return bases.flatMap(({ predicted }) => {
    if (predicted === null) return [];
    const kept = keptAccounts(predicted.account);
    return predicted.label.flatMap((label, i) => {
      const account_id = predicted.account[i] ?? '';
      if (!kept.has(account_id)) return [];
      return [
        {
          model_id: model.model_id,
          as_of: model.as_of,
          basis: predicted.basis,
          origin: predicted.origin[i] ?? null,
          closed_on: predicted.closed_on[i] ?? null,
          account_id,
          label,
          churn_probability: predicted.probability[i] as number,
        },
      ];
    });
  });
}

/** All accounts, or those of the smallest hashes that fit: the same ones in every model, so that two can be paired. */
function keptAccounts(account: readonly string[]): ReadonlySet<string> {
  const counts = new Map<string, number>();
  for (const id of account) counts.set(id, (counts.get(id) ?? 0) + 1);
  if (account.length <= KEPT_ROWS) return new Set(counts.keys());
  const kept = new Set<string>();
  let rows = 0;
  const byHash = [...counts.keys()].sort((a, b) => hashOf(a) - hashOf(b) || (a < b ? -1 : 1));
  for (const id of byHash) {
    rows += counts.get(id) ?? 0;
    if (rows > KEPT_ROWS) break;
    kept.add(id);
  }
  return kept;
}

/** FNV-1a of a text, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}

/**
 * A challenge as the ledger keeps it; its number is one above those of the same day that `state` holds, and above `before`
 * others that are committed with it.
 */
export async function challengeRow(
  engine: Engine,
  model: Challenger['model'],
  record: ChallengeRecord,
  before = 0,
): Promise<CellRow> {
  const [last] = await engine.rows(
    'select coalesce(max(challenge_number), 0) as number from state.model_challenge where as_of = $as_of::date',
    { as_of: model.as_of },
  );
  return {
    model_id: model.model_id,
    as_of: model.as_of,
    challenge_number: Number(last?.['number'] ?? 0) + 1 + before,
    champion_id: record.champion_id,
    is_champion: record.is_champion,
    reason: record.reason,
    compared_rows: record.rows,
    comparison: record.comparison === null ? null : JSON.stringify(record.comparison),
  };
}
