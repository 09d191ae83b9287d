import { readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { messageOf } from '../lib/errors.ts';
import { JOBS } from '../models/jobs.ts';

/** One order to a worker thread, and its answer. */
export interface PoolOrder {
  readonly place: number;
  readonly job: string;
  readonly input: unknown;
}

export interface PoolAnswer {
  readonly place: number;
  readonly result?: unknown;
  /** Processor time of this thread that the job took, milliseconds; where the system does not tell it, the time that passed. */
  readonly milliseconds?: number;
  /** Message and stack of what the job threw. */
  readonly error?: { readonly message: string; readonly stack: string | undefined };
}

/** Linux tells of each thread how many nanoseconds it has run: waiting for a processor is not among them. */
const SCHEDULE = '/proc/thread-self/schedstat';

let isTold = true;

function threadMilliseconds(): number {
  if (isTold) {
    try {
      return Number(readFileSync(SCHEDULE, 'utf8').split(' ')[0]) / 1e6;
    } catch {
      // Another system, or one that does not count: the time that passes is all there is.
      isTold = false;
    }
  }
  return performance.now();
}

async function answer({ place, job, input }: PoolOrder): Promise<PoolAnswer> {
  try {
    const work = Object.hasOwn(JOBS, job) ? JOBS[job] : undefined;
    if (work === undefined) throw new Error(`no job is called ${job}`);
    const started = threadMilliseconds();
    const result = await work(input as never);
    return { place, result, milliseconds: threadMilliseconds() - started };
  } catch (error) {
    return { place, error: { message: messageOf(error), stack: error instanceof Error ? error.stack : undefined } };
  }
}

parentPort?.on('message', async (order: PoolOrder) => {
  parentPort?.postMessage(await answer(order));
});
