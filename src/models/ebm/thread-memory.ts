import type { Pool } from '../../contract/model.ts';

/** The array in memory that threads share: itself where it lies there, else a copy. */
export function inShared<T extends Uint8Array | Int32Array | Float64Array>(values: T): T {
  if (values.buffer instanceof SharedArrayBuffer) return values;
  const make = values.constructor as new (buffer: SharedArrayBuffer) => T;
  const copy = new make(new SharedArrayBuffer(values.byteLength));
  copy.set(values);
  return copy;
}

/** The array where the threads of a pool can read it; without a pool itself. */
export function forThreads<T extends Uint8Array | Float64Array>(values: T, pool: Pool | undefined): T {
  return pool === undefined ? values : inShared(values);
}
