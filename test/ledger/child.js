// A process of its own for the tests of locks, kills and full disks: node child.js <compiled src> <verb> <file> [JSON].
const [, , source, verb, file, text] = process.argv;
const options = JSON.parse(text ?? '{}');
const { openDuckDB } = await import(`${source}/engine/duckdb.js`);
const { commitRun, readState } = await import(`${source}/ledger/index.js`);

// Without a handler a file over `ulimit -f` ends the process; with one the write fails as on a full disk.
process.on('SIGXFSZ', () => undefined);

const say = (line) => process.stdout.write(`${line}\n`);
const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));
const engine = await openDuckDB({ threads: 1 });

try {
  if (verb === 'hold') {
    await engine.execute(`attach '${file}' as held`);
    say('held');
    await sleep(options.ms);
  } else {
    const { run_id, as_of, rows, pauseMs = 0, waitSeconds = 30, isBased = false } = options;
    const { lastRunNumber } = await readState(engine, file, [], { asOf: as_of, waitSeconds });
    await engine.execute('create schema finding');
    const accounts = `select 'account ' || i as account_id, i from range(${rows}) as r(i)`;
    await engine.execute(
      `create table main.account as select account_id, hash(i + ${as_of.slice(-2)})::varchar as plan from (${accounts})`,
    );
    await engine.execute(
      `create table finding.health as select i::integer as rank, account_id, md5('${run_id}' || i) as text from (${accounts})`,
    );
    const run = { run_id, as_of, as_of_reason: 'asked for', started_at: '2024-10-02T00:00:00Z', version: '0', seed: 1 };
    say('begin');
    await commitRun(
      engine,
      file,
      {
        run: { ...run, config_hash: 'c', config: {}, inputs: [], status: 'ok', summary: 'done' },
        dates: [as_of],
        tables: {
          health_reading: {
            select: `select '${as_of}'::date as as_of, account_id, hash(i)::double as health_score from (${accounts})`,
          },
          alert_event: {
            select: `select '${as_of}'::date as as_of, account_id, account_id as alert_id, 'shown' as event, '${as_of}'::date as event_on from (${accounts})`,
          },
        },
        lists: [{ name: 'health' }],
        values: [{ table: 'account', key: ['account_id'], columns: ['plan'] }],
        ...(isBased ? { basedOn: lastRunNumber } : {}),
      },
      {
        waitSeconds,
        betweenWrites: async (name) => {
          say(`wrote ${name}`);
          await sleep(pauseMs);
        },
      },
    );
    say('done');
  }
} catch (error) {
  say(`${error.name}: ${error.message}`);
  process.exitCode = error.name === 'UserError' ? 2 : 3;
}
engine.close();
