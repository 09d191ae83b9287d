import { describe, expect, it } from 'vitest';
import * as door from '../../src/models/index.ts';

describe('retain/models', () => {
  it('answers the question of its own introduction', () => {
    const ranked = door.rankRows({ score: Float64Array.of(0.9, 0.4, 0.4, 0.1), label: Uint8Array.of(1, 0, 1, 0) });
    expect(door.METRICS.roc_auc.fn(ranked)).toBe(0.875);
    expect(door.METRICS.roc_auc.direction).toBe('higher');
  });
  it('hands out every metric under its own name', () => {
    for (const [name, metric] of Object.entries(door.METRICS)) expect(metric.name).toBe(name);
  });
});
