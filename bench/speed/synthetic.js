// Synthetic rows for bench/speed.js: every third column has few values, a tenth of another third is missing, the rest
// are normal; the log-odds are curves of eight columns and the product of two.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRandom } from '../../dist/models/index.js';

/** Rows × columns as contract columns and labels; the same seed gives the same rows. */
export function syntheticTable(rows, width, seed = 1) {
  const random = createRandom(seed);
  const columns = Array.from({ length: width }, (_, j) => {
    const values = new Float64Array(rows);
    for (let i = 0; i < rows; i++) {
      const z = random() + random() + random() + random() - 2;
      if (j % 3 === 0) values[i] = Math.round(4 * z);
      else values[i] = j % 3 === 1 && random() < 0.1 ? Number.NaN : z;
    }
    return { name: `x${j}`, kind: 'continuous', values };
  });
  const label = new Uint8Array(rows);
  for (let i = 0; i < rows; i++) {
    const at = (j) => columns[j % width].values[i] || 0;
    let logOdds = -2 + at(2) * at(5);
    for (let j = 0; j < 8; j++) logOdds += Math.sin((j + 1) * at(j)) / 2;
    label[i] = random() < 1 / (1 + Math.exp(-logOdds)) ? 1 : 0;
  }
  return {
    columns,
    label,
    weight: new Float64Array(rows).fill(1),
    account: Int32Array.from({ length: rows }, (_, i) => i),
    observation_date: new Int32Array(rows),
  };
}

/** The table as two files for the peer: doubles column after column, and labels as bytes. */
export function writeTable(place, { columns, label }) {
  mkdirSync(place, { recursive: true });
  const doubles = Buffer.allocUnsafe(columns.length * label.length * 8);
  columns.forEach(({ values }, j) => {
    doubles.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), j * label.length * 8);
  });
  writeFileSync(`${place}/columns.f64`, doubles);
  writeFileSync(`${place}/label.u8`, label);
}
