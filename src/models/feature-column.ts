import type { FeatureColumn } from '../contract/model.ts';

/** A text column as models read it: categories sorted by code unit, values their places, `NaN` where missing. */
export function nominalColumn(name: string, texts: readonly (string | null)[]): FeatureColumn {
  const categories = [...new Set(texts.filter((text) => text !== null))].sort();
  const place = new Map(categories.map((category, index) => [category, index]));
  const values = Float64Array.from(texts, (text) => (text === null ? Number.NaN : (place.get(text) ?? Number.NaN)));
  return { name, kind: 'nominal', values, categories };
}
