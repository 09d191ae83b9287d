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
  /** Message and stack of what the job threw. */
  readonly error?: { readonly message: string; readonly stack: string | undefined };
}

function answer({ place, job, input }: PoolOrder): PoolAnswer {
  try {
    const work = Object.hasOwn(JOBS, job) ? JOBS[job] : undefined;
    if (work === undefined) throw new Error(`no job is called ${job}`);
    return { place, result: work(input as never) };
  } catch (error) {
    return { place, error: { message: messageOf(error), stack: error instanceof Error ? error.stack : undefined } };
  }
}

parentPort?.on('message', (order: PoolOrder) => {
  parentPort?.postMessage(answer(order));
});
