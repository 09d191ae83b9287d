import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultConfig, parseConfig } from '../../src/data/config.ts';
import type { FactEvidence } from '../../src/pipeline/retro-facts.ts';
import type { PredictionRecord } from '../../src/pipeline/retro-predictions.ts';
import { retroChanges, retroPatch } from '../../src/pipeline/retro-proposal.ts';
import type { LostStory } from '../../src/pipeline/retro-stories.ts';

const config = defaultConfig('.');

function story(waited_for: string | null, is_unavoidable = false): LostStory {
  return { account_id: 'a', waited_for, is_unavoidable } as LostStory;
}

function prediction(verdict: PredictionRecord['verdict']): PredictionRecord {
  return {
    prediction: 'churn_probability',
    churn_basis: 'leave',
    verdict,
    sentence: 'fewer left than the probabilities said',
    outcome_count: 44,
  } as PredictionRecord;
}

const fact: FactEvidence = {
  kind: 'champion_left',
  holder_count: 120,
  holder_outcome_count: 9,
  expected_outcome_count: 12.3,
  holder_rate: 9 / 120,
  other_rate: 12.3 / 120,
  is_demoted: true,
};

describe('what a retro proposes', () => {
  it('is nothing where the evidence may be chance', () => {
    const stories = [...Array.from({ length: 8 }, () => story(null)), story('new_budget'), story('new_budget')];
    expect(retroChanges(config, [{ ...fact, is_demoted: false }], stories, [prediction('beyond_chance')])).toEqual([]);
    // Nine lost accounts are too few, even if all of them waited.
    expect(
      retroChanges(
        config,
        [],
        Array.from({ length: 9 }, () => story('new_budget')),
        [],
      ),
    ).toEqual([]);
    // Accounts that nobody could have kept do not count.
    expect(
      retroChanges(
        config,
        [],
        Array.from({ length: 20 }, () => story('new_budget', true)),
        [],
      ),
    ).toEqual([]);
  });

  it('takes the red off a fact, makes room for those that waited, and refits a model that was off', () => {
    const stories = [
      ...Array.from({ length: 7 }, () => story('new_budget')),
      ...Array.from({ length: 5 }, () => story('capacity')),
    ];
    const changes = retroChanges(config, [fact], stories, [prediction('too_high')]);
    expect(changes.map(({ key, from, to }) => [key, from, to])).toEqual([
      ['facts.champion_left.red', 'true', 'false'],
      ['capacity.new_per_week', '5', '8'],
      ['capacity.rows_per_csm', '10', '15'],
      ['model.max_age_days', '30', '15'],
    ]);
    const { change, evidence } = retroPatch('2026-06-30', changes);
    expect(change).toEqual({
      facts: { champion_left: { enabled: true, red: false } },
      capacity: { new_per_week: 8, rows_per_csm: 15 },
      model: { max_age_days: 15 },
    });
    expect(evidence[0]).toContain('of 120 accounts that held it 9 left, and 12.3 were due');
    const text = JSON.stringify({ version: 1, ...change });
    expect(parseConfig(text, join('proposals', 'x.yaml')).facts['champion_left']).toEqual({
      enabled: true,
      red: false,
    });
  });
});
