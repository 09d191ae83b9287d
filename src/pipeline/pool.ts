import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Pool } from '../contract/model.ts';
import type { PoolAnswer, PoolOrder } from './pool-worker.ts';

/** A pool that owns its threads and must be closed. */
export interface WorkerPool extends Pool {
  /** Starts the threads now, so that they have read their code by the first order. */
  begin(): void;
  /** The same threads for one piece of work, whose jobs' time is added up. */
  metered(): MeteredPool;
  /** Ends the threads. Work still under way is given up, and its `map` rejects. */
  close(): Promise<void>;
}

/** A pool that adds up what its own jobs took. */
export interface MeteredPool extends Pool {
  /** Processor time of the jobs that are done, milliseconds, all threads added up. */
  readonly milliseconds: number;
}

/** Threads by default, at most: a model has eight bags, and more threads only hold more memory. */
const MOST_THREADS = 8;

interface Task {
  readonly order: PoolOrder;
  readonly resolve: (answer: PoolAnswer) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  task: Task | undefined;
}

// Compiled code finds the worker beside itself; run from sources (in tests) it takes the last build's.
const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/pipeline/pool-worker.js' : './pool-worker.js',
  import.meta.url,
);

/**
 * Worker threads for the jobs of `models/`, by name. Results come in the order of the inputs whoever computed them, so
 * the number of threads changes no byte. Typed arrays over a SharedArrayBuffer are shared, everything else is copied.
 * Threads start with the first order, or when told to begin, and do not keep the process alive while idle.
 * @param size threads; default one a core, at most eight
 */
export function openPool(size: number = Math.min(MOST_THREADS, availableParallelism())): WorkerPool {
  const threads: Thread[] = [];
  const waiting: Task[] = [];
  let isClosed = false;

  const feed = (thread: Thread): void => {
    thread.task = waiting.shift();
    if (thread.task === undefined) thread.worker.unref();
    else {
      thread.worker.ref();
      thread.worker.postMessage(thread.task.order);
    }
  };
  // A program given as text (`node --input-type=module`) would keep threads, which are files, from starting. Handed on otherwise
  // than by default, any flag of the JavaScript engine (`--max-old-space-size`) would too.
  const flags = process.execArgv.some((argument) => argument.startsWith('--input-type')) ? { execArgv: [] } : {};
  const start = (): Thread => {
    const thread: Thread = { worker: new Worker(WORKER, flags), task: undefined };
    thread.worker.on('message', (answer: PoolAnswer) => {
      const { task } = thread;
      const { error } = answer;
      feed(thread);
      if (error === undefined) task?.resolve(answer);
      else
        task?.reject(Object.assign(new Error(error.message), error.stack === undefined ? {} : { stack: error.stack }));
    });
    const fail = (error: Error): void => {
      const place = threads.indexOf(thread);
      if (place >= 0) threads.splice(place, 1);
      thread.task?.reject(error);
      thread.task = undefined;
      // The others may all be gone too: what still waits needs a thread.
      if (!isClosed && threads.length === 0 && waiting.length > 0) feed(start());
    };
    thread.worker.on('error', fail);
    thread.worker.on('exit', (code) => fail(new Error(`a worker thread ended with code ${code}`)));
    threads.push(thread);
    return thread;
  };

  const answers = (job: string, inputs: readonly unknown[]): Promise<PoolAnswer[]> => {
    if (isClosed) return Promise.reject(new Error('the pool is closed'));
    const asked = inputs.map(
      (input, place) =>
        new Promise<PoolAnswer>((resolve, reject) => {
          waiting.push({ order: { place, job, input }, resolve, reject });
        }),
    );
    for (const thread of threads) if (thread.task === undefined && waiting.length > 0) feed(thread);
    while (threads.length < size && waiting.length > 0) feed(start());
    return Promise.all(asked);
  };
  const resultsOf = <O>(given: readonly PoolAnswer[]) => given.map(({ result }) => result as O);

  return {
    size,
    async map<I, O>(job: string, inputs: readonly I[]): Promise<O[]> {
      return resultsOf(await answers(job, inputs));
    },
    begin() {
      while (!isClosed && threads.length < size) start().worker.unref();
    },
    metered(): MeteredPool {
      let spent = 0;
      return {
        size,
        get milliseconds() {
          return spent;
        },
        async map<I, O>(job: string, inputs: readonly I[]): Promise<O[]> {
          const given = await answers(job, inputs);
          for (const { milliseconds } of given) spent += milliseconds ?? 0;
          return resultsOf(given);
        },
      };
    },
    async close() {
      isClosed = true;
      for (const task of waiting.splice(0)) task.reject(new Error('the pool was closed'));
      await Promise.all(threads.map(({ worker }) => worker.terminate()));
    },
  };
}
