import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Day } from '../contract/agent.ts';
import type { Config } from '../contract/config.ts';
import type { CommonOptions } from '../contract/options.ts';
import { resolveAsOf } from '../data/as-of.ts';
import { loadConfig } from '../data/config.ts';
import { admitFeatures, customFeatures } from '../data/custom-features.ts';
import { DateCache } from '../data/date-cache.ts';
import { FEATURES } from '../data/features.ts';
import { type IngestResult, ingest } from '../data/ingest.ts';
import { createSettings } from '../data/settings.ts';
import { COPIES, VERSIONED, versionAttributes } from '../data/versions.ts';
import { createViews } from '../data/views.ts';
import { openDuckDB } from '../engine/duckdb.ts';
import type { Engine } from '../engine/engine.ts';
import { readCopies } from '../ledger/index.ts';
import { UserError } from '../lib/errors.ts';
import { nearest } from '../lib/spelling.ts';

/** What every verb that computes starts from: exports ingested, views in place, the as-of date settled. */
export interface Workspace {
  readonly engine: Engine;
  readonly config: Config;
  readonly store: string;
  readonly ledgerFile: string;
  readonly ingested: IngestResult;
  readonly asOf: Day;
  readonly asOfReason: string;
  /** The day from which attributes are known as the exports have them now: the as-of date, or today where an earlier one was asked for. */
  readonly seenOn: Day;
  /** Feeds whose last action is further back than their longest usual pause. */
  readonly stopped: readonly string[];
  readonly configHash: string;
  readonly version: string;
  /** What past dates came to, in the store's cache; absent: every date is computed. */
  readonly dates?: DateCache;
  close(): void;
}

/** Tables that say which accounts there are; one of them must be mapped. */
const ACCOUNT_TABLES = ['contract', 'account', 'mrr_month'];

/** Version of the program, from its package.json. */
export function programVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '0';
}

/**
 * Finds the configuration: `--config`, else `retain.yaml` in the data directory, else in the working directory.
 * `--data`, `--store` and `--seed` win over what it says.
 */
export function findConfig(options: CommonOptions): Config {
  const candidates =
    options.config === undefined
      ? [...(options.data === undefined ? [] : [join(options.data, 'retain.yaml')]), 'retain.yaml']
      : [options.config];
  const file = candidates.find((candidate) => existsSync(candidate));
  if (file === undefined) {
    throw new UserError(
      `no configuration found: ${candidates.join(' and ')} ${candidates.length > 1 ? 'do' : 'does'} not exist`,
      {
        hint: `write one with: retain init ${options.data ?? 'DIR'}`,
      },
    );
  }
  return withFlags(loadConfig(file), options);
}

/** A configuration under the shared flags that win over it. */
export function withFlags(config: Config, options: CommonOptions): Config {
  return {
    ...config,
    ...(options.data === undefined ? {} : { data: resolve(options.data) }),
    ...(options.store === undefined ? {} : { store: resolve(options.store) }),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.allowLeak === undefined ? {} : { model: allowing(config, options.allowLeak) }),
  };
}

/**
 * The model settings with leaks let pass by `--allow-leak`.
 * @throws UserError for a name that is neither a feature nor a declared custom column
 */
function allowing(config: Config, names: readonly string[]): Config['model'] {
  const known = [...FEATURES.map(({ name }) => name), ...Object.keys(config.custom)];
  for (const name of names) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    throw new UserError(`--allow-leak ${name} is neither a feature nor a column declared under custom`, {
      hint:
        near === undefined
          ? 'Name it as the message of retain train does, for example --allow-leak account.region.'
          : `Did you mean ${near}?`,
    });
  }
  return { ...config.model, allow_leak: [...new Set([...config.model.allow_leak, ...names])].sort() };
}

/** Settings that change results, hashed: equal hashes and equal inputs give equal reports. Gates only judge results. */
export function hashConfig(config: Config): string {
  const { file: _file, data: _data, store: _store, gates: _gates, ...rest } = config;
  return createHash('sha256').update(JSON.stringify(rest)).digest('hex').slice(0, 12);
}

/** A remedy speaks of retain.yaml; where another configuration was given, of that one. */
function namingConfig(error: unknown, { file }: Config): unknown {
  if (!(error instanceof UserError) || error.hint === undefined || file === undefined) return error;
  const hint = error.hint.replaceAll('retain.yaml', basename(file));
  return hint === error.hint ? error : new UserError(error.message, { hint, cause: error });
}

/** The ledger of a configuration. */
export function ledgerFile(config: Config): string {
  return join(config.store, 'ledger.duckdb');
}

/**
 * Opens the engine, reads the exports and settles the as-of date. Close it when done.
 * @param adjust flags of one verb that win over the configuration
 */
export async function openWorkspace(
  options: CommonOptions,
  adjust: (config: Config) => Config = (config) => config,
): Promise<Workspace> {
  const config = adjust(findConfig(options));
  if (!ACCOUNT_TABLES.some((name) => (config.tables[name]?.length ?? 0) > 0)) {
    throw new UserError(`${config.file ?? 'the configuration'}, line 1: no table says which accounts there are`, {
      hint: `Put contracts, subscriptions, monthly revenue or an account list beside the other exports and run retain init DIR --force, or map ${ACCOUNT_TABLES.join(', ')} under \`tables:\`.`,
    });
  }
  const cacheDirectory = join(config.store, 'cache');
  makeDirectory(cacheDirectory);
  const engine = await openDuckDB({ memoryLimit: '1500MB', spillDirectory: join(cacheDirectory, 'spill') });
  try {
    options.progress.stage('reading the exports');
    const ingested = await ingest(engine, config, {
      cacheDirectory,
      rejectsDirectory: join(config.store, 'rejects'),
      onStage: (text) => options.progress.detail(text),
    }).catch((error: unknown) => {
      throw namingConfig(error, config);
    });
    options.progress.done();
    await createSettings(engine, config);
    await createViews(engine);
    await admitFeatures(engine, customFeatures(config));
    const { asOf, reason, reached, stopped } = await resolveAsOf(engine, config, {
      requested: options.asOf,
      today: options.today,
    });
    // What the exports say is known of the day they reach, but of no earlier day that is asked for.
    const seenOn = asOf >= reached ? asOf : options.today;
    const tables = VERSIONED.map(({ table }) => table);
    await readCopies(engine, ledgerFile(config), tables, COPIES, { waitSeconds: options.wait });
    await versionAttributes(engine, seenOn);
    const dates = new DateCache({ directory: join(cacheDirectory, 'dates'), note: options.progress.note });
    await dates.open({ engine, config, inputs: ingested.inputs });
    return {
      dates,
      engine,
      config,
      store: config.store,
      ledgerFile: ledgerFile(config),
      ingested,
      asOf,
      asOfReason: reason,
      seenOn,
      stopped,
      configHash: hashConfig(config),
      version: programVersion(),
      close: () => engine.close(),
    };
  } catch (error) {
    engine.close();
    throw error;
  }
}

function makeDirectory(path: string): void {
  try {
    // Level by level: asked for all at once, Node tries for ever where the system says of a parent that it is not there.
    const missing: string[] = [];
    for (let level = resolve(path); !existsSync(level); level = dirname(level)) missing.push(level);
    for (const level of missing.reverse()) if (!existsSync(level)) mkdirSync(level);
  } catch (error) {
    throw new UserError(`the store ${path} cannot be written`, {
      hint: 'give another directory with --store, or make it writable',
      cause: error,
    });
  }
}
