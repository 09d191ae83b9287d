/** The accounts of a table, numbered. */
export interface AccountPlaces {
  /** Number of each row's account: 0 for the lowest id, 1 for the next … */
  readonly places: Int32Array;
  /** Distinct accounts. */
  readonly count: number;
}

/** Numbers the accounts in the order of their ids, so that what is known of each can stand in an array instead of a map. */
export function accountPlaces(account: Int32Array): AccountPlaces {
  const n = account.length;
  if (n === 0) return { places: new Int32Array(0), count: 0 };
  let low = account[0] as number;
  let high = low;
  for (let i = 1; i < n; i++) {
    const id = account[i] as number;
    if (id < low) low = id;
    else if (id > high) high = id;
  }
  const span = high - low + 1;
  // Ids close together are looked up in a table, ids far apart by halving.
  return span <= 4 * n + 1024 ? placesByTable(account, low, span) : placesByHalving(account);
}

function placesByTable(account: Int32Array, low: number, span: number): AccountPlaces {
  const table = new Int32Array(span);
  for (let i = 0; i < account.length; i++) table[(account[i] as number) - low] = 1;
  let count = 0;
  for (let k = 0; k < span; k++) if (table[k] === 1) table[k] = count++;
  const places = new Int32Array(account.length);
  for (let i = 0; i < account.length; i++) places[i] = table[(account[i] as number) - low] as number;
  return { places, count };
}

function placesByHalving(account: Int32Array): AccountPlaces {
  const ids = account.slice().sort();
  let count = 1;
  for (let i = 1; i < ids.length; i++) {
    const id = ids[i] as number;
    if (id !== ids[count - 1]) ids[count++] = id;
  }
  const places = new Int32Array(account.length);
  for (let i = 0; i < account.length; i++) {
    const id = account[i] as number;
    let from = 0;
    let to = count - 1;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((ids[middle] as number) < id) from = middle + 1;
      else to = middle;
    }
    places[i] = from;
  }
  return { places, count };
}
